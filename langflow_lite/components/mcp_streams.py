"""Channels to MCP servers that keep one stream: the older HTTP with SSE, and the pipes of a process.

Model Context Protocol, sections *HTTP with SSE* of 2024-11-05 and *stdio* of 2025-06-18.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from langflow_lite.components.mcp_channels import (
    MAX_MESSAGE,
    ChannelClosed,
    HttpErrors,
    Json,
    McpError,
    decode_message,
    refusal_of,
    server_events,
    shown_url,
)
from langflow_lite.values import to_json

if TYPE_CHECKING:
    import httpx2

__all__ = ["ServerSentEvents", "Stdio"]

# What a server process gets of this one's environment: enough to find programs and its home, no keys.
_INHERITED = ("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "SYSTEMROOT", "TEMP", "TERM", "TMPDIR", "USER")


class _Inbox:
    """Responses that come in one stream for whoever waits for them. Of those who wait, one reads for all.

    Announce an id with `expect` before the request goes out; responses that nobody expects are dropped.
    """

    def __init__(self, receive: Callable[[], Awaitable[Json]], send: Callable[[Json], Awaitable[None]]) -> None:
        self._receive = receive
        self._send = send
        self._answers: dict[Any, Json] = {}
        self._expected: set[Any] = set()
        self._reading = False
        self._changed = anyio.Event()

    def expect(self, id_: Any) -> None:
        """Somebody will wait for the response with this id."""
        self._expected.add(id_)

    async def wait_for(self, id_: Any) -> Json:
        """The response with this id."""
        try:
            while id_ not in self._answers:
                if self._reading:
                    await self._changed.wait()
                else:
                    await self._read()
            return self._answers.pop(id_)
        finally:
            self._expected.discard(id_)
            self._answers.pop(id_, None)

    async def _read(self) -> None:
        self._reading = True
        try:
            message = await self._receive()
            if "method" not in message:
                if isinstance(message.get("id"), int) and message["id"] in self._expected:
                    self._answers[message["id"]] = message
            elif "id" in message:
                await self._send(refusal_of(message))
        finally:
            self._reading = False
            self._changed.set()
            self._changed = anyio.Event()


class ServerSentEvents:
    """The older transport: a stream of events for everything the server says, POSTs for everything the client says."""

    def __init__(self, client: httpx2.AsyncClient, url: str, headers: Mapping[str, str]) -> None:
        self._client = client
        self._url = url
        self._headers = dict(headers)
        self._response: httpx2.Response | None = None
        self._stream: AsyncIterator[tuple[str, bytes]] | None = None
        self._endpoint = ""
        self._inbox = _Inbox(self._receive, self.send)

    def agreed(self, version: str) -> None:
        """This transport does not repeat the version."""

    async def open(self) -> None:
        """Open the stream and learn where to send messages. Raises `McpError`."""
        async with HttpErrors(self._url):
            request = self._client.build_request(
                "GET", self._url, headers={**self._headers, "accept": "text/event-stream"}
            )
            self._response = await self._client.send(request, stream=True, follow_redirects=True)
            if self._response.status_code >= 300:
                status = self._response.status_code
                await self.aclose()
                raise McpError(f"the MCP server at {shown_url(self._url)} answered {status}")
            self._stream = server_events(self._response)
            async for event, data in self._stream:
                if event == "endpoint":
                    self._endpoint = self._own(data.decode("utf-8", "replace").strip())
                    return
        raise McpError(f"there is no MCP server at {shown_url(self._url)}: its stream names no endpoint")

    def _own(self, text: str) -> str:
        """The address messages go to, which has to be on the same server."""
        url = urljoin(str(self._response.url) if self._response is not None else self._url, text)
        given, own = urlsplit(url), urlsplit(self._url)
        if (given.scheme, given.netloc) != (own.scheme, own.netloc):
            raise McpError(f"the MCP server at {shown_url(self._url)} wants messages sent to another server")
        return url

    async def exchange(self, message: Json) -> Json:
        """Send a request and return the response with its id. Raises `McpError`."""
        self._inbox.expect(message["id"])
        await self.send(message)
        return await self._inbox.wait_for(message["id"])

    async def send(self, message: Json) -> None:
        """Send any message. Raises `McpError`."""
        async with HttpErrors(self._url):
            headers = {**self._headers, "content-type": "application/json"}
            response = await self._client.post(self._endpoint, content=to_json(message), headers=headers)
        if response.status_code >= 300:
            raise McpError(f"the MCP server at {shown_url(self._url)} answered {response.status_code}")

    async def aclose(self) -> None:
        """Close the stream."""
        response, self._response, self._stream = self._response, None, None
        if response is not None:
            await response.aclose()

    async def _receive(self) -> Json:
        if self._stream is None:
            raise ChannelClosed("the connection to the MCP server is closed")
        try:
            async with HttpErrors(self._url):
                async for event, data in self._stream:
                    message = decode_message(data) if event in ("", "message") else None
                    if isinstance(message, dict):
                        return message
        except BaseException:
            # A stream that was left in the middle of an event cannot be read any further.
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        raise ChannelClosed(f"the MCP server at {shown_url(self._url)} ended the connection")


class Stdio:
    """A process of this machine that reads and writes a message a line. Only for commands that the operator named."""

    def __init__(self, process: anyio.abc.Process, name: str) -> None:
        self._process = process
        self._name = name
        if process.stdin is None or process.stdout is None:
            raise McpError(f"the MCP server {name!r} has no pipes")
        self._stdin = process.stdin
        self._stdout = BufferedByteReceiveStream(process.stdout)
        self._sending = anyio.Lock()
        self._inbox = _Inbox(self._receive, self.send)

    @classmethod
    async def start(cls, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Stdio:
        """Start the process, with little more of this one's environment than its path. Raises `McpError`."""
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        try:
            # What it says on its error output belongs among the operator's own.
            process = await anyio.open_process(list(command), stderr=None, env={**inherited, **environment})
        except OSError as error:
            raise McpError(f"the MCP server {name!r} could not be started: {error}") from None
        return cls(process, name)

    def agreed(self, version: str) -> None:
        """This transport does not repeat the version."""

    async def exchange(self, message: Json) -> Json:
        """Send a request and return the response with its id. Raises `McpError`."""
        self._inbox.expect(message["id"])
        await self.send(message)
        return await self._inbox.wait_for(message["id"])

    async def send(self, message: Json) -> None:
        """Send any message. Raises `McpError`."""
        try:
            async with self._sending:
                await self._stdin.send(to_json(message) + b"\n")
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise ChannelClosed(f"the MCP server {self._name!r} has ended") from None

    async def aclose(self) -> None:
        """Close its input, give it a moment to end, then end it."""
        await self._stdin.aclose()
        with anyio.move_on_after(2):
            await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.aclose()

    async def _receive(self) -> Json:
        while True:
            try:
                line = await self._stdout.receive_until(b"\n", MAX_MESSAGE)
            except (anyio.IncompleteRead, anyio.EndOfStream, anyio.ClosedResourceError):
                raise ChannelClosed(f"the MCP server {self._name!r} has ended") from None
            except anyio.DelimiterNotFound:
                raise ChannelClosed(f"the MCP server {self._name!r} sent a message that is too long") from None
            try:
                message = json.loads(line)
            except ValueError:
                # Some servers print a greeting.
                continue
            if isinstance(message, dict):
                return message
