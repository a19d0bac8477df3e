"""What a run hands to components, in its smallest form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from langflow_lite.context import MessageStore, Outbound, RunContext
from langflow_lite.errors import NotFound
from langflow_lite.settings import Settings
from langflow_lite.values import Source


class DictVariables:
    """Global variables from a dict; those named in `brought` count as the request's."""

    def __init__(self, values: Mapping[str, str] | None = None, brought: Collection[str] = ()) -> None:
        self.values = dict(values or {})
        self.brought = set(brought)

    async def get(self, name: str) -> str | None:
        return self.values.get(name)

    def from_request(self, name: str) -> bool:
        return name in self.brought


class DictFiles:
    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self.contents = dict(contents or {})

    async def read(self, path: str) -> bytes:
        if path not in self.contents:
            raise NotFound(f"no file {path}")
        return self.contents[path]


class NoMessages:
    """Model components store nothing: every use is an error."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a model component touched the message store: {name}")


@dataclass
class Node:
    id: str = "Model-abc"
    type: str = "LanguageModelComponent"
    display_name: str = "Language Model"
    feeds_chat_output: bool = True
    chat_sender_name: str = "AI"

    def source_of(self, field: str) -> Source | None:
        return None

    def source_type(self, field: str) -> str:
        return ""

    def usage_upstream(self) -> dict[str, int] | None:
        return None


@dataclass
class Events:
    """Collects what is emitted."""

    seen: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, name: str, data: Any) -> None:
        self.seen.append((name, data))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.seen]


def run_context(
    outbound: Outbound,
    *,
    variables: DictVariables | None = None,
    environ: Mapping[str, str] | None = None,
    files: DictFiles | None = None,
    events: Events | None = None,
    **settings: Any,
) -> RunContext:
    return RunContext(
        run_id="run-1",
        flow_id="flow-1",
        flow_name="Flow",
        session_id="session-1",
        settings=Settings(environ=dict(environ or {}), **settings),
        variables=variables or DictVariables(),
        messages=cast("MessageStore", NoMessages()),
        files=files or DictFiles(),
        outbound=outbound,
        streaming=events is not None,
        emit=events,
    )
