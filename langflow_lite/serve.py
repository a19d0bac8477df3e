"""One server from the command to its end: the socket, the lines it prints, signals, and why it did not start."""

from __future__ import annotations

import errno
import logging
import shlex
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

import langflow_lite
from langflow_lite.app import create_app
from langflow_lite.errors import LangflowError, SettingsError
from langflow_lite.flow import Flow
from langflow_lite.http.server import uvicorn_config
from langflow_lite.settings import Settings

if TYPE_CHECKING:
    from langflow_lite.runtime import Runtime

__all__ = ["serve"]


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Run a server until it is told to stop; `say` takes the lines for the person who started it.

    Returns after SIGTERM or SIGINT, once requests had `shutdown_grace` seconds to finish; a second signal ends the
    process at once. Raises `LangflowError` when the server cannot start: the port is taken, the data directory or the
    database cannot be used, or it would be reachable from elsewhere without a key.
    """
    listening = _listen(settings)
    try:
        _Server(settings, listening, say).run_until_stopped()
    finally:
        listening.close()


class _Server(uvicorn.Server):
    def __init__(self, settings: Settings, listening: socket.socket, say: Callable[[str], None]) -> None:
        app = create_app(settings)
        super().__init__(uvicorn_config(app, settings))
        self._app = app
        self._settings = settings
        self._listening = listening
        self._say = say
        self._failure: BaseException | None = None
        self._lifespan_of_app = app.router.lifespan_context
        app.router.lifespan_context = self._guarded_lifespan

    def run_until_stopped(self) -> None:
        # The framework would report a failed start as a traceback; the person gets one line instead.
        logging.getLogger("uvicorn.error").addFilter(lambda _: self._failure is None)
        try:
            self.run(sockets=[self._listening])
        except SystemExit:
            if self._failure is None:
                raise
        if self._failure is not None:
            raise self._failure

    @asynccontextmanager
    async def _guarded_lifespan(self, app: Any) -> AsyncIterator[Any]:
        try:
            async with self._lifespan_of_app(app) as state:
                _refuse_open_door(self._settings, app.state.runtime)
                yield state
        except BaseException as error:
            self._failure = error
            raise

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for line in _welcome(self._settings, self._app.state.runtime, self._listening):
            self._say(line)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self.should_exit = True


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {settings.port} on {settings.host} is taken by another program. "
                "Choose another with --port or LANGFLOW_PORT; 0 picks a free one."
            ) from error
        reason = error.strerror or str(error)
        raise SettingsError(f"Cannot listen on {settings.host} port {settings.port}: {reason}.") from error
    return listening


def _refuse_open_door(settings: Settings, runtime: Runtime) -> None:
    if not settings.is_loopback and not runtime.api_keys.has_usable:
        raise LangflowError(
            f"Listening on {settings.host} lets other machines in, and no API key exists to keep strangers out. "
            f"Make one with `langflow-lite api-key{_same_directory(settings)}`, or use --host 127.0.0.1."
        )


def _same_directory(settings: Settings) -> str:
    default = Settings(environ={}).data_dir
    return "" if settings.data_dir == default else f" --data-dir {shlex.quote(str(settings.data_dir))}"


def _welcome(settings: Settings, runtime: Runtime, listening: socket.socket) -> list[str]:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    base = f"http://[{host}]" if ":" in host else f"http://{host}"
    base += f":{listening.getsockname()[1]}"
    loaded = runtime.loaded
    lines = [f"langflow-lite {langflow_lite.__version__} is listening on {base} (data: {settings.data_dir})"]
    if loaded.examples:
        lines.append(f"First start: loaded the examples {_names(loaded.examples)}.")
    if loaded.flows:
        lines.append(f"Loaded {_names(loaded.flows)} from {settings.load_flows_path}.")
    lines += [f"Note: {note}" for note in settings.ignored()]
    if (flow := _first_to_try(runtime)) is not None:
        key = "" if settings.is_loopback and settings.auto_login else ' -H "x-api-key: $LANGFLOW_API_KEY"'
        lines.append(
            f"Try it: curl {base}/api/v1/run/{flow.endpoint_name or flow.id}{key} "
            "-H 'Content-Type: application/json' -d '{\"input_value\": \"Hello!\"}'"
        )
    return lines


def _names(flows: tuple[Flow, ...]) -> str:
    shown = ", ".join(flow.endpoint_name or flow.name for flow in flows[:8])
    return shown if len(flows) <= 8 else f"{shown} and {len(flows) - 8} more"


def _first_to_try(runtime: Runtime) -> Flow | None:
    """One of the flows that were just loaded, else the echo example, else any."""
    candidates = [*runtime.loaded.flows, *runtime.flows.list()]
    echo = next((flow for flow in candidates if flow.endpoint_name == "echo"), None)
    return echo or next(iter(candidates), None)
