"""One server from the command to its end: the socket, signals, and why it did not start."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import resource
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import anyio
import uvicorn

from langflow_lite.app import create_app
from langflow_lite.errors import LangflowError, SettingsError, only_cause
from langflow_lite.http.server import uvicorn_config
from langflow_lite.settings import Settings

if TYPE_CHECKING:
    from langflow_lite.runtime import Runtime

__all__ = ["has_stuck_threads", "leave", "serve"]

logger = logging.getLogger(__name__)

_MARGIN_SECONDS = 2.0
_YOUNG_OBJECTS = 10_000
_MANY_FILES = 65_536


def serve(settings: Settings, ready: Callable[[Runtime, str], None]) -> int:
    """Run a server until it is told to stop; `ready` is called with its Runtime and its URL once it listens.

    Returns 0 after SIGTERM or SIGINT, once requests had `shutdown_grace` seconds to finish; a second signal ends the
    process at once. Returns 1 when one of the server's tasks has died: all it could still do is refuse every request, and
    whatever watches over the process can start another. Raises `LangflowError` when the server cannot start: the port is
    taken, the data directory or the database cannot be used, or it would be reachable from elsewhere without a key.
    """
    _allow_many_files()
    listening = _listen(settings)
    try:
        with _exit_at_last(settings.shutdown_grace + _MARGIN_SECONDS) as stopping:
            return _Server(settings, listening, ready, stopping).run_until_stopped()
    finally:
        listening.close()


def _allow_many_files() -> None:
    """Raise the soft limit on open files as far as the hard one lets it: every connection takes one.

    It is as low as 1024 (256 on macOS) for the sake of programs that call `select`, which none of this does.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, _MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _exit_at_last(seconds: float) -> Iterator[threading.Event]:
    """End the process if the block has not ended so long after the event was set, whatever its code is stuck in.

    Code in a flow may block the event loop or ignore its cancellation; everything that was accepted is on disk.
    """
    stopping, ended = threading.Event(), threading.Event()

    def watch() -> None:
        stopping.wait()
        if not ended.wait(seconds):
            logger.error("A component ignores the shutdown; ending the process without it")
            leave(1)

    threading.Thread(target=watch, name="shutdown", daemon=True).start()
    try:
        yield stopping
    finally:
        ended.set()
        stopping.set()


def leave(status: int) -> NoReturn:
    """End the process now, with threads of components still in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def has_stuck_threads(seconds: float = 1.0) -> bool:
    """Whether threads would keep the interpreter from ending, after giving them a moment."""
    until = time.monotonic() + seconds
    threads = [t for t in threading.enumerate() if not t.daemon and t is not threading.current_thread()]
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return any(thread.is_alive() for thread in threads)


class _Server(uvicorn.Server):
    def __init__(
        self,
        settings: Settings,
        listening: socket.socket,
        ready: Callable[[Runtime, str], None],
        stopping: threading.Event,
    ) -> None:
        app = create_app(settings)
        super().__init__(uvicorn_config(app, settings))
        self._app = app
        self._settings = settings
        self._listening = listening
        self._ready = ready
        self._stopping = stopping
        self._failure: BaseException | None = None
        self._broke_off = False
        self._lifespan_of_app = app.router.lifespan_context
        app.router.lifespan_context = self._guarded_lifespan

    def run_until_stopped(self) -> int:
        logging.getLogger("uvicorn.error").addFilter(self._is_news)
        try:
            self.run(sockets=[self._listening])
        except SystemExit:
            if self._failure is None:
                raise
        if self._failure is None:
            return 0
        if not self._broke_off:
            raise self._failure
        logger.critical("The server ends with status 1, because it has failed: %r", only_cause(self._failure))
        return 1

    def _is_news(self, record: logging.LogRecord) -> bool:
        # The framework would report as tracebacks a failed start, of which the person gets one line, and requests that
        # are cancelled at the end of the grace, which is no fault.
        cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
        return self._failure is None and not cancelled

    @asynccontextmanager
    async def _guarded_lifespan(self, app: Any) -> AsyncIterator[Any]:
        open_to_requests = False
        try:
            async with self._lifespan_of_app(app) as state:
                _refuse_open_door(self._settings, app.state.runtime)
                open_to_requests = True
                yield state
        except BaseException as error:
            self._failure = error
            if open_to_requests and not self.should_exit:
                self._broke_off = self.should_exit = True
                self._stopping.set()
            raise

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await _take_resolver_threads()
        await super().startup(sockets)
        _spare_the_collector()
        bound = replace(self._settings, port=self._listening.getsockname()[1])
        self._ready(self._app.state.runtime, bound.url)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self.should_exit = True
        self._stopping.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Open streams keep connections open until their jobs end, so these have to end first.
        async with anyio.create_task_group() as tasks:
            if (runtime := getattr(self._app.state, "runtime", None)) is not None:
                tasks.start_soon(runtime.drain)
            await super().shutdown(sockets)


async def _take_resolver_threads() -> None:
    """Have the threads that look names up made now: libuv makes them for the first name, and aborts when it cannot."""
    await asyncio.get_running_loop().getnameinfo(("127.0.0.1", 0), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)


def _spare_the_collector() -> None:
    """Have the garbage collector pass over what lives as long as the process, and look less often at the rest.

    By default it goes over everything after each 700 new objects; a hundred runs that begin at once make more than
    that, none of it garbage yet, and waited for it.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)


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
        fix = (
            "Ports below 1024 are for privileged programs; choose another with --port or LANGFLOW_PORT."
            if error.errno == errno.EACCES
            else "--host takes an address or name of this machine, 127.0.0.1 for this machine alone, 0.0.0.0 for all."
        )
        raise SettingsError(f"Cannot listen on {settings.host} port {settings.port}: {reason}. {fix}") from error
    return listening


def _refuse_open_door(settings: Settings, runtime: Runtime) -> None:
    if not settings.is_loopback and not runtime.api_keys.has_usable:
        raise LangflowError(
            f"Listening on {settings.host} lets other machines in, and no API key exists to keep strangers out. "
            f"Make one with `langflow-lite api-key{_same_directory(settings)}`, give one with LANGFLOW_API_KEY_SOURCE=env "
            "and LANGFLOW_API_KEY, or use --host 127.0.0.1."
        )


def _same_directory(settings: Settings) -> str:
    default = Settings(environ={}).data_dir
    return "" if settings.data_dir == default else f" --data-dir {shlex.quote(str(settings.data_dir))}"
