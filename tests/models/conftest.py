from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from langflow_lite.models.outbound import OutboundClients
from langflow_lite.settings import Settings
from tests.standin import Standin, running_standin


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared_standin() -> Iterator[Standin]:
    with running_standin() as standin:
        yield standin


@pytest.fixture
def standin(shared_standin: Standin) -> Standin:
    shared_standin.reset()
    return shared_standin


@pytest.fixture
async def outbound(anyio_backend: str) -> AsyncIterator[OutboundClients]:
    async with OutboundClients(Settings(environ={})) as clients:
        yield clients
