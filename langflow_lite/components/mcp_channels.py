"""Channels to MCP servers: what they are, and the one over streamable HTTP.

Model Context Protocol 2025-06-18, section *Transports*.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from langflow_lite.errors import LangflowError
from langflow_lite.values import to_json

if TYPE_CHECKING:
    import httpx2

__all__ = [
    "MAX_MESSAGE",
    "Channel",
    "ChannelClosed",
    "HttpErrors",
    "Json",
    "McpError",
    "SessionEnded",
    "StreamableHttp",
    "WrongTransport",
    "decode_message",
    "refusal_of",
    "server_events",
    "shown_url",
]

MAX_MESSAGE = 16 * 1024 * 1024
_SHOWN = 300

Json = dict[str, Any]
"""A JSON-RPC message."""


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
        async with HttpErrors(self._url):
            request = self._client.build_request("POST", self._url, content=to_json(message), headers=self._headers)
            response = await self._client.send(request, stream=True, follow_redirects=True)
            try:
                await self._check(response, first=message["method"] == "initialize")
                if response.headers.get("content-type", "").startswith("text/event-stream"):
                    return await self._from_events(response, message["id"])
                answer = decode_message(await _read(response))
                # A server of an older version may answer with a batch.
                found = answer if isinstance(answer, list) else [answer]
                for item in found:
                    if isinstance(item, dict) and item.get("id") == message["id"]:
                        return item
                raise McpError(f"the MCP server at {shown_url(self._url)} did not answer the request")
            finally:
                await response.aclose()

    async def send(self, message: Json) -> None:
        """Send a notification or a response."""
        async with HttpErrors(self._url):
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
            async with HttpErrors(self._url):
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
            raise SessionEnded(f"the MCP server at {shown_url(self._url)} has ended the session")
        text = (await _read(response)).decode("utf-8", "replace")
        kind = WrongTransport if first and status in (400, 404, 405, 406) else McpError
        raise kind(f"the MCP server at {shown_url(self._url)} answered {status}: {' '.join(text.split())[:_SHOWN]}")

    async def _from_events(self, response: httpx2.Response, id_: Any) -> Json:
        async for _, data in server_events(response):
            message = decode_message(data)
            if not isinstance(message, dict):
                continue
            if message.get("id") == id_ and "method" not in message:
                return message
            if "method" in message and "id" in message:
                await self.send(refusal_of(message))
        raise ChannelClosed(f"the MCP server at {shown_url(self._url)} ended its answer before it was complete")


class HttpErrors:
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
            raise McpError(f"the MCP server at {shown_url(self._url)} could not be reached ({reason})") from error


async def server_events(response: httpx2.Response) -> AsyncIterator[tuple[str, bytes]]:
    """Event name and data of each server-sent event (WHATWG HTML, section 9.2.6); raises `McpError` for one too long."""
    event = ""
    data: list[str] = []
    size = 0
    async for line in response.aiter_lines():
        size += len(line)
        if size > MAX_MESSAGE:
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
        if size > MAX_MESSAGE:
            raise McpError("the MCP server sent a message that is too long")
        parts.append(part)
    return b"".join(parts)


def decode_message(content: bytes) -> Any:
    """A message from its JSON. Raises `McpError`."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        shown = content[:80].decode("utf-8", "replace")
        raise McpError(f"the MCP server sent something that is not JSON: {shown!r}") from None


def refusal_of(request: Json) -> Json:
    """The answer to what a server asks of a client: it may see whether it is there, and nothing else."""
    head = {"jsonrpc": "2.0", "id": request["id"]}
    if request["method"] == "ping":
        return {**head, "result": {}}
    return {**head, "error": {"code": -32601, "message": f"this client does not offer {request['method']}"}}


def shown_url(url: str) -> str:
    """The address without what may be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "this address"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
