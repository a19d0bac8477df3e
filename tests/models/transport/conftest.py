from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from langflow_lite.models.transport import Dialer, Http1Transport


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops, for their transports differ."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture
def transport() -> Http1Transport:
    return Http1Transport(Dialer())


@pytest.fixture
async def client(anyio_backend: object, transport: Http1Transport) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=30) as client:
        yield client
