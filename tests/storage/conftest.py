from pathlib import Path

import pytest

from langflow_lite.storage.database import Database
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.folders import FolderStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "langflow_lite.db"


@pytest.fixture
async def database(path):
    async with Database(path, busy_timeout=0.2) as database:
        yield database


@pytest.fixture
async def flows(database):
    flows = FlowStore(database)
    await flows.load()
    return flows


@pytest.fixture
async def folders(database, flows):
    folders = FolderStore(database, flows)
    await folders.load()
    return folders
