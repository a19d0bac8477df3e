import errno
import os
import subprocess
import sys
from uuid import UUID

import anyio
import pytest

from langflow_lite.errors import Conflict, NotFound, StorageError
from langflow_lite.storage.secretbox import KeyLost, SecretBox
from langflow_lite.storage.variables import VariableStore, VariableType

pytestmark = pytest.mark.anyio

SECRET = "canary-4f9d2c"


class Crash(BaseException):
    pass


@pytest.fixture
def key_file(path):
    return path.parent / "secret_key"


async def store(database, key_file, passphrase=""):
    variables = VariableStore(database, SecretBox(passphrase, key_file))
    await variables.load()
    return variables


@pytest.fixture
async def variables(database, key_file):
    return await store(database, key_file)


async def test_a_value_comes_back_after_a_restart(variables, database, key_file):
    created = await variables.create("MY_V", SECRET, default_fields=["api_key"])
    assert UUID(created.id).version == 7
    assert created.type is VariableType.CREDENTIAL
    assert await variables.get_value("MY_V") == SECRET
    assert await variables.get_value("my_v") is None
    again = await store(database, key_file)
    assert again.list() == [created]
    assert await again.get_value("MY_V") == SECRET


async def test_values_are_nowhere_in_the_raw_bytes(variables, database, path):
    for kind in VariableType:
        created = await variables.create(kind.value, SECRET, type=kind)
        await variables.update(created.id, {"value": SECRET + "2"})
    await database.writer.flush()
    files = list(path.parent.iterdir())
    assert {file.name for file in files} >= {"langflow_lite.db", "langflow_lite.db-wal"}
    for file in files:
        assert SECRET.encode() not in file.read_bytes()
    assert SECRET not in repr(variables.list())


async def test_equal_values_look_different_on_disk(variables):
    first = await variables.create("A", SECRET)
    second = await variables.create("B", SECRET)
    assert first.sealed[13:] != second.sealed[13:]


async def test_a_value_cannot_be_moved_to_another_variable(variables, database, key_file):
    first = await variables.create("A", SECRET)
    second = await variables.create("B", "other")
    await database.writer.commit(
        lambda c: c.execute("UPDATE variables SET value = ? WHERE id = ?", (first.sealed, second.id))
    )
    again = await store(database, key_file)
    with pytest.raises(StorageError, match="cannot be decrypted"):
        await again.get_value("B")


async def test_the_key_file_is_private_and_made_only_when_needed(variables, key_file):
    assert not key_file.exists()
    assert await variables.get_value("MISSING") is None
    assert not key_file.exists()
    await variables.create("A", SECRET)
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(key_file.read_text())) == 32


async def test_a_missing_or_damaged_key_file_is_never_replaced_while_variables_need_it(variables, database, key_file):
    created = await variables.create("A", SECRET)
    for damage in (key_file.unlink, lambda: key_file.write_text("short\n")):
        damage()
        again = await store(database, key_file)
        with pytest.raises(StorageError, match=str(key_file)):
            await again.get_value("A")
        with pytest.raises(StorageError, match=str(key_file)):
            await again.create("B", "value")
    key_file.unlink()
    await again.delete(created.id)
    await again.create("B", "value")
    assert await again.get_value("B") == "value"


async def test_a_key_file_that_is_a_link_is_refused(variables, key_file, tmp_path):
    key_file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="cannot be read"):
        await variables.create("A", SECRET)
    assert not (tmp_path / "elsewhere").exists()


async def test_a_key_that_was_not_written_whole_is_no_key(variables, database, key_file, monkeypatch):
    def die(fd):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", die)
        with pytest.raises(Crash):
            await variables.create("A", SECRET)
    assert not key_file.exists()
    again = await store(database, key_file)
    await again.create("A", SECRET)
    assert await (await store(database, key_file)).get_value("A") == SECRET


@pytest.mark.parametrize(
    ("number", "status"), [(errno.EMFILE, 503), (errno.ENOSPC, 507), (errno.EIO, 500)], ids=["files", "room", "disk"]
)
async def test_a_key_that_cannot_be_used_for_now_can_be_used_later(variables, key_file, monkeypatch, number, status):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    for key_is_there in (False, True):
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", fail)
            with pytest.raises(StorageError) as caught:
                await variables.create("A", SECRET)
        assert caught.value.status == status
        assert not isinstance(caught.value, KeyLost)
        if not key_is_there:
            key_file.write_text("00" * 32)
    await variables.create("A", SECRET)
    assert await variables.get_value("A") == SECRET


async def test_others_being_able_to_read_the_key_is_warned_about(variables, database, key_file, caplog):
    await variables.create("A", SECRET)
    key_file.chmod(0o644)
    assert await (await store(database, key_file)).get_value("A") == SECRET
    assert "chmod 600" in caplog.text


async def test_the_key_from_the_settings_is_used_instead_of_a_file(database, key_file):
    variables = await store(database, key_file, "short")
    await variables.create("A", SECRET)
    assert not key_file.exists()
    assert await (await store(database, key_file, "short")).get_value("A") == SECRET
    with pytest.raises(StorageError, match="LANGFLOW_SECRET_KEY"):
        await (await store(database, key_file, "other")).get_value("A")


async def test_an_update_changes_only_what_it_names(variables, database, key_file):
    created = await variables.create("A", SECRET, default_fields=["x"])
    changed = await variables.update(created.id, {"name": "B", "type": "Generic"})
    assert (changed.name, changed.type, changed.default_fields) == ("B", VariableType.GENERIC, ["x"])
    assert await variables.get_value("B") == SECRET
    assert await variables.get_value("A") is None
    await variables.update(created.id, {"value": "new"})
    assert await variables.get_value("B") == "new"
    assert (await store(database, key_file)).list() == variables.list()


async def test_names_are_unique(variables):
    await variables.create("A", "1")
    second = await variables.create("B", "2")
    with pytest.raises(Conflict, match="already a variable called A"):
        await variables.create("A", "3")
    with pytest.raises(Conflict, match="already a variable called A"):
        await variables.update(second.id, {"name": "A", "value": "4"})
    assert [await variables.get_value(name) for name in "AB"] == ["1", "2"]


async def test_a_deleted_variable_is_gone(variables):
    created = await variables.create("A", SECRET)
    await variables.delete(created.id)
    assert await variables.get_value("A") is None
    for missing in (variables.delete(created.id), variables.update(created.id, {"name": "B"})):
        with pytest.raises(NotFound):
            await missing
    with pytest.raises(NotFound):
        variables.get(created.id)


async def test_first_uses_at_the_same_time_make_one_key(variables, database, key_file):
    async with anyio.create_task_group() as tasks:
        for n in range(5):
            tasks.start_soon(variables.create, f"V{n}", f"value {n}")
    again = await store(database, key_file)
    assert [await again.get_value(f"V{n}") for n in range(5)] == [f"value {n}" for n in range(5)]


def test_importing_the_store_does_not_import_the_cryptography_library():
    code = "import sys, langflow_lite.storage.variables; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
