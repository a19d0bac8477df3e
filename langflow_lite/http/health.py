"""The health area: whether the server can do its work, for whoever watches it."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from langflow_lite.errors import StorageError
from langflow_lite.http.endpoint import Call, Endpoint, ServerNotRunning
from langflow_lite.metrics import CONTENT_TYPE
from langflow_lite.values import to_json

__all__ = ["ENDPOINTS"]


class Health(msgspec.Struct, kw_only=True):
    """That the server works; else `detail` says what is wrong, by part."""

    status: str = "ok"
    detail: dict[str, str] | UnsetType = UNSET


class HealthCheck(Health, kw_only=True):
    """What the server depends on, each part "ok" or the code of what is wrong."""

    chat: str = "ok"
    db: str = "ok"


async def health(call: Call) -> Health | Response:
    """Whether the server works; 503 when it has to be restarted before it does.

    That is so when the database is not written any more, because the disk did not confirm a write or has not answered
    for 15 seconds, and when jobs cannot be run. With a full disk it still is healthy: reads go on, writes are refused, and
    it recovers by itself. `/health_check` tells that.
    """
    problems = call.runtime.problems()
    return _unwell(Health(status="nok", detail=problems)) if problems else Health()


async def health_check(call: Call) -> HealthCheck | Response:
    """Whether everything works at this moment: the database is read, and written after a write has failed."""
    runtime = call.runtime
    problems = runtime.problems()
    found = HealthCheck(chat="JOBS_STOPPED" if "jobs" in problems else "ok")
    try:
        await runtime.database.check()
        await runtime.messages.history(session_id="", limit=1)
    except StorageError as error:
        found.db = error.code
        problems["db"] = error.message
    if not problems:
        return found
    found.status, found.detail = "nok", problems
    return _unwell(found)


async def metrics(call: Call) -> Response:
    """The server's numbers in Prometheus text format 0.0.4."""
    return Response(call.runtime.metrics.render(), media_type=CONTENT_TYPE)


def _unwell(found: Health) -> Response:
    return Response(to_json(found), 503, media_type="application/json")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/health",
        handler=health,
        summary="Whether the server works",
        tag="Base",
        response=Health,
        public=True,
        errors=(ServerNotRunning,),
    ),
    Endpoint(
        method="GET",
        path="/health_check",
        handler=health_check,
        summary="Whether the server and its database work at this moment",
        tag="Base",
        response=HealthCheck,
        public=True,
        errors=(ServerNotRunning,),
    ),
    Endpoint(
        method="GET",
        path="/metrics",
        handler=metrics,
        summary="Metrics for Prometheus",
        tag="Base",
        media_type="text/plain",
    ),
)
