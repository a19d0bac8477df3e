"""What every request must pass before anything reads it: its Host, its Origin, and the sizes of its head and body."""

from __future__ import annotations

import re
from ipaddress import ip_address

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from langflow_lite.errors import PayloadTooLarge, RequestRefused
from langflow_lite.settings import Settings

__all__ = ["MAX_HEADER_BYTES", "MAX_URL_BYTES", "Guard"]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
MAX_URL_BYTES = 16 * 1024
MEGABYTE = 1024 * 1024
# Room for the boundaries and part headers around an uploaded file of the largest size.
MULTIPART_ROOM = 64 * 1024

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{1,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::", ""})  # noqa: S104
_CORS_METHODS = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
_HEADER_NAMES = re.compile(rb"[A-Za-z0-9_\-, ]{0,1024}")


class Guard:
    """ASGI layer in front of the API.

    The Host header is checked against names that are ours, so that a web page cannot reach the server through a
    name it controls (DNS rebinding); Origin and Sec-Fetch-Site are checked on methods that change something, so that
    no foreign page can make the browser of the local user call the API. Refusals are `RequestRefused` with status
    400, 403, 421 or 431, and `PayloadTooLarge`.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._any_host = "*" in settings.allowed_hosts
        self._any_address = settings.host in _ALL_ADDRESSES
        self._hosts = _LOOPBACK_NAMES | {_host_name(name) for name in (settings.host, *settings.allowed_hosts)}
        self._any_origin = "*" in settings.cors_origins
        self._origins = frozenset(origin.rstrip("/").lower().encode() for origin in settings.cors_origins)
        self._body_limit = settings.max_body_size * MEGABYTE
        self._last_host = b""
        self._upload_limit = settings.max_file_size_upload * MEGABYTE + MULTIPART_ROOM

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        host = origin = site = length = None
        multipart = chunked = False
        size = 0
        for name, value in scope["headers"]:
            size += len(name) + len(value) + 4
            if name == b"host":
                if host is not None:
                    raise RequestRefused("There is more than one Host header")
                host = value
            elif name == b"origin":
                origin = value.lower()
            elif name == b"sec-fetch-site":
                site = value
            elif name == b"content-length":
                length = value
            elif name == b"transfer-encoding":
                chunked = True
            elif name == b"content-type":
                multipart = value[:10].lower() == b"multipart/"
        self._check_head(scope, size)
        self._check_host(host)
        trusted = origin is not None and (self._any_origin or origin in self._origins)
        method = scope["method"]
        if origin is not None and trusted:
            scope["langflow_lite.headers"] += [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
            if method == "OPTIONS" and await _answer_preflight(scope, send):
                return
        if method not in _SAFE_METHODS and not trusted:
            _check_origin(host, origin, site)
        limit = self._upload_limit if multipart else self._body_limit
        if length is not None:
            if not length.isdigit():
                raise RequestRefused("Content-Length is not a number")
            # By digits first: Python refuses to read numbers of thousands of them.
            digits = length.lstrip(b"0") or b"0"
            if len(digits) > 15 or int(digits) > limit:
                raise self._too_large(multipart)
        if chunked or length is None:
            receive = self._count_body(receive, limit, multipart)
        await self.app(scope, receive, send)

    def _check_head(self, scope: Scope, size: int) -> None:
        if len(scope["headers"]) > MAX_HEADERS or size > MAX_HEADER_BYTES:
            raise RequestRefused(
                f"The request has more than {MAX_HEADERS} headers or {MAX_HEADER_BYTES // 1024} KB of them", 431
            )
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
            raise RequestRefused(f"The URL is longer than {MAX_URL_BYTES // 1024} KB", 414)

    def _check_host(self, host: bytes | None) -> None:
        if not host:
            raise RequestRefused("The Host header is missing")
        if host == self._last_host:
            return
        parsed = _HOST.fullmatch(host.decode("latin-1").lower())
        if parsed is None:
            raise RequestRefused("The Host header is not a host name with an optional port")
        name = parsed["name"]
        # Bound to every address, the server is reached by addresses it does not know; only names can be rebound.
        known = name in self._hosts or self._any_host or (self._any_address and _is_address(name))
        if not known:
            raise RequestRefused(f"This server is not {name}; if it should be, add it to LANGFLOW_ALLOWED_HOSTS", 421)
        # Nearly all requests name the same one.
        self._last_host = host

    def _count_body(self, receive: Receive, limit: int, multipart: bool) -> Receive:
        received = 0
        refused = False

        async def counted() -> Message:
            nonlocal received, refused
            message = await receive()
            if message["type"] == "http.request" and not refused:
                received += len(message.get("body", b""))
                if received > limit:
                    # Raised once: whoever refuses the request drops the rest of the body through this very channel.
                    refused = True
                    raise self._too_large(multipart)
            return message

        return counted

    def _too_large(self, multipart: bool) -> PayloadTooLarge:
        if multipart:
            limit, env = (self._upload_limit - MULTIPART_ROOM) // MEGABYTE, "LANGFLOW_MAX_FILE_SIZE_UPLOAD"
        else:
            limit, env = self._body_limit // MEGABYTE, "LANGFLOW_MAX_BODY_SIZE"
        return PayloadTooLarge(f"The body is larger than {limit} MB ({env})")


def _host_name(name: str) -> str:
    lowered = name.lower().rstrip(".")
    return f"[{lowered}]" if ":" in lowered and not lowered.startswith("[") and _is_address(lowered) else lowered


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _check_origin(host: bytes | None, origin: bytes | None, site: bytes | None) -> None:
    """Refuse what another site makes a browser send; programs that are not browsers send neither header."""
    if site is not None:
        if site in (b"same-origin", b"none"):
            return
    elif origin is None:
        return
    # The scheme is not compared: behind a proxy that ends TLS the page says https and this server http.
    if origin is not None and host is not None and origin.partition(b"://")[2] == host.lower():
        return
    raise RequestRefused(
        "Requests from other web sites are refused; allow the site with LANGFLOW_CORS_ORIGINS if it is yours", 403
    )


async def _answer_preflight(scope: Scope, send: Send) -> bool:
    asked = dict(scope["headers"])
    if b"access-control-request-method" not in asked:
        return False
    wanted = asked.get(b"access-control-request-headers", b"")
    headers = [(b"access-control-allow-methods", _CORS_METHODS), (b"access-control-max-age", b"600")]
    if wanted and _HEADER_NAMES.fullmatch(wanted):
        headers.append((b"access-control-allow-headers", wanted))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
    return True
