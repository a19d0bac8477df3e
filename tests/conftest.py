from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.serving import Server, running_server
from tests.standin import Standin, running_standin

# How long an example takes depends on what else the machine does.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# A shell starts what runs in its background deaf to Ctrl-C, and so would be what the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared_standin() -> Iterator[Standin]:
    with running_standin() as standin:
        yield standin


@pytest.fixture
def standin(shared_standin: Standin) -> Standin:
    """The model providers of a test; one server plays them for all tests of a process."""
    shared_standin.reset()
    return shared_standin


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that only ask it things: a new data directory with the examples, open on loopback."""
    with running_server(tmp_path_factory.mktemp("server") / "data") as server:
        yield server
