"""Http1Transport: sends the requests of an httpx2 client over HTTP/1.1."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2

from langflow_lite.models.transport.connection import Connection, Limits
from langflow_lite.models.transport.dialer import Dialer
from langflow_lite.models.transport.pool import Origin, Pool
from langflow_lite.models.transport.request import IDEMPOTENT, RequestHead, encode_head
from langflow_lite.models.transport.response import ResponseParser

__all__ = ["Http1Transport"]

_PORTS = {"http": 80, "https": 443}


class Http1Transport(httpx2.AsyncBaseTransport):
    """Carries each request over a connection of its own, new or kept, and its answer back as it comes.

    Redirects, cookies and content codings are the client's. The timeouts are httpx2's: `connect` for a whole new
    connection, `read` and `write` for each wait. A request is sent a second time in one case only: the kept connection
    turned out to be dead before any byte came back, and the request is idempotent and its body still there. For
    asyncio; httptools parses.
    """

    def __init__(self, dialer: Dialer, *, max_idle: int = 256, keepalive_expiry: float = 30.0) -> None:
        self._dialer = dialer
        self._pool = Pool(size=max_idle, expiry=keepalive_expiry)

    @property
    def idle(self) -> int:
        """How many connections are kept for the next request."""
        return self._pool.idle

    @property
    def busy(self) -> int:
        """How many connections carry an exchange."""
        return self._pool.busy

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and return when the head of the answer is there.

        Raises httpx2's transport errors, and `OutboundRefused` from the dialer.
        """
        origin = _origin(request.url)
        head = encode_head(request)
        limits: Limits = request.extensions.get("timeout", {})
        connection = self._pool.take(origin)
        if connection is not None:
            with suppress(_Stale):
                return await self._exchange(connection, origin, request, head, limits)
        scheme, host, port = origin
        connection = await self._dialer.connect(host, port, tls=scheme == "https", seconds=limits.get("connect"))
        self._pool.add(connection)
        return await self._exchange(connection, origin, request, head, limits)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def _exchange(
        self, connection: Connection, origin: Origin, request: httpx2.Request, head: RequestHead, limits: Limits
    ) -> httpx2.Response:
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        try:
            await connection.send(head, request.stream, limits, to_head=request.method == "HEAD")
            parser = await connection.receive_head(limits.get("read"))
        except BaseException as error:
            lost = isinstance(error, (httpx2.NetworkError, httpx2.RemoteProtocolError)) and not connection.was_answered
            self._pool.discard(connection)
            repeatable = request.method in IDEMPOTENT and isinstance(request.stream, httpx2.ByteStream)
            if lost and connection.reused and repeatable:
                raise _Stale from error
            raise
        body = _Body(self._pool, connection, origin, parser, limits.get("read"))
        return httpx2.Response(
            parser.status,
            headers=parser.headers,
            stream=body,
            extensions={"http_version": parser.http_version, "reason_phrase": parser.reason},
        )


class _Stale(Exception):
    """A kept connection was dead; the request may be sent over another."""


class _Body(httpx2.AsyncByteStream):
    """The body of an answer. The connection goes back to the pool when all of it has come, and is closed otherwise."""

    def __init__(
        self, pool: Pool, connection: Connection, origin: Origin, parser: ResponseParser, seconds: float | None
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._origin = origin
        self._parser = parser
        self._seconds = seconds
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self._connection.receive(self._seconds):
                yield piece
        finally:
            self._close()

    async def aclose(self) -> None:
        """Let the connection go."""
        self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._pool.give_back(self._origin, self._connection)


def _origin(url: httpx2.URL) -> Origin:
    if url.scheme not in _PORTS:
        raise httpx2.UnsupportedProtocol(
            f"the URL has the protocol {url.scheme!r}; http:// and https:// can be called"
            if url.scheme
            else "the URL does not begin with http:// or https://"
        )
    if not url.host:
        raise httpx2.UnsupportedProtocol("the URL has no host")
    return url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]
