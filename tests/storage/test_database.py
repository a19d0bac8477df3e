import shutil
import sqlite3
from contextlib import closing
from importlib.resources import files

import aiosqlite
import anyio
import pytest

from langflow_lite.errors import StorageBusy, StorageError, StorageUnusable
from langflow_lite.storage.database import Database
from langflow_lite.storage.schema import APPLICATION_ID, sentinel_of

pytestmark = pytest.mark.anyio


async def open_and_close(path):
    async with Database(path):
        pass


def contents(directory):
    return {file.name: file.read_bytes() for file in directory.iterdir()}


async def assert_refused(path, match):
    before = contents(path.parent)
    with pytest.raises(StorageUnusable, match=match) as caught:
        await open_and_close(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert contents(path.parent) == before


async def test_a_new_database_is_ours_durable_and_checked(database):
    assert await database.fetch_one("PRAGMA application_id") == (APPLICATION_ID,)
    assert await database.fetch_one("PRAGMA journal_mode") == ("wal",)

    def pragmas(connection):
        names = ("synchronous", "foreign_keys", "busy_timeout")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.writer.commit(pragmas) == [2, 1, 200]


async def test_migrations_run_once(path):
    async def state():
        async with Database(path) as database:
            return (
                await database.fetch_all("SELECT * FROM meta"),
                await database.fetch_all("SELECT * FROM folders"),
                await database.fetch_one("PRAGMA user_version"),
            )

    first = await state()
    assert first[2] == (max(int(f.name[:4]) for f in files("langflow_lite.storage").joinpath("migrations").iterdir()),)
    assert await state() == first


async def test_a_start_killed_before_the_first_table_is_no_obstacle(path):
    path.parent.mkdir()
    path.touch()
    await open_and_close(path)
    sentinel_of(path).unlink()
    await open_and_close(path)
    assert sentinel_of(path).exists()


async def test_an_emptied_database_is_refused(path):
    await open_and_close(path)
    path.write_bytes(b"")
    await assert_refused(path, "is empty.*Restore it from a backup")


async def test_a_vanished_database_is_refused(path):
    await open_and_close(path)
    path.unlink()
    await assert_refused(path, "is missing")


async def test_a_blank_database_where_ours_was_is_refused(path):
    await open_and_close(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 1")
    await assert_refused(path, "not a langflow_lite database")


async def test_another_programs_database_is_refused(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
    await assert_refused(path, "not a langflow_lite database.*LANGFLOW_DATABASE_URL")


async def test_a_file_that_is_no_database_is_refused(path):
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to look at " * 100)
    await assert_refused(path, "cannot be read")


async def test_damaged_pages_are_refused(path):
    async with Database(path) as database:
        await database.writer.commit(
            lambda c: c.executemany("INSERT INTO meta VALUES (?, ?)", [(str(n), "x" * 200) for n in range(500)])
        )
    whole = path.read_bytes()
    path.write_bytes(whole[:40_000] + b"\x55" * 8192 + whole[48_192:])
    await assert_refused(path, "damaged|cannot be read")


async def test_a_truncated_database_is_refused(path):
    await open_and_close(path)
    path.write_bytes(path.read_bytes()[:5000])
    await assert_refused(path, "damaged|cannot be read")


async def test_a_newer_schema_is_refused(path):
    await open_and_close(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 999")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await assert_refused(path, "newer langflow_lite .schema 999")


async def test_a_directory_in_its_place_is_refused(path):
    path.mkdir(parents=True)
    with pytest.raises(StorageUnusable, match="cannot be"):
        await open_and_close(path)


async def test_a_backup_of_database_and_log_without_shared_memory_opens(path, tmp_path):
    copy = tmp_path / "copy" / path.name
    copy.parent.mkdir()
    async with Database(path) as database:
        await database.writer.commit(lambda c: c.execute("INSERT INTO meta VALUES ('late', 'x')"))
        for suffix in ("", "-wal"):
            shutil.copy(path.with_name(path.name + suffix), copy.with_name(path.name + suffix))
    async with Database(copy) as database:
        assert await database.fetch_one("SELECT value FROM meta WHERE key = 'late'") == ("x",)


async def test_readers_cannot_write(database):
    with pytest.raises(StorageError):
        await database.fetch_all("DELETE FROM meta")
    assert await database.fetch_one("SELECT count(*) FROM meta") == (1,)


async def test_concurrent_and_cancelled_reads_leave_the_readers_usable(database):
    slow = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT max(i) FROM n"
    results = []

    async def read():
        results.append(await database.fetch_one(slow))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(read)
    assert results == [(20000,)] * 10
    with anyio.CancelScope() as scope:
        scope.cancel()
        await read()
    assert await database.fetch_one(slow) == (20000,)


async def test_a_crowd_of_first_reads_opens_no_more_connections_than_any(database, monkeypatch):
    opened = []
    connect = aiosqlite.connect
    monkeypatch.setattr(aiosqlite, "connect", lambda *args, **options: opened.append(args) or connect(*args, **options))
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(database.fetch_one, "SELECT count(*) FROM meta")
    assert 1 <= len(opened) <= 3


async def test_reads_share_the_connections_there_are_when_no_more_can_be_had(database, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("can't start new thread")

    async def count():
        assert await database.fetch_one("SELECT count(*) FROM meta") == (1,)

    with monkeypatch.context() as patch:
        patch.setattr(aiosqlite, "connect", fail)
        with pytest.raises(StorageBusy, match="ulimit -u"):
            await database.fetch_all("SELECT 1")
    await count()
    monkeypatch.setattr(aiosqlite, "connect", fail)
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(count)


async def test_reading_a_closed_database_says_so(path):
    await open_and_close(path)
    database = Database(path)
    with pytest.raises(StorageError, match="not open"):
        await database.fetch_all("SELECT 1")
