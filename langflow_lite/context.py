"""What a run hands to its components: small protocols, so that neither HTTP nor SQL is known below the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

from langflow_lite.settings import Settings
from langflow_lite.values import Message, Source

if TYPE_CHECKING:
    # Takes a sixth of a second to import, which only runs that call out should pay.
    import httpx2
    from anyio import CapacityLimiter

__all__ = [
    "ChildFlow",
    "ChildInput",
    "Collection",
    "Databases",
    "Decide",
    "Emit",
    "Files",
    "Flows",
    "Found",
    "MessageStore",
    "ModelCall",
    "ModelObserver",
    "NodeView",
    "Outbound",
    "Passage",
    "RunContext",
    "TrustedSources",
    "Variables",
    "Vectors",
]

Emit = Callable[[str, Any], None]
"""Sends one event, by name and JSON-able data, to whoever follows the run. Never blocks."""


Decide = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Waits for what a person decides about a request, both as the Workflow API shows them."""


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

    async def of_flow(self, flow_id: str, *, limit: int) -> list[Message]:
        """The newest `limit` messages of a flow, of all its sessions, oldest first; error messages are left out."""

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

    async def write(self, flow_id: str, name: str, content: bytes, *, limit: int, append: bool = False) -> str:
        """Keep a file that a run made, and return its path.

        A file of the flow with this name is replaced, or grows when `append` is set. `limit` is the most bytes it may
        have. Raises `PayloadTooLarge`, `FlowNotFound` or `StorageError`.
        """


class Databases(Protocol):
    """SQLite files that the operator lets flows read."""

    async def query(self, address: str, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of a query on the database at `sqlite:///path`.

        Raises `ValueError` for an address that is not listed, for anything that does not only read, and for what
        SQLite refuses.
        """


class TrustedSources(Protocol):
    """The sources that the operator has trusted."""

    def __contains__(self, hash_: str) -> bool:
        """Whether the source with this hash (`exported.code_hash`) is trusted."""

    def run(self, code: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run exactly this source, with the names `given` to it; all the names it then has. Blocks.

        Raises `LangflowError` when it is not trusted, and when it fails.
        """


@dataclass(frozen=True, slots=True)
class ChildInput:
    """A field through which a flow takes input: the vertex, its type and name, and the field."""

    vertex_id: str
    type: str
    display_name: str
    field: str


@dataclass(frozen=True, slots=True)
class ChildFlow:
    """What a component may know of another stored flow; `inputs` are those of its input vertices."""

    id: str
    name: str
    description: str
    inputs: tuple[ChildInput, ...]


class Flows(Protocol):
    """The other stored flows, to be run inside this run."""

    async def find(self, id_: str, name: str) -> ChildFlow:
        """The flow of this id, else of this name or endpoint name. Raises `FlowNotFound` and `GraphError`."""

    async def run(
        self, flow_id: str, *, tweaks: Mapping[str, Any], input_value: str | None, session_id: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Run it whole; the values of the outputs of each vertex where it ends, in file order.

        Raises `ComponentError` when it fails, when it would run itself, and beyond a certain depth.
        """


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
    def feeds_anything(self) -> bool:
        """Whether an edge leaves it."""

    @property
    def chat_sender_name(self) -> str:
        """The sender name of the ChatOutput this node feeds, else "AI"."""

    def source_of(self, field: str) -> Source | None:
        """The component that filled the field by an edge; None when nothing did."""

    def source_type(self, field: str) -> str:
        """The type of that component, an empty string when there is none."""

    def usage_upstream(self) -> dict[str, int] | None:
        """Token counts summed over all model components in front of this one."""


class Passage(NamedTuple):
    """A text to be found by its meaning: a key that names it, its record, and its vector."""

    key: str
    data: dict[str, Any]
    vector: Sequence[float]


class Found(NamedTuple):
    """A passage that a search found. `score` is the cosine of the two vectors' angle, 1 for the same direction."""

    key: str
    data: dict[str, Any]
    score: float
    vector: Sequence[float]


class Collection(NamedTuple):
    """What is known of a collection: its embedding model, the length of its vectors and how many it has."""

    model: str
    dimensions: int
    size: int


class Vectors(Protocol):
    """Collections of passages, by name."""

    async def describe(self, collection: str) -> Collection | None:
        """What is known of a collection; None when there is none."""

    async def names(self, prefix: str) -> list[str]:
        """The collections whose name starts like this, in alphabetical order."""

    async def known(self, collection: str, keys: Sequence[str]) -> set[str]:
        """Those of the keys that the collection has."""

    async def add(self, collection: str, model: str, passages: Sequence[Passage]) -> int:
        """Add passages and return how many; those whose key is there already are left out.

        Makes the collection with its first passage. Raises `ValueError` for vectors of another model or length.
        """

    async def search(self, collection: str, model: str, vector: Sequence[float]) -> list[Found]:
        """All passages, the most similar first; raises `ValueError` for a vector of another model or length."""

    async def first(self, collection: str, limit: int) -> list[Found]:
        """The passages that were added first, with a score of 0."""


@dataclass(slots=True)
class ModelCall:
    """One call of a model. Once it has ended: `usage` as the provider reported it, `seconds`, and any `error`.

    `operation` has the names of OpenTelemetry's semantic conventions for generative AI.
    """

    provider: str
    model: str
    operation: Literal["chat", "embeddings"] = "chat"
    streamed: bool = False
    usage: dict[str, int] | None = None
    finish_reason: str = ""
    seconds: float = 0.0
    error: BaseException | None = None


class ModelObserver(Protocol):
    """Is told of each call of a language model or an embedding model, on the event loop."""

    def model_began(self, ctx: RunContext, call: ModelCall) -> None:
        """A call is about to be made."""

    def model_ended(self, ctx: RunContext, call: ModelCall) -> None:
        """The call has ended, in whatever way."""


class RunContext(msgspec.Struct, kw_only=True, eq=False):
    """One run's surroundings. `emit` is None when nobody listens; `streaming` asks models to stream their tokens.

    `flows` is None where no other flow can be run. `decide` is None where the run cannot wait for people. `kind` is what
    the run is a part of: the kind of its job, "run" for a request that waits for it, or "subflow". `observer` is told of
    model calls.
    `shared` is what components of the run leave for each other, by key.
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
    databases: Databases | None = None
    vectors: Vectors | None = None
    trusted: TrustedSources | None = None
    streaming: bool = False
    emit: Emit | None = None
    flows: Flows | None = None
    decide: Decide | None = None
    kind: str = "run"
    observer: ModelObserver | None = None
    threads: CapacityLimiter | None = None
    shared: dict[str, Any] = {}
    closers: list[Callable[[], Awaitable[None]]] = []
