"""The graph of a stored flow as a picture, and as text that others make a picture of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.responses import Response

from langflow_lite.errors import FlowNotFound, GraphError
from langflow_lite.flow import decode_data
from langflow_lite.http.endpoint import Call, Endpoint

if TYPE_CHECKING:
    from langflow_lite.drawing.scene import Scene

__all__ = ["ENDPOINTS"]

# Names come from whoever made the flow; even one that got through as markup could do nothing.
_POLICY = "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


async def graph_svg(call: Call) -> Response:
    """The graph as SVG, drawn from the positions in the flow, for a light or dark ground.

    Components that are not available here are marked. Flows that cannot be run are drawn too.
    """
    from langflow_lite.drawing.svg import STYLE_HASH, draw_svg

    headers = {"content-security-policy": _POLICY.format(STYLE_HASH)}
    return Response(await _draw(call, draw_svg), media_type="image/svg+xml", headers=headers)


async def graph_mermaid(call: Call) -> Response:
    """The graph as the text of a Mermaid flowchart, without its notes."""
    from langflow_lite.drawing.mermaid import draw_mermaid

    return Response(await _draw(call, draw_mermaid), media_type="text/plain")


async def _draw(call: Call, draw: Callable[[Scene, str], str]) -> str:
    from langflow_lite.drawing.scene import read_scene

    flow = call.runtime.flows.get_by_id(call.params["flow_id"])
    has_component = call.runtime.has_component

    def drawn() -> str:
        return draw(read_scene(decode_data(flow.data), has_component), flow.name)

    return await anyio.to_thread.run_sync(drawn)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/flows/{flow_id:uuid}/graph.svg",
        handler=graph_svg,
        summary="The graph of a flow as a picture",
        tag="Flows",
        media_type="image/svg+xml",
        errors=(FlowNotFound, GraphError),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/flows/{flow_id:uuid}/graph.mmd",
        handler=graph_mermaid,
        summary="The graph of a flow as Mermaid text",
        tag="Flows",
        media_type="text/plain",
        errors=(FlowNotFound, GraphError),
    ),
)
