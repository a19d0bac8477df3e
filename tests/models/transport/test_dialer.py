from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Sequence

import anyio
import httpx2
import pytest

from langflow_lite.errors import OutboundRefused
from langflow_lite.models.addresses import AddressPolicy
from langflow_lite.models.transport import Dialer, Http1Transport
from langflow_lite.models.transport.dialer import Resolver
from langflow_lite.settings import Settings
from tests.standin import Standin

pytestmark = pytest.mark.anyio

AT_HOME = AddressPolicy(Settings(environ={}))
ABROAD = AddressPolicy(Settings(host="0.0.0.0", environ={}))


def resolver(*answers: Sequence[str], asked: list[str] | None = None) -> Resolver:
    """Gives one answer after the other, then the last one again and again."""
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        if asked is not None:
            asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def dialer(policy: AddressPolicy | None, resolve: Resolver) -> Dialer:
    return Dialer(policy, resolve=resolve)


async def status(dial: Dialer, url: str) -> int:
    async with httpx2.AsyncClient(transport=Http1Transport(dial), trust_env=False) as client:
        return (await client.get(url)).status_code


@pytest.fixture
def port(standin: Standin) -> int:
    return int(standin.url.rpartition(":")[2])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that is listened on and whose queue is full, so that connecting to it takes for ever."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture
async def knocks(anyio_backend: str) -> AsyncIterator[tuple[int, list[object]]]:
    """A port and who connected to it."""
    seen: list[object] = []
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:

        async def note(stream: anyio.abc.SocketStream) -> None:
            seen.append(stream)
            await stream.aclose()

        tasks.start_soon(listener.serve, note)
        yield listener.extra(anyio.abc.SocketAttribute.local_port), seen
        tasks.cancel_scope.cancel()


async def test_the_name_is_resolved_once_and_what_was_checked_is_connected_to(port: int) -> None:
    asked: list[str] = []
    flipping = dialer(AT_HOME, resolver(["127.0.0.1"], ["10.0.0.1"], asked=asked))
    assert await status(flipping, f"http://rebinding.test:{port}/v1/models") == 200
    assert asked == ["rebinding.test"]


async def test_one_forbidden_address_among_public_ones_refuses_the_host(knocks: tuple[int, list[object]]) -> None:
    at, seen = knocks
    with pytest.raises(OutboundRefused, match=r"mixed\.test \(which is 127\.0\.0\.1\)"):
        await dialer(ABROAD, resolver(["1.1.1.1", "127.0.0.1"])).connect("mixed.test", at, tls=False)
    assert seen == []


async def test_the_next_address_is_tried_when_the_first_does_not_answer(port: int) -> None:
    two = dialer(AT_HOME, resolver(["127.0.0.99", "127.0.0.1"]))
    assert await status(two, f"http://two.test:{port}/v1/models") == 200


async def test_an_address_that_is_silent_does_not_hold_up_the_next(silent_port: int) -> None:
    with socket.create_server(("127.0.0.2", silent_port)), anyio.fail_after(30):
        dial = dialer(None, resolver(["127.0.0.1", "127.0.0.2"]))
        connection = await dial.connect("two.test", silent_port, tls=False, seconds=5)
        assert connection.is_open
        connection.abort()
        await connection.wait_lost()


async def test_when_no_address_answers_the_first_failure_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(httpx2.ConnectError, match=r"^Connection refused$"):
        await dialer(None, resolver(["127.0.0.1", "127.0.0.2"])).connect("two.test", free, tls=False)


async def test_a_name_that_does_not_resolve_is_a_connection_error() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(httpx2.ConnectError, match=r"gone\.test cannot be resolved: no such name"):
        await dialer(ABROAD, nothing).connect("gone.test", 80, tls=False)


async def test_a_name_without_addresses_is_a_connection_error() -> None:
    with pytest.raises(httpx2.ConnectError, match=r"empty\.test has no address"):
        await dialer(ABROAD, resolver([])).connect("empty.test", 80, tls=False)


async def test_a_slow_resolver_counts_towards_the_time_limit() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await anyio.sleep_forever()
        return []

    with pytest.raises(httpx2.ConnectTimeout, match=r"slow\.test was not resolved in time"):
        await dialer(ABROAD, never).connect("slow.test", 80, tls=False, seconds=0.05)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "127.0.0.1"]], ids=["one", "two"])
async def test_a_silent_address_is_given_up_in_time(silent_port: int, addresses: list[str]) -> None:
    with pytest.raises(httpx2.ConnectTimeout, match=r"silent\.test was not connected to in time"):
        await dialer(None, resolver(addresses)).connect("silent.test", silent_port, tls=False, seconds=0.05)
