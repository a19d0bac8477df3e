"""A run: one request to a flow, from its overrides to its results."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any

import anyio
import msgspec

from langflow_lite.context import RunContext
from langflow_lite.engine.executor import Execution, Shared
from langflow_lite.engine.observer import RunStatus
from langflow_lite.engine.plan import Plan
from langflow_lite.engine.report import Report
from langflow_lite.engine.results import VertexResult, run_output, select_results, workflow_output
from langflow_lite.errors import ComponentError, StorageError
from langflow_lite.graph import Graph
from langflow_lite.job import JobResult, RunRequest
from langflow_lite.overrides import Overrides

__all__ = ["RunOutcome", "chosen_vertices", "run_plan"]

_log = logging.getLogger(__name__)
# Seconds for everything that components have opened, together.
_CLOSING_TIME = 5.0


class RunOutcome(msgspec.Struct, frozen=True):
    """What a run made: the results of every vertex that ran, and the session it ran in.

    `failed` is empty unless the report let the run go on after a failure. `seconds` is the wall time.
    """

    graph: Graph
    session_id: str
    results: Mapping[str, VertexResult]
    failed: Mapping[str, ComponentError]
    warnings: tuple[str, ...]
    seconds: float

    def answer(self, request: RunRequest) -> dict[str, Any]:
        """The body of a `/run` answer (seed document 4)."""
        chosen = select_results(self.graph, self.results, request.output_type, request.output_component)
        inputs = {} if request.input_value is None else {"input_value": request.input_value}
        return {
            "session_id": self.session_id,
            "outputs": [{"inputs": inputs, "outputs": [run_output(result) for result in chosen]}],
        }

    def text(self, request: RunRequest) -> str:
        """The text of the answer: the first message among the chosen results, empty when there is none."""
        for result in select_results(self.graph, self.results, request.output_type, request.output_component):
            if result.message is not None:
                return result.message.text
        return ""

    def usage(self) -> dict[str, int] | None:
        """Token counts summed over all models that reported theirs; None when none did."""
        reported = [result.usage for result in self.results.values() if result.usage]
        return {key: sum(usage.get(key, 0) for usage in reported) for key in reported[0]} if reported else None

    def job_result(self, flow_id: str) -> JobResult:
        """What is kept of the run with a job: the outputs of the vertices at its ends (seed document 3), and errors."""
        ends = [
            self.results[id_] for id_ in self.graph.vertices if id_ in self.results and not self.graph.outgoing[id_]
        ]
        texts = {
            result.vertex.id: result.message.text
            for result in ends
            if result.vertex.is_output and result.message is not None
        }
        return JobResult(
            outputs={result.vertex.id: workflow_output(result) for result in ends},
            errors=[_execution_error(error, flow_id) for error in self.failed.values()],
            text=next(iter(texts.values()), None),
            texts=texts,
            warnings=list(self.warnings),
        )


def _execution_error(error: ComponentError, flow_id: str) -> dict[str, Any]:
    """A failed component as the Workflow API lists it."""
    return {
        "error": f"Error running graph: {error.message}",
        "code": "EXECUTION_ERROR",
        "details": {
            "flow_id": flow_id,
            "error_type": type(error).__name__,
            "component_id": error.component_id,
            "provider_status": error.provider_status,
            "suggestion": error.suggestion,
        },
    }


def chosen_vertices(graph: Graph, request: RunRequest) -> frozenset[str]:
    """The vertices a request runs; none when its start or stop component is unknown."""
    if request.start_component_id or request.stop_component_id:
        return graph.partial(request.start_component_id or None, request.stop_component_id or None)
    return frozenset(graph.vertices) if request.whole else graph.entry


async def run_plan(
    plan: Plan,
    ctx: RunContext,
    request: RunRequest,
    overrides: Overrides,
    shared: Shared,
    report: Report | None = None,
) -> RunOutcome:
    """Run a plan and return once everything it stored is on disk.

    Raises `ComponentError` for the first component that fails, unless the report keeps going; `ComponentsUnsupported`
    before anything runs; and `StorageError` when the messages could not be kept.
    """
    ctx.threads = shared.threads
    ctx.observer = shared.observer
    started = time.perf_counter()
    report = report or Report(ctx)
    schedule = plan.schedule(chosen_vertices(plan.graph, request))
    execution = Execution(plan, schedule, ctx, overrides, shared, report)
    shared.observer.run_began(ctx)
    status: RunStatus = "cancelled"
    try:
        report.begin(execution)
        await execution.run()
        status = "failed" if execution.failed else "completed"
    except ComponentError:
        status = "failed"
        # The user's message and the reason stay in the session; the failure itself is the answer.
        with contextlib.suppress(StorageError):
            await ctx.messages.flush()
        raise
    except Exception:
        status = "failed"
        raise
    finally:
        shared.observer.run_ended(ctx, status, time.perf_counter() - started)
        if ctx.closers:
            await _close_all(ctx)
    await ctx.messages.flush()
    return RunOutcome(
        plan.graph,
        ctx.session_id,
        execution.results,
        execution.failed,
        overrides.warnings,
        time.perf_counter() - started,
    )


async def _close_all(ctx: RunContext) -> None:
    """Close what components have opened, in a cancelled run too; a failure to close fails nothing else."""
    with anyio.move_on_after(_CLOSING_TIME, shield=True):
        while ctx.closers:
            try:
                await ctx.closers.pop()()
            except Exception:
                _log.warning("Something that a component had opened could not be closed.", exc_info=True)
