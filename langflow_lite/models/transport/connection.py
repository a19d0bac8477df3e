"""Connection: one HTTP/1.1 connection, which carries one exchange at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import cast

import httpx2

from langflow_lite.models.transport.request import RequestHead, framed
from langflow_lite.models.transport.response import ResponseParser

__all__ = ["Connection", "Limits"]

_READ_AHEAD = 256 * 1024
_WRITE_AT_ONCE = 64 * 1024

Limits = dict[str, float | None]
"""Seconds for `connect` and for each `read` and `write`, as httpx2 puts them into a request's extensions."""


class Connection(asyncio.Protocol):
    """A connection to one origin.

    An exchange is `send`, `receive_head`, then `receive` until it returns nothing; only then `is_idle` may become true.
    Whoever gives up before that has to `abort`. The errors are httpx2's.
    """

    def __init__(self) -> None:
        self.when_lost: Callable[[Connection], None] | None = None
        """Called when an idle connection is lost."""
        self.reused = False
        self.idle_until = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: ResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()
        self._error: httpx2.TransportError | None = None
        self._closes = False
        self._reading_paused = False
        self._writing_paused = False
        self._deadline = 0.0
        self._too_late: type[httpx2.TimeoutException] = httpx2.ReadTimeout
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether the connection is up, as far as anyone knows."""
        return self._transport is not None and not self._transport.is_closing() and self._error is None

    @property
    def was_answered(self) -> bool:
        """Whether any byte of the answer has come."""
        return self._parser is not None and self._parser.has_begun

    async def send(self, head: RequestHead, body: httpx2.AsyncByteStream, limits: Limits, *, to_head: bool) -> None:
        """Send a request; returns early when the server refuses it before it has all of it."""
        assert self._transport is not None
        self._parser = ResponseParser(to_head=to_head)
        self._closes = head.closes
        if isinstance(body, httpx2.ByteStream) and head.length is not None:
            await self._send_bytes(head, b"".join(body), limits.get("write"))
            return
        self._transport.write(head.content)
        async with aclosing(framed(body, head.length)) as pieces:
            async for piece in pieces:
                if not await self._write(piece, limits.get("write")):
                    return

    async def _send_bytes(self, head: RequestHead, content: bytes, seconds: float | None) -> None:
        assert self._transport is not None
        if len(content) != head.length:
            raise httpx2.LocalProtocolError("the body is not as long as its content-length says")
        if len(content) <= _WRITE_AT_ONCE:
            self._transport.write(head.content + content)
            return
        self._transport.write(head.content)
        view = memoryview(content)
        for at in range(0, len(content), _WRITE_AT_ONCE):
            if not await self._write(view[at : at + _WRITE_AT_ONCE], seconds):
                return

    async def _write(self, piece: bytes | memoryview, seconds: float | None) -> bool:
        """Whether the server wants more after this piece."""
        assert self._transport is not None
        assert self._parser is not None
        while True:
            if self._parser.status >= 400 or self._parser.is_complete:
                self._closes = True
                return False
            if self._error is not None:
                raise httpx2.WriteError(str(self._error)) from self._error
            if not self._writing_paused:
                self._transport.write(piece)
                return True
            await self._wait(seconds, httpx2.WriteTimeout)

    async def receive_head(self, seconds: float | None) -> ResponseParser:
        """The answer, once its head is there."""
        assert self._parser is not None
        while not self._parser.has_head:
            if self._error is not None:
                raise self._error
            await self._wait(seconds, httpx2.ReadTimeout)
        return self._parser

    async def receive(self, seconds: float | None) -> bytes:
        """The next piece of the body, as much as there is; nothing at its end."""
        parser = self._parser
        assert parser is not None
        while True:
            if parser.buffered:
                if self._reading_paused:
                    self._resume_reading()
                return parser.take()
            if parser.is_complete:
                return b""
            if self._error is not None:
                raise self._error
            await self._wait(seconds, httpx2.ReadTimeout)

    def finish(self) -> bool:
        """End the exchange; whether the connection can carry another one. If not, it is closed."""
        parser, self._parser = self._parser, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if parser is None or not parser.is_complete or not parser.is_reusable or self._closes or not self.is_open:
            self.abort()
            return False
        if self._reading_paused:
            self._resume_reading()
        self.reused = True
        return True

    @property
    def keep_alive_timeout(self) -> float | None:
        """What the server said about it in the present exchange."""
        return self._parser.keep_alive_timeout if self._parser is not None else None

    def abort(self) -> None:
        """Close at once; whoever waits gets an error."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
        self._fail(httpx2.ReadError("the connection was closed"))

    def close(self) -> None:
        """Close an idle connection, with TLS's farewell."""
        if self._transport is not None:
            self._transport.close()
        self._fail(httpx2.ReadError("the connection was closed"))

    async def wait_lost(self) -> None:
        """Return when the connection is gone."""
        await self._lost.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)
        if transport.get_extra_info("sslcontext") is None:
            # uvloop would keep what is written until everyone else has had a turn; the server can begin before that.
            self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        parser = self._parser
        if parser is None:
            # Nobody asked: what comes on an idle connection would be taken for the answer to the next request.
            self.abort()
            return
        try:
            parser.feed(data)
        except httpx2.RemoteProtocolError as error:
            self._fail(error)
            return
        if parser.buffered > _READ_AHEAD and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Called by the event loop; the connection is closed then."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        if exc is not None and self._error is None:
            self._fail(httpx2.ReadError(str(exc) or type(exc).__name__))
        self._end()
        self._lost.set()
        if self.when_lost is not None:
            self.when_lost(self)

    def pause_writing(self) -> None:
        """Called by the event loop."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """Called by the event loop."""
        self._writing_paused = False
        self._wake()

    def _end(self) -> None:
        try:
            if self._parser is not None and self._error is None:
                self._parser.feed_eof()
        except httpx2.RemoteProtocolError as error:
            self._fail(error)
        else:
            self._fail(httpx2.ReadError("the connection was closed"))

    def _fail(self, error: httpx2.TransportError) -> None:
        if self._error is None:
            self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _resume_reading(self) -> None:
        self._reading_paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def _wait(self, seconds: float | None, too_late: type[httpx2.TimeoutException]) -> None:
        """Return at the next event, whatever it is.

        One timer serves a whole exchange: set anew for every token it would cost more than reading the token.
        """
        if seconds is not None:
            self._deadline = self._loop.time() + seconds
            self._too_late = too_late
            if self._timer is not None and self._timer.when() > self._deadline:
                self._timer.cancel()
                self._timer = None
            if self._timer is None:
                self._timer = self._loop.call_at(self._deadline, self._check_time)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _check_time(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._check_time)
        else:
            self._waiter.set_exception(self._too_late("nothing came in time"))
