import errno
import os
import re

import anyio
import anyio.lowlevel
import pytest

from langflow_lite.errors import FlowNotFound, NotFound, PayloadTooLarge, StorageError, StorageFull
from langflow_lite.flow import Flow
from langflow_lite.storage import files as module
from langflow_lite.storage.database import Database
from langflow_lite.storage.files import FileStore, label

pytestmark = pytest.mark.anyio

LIMIT = 10 * 1024 * 1024


async def stream(*chunks):
    for chunk in chunks:
        yield chunk


@pytest.fixture
def directory(path):
    return path.parent / "files"


@pytest.fixture
async def files(database, flows, directory):
    await flows.create(Flow(id="f", name="f"))
    await flows.create(Flow(id="g", name="g"))
    files = FileStore(database, directory)
    await files.load()
    return files


async def save(files, name="the_oscar_award.csv", content=b"film,year\n", flow_id="f"):
    return await files.save(flow_id, name, stream(content), limit=LIMIT)


async def test_an_upload_is_kept_under_the_flow_with_the_time_in_front(files, directory):
    stored = await files.save("f", "the_oscar_award.csv", stream(b"film,", b"", b"year\n"), limit=LIMIT)
    assert re.fullmatch(r"f/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_the_oscar_award\.csv", stored.path)
    assert stored.size == 10
    assert await files.read(stored.path) == b"film,year\n"
    record, place = await files.find(stored.path)
    assert record == stored
    assert place.parent == directory
    assert place.stat().st_mode & 0o777 == 0o600
    assert os.listdir(directory) == [stored.id]


async def test_an_empty_file_is_a_file(files):
    stored = await files.save("f", "empty.txt", stream(), limit=LIMIT)
    assert await files.read(stored.path) == b""


async def test_large_uploads_are_written_in_the_order_they_come(files, monkeypatch):
    monkeypatch.setattr(module, "_WRITE_SIZE", 1000)
    chunks = [bytes([n]) * 700 for n in range(50)]
    stored = await files.save("f", "large", stream(*chunks), limit=LIMIT)
    assert await files.read(stored.path) == b"".join(chunks)
    assert stored.size == 35_000


async def test_two_uploads_of_one_name_at_one_time_are_two_files(files):
    stored = [await save(files, content=bytes([n])) for n in range(3)]
    assert [await files.read(s.path) for s in stored] == [b"\0", b"\1", b"\2"]
    assert [s.name for s in await files.list("f")] == [s.name for s in stored]


async def test_files_are_listed_by_flow(files):
    one, two = await save(files), await save(files, flow_id="g")
    assert await files.list("f") == [one]
    assert await files.list("g") == [two]
    assert await files.list("nowhere") == []


async def test_an_upload_over_the_limit_is_refused_while_it_arrives_and_leaves_nothing(files, directory):
    taken = 0

    async def endless():
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1000

    with pytest.raises(PayloadTooLarge, match="maximum size"):
        await files.save("f", "huge", endless(), limit=5000)
    assert taken == 6
    assert os.listdir(directory) == []
    assert (await files.save("f", "exact", stream(b"x" * 5000), limit=5000)).size == 5000


async def test_an_upload_that_breaks_off_leaves_nothing(files, directory):
    async def broken():
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await files.save("f", "half", broken(), limit=LIMIT)
    assert os.listdir(directory) == []
    assert await files.list("f") == []


async def test_an_upload_cancelled_at_any_step_is_whole_or_not_there(files, directory):
    for step in range(1000):
        finished = False
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def cancel_later(scope=scope, step=step):
                    for _ in range(step):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()

                tasks.start_soon(cancel_later)
                await save(files, name=f"{step}.txt")
                finished = True
        stored = await files.list("f")
        assert sorted(os.listdir(directory)) == sorted(s.id for s in stored)
        for s in stored:
            assert await files.read(s.path) == b"film,year\n"
        if finished:
            break
    assert finished


async def test_an_upload_for_a_flow_that_does_not_exist_leaves_nothing(files, directory):
    with pytest.raises(FlowNotFound):
        await save(files, flow_id="nowhere")
    assert os.listdir(directory) == []


async def test_a_full_disk_is_told_as_such_and_leaves_nothing(files, directory, monkeypatch):
    def full(fd, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(StorageFull):
        await save(files)
    assert os.listdir(directory) == []


@pytest.mark.parametrize(
    "guess",
    [
        "",
        "f",
        "f/",
        "/etc/passwd",
        "f/../../secret_key",
        "../langflow_lite.db",
        "f/\x00",
        "g/{name}",
        "{id}",
        "\ud800/x",
    ],
)
async def test_only_paths_that_were_handed_out_lead_to_a_file(files, guess):
    stored = await save(files)
    wrong = guess.format(name=stored.name, id=stored.id)
    for attempt in (files.read, files.delete, files.find):
        with pytest.raises(NotFound):
            await attempt(wrong)
    assert await files.read(stored.path) == b"film,year\n"


async def test_a_link_in_place_of_a_file_is_not_followed(files, directory, tmp_path):
    stored = await save(files)
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (directory / stored.id).unlink()
    (directory / stored.id).symlink_to(secret)
    with pytest.raises(StorageError):
        await files.read(stored.path)


async def test_a_file_whose_bytes_are_gone_is_not_found(files, directory):
    stored = await save(files)
    (directory / stored.id).unlink()
    with pytest.raises(NotFound):
        await files.read(stored.path)
    assert await files.delete(stored.path) == stored


async def test_a_deleted_file_is_gone_from_disk_too(files, directory):
    kept, gone = await save(files), await save(files)
    assert await files.delete(gone.path) == gone
    assert os.listdir(directory) == [kept.id]
    with pytest.raises(NotFound):
        await files.delete(gone.path)


async def test_all_files_of_a_flow_can_be_deleted(files, directory):
    kept = await save(files, flow_id="g")
    await save(files)
    await save(files)
    await files.delete_all("f")
    await files.delete_all("f")
    assert os.listdir(directory) == [kept.id]
    assert await files.list("f") == []


async def test_a_start_removes_unfinished_uploads_and_nothing_else(path, flows, files, directory):
    stored = await save(files)
    (directory / "unfinished.part").write_bytes(b"half")
    (directory / "unknown").write_bytes(b"not ours to judge")
    await FileStore(files._database, directory).load()
    assert sorted(os.listdir(directory)) == sorted([stored.id, "unknown"])


async def test_files_survive_a_restart(path, directory):
    async with Database(path) as database:
        files = FileStore(database, directory)
        await files.load()
        await database.writer.commit(
            lambda c: c.execute(
                "INSERT INTO flows (id, name, version, is_component, updated_at, webhook, locked, extra) "
                "VALUES ('f', 'f', '', 0, 0, 0, 0, '{}')"
            )
        )
        stored = await save(files)
    async with Database(path) as database:
        files = FileStore(database, directory)
        await files.load()
        assert await files.list("f") == [stored]
        assert await files.read(stored.path) == b"film,year\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a.csv", "a.csv"),
        ("../../../../tmp/pwn", "pwn"),
        ("C:\\Users\\me\\a b.txt", "a b.txt"),
        ("..", "file"),
        ("", "file"),
        ("/", "file"),
        (".env", ".env"),
        ("a\r\nb\x00.txt", "ab.txt"),
        ("é\ud800.txt", "é\ufffd.txt"),
        ("x" * 500 + ".csv", "x" * 196 + ".csv"),
        ("x." + "y" * 500, "x." + "y" * 198),
    ],
)
def test_names_are_labels_of_one_segment(given, expected):
    assert label(given) == expected


async def test_a_run_writes_a_file_under_its_name(files):
    path = await files.write("f", "report.txt", b"one", limit=100)
    assert path == "f/report.txt"
    assert await files.read(path) == b"one"
    assert [file.size for file in await files.list("f")] == [3]


async def test_a_written_file_is_replaced_or_grows(files):
    path = await files.write("f", "report.txt", b"one", limit=100)
    await files.write("f", "report.txt", b"two", limit=100)
    assert await files.read(path) == b"two"
    await files.write("f", "report.txt", b"!", limit=100, append=True)
    assert await files.read(path) == b"two!"
    await files.write("f", "new.txt", b"n", limit=100, append=True)
    assert len(await files.list("f")) == 2


async def test_a_written_file_that_is_refused_leaves_the_old_one(files):
    path = await files.write("f", "report.txt", b"one", limit=3)
    with pytest.raises(PayloadTooLarge):
        await files.write("f", "report.txt", b"four", limit=3)
    with pytest.raises(FlowNotFound):
        await files.write("no-such-flow", "report.txt", b"one", limit=3)
    assert await files.read(path) == b"one"
