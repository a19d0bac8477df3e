"""Writer: the one connection that writes. It takes whole units of work and commits them in groups.

A unit runs inside a transaction that only the writer begins and ends, so a caller that is cancelled can leave no half
of it behind: once handed over, a unit happens whole or not at all.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import aiosqlite
import anyio
import anyio.lowlevel

from langflow_lite.engine.observer import Observer
from langflow_lite.errors import StorageBusy, StorageError, StorageFull
from langflow_lite.storage.columns import well_formed

__all__ = ["Insert", "Ticket", "Unit", "Writer", "storage_error"]

logger = logging.getLogger(__name__)

T = TypeVar("T")
Unit = Callable[[sqlite3.Connection], T]
"""A unit of work. It may be run twice, so it changes nothing but the database and never ends the transaction."""

_BATCH_LIMIT = 512
_APPEND_LIMIT = 4096
_GATHER_TURNS = 32
_STALLED_SECONDS = 15.0
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY})
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_MESSAGE = "There is no room left to write; nothing was stored. Free some disk space and try again."


def storage_error(error: Exception) -> Exception:
    """The error of this package that an exception of a unit means; exceptions of other kinds come back as they are.

    `sqlite3.IntegrityError` is passed on too: only the unit's author knows which rule was broken.
    """
    mapped: StorageError
    if isinstance(error, OSError):
        if error.errno not in _NO_SPACE:
            return error
        mapped = StorageFull(_FULL_MESSAGE)
    elif not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError):
        return error
    else:
        code = getattr(error, "sqlite_errorcode", 0)
        # Growing the shared-memory file is the one write whose ENOSPC SQLite reports as an I/O error.
        if code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
            mapped = StorageFull(_FULL_MESSAGE)
        elif code & 0xFF in _BUSY:
            mapped = StorageBusy(f"The database cannot be written right now ({error}); try again.")
        else:
            mapped = StorageError(f"The database failed: {error}")
    mapped.__cause__ = error
    return mapped


class Insert:
    """An INSERT statement that takes any number of rows; `{rows}` in its text stands for them.

    `Insert.of(row)` is a unit of work. The writer puts units of one Insert that come after each other into a single
    statement, because every statement lets go of the interpreter lock and has to win it back from the event loop.
    """

    __slots__ = ("_statements",)

    def __init__(self, text: str, columns: int) -> None:
        row = "(" + ", ".join("?" * columns) + ")"
        self._statements = [(size, text.replace("{rows}", ", ".join([row] * size))) for size in (32, 16, 8, 4, 2, 1)]

    def of(self, row: Sequence[Any]) -> RowUnit:
        """The unit that writes this row."""
        return RowUnit(self, row)

    def run(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Write the rows, in as few statements as possible."""
        at = 0
        for size, statement in self._statements:
            while len(rows) - at >= size:
                connection.execute(statement, list(chain.from_iterable(rows[at : at + size])))
                at += size


class RowUnit:
    """The unit of work that writes one row."""

    __slots__ = ("insert", "row")

    def __init__(self, insert: Insert, row: Sequence[Any]) -> None:
        self.insert = insert
        self.row = row

    def __call__(self, connection: sqlite3.Connection) -> None:
        """Write the row; text that SQLite cannot hold is mended."""
        try:
            self.insert.run(connection, [self.row])
        except UnicodeEncodeError:
            self.insert.run(connection, [[well_formed(v) if isinstance(v, str) else v for v in self.row]])


class _Signal:
    """Wakes everyone who waits for a batch at once; one event for all of them, made when the first one waits."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    async def wait(self) -> None:
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()

    def fire(self) -> None:
        if self._event is not None:
            self._event.set()
            self._event = None


class Ticket(Generic[T]):
    """A unit that was handed over; `wait` tells how it ended."""

    __slots__ = ("_after", "_done", "_error", "_value", "is_telemetry", "signal", "unit")

    _value: T

    def __init__(
        self,
        unit: Unit[T],
        signal: _Signal,
        after: Callable[[T], None] | None = None,
        *,
        is_telemetry: bool = False,
    ) -> None:
        self.unit = unit
        self.signal = signal
        self.is_telemetry = is_telemetry
        self._after = after
        self._done = False
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether the unit is committed or abandoned."""
        return self._done

    @property
    def error(self) -> Exception | None:
        """Why the unit was abandoned; None while it is pending and when it was committed."""
        return self._error

    async def wait(self) -> T:
        """The unit's value, once its transaction is durable; raises what the unit raised."""
        await self.settled()
        if self._error is not None:
            raise self._error
        return self._value

    async def settled(self) -> None:
        """Return once the unit is committed or abandoned."""
        while not self._done:
            await self.signal.wait()

    def run(self, connection: sqlite3.Connection) -> None:
        """Run the unit in the writer's thread, inside its transaction."""
        self._value = self.unit(connection)

    def accept(self, value: T) -> None:
        """Record the unit's value when it was run together with others."""
        self._value = value

    def fail(self, error: Exception) -> None:
        """Record why the unit was abandoned."""
        self._error = storage_error(error)

    def settle(self) -> None:
        """Tell the loop's side how it ended: first the follow-up, then whoever waits."""
        if self._error is None and self._after is not None:
            try:
                self._after(self._value)
            except Exception as error:
                logger.exception("The follow-up of a committed write failed")
                self._error = error
        self._done = True


class _BatchConnection(sqlite3.Connection):
    """A connection whose `commit` is a whole batch, so that a batch costs one visit to the thread of aiosqlite."""

    batch: Sequence[Ticket[Any]] = ()
    broken: StorageError | None = None
    trouble: StorageError | None = None
    _in_unit = False

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement, inside the unit's transaction or not at all."""
        self._check_transaction()
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """Run one statement for many rows, inside the unit's transaction or not at all."""
        self._check_transaction()
        return super().executemany(sql, parameters)

    def _check_transaction(self) -> None:
        # SQLite rolls back by itself on some errors (a full disk). What a unit that caught one writes next would be
        # committed at once, without what came before it.
        if self._in_unit and not self.in_transaction:
            raise StorageError("A unit of work went on after its transaction had been rolled back.")

    def commit(self) -> None:
        """Run the batch in one transaction; if that fails, each unit in one of its own."""
        groups: deque[Sequence[Ticket[Any]]] = deque([self.batch] if self.batch else ())
        self.batch = ()
        while groups:
            group = groups.popleft()
            try:
                self.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                self._note(error)
                _fail(chain(group, *groups), error)
                return
            try:
                self._in_unit = True
                self._run_units(group)
                self._in_unit = False
                self.execute("COMMIT")
                self.trouble = None
            except Exception as error:
                self._in_unit = False
                self._note(error)
                if self.in_transaction:
                    self.execute("ROLLBACK")
                if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_FSYNC:
                    # After a failed fsync the kernel may report success for pages it has dropped: trust no later one.
                    self.broken = StorageError(
                        "The disk did not confirm a write. Nothing more is written until the server is restarted; "
                        "check the disk first."
                    )
                    _fail(chain(group, *groups), self.broken)
                    return
                if len(group) == 1:
                    group[0].fail(error)
                else:
                    groups.extend((ticket,) for ticket in group)

    def _note(self, error: Exception) -> None:
        mapped = storage_error(error)
        if isinstance(mapped, StorageError) and mapped is not error:
            self.trouble = mapped

    def _run_units(self, group: Sequence[Ticket[Any]]) -> None:
        at = 0
        while at < len(group):
            unit = group[at].unit
            rows = list(_rows_alike(unit.insert, group, at)) if isinstance(unit, RowUnit) else []
            if isinstance(unit, RowUnit) and len(rows) > 1:
                unit.insert.run(self, rows)
                for ticket in group[at : at + len(rows)]:
                    ticket.accept(None)
            else:
                group[at].run(self)
            self._check_transaction()
            at += max(1, len(rows))


def _rows_alike(insert: Insert, group: Sequence[Ticket[Any]], at: int) -> Iterator[Sequence[Any]]:
    for ticket in islice(group, at, None):
        unit = ticket.unit
        if not isinstance(unit, RowUnit) or unit.insert is not insert:
            return
        yield unit.row


def _fail(tickets: chain[Ticket[Any]], error: Exception) -> None:
    for ticket in tickets:
        ticket.fail(error)


class Writer:
    """Takes units of work and group-commits them, in the order they were handed over.

    `run` is its task; nothing is written unless it is running. Its methods are called from the event loop's thread.
    """

    def __init__(self, connection: aiosqlite.Connection, batches: _BatchConnection, observer: Observer) -> None:
        self._connection = connection
        self._observer = observer
        self._batches = batches
        self._queue: list[Ticket[Any]] = []
        self._batch: list[Ticket[Any]] = []
        self._signal = _Signal()
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
        opened: list[_BatchConnection] = []

        def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            batches = _BatchConnection(*args, **kwargs)
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
        self._signal = _Signal()
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
