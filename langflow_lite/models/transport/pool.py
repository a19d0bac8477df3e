"""Pool: idle connections, by origin."""

from __future__ import annotations

import asyncio

import anyio

from langflow_lite.models.transport.connection import Connection

__all__ = ["Origin", "Pool"]

_FAREWELL = 1.0

Origin = tuple[str, str, int]
"""Scheme, host and port."""


class Pool:
    """Keeps idle connections for the next request to their origin: at most `size`, for at most `expiry` seconds.

    Taking and giving back cost the same however many there are. The one that was used last is taken first.
    """

    def __init__(self, *, size: int, expiry: float) -> None:
        self._size = size
        self._expiry = expiry
        self._idle: dict[Origin, dict[Connection, None]] = {}
        self._origins: dict[Connection, Origin] = {}
        self._busy: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def idle(self) -> int:
        """How many connections are kept."""
        return len(self._origins)

    @property
    def busy(self) -> int:
        """How many connections carry an exchange."""
        return len(self._busy)

    def take(self, origin: Origin) -> Connection | None:
        """An idle connection to this origin that is still up; None if there is none."""
        idle = self._idle.get(origin)
        while idle:
            connection = next(reversed(idle))
            self._forget(connection)
            if connection.is_open and asyncio.get_running_loop().time() < connection.idle_until:
                self._busy.add(connection)
                return connection
            connection.close()
        return None

    def add(self, connection: Connection) -> None:
        """Count a new connection as busy."""
        if self._closed:
            connection.abort()
        self._busy.add(connection)
        connection.when_lost = self._lost

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """End an exchange: keep the connection if it can serve again, else close it. Does nothing the second time."""
        if connection not in self._busy:
            return
        self._busy.discard(connection)
        promised = connection.keep_alive_timeout
        if not connection.finish():
            return
        # A request that is on its way when the server closes is lost, so half a second of its promise is left unused.
        expiry = self._expiry if promised is None else min(self._expiry, promised - 0.5)
        if self._closed or expiry <= 0 or len(self._origins) >= self._size:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_until = loop.time() + expiry
        self._idle.setdefault(origin, {})[connection] = None
        self._origins[connection] = origin
        if self._sweep is None:
            self._sweep = loop.call_later(self._expiry, self._close_expired)

    def discard(self, connection: Connection) -> None:
        """Close a connection whose exchange was given up."""
        self._busy.discard(connection)
        connection.abort()

    async def aclose(self) -> None:
        """Close all connections, and wait until they are gone, a second at most."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        idle, busy = list(self._origins), list(self._busy)
        for connection in idle:
            connection.close()
        for connection in busy:
            connection.abort()
        with anyio.move_on_after(_FAREWELL, shield=True):
            for connection in (*idle, *busy):
                await connection.wait_lost()
        for connection in idle:
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        origin = self._origins.pop(connection)
        idle = self._idle[origin]
        del idle[connection]
        if not idle:
            del self._idle[origin]

    def _lost(self, connection: Connection) -> None:
        if connection in self._origins:
            self._forget(connection)

    def _close_expired(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in [connection for connection in self._origins if connection.idle_until <= loop.time()]:
            self._forget(connection)
            connection.close()
        self._sweep = loop.call_later(self._expiry, self._close_expired) if self._origins else None
