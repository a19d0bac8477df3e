from __future__ import annotations

import anyio
import httpx2
import pytest

from langflow_lite.models.spread import SpreadTransport

pytestmark = pytest.mark.anyio


class Body(httpx2.AsyncByteStream):
    async def __aiter__(self):
        yield b"ok"


class Pool(httpx2.AsyncBaseTransport):
    def __init__(self) -> None:
        self.requests = 0
        self.closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        if request.url.path == "/fails":
            raise httpx2.ConnectError("no", request=request)
        return httpx2.Response(200, stream=Body())

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def pools() -> list[Pool]:
    return []


@pytest.fixture
async def client(pools: list[Pool]):
    def make() -> Pool:
        pools.append(Pool())
        return pools[-1]

    async with httpx2.AsyncClient(transport=SpreadTransport(make), base_url="http://model") as client:
        yield client
    assert all(pool.closed for pool in pools)


async def test_requests_one_after_the_other_share_a_pool(client: httpx2.AsyncClient, pools: list[Pool]) -> None:
    for _ in range(5):
        assert (await client.get("/")).text == "ok"
    assert [pool.requests for pool in pools] == [5]


async def test_requests_at_once_are_spread_over_a_bounded_number(client: httpx2.AsyncClient, pools: list[Pool]) -> None:
    release = anyio.Event()

    async def hold() -> None:
        async with client.stream("GET", "/") as answer:
            await release.wait()
            assert await answer.aread() == b"ok"

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for _ in range(130):
                tasks.start_soon(hold)
            while sum(pool.requests for pool in pools) < 130:
                await anyio.lowlevel.checkpoint()
            release.set()
    assert sorted(pool.requests for pool in pools) == [2] * 62 + [3] * 2
    await client.get("/")
    assert pools[0].requests in (3, 4)


async def test_a_request_that_fails_frees_its_pool(client: httpx2.AsyncClient, pools: list[Pool]) -> None:
    for _ in range(3):
        with pytest.raises(httpx2.ConnectError):
            await client.get("/fails")
    assert [pool.requests for pool in pools] == [3]
