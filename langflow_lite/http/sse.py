"""Real server-sent events: the streams of the Workflow API (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from itertools import starmap
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus
from starlette.types import Receive, Scope, Send

from langflow_lite.events import Frames
from langflow_lite.http.streams import SEND_TIMEOUT, followed

__all__ = ["event_source"]

KEEPALIVE_SECONDS = 15

# A stream ends with its job's terminal event, which the shutdown of the jobs brings about; not at the signal.
AppStatus.enable_automatic_graceful_drain = False


def event_source(
    frames: AsyncIterator[tuple[int, bytes]] | AsyncIterator[Frames],
    produce: Callable[[], Awaitable[None]] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> EventSourceResponse:
    """Answer with numbered frames, one or several at a time, as `id:` and `data:`, and with comments in quiet times.

    With `produce`, the run that makes the frames lives and dies with this response. A client that leaves its socket
    full for too long counts as gone.
    """

    async def sender() -> None:
        if produce is not None:
            await produce()

    async def events() -> AsyncIterator[bytes]:
        async for item in frames:
            yield _encode(*item) if isinstance(item, tuple) else b"".join(starmap(_encode, item))

    run: Callable[[], Coroutine[Any, Any, None]] | None = None if produce is None else sender
    return _EventSource(
        events(),
        headers=headers,
        data_sender_callable=run,
        ping=KEEPALIVE_SECONDS,
        ping_message_factory=lambda: ServerSentEvent(comment="keepalive", sep="\n"),
        send_timeout=SEND_TIMEOUT,
        sep="\n",
    )


class _EventSource(EventSourceResponse):
    """The response of the library, which counts as a follower while it lasts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with followed(scope):
                await super().__call__(scope, receive, send)
        finally:
            # As in `EventResponse`: the tracebacks of the library's cancelled tasks hold this object.
            del self.body_iterator, self.data_sender_callable


def _encode(number: int, frame: bytes) -> bytes:
    # JSON as it is written here has no line breaks.
    return b"id: %d\ndata: %b\n\n" % (number, frame)
