"""Units of work: what the writer is handed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeVar

from langflow_lite.storage.columns import well_formed

__all__ = ["Insert", "RowUnit", "Unit"]

T = TypeVar("T")
Unit = Callable[[sqlite3.Connection], T]
"""A unit of work. It may be run twice, so it changes nothing but the database and never ends the transaction."""


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
