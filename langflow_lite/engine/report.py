"""How a run is told to whoever listens, and what a failing vertex does to the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langflow_lite.context import RunContext
from langflow_lite.engine.results import VertexResult, failed_data, params_text, vertex_data, workflow_output
from langflow_lite.engine.scope import Scope
from langflow_lite.errors import ComponentError
from langflow_lite.events import EventName
from langflow_lite.graph import Vertex
from langflow_lite.ids import new_id
from langflow_lite.values import Message, Properties, Source, dump_message, event_time, utc_now

__all__ = ["BuildReport", "Report"]


class Report:
    """The reporting of a `/run`: messages, tokens and logs, and the steps inside loops; stops at the first failure."""

    keeps_going = False

    def __init__(self, ctx: RunContext, *, in_loop: bool = False) -> None:
        self.ctx = ctx
        self.in_loop = in_loop

    def begin(self, scope: Scope) -> None:
        """The run begins."""

    def inside_loop(self) -> Report:
        """The report for the body of a loop."""
        return Report(self.ctx, in_loop=True)

    def emit(self, name: str, data: Any) -> None:
        """Send an event if anybody listens."""
        if self.ctx.emit is not None:
            self.ctx.emit(name, data)

    def log(self, id_: str, output: str, entry: dict[str, Any]) -> None:
        """A component wrote to its log."""
        self.emit(EventName.LOG, {**entry, "output": output, "component_id": id_})

    def start_vertex(self, id_: str) -> None:
        """A vertex of a loop's body begins."""
        if self.in_loop:
            self.emit(EventName.BUILD_START, {"id": id_})

    def end_vertex(self, scope: Scope, result: VertexResult, started: Sequence[str]) -> None:
        """A vertex is done, and `started` can begin because of it."""
        if self.in_loop and self.ctx.emit is not None:
            data = {"id": result.vertex.id, "valid": True, "data": vertex_data(result)}
            self.emit(EventName.END_VERTEX, {"build_data": data})

    async def failed(self, scope: Scope, id_: str, error: ComponentError) -> None:
        """A vertex failed: keep the reason among the session's messages and tell it."""
        message = _error_message(error, self.ctx)
        self.ctx.messages.store(message)
        self.emit(
            EventName.ERROR,
            {**dump_message(message, event_time(message.timestamp)), "id": message.id},
        )


class BuildReport(Report):
    """The reporting of a build or workflow: every vertex as it ends (engine rules: *Event protocol*).

    A failing vertex ends only what depends on it. With `outputs`, each vertex at an end of the graph is followed by an
    `output` event (Workflow API).
    """

    keeps_going = True

    def __init__(self, ctx: RunContext, *, outputs: bool = False) -> None:
        super().__init__(ctx)
        self.outputs = outputs

    def begin(self, scope: Scope) -> None:
        """Tell what will run, and what of it can start at once."""
        graph, schedule = scope.plan.graph, scope.schedule
        groups = [id_ for id_, members in graph.groups.items() if any(m in schedule.listed for m in members)]
        first = set(schedule.first)
        ids = [id_ for id_ in schedule.listed if id_ in first]
        self.emit(EventName.VERTICES_SORTED, {"ids": ids, "to_run": [*schedule.listed, *groups]})
        self.emit(EventName.BUILD_START, {})

    def end_vertex(self, scope: Scope, result: VertexResult, started: Sequence[str]) -> None:
        """Tell what a vertex made and what could start because of it."""
        if self.ctx.emit is None:
            return
        data = vertex_data(result)
        self._end_vertex(scope, result.vertex, started, params=params_text(data["artifacts"]), data=data)
        if self.outputs and not scope.plan.graph.outgoing[result.vertex.id]:
            self.emit(EventName.OUTPUT, workflow_output(result))

    async def failed(self, scope: Scope, id_: str, error: ComponentError) -> None:
        """Tell the reason, then that the vertex is over."""
        await super().failed(scope, id_, error)
        vertex = scope.plan.graph.vertices[id_]
        name = next(iter(scope.plan.vertices[id_].outputs), "")
        data = failed_data(name, error.message)
        self._end_vertex(scope, vertex, (), params=error.cause, data=data, valid=False)

    def _end_vertex(
        self,
        scope: Scope,
        vertex: Vertex,
        started: Sequence[str],
        *,
        params: str,
        data: dict[str, Any],
        valid: bool = True,
    ) -> None:
        graph = scope.plan.graph
        parents = {member: group for group, members in graph.groups.items() for member in members}
        build_data = {
            "id": vertex.id,
            "inactivated_vertices": scope.inactive(),
            "next_vertices_ids": sorted(started),
            "top_level_vertices": sorted({parents.get(id_, id_) for id_ in started}),
            "valid": valid,
            "params": params,
            "data": data,
            "timestamp": utc_now().isoformat().replace("+00:00", "Z"),
        }
        meta = {
            "component_id": vertex.id,
            "display_name": vertex.display_name,
            "vertex_type": vertex.type,
            "is_output": vertex.is_output,
            "is_terminal": not graph.outgoing[vertex.id],
            "output_types": list(vertex.outputs[0].types) if vertex.outputs else [],
        }
        self.emit(EventName.END_VERTEX, {"build_data": build_data, "output_meta": meta})


def _error_message(error: ComponentError, ctx: RunContext) -> Message:
    """The chat message that tells of a failed component (engine rules: *Who stores what*)."""
    return Message(
        id=new_id(),
        text=f"{error.cause}\n",
        sender=error.display_name,
        sender_name=error.display_name,
        session_id=ctx.session_id,
        flow_id=ctx.flow_id,
        run_id=ctx.run_id,
        timestamp=utc_now(),
        error=True,
        category="error",
        session_metadata={"graph_run_id": ctx.run_id},
        properties=Properties(
            text_color="red",
            background_color="red",
            icon="error",
            source=Source(error.component_id or None, error.display_name or None, error.display_name or None),
        ),
        content_blocks=[
            {
                "title": "Error",
                "contents": [
                    {
                        "type": "error",
                        "duration": None,
                        "header": {},
                        "component": error.display_name,
                        "field": None,
                        "reason": error.cause,
                        "solution": error.suggestion,
                        "code": error.code,
                        "traceback": None,
                    }
                ],
                "allow_markdown": True,
                "media_url": None,
            }
        ],
    )
