"""A whole server on an empty database, called directly or through a socket."""

import socket
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
import uvicorn

from langflow_lite.app import create_app
from langflow_lite.http.server import uvicorn_config
from langflow_lite.settings import Settings


@pytest.fixture
def make_settings(tmp_path):
    def make(**changes):
        return Settings(**{"data_dir": tmp_path / "data", "port": 0, "environ": {}, "load_examples": False, **changes})

    return make


@pytest.fixture
def settings(make_settings):
    return make_settings()


@asynccontextmanager
async def running(settings):
    """The application with its lifespan entered."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def calling(app, **options):
    """A client that calls the application directly."""
    transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", **options) as client:
        yield client


class Server(uvicorn.Server):
    def __init__(self, config, ready):
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def serving(settings, *, extra_routes=(), app=None):
    """The application behind uvicorn on a socket of its own; gives the port."""
    app = app or create_app(settings)
    app.router.routes.extend(extra_routes)
    listener = socket.create_server(("127.0.0.1", 0))
    async with anyio.create_task_group() as tasks:
        ready = anyio.Event()
        server = Server(uvicorn_config(app, settings), ready)
        tasks.start_soon(server._serve, [listener])
        await ready.wait()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True


@pytest.fixture
async def app(settings):
    async with running(settings) as app:
        yield app


@pytest.fixture
def runtime(app):
    return app.state.runtime


@pytest.fixture
async def client(app):
    async with calling(app) as client:
        yield client
