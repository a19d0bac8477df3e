import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import anyio
import anyio.lowlevel
import pytest

from langflow_lite.errors import Conflict, StorageBusy, StorageError, StorageFull
from langflow_lite.storage import writer as writer_module
from langflow_lite.storage.batches import BatchConnection
from langflow_lite.storage.database import Database
from langflow_lite.storage.units import Insert

pytestmark = pytest.mark.anyio


def put(key, value=""):
    def unit(connection):
        connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))
        return key

    return unit


def put_pair(key):
    def unit(connection):
        put(f"{key}/first")(connection)
        put(f"{key}/second")(connection)

    return unit


async def keys(database):
    rows = await database.fetch_all("SELECT key FROM meta WHERE key NOT IN ('user_id', 'examples_loaded')")
    return sorted(key for (key,) in rows)


async def test_commit_returns_the_units_value_and_readers_see_it(database):
    assert await database.writer.commit(put("a")) == "a"
    assert await keys(database) == ["a"]


async def test_units_are_committed_in_the_order_they_were_handed_over(database):
    tickets = [database.writer.enqueue(lambda c, n=n: c.execute("SELECT ?", (n,)).fetchone()[0]) for n in range(2000)]
    await tickets[-1].wait()
    assert [await ticket.wait() for ticket in tickets] == list(range(2000))


async def test_units_handed_over_together_share_one_transaction(database):
    starts = []

    def unit(connection):
        connection.set_trace_callback(lambda sql: starts.append(sql) if sql.startswith("BEGIN") else None)

    await database.writer.commit(unit)
    tickets = [database.writer.enqueue(put(str(n))) for n in range(100)]
    await tickets[-1].wait()
    assert len(starts) == 1
    assert all(ticket.done for ticket in tickets)


async def test_a_failing_unit_is_abandoned_whole_and_takes_no_other_down(database):
    def failing(connection):
        put("half")(connection)
        put("a")(connection)

    tickets = [database.writer.enqueue(unit) for unit in (put("a"), failing, put("b"), put("b"), put("c"))]
    with pytest.raises(sqlite3.IntegrityError):
        await tickets[1].wait()
    with pytest.raises(sqlite3.IntegrityError):
        await tickets[3].wait()
    assert [await tickets[n].wait() for n in (0, 2, 4)] == ["a", "b", "c"]
    assert await keys(database) == ["a", "b", "c"]


ROWS = Insert("INSERT INTO meta (key, value) VALUES {rows}", columns=2)


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 100])
async def test_rows_of_one_statement_are_all_written_in_their_order(database, count):
    tickets = [database.writer.enqueue(ROWS.of((f"k{n:03}", "v"))) for n in range(count)]
    for ticket in tickets:
        assert await ticket.wait() is None
    assert await keys(database) == [f"k{n:03}" for n in range(count)]


async def test_a_row_that_breaks_a_rule_takes_no_other_row_down(database):
    await database.writer.commit(put("taken"))
    tickets = [database.writer.enqueue(ROWS.of((key, "v"))) for key in ("a", "taken", "b")]
    tickets.append(database.writer.enqueue(put("c")))
    await database.writer.flush()
    assert [type(ticket.error) for ticket in tickets] == [type(None), sqlite3.IntegrityError, type(None), type(None)]
    assert await keys(database) == ["a", "b", "c", "taken"]


async def test_rows_with_text_that_sqlite_cannot_hold_are_mended(database):
    tickets = [database.writer.enqueue(ROWS.of((key, "lone \ud800"))) for key in ("a", "b")]
    for ticket in tickets:
        await ticket.wait()
    assert await database.fetch_all("SELECT value FROM meta WHERE key IN ('a', 'b')") == [("lone \ufffd",)] * 2


async def test_errors_of_this_package_pass_through_and_others_of_sqlite_become_storage_errors(database):
    def conflict(connection):
        raise Conflict("taken")

    with pytest.raises(Conflict, match="taken"):
        await database.writer.commit(conflict)
    with pytest.raises(StorageError, match="no such table: nowhere"):
        await database.writer.commit(lambda c: c.execute("SELECT * FROM nowhere"))


async def test_a_commit_cancelled_at_any_step_leaves_no_half_and_the_next_write_works(database):
    cancelled = 0
    for step in range(1000):
        finished = False
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def cancel_later(scope=scope, step=step):
                    for _ in range(step):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()

                tasks.start_soon(cancel_later)
                await database.writer.commit(put_pair(str(step)))
                finished = True
        await database.writer.commit(put(f"{step}/next"))
        stored = [key for key in await keys(database) if key.startswith(f"{step}/")]
        assert stored in ([f"{step}/next"], [f"{step}/first", f"{step}/next", f"{step}/second"])
        if finished:
            break
        cancelled += 1
    assert finished
    assert cancelled > 2


async def test_the_follow_up_runs_even_if_the_caller_is_gone(database):
    told = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        await database.writer.commit(put("a"), told.append)
    assert scope.cancelled_caught
    await database.writer.flush()
    assert told == ["a"]


async def test_the_follow_up_runs_before_the_caller_goes_on_and_not_for_a_failed_unit(database):
    told = []
    await database.writer.commit(put("a"), told.append)
    assert told == ["a"]
    with pytest.raises(sqlite3.IntegrityError):
        await database.writer.commit(put("a"), told.append)
    assert told == ["a"]


async def test_disk_full_fails_loudly_reads_go_on_and_it_recovers(database):
    def limit(pages):
        return lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    def grow(connection):
        put("half")(connection)
        put("big", "x" * 1_000_000)(connection)

    await database.writer.commit(put("before"))
    await database.writer.commit(limit(1))
    small = database.writer.enqueue(put("small"))
    with pytest.raises(StorageFull) as caught:
        await database.writer.commit(grow)
    assert caught.value.status == 507
    assert await small.wait() == "small"
    assert await keys(database) == ["before", "small"]
    await database.writer.commit(limit(1_000_000))
    await database.writer.commit(grow)
    assert await keys(database) == ["before", "big", "half", "small"]


async def test_a_unit_that_goes_on_after_sqlite_rolled_it_back_is_abandoned(database):
    def careless(connection):
        put("first")(connection)
        try:
            put("big", "x" * 1_000_000)(connection)
        except sqlite3.OperationalError:
            put("second")(connection)

    await database.writer.commit(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
    other = database.writer.enqueue(put("other"))
    with pytest.raises(StorageError, match="went on after its transaction"):
        await database.writer.commit(careless)
    await other.wait()
    assert await keys(database) == ["other"]


async def test_a_locked_database_is_busy_soon_and_never_blocks_the_loop(database, path):
    turns = 0

    async def watch():
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            tickets = [database.writer.enqueue(put(str(n))) for n in range(20)]
            started = time.perf_counter()
            for ticket in tickets:
                with pytest.raises(StorageBusy) as caught:
                    await ticket.wait()
            waited = time.perf_counter() - started
            tasks.cancel_scope.cancel()
        assert caught.value.headers == {"Retry-After": "2"}
        # Less than one after the other would take, with many turns of the loop meanwhile.
        assert 0.1 < waited < 3
        assert turns > 20
        assert await keys(database) == []
        other.execute("ROLLBACK")
    await database.writer.commit(put("free"))
    assert await keys(database) == ["free"]


class Unlucky(BatchConnection):
    """A connection whose statements fail, one after the other, with what is in `troubles`."""

    troubles = []

    def execute(self, sql, parameters=(), /):
        if self.troubles and sql.startswith(self.troubles[0][0]):
            raise self.troubles.pop(0)[1]
        return super().execute(sql, parameters)


IO_ERROR = sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize(
    "troubles",
    [
        [("BEGIN", MemoryError())],
        [("BEGIN", OSError(errno.EMFILE, "Too many open files"))],
        [("COMMIT", MemoryError()), ("ROLLBACK", IO_ERROR), ("ROLLBACK", IO_ERROR)],
        [("INSERT", IO_ERROR), ("ROLLBACK", MemoryError())],
    ],
    ids=["no memory to begin", "no descriptor to begin", "rolled back at the third time", "rolled back later"],
)
async def test_whatever_fails_in_a_transaction_the_next_one_works(path, monkeypatch, troubles):
    monkeypatch.setattr(writer_module, "BatchConnection", Unlucky)
    async with Database(path) as database:
        monkeypatch.setattr(Unlucky, "troubles", list(troubles))
        with anyio.fail_after(30):
            while Unlucky.troubles:
                with pytest.raises(StorageError):
                    await database.writer.commit(put("a"))
            await database.writer.commit(put("b"))
        assert await keys(database) == ["b"]


async def test_after_a_failed_fsync_nothing_more_is_written(database):
    def failing(connection):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    assert database.writer.refusal is None
    with pytest.raises(StorageError, match="did not confirm a write"):
        await database.writer.commit(failing)
    assert isinstance(database.writer.refusal, StorageError)
    with pytest.raises(StorageError, match="did not confirm a write"):
        await database.writer.commit(put("a"))
    assert await keys(database) == []


async def test_telemetry_over_the_bound_is_dropped_and_counted_while_commits_go_on(database, monkeypatch):
    monkeypatch.setattr(writer_module, "_APPEND_LIMIT", 3)
    for n in range(5):
        database.writer.append(put(str(n)))
    await database.writer.commit(put("committed"))
    assert database.writer.dropped == 2
    assert await keys(database) == ["0", "1", "2", "committed"]
    database.writer.append(put("later"))
    await database.writer.flush()
    assert "later" in await keys(database)


async def test_failing_telemetry_is_logged_and_nobody_else_notices(database, caplog):
    database.writer.append(put("a"))
    database.writer.append(put("a"))
    assert await database.writer.commit(put("b")) == "b"
    assert "Telemetry is not being stored" in caplog.text


async def test_flush_waits_for_everything_and_raises_nothing(database):
    await database.writer.flush()
    tickets = [database.writer.enqueue(put("a")) for _ in range(3)]
    await database.writer.flush()
    assert all(ticket.done for ticket in tickets)


async def test_leaving_a_cancelled_scope_still_commits_what_was_handed_over(path):
    with anyio.CancelScope() as scope:
        async with Database(path) as database:
            try:
                database.writer.enqueue(put("before"))
                scope.cancel()
                await anyio.lowlevel.checkpoint()
            finally:
                with anyio.CancelScope(shield=True):
                    await database.writer.commit(put("clean-up"))
                database.writer.enqueue(put("farewell"))
    assert scope.cancelled_caught
    async with Database(path) as database:
        assert await keys(database) == ["before", "clean-up", "farewell"]


async def test_a_closed_writer_refuses(path):
    async with Database(path) as database:
        writer = database.writer
    with pytest.raises(StorageError, match="closed"):
        await writer.commit(put("a"))
    writer.append(put("a"))
    assert writer.dropped == 1
    with pytest.raises(StorageError, match="not open"):
        _ = database.writer


class Crash(BaseException):
    pass


async def test_a_writer_that_dies_fails_everyone_instead_of_hanging(path):
    def crash(connection):
        raise Crash

    async def use(database):
        tickets = [database.writer.enqueue(crash), database.writer.enqueue(put("a"))]
        for ticket in tickets:
            with anyio.CancelScope(shield=True), pytest.raises(StorageError, match="writer has failed"):
                await ticket.wait()
        with pytest.raises(StorageError, match="writer has failed"):
            await database.writer.commit(put("b"))

    with anyio.fail_after(30), pytest.raises(BaseExceptionGroup) as caught:
        async with Database(path) as database:
            await use(database)
    assert caught.group_contains(Crash)
    async with Database(path) as database:
        assert await keys(database) == []


ACKNOWLEDGER = """
import sys
from pathlib import Path
import anyio
from langflow_lite.storage.batches import BatchConnection
from langflow_lite.storage.database import Database
from langflow_lite.storage.units import Insert

async def main():
    async with Database(Path(sys.argv[1])) as database:
        async def client(name):
            for n in range(1_000_000):
                def unit(connection, key=f"{name}-{n}"):
                    connection.execute("INSERT INTO meta (key, value) VALUES (?, '')", (key,))
                    connection.execute("INSERT INTO meta (key, value) VALUES (?, '')", (key + "-twin",))
                    return key
                print(await database.writer.commit(unit), flush=True)
        async with anyio.create_task_group() as tasks:
            for name in "abcdefgh":
                tasks.start_soon(client, name)

anyio.run(main)
"""


async def test_kill_9_loses_no_acknowledged_commit(path):
    child = subprocess.Popen([sys.executable, "-c", ACKNOWLEDGER, str(path)], stdout=subprocess.PIPE, text=True)
    acknowledged = [child.stdout.readline().strip() for _ in range(500)]
    os.kill(child.pid, signal.SIGKILL)
    acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    async with Database(path) as database:
        stored = set(await keys(database))
    assert set(acknowledged) <= stored
    assert {key + "-twin" for key in stored if not key.endswith("-twin")} == {k for k in stored if k.endswith("-twin")}
