from pathlib import Path

import pytest

from langflow_lite.storage.database import Database


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "langflow_lite.db"


@pytest.fixture
async def database(path):
    async with Database(path, busy_timeout=0.2) as database:
        yield database
