from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from langflow_lite.storage.database import Database
from langflow_lite.storage.jobs import JobTable
from langflow_lite.storage.secretbox import SecretBox
from langflow_lite.storage.variables import VariableStore
from tests.jobs.memory import MemoryJobs


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "langflow_lite.db", busy_timeout=0.2) as database:
        yield database


@pytest.fixture
async def table(database: Database, tmp_path: Path) -> JobTable:
    variables = VariableStore(database, SecretBox("", tmp_path / "secret_key"))
    await variables.load()
    return JobTable(database, variables)


@pytest.fixture
def memory() -> MemoryJobs:
    return MemoryJobs()


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MemoryJobs | JobTable]:
    """Every store a supervisor can have."""
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield MemoryJobs()
        else:
            database = await stack.enter_async_context(Database(tmp_path / "jobs.db", busy_timeout=0.2))
            variables = VariableStore(database, SecretBox("", tmp_path / "secret_key"))
            await variables.load()
            yield JobTable(database, variables)
