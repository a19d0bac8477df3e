"""What a run hands to its components: small protocols, so that neither HTTP nor SQL is known below the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from langflow_lite.settings import Settings
from langflow_lite.values import Message, Source

if TYPE_CHECKING:
    # Takes a sixth of a second to import, which only runs that call out should pay.
    import httpx2
    from anyio import CapacityLimiter

__all__ = ["Emit", "Files", "MessageStore", "NodeView", "Outbound", "RunContext", "Variables"]

Emit = Callable[[str, Any], None]
"""Sends one event, by name and JSON-able data, to whoever follows the run. Never blocks."""


class MessageStore(Protocol):
    """Chat messages of sessions. Reads see everything this run has stored."""

    def store(self, message: Message) -> None:
        """Write the message, or replace the one with its id. Returns at once; `flush` waits for the disk."""

    async def history(
        self,
        *,
        session_id: str,
        flow_id: str | None = None,
        sender: str | None = None,
        sender_name: str | None = None,
        context_id: str | None = None,
        limit: int = 100,
    ) -> list[Message]:
        """The newest `limit` messages that match, oldest first; error messages are left out."""

    async def flush(self) -> None:
        """Return once everything stored so far is committed; raises `StorageError` if it could not be."""


class Variables(Protocol):
    """Global variables: of the request, stored ones, then permitted environment variables."""

    async def get(self, name: str, *, secret: bool = True) -> str | None:
        """The value of the variable, None when there is none.

        `secret` says that the caller will not show it; raises `ValueError` for a credential when it is false.
        """

    def from_request(self, name: str) -> bool:
        """Whether the request itself brought the variable; an address in it is then not the operator's."""


class Files(Protocol):
    """Uploaded files, by the path the files API returned."""

    async def read(self, path: str) -> bytes:
        """The bytes of an uploaded file; raises `NotFound`."""


class Outbound(Protocol):
    """HTTP clients for calls to the outside, shared by all runs."""

    def client(self, *, trusted: bool = False) -> httpx2.AsyncClient:
        """A client; unless `trusted`, it refuses addresses that outbound rules forbid.

        Trusted is for addresses that the operator configured, never for one that a flow or request names.
        """


class NodeView(Protocol):
    """What a component may know of its place in the graph."""

    @property
    def id(self) -> str:
        """The vertex id."""

    @property
    def type(self) -> str:
        """The exported type name."""

    @property
    def display_name(self) -> str:
        """The name shown for the node."""

    @property
    def feeds_chat_output(self) -> bool:
        """Whether an edge goes straight into a ChatOutput."""

    @property
    def chat_sender_name(self) -> str:
        """The sender name of the ChatOutput this node feeds, else "AI"."""

    def source_of(self, field: str) -> Source | None:
        """The component that filled the field by an edge; None when nothing did."""

    def source_type(self, field: str) -> str:
        """The type of that component, an empty string when there is none."""

    def usage_upstream(self) -> dict[str, int] | None:
        """Token counts summed over all model components in front of this one."""


@dataclass(slots=True, kw_only=True)
class RunContext:
    """One run's surroundings. `emit` is None when nobody listens; `streaming` asks models to stream their tokens.

    `closers` are awaited when the run is over, the last one first; what a component opened for the run is closed there.
    `threads` bounds the threads of synchronous component code; None leaves that to the event loop.
    """

    run_id: str
    flow_id: str
    flow_name: str
    session_id: str
    settings: Settings
    variables: Variables
    messages: MessageStore
    files: Files
    outbound: Outbound
    streaming: bool = False
    emit: Emit | None = None
    threads: CapacityLimiter | None = None
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
