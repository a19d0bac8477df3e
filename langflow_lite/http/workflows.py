"""The Workflow API: `/api/v2/workflows`, in the form of seed document 3 and in that of Langflow 1.13."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from langflow_lite.dotted import read_inputs
from langflow_lite.errors import (
    BadRequest,
    ComponentsUnsupported,
    EventsEvicted,
    FlowNotFound,
    GraphError,
    IdempotencyMismatch,
    InvalidRequest,
    JobNotFound,
    JobNotStoppable,
    LangflowError,
    PauseUnavailable,
    Problem,
    QueueFull,
    TweaksRefused,
)
from langflow_lite.flow import Flow
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.globals import request_globals
from langflow_lite.http.job_events import attached_run, events_after
from langflow_lite.http.job_object import job_object, links, queued_object
from langflow_lite.http.protocols import AnyFrames, agui_frames, without_graph_state
from langflow_lite.http.sse import event_source
from langflow_lite.ids import new_id
from langflow_lite.job import Job, JobKind, JobStatus, RunRequest
from langflow_lite.runtime import PreparedRun, Runtime

__all__ = ["ENDPOINTS"]

_canonical = msgspec.json.Encoder(order="deterministic")
_FILTERED_STATUS = {**{status.value: status for status in JobStatus}, "error": JobStatus.FAILED}
_ERRORS: tuple[type[LangflowError], ...] = (BadRequest, FlowNotFound, InvalidRequest, PauseUnavailable)


class WorkflowRefused(LangflowError):
    """422: the flow cannot be run, or not with these tweaks. On v2 `detail` is the sentence alone (seed document 3)."""

    status = 422
    code = "WORKFLOW_REFUSED"


class WorkflowBody(msgspec.Struct, kw_only=True):
    """A request to run a flow. Fields of both generations may be given, as long as they do not contradict each other.

    `flow_id` is an id or endpoint name. `inputs` addresses parameters as `component.parameter`. `callback_url` and
    `rerun_on_restart` are for background jobs, `stream_protocol` and `expose_graph_state` for streams.
    """

    flow_id: str
    flow_version: str | None = None
    background: bool | None = None
    stream: bool | None = None
    inputs: dict[str, Any] | None = None
    mode: Literal["sync", "stream", "background"] | None = None
    input_value: str | None = None
    input_type: Literal["chat", "text", "any"] = "chat"
    session_id: str | None = None
    tweaks: dict[str, Any] | None = None
    globals: dict[str, str] | None = None
    files: list[str] | None = None
    data: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))
    output_ids: list[str] | None = None
    stream_protocol: Literal["langflow", "agui"] = "langflow"
    expose_graph_state: bool = True
    start_component_id: str | None = None
    stop_component_id: str | None = None
    idempotency_key: str | None = None
    callback_url: str | None = None
    rerun_on_restart: bool = False

    @property
    def has_data(self) -> bool:
        """Whether there is an unsaved graph."""
        return bytes(self.data) != b"null"

    @property
    def is_background(self) -> bool:
        """Whether the job outlives the request."""
        return bool(self.background) or self.mode == "background"

    @property
    def is_stream(self) -> bool:
        """Whether the answer is the job's events."""
        return bool(self.stream) or self.mode == "stream"


class JobQuery(msgspec.Struct):
    """`job_id` names the job; `stream` follows its events after `sequence_id`."""

    job_id: str | None = None
    stream: bool = False
    sequence_id: str | None = None


class EventsQuery(msgspec.Struct):
    """Events after `sequence_id`; the header `Last-Event-ID` wins. Without `follow` only those that there are."""

    sequence_id: str | None = None
    follow: bool = True


class JobsQuery(msgspec.Struct):
    """Filters and page of the list: `job_id` is the beginning of ids, `before` the id of the last job of the page before."""

    job_id: str | None = None
    flow_id: str | None = None
    session_id: str | None = None
    status: str | None = None
    before: str | None = None
    limit: int = 50


class StopBody(msgspec.Struct):
    """The job to stop."""

    job_id: str


async def run_workflow(call: Call) -> Any:
    """Run a flow: wait for its result, follow its events, or leave it to run in the background."""
    body: WorkflowBody = call.body
    runtime = call.runtime
    _refuse_contradictions(body)
    flow = _find_flow(runtime, body.flow_id)
    try:
        job, prepared = await _job(call, body, flow)
    except (TweaksRefused, GraphError, ComponentsUnsupported) as error:
        raise WorkflowRefused(error.message) from error
    if body.is_background:
        kept = await runtime.jobs.submit(job)
        if not body.is_stream:
            return queued_object(kept, call.root)
        # A client whose connection breaks has to know what to follow.
        frames = _told(body, kept, await events_after(runtime, kept.id, 0))
        return event_source(frames, headers={"Content-Location": links(kept.id, call.root)["events"]})
    if body.is_stream:
        log, produce = attached_run(runtime, job, prepared)
        return event_source(_told(body, job, log.follow()), produce)
    _refuse_unknown_outputs(body, prepared)
    await runtime.run_attached(job, prepared)
    answer = job_object(job, call.root, to_caller=True)
    if body.output_ids:
        answer["outputs"] = {id_: out for id_, out in answer["outputs"].items() if id_ in body.output_ids}
    return answer


def _told(body: WorkflowBody, job: Job, frames: AnyFrames) -> AnyFrames:
    if body.stream_protocol == "agui":
        return agui_frames(frames, job.session_id, job.id)
    return frames if body.expose_graph_state else without_graph_state(frames)


def _refuse_contradictions(body: WorkflowBody) -> None:
    if body.mode == "sync" and (body.background or body.stream):
        raise _invalid("mode", "`mode` is sync, but `background` or `stream` asks for something else")
    if body.mode == "background" and body.background is False:
        raise _invalid("mode", "`mode` is background, but `background` is false")
    if body.mode == "stream" and body.stream is False:
        raise _invalid("mode", "`mode` is stream, but `stream` is false")
    if body.output_ids and (body.is_background or body.is_stream):
        raise _invalid("output_ids", "`output_ids` chooses from an answer that is waited for, not from a job or stream")
    if not body.is_background:
        for name, given in (("callback_url", body.callback_url), ("rerun_on_restart", body.rerun_on_restart)):
            if given:
                raise _invalid(name, f"`{name}` is for background jobs")
    if body.stream_protocol != "langflow" and not body.is_stream:
        raise _invalid("stream_protocol", "`stream_protocol` is for a request that streams")
    if body.flow_version and body.has_data:
        raise _invalid("data", "`data` is an unsaved graph, `flow_version` names a saved one")
    if body.callback_url is not None and not body.callback_url.startswith(("http://", "https://")):
        raise _invalid("callback_url", "`callback_url` must be an http or https address")


def _refuse_unknown_outputs(body: WorkflowBody, prepared: PreparedRun) -> None:
    graph = prepared.plan.graph
    available = [id_ for id_ in graph.vertices if not graph.outgoing[id_]]
    unknown = [id_ for id_ in body.output_ids or () if id_ not in available]
    if unknown:
        raise _invalid("output_ids", f"no outputs {', '.join(unknown)}; there are {', '.join(available) or 'none'}")


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(Problem("value_error", ("body", field), message))


def _find_flow(runtime: Runtime, name: str) -> Flow:
    try:
        return runtime.flows.get(name)
    except FlowNotFound:
        raise FlowNotFound(f"Flow '{name}' does not exist. Verify the flow_id and try again.") from None


async def _job(call: Call, body: WorkflowBody, flow: Flow) -> tuple[Job, PreparedRun]:
    runtime = call.runtime
    data = body.data if body.has_data else None
    graph = (await runtime.plans.get(flow, body.flow_version, data)).graph
    dotted = read_inputs(graph, body.inputs or {})
    tweaks = _merged(body.tweaks or {}, dotted.tweaks)
    if body.session_id and dotted.session_id and body.session_id != dotted.session_id:
        raise _invalid("session_id", "`session_id` and the session in `inputs` differ")
    request = RunRequest(
        input_value=body.input_value,
        input_type=body.input_type,
        session_id=body.session_id or dotted.session_id,
        tweaks=tweaks or None,
        globals=request_globals(call.scope, body.globals),
        inputs=body.inputs or body.tweaks or {},
        files=body.files or [],
        data=body.data,
        start_component_id=body.start_component_id,
        stop_component_id=body.stop_component_id,
        whole=True,
    )
    try:
        prepared = await runtime.prepare(flow, request, version=body.flow_version, may_pause=body.is_background)
    except BadRequest as error:
        raise _invalid("input_value", error.message) from None
    key = call.request.headers.get("idempotency-key") or body.idempotency_key or None
    if key is not None and len(key) > 255:
        raise _invalid("idempotency_key", "an idempotency key may have 255 characters at most")
    job = Job(
        id=new_id(),
        kind=JobKind.WORKFLOW,
        flow_id=flow.id,
        flow_version=body.flow_version or flow.version,
        session_id=prepared.session_id,
        request=request,
        rerun=body.rerun_on_restart,
        idempotency_key=key if body.is_background else None,
        request_hash=_request_hash(body, request.globals) if key is not None else None,
        callback_url=body.callback_url,
    )
    return job, prepared


def _merged(tweaks: dict[str, Any], dotted: dict[str, Any]) -> dict[str, Any]:
    merged = dict(tweaks)
    for name, value in dotted.items():
        known = merged.get(name, value)
        if isinstance(known, dict) and isinstance(value, dict):
            twice = [key for key in value if key in known and known[key] != value[key]]
            merged[name] = {**known, **value}
        else:
            twice = [] if known == value else [""]
            merged[name] = value
        if twice:
            raise _invalid("inputs", f"`tweaks` and `inputs` differ in {'.'.join(filter(None, (name, twice[0])))}")
    return merged


def _request_hash(body: WorkflowBody, variables: dict[str, str]) -> str:
    same = msgspec.structs.replace(body, idempotency_key=None, globals=variables)
    return hashlib.sha256(_canonical.encode(same)).hexdigest()


async def read_job(call: Call) -> Any:
    """The state of a job and what came of it, or its events."""
    runtime = call.runtime
    query: JobQuery = call.query
    if not query.job_id:
        raise BadRequest("Job ID must be provided: /api/v2/workflows?job_id=...")
    after = _cursor(call.request.headers.get("last-event-id"), query.sequence_id)
    if query.stream:
        return event_source(await events_after(runtime, query.job_id, after))
    job = runtime.attached.get(query.job_id)
    return job_object(job or await runtime.jobs.get(query.job_id), call.root)


async def follow_job(call: Call) -> Any:
    """The events of a job as they happen, from the beginning or after a point."""
    after = _cursor(call.request.headers.get("last-event-id"), call.query.sequence_id)
    return event_source(await events_after(call.runtime, call.params["job_id"], after, follow=call.query.follow))


def _cursor(header: str | None, query: str | None) -> int:
    if query is not None and not (query.isascii() and query.isdigit()):
        raise BadRequest(f"sequence_id must be a whole number from 0 up, not {query[:40]!r}")
    # A client that lost its place sends what it has; anything that is no number means the beginning.
    text = header if header is not None and header.isascii() and header.isdigit() else query
    return int(text[:18]) if text else 0


async def stop_job(call: Call) -> Any:
    """Stop a job. Asking again is no error."""
    if call.body.job_id in call.runtime.attached:
        raise JobNotStoppable(f"job {call.body.job_id} ends with the request that waits for it")
    job, stopped = await call.runtime.jobs.stop(call.body.job_id)
    if stopped:
        message = f"Job {job.id} cancelled successfully."
    elif job.status is JobStatus.CANCELLED:
        message = f"Job {job.id} is already cancelled."
    else:
        message = f"Job {job.id} already finished ({job.status})."
    return {"job_id": job.id, "message": message}


async def list_jobs(call: Call) -> Any:
    """The newest jobs first, page by page."""
    runtime = call.runtime
    query: JobsQuery = call.query
    if query.status is not None and query.status not in _FILTERED_STATUS:
        known = ", ".join(_FILTERED_STATUS)
        raise InvalidRequest(Problem("literal_error", ("query", "status"), f"must be one of {known}"))
    if not 1 <= query.limit <= 200:
        raise InvalidRequest(Problem("value_error", ("query", "limit"), "must be between 1 and 200"))
    flow_id = query.flow_id
    if flow_id is not None:
        flow_id = _find_flow(runtime, flow_id).id
    if query.before is not None:
        await runtime.job_table.get(query.before)
    found = await runtime.job_table.list(
        id_prefix=query.job_id,
        flow_id=flow_id,
        session_id=query.session_id,
        status=_FILTERED_STATUS[query.status] if query.status else None,
        before=query.before,
        limit=query.limit + 1,
    )
    jobs = found[: query.limit]
    following = jobs[-1].id if len(found) > len(jobs) else None
    return {"jobs": [job_object(job, call.root) for job in jobs], "next": following}


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v2/workflows",
        handler=run_workflow,
        summary="Run a workflow and wait, stream its events, or run it in the background",
        tag="Workflows",
        setting="developer_api_enabled",
        body=WorkflowBody,
        response=dict[str, Any],
        stream_type="text/event-stream",
        errors=(*_ERRORS, WorkflowRefused, IdempotencyMismatch, QueueFull),
    ),
    Endpoint(
        method="GET",
        path="/api/v2/workflows",
        handler=read_job,
        summary="Read a job, or follow its events",
        tag="Workflows",
        setting="developer_api_enabled",
        query=JobQuery,
        response=dict[str, Any],
        stream_type="text/event-stream",
        errors=(BadRequest, JobNotFound, EventsEvicted),
    ),
    Endpoint(
        method="GET",
        path="/api/v2/workflows/jobs",
        handler=list_jobs,
        summary="List jobs",
        tag="Workflows",
        setting="developer_api_enabled",
        query=JobsQuery,
        response=dict[str, Any],
        errors=(FlowNotFound, InvalidRequest, JobNotFound),
    ),
    Endpoint(
        method="POST",
        path="/api/v2/workflows/stop",
        handler=stop_job,
        summary="Stop a job",
        tag="Workflows",
        setting="developer_api_enabled",
        body=StopBody,
        response=dict[str, str],
        errors=(InvalidRequest, JobNotFound, JobNotStoppable),
    ),
    Endpoint(
        method="GET",
        path="/api/v2/workflows/{job_id}/events",
        handler=follow_job,
        summary="Follow the events of a job",
        tag="Workflows",
        setting="developer_api_enabled",
        query=EventsQuery,
        media_type="text/event-stream",
        errors=(BadRequest, JobNotFound, EventsEvicted),
    ),
)
