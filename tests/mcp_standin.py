"""A stand-in for MCP servers over every transport, with a few tools.

Tools: `add` (a, b), `echo` (text), `fail`, `records` (JSON text), `count` (how often it was called in this session).
Over HTTP: `/mcp` is streamable HTTP with sessions, `/plain` the same without sessions and as JSON only, `/sse` the older
transport, `/forgetful` a server that loses its sessions after the first `tools/list`. Every tool call over `/mcp` is
answered in a stream in which the server first pings the client.

`python -m tests.mcp_standin` speaks over its pipes, after a line of greeting.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import uvicorn

TOOLS = [
    {
        "name": "add",
        "description": "Add two numbers.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
            "required": ["a", "b"],
        },
    },
    {
        "name": "echo",
        "description": "Say it again.",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
    },
    {"name": "fail", "description": "Does not work.", "inputSchema": {"type": "object", "properties": {}}},
    {"name": "records", "description": "Two records.", "inputSchema": {"type": "object", "properties": {}}},
    {"name": "count", "description": "Calls so far.", "inputSchema": {"type": "object", "properties": {}}},
]


class Talk:
    """What a server says in one session. Lists its tools in two pages."""

    def __init__(self) -> None:
        self.calls = 0

    def answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if "id" not in message or "method" not in message:
            return None
        method, params = message["method"], message.get("params", {})
        head = {"jsonrpc": "2.0", "id": message["id"]}
        if method == "initialize":
            info = {"name": "standin", "version": "1"}
            capabilities = {"tools": {}}
            version = params["protocolVersion"]
            return {**head, "result": {"protocolVersion": version, "capabilities": capabilities, "serverInfo": info}}
        if method == "tools/list":
            page = {"tools": TOOLS[2:]} if params.get("cursor") else {"tools": TOOLS[:2], "nextCursor": "2"}
            return {**head, "result": page}
        if method == "tools/call":
            return {**head, **self._call(params["name"], params["arguments"])}
        return {**head, "error": {"code": -32601, "message": f"no method {method}"}}

    def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        if name == "fail":
            return {"result": {"content": [{"type": "text", "text": "out of order"}], "isError": True}}
        if name not in [tool["name"] for tool in TOOLS]:
            return {"error": {"code": -32602, "message": f"Unknown tool: {name}"}}
        text = {
            "add": lambda: str(arguments["a"] + arguments["b"]),
            "echo": lambda: arguments.get("text", ""),
            "records": lambda: json.dumps([{"n": 1}, {"n": 2}]),
            "count": lambda: str(self.calls),
        }[name]()
        return {"result": {"content": [{"type": "text", "text": text}]}}


class McpStandin:
    """The ASGI application; `url` is set once it runs. `seen` counts methods, `headers` are those of the last request."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.ended: list[str] = []
        self.sessions: dict[str, Talk] = {}
        self._streams: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        path, method = scope["path"], scope["method"]
        if path == "/sse":
            # What only speaks the older transport refuses a POST.
            return await (self._listen(receive, send) if method == "GET" else _reply(send, 405, b"use GET"))
        if method == "DELETE":
            session = self.headers.get("mcp-session-id", "")
            self.ended.append(session)
            self.sessions.pop(session, None)
            return await _reply(send, 200, b"")
        message = json.loads(await _body(receive))
        self.seen[message.get("method", "answer")] += 1
        if path.startswith("/messages/"):
            name = path.removeprefix("/messages/")
            answer = self.sessions[name].answer(message)
            if answer is not None:
                await self._streams[name].send(answer)
            return await _reply(send, 202, b"")
        return await self._post(path, message, send)

    async def _post(self, path: str, message: dict[str, Any], send: Any) -> None:
        if path not in ("/mcp", "/plain", "/forgetful"):
            return await _reply(send, 404, b"no such page")
        session = self.headers.get("mcp-session-id", "")
        if message.get("method") == "initialize":
            session = str(uuid.uuid4())
            self.sessions[session] = Talk()
        elif path == "/plain":
            session = next(reversed(self.sessions))
        if session not in self.sessions:
            return await _reply(send, 404, b"no such session")
        answer = self.sessions[session].answer(message)
        if answer is None:
            return await _reply(send, 202, b"")
        headers = {} if path == "/plain" else {"mcp-session-id": session}
        if path == "/mcp" and message["method"] == "tools/call":
            ping = {"jsonrpc": "2.0", "id": "p1", "method": "ping"}
            body = b": hello\n\n" + _event("message", ping) + _event("message", answer)
            return await _reply(send, 200, body, {**headers, "content-type": "text/event-stream"})
        if path == "/forgetful" and message["method"] == "tools/list" and self.seen["tools/list"] == 2:
            del self.sessions[session]
        return await _reply(send, 200, json.dumps(answer).encode(), {**headers, "content-type": "application/json"})

    async def _listen(self, receive: Any, send: Any) -> None:
        name = str(uuid.uuid4())
        self.sessions[name] = Talk()
        sender, receiver = anyio.create_memory_object_stream[Any](16)
        self._streams[name] = sender
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": _event("endpoint", f"/messages/{name}"), "more_body": True})
        async with anyio.create_task_group() as tasks, receiver, sender:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            async for answer in receiver:
                await send({"type": "http.response.body", "body": _event("message", answer), "more_body": True})


def _event(name: str, data: Any) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode()


async def _body(receive: Callable[[], Awaitable[Any]]) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _reply(send: Any, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    fields = {"content-length": str(len(body)), **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def running_mcp() -> Iterator[McpStandin]:
    """A stand-in that serves on a free loopback port, in a thread, while the block runs."""
    standin = McpStandin()
    config = uvicorn.Config(
        standin, lifespan="off", ws="none", log_config=None, log_level="critical", timeout_graceful_shutdown=1
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        standin.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield standin
        finally:
            server.should_exit = True
            thread.join()


def main() -> None:
    """Speak over standard input and output until the input ends."""
    talk = Talk()
    print("standin 1.0", flush=True)
    for line in sys.stdin:
        answer = talk.answer(json.loads(line))
        if answer is not None:
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
