"""VectorStore: passages and their vectors, found by comparing with all of them."""

from __future__ import annotations

import heapq
import math
import operator
import sqlite3
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import anyio.to_thread
import msgspec

from langflow_lite.context import Collection, Found, Passage
from langflow_lite.storage.columns import to_micros, well_formed
from langflow_lite.storage.database import Database
from langflow_lite.storage.extension import has_vector_functions
from langflow_lite.values import to_json, utc_now

__all__ = ["VectorStore"]

_MOST_FOUND = 1000
_KEYS_AT_ONCE = 500


class VectorStore:
    """The `Vectors` of a server: collections in SQLite, by name.

    A search compares with every vector of the collection: in SQLite with the functions of sqlite-vec where they can be
    had (`in_sql`), else in a thread: 10,000 vectors of 1,536 numbers take about a third of a second there, a sixth of
    that with sqlite-vec. No index is kept: it would find other passages than a comparison with all.
    """

    def __init__(self, database: Database, *, in_sql: bool | None = None) -> None:
        self._database = database
        self._in_sql = in_sql

    async def describe(self, collection: str) -> Collection | None:
        """What is known of a collection; None when there is none."""
        row = await self._database.fetch_one(
            "SELECT model, dimensions, (SELECT count(*) FROM passages WHERE collection_id = collections.id) "
            "FROM collections WHERE name = ?",
            (well_formed(collection),),
        )
        return Collection(*row) if row is not None else None

    async def names(self, prefix: str) -> list[str]:
        """The collections whose name starts like this, in alphabetical order."""
        rows = await self._database.fetch_all(
            "SELECT name FROM collections WHERE substr(name, 1, length(:prefix)) = :prefix ORDER BY name",
            {"prefix": well_formed(prefix)},
        )
        return [row[0] for row in rows]

    async def known(self, collection: str, keys: Sequence[str]) -> set[str]:
        """Those of the keys that the collection has."""
        found: set[str] = set()
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            rows = await self._database.fetch_all(
                "SELECT key FROM passages JOIN collections ON collections.id = collection_id "
                "WHERE name = ? AND key IN (SELECT value FROM json_each(?))",
                (well_formed(collection), to_json(list(keys[start : start + _KEYS_AT_ONCE])).decode()),
            )
            found.update(row[0] for row in rows)
        return found

    async def add(self, collection: str, model: str, passages: Sequence[Passage]) -> int:
        """Add passages and return how many; those whose key is there already are left out.

        Raises `ValueError` for vectors of another model or length than the collection's, and `StorageError`.
        """
        if not passages:
            return 0
        dimensions = len(passages[0].vector)
        if any(len(passage.vector) != dimensions for passage in passages):
            raise ValueError("the embedding model gave vectors of different lengths")
        rows = await anyio.to_thread.run_sync(_encoded, passages)

        def unit(connection: sqlite3.Connection) -> int:
            connection.execute(
                "INSERT INTO collections (name, model, dimensions, created_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (name) DO NOTHING",
                (well_formed(collection), model, dimensions, to_micros(utc_now())),
            )
            id_, its_model, its_dimensions = connection.execute(
                "SELECT id, model, dimensions FROM collections WHERE name = ?", (well_formed(collection),)
            ).fetchone()
            _check(collection, Collection(its_model, its_dimensions, 0), model, dimensions)
            before = connection.total_changes
            connection.executemany(
                "INSERT INTO passages (collection_id, key, data, vector) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (collection_id, key) DO NOTHING",
                [(id_, *row) for row in rows],
            )
            return connection.total_changes - before

        return await self._database.writer.commit(unit)

    async def search(self, collection: str, model: str, vector: Sequence[float]) -> list[Found]:
        """The passages, the most similar first, at most 1,000; none when there is no such collection.

        Raises `ValueError` for a vector of another model or length than the collection's.
        """
        about = await self.describe(collection)
        if about is None:
            return []
        _check(collection, about, model, len(vector))
        if has_vector_functions() if self._in_sql is None else self._in_sql:
            # A vector without direction has no angle to any other; its score is 0, as at a right angle.
            near = await self._database.fetch_all(
                "SELECT passages.seq FROM passages JOIN collections ON collections.id = collection_id WHERE name = ? "
                "ORDER BY coalesce(vec_distance_cosine(vector, ?), 1), passages.seq LIMIT ?",
                (well_formed(collection), _unit(vector).tobytes(), _MOST_FOUND),
            )
            found = await self._passages([row[0] for row in near])
            scores = await anyio.to_thread.run_sync(_ranked, [(row[0], row[3]) for row in found], vector)
        else:
            rows = await self._database.fetch_all(
                "SELECT passages.seq, vector FROM passages JOIN collections ON collections.id = collection_id "
                "WHERE name = ?",
                (well_formed(collection),),
            )
            scores = await anyio.to_thread.run_sync(_ranked, rows, vector)
            found = await self._passages(list(scores))
        return await anyio.to_thread.run_sync(_decoded, found, scores)

    async def _passages(self, seqs: list[int]) -> list[tuple[Any, ...]]:
        return await self._database.fetch_all(
            "SELECT seq, key, data, vector FROM passages WHERE seq IN (SELECT value FROM json_each(?))",
            (to_json(seqs).decode(),),
        )

    async def first(self, collection: str, limit: int) -> list[Found]:
        """The passages that were added first, with a score of 0."""
        rows = await self._database.fetch_all(
            "SELECT key, data, vector FROM passages JOIN collections ON collections.id = collection_id "
            "WHERE name = ? ORDER BY passages.seq LIMIT ?",
            (well_formed(collection), max(0, limit)),
        )
        return [_found(row, 0.0) for row in rows]


def _check(name: str, collection: Collection, model: str, dimensions: int) -> None:
    if collection.model != model:
        raise ValueError(
            f"The collection {name!r} was filled with the embedding model {collection.model}, and {model} was asked for: "
            "use the same model, or another collection"
        )
    if collection.dimensions != dimensions:
        raise ValueError(
            f"The collection {name!r} has vectors of {collection.dimensions} numbers, and {model} gives {dimensions}"
        )


def _encoded(passages: Iterable[Passage]) -> list[tuple[str, bytes, bytes]]:
    return [(well_formed(p.key), to_json(p.data), _unit(p.vector).tobytes()) for p in passages]


def _unit(vector: Sequence[float]) -> array[float]:
    """The vector brought to length one; a zero vector stays as it is."""
    length = math.sqrt(sum(map(operator.mul, vector, vector)))
    return array("f", [number / length for number in vector] if length else vector)


def _ranked(rows: Sequence[tuple[Any, ...]], vector: Sequence[float]) -> dict[int, float]:
    """Scores by row, the best first."""
    # A list holds its numbers ready made, where an array makes them anew for each comparison.
    wanted = _unit(vector).tolist()
    scored = []
    for seq, blob in rows:
        stored = array("f")
        stored.frombytes(blob)
        scored.append((_dot(stored, wanted), -seq))
    return {-seq: score for score, seq in heapq.nlargest(_MOST_FOUND, scored)}


if sys.version_info >= (3, 12):
    _dot: Callable[[Sequence[float], Sequence[float]], float] = math.sumprod
else:

    def _dot(a: Sequence[float], b: Sequence[float]) -> float:
        total: float = sum(map(operator.mul, a, b))
        return total


def _decoded(rows: Iterable[Sequence[Any]], scores: dict[int, float]) -> list[Found]:
    by_seq = {row[0]: _found(row[1:], scores[row[0]]) for row in rows}
    return [by_seq[seq] for seq in scores if seq in by_seq]


def _found(row: Sequence[Any], score: float) -> Found:
    key, data, blob = row
    vector = array("f")
    vector.frombytes(blob)
    return Found(key, msgspec.json.decode(data), score, vector)
