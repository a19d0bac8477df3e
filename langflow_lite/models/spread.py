"""SpreadTransport: many small connection pools in place of a large one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx2

__all__ = ["SpreadTransport"]

_POOLS = 64


class SpreadTransport(httpx2.AsyncBaseTransport):
    """Sends each request through the least busy of its transports, which `make` makes when first needed.

    A pool looks at all of its connections for every request, and asks the kernel about each idle one; with a hundred
    streams at once that costs more than the requests. Requests one after the other all use the first pool, so their
    connections are reused.
    """

    def __init__(self, make: Callable[[], httpx2.AsyncBaseTransport]) -> None:
        self._make = make
        self._transports: list[httpx2.AsyncBaseTransport] = []
        self._active: list[int] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; its pool counts as busy until the response is closed."""
        index = self._least_busy()
        self._active[index] += 1
        try:
            response = await self._transports[index].handle_async_request(request)
        except BaseException:
            self._active[index] -= 1
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream, lambda: self._leave(index))
        return response

    def _least_busy(self) -> int:
        best = min(range(len(self._active)), key=self._active.__getitem__, default=-1)
        if best >= 0 and (self._active[best] == 0 or len(self._active) == _POOLS):
            return best
        self._transports.append(self._make())
        self._active.append(0)
        return len(self._active) - 1

    def _leave(self, index: int) -> None:
        self._active[index] -= 1

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._transports:
            await transport.aclose()


class _Counted(httpx2.AsyncByteStream):
    """A response body that tells when it is closed, once."""

    def __init__(self, stream: httpx2.AsyncByteStream, left: Callable[[], None]) -> None:
        self._stream = stream
        self._left: Callable[[], None] | None = left

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        """Close the body and let the pool go."""
        left, self._left = self._left, None
        if left is not None:
            left()
        await self._stream.aclose()
