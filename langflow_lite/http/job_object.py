"""A job as the Workflow API shows it: the documented object, with the keys of later releases beside it."""

from __future__ import annotations

from typing import Any

from langflow_lite.dotted import dotted_text
from langflow_lite.job import Job, JobResult, JobStatus

__all__ = ["job_object", "links", "queued_object"]


_HIDDEN = "********"
_ANSWERED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.TIMED_OUT})


def links(job_id: str, root: str = "") -> dict[str, str]:
    """Where the job can be read, followed and stopped; `root` is where the application is mounted."""
    return {
        "status": f"{root}/api/v2/workflows?job_id={job_id}",
        "events": f"{root}/api/v2/workflows/{job_id}/events",
        "stop": f"{root}/api/v2/workflows/stop",
    }


def queued_object(job: Job, root: str = "") -> dict[str, Any]:
    """The answer to a background request (contract: *Run in the background*)."""
    return {
        "job_id": job.id,
        "flow_id": job.flow_id,
        "session_id": job.session_id,
        "object": "job",
        "created_timestamp": job.created_at.isoformat(),
        "created_at": int(job.created_at.timestamp()),
        "status": job.status,
        "links": links(job.id, root),
        "errors": [],
        "globals": job.request.globals,
    }


def job_object(job: Job, root: str = "", *, to_caller: bool = False) -> dict[str, Any]:
    """The job with everything that is known of it. Of an ended job it is the same at every read.

    The values of the request's global variables, which may be keys, go back to the caller who sent them and to nobody
    who reads the job later.
    """
    result = job.result or JobResult()
    text = job.request.input_value
    if text is None:
        text = dotted_text(job.request.inputs)
    body: dict[str, Any] = {
        "flow_id": job.flow_id,
        "flow_version": job.flow_version,
        "session_id": job.session_id,
        "job_id": job.id,
        "kind": job.kind,
        "object": "response" if job.status in _ANSWERED else "job",
        "created_at": int(job.created_at.timestamp()),
        "created_timestamp": job.created_at.isoformat(),
        "started_timestamp": None if job.started_at is None else job.started_at.isoformat(),
        "finished_timestamp": None if job.finished_at is None else job.finished_at.isoformat(),
        "status": job.status,
        "output": _output(job.status, result),
        "errors": result.errors,
        "warnings": result.warnings,
        "inputs": job.request.inputs,
        "input": [{"type": "text", "data": text or "", "role": "User"}],
        "globals": job.request.globals if to_caller else dict.fromkeys(job.request.globals, _HIDDEN),
        "outputs": result.outputs,
        "metadata": {},
        "human_request": job.human_request,
        "has_errors": bool(result.errors),
    }
    if job.detached:
        body["links"] = links(job.id, root)
    if job.callback_url is not None:
        body["callback"] = {"url": job.callback_url, "state": job.callback_state}
    return body


def _output(status: JobStatus, result: JobResult) -> dict[str, Any]:
    if status is not JobStatus.COMPLETED:
        reason = "failed" if status.is_terminal else "none"
        return {"reason": reason, "text": None, "source": None}
    if len(result.texts) == 1:
        source, text = next(iter(result.texts.items()))
        return {"reason": "single", "text": text, "source": source}
    if result.texts:
        return {"reason": "multiple", "text": None, "source": None}
    return {"reason": "non_string" if result.outputs else "none", "text": None, "source": None}
