"""Channels to MCP servers: streamable HTTP, the older HTTP with SSE, and the pipes of a process.

Model Context Protocol 2025-06-18, section *Transports*; the older one is of 2024-11-05.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from langflow_lite.errors import LangflowError
from langflow_lite.values import to_json

if TYPE_CHECKING:
    import httpx2

__all__ = [
    "Channel",
    "ChannelClosed",
    "McpError",
    "ServerSentEvents",
    "SessionEnded",
    "Stdio",
    "StreamableHttp",
    "WrongTransport",
]

_MAX_MESSAGE = 16 * 1024 * 1024
_SHOWN = 300
# What a server process gets of this one's environment: enough to find programs and its home, no keys.
_INHERITED = ("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "SYSTEMROOT", "TEMP", "TERM", "TMPDIR", "USER")

Json = dict[str, Any]


class McpError(LangflowError):
    """An MCP server could not be reached, broke the protocol or answered with an error."""

    code = "MCP_FAILED"


class ChannelClosed(McpError):
    """The connection or the server's session has ended; a new one may do."""


class SessionEnded(ChannelClosed):
    """The server does not know the session any more, and has not looked at the request."""


class WrongTransport(McpError):
    """The address does not speak this transport; it may speak the older one."""


class Channel(Protocol):
    """Carries JSON-RPC messages. A channel is no longer usable once it has raised `ChannelClosed`."""

    async def exchange(self, message: Json) -> Json:
        """Send a request and return the response with its id. Raises `McpError`."""

    async def send(self, message: Json) -> None:
        """Send a notification or a response."""

    def agreed(self, version: str) -> None:
        """Both sides speak this version of the protocol."""

    async def aclose(self) -> None:
        """End the connection."""


class StreamableHttp:
    """One POST for each message; the answer is JSON, or a stream of events that holds it."""

    def __init__(self, client: httpx2.AsyncClient, url: str, headers: Mapping[str, str]) -> None:
        self._client = client
        self._url = url
        self._headers = {
            **headers,
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        }
        self._has_session = False

    def agreed(self, version: str) -> None:
        """Name the version in every request from now on."""
        self._headers["mcp-protocol-version"] = version

    async def exchange(self, message: Json) -> Json:
        """Send a request and return the response with its id. Raises `McpError`."""
        async with _HttpErrors(self._url):
            request = self._client.build_request("POST", self._url, content=to_json(message), headers=self._headers)
            response = await self._client.send(request, stream=True, follow_redirects=True)
            try:
                await self._check(response, first=message["method"] == "initialize")
                if response.headers.get("content-type", "").startswith("text/event-stream"):
                    return await self._from_events(response, message["id"])
                answer = _decode(await _read(response))
                # A server of an older version may answer with a batch.
                found = answer if isinstance(answer, list) else [answer]
                for item in found:
                    if isinstance(item, dict) and item.get("id") == message["id"]:
                        return item
                raise McpError(f"the MCP server at {_shown(self._url)} did not answer the request")
            finally:
                await response.aclose()

    async def send(self, message: Json) -> None:
        """Send a notification or a response."""
        async with _HttpErrors(self._url):
            response = await self._client.post(
                self._url, content=to_json(message), headers=self._headers, follow_redirects=True
            )
            await self._check(response, first=False)

    async def aclose(self) -> None:
        """End the session, if the server keeps one and lets clients end it."""
        if not self._has_session:
            return
        self._has_session = False
        try:
            async with _HttpErrors(self._url):
                await self._client.delete(self._url, headers=self._headers)
        except McpError:
            # Ending it is a courtesy; servers end sessions themselves as well.
            return

    async def _check(self, response: httpx2.Response, *, first: bool) -> None:
        status = response.status_code
        if session := response.headers.get("mcp-session-id"):
            self._headers["mcp-session-id"] = session
            self._has_session = True
        if status < 300:
            return
        if status == 404 and self._has_session:
            raise SessionEnded(f"the MCP server at {_shown(self._url)} has ended the session")
        text = (await _read(response)).decode("utf-8", "replace")
        kind = WrongTransport if first and status in (400, 404, 405, 406) else McpError
        raise kind(f"the MCP server at {_shown(self._url)} answered {status}: {' '.join(text.split())[:_SHOWN]}")

    async def _from_events(self, response: httpx2.Response, id_: Any) -> Json:
        async for _, data in _events(response):
            message = _decode(data)
            if not isinstance(message, dict):
                continue
            if message.get("id") == id_ and "method" not in message:
                return message
            if "method" in message and "id" in message:
                await self.send(_refusal(message))
        raise ChannelClosed(f"the MCP server at {_shown(self._url)} ended its answer before it was complete")


class _Inbox:
    """Responses that come in one stream for whoever waits for them. Of those who wait, one reads for all."""

    def __init__(self, receive: Callable[[], Awaitable[Json]], send: Callable[[Json], Awaitable[None]]) -> None:
        self._receive = receive
        self._send = send
        self._answers: dict[Any, Json] = {}
        self._reading = False
        self._changed = anyio.Event()

    async def wait_for(self, id_: Any) -> Json:
        """The response with this id."""
        while id_ not in self._answers:
            if self._reading:
                await self._changed.wait()
                continue
            self._reading = True
            try:
                message = await self._receive()
                if "method" not in message:
                    self._answers[message.get("id")] = message
                elif "id" in message:
                    await self._send(_refusal(message))
            finally:
                self._reading = False
                self._changed.set()
                self._changed = anyio.Event()
        return self._answers.pop(id_)


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
        async with _HttpErrors(self._url):
            request = self._client.build_request(
                "GET", self._url, headers={**self._headers, "accept": "text/event-stream"}
            )
            self._response = await self._client.send(request, stream=True, follow_redirects=True)
            if self._response.status_code >= 300:
                status = self._response.status_code
                await self.aclose()
                raise McpError(f"the MCP server at {_shown(self._url)} answered {status}")
            self._stream = _events(self._response)
            async for event, data in self._stream:
                if event == "endpoint":
                    self._endpoint = self._own(data.decode("utf-8", "replace").strip())
                    return
        raise McpError(f"there is no MCP server at {_shown(self._url)}: its stream names no endpoint")

    def _own(self, text: str) -> str:
        """The address messages go to, which has to be on the same server."""
        url = urljoin(str(self._response.url) if self._response is not None else self._url, text)
        given, own = urlsplit(url), urlsplit(self._url)
        if (given.scheme, given.netloc) != (own.scheme, own.netloc):
            raise McpError(f"the MCP server at {_shown(self._url)} wants messages sent to another server")
        return url

    async def exchange(self, message: Json) -> Json:
        """Send a request and return the response with its id. Raises `McpError`."""
        await self.send(message)
        return await self._inbox.wait_for(message["id"])

    async def send(self, message: Json) -> None:
        """Send any message."""
        async with _HttpErrors(self._url):
            headers = {**self._headers, "content-type": "application/json"}
            response = await self._client.post(self._endpoint, content=to_json(message), headers=headers)
        if response.status_code >= 300:
            raise McpError(f"the MCP server at {_shown(self._url)} answered {response.status_code}")

    async def aclose(self) -> None:
        """Close the stream."""
        response, self._response, self._stream = self._response, None, None
        if response is not None:
            await response.aclose()

    async def _receive(self) -> Json:
        if self._stream is None:
            raise ChannelClosed("the connection to the MCP server is closed")
        try:
            async with _HttpErrors(self._url):
                async for event, data in self._stream:
                    message = _decode(data) if event in ("", "message") else None
                    if isinstance(message, dict):
                        return message
        except BaseException:
            # A stream that was left in the middle of an event cannot be read any further.
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        raise ChannelClosed(f"the MCP server at {_shown(self._url)} ended the connection")


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
        await self.send(message)
        return await self._inbox.wait_for(message["id"])

    async def send(self, message: Json) -> None:
        """Send any message."""
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
                line = await self._stdout.receive_until(b"\n", _MAX_MESSAGE)
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


class _HttpErrors:
    """Turns what goes wrong on the way into an `McpError` that names the server."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        # Imported already: whoever holds a client has it.
        import httpx2

        if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError)):
            reason = str(error).strip() or type(error).__name__
            raise McpError(f"the MCP server at {_shown(self._url)} could not be reached ({reason})") from error


async def _events(response: httpx2.Response) -> AsyncIterator[tuple[str, bytes]]:
    """Event name and data of each server-sent event (WHATWG HTML, section 9.2.6)."""
    event = ""
    data: list[str] = []
    size = 0
    async for line in response.aiter_lines():
        size += len(line)
        if size > _MAX_MESSAGE:
            raise McpError("the MCP server sent a message that is too long")
        if not line:
            if data:
                yield event, "\n".join(data).encode()
            event, data, size = "", [], 0
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event = value
        elif name == "data":
            data.append(value)


async def _read(response: httpx2.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _MAX_MESSAGE:
            raise McpError("the MCP server sent a message that is too long")
        parts.append(part)
    return b"".join(parts)


def _decode(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        shown = content[:80].decode("utf-8", "replace")
        raise McpError(f"the MCP server sent something that is not JSON: {shown!r}") from None


def _refusal(request: Json) -> Json:
    """The answer to what a server asks of a client: it may see whether it is there, and nothing else."""
    head = {"jsonrpc": "2.0", "id": request["id"]}
    if request["method"] == "ping":
        return {**head, "result": {}}
    return {**head, "error": {"code": -32601, "message": f"this client does not offer {request['method']}"}}


def _shown(url: str) -> str:
    """The address without what may be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "this address"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
