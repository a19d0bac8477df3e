"""How errors become answers: `{"detail": ...}` with the error's own status, and nothing of the server's inside."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable
from typing import Any
from uuid import uuid4

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from langflow_lite.errors import LangflowError, PayloadTooLarge
from langflow_lite.shortage import Shortage
from langflow_lite.values import to_json

__all__ = ["WHOLE_ANSWER", "ErrorBoundary", "MethodNotAllowed", "TooManyRequests", "send_json"]

logger = logging.getLogger(__name__)

JSON_TYPE = (b"content-type", b"application/json")
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
LINGER_SECONDS = 2.0
LINGER_IDLE_SECONDS = 0.25

WHOLE_ANSWER = "langflow_lite.http.response"
"""Type of a message with a whole answer: `status`, `headers` (the length among them, none for this hop) and `body`.

An extension of ASGI, which by itself has only a head and a body, of servers that name it in `scope["extensions"]`.
"""


class MethodNotAllowed(LangflowError):
    """405: the path exists, but not with this method; `Allow` names those that do (RFC 9110 section 15.5.6)."""

    status = 405
    code = "METHOD_NOT_ALLOWED"

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("Method Not Allowed")
        self.allowed = ", ".join(allowed)

    @property
    def headers(self) -> dict[str, str]:
        """Name the methods that are allowed."""
        return {"Allow": self.allowed}


class TooManyRequests(LangflowError):
    """429: this peer presented too many wrong credentials; `retry_after` is in seconds."""

    status = 429
    code = "TOO_MANY_REQUESTS"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Say when to come back."""
        return {"Retry-After": str(self.retry_after)}


def send_json(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> Awaitable[None]:
    """Send a whole answer whose body is JSON text, inside an `ErrorBoundary`."""
    return send({"type": WHOLE_ANSWER, "status": status, "headers": _json_headers(body, headers), "body": body})


def _json_headers(body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [JSON_TYPE, (b"content-length", b"%d" % len(body)), *headers]


class ErrorBoundary:
    """Outermost ASGI layer: answers every exception, and puts the security headers on every response.

    A `LangflowError` is answered with its status, detail and headers, and so is a shortage. Anything else is logged
    with an id and answered as a 500 that carries only that id. Once a response has begun, an error can only break the
    connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        extra: list[tuple[bytes, bytes]] = []
        scope["langflow_lite.headers"] = extra
        takes_whole = WHOLE_ANSWER in scope.get("extensions", ())

        async def guarded_send(message: Message) -> None:
            nonlocal started
            kind = message["type"]
            if kind != "http.response.body":
                started = True
                scope["langflow_lite.status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), *SECURITY_HEADERS, *extra]
            if kind == WHOLE_ANSWER and not takes_whole:
                body = message.pop("body")
                await send({**message, "type": "http.response.start"})
                message = {"type": "http.response.body", "body": body}
            await send(message)

        try:
            await self.app(scope, receive, guarded_send)
        except ClientDisconnect:
            return
        except PayloadTooLarge as error:
            if started:
                raise
            await _refuse_body(error, receive, guarded_send)
        except (LangflowError, HTTPException) as error:
            if started:
                raise
            status, detail, headers = _describe(error)
            await send_json(guarded_send, status, to_json({"detail": detail}), headers)
        except Exception as error:
            shortage = Shortage.behind(error)
            if shortage is not None and not started:
                status, detail, headers = _describe(shortage)
                await send_json(guarded_send, status, to_json({"detail": detail}), headers)
                return
            error_id = uuid4().hex
            # The query may hold a key, so the path alone is logged.
            logger.exception("error %s in %s %r", error_id, scope["method"], scope["path"])
            if started:
                raise
            body = {"detail": "Internal Server Error", "error_id": error_id}
            await send_json(guarded_send, 500, to_json(body))


def _describe(error: LangflowError | HTTPException) -> tuple[int, Any, list[tuple[bytes, bytes]]]:
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, error.detail, dict(error.headers or {})
    else:
        status, detail, headers = error.status, error.detail, dict(error.headers)
        if status >= 500:
            logger.error("%s: %s", error.code, error.message)
    encoded = [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in headers.items()
    ]
    return status, detail, encoded


async def _refuse_body(error: PayloadTooLarge, receive: Receive, send: Send) -> None:
    body = to_json({"detail": error.detail})
    headers = _json_headers(body, [(b"connection", b"close")])
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    # Closing a socket with unread input resets it, and the client would lose the answer it has not read yet. So the
    # rest of the body is read and dropped for a moment before the connection goes.
    with anyio.move_on_after(LINGER_SECONDS):
        more = True
        while more:
            more = False
            with anyio.move_on_after(LINGER_IDLE_SECONDS):
                message = await receive()
                more = message["type"] == "http.request" and message.get("more_body", False)
    await send({"type": "http.response.body", "body": b""})
