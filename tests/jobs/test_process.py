"""The job system in a real server process: components that misbehave, stops, and signals."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.flows import edge, node
from tests.serving import Server, running_server
from tests.standin import Standin

_COMPONENTS = """
import asyncio, threading, time
import anyio
from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Message

class Base(Component):
    input_value: Message = field(Kind.MESSAGE, 'Input')

class Blocks(Base):
    name = 'Blocks'
    @output('text', 'Text')
    def say(self) -> Message:
        time.sleep(3600)

class Swallows(Base):
    name = 'Swallows'
    @output('text', 'Text')
    async def say(self) -> Message:
        if self.ctx.emit is not None:
            self.ctx.emit('token', {'chunk': 'still', 'id': 'm'})
        while True:
            try:
                await asyncio.sleep(3600)
            except BaseException:
                pass

class Waits(Base):
    name = 'Waits'
    @output('text', 'Text')
    async def say(self) -> Message:
        if self.ctx.emit is not None:
            self.ctx.emit('token', {'chunk': 'begun', 'id': 'm'})
        await anyio.sleep(float(self.input_value.text))
        return self.input_value

class WaitsForFile(Base):
    name = 'WaitsForFile'
    @output('text', 'Text')
    async def say(self) -> Message:
        if self.ctx.emit is not None:
            self.ctx.emit('token', {'chunk': 'begun', 'id': 'm'})
        while not await anyio.Path(self.input_value.text).exists():
            await anyio.sleep(0.01)
        return self.input_value

class Raises(Base):
    name = 'Raises'
    @output('text', 'Text')
    async def say(self) -> Message:
        raise ValueError('no such thing')

class Exits(Base):
    name = 'Exits'
    @output('text', 'Text')
    async def say(self) -> Message:
        raise SystemExit(3)

class ExitsInThread(Base):
    name = 'ExitsInThread'
    @output('text', 'Text')
    def say(self) -> Message:
        raise SystemExit(3)

class Interrupts(Base):
    name = 'Interrupts'
    @output('text', 'Text')
    async def say(self) -> Message:
        raise KeyboardInterrupt

class CancelsItself(Base):
    name = 'CancelsItself'
    @output('text', 'Text')
    async def say(self) -> Message:
        raise asyncio.CancelledError
"""
_NAMES = ["Blocks", "Swallows", "Waits", "Raises", "Exits", "ExitsInThread", "Interrupts", "CancelsItself"]
Start = Callable[..., AbstractContextManager[Server]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    folder = tmp_path / "components"
    folder.mkdir()
    (folder / "bad.py").write_text(_COMPONENTS)

    def begin(**variables: str) -> AbstractContextManager[Server]:
        return running_server(tmp_path / "data", "--components-path", folder, **variables)

    return begin


def add_flow(server: Server, type_: str, **values: Any) -> None:
    nodes = [node("ChatInput-1", "ChatInput"), node("C-1", type_, **values), node("ChatOutput-1", "ChatOutput")]
    output = "text_output" if values else "text"
    edges = [edge("ChatInput-1.message", "C-1.input_value"), edge(f"C-1.{output}", "ChatOutput-1.input_value")]
    flow = {"name": type_, "endpoint_name": type_.lower(), "data": {"nodes": nodes, "edges": edges}}
    status, answer = server.request("POST", "/api/v1/flows/", flow)
    assert status == 201, answer


def submit(server: Server, flow: str, text: str = "hi", **fields: Any) -> str:
    body = {"flow_id": flow.lower(), "input_value": text, "background": True, **fields}
    status, answer = server.request("POST", "/api/v2/workflows", body)
    assert status == 200, answer
    return str(answer["job_id"])


def read(server: Server, job_id: str) -> Any:
    status, job = server.request("GET", f"/api/v2/workflows?job_id={job_id}")
    assert status == 200, job
    return job


def events(server: Server, job_id: str) -> Iterator[Any]:
    with urllib.request.urlopen(f"{server.url}/api/v2/workflows/{job_id}/events", timeout=30) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def wait_for(server: Server, job_id: str, event: str) -> Any:
    return next(body for body in events(server, job_id) if body["event"] == event)


def stop(server: Server, job_id: str) -> None:
    status, told = server.request("POST", "/api/v2/workflows/stop", {"job_id": job_id})
    assert status == 200, told


def health_seconds(server: Server) -> float:
    begin = time.monotonic()
    assert server.request("GET", "/health")[0] == 200
    return time.monotonic() - begin


def test_components_that_block_raise_exit_or_ignore_their_cancellation_leave_the_others_alone(start: Start):
    with start(LANGFLOW_MAX_CONCURRENT_JOBS="4", LANGFLOW_SHUTDOWN_GRACE="1") as server:
        for name in _NAMES:
            add_flow(server, name)
        for name, said in {
            "Raises": "no such thing",
            "Exits": "tried to exit",
            "ExitsInThread": "tried to exit",
            "Interrupts": "tried to exit",
            "CancelsItself": "cancelled itself",
        }.items():
            job_id = submit(server, name)
            assert [body["event"] for body in events(server, job_id)][-1] in ("end", "error")
            job = read(server, job_id)
            assert job["status"] == "failed"
            assert said in job["errors"][0]["error"]
        for name in ("Blocks", "Swallows"):
            stuck = [submit(server, name) for _ in range(4)]
            for job_id in stuck:
                wait_for(server, job_id, "build_start")
            assert max(health_seconds(server) for _ in range(20)) < 10
            for job_id in stuck:
                stop(server, job_id)
                assert read(server, job_id)["status"] == "cancelled"
            assert max(health_seconds(server) for _ in range(20)) < 10
            assert wait_for(server, submit(server, "echo"), "end")
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 15


def test_a_thread_that_is_stuck_does_not_keep_the_process(start: Start):
    with start(LANGFLOW_SHUTDOWN_GRACE="0.2") as server:
        add_flow(server, "Blocks")
        job_id = submit(server, "Blocks")
        wait_for(server, job_id, "build_start")
        assert server.stop() == 0
    with start() as server:
        assert read(server, job_id)["errors"][0]["code"] == "server_shutdown"


def test_sigterm_refuses_tells_followers_drains_and_records_the_rest(start: Start, tmp_path: Path):
    with start(LANGFLOW_MAX_CONCURRENT_JOBS="2", LANGFLOW_SHUTDOWN_GRACE="1.5") as server:
        add_flow(server, "Waits")
        add_flow(server, "WaitsForFile")
        file = tmp_path / "goes on"
        quick, long = submit(server, "WaitsForFile", str(file)), submit(server, "Waits", "3600")
        for job_id in (quick, long):
            wait_for(server, job_id, "token")
        queued = [submit(server, "Waits", "0") for _ in range(3)]
        with ThreadPoolExecutor(5) as followers:
            seen = {job_id: followers.submit(lambda id_=job_id: list(events(server, id_))) for job_id in [quick, long]}
            waiting = followers.submit(lambda: list(events(server, queued[0])))
            port = int(server.url.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=30) as late:
                body = json.dumps({"flow_id": "waits", "background": True}).encode()
                head = f"POST /api/v2/workflows HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                late.sendall(head.encode() + b"Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n")
                assert late.recv(100).startswith(b"HTTP/1.1 100")
                begin = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                assert waiting.result(30) == []
                late.sendall(body)
                answer = late.recv(4096).lower()
                assert answer.startswith(b"http/1.1 503")
                assert b"retry-after: " in answer
                file.touch()
            assert server.process.wait(30) == 0
            assert 1.5 < time.monotonic() - begin < 15
            assert seen[quick].result()[-1]["event"] == "end"
            assert seen[long].result()[-1]["data"]["code"] == "server_shutdown"
    with start() as server:
        assert read(server, quick)["status"] == "completed"
        assert read(server, long)["errors"][0]["code"] == "server_shutdown"
        for job_id in queued:
            assert wait_for(server, job_id, "end")
            assert read(server, job_id)["status"] == "completed"


def test_sigterm_tells_the_client_of_a_streamed_run_why_it_ends(start: Start):
    with start(LANGFLOW_SHUTDOWN_GRACE="0.2") as server:
        add_flow(server, "Waits")
        url = f"{server.url}/api/v1/run/waits?stream=true"
        asked = urllib.request.Request(url, b'{"input_value": "3600"}', {"Content-Type": "application/json"})
        told = []
        with urllib.request.urlopen(asked, timeout=30) as stream:
            for line in stream:
                if line.strip():
                    told.append(json.loads(line))
                    if told[-1]["event"] == "token":
                        server.process.send_signal(signal.SIGTERM)
        assert told[-1]["event"] == "error"
        assert told[-1]["data"] == {"error": "503: the server was shut down while the flow ran"}
        assert server.process.wait(30) == 0


def test_a_second_signal_ends_it_at_once_and_the_next_start_says_what_was_lost(start: Start):
    with start(LANGFLOW_SHUTDOWN_GRACE="60") as server:
        add_flow(server, "Waits")
        job_id = submit(server, "Waits", "3600")
        with ThreadPoolExecutor(1) as follower:
            # The stream of a queued job ends when the shutdown begins.
            wait_for(server, job_id, "token")
            follower.submit(lambda: list(events(server, job_id)))
            server.process.send_signal(signal.SIGTERM)
            while True:
                try:
                    socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))).close()
                except ConnectionError:
                    break
            begin = time.monotonic()
            assert server.stop(signal.SIGTERM) == -signal.SIGTERM
            assert time.monotonic() - begin < 15
    with start() as server:
        wait_for(server, job_id, "error")
        assert read(server, job_id)["errors"][0]["code"] == "worker_lost"


def test_stopping_a_job_that_waits_for_a_model_hangs_up_on_the_model(start: Start, standin: Standin):
    with start(OPENAI_API_KEY="sk-x", OPENAI_BASE_URL=f"{standin.url}/v1") as server:
        add_flow(server, "LanguageModelComponent", provider="OpenAI", model_name="slow-200-500", stream=True)
        job_id = submit(server, "LanguageModelComponent")
        wait_for(server, job_id, "token")
        stop(server, job_id)
        assert standin.wait_for_hangup()
        assert read(server, job_id)["status"] == "cancelled"
