"""Jobs that wait for people: `/api/v2/workflows/pending` and `/api/v2/workflows/{job_id}/resume` of Langflow 1.13."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.errors import FlowNotFound, InvalidDecision, InvalidRequest, JobNotFound, JobNotResumable
from langflow_lite.http.endpoint import Call, Endpoint

__all__ = ["ENDPOINTS"]


class PendingQuery(msgspec.Struct):
    """The flow, by id or endpoint name."""

    flow_id: str


class ResumeBody(msgspec.Struct):
    """The decision about a request: `action_id` is one of its `allowed_decisions`; whatever else is in it is kept."""

    request_id: str
    decision: dict[str, Any] = {}


class ResumeAnswer(msgspec.Struct):
    """That the job goes on."""

    job_id: str
    status: str = "resuming"
    message: str = "Resume accepted"


async def list_pending(call: Call) -> Any:
    """The jobs of a flow that wait for a decision, and what each of them asks."""
    flow = call.runtime.flows.get(call.query.flow_id)
    return [
        {
            "job_id": job.id,
            "flow_id": job.flow_id,
            "session_id": job.session_id,
            "created_at": job.created_at.isoformat(),
            **(job.human_request or {}),
        }
        for job in call.runtime.jobs.pauses.pending(flow.id)
    ]


async def resume(call: Call) -> ResumeAnswer:
    """Answer the request of a suspended job, which then goes on."""
    body: ResumeBody = call.body
    job = await call.runtime.jobs.pauses.resume(call.params["job_id"], body.request_id, body.decision)
    return ResumeAnswer(job.id)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v2/workflows/pending",
        handler=list_pending,
        summary="List the jobs of a flow that wait for a person",
        tag="Workflows",
        setting="developer_api_enabled",
        query=PendingQuery,
        response=list[dict[str, Any]],
        errors=(FlowNotFound, InvalidRequest),
    ),
    Endpoint(
        method="POST",
        path="/api/v2/workflows/{job_id}/resume",
        handler=resume,
        summary="Answer the request of a suspended job",
        tag="Workflows",
        setting="developer_api_enabled",
        body=ResumeBody,
        response=ResumeAnswer,
        errors=(InvalidRequest, InvalidDecision, JobNotFound, JobNotResumable),
    ),
)
