"""How a taken name is made unique: `name (1)`, `name-1`."""

from __future__ import annotations

import sqlite3
from itertools import count

__all__ = ["free_name"]


def free_name(connection: sqlite3.Connection, taken: str, wanted: str, before: str, after: str, *further: str) -> str:
    """The wanted name, else the first of wanted + before + number + after that is free (contract: *Habits*).

    `taken` is a query, literal text, that finds a row when its first parameter is taken; `further` are its others.
    """
    name = wanted
    for number in count(1):
        if connection.execute(taken, (name, *further)).fetchone() is None:
            break
        name = f"{wanted}{before}{number}{after}"
    return name
