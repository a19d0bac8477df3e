"""Writer: the one connection that writes. It takes whole units of work and commits them in groups.

A unit runs inside a transaction that only the writer begins and ends, so a caller that is cancelled can leave no half
of it behind: once handed over, a unit happens whole or not at all.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import anyio
import anyio.lowlevel

from langflow_lite.engine.observer import Observer
from langflow_lite.errors import StorageBusy, StorageError
from langflow_lite.storage.batches import BatchConnection
from langflow_lite.storage.tickets import Signal, Ticket
from langflow_lite.storage.units import Unit

__all__ = ["Writer"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH_LIMIT = 512
_APPEND_LIMIT = 4096
_GATHER_TURNS = 32
_STALLED_SECONDS = 15.0


class Writer:
    """Takes units of work and group-commits them, in the order they were handed over.

    `run` is its task; nothing is written unless it is running. Its methods are called from the event loop's thread.
    """

    def __init__(self, connection: aiosqlite.Connection, batches: BatchConnection, observer: Observer) -> None:
        self._connection = connection
        self._observer = observer
        self._batches = batches
        self._queue: list[Ticket[Any]] = []
        self._batch: list[Ticket[Any]] = []
        self._signal = Signal()
        self._last: Ticket[Any] | None = None
        self._wake: anyio.Event | None = None
        self._refusal: StorageError | None = None
        self._closing = False
        self._commit_began: float | None = None
        self._finished = anyio.Event()
        self._appended = 0
        self._append_failed = False
        self.dropped = 0
        """Units given to `append` that were thrown away because too many were waiting."""

    @classmethod
    async def open(cls, path: Path, *, busy_timeout: float, observer: Observer) -> Writer:
        """A writer on the database at `path`, waiting up to `busy_timeout` seconds for foreign locks.

        `observer` is told of each batch.
        """
        opened: list[BatchConnection] = []

        def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            batches = BatchConnection(*args, **kwargs)
            batches.execute("PRAGMA synchronous = FULL")
            batches.execute("PRAGMA foreign_keys = ON")
            opened.append(batches)
            return batches

        with anyio.CancelScope(shield=True):
            connection = await aiosqlite.connect(path, factory=connect, isolation_level=None, timeout=busy_timeout)
        return cls(connection, opened[0], observer)

    @property
    def refusal(self) -> StorageError | None:
        """Why nothing is written any more; None while all is well."""
        return self._refusal

    @property
    def waiting(self) -> int:
        """How many units wait to be committed."""
        return len(self._queue) + len(self._batch)

    @property
    def failure(self) -> StorageError | None:
        """Why nothing is being written, for good (`refusal`) or because the disk does not answer; None while it works."""
        began = self._commit_began
        if self._refusal is None and began is not None and (waited := time.monotonic() - began) > _STALLED_SECONDS:
            return StorageBusy(f"A write has been waiting for the disk for {waited:.0f} seconds.")
        return self._refusal

    @property
    def trouble(self) -> StorageError | None:
        """Why the database did not take the last write; None when it did. The next one may succeed."""
        return self._batches.trouble

    def enqueue(self, unit: Unit[T], after: Callable[[T], None] | None = None) -> Ticket[T]:
        """Hand a unit over without waiting.

        `after` is called on the event loop with the unit's value once it is durable and before anyone who waits goes on,
        even if whoever handed it over is gone by then: it is the place to bring memory up to date. Raises
        `StorageError` when the writer has stopped.
        """
        if self._refusal is not None:
            raise StorageError(self._refusal.message) from self._refusal
        ticket = Ticket(unit, self._signal, after)
        self._put(ticket)
        return ticket

    async def commit(self, unit: Unit[T], after: Callable[[T], None] | None = None) -> T:
        """Hand a unit over and return its value once it is durable.

        Raises what the unit raises, `StorageFull`, `StorageBusy` or `StorageError`; then nothing of the unit remains.
        A caller cancelled while waiting does not undo the unit.
        """
        return await self.enqueue(unit, after).wait()

    def append(self, unit: Unit[Any]) -> None:
        """Hand over telemetry: never waits, never raises, and is dropped and counted when too much is waiting."""
        if self._refusal is not None or self._appended >= _APPEND_LIMIT:
            self.dropped += 1
            return
        self._appended += 1
        self._put(Ticket(unit, self._signal, is_telemetry=True))

    async def flush(self) -> None:
        """Return once everything handed over so far is committed or abandoned."""
        if self._last is not None:
            await self._last.settled()

    async def close(self) -> None:
        """Take nothing new, commit everything that waits, close the connection."""
        self._refusal = self._refusal or StorageError("The database is closed.")
        self._closing = True
        self._wake_up()
        await self._finished.wait()
        await self._connection.close()

    async def run(self) -> None:
        """Commit what is handed over until `close`. Cancelling its task group does not stop it; only `close` does."""
        try:
            with anyio.CancelScope(shield=True):
                while self._queue or not self._closing:
                    if self._queue:
                        await self._gather()
                        await self._commit_batch()
                    else:
                        self._wake = anyio.Event()
                        await self._wake.wait()
        finally:
            self._stop(self._refusal or StorageError("The database writer has failed; restart the server."))
            self._finished.set()

    async def _gather(self) -> None:
        """Let requests that are ready to go on hand over their units too: one commit costs as much as many rows."""
        for _ in range(_GATHER_TURNS):
            waiting = len(self._queue)
            await anyio.lowlevel.checkpoint()
            if len(self._queue) == waiting:
                return

    async def _commit_batch(self) -> None:
        self._batch = self._queue[:_BATCH_LIMIT]
        del self._queue[:_BATCH_LIMIT]
        self._signal = Signal()
        self._batches.batch = self._batch
        began = self._commit_began = time.monotonic()
        await self._connection.commit()
        self._commit_began = None
        self._observer.batch_committed(len(self._batch), time.monotonic() - began)
        self._settle(self._batch)
        self._batch = []
        if self._batches.broken is not None:
            self._stop(self._batches.broken)

    def _stop(self, refusal: StorageError) -> None:
        self._refusal = refusal
        left = [ticket for ticket in chain(self._batch, self._queue) if not ticket.done]
        for ticket in left:
            ticket.fail(StorageError(refusal.message))
        self._settle(left)
        self._batch = []
        self._queue = []

    def _settle(self, tickets: Sequence[Ticket[Any]]) -> None:
        for ticket in tickets:
            ticket.settle()
            if ticket.is_telemetry:
                self._appended -= 1
                if ticket.error is not None and not self._append_failed:
                    logger.warning("Telemetry is not being stored: %s", ticket.error)
                self._append_failed = ticket.error is not None
        if self._last is not None and self._last.done:
            self._last = None
        for signal in {id(ticket.signal): ticket.signal for ticket in tickets}.values():
            signal.fire()

    def _put(self, ticket: Ticket[Any]) -> None:
        self._queue.append(ticket)
        self._last = ticket
        self._wake_up()

    def _wake_up(self) -> None:
        if self._wake is not None:
            self._wake.set()
            self._wake = None
