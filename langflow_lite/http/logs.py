"""Recent log lines: /logs and /logs-stream, where the operator has enabled them."""

from __future__ import annotations

from typing import Annotated

import anyio
import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from langflow_lite.errors import BadRequest, LangflowError
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.streams import EVENT_STREAM, SEND_TIMEOUT, cancel_when_gone
from langflow_lite.logs import LogBuffer
from langflow_lite.values import to_json

__all__ = ["ENDPOINTS"]

DEFAULT_LINES = 10
KEEPALIVE_SECONDS = 5.0
"""Quiet seconds after which a stream says `keepalive`."""
_LOOK_SECONDS = 0.25

Lines = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class LogRetrievalDisabled(LangflowError):
    """501: the operator has not enabled log retrieval."""

    status = 501
    code = "LOG_RETRIEVAL_DISABLED"


class LogsQuery(msgspec.Struct):
    """How many lines before or after a time (milliseconds since 1970; 0 is now). All 0: the last 10 lines."""

    lines_before: Lines = 0
    lines_after: Lines = 0
    timestamp: Annotated[int, msgspec.Meta(ge=0)] = 0


async def read_logs(call: Call) -> dict[str, str]:
    """Recent log lines: milliseconds since 1970 to the line."""
    query: LogsQuery = call.query
    buffer = _buffer(call)
    if query.lines_before and query.lines_after:
        raise BadRequest("Ask for lines before the timestamp or after it, not for both")
    if query.lines_after and not query.timestamp:
        raise BadRequest("lines_after needs a timestamp")
    if query.lines_after:
        lines = buffer.after(query.timestamp, query.lines_after)
    else:
        lines = buffer.before(query.timestamp or None, query.lines_before or DEFAULT_LINES)
    return {str(milliseconds): line for milliseconds, line in lines}


async def stream_logs(call: Call) -> Response:
    """Log lines as they are written, each an object with one key; `keepalive` at the start and in quiet times."""
    return _LogStream(_buffer(call))


def _buffer(call: Call) -> LogBuffer:
    buffer: LogBuffer | None = call.runtime.logs
    if buffer is None:
        raise LogRetrievalDisabled(
            "Log retrieval is disabled; enable it with LANGFLOW_ENABLE_LOG_RETRIEVAL=true and a "
            "LANGFLOW_LOG_RETRIEVER_BUFFER_SIZE above 0"
        )
    return buffer


class _LogStream(Response):
    def __init__(self, buffer: LogBuffer) -> None:
        self.buffer = buffer
        self.status_code = 200
        self.background = None
        self.init_headers({"content-type": EVENT_STREAM, "cache-control": "no-cache"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        finished = False
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cancel_when_gone, receive, tasks.cancel_scope)
            finished = await self._send_lines(send)
            tasks.cancel_scope.cancel()
        if finished:
            await send({"type": "http.response.body", "body": b""})

    async def _send_lines(self, send: Send) -> bool:
        cursor = self.buffer.end
        blocks = [b"keepalive\n\n"]
        quiet = 0.0
        while True:
            if blocks:
                quiet = 0.0
                with anyio.move_on_after(SEND_TIMEOUT) as patience:
                    await send({"type": "http.response.body", "body": b"".join(blocks), "more_body": True})
                if patience.cancelled_caught:
                    return False
            if self.buffer.closed:
                return True
            # Lines come from any thread; looking for them now and then costs less than waking a reader for each.
            await anyio.sleep(_LOOK_SECONDS)
            quiet += _LOOK_SECONDS
            lines, cursor = self.buffer.since(cursor)
            blocks = [to_json({str(milliseconds): line}) + b"\n\n" for milliseconds, line in lines]
            if not blocks and quiet >= KEEPALIVE_SECONDS:
                blocks = [b"keepalive\n\n"]


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/logs",
        handler=read_logs,
        summary="Recent log lines",
        tag="Logs",
        query=LogsQuery,
        response=dict[str, str],
        errors=(BadRequest, LogRetrievalDisabled),
    ),
    Endpoint(
        method="GET",
        path="/logs-stream",
        handler=stream_logs,
        summary="Log lines as they are written",
        tag="Logs",
        media_type="text/event-stream",
        errors=(LogRetrievalDisabled,),
    ),
)
