import re
from datetime import timedelta

import pytest

from langflow_lite.errors import NotFound
from langflow_lite.storage import api_keys as module
from langflow_lite.storage.api_keys import ApiKeyStore
from langflow_lite.storage.database import Database
from langflow_lite.storage.lock import DataDirLock
from langflow_lite.values import utc_now

pytestmark = pytest.mark.anyio


@pytest.fixture
async def keys(database):
    keys = ApiKeyStore(database)
    await keys.load()
    return keys


async def reloaded(keys):
    fresh = ApiKeyStore(keys._database)
    await fresh.load()
    return fresh


async def test_a_key_is_shown_once_and_only_its_hash_is_stored(keys, path):
    record, plaintext = await keys.create("mine")
    assert re.fullmatch(r"sk-[A-Za-z0-9_-]{43}", plaintext)
    assert record.masked.startswith(plaintext[:7])
    assert plaintext[8:] not in repr(keys.list())
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert record.id.encode() in stored
    assert plaintext.encode() not in stored
    assert plaintext[8:].encode() not in stored


async def test_only_the_whole_right_key_is_let_in(keys):
    record, plaintext = await keys.create("mine")
    assert keys.verify(plaintext) is record
    for wrong in ("", "sk-", "sk-bad", plaintext[:-1], plaintext + "x", plaintext.upper(), "\ud800"):
        assert keys.verify(wrong) is None
    again = await reloaded(keys)
    assert again.verify(plaintext).id == record.id


async def test_keys_of_one_bucket_are_told_apart(keys, monkeypatch):
    monkeypatch.setattr(module, "_BUCKET", 0)
    pairs = [await keys.create(str(n)) for n in range(3)]
    assert [keys.verify(plaintext).name for _, plaintext in pairs] == ["0", "1", "2"]
    await keys.delete(pairs[1][0].id)
    assert [keys.verify(plaintext) is not None for _, plaintext in pairs] == [True, False, True]


async def test_an_expired_or_inactive_key_is_refused(keys, database):
    assert not keys.has_usable
    _, expired = await keys.create(expires_at=utc_now() - timedelta(seconds=1))
    assert keys.verify(expired) is None
    assert not keys.has_usable
    record, valid = await keys.create(expires_at=utc_now() + timedelta(hours=1))
    assert keys.verify(valid) is record
    assert keys.has_usable
    await database.writer.commit(lambda c: c.execute("UPDATE api_keys SET is_active = 0"))
    again = await reloaded(keys)
    assert again.verify(valid) is None
    assert [key.is_active for key in again.list()] == [False, False]


async def test_a_deleted_key_is_refused_at_once_and_for_good(keys):
    record, plaintext = await keys.create()
    await keys.delete(record.id)
    assert keys.verify(plaintext) is None
    assert keys.list() == []
    assert (await reloaded(keys)).verify(plaintext) is None
    with pytest.raises(NotFound, match="API Key not found"):
        await keys.delete(record.id)


async def test_uses_are_counted_without_a_write_each(keys, database):
    record, plaintext = await keys.create()
    writes = []
    append = database.writer.append
    database.writer.append = lambda unit: (writes.append(unit), append(unit))
    for _ in range(100):
        keys.verify(plaintext)
    assert record.total_uses == 100
    assert len(writes) == 1
    keys.save_usage()
    keys.save_usage()
    await database.writer.flush()
    assert len(writes) == 2
    (stored,) = (await reloaded(keys)).list()
    assert stored == record


async def test_a_key_made_by_a_command_is_known_to_the_server_started_after_it(path):
    with DataDirLock(path.parent):
        async with Database(path) as database:
            _, plaintext = await ApiKeyStore(database).create("from the command line")
    with DataDirLock(path.parent):
        async with Database(path) as database:
            keys = ApiKeyStore(database)
            await keys.load()
            assert keys.verify(plaintext).name == "from the command line"
