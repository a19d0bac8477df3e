from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from langflow_lite.models.outbound import OutboundClients
from langflow_lite.settings import Settings


@pytest.fixture
async def outbound(anyio_backend: str) -> AsyncIterator[OutboundClients]:
    async with OutboundClients(Settings(environ={})) as clients:
        yield clients
