from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest

from langflow_lite.errors import OutboundRefused
from langflow_lite.models.outbound import OutboundClients
from langflow_lite.settings import Settings
from tests.standin import Standin

pytestmark = pytest.mark.anyio

ABROAD = Settings(host="0.0.0.0", environ={})


class Listener:
    """A port that is listened on, to see whether anybody knocks."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def knocks(self) -> int:
        count = 0
        while True:
            try:
                self.socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.socket.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "localhost",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::]",
    ],
)
async def test_no_spelling_of_loopback_is_connected_to(listener: Listener, host: str) -> None:
    async with OutboundClients(ABROAD) as clients:
        with pytest.raises((OutboundRefused, httpx2.ConnectError, httpx2.InvalidURL)):
            await clients.client().get(f"http://{host}:{listener.port}/")
    assert listener.knocks() == 0


async def test_the_refusal_names_host_address_and_setting(listener: Listener) -> None:
    async with OutboundClients(ABROAD) as clients:
        with pytest.raises(OutboundRefused) as caught:
            await clients.client().get(f"http://127.1:{listener.port}/")
    assert str(caught.value) == (
        "Calls to 127.1 (which is 127.0.0.1) are refused: it is not a public address. "
        f"If this flow should reach it, add 127.1:{listener.port} to LANGFLOW_SSRF_ALLOWED_HOSTS."
    )


async def test_a_redirect_to_loopback_is_not_followed(listener: Listener, standin: Standin) -> None:
    port = standin.url.rpartition(":")[2]
    settings = Settings(host="0.0.0.0", ssrf_allowed_hosts=(f"127.0.0.1:{port}",), environ={})
    async with OutboundClients(settings) as clients:
        client = clients.client()
        target = f"http://127.0.0.1:{listener.port}/"
        with pytest.raises(OutboundRefused):
            await client.get(f"{standin.url}/redirect", params={"to": target}, follow_redirects=True)
        assert standin.calls[0].path == "/redirect"
    assert listener.knocks() == 0


async def test_a_name_the_operator_allows_is_called(standin: Standin) -> None:
    settings = Settings(host="0.0.0.0", ssrf_allowed_hosts=("localhost",), environ={})
    async with OutboundClients(settings) as clients:
        answer = await clients.client().get(standin.url.replace("127.0.0.1", "localhost") + "/v1/models")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("settings", "trusted"),
    [
        (Settings(environ={}), False),
        (ABROAD, True),
        (Settings(host="0.0.0.0", ssrf_protection=False, environ={}), False),
    ],
    ids=["bound to loopback", "trusted", "protection off"],
)
async def test_loopback_is_called_where_it_is_in_order(standin: Standin, settings: Settings, trusted: bool) -> None:
    async with OutboundClients(settings) as clients:
        answer = await clients.client(trusted=trusted).get(f"{standin.url}/v1/models")
    assert answer.status_code == 200


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1"], ids=["without proxies", "with proxies for others"])
async def test_a_session_that_one_run_began_is_not_there_for_the_next(
    standin: Standin, trusted: bool, no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", no_proxy)
    async with OutboundClients(Settings(environ={})) as clients:
        client = clients.client(trusted=trusted)
        await client.get(f"{standin.url}/cookie")
        await client.get(f"{standin.url}/v1/models")
        await client.get(f"{standin.url}/v1/models", headers={"cookie": "own=1"})
    assert [call.headers.get("cookie") for call in standin.calls] == [None, None, "own=1"]


async def test_clients_are_shared_and_closed_at_the_end() -> None:
    async with OutboundClients(ABROAD) as clients:
        trusted, untrusted = clients.client(trusted=True), clients.client()
        assert clients.client(trusted=True) is trusted
        assert clients.client() is untrusted
        assert trusted is not untrusted
    assert trusted.is_closed
    assert untrusted.is_closed


def test_the_http_client_is_not_imported_before_it_is_needed() -> None:
    program = (
        "import sys, langflow_lite.components.models, langflow_lite.components.ollama, "
        "langflow_lite.components.compatible_models, langflow_lite.models.outbound as o; "
        "from langflow_lite.settings import Settings; o.OutboundClients(Settings()); "
        "sys.exit('httpx2' in sys.modules or 'httpcore2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
