"""Running a flow from a file once, without a server: everything it needs lives in a directory that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import anyio

from langflow_lite import flow as stored
from langflow_lite.compat.trusted import TrustedCode
from langflow_lite.context import Emit, RunContext
from langflow_lite.engine.report import Report
from langflow_lite.engine.results import VertexResult, select_results
from langflow_lite.engine.run import RunOutcome
from langflow_lite.engine.scope import Scope
from langflow_lite.errors import LangflowError, NotFound
from langflow_lite.ids import new_id
from langflow_lite.job import RunRequest
from langflow_lite.loading import UnreadableFlow, read_flows
from langflow_lite.runtime import Runtime
from langflow_lite.settings import Settings
from langflow_lite.values import to_text

__all__ = ["Answer", "Flow", "Progress"]

Progress = Callable[[int, int, str], None]
"""Is told how many components are done, of how many, and the name of the one that begins."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a flow answered. `body` is what `/run` would have; `values` are the results by vertex id and output name."""

    text: str
    session_id: str
    body: dict[str, Any]
    values: Mapping[str, Mapping[str, Any]]
    seconds: float

    def __str__(self) -> str:
        return self.text


class Flow(stored.Flow, kw_only=True):
    """An exported flow that can be run where it is: `await Flow.load("flow.json").run("Hello!")`."""

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The flow in an exported file, the first if there are several.

        Raises `NotFound` when the file cannot be read, and `UnreadableFlow` when it holds no flow.
        """
        path = Path(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise NotFound(f"{path} cannot be read: {error.strerror}") from error
        try:
            found = read_flows(content, path.stem)
        except UnreadableFlow as error:
            raise UnreadableFlow(f"{path}: {error.message}") from error
        if not found:
            raise UnreadableFlow(f"{path}: this is an empty list of flows")
        return cls(**_fields(found[0]))

    async def run(
        self,
        input_value: str | None = None,
        *,
        session_id: str | None = None,
        tweaks: Mapping[str, Any] | None = None,
        variables: Mapping[str, str] | None = None,
        output_type: str = "chat",
        output_component: str = "",
        settings: Settings | None = None,
        emit: Emit | None = None,
        progress: Progress | None = None,
    ) -> Answer:
        """Run the flow once. Global variables come from `variables`, then from the environment.

        Messages, files and variables are kept in a temporary directory for the time of the run. `settings` are those of
        the environment by default; of their data directory only the trusted code is read. With `emit` the models stream
        their tokens. Raises `GraphError`, `ComponentsUnsupported`, `TweaksRefused` or `InvalidRequest` before anything
        runs, and `ComponentError` for the first component that fails.
        """
        request = RunRequest(
            input_value=input_value,
            session_id=session_id,
            tweaks=dict(tweaks) if tweaks else None,
            globals=dict(variables or {}),
            output_type=output_type,
            output_component=output_component,
        )
        settings = settings or Settings.load()
        # Raised outside, because the task groups of the runtime would wrap it.
        failure: LangflowError | None = None
        with tempfile.TemporaryDirectory(prefix="langflow-lite-", ignore_cleanup_errors=True) as directory:
            inside = replace(settings, data_dir=Path(directory), database_url="", load_examples=False)
            async with Runtime(inside, trusted=TrustedCode.of(settings)) as runtime:
                try:
                    return await self._run(runtime, request, emit, progress)
                except LangflowError as error:
                    failure = error
        raise failure

    async def _run(self, runtime: Runtime, request: RunRequest, emit: Emit | None, progress: Progress | None) -> Answer:
        flow = await runtime.flows.create(
            stored.Flow(**{**_fields(self), "id": new_id(), "folder_id": None, "user_id": None})
        )
        prepared = await runtime.prepare(flow, request)

        def report(ctx: RunContext) -> Report:
            return Report(ctx) if progress is None else _Told(ctx, progress)

        return _answer(await prepared.execute(emit=emit, report=report), request)

    def run_sync(self, input_value: str | None = None, **options: Any) -> Answer:
        """`run`, for code that is not asynchronous."""

        async def run() -> Answer:
            return await self.run(input_value, **options)

        return anyio.run(run)


def _fields(flow: stored.Flow) -> dict[str, Any]:
    return {name: getattr(flow, name) for name in stored.Flow.__struct_fields__}


def _answer(outcome: RunOutcome, request: RunRequest) -> Answer:
    chosen = select_results(outcome.graph, outcome.results, request.output_type, request.output_component)
    if request.output_component and not chosen:
        names = ", ".join(f"{vertex.id} ({vertex.display_name})" for vertex in outcome.graph.vertices.values())
        raise NotFound(f"No component {request.output_component!r} has run; this flow has {names}")
    return Answer(
        text=outcome.text(request) or _first_text(chosen),
        session_id=outcome.session_id,
        body=outcome.answer(request),
        values={id_: result.outputs for id_, result in outcome.results.items()},
        seconds=outcome.seconds,
    )


def _first_text(chosen: list[VertexResult]) -> str:
    if any(result.message is not None for result in chosen):
        return ""
    return next((to_text(value) for result in chosen for value in result.outputs.values() if value is not None), "")


class _Told(Report):
    """The reporting of `/run`, which also tells how far the run is."""

    def __init__(self, ctx: RunContext, progress: Progress, outer: _Told | None = None) -> None:
        super().__init__(ctx, in_loop=outer is not None)
        self._progress = progress
        self._outer = outer or self
        self._scope: Scope | None = None
        self._done: set[str] = set()

    def begin(self, scope: Scope) -> None:
        self._scope = scope

    def inside_loop(self) -> Report:
        return _Told(self.ctx, self._progress, self._outer)

    def start_vertex(self, id_: str) -> None:
        super().start_vertex(id_)
        scope = self._outer._scope
        if scope is not None:
            name = scope.plan.graph.vertices[id_].display_name
            self._progress(len(self._outer._done), len(scope.schedule.listed), name)

    def end_vertex(self, scope: Scope, result: VertexResult, started: Any) -> None:
        super().end_vertex(scope, result, started)
        self._outer._done.add(result.vertex.id)
