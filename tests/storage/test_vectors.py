import math
import random

import pytest

from langflow_lite.context import Collection, Passage
from langflow_lite.errors import StorageError
from langflow_lite.storage.extension import has_vector_functions
from langflow_lite.storage.vectors import VectorStore

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["scan", "sqlite-vec"])
def vectors(database, request):
    if request.param and not has_vector_functions():
        pytest.skip("needs the package sqlite-vec and a Python that can load SQLite extensions")
    return VectorStore(database, in_sql=request.param)


def passage(key, *vector, **data):
    return Passage(key, data or {"text": key}, vector)


async def test_the_most_similar_passages_come_first(vectors):
    added = await vectors.add("c", "m", [passage("east", 1, 0), passage("north", 0, 5), passage("north east", 2, 2)])
    assert added == 3
    found = await vectors.search("c", "m", [0.1, 3.0])
    assert [f.key for f in found] == ["north", "north east", "east"]
    assert found[1].score == pytest.approx(math.cos(math.pi / 4 - math.atan(0.1 / 3)), abs=1e-6)
    assert list(found[1].vector) == pytest.approx([math.sqrt(0.5)] * 2)
    assert found[0].data == {"text": "north"}
    assert await vectors.describe("c") == Collection("m", 2, 3)


async def test_a_key_that_is_there_is_left_out(vectors):
    await vectors.add("c", "m", [passage("a", 1, 0)])
    assert await vectors.add("c", "m", [passage("a", 0, 1), passage("b", 0, 1)]) == 1
    assert [(f.key, list(f.vector)) for f in await vectors.first("c", 10)] == [("a", [1, 0]), ("b", [0, 1])]
    assert await vectors.known("c", ["a", "z", *map(str, range(2000)), "b"]) == {"a", "b"}
    assert [f.key for f in await vectors.first("c", 1)] == ["a"]


async def test_collections_do_not_meet(vectors):
    await vectors.add("x:1", "m", [passage("a", 1, 0)])
    await vectors.add("x:2", "other", [passage("a", 1, 0, 0)])
    await vectors.add("y", "m", [passage("a", 1, 0)])
    assert await vectors.names("x:") == ["x:1", "x:2"]
    assert len(await vectors.search("x:1", "m", [1, 0])) == 1


async def test_what_does_not_exist_is_empty(vectors):
    assert await vectors.describe("c") is None
    assert await vectors.search("c", "m", [1.0]) == []
    assert await vectors.first("c", 5) == []
    assert await vectors.known("c", ["a"]) == set()
    assert await vectors.add("c", "m", []) == 0
    assert await vectors.names("") == []


@pytest.mark.parametrize(
    ("model", "vector", "problem"),
    [
        ("other", [1, 0], "filled with the embedding model m, and other was asked for"),
        ("m", [1, 0, 0], "vectors of 2 numbers, and m gives 3"),
    ],
)
async def test_vectors_that_cannot_be_compared_are_refused(vectors, model, vector, problem):
    await vectors.add("c", "m", [passage("a", 1, 0)])
    with pytest.raises(ValueError, match=problem):
        await vectors.add("c", model, [passage("b", *vector)])
    with pytest.raises(ValueError, match=problem):
        await vectors.search("c", model, vector)
    assert await vectors.describe("c") == Collection("m", 2, 1)


async def test_vectors_of_different_lengths_are_refused(vectors):
    with pytest.raises(ValueError, match="different lengths"):
        await vectors.add("c", "m", [passage("a", 1, 0), passage("b", 1)])
    assert await vectors.describe("c") is None


async def test_a_vector_without_direction_resembles_nothing(vectors):
    await vectors.add("c", "m", [passage("zero", 0, 0), passage("a", 1, 0)])
    assert [(f.key, f.score) for f in await vectors.search("c", "m", [1, 0])] == [("a", 1), ("zero", 0)]


async def test_keys_and_texts_that_sqlite_cannot_hold_are_mended(vectors):
    await vectors.add("c\ud800", "m", [Passage("k\ud800", {"text": "t\ud800"}, [1.0])])
    [found] = await vectors.first("c\ud800", 1)
    assert found.data == {"text": "t\ufffd"}


async def test_both_ways_find_the_same(database):
    if not has_vector_functions():
        pytest.skip("needs the package sqlite-vec and a Python that can load SQLite extensions")
    chance = random.Random(7)

    def vector():
        return [chance.gauss(0, 1) for _ in range(32)]

    await VectorStore(database).add("c", "m", [passage(str(number), *vector()) for number in range(1200)])
    for _ in range(20):
        wanted = vector()
        scan, in_sql = [await VectorStore(database, in_sql=way).search("c", "m", wanted) for way in (False, True)]
        assert [(f.key, f.score) for f in scan[:900]] == [(f.key, f.score) for f in in_sql[:900]]


async def test_nothing_else_can_be_loaded_into_a_connection(database):
    with pytest.raises(StorageError, match=r"not authorized|no such function"):
        await database.fetch_all("SELECT load_extension('anything')")
