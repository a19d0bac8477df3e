"""Kill the server at a point of its work, start it again, and hold it to everything it had acknowledged."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.flows import edge, node
from tests.serving import Server, running_server

_WRITES = ("insert", "claim", "event", "finish", "stop", "told")
POINTS = (
    *(f"{when}-{write}" for write in _WRITES for when in ("before", "in", "after")),
    "before-callback",
    "after-callback",
)
CLIENTS = 4
JOBS_EACH = 6
TOKENS = 12
TERMINAL = {"end", "error", "cancelled"}
_LOST = (OSError, HTTPException, urllib.error.URLError, json.JSONDecodeError)
_COMPONENT = """
import anyio
from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Message

class Paced(Component):
    '''Says words one after the other.'''
    name = 'Paced'
    input_value: Message = field(Kind.MESSAGE, 'Input')

    @output('text', 'Text')
    async def say(self) -> Message:
        for number in range(%d):
            await anyio.sleep(0.002)
            if self.ctx.emit is not None:
                self.ctx.emit('token', {'chunk': str(number), 'id': 'm'})
        return Message(text=self.input_value.text)
"""


@dataclass
class Seen:
    """What clients were told before the crash."""

    accepted: list[str] = field(default_factory=list)
    with_callback: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    frames: dict[str, list[str]] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)


class Receiver:
    """Takes callbacks on a socket of its own and counts them by job."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                with receiver._changed:
                    receiver.told[self.headers["webhook-id"]] += 1
                    receiver._changed.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def wait_for(self, job_ids: list[str]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: set(job_ids) <= set(self.told), timeout=60), "a callback never came"


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        thread.join()
        receiver.server.server_close()


class Crashing:
    """A data directory that lives through any number of crashes."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.components = directory / "components"
        self.components.mkdir()
        (self.components / "paced.py").write_text(_COMPONENT % TOKENS)
        nodes = [node("ChatInput-1", "ChatInput"), node("Paced-1", "Paced"), node("ChatOutput-1", "ChatOutput")]
        edges = [edge("ChatInput-1.message", "Paced-1.input_value"), edge("Paced-1.text", "ChatOutput-1.input_value")]
        flow = {"name": "paced", "endpoint_name": "paced", "data": {"nodes": nodes, "edges": edges}}
        with self.server() as server:
            assert server.request("POST", "/api/v1/flows/", flow)[0] == 201

    def server(self, module: str = "langflow_lite", **variables: str) -> Any:
        return running_server(
            self.data,
            "--components-path",
            self.components,
            module=module,
            LANGFLOW_MAX_CONCURRENT_JOBS="3",
            LANGFLOW_CREATE_STARTER_PROJECTS="false",
            LANGFLOW_LOG_LEVEL="critical",
            **variables,
        )

    def crash(self, point: str, seed: int) -> None:
        """One round: traffic until the server dies at the point, then a restart, then the reckoning."""
        rng = random.Random(f"{point} {seed}")
        few = point.endswith(("stop", "told", "callback"))
        passes = rng.randint(1, 3 if few else CLIENTS * 2)
        seen = Seen()
        with receiving() as receiver:
            with self.server("tests.crash.faulty", LANGFLOW_TEST_FAULT=f"{point}:{passes}") as server:
                with ThreadPoolExecutor(CLIENTS) as clients:
                    work = [
                        clients.submit(_client, server, seen, receiver.url, random.Random(f"{seed} {client}"))
                        for client in range(CLIENTS)
                    ]
                for done in work:
                    done.result()
                assert server.process.wait(timeout=60) == -9, f"the server did not pass {point} {passes} times"
            started = time.monotonic()
            with self.server() as server:
                for job_id in seen.accepted:
                    _reckon(server, seen, job_id)
                receiver.wait_for(seen.with_callback)
                took = time.monotonic() - started
                _, done = server.request(
                    "POST", "/api/v2/workflows", {"flow_id": "paced", "input_value": "later", "mode": "sync"}
                )
                assert done["status"] == "completed"
        assert took < 60
        with closing(sqlite3.connect(self.data / "langflow_lite.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            unended = "SELECT count(*) FROM jobs WHERE status NOT IN ('completed', 'failed', 'cancelled')"
            assert connection.execute(unended).fetchone() == (0,)


def _client(server: Server, seen: Seen, callback_url: str, rng: random.Random) -> None:
    mine: list[str] = []
    try:
        for number in range(JOBS_EACH):
            body: dict[str, Any] = {"flow_id": "paced", "input_value": "hi", "background": True}
            if number % 2:
                body["callback_url"] = callback_url
            status, answer = server.request("POST", "/api/v2/workflows", body)
            assert status == 200, answer
            seen.accepted.append(answer["job_id"])
            mine.append(answer["job_id"])
            if number % 2:
                seen.with_callback.append(answer["job_id"])
            if number % 3 == 2:
                status, told = server.request("POST", "/api/v2/workflows/stop", {"job_id": rng.choice(mine[-2:])})
                assert status == 200, told
                if told["message"].endswith("cancelled successfully."):
                    seen.stopped.append(told["job_id"])
        for job_id in mine:
            for frame in _frames(server, job_id):
                seen.frames.setdefault(job_id, []).append(frame)
            status, job = server.request("GET", f"/api/v2/workflows?job_id={job_id}")
            seen.ended[job_id] = job["status"]
    except _LOST:
        return


def _frames(server: Server, job_id: str) -> Iterator[str]:
    with urllib.request.urlopen(f"{server.url}/api/v2/workflows/{job_id}/events", timeout=30) as stream:
        for line in stream:
            # A line that was cut off by the crash is not a frame.
            if line.startswith(b"data: ") and line.endswith(b"\n"):
                yield line[6:].decode().rstrip("\r\n")


def _reckon(server: Server, seen: Seen, job_id: str) -> None:
    frames = list(_frames(server, job_id))
    bodies = [json.loads(frame) for frame in frames]
    assert [body["sequence_id"] for body in bodies] == list(range(1, len(bodies) + 1)), "the sequence has a gap"
    assert [body["event"] for body in bodies if body["event"] in TERMINAL] == [bodies[-1]["event"]]
    before = seen.frames.get(job_id, [])
    assert frames[: len(before)] == before, "what a follower has read is gone or changed"
    status, job = server.request("GET", f"/api/v2/workflows?job_id={job_id}")
    assert status == 200, job
    expected = {"end": ("completed",), "cancelled": ("cancelled",), "error": ("failed",)}
    assert job["status"] in expected[bodies[-1]["event"]]
    if job["status"] == "failed":
        assert job["errors"][0]["code"] == "worker_lost", job["errors"]
    if job_id in seen.stopped:
        assert job["status"] == "cancelled"
    if job_id in seen.ended:
        assert job["status"] == seen.ended[job_id]
    if job["status"] == "completed":
        assert sum(body["event"] == "token" for body in bodies) == TOKENS
