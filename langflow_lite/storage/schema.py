"""The database file before it is used: is it ours, is it whole, is it up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from langflow_lite.errors import StorageUnusable

__all__ = ["APPLICATION_ID", "prepare", "sentinel_of"]

APPLICATION_ID = int.from_bytes(b"LfLt", "big")
"""`application_id` of our databases (SQLite file format, section 1.3.17)."""

_CHECKED_SIZE = 64 * 1024 * 1024
_SENTINEL_TEXT = """\
langflow_lite keeps its data in {name}. This file lets it notice when that database has gone missing or was emptied,
instead of silently starting afresh. To start afresh on purpose, delete both.
"""


def sentinel_of(path: Path) -> Path:
    """The file beside a database that says there has been one."""
    return path.with_name(path.name + ".exists")


def prepare(path: Path, *, busy_timeout: float) -> None:
    """Create the database, or check the one that is there, and bring its tables up to date. Blocks.

    Raises `StorageUnusable`, leaving the file untouched, when it is missing or empty where there was one, damaged, not
    ours or from a newer release.
    """
    sentinel = sentinel_of(path)
    version = 0
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > 0:
            version = _check(path, known=sentinel.exists())
        elif sentinel.exists():
            state = "is empty" if path.exists() else "is missing"
            raise StorageUnusable(
                f"The database {path} {state}, but {sentinel.name} beside it says there was one. "
                f"Restore it from a backup, or delete {sentinel} to start with an empty database."
            )
        _migrate(path, version, busy_timeout)
        if not sentinel.exists():
            sentinel.write_text(_SENTINEL_TEXT.format(name=path.name))
    except OSError as error:
        raise StorageUnusable(f"The database {path} cannot be opened: {error.strerror or error}") from error


def _check(path: Path, *, known: bool) -> int:
    restore = "Restore it from a backup, or move it away and start again."
    try:
        # The file may be somebody else's: a writing connection would fold the log into it, and even a reading one would
        # leave files of its own beside it unless told that there is no log to follow.
        mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True)) as connection:
            application_id = _value(connection, "PRAGMA application_id")
            version = int(_value(connection, "PRAGMA user_version"))
            tables = _value(connection, "SELECT count(*) FROM sqlite_master")
            if application_id == 0 and tables == 0 and not known:
                return 0
            if application_id != APPLICATION_ID:
                raise StorageUnusable(
                    f"The file {path} is not a langflow_lite database (its application_id is {application_id}) and is "
                    "left as it is. Move it away, or name another file in LANGFLOW_DATABASE_URL."
                )
            # The time this takes grows with the file, and a start has to be quick.
            damage = "ok" if path.stat().st_size > _CHECKED_SIZE else _value(connection, "PRAGMA quick_check(1)")
    except sqlite3.Error as error:
        raise StorageUnusable(f"The database {path} cannot be read ({error}). {restore}") from error
    if damage != "ok":
        reason = " ".join(str(damage).split())
        raise StorageUnusable(f"The database {path} is damaged ({reason}). {restore}")
    return version


def _migrate(path: Path, version: int, busy_timeout: float) -> None:
    scripts = {
        int(entry.name.partition("_")[0]): entry
        for entry in files(__package__).joinpath("migrations").iterdir()
        if entry.name.endswith(".sql")
    }
    if version > max(scripts):
        raise StorageUnusable(
            f"The database {path} was written by a newer langflow_lite (schema {version}, this one knows up to "
            f"{max(scripts)}). Upgrade langflow_lite, or use another data directory."
        )
    if version == max(scripts):
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=busy_timeout)) as connection:
            if (mode := _value(connection, "PRAGMA journal_mode = WAL")) != "wal":
                raise StorageUnusable(
                    f"The database {path} cannot use a write-ahead log here (journal mode is {mode}). "
                    "Put the data directory on a local disk."
                )
            for number in sorted(number for number in scripts if number > version):
                connection.executescript(scripts[number].read_text(encoding="utf-8"))
    except sqlite3.Error as error:
        raise StorageUnusable(f"The tables of the database {path} cannot be created or updated: {error}") from error


def _value(connection: sqlite3.Connection, sql: str) -> Any:
    return connection.execute(sql).fetchone()[0]
