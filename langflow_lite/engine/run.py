"""A run: one request to a flow, from its overrides to its results."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langflow_lite.components.context import RunContext
from langflow_lite.engine.executor import Execution, Shared
from langflow_lite.engine.plan import Plan
from langflow_lite.engine.report import Report
from langflow_lite.engine.results import VertexResult, run_output, select_results
from langflow_lite.errors import ComponentError, StorageError
from langflow_lite.graph import Graph
from langflow_lite.overrides import Overrides

__all__ = ["RunOutcome", "RunRequest", "run_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a caller may say about a run (seed document 4), whichever endpoint it came through.

    `globals` are the request's own global variables. `start_component_id` and `stop_component_id` narrow the run.
    """

    input_value: str | None = None
    input_type: str = "chat"
    output_type: str = "chat"
    output_component: str = ""
    session_id: str | None = None
    tweaks: Mapping[str, Any] | None = None
    globals: Mapping[str, str] = field(default_factory=dict)
    start_component_id: str | None = None
    stop_component_id: str | None = None

    def chosen(self, graph: Graph) -> frozenset[str]:
        """The vertices this request runs."""
        if self.start_component_id or self.stop_component_id:
            return graph.partial(self.start_component_id or None, self.stop_component_id or None)
        return graph.entry


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run made: the results of every vertex that ran, and the session it ran in."""

    graph: Graph
    session_id: str
    results: Mapping[str, VertexResult]
    warnings: tuple[str, ...]

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


async def run_plan(
    plan: Plan, ctx: RunContext, request: RunRequest, overrides: Overrides, shared: Shared
) -> RunOutcome:
    """Run a plan and return once everything it stored is on disk.

    Raises `ComponentError` for the first component that fails, `ComponentsUnsupported` before anything runs, and
    `StorageError` when the messages could not be kept.
    """
    execution = Execution(plan, plan.schedule(request.chosen(plan.graph)), ctx, overrides, shared, Report(ctx))
    try:
        await execution.run()
    except ComponentError:
        # The user's message and the reason stay in the session; the failure itself is the answer.
        with contextlib.suppress(StorageError):
            await ctx.messages.flush()
        raise
    await ctx.messages.flush()
    return RunOutcome(plan.graph, ctx.session_id, execution.results, overrides.warnings)
