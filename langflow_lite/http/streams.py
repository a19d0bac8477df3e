"""Answering with the events of a run: v1 frames, and a client that may go away at any moment."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.lowlevel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from langflow_lite.events import Frames
from langflow_lite.http.endpoint import runtime_of

__all__ = ["EVENT_STREAM", "NDJSON", "SEND_TIMEOUT", "EventResponse", "cancel_when_gone", "followed"]

EVENT_STREAM = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
SEND_TIMEOUT = 30.0
"""Seconds a client may leave the socket full before it counts as gone."""

# As many as connecting to a server on this machine takes.
_TURNS_FOR_THE_RUN = 4


class EventResponse(Response):
    """Numbered frames, each one JSON object on a line and then an empty line (contract: *Run, streamed*).

    Despite the content type of streamed runs there is no `data:` in front; published clients depend on that. With
    `produce`, the run that makes them lives and dies with this response: it is started here and cancelled when the
    client goes. Without it, the run belongs to someone else and is only followed.
    """

    def __init__(
        self,
        frames: AsyncIterator[Frames],
        produce: Callable[[], Coroutine[Any, Any, None]] | None = None,
        *,
        media_type: str = EVENT_STREAM,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.frames = frames
        self.produce = produce
        self.status_code = 200
        self.background = None
        self._sending_since = math.inf
        self.init_headers({"content-type": media_type, "cache-control": "no-cache", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream (ASGI); returns when they have ended or the client has gone."""
        frames, produce = self.frames, self.produce
        # The watch is cancelled in the end, and its traceback holds this response until the garbage collector comes by,
        # which counts objects and not the size of what was sent.
        del self.frames, self.produce
        finished = False
        async with anyio.create_task_group() as tasks:
            if produce is not None:
                tasks.start_soon(produce)
            tasks.start_soon(self._watch, receive, tasks.cancel_scope)
            # The run has the first turns: what it asks of others leaves before the head, its first events with it.
            for _ in range(_TURNS_FOR_THE_RUN):
                await anyio.lowlevel.checkpoint()
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            with followed(scope):
                await self._send_frames(frames, send)
            finished = True
            tasks.cancel_scope.cancel()
        if finished:
            await send({"type": "http.response.body", "body": b""})

    async def _send_frames(self, batches: AsyncIterator[Frames], send: Send) -> None:
        async for frames in batches:
            body = b"".join([frame + b"\n\n" for _, frame in frames])
            self._sending_since = anyio.current_time()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            self._sending_since = math.inf

    async def _watch(self, receive: Receive, scope: anyio.CancelScope) -> None:
        """Cancel the scope when the client has gone, or has left the socket full for `SEND_TIMEOUT` and up to twice that.

        Watching beside the sending costs nothing for a frame; a time limit around each would cost more than the frame.
        """
        while anyio.current_time() - self._sending_since < SEND_TIMEOUT:
            with anyio.move_on_after(SEND_TIMEOUT):
                await cancel_when_gone(receive, scope)
                return
        scope.cancel()


@contextmanager
def followed(scope: Scope) -> Iterator[None]:
    """Tell the observer of the server that events are being followed for as long as this lasts."""
    observer = runtime_of(scope).observer
    observer.stream_began()
    try:
        yield
    finally:
        observer.stream_ended()


async def cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    """Wait until the client has gone and cancel the scope then."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
