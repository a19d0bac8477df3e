"""Stand-ins for what a run hands to its components, kept in memory and recording what is done with them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from langflow_lite.components.base import Component
from langflow_lite.components.registry import Registry
from langflow_lite.context import RunContext
from langflow_lite.errors import NotFound
from langflow_lite.models.outbound import OutboundClients
from langflow_lite.settings import Settings
from langflow_lite.storage.database import Database
from langflow_lite.storage.vectors import VectorStore
from langflow_lite.values import Message, Source
from tests.components.workbench import Workbench, workbench
from tests.services_standin import WebStandin, running_web
from tests.standin import Standin


class FakeMessages:
    """A message store that keeps copies in order of their first storing."""

    def __init__(self) -> None:
        self.rows: dict[str, Message] = {}

    def store(self, message: Message) -> None:
        assert message.id is not None
        self.rows[message.id] = msgspec.structs.replace(message)

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
        wanted = {"session_id": session_id, "flow_id": flow_id, "sender": sender}
        wanted |= {"sender_name": sender_name, "context_id": context_id}
        found = [
            message
            for message in self.rows.values()
            if all(value is None or getattr(message, key) == value for key, value in wanted.items())
        ]
        return found[-limit:]

    async def of_flow(self, flow_id: str, *, limit: int) -> list[Message]:
        return [message for message in self.rows.values() if message.flow_id == flow_id][-limit:]

    async def flush(self) -> None:
        return


class FakeVariables:
    def __init__(self, values: dict[str, str] | None = None) -> None:
        self.values = values or {}

    async def get(self, name: str, *, secret: bool = True) -> str | None:
        return self.values.get(name)

    def from_request(self, name: str) -> bool:
        return False


class FakeFiles:
    def __init__(self, contents: dict[str, bytes] | None = None) -> None:
        self.contents = contents or {}

    async def read(self, path: str) -> bytes:
        if path not in self.contents:
            raise NotFound(f"File {path} not found")
        return self.contents[path]

    async def write(self, flow_id: str, name: str, content: bytes, *, limit: int, append: bool = False) -> str:
        path = f"{flow_id}/{name}"
        self.contents[path] = (self.contents.get(path, b"") if append else b"") + content
        return path


class NoOutbound:
    """For components that must not call anybody."""

    def client(self, *, trusted: bool = False) -> httpx2.AsyncClient:
        raise AssertionError("no call to the outside was expected")


@dataclass
class FakeNode:
    """A place in a graph. `sources` and `source_types` are by field."""

    id: str = "Node-aaaaa"
    type: str = "Node"
    display_name: str = "Node"
    feeds_chat_output: bool = False
    feeds_anything: bool = True
    chat_sender_name: str = "AI"
    sources: dict[str, Source] = field(default_factory=dict)
    source_types: dict[str, str] = field(default_factory=dict)
    usage: dict[str, int] | None = None

    def source_of(self, field: str) -> Source | None:
        return self.sources.get(field)

    def source_type(self, field: str) -> str:
        return self.source_types.get(field, "")

    def usage_upstream(self) -> dict[str, int] | None:
        return self.usage


class Followed:
    """The events of a run that somebody follows, as `(name, data)`."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def __call__(self, name: str, data: Any) -> None:
        self.events.append((name, data))


@pytest.fixture
def messages() -> FakeMessages:
    return FakeMessages()


@pytest.fixture
def followed() -> Followed:
    return Followed()


@pytest.fixture
def ctx(messages: FakeMessages, followed: Followed) -> RunContext:
    return RunContext(
        run_id="run-1",
        flow_id="flow-1",
        flow_name="A flow",
        session_id="session-1",
        settings=Settings(environ={}),
        variables=FakeVariables(),
        messages=messages,
        files=FakeFiles(),
        outbound=NoOutbound(),
        emit=followed,
    )


@pytest.fixture
def place(ctx: RunContext) -> Callable[..., Any]:
    """Put a component into the run: `place(CombineTextComponent(text1="a"), node=...)`."""

    def put(component: Component, node: FakeNode | None = None) -> Any:
        component.ctx = ctx
        component.node = node or FakeNode()
        return component

    return put


@pytest.fixture(scope="session")
def shared_web() -> Iterator[WebStandin]:
    with running_web() as web:
        yield web


@pytest.fixture
async def web(anyio_backend: str, shared_web: WebStandin, ctx: RunContext) -> AsyncIterator[WebStandin]:
    """A web server for the components of this test, whose run may call out."""
    shared_web.reset()
    async with OutboundClients(ctx.settings) as clients:
        ctx.outbound = clients
        yield shared_web


@pytest.fixture
async def vectors(anyio_backend: str, tmp_path: Path, ctx: RunContext) -> AsyncIterator[VectorStore]:
    """A vector store for the components of this test."""
    async with Database(tmp_path / "vectors.db") as database:
        ctx.vectors = VectorStore(database)
        yield ctx.vectors


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry()


@pytest.fixture
async def bench(anyio_backend: str, standin: Standin, tmp_path: Path) -> AsyncIterator[Workbench]:
    """A real runtime with an empty database, whose OpenAI, Ollama and vLLM are the stand-in."""
    environ = {
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": f"{standin.url}/v1",
        "OLLAMA_BASE_URL": standin.url,
        "VLLM_API_BASE": f"{standin.url}/v1",
    }
    async with workbench(tmp_path, environ=environ) as made:
        yield made
