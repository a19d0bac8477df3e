from uuid import UUID

import pytest

from langflow_lite.errors import StorageError
from langflow_lite.storage.database import Database
from langflow_lite.storage.meta import Meta

pytestmark = pytest.mark.anyio


async def test_the_user_id_is_a_uuid_of_its_own_for_each_database_and_stays(tmp_path):
    async def user_id(name):
        async with Database(tmp_path / name) as database:
            meta = Meta(database)
            await meta.load()
            return meta.user_id

    first = await user_id("a.db")
    assert UUID(first).version == 4
    assert str(UUID(first)) == first
    assert await user_id("a.db") == first
    assert await user_id("b.db") != first


async def test_a_database_without_its_user_id_is_complained_about(database):
    meta = Meta(database)
    with pytest.raises(StorageError, match="before it is loaded"):
        _ = meta.user_id
    await database.writer.commit(lambda c: c.execute("DELETE FROM meta"))
    with pytest.raises(StorageError, match="lost its user id"):
        await meta.load()
