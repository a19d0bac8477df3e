"""A server with real storage and no engine: what the endpoints of this layer need, and nothing else."""

import socket
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
import uvicorn

from langflow_lite.app import create_app
from langflow_lite.http.server import uvicorn_config
from langflow_lite.settings import Settings
from langflow_lite.storage.api_keys import ApiKeyStore
from langflow_lite.storage.database import Database
from langflow_lite.storage.files import FileStore
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.folders import FolderStore
from langflow_lite.storage.messages import MessageTable
from langflow_lite.storage.meta import Meta
from langflow_lite.storage.secretbox import SecretBox
from langflow_lite.storage.variables import VariableStore


class Registry:
    def catalogue(self):
        return {"inputs": {"ChatInput": {"display_name": "Chat Input"}}}


class StorageRuntime:
    """The stores of a server, opened together."""

    def __init__(self, settings):
        self.settings = settings
        self.registry = Registry()
        self.database = Database(settings.database_path, busy_timeout=0.2)

    @property
    def user_id(self):
        return self.meta.user_id

    async def __aenter__(self):
        await self.database.__aenter__()
        self.meta = Meta(self.database)
        self.flows = FlowStore(self.database)
        self.folders = FolderStore(self.database, self.flows)
        self.messages = MessageTable(self.database)
        self.api_keys = ApiKeyStore(self.database)
        self.variables = VariableStore(
            self.database, SecretBox(self.settings.secret_key, self.settings.data_dir / "secret_key")
        )
        self.files = FileStore(self.database, self.settings.data_dir / "files")
        for store in (self.meta, self.flows, self.folders, self.api_keys, self.variables, self.files):
            await store.load()
        return self

    async def __aexit__(self, *error):
        return await self.database.__aexit__(*error)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def make_settings(tmp_path):
    def make(**changes):
        return Settings(**{"data_dir": tmp_path / "data", "port": 0, "environ": {}, **changes})

    return make


@pytest.fixture
def settings(make_settings):
    return make_settings()


@asynccontextmanager
async def running(settings):
    """The application with its lifespan entered."""
    app = create_app(settings, runtime=StorageRuntime)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def calling(app, **options):
    """A client that calls the application directly."""
    transport = httpx2.ASGITransport(app=app, client=("192.0.2.7", 4711))
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
async def serving(settings, *, extra_routes=()):
    """The application behind uvicorn on a socket of its own; gives the port."""
    app = create_app(settings, runtime=StorageRuntime)
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
