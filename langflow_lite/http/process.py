"""Asynchronous processing as of release 0.5: `/process`, `/predict` and `/task` (seed documents 1, 2 and 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.errors import (
    ComponentsUnsupported,
    FlowNotFound,
    GraphError,
    InvalidRequest,
    JobNotFound,
    LangflowError,
    PauseUnavailable,
    QueueFull,
    TweaksRefused,
)
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.globals import request_globals
from langflow_lite.ids import new_id
from langflow_lite.job import Job, JobKind, JobResult, JobStatus, RunRequest

__all__ = ["ENDPOINTS"]

_STATES = {
    JobStatus.QUEUED: "PENDING",
    JobStatus.IN_PROGRESS: "PENDING",
    JobStatus.COMPLETED: "SUCCESS",
}
_TEXT_KEYS = ("text", "input", "input_value", "message", "question")


class ProcessBody(msgspec.Struct, kw_only=True):
    """`inputs` holds the text under `text`; `sync: false` starts a task instead of waiting.

    `clear_cache` is accepted; no result of a run is ever reused by another.
    """

    inputs: dict[str, Any] | str | None = None
    tweaks: dict[str, Any] | None = None
    sync: bool = True
    session_id: str | None = None
    clear_cache: bool = False


class TaskInfo(msgspec.Struct):
    """A task and where to ask for it."""

    id: str
    href: str


class ProcessAnswer(msgspec.Struct):
    """The result of a run that was waited for, or the task that stands for one."""

    result: Any
    session_id: str
    task: TaskInfo | None = None
    backend: str = "anyio"


class TaskAnswer(msgspec.Struct):
    """PENDING, SUCCESS or FAILURE, with the output or the error."""

    status: str
    result: Any = None


class ProcessFailed(LangflowError):
    """500: the run that was waited for failed; `detail` is the reason."""

    code = "PROCESS_FAILED"


async def process(call: Call) -> ProcessAnswer:
    """Run a flow, or start a task that does."""
    body: ProcessBody = call.body
    runtime = call.runtime
    flow = runtime.flows.get(call.params["flow_id"])
    request = RunRequest(
        input_value=_text(body.inputs),
        input_type="any",
        session_id=body.session_id or None,
        tweaks=body.tweaks or None,
        globals=request_globals(call.scope),
    )
    prepared = await runtime.prepare(flow, request, may_pause=not body.sync)
    job = Job(
        id=new_id(),
        kind=JobKind.PROCESS,
        flow_id=flow.id,
        flow_version=flow.version,
        session_id=prepared.session_id,
        request=request,
    )
    if body.sync:
        ended = await runtime.run_attached(job, prepared)
        if ended.status is not JobStatus.COMPLETED:
            raise ProcessFailed(_reason(ended.status, ended.result))
        return ProcessAnswer(result=_result(ended.status, ended.result), session_id=job.session_id)
    await runtime.jobs.submit(job)
    return ProcessAnswer(result=None, session_id=job.session_id, task=TaskInfo(id=job.id, href=f"api/v1/task/{job.id}"))


def _text(inputs: dict[str, Any] | str | None) -> str | None:
    if inputs is None or isinstance(inputs, str):
        return inputs
    for key in _TEXT_KEYS:
        if isinstance(inputs.get(key), str):
            return str(inputs[key])
    return next((value for value in inputs.values() if isinstance(value, str)), None)


def _result(status: JobStatus, result: JobResult | None) -> dict[str, Any] | None:
    if result is None:
        return None
    if status is not JobStatus.COMPLETED:
        return {"error": _reason(status, result)}
    output: Any = result.text
    if output is None:
        output = next((out["content"] for out in result.outputs.values()), None)
    return {"output": output}


def _reason(status: JobStatus, result: JobResult) -> str:
    return str(result.errors[0]["error"]) if result.errors else f"the task was {status}"


async def read_task(call: Call) -> TaskAnswer:
    """Ask how a task stands."""
    job = await call.runtime.jobs.get(call.params["task_id"])
    return TaskAnswer(status=_STATES.get(job.status, "FAILURE"), result=_result(job.status, job.result))


def _process_endpoint(name: str, summary: str, *, deprecated: bool) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/api/v1/{name}/{{flow_id}}",
        handler=process,
        summary=summary,
        tag="Process",
        body=ProcessBody,
        response=ProcessAnswer,
        errors=(
            FlowNotFound,
            InvalidRequest,
            TweaksRefused,
            GraphError,
            ComponentsUnsupported,
            PauseUnavailable,
            QueueFull,
            ProcessFailed,
        ),
        deprecated=deprecated,
    )


ENDPOINTS = (
    _process_endpoint("process", "Run a flow, or start a task that does", deprecated=False),
    _process_endpoint("predict", "Run a flow, or start a task that does", deprecated=True),
    Endpoint(
        method="GET",
        path="/api/v1/task/{task_id}",
        handler=read_task,
        summary="Read how a task stands",
        tag="Process",
        response=TaskAnswer,
        errors=(JobNotFound,),
    ),
)
