"""Running a flow once for each of several inputs: `POST /api/v1/run/advanced/{flow}`, the older form of `/run`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from langflow_lite.errors import (
    ComponentError,
    ComponentsUnsupported,
    FlowNotFound,
    GraphError,
    InvalidRequest,
    TweaksRefused,
)
from langflow_lite.graph import Graph
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.globals import request_globals
from langflow_lite.http.run import RunAnswer, RunFailed
from langflow_lite.job import RunRequest

__all__ = ["ENDPOINTS"]

_TYPES = {"chat": ("ChatInput",), "text": ("TextInput",), "any": ("ChatInput", "TextInput", "Webhook")}


class InputValue(msgspec.Struct):
    """One input. With `components` (ids or display names) it goes to these alone, else to all inputs of its type."""

    components: list[str] | None = None
    input_value: str | None = None
    session: str | None = None
    type: Literal["chat", "text", "any"] = "any"


class AdvancedBody(msgspec.Struct):
    """The inputs, and the ids or display names of the components whose results are wanted; none: all outputs."""

    inputs: Annotated[list[InputValue], msgspec.Meta(max_length=100)] | None = None
    outputs: list[str] | None = None
    tweaks: dict[str, Any] | None = None
    session_id: str | None = None


async def run_advanced(call: Call) -> Any:
    """Run the flow once for each input, one after the other; the answer has the results in the same order."""
    body: AdvancedBody = call.body
    runtime = call.runtime
    flow = runtime.flows.get(call.params["flow_id_or_name"])
    graph = (await runtime.plans.get(flow)).graph
    answer = RunAnswer("", [])
    for sent in body.inputs or [InputValue(input_value="")]:
        value = sent.input_value or ""
        request = RunRequest(
            input_value=None if sent.components else value,
            input_type=sent.type,
            output_type="any",
            session_id=body.session_id or sent.session or None,
            tweaks=_addressed(graph, sent, value, body.tweaks) if sent.components else body.tweaks,
            globals=request_globals(call.scope),
        )
        try:
            outcome = await (await runtime.prepare(flow, request)).execute()
        except ComponentError as error:
            raise RunFailed(error) from error
        results = [
            entry
            for name in body.outputs or [""]
            for entry in outcome.answer(msgspec.structs.replace(request, output_component=name))["outputs"][0][
                "outputs"
            ]
        ]
        answer.session_id = answer.session_id or outcome.session_id
        answer.outputs.append({"inputs": {"input_value": value}, "outputs": results})
    return answer


def _addressed(graph: Graph, sent: InputValue, value: str, tweaks: dict[str, Any] | None) -> dict[str, Any]:
    """The tweaks, with the value given to those inputs that are named."""
    merged = dict(tweaks or {})
    for vertex in graph.vertices.values():
        if vertex.type in _TYPES[sent.type] and {vertex.id, vertex.display_name} & set(sent.components or ()):
            named = merged.get(vertex.id)
            merged[vertex.id] = {**(named if isinstance(named, dict) else {}), "input_value": value}
    return merged


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/run/advanced/{flow_id_or_name}",
        handler=run_advanced,
        summary="Run a flow once for each of several inputs",
        tag="Run",
        body=AdvancedBody,
        response=RunAnswer,
        errors=(FlowNotFound, InvalidRequest, TweaksRefused, GraphError, ComponentsUnsupported, RunFailed),
        deprecated=True,
    ),
)
