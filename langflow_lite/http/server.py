"""How uvicorn is to be run: with limits on time and size that it does not have by itself."""

from __future__ import annotations

import asyncio
import http
import math
import resource
from collections.abc import Awaitable
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from langflow_lite.http.errors import WHOLE_ANSWER
from langflow_lite.http.guard import MAX_HEADER_BYTES, MAX_URL_BYTES
from langflow_lite.settings import Settings
from langflow_lite.values import to_json

__all__ = ["BODY_SECONDS", "HEAD_SECONDS", "BoundedProtocol", "uvicorn_config"]

HEAD_SECONDS = 10.0
"""Seconds a connection may take to send the head of its first request, or of one it has begun."""

BODY_SECONDS = 30.0
"""Seconds in which a body that the server is reading must bring `BODY_BYTES` or its end."""

BODY_BYTES = 16 * 1024

RESERVED_FILES = 16
"""Descriptors that connections leave to the database, to files and to calls to others; fewer where there are few at all."""

_FILES_AT_REST = 32
_EXTENSIONS: dict[str, dict[object, object]] = {WHOLE_ANSWER: {}}
# The largest head the guard would let pass; the parser itself has no limit and keeps all of it in memory.
HEAD_BYTES = MAX_HEADER_BYTES + MAX_URL_BYTES


def uvicorn_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """The configuration to serve `app` with. Host and port are the settings'; logging is left to the caller.

    Forwarding headers are not believed, since any local program could send them; the access log is off, since URLs
    may hold keys; httptools is named because the other parser accepts ambiguous requests.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        # One second more than jobs get, so that whoever follows one is still there to be told its end.
        timeout_graceful_shutdown=math.ceil(settings.shutdown_grace) + 1,
    )


class BoundedProtocol(HttpToolsProtocol):
    """The httptools protocol with a clock on heads and bodies, a limit on heads, and no absolute-form targets.

    It can send a whole answer in one write (`WHOLE_ANSWER`), which is one packet and one system call less for each
    request.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._body_bytes = 0
        self._reading_head = False
        self._reading_body = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection that says nothing is closed like one that speaks too slowly.

        One that takes a descriptor which the requests of others may need for their work is closed at once.
        """
        super().connection_made(transport)
        if _takes_a_reserved_file(transport):
            self._refuse(503, "The server has as many connections open as it may; try again in a moment")
            return
        self._timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse input, counting what belongs to a head or body that is not complete yet."""
        super().data_received(data)
        if self._reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, "The head of the request is too large")
            elif self._timer is None:
                self._timer = self.loop.call_later(HEAD_SECONDS, self._head_late)
        elif self._reading_body:
            self._body_bytes += len(data)
            if self._timer is None:
                self._start_body_timer()

    def on_message_begin(self) -> None:
        """A request begins (parser callback)."""
        super().on_message_begin()
        self._head_bytes = 0
        self._reading_head = True

    def on_headers_complete(self) -> None:
        """The head is complete (parser callback); the clock now runs for the body."""
        self._reading_head = False
        self._stop_timer()
        if not self.url.startswith(b"/"):
            # Only proxies need other forms, and in them the target's host may differ from the Host header.
            raise ValueError("the request target is not a path")
        super().on_headers_complete()
        self._reading_body = True

    def on_message_complete(self) -> None:
        """The body is complete (parser callback)."""
        self._reading_body = False
        self._stop_timer()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope["extensions"] = _EXTENSIONS
        super()._start_asgi_task(cycle, _Exchange(cycle, app))  # type: ignore[arg-type]

    def _start_body_timer(self) -> None:
        self._body_bytes = 0
        self._timer = self.loop.call_later(BODY_SECONDS, self._body_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_late(self) -> None:
        self._timer = None
        self._refuse(408, f"The head of the request did not arrive within {HEAD_SECONDS:g} seconds")

    def _body_late(self) -> None:
        self._timer = None
        # While the server itself does not read on, the client is not to blame.
        if self._body_bytes >= BODY_BYTES or self.flow.read_paused:
            self._start_body_timer()
        else:
            self._refuse(408, "The body of the request arrives too slowly")

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or self._reading_head:
                # Another answer is on its way; writing into it would garble both.
                self.transport.close()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        body = to_json({"detail": message})
        head = (
            f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _takes_a_reserved_file(transport: asyncio.Transport) -> bool:
    """Whether the last descriptors are being taken: their numbers tell, because the lowest free one is always taken."""
    connected = transport.get_extra_info("socket")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if connected is None or limit == resource.RLIM_INFINITY:
        return False
    reserved = min(RESERVED_FILES, max(0, (limit - _FILES_AT_REST) // 2))
    return bool(connected.fileno() >= limit - reserved)


class _Exchange:
    """One request on its way through the application, whose answer may come as one message."""

    __slots__ = ("_app", "_cycle")

    def __init__(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        self._cycle = cycle
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._app(scope, receive, self._send)

    def _send(self, message: Any) -> Awaitable[None]:
        return self._send_whole(message) if message["type"] == WHOLE_ANSWER else self._cycle.send(message)

    async def _send_whole(self, message: Message) -> None:
        """What the cycle does with the head and the body of an answer, in one write."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        headers = (*cycle.default_headers, *message["headers"])
        parts = [STATUS_LINE[message["status"]]]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        head = b"".join(parts)
        if head.count(b"\n") != len(headers) + 1:
            raise RuntimeError("a header with a line break")
        ending = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        body = b"" if cycle.scope["method"] == "HEAD" else message["body"]
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join((head, ending, body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
