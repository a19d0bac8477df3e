"""Runs flows on a real runtime: its database in a folder, its models at a stand-in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from langflow_lite.engine.run import RunOutcome, RunRequest
from langflow_lite.flow import Flow
from langflow_lite.ids import new_id
from langflow_lite.runtime import Runtime
from langflow_lite.settings import Settings


@dataclass
class Workbench:
    """Stores and runs flows. `events` holds what the last followed run told, as JSON would show it."""

    runtime: Runtime
    events: list[tuple[str, Any]] = field(default_factory=list)

    async def store(self, document: dict[str, Any], name: str = "") -> Flow:
        """Keep a flow."""
        data = msgspec.Raw(msgspec.json.encode(document["data"]))
        name = name or f"{document['name']} {new_id()[:8]}"
        return await self.runtime.flows.create(Flow(id=new_id(), name=name, data=data))

    async def run(self, document: dict[str, Any] | Flow, *, follow: bool = False, **request: Any) -> RunOutcome:
        """Run a flow, stored first if it is a document; `follow` collects its events."""
        flow = document if isinstance(document, Flow) else await self.store(document)
        self.events = []

        def emit(name: str, data: Any) -> None:
            self.events.append((str(name), json.loads(msgspec.json.encode(data, enc_hook=str))))

        prepared = await self.runtime.prepare(flow, RunRequest(**request))
        return await prepared.execute(emit=emit if follow else None)

    async def ask(self, document: dict[str, Any] | Flow, text: str, **options: Any) -> str:
        """The text a flow answers."""
        request = RunRequest(input_value=text)
        return (await self.run(document, input_value=text, **options)).text(request)

    def told(self, name: str) -> list[Any]:
        """The data of all events of a name."""
        return [data for event, data in self.events if event == name]


@asynccontextmanager
async def workbench(folder: Path, **settings: Any) -> AsyncIterator[Workbench]:
    """A workbench whose data are in a folder."""
    environ = settings.pop("environ", {})
    async with Runtime(Settings(data_dir=folder, load_examples=False, environ=environ, **settings)) as runtime:
        yield Workbench(runtime)
