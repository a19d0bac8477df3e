"""ListedDatabases: reading SQLite files that the operator has listed, for the SQL components."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import anyio
import anyio.to_thread

__all__ = ["ListedDatabases"]

_TIME_LIMIT = 30.0
_MAX_ROWS = 10_000
_STEPS_BETWEEN_CHECKS = 10_000
_MAX_VALUE = 16 * 1024 * 1024
_AT_ONCE = 4
_ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, getattr(sqlite3, "SQLITE_RECURSIVE", 33)}
)
# Reading the list of tables and columns is what agents do first.
_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"})
_FUNCTIONS_REFUSED = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_PREFIXES = ("sqlite:///", "sqlite+aiosqlite:///", "sqlite+pysqlite:///")


class ListedDatabases:
    """The `Databases` of a server. A query may only read, returns at most 10,000 rows and runs at most 30 seconds."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(file.expanduser().resolve() for file in files)
        self._limiter: anyio.CapacityLimiter | None = None

    async def query(self, address: str, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows; raises `ValueError` naming what is refused or what SQLite says."""
        path = self._resolve(address)
        self._limiter = self._limiter or anyio.CapacityLimiter(_AT_ONCE)
        return await anyio.to_thread.run_sync(_run, path, sql, limiter=self._limiter)

    def _resolve(self, address: str) -> Path:
        prefix = next((known for known in _PREFIXES if address.strip().startswith(known)), None)
        if prefix is None:
            scheme = address.strip().partition(":")[0] or "nothing"
            raise ValueError(
                f"Only SQLite databases can be queried, at an address such as sqlite:////data/sales.db; this is {scheme}"
            )
        path = Path(unquote(address.strip().removeprefix(prefix).partition("?")[0])).resolve()
        if path not in self._files:
            raise ValueError(
                f"The database {path} is not one that flows may read: list it in LANGFLOW_SQL_DATABASES and restart"
            )
        if not path.is_file():
            raise ValueError(f"There is no database {path}")
        return path


def _run(path: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    deadline = time.monotonic() + _TIME_LIMIT
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2.0)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
            connection.set_authorizer(_authorize)
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_CHECKS)
            cursor = connection.execute(sql)
            columns = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchmany(_MAX_ROWS + 1)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise ValueError(_explained(str(error))) from error
    if len(rows) > _MAX_ROWS:
        raise ValueError(f"the query gives more than {_MAX_ROWS} rows: add a LIMIT")
    return columns, rows


def _explained(message: str) -> str:
    if message == "interrupted":
        return f"the query took longer than {_TIME_LIMIT:g} seconds"
    refused = "not authorized" in message or "authorization denied" in message
    return "only queries that read are allowed" if refused else message


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first in _PRAGMAS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS_REFUSED:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
