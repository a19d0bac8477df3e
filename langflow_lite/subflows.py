"""SubFlows: running a stored flow as a part of another one's run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from langflow_lite.context import ChildFlow, ChildInput
from langflow_lite.engine.plans import Plans
from langflow_lite.engine.run import RunOutcome
from langflow_lite.errors import ComponentError, FlowNotFound, LangflowError
from langflow_lite.flow import Flow
from langflow_lite.job import RunRequest
from langflow_lite.storage.flows import FlowStore

__all__ = ["MAX_DEPTH", "SubFlows"]

MAX_DEPTH = 8
"""Most flows that may run inside one another."""

_INPUT_FIELDS = {"Webhook": "data"}


class SubFlows(msgspec.Struct, frozen=True):
    """The `Flows` of one run. `request` is that run's, `around` the flows it is inside of and its own, outermost first.

    `execute` runs a flow inside those around it.
    """

    flows: FlowStore
    plans: Plans
    execute: Callable[[Flow, RunRequest, tuple[str, ...]], Awaitable[RunOutcome]]
    request: RunRequest
    around: tuple[str, ...]

    async def find(self, id_: str, name: str) -> ChildFlow:
        """The flow of this id, else of this name or endpoint name. Raises `FlowNotFound` and `GraphError`."""
        flow = self._flow(id_, name)
        graph = (await self.plans.get(flow)).graph
        inputs = tuple(
            ChildInput(vertex.id, vertex.type, vertex.display_name, field)
            for vertex in graph.vertices.values()
            if vertex.is_input and (field := _INPUT_FIELDS.get(vertex.type, "input_value")) in vertex.template
        )
        return ChildFlow(flow.id, flow.name, flow.description or "", inputs)

    def _flow(self, id_: str, name: str) -> Flow:
        for key in (id_, name):
            if key:
                try:
                    return self.flows.get(key)
                except FlowNotFound:
                    continue
        # An id from another server's export means nothing here, but the name may.
        found = next((flow for flow in self.flows.list() if name and flow.name == name), None)
        if found is None:
            raise FlowNotFound(f"Flow not found: {name or id_}")
        return found

    async def run(
        self, flow_id: str, *, tweaks: Mapping[str, Any], input_value: str | None, session_id: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Run it whole; the values of the outputs of each vertex where it ends, in file order.

        Its messages are stored under its own id and the given session; none of its events is told. Raises
        `ComponentError` when it fails, when it would run itself, and beyond `MAX_DEPTH`.
        """
        flow = self.flows.get_by_id(flow_id)
        if flow.id in self.around:
            raise ComponentError(f"the flow {flow.name!r} would run itself")
        if len(self.around) >= MAX_DEPTH:
            raise ComponentError(
                f"more than {MAX_DEPTH} flows would run inside one another, the last one {flow.name!r}"
            )
        request = RunRequest(
            input_value=input_value,
            session_id=session_id,
            tweaks=dict(tweaks) or None,
            globals=self.request.globals,
        )
        try:
            outcome = await self.execute(flow, request, self.around)
        except ComponentError as error:
            raise ComponentError(
                f"Error running flow {flow.name!r}: {error.message}",
                provider_status=error.provider_status,
                suggestion=error.suggestion,
            ) from error
        except LangflowError as error:
            raise ComponentError(f"Error running flow {flow.name!r}: {error.message}") from error
        graph = outcome.graph
        ends = [result for id_, result in outcome.results.items() if not graph.outgoing[id_]]
        order = {id_: number for number, id_ in enumerate(graph.vertices)}
        ends.sort(key=lambda result: order[result.vertex.id])
        return {result.vertex.id: result.outputs for result in ends}
