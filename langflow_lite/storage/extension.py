"""sqlite-vec, where it is installed and this Python can load extensions into SQLite."""

from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from functools import cache
from typing import Any

__all__ = ["has_vector_functions", "load_vector_functions"]


@cache
def _package() -> Any:
    try:
        return importlib.import_module("sqlite_vec")
    except ImportError:
        return None


@cache
def has_vector_functions() -> bool:
    """Whether connections can be given the SQL functions of sqlite-vec (the extra `vectors`)."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            load_vector_functions(connection)
            connection.execute("SELECT vec_distance_cosine(x'0000803f', x'0000803f')")
        except sqlite3.Error:
            return False
    return True


def load_vector_functions(connection: sqlite3.Connection) -> None:
    """Give the connection these functions if that is possible; nothing else can be loaded into it afterwards."""
    # Many builds of Python, those of Apple and pyenv's default among them, leave out the loading of extensions.
    if _package() is None or not hasattr(connection, "enable_load_extension"):
        return
    connection.enable_load_extension(True)
    try:
        _package().load(connection)
    finally:
        connection.enable_load_extension(False)
