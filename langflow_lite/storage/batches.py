"""BatchConnection: commits the units of a batch in one transaction, and those of a failed one each in its own."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from langflow_lite.errors import StorageError
from langflow_lite.storage.failures import storage_error
from langflow_lite.storage.tickets import Ticket
from langflow_lite.storage.units import Insert, RowUnit

__all__ = ["BatchConnection"]


class BatchConnection(sqlite3.Connection):
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
                self._roll_back()
                self.execute("BEGIN IMMEDIATE")
            except Exception as error:
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
                # When this fails as well, it is due again before the next transaction.
                with suppress(Exception):
                    self._roll_back()
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

    def _roll_back(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

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


def _fail(tickets: Iterable[Ticket[Any]], error: Exception) -> None:
    for ticket in tickets:
        ticket.fail(error)
