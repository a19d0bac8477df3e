"""Building a flow vertex by vertex: `/api/v1/build/...` (seed document 5, and the forms of 1.13)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from starlette.responses import Response

from langflow_lite.errors import (
    ComponentsUnsupported,
    EventsEvicted,
    FlowNotFound,
    GraphError,
    InvalidRequest,
    JobNotFound,
    PauseUnavailable,
    Problem,
    QueueFull,
)
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.globals import request_globals
from langflow_lite.http.job_events import attached_run, events_after
from langflow_lite.http.streams import NDJSON, EventResponse
from langflow_lite.ids import new_id
from langflow_lite.job import Job, JobKind, RunRequest
from langflow_lite.runtime import Runtime

__all__ = ["ENDPOINTS"]


class BuildInputs(msgspec.Struct):
    """What the chat input gets, and the session."""

    input_value: str | None = None
    session: str | None = None


class BuildBody(msgspec.Struct):
    """`data` is an unsaved graph in place of the stored one."""

    inputs: BuildInputs | None = None
    data: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))
    files: list[str] | None = None
    start_component_id: str | None = None
    stop_component_id: str | None = None


class BuildQuery(msgspec.Struct):
    """Without `event_delivery` the answer is the event stream itself (seed document 5)."""

    event_delivery: Literal["polling", "streaming", "direct"] | None = None
    start_component_id: str | None = None
    stop_component_id: str | None = None


class BuildEventsQuery(msgspec.Struct):
    """`polling` answers what is new since the last poll instead of following; `after` a sequence id, if it is given."""

    event_delivery: Literal["polling", "streaming", "direct"] = "streaming"
    after: int | None = None


class BuildAnswer(msgspec.Struct):
    """The job that builds."""

    job_id: str


class CancelAnswer(msgspec.Struct):
    """Whether the build is over now."""

    success: bool
    message: str


async def build_flow(call: Call) -> Any:
    """Build a flow: the events as they happen, or a job whose events can be read."""
    runtime = call.runtime
    body: BuildBody = call.body
    query: BuildQuery = call.query
    flow_id = call.params["flow_id"]
    try:
        flow = runtime.flows.get_by_id(flow_id)
    except FlowNotFound:
        raise FlowNotFound(f"Flow with id {flow_id} not found") from None
    inputs = body.inputs or BuildInputs()
    request = RunRequest(
        input_value=inputs.input_value,
        session_id=inputs.session or None,
        globals=request_globals(call.scope),
        files=body.files or [],
        data=body.data,
        start_component_id=query.start_component_id or body.start_component_id,
        stop_component_id=query.stop_component_id or body.stop_component_id,
        whole=True,
    )
    prepared = await runtime.prepare(flow, request)
    job = Job(
        id=new_id(),
        kind=JobKind.BUILD,
        flow_id=flow.id,
        flow_version=flow.version,
        session_id=prepared.session_id,
        request=request,
    )
    if query.event_delivery in ("polling", "streaming"):
        await runtime.jobs.submit(job)
        return BuildAnswer(job.id)
    log, produce = attached_run(runtime, job, prepared)
    return EventResponse(log.follow(), produce, media_type=NDJSON)


async def build_events(call: Call) -> Any:
    """The events of a build job; any number of readers, at any time."""
    runtime = call.runtime
    job = await _build_job(runtime, call.params["job_id"])
    after = call.query.after
    if after is not None and after < 0:
        raise InvalidRequest(Problem("greater_than_equal", ("query", "after"), "must be 0 or more"))
    if call.query.event_delivery != "polling":
        return EventResponse(await events_after(runtime, job.id, after or 0), media_type=NDJSON)
    frames = await runtime.polls.read(job.id, after)
    return Response(b"\n".join(frame + b"\n\n" for frame in frames), media_type=NDJSON)


async def cancel_build(call: Call) -> CancelAnswer:
    """Stop a build job. Asking again is no error."""
    job = await _build_job(call.runtime, call.params["job_id"])
    await call.runtime.jobs.stop(job.id)
    return CancelAnswer(True, "Flow build cancelled successfully")


async def _build_job(runtime: Runtime, job_id: str) -> Job:
    try:
        return await runtime.jobs.get(job_id)
    except JobNotFound:
        raise JobNotFound(f"Job not found: {job_id}") from None


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/build/{flow_id:uuid}/flow",
        handler=build_flow,
        summary="Build a flow and follow it vertex by vertex",
        tag="Build",
        body=BuildBody,
        query=BuildQuery,
        response=BuildAnswer,
        stream_type=NDJSON,
        errors=(FlowNotFound, InvalidRequest, GraphError, ComponentsUnsupported, PauseUnavailable, QueueFull),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/build/{job_id}/events",
        handler=build_events,
        summary="Read the events of a build",
        tag="Build",
        query=BuildEventsQuery,
        media_type=NDJSON,
        errors=(JobNotFound, EventsEvicted, InvalidRequest),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/build/{job_id}/cancel",
        handler=cancel_build,
        summary="Stop a build",
        tag="Build",
        response=CancelAnswer,
        errors=(JobNotFound,),
    ),
)
