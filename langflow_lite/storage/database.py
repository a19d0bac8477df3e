"""Database: the SQLite file of a server, opened, checked and migrated, with one writer and a few readers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import aiosqlite
import anyio
import anyio.to_thread

from langflow_lite.engine.observer import Observer
from langflow_lite.errors import StorageError
from langflow_lite.storage.extension import has_vector_functions, load_vector_functions
from langflow_lite.storage.failures import storage_error
from langflow_lite.storage.schema import prepare
from langflow_lite.storage.writer import Writer

__all__ = ["Database"]

T = TypeVar("T")
Row = tuple[Any, ...]

_MAX_READERS = 3


class Database:
    """An async context manager around the file at `path`; enter and leave it in the same task.

    Entering raises `StorageUnusable` when the file cannot be used. Leaving commits everything that was handed to the
    writer, even if the surrounding scope is cancelled. `busy_timeout` is how many seconds a write waits for another
    program's lock; `observer` is told of what is written.
    """

    def __init__(self, path: Path, *, busy_timeout: float = 2.0, observer: Observer | None = None) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        self._observer = observer or Observer()
        self._writer: Writer | None = None
        self._readers: list[_Reader] = []
        self._opening = anyio.Lock()
        self._stack = AsyncExitStack()

    @property
    def writer(self) -> Writer:
        """Where all writes go. Raises `StorageError` while the database is not open."""
        if self._writer is None:
            raise StorageError("The database is not open.")
        return self._writer

    async def __aenter__(self) -> Database:
        await anyio.to_thread.run_sync(lambda: prepare(self.path, busy_timeout=self._busy_timeout))
        self._writer = await Writer.open(self.path, busy_timeout=self._busy_timeout, observer=self._observer)
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(self._writer.run, name="database writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            with anyio.CancelScope(shield=True):
                for reader in self._readers:
                    await reader.close()
                await self.writer.close()
        finally:
            self._writer = None
            self._readers = []
            suppress = await self._stack.__aexit__(kind, error, trace)
        return suppress

    async def fetch_all(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of a query. It sees everything whose ticket has been waited for."""
        reader = await self._reader()
        return await reader.fetch_all(sql, params)

    async def fetch_one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row of a query, None when there is none."""
        rows = await self.fetch_all(sql, params)
        return rows[0] if rows else None

    async def check(self) -> None:
        """Raise `StorageError` when the database cannot be read, or does not take writes.

        Whether it takes them again after one has failed is found out by trying.
        """
        writer = self.writer
        if writer.failure is not None:
            raise writer.failure
        await self.fetch_one("SELECT count(*) FROM sqlite_master")
        if writer.trouble is not None:
            await writer.commit(_touch)

    async def _reader(self) -> _Reader:
        if self._writer is None:
            raise StorageError("The database is not open.")
        reader = self._least_busy()
        if reader is None:
            async with self._opening:
                # Another caller may have opened the first one meanwhile.
                return self._least_busy() or await self._another(None)
        if reader.waiting and len(self._readers) < _MAX_READERS and not self._opening.locked():
            async with self._opening:
                return await self._another(reader)
        return reader

    def _least_busy(self) -> _Reader | None:
        return min(self._readers, key=lambda reader: reader.waiting, default=None)

    async def _another(self, busy: _Reader | None) -> _Reader:
        """A reader more; the busy one that there is when another one cannot be had."""
        try:
            # A connection whose opening is interrupted could never be closed.
            with anyio.CancelScope(shield=True):
                connection = await aiosqlite.connect(self.path, factory=_connect, isolation_level=None)
        except Exception as error:
            if busy is not None:
                return busy
            raise storage_error(error) from error
        reader = _Reader(connection)
        self._readers.append(reader)
        return reader


def _touch(connection: sqlite3.Connection) -> None:
    """Write a page without changing anything."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {version}")


class _Reader:
    """A connection that only reads. Callers queue in its thread; none of them can leave a transaction open."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self.waiting = 0

    async def fetch_all(self, sql: str, params: Sequence[Any] | dict[str, Any]) -> list[Row]:
        self.waiting += 1
        try:
            return list(await self._connection.execute_fetchall(sql, params))  # type: ignore[arg-type]
        except Exception as error:
            if (mapped := storage_error(error)) is error:
                raise
            raise mapped from error
        finally:
            self.waiting -= 1

    async def close(self) -> None:
        await self._connection.close()


def _connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
    connection = sqlite3.Connection(*args, **kwargs)
    if has_vector_functions():
        load_vector_functions(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection
