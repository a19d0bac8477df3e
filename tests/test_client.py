"""The client of the terminal against real servers, over connections that break."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from anyio.abc import SocketStream

from langflow_lite import client as module
from langflow_lite.client import Client, ServerRefused, ServerUnreachable
from langflow_lite.errors import JobNotFound
from langflow_lite.settings import Settings
from tests.http.jobs import ECHO, GATED, MODELLED, TEXT, finished, gated_server, new_flow, submit

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=0, environ={}, load_examples=False, enable_log_retrieval=True)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)


def url_of(client: Any) -> str:
    return str(client.base_url).rstrip("/")


class Cutter:
    """A way to a server on which connections break: after so many bytes of the answer, as often as `cuts` says."""

    def __init__(self, port: int, cuts: list[int]) -> None:
        self.port = port
        self.cuts = cuts
        self.connections = 0

    async def carry(self, near: SocketStream) -> None:
        self.connections += 1
        async with near, await anyio.connect_tcp("127.0.0.1", self.port) as far, anyio.create_task_group() as tasks:
            streams = anyio.Event()
            tasks.start_soon(self._forth, near, far, streams, tasks.cancel_scope)
            await self._back(near, far, streams)
            tasks.cancel_scope.cancel()

    async def _forth(
        self, near: SocketStream, far: SocketStream, streams: anyio.Event, scope: anyio.CancelScope
    ) -> None:
        with suppress(anyio.BrokenResourceError):
            async for chunk in near:
                if b"/events" in chunk or b"/logs-stream" in chunk:
                    streams.set()
                await far.send(chunk)
        scope.cancel()

    async def _back(self, near: SocketStream, far: SocketStream, streams: anyio.Event) -> None:
        passed = 0
        with suppress(anyio.BrokenResourceError):
            async for chunk in far:
                if streams.is_set() and self.cuts:
                    room = self.cuts[0] - passed
                    passed += len(chunk)
                    if room < len(chunk):
                        del self.cuts[0]
                        await near.send(chunk[:room])
                        return
                await near.send(chunk)


@asynccontextmanager
async def cut(client: Any, *cuts: int) -> AsyncIterator[tuple[str, Cutter]]:
    """The URL of a way to the server that breaks, and the way."""
    cutter = Cutter(int(url_of(client).rsplit(":", 1)[1]), list(cuts))
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, cutter.carry)
        yield f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}", cutter
        tasks.cancel_scope.cancel()


async def in_thread(call: Callable[[], Any]) -> Any:
    with anyio.fail_after(30):
        return await anyio.to_thread.run_sync(call)


async def test_events_are_followed_over_connections_that_break_anywhere(settings: Settings):
    async with gated_server(settings) as (http, runtime, _):
        job_id = await submit(http, await new_flow(http, MODELLED), TEXT)
        await finished(http, runtime, job_id)
        notices: list[str] = []
        async with cut(http, 900, 5_000, 310, 9_001) as (url, cutter):
            with Client(url, notice=notices.append) as client:
                events = await in_thread(lambda: list(client.follow(job_id)))
        assert [event["sequence_id"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["event"] == "end"
        assert cutter.cuts == []
        assert set(notices) == {"The connection broke; taking it up again ..."}


async def test_a_job_that_runs_is_followed_to_its_end(settings: Settings):
    async with gated_server(settings) as (http, _, gate):
        job_id = await submit(http, await new_flow(http, GATED), TEXT)
        await gate.reached.wait()
        seen: list[str] = []

        def follow() -> None:
            with Client(url_of(http)) as client:
                for event in client.follow(job_id):
                    seen.append(event["event"])
                    if event["event"] == "output" or (event["event"], seen.count("add_message")) == ("add_message", 3):
                        anyio.from_thread.run_sync(gate.opened.set)

        await in_thread(follow)
        assert seen[-1] == "end"
        assert "token" in seen


async def test_a_component_that_failed_is_not_the_end_of_the_events(settings: Settings):
    async with gated_server(settings) as (http, runtime, _):
        flow_id = await new_flow(http, GATED)
        job_id = await submit(http, flow_id, TEXT, tweaks={"Gate-g": {"how": "fail"}})
        await finished(http, runtime, job_id)
        with Client(url_of(http)) as client:
            events = await in_thread(lambda: list(client.follow(job_id)))
        names = [event["event"] for event in events]
        assert names[names.index("error") :] == ["error", "end_vertex", "end"]


async def test_events_so_far_do_not_wait_for_those_to_come(settings: Settings):
    async with gated_server(settings) as (http, runtime, gate):
        job_id = await submit(http, await new_flow(http, GATED), TEXT)
        await gate.reached.wait()
        with Client(url_of(http)) as client:
            events = await in_thread(lambda: list(client.events(job_id)))
        assert events
        assert events[-1]["event"] != "end"
        gate.opened.set()
        await finished(http, runtime, job_id)
        with Client(url_of(http)) as client:
            assert (await in_thread(lambda: list(client.events(job_id))))[-1]["event"] == "end"


async def test_a_server_that_stays_away_is_given_up(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    async with gated_server(settings) as (http, _, gate):
        job_id = await submit(http, await new_flow(http, GATED), TEXT)
        await gate.reached.wait()
        async with cut(http, *[0] * 50) as (url, cutter):
            with Client(url) as client, pytest.raises(ServerUnreachable):
                await in_thread(lambda: list(client.follow(job_id)))
            assert cutter.connections > 1
        gate.opened.set()


async def test_the_log_is_followed_over_a_connection_that_breaks_and_no_line_comes_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("langflow_lite.http.logs._LOOK_SECONDS", 0.005)
    logger = logging.getLogger("langflow_lite.test")
    async with gated_server(settings) as (http, _, _), cut(http, 700) as (url, _):
        logger.warning("line 0")
        lines: list[str] = []

        def follow() -> None:
            with Client(url) as client:
                for line in client.follow_log(1):
                    # The log is the whole process's.
                    if "line " not in line:
                        continue
                    lines.append(line.split()[-1])
                    if lines[-1] == "40":
                        return
                    logger.warning("line %d", len(lines))

        await in_thread(follow)
        assert lines == [str(number) for number in range(41)]


async def test_a_job_is_found_by_the_beginning_of_its_id(settings: Settings):
    async with gated_server(settings) as (http, runtime, _):
        flow_id = await new_flow(http, ECHO)
        ids = [await submit(http, flow_id) for _ in range(3)]
        for job_id in ids:
            await finished(http, runtime, job_id)
        with Client(url_of(http)) as client:
            find = client.find_job
            assert await in_thread(partial(find, ids[1][:-1])) == ids[1]
            assert await in_thread(partial(find, ids[1].upper())) == ids[1]
            assert await in_thread(partial(find, ids[1][:-1].upper())) == ids[1]
            with pytest.raises(JobNotFound, match="More than one"):
                await in_thread(partial(find, ids[0][0]))
            for wrong in ("zz", "%", "_", ""):
                with pytest.raises(JobNotFound):
                    await in_thread(partial(find, wrong))
            assert [job["job_id"] for job in await in_thread(partial(client.jobs, 2))] == ids[:0:-1]


async def test_more_jobs_than_a_page_has_are_listed(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PAGE", 2)
    async with gated_server(settings) as (http, runtime, _):
        flow_id = await new_flow(http, ECHO)
        ids = [await submit(http, flow_id) for _ in range(5)]
        await finished(http, runtime, ids[-1])
        with Client(url_of(http)) as client:
            for limit in (1, 3, 4, 5, 9):
                found = await in_thread(partial(client.jobs, limit, flow_id=flow_id))
                assert [job["job_id"] for job in found] == ids[::-1][:limit]


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The URL of a server of another kind."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>", "answered 200, but not as langflow-lite would"),
        (500, b"\xff", "answered 500, but not as langflow-lite would"),
        (500, b'{"detail": ' + b"[" * 3000, "answered 500, but not as langflow-lite would"),
        (200, b"[" * 3000, "answered 200, but not as langflow-lite would"),
        (404, b'{"detail": "Not Found"}', "has no /health. Is this the right --url"),
        (401, b"", "asks for an API key"),
        (422, b'{"detail": [{"loc": ["query", "limit"], "msg": "too many"}]}', "query.limit: too many"),
        (422, b'{"detail": {"message": "in words", "error": "short"}}', "in words"),
        (503, b'{"detail": "the queue is full"}', "the queue is full"),
        (503, b'{"status": "nok", "detail": {"jobs": "stopped", "db": "gone"}}', "jobs: stopped; db: gone"),
    ],
)
def test_answers_of_every_kind_become_one_sentence(status: int, body: bytes, message: str):
    with answering(status, body) as url, Client(url) as client, pytest.raises(ServerRefused) as caught:
        client.health()
    assert message in caught.value.message
    assert caught.value.http_status == status


def test_where_nothing_listens_the_message_says_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(ServerUnreachable) as caught:
        client.health()
    assert f"Nothing answers at http://127.0.0.1:{port} (Connection refused)" in caught.value.message
    assert "langflow-lite run" in caught.value.message


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with answering(200, b'{"status": "ok"}') as url, Client(url) as client:
        assert client.health() == {"status": "ok"}
