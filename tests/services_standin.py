"""A web server for tests: pages and APIs that a test lays out, on a real socket, recording what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Seen], Any]


def answer_of(value: Any) -> Answer:
    """Text is HTML, bytes are sent as they are, anything else is JSON."""
    if isinstance(value, Answer):
        return value
    if isinstance(value, str):
        return Answer(value.encode(), headers={"content-type": "text/html; charset=utf-8"})
    if isinstance(value, bytes):
        return Answer(value, headers={"content-type": "application/octet-stream"})
    return Answer(json.dumps(value).encode(), headers={"content-type": "application/json"})


class WebStandin:
    """Serves what `serve` laid out; anything else is a 404. Use through `running_web`."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._routes: dict[str, Any] = {}

    def reset(self) -> None:
        self.seen = []
        self._routes = {}

    def serve(self, path: str, content: Any) -> str:
        """Answer `path` with this content, or with what a function makes of the request; returns the address."""
        self._routes[path] = content
        return self.url + path

    @property
    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        seen = Seen(
            scope["method"],
            scope["path"],
            dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            {name.decode(): value.decode() for name, value in scope["headers"]},
            body,
        )
        self.seen.append(seen)
        content = self._routes.get(scope["path"], Answer(b"no such page", 404, {"content-type": "text/plain"}))
        answer = answer_of(content(seen) if callable(content) else content)
        headers = {"content-length": str(len(answer.content)), **answer.headers}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.content})


@contextmanager
def running_web() -> Iterator[WebStandin]:
    """A stand-in that serves on a free loopback port, in a thread, while the block runs."""
    web = WebStandin()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        web.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            web, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        # Connections queue up in the listener until the server is up; nothing to wait for.
        try:
            yield web
        finally:
            server.should_exit = True
            thread.join()
