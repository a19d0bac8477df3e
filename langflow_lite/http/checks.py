"""Whether a stored flow would run here and what it lacks: `langflow-lite check` over HTTP."""

from __future__ import annotations

from functools import partial

import anyio.to_thread
from msgspec.structs import replace

from langflow_lite.check import FlowCheck, check_flow
from langflow_lite.errors import FlowNotFound
from langflow_lite.http.endpoint import Call, Endpoint

__all__ = ["ENDPOINTS"]


async def check(call: Call) -> FlowCheck:
    """Look at a flow without running it. A variable it needs counts as found when it is stored here, too."""
    runtime = call.runtime
    flow = runtime.flows.get_by_id(call.params["flow_id"])
    look = partial(check_flow, flow, runtime.registry, runtime.settings, runtime.trusted)
    found = await anyio.to_thread.run_sync(look, limiter=runtime.shared.threads)
    stored = {variable.name for variable in runtime.variables.list()}
    return replace(found, needs=tuple(replace(n, found=n.found or n.variable in stored) for n in found.needs))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/flows/{flow_id:uuid}/check",
        handler=check,
        summary="Whether a flow would run here, and what it lacks",
        tag="Flows",
        response=FlowCheck,
        errors=(FlowNotFound,),
    ),
)
