from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from langflow_lite.storage import queries
from langflow_lite.storage.queries import ListedDatabases

pytestmark = pytest.mark.anyio


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "my sales.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE fish (name TEXT, n INTEGER)")
        connection.executemany("INSERT INTO fish VALUES (?, ?)", [("cod", 3), ("eel", None)])
    return path


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite+aiosqlite:///{}", " sqlite:///{}?mode=rw"])
async def test_a_listed_database_is_read(sales: Path, form: str) -> None:
    columns, rows = await ListedDatabases([sales]).query(form.format(sales), "SELECT name, n FROM fish ORDER BY name")
    assert (columns, rows) == (["name", "n"], [("cod", 3), ("eel", None)])


async def test_its_tables_can_be_looked_up(sales: Path) -> None:
    databases = ListedDatabases([sales])
    for sql in ("SELECT name FROM sqlite_master", "PRAGMA table_info(fish)", "SELECT upper(name) FROM fish"):
        assert (await databases.query(f"sqlite:///{sales}", sql))[1]


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("DELETE FROM fish", "only queries that read"),
        ("DROP TABLE fish", "only queries that read"),
        ("ATTACH '/etc/passwd' AS x", "only queries that read"),
        ("PRAGMA journal_mode = DELETE", "only queries that read"),
        ("PRAGMA writable_schema = 1", "only queries that read"),
        ("VACUUM INTO '/tmp/never.db'", "only queries that read"),
        ("SELECT load_extension('x')", "only queries that read|no such function|not authorized"),
        ("SELECT 1; DELETE FROM fish", "one statement at a time"),
        ("SELECT nonsense", "no such column: nonsense"),
        ("SELECT randomblob(100000000)", "too big"),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t LIMIT 20000", "add a LIMIT"),
    ],
)
async def test_anything_but_a_bounded_reading_query_is_refused(sales: Path, sql: str, problem: str) -> None:
    before = sales.read_bytes()
    with pytest.raises(ValueError, match=problem):
        await ListedDatabases([sales]).query(f"sqlite:///{sales}", sql)
    assert sales.read_bytes() == before


async def test_a_query_without_end_is_stopped(sales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_TIME_LIMIT", 0.05)
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
    with pytest.raises(ValueError, match=r"took longer than 0\.05 seconds"):
        await ListedDatabases([sales]).query(f"sqlite:///{sales}", endless)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("sqlite:///{other}", "list it in LANGFLOW_SQL_DATABASES"),
        ("sqlite:///{sales}/../other.db", "list it in LANGFLOW_SQL_DATABASES"),
        ("postgresql://host/db", "Only SQLite databases .* this is postgresql"),
        ("", "this is nothing"),
        ("sqlite:///{gone}", "There is no database"),
    ],
)
async def test_only_listed_databases_are_opened(sales: Path, tmp_path: Path, address: str, problem: str) -> None:
    other, gone = tmp_path / "other.db", tmp_path / "gone.db"
    other.write_bytes(sales.read_bytes())
    with pytest.raises(ValueError, match=problem):
        await ListedDatabases([sales, gone]).query(address.format(sales=sales, other=other, gone=gone), "SELECT 1")
