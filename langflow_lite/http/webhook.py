"""Starting a flow from outside: `/api/v1/webhook/{flow}` (seed documents 4 and 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.errors import BadRequest, ComponentsUnsupported, FlowNotFound, GraphError, QueueFull
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.globals import request_globals
from langflow_lite.ids import new_id
from langflow_lite.job import Job, JobKind, RunRequest

__all__ = ["ENDPOINTS"]


class WebhookAnswer(msgspec.Struct):
    """The flow has been started; `job_id` tells how to ask for it."""

    message: str
    status: str
    job_id: str


async def webhook(call: Call) -> Any:
    """Start the flow with the body handed to its Webhook component."""
    runtime = call.runtime
    flow = runtime.flows.get(call.params["flow_id_or_name"])
    if not call.body:
        raise BadRequest("Request body is empty. Send what the Webhook component is to get, for example {}.")
    request = RunRequest(
        input_value=call.body.decode("utf-8", "replace"),
        input_type="webhook",
        globals=request_globals(call.scope),
    )
    prepared = await runtime.prepare(flow, request, may_pause=True)
    job = Job(
        id=new_id(),
        kind=JobKind.WEBHOOK,
        flow_id=flow.id,
        flow_version=flow.version,
        session_id=prepared.session_id,
        request=request,
    )
    await runtime.jobs.submit(job)
    return WebhookAnswer("Task started in the background", "in progress", job.id)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/webhook/{flow_id_or_name}",
        handler=webhook,
        summary="Start a flow with the body as its webhook's data",
        tag="Run",
        body=bytes,
        response=WebhookAnswer,
        status=202,
        errors=(FlowNotFound, BadRequest, GraphError, ComponentsUnsupported, QueueFull),
    ),
)
