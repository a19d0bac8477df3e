"""McpSession: a conversation with one MCP server; what it offers and how its tools are called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

import anyio

from langflow_lite import __version__
from langflow_lite.components.mcp_channels import Channel, ChannelClosed, McpError, SessionEnded, WrongTransport

__all__ = ["Connect", "McpSession", "McpTool", "content_text"]

Connect = Callable[[], Awaitable[Channel]]
"""Makes a channel to a server, without saying anything yet. Raises `McpError`."""

_VERSION = "2025-06-18"
_MAX_PAGES = 100


class McpTool:
    """A tool as its server describes it; `schema` is the JSON schema of its arguments."""

    __slots__ = ("description", "name", "schema")

    def __init__(self, name: str, description: str, schema: Mapping[str, Any]) -> None:
        self.name = name
        self.description = description
        self.schema = schema


class McpSession:
    """Opened with the first request, and once more when the server has ended it meanwhile.

    `connect` makes a channel; `otherwise` makes one of the older kind, for servers that do not know the first.
    `timeout` is how many seconds a request may take. Close it with `aclose`.
    """

    def __init__(self, connect: Connect, otherwise: Connect | None = None, *, timeout: float) -> None:
        self._connect = connect
        self._otherwise = otherwise
        self._timeout = timeout
        self._channel: Channel | None = None
        self._opening = anyio.Lock()
        self._ids = count(1)

    async def tools(self) -> list[McpTool]:
        """Everything the server offers. Raises `McpError`."""
        found: list[McpTool] = []
        cursor = None
        for _ in range(_MAX_PAGES):
            page = await self._request("tools/list", {} if cursor is None else {"cursor": cursor})
            listed = page.get("tools")
            for item in listed if isinstance(listed, list) else ():
                if isinstance(item, Mapping) and isinstance(item.get("name"), str):
                    schema = item.get("inputSchema")
                    found.append(
                        McpTool(
                            item["name"],
                            str(item.get("description") or item.get("title") or ""),
                            schema if isinstance(schema, Mapping) else {"type": "object", "properties": {}},
                        )
                    )
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or not cursor:
                break
        return found

    async def call(self, name: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The content of a tool's answer, as the server sends it. Raises `McpError`, also when the tool failed."""
        result = await self._request("tools/call", {"name": name, "arguments": dict(arguments)})
        listed = result.get("content")
        content = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        if result.get("isError"):
            raise McpError(content_text(content) or f"the tool {name} failed without a reason")
        structured = result.get("structuredContent")
        if not content and structured is not None:
            content = [{"type": "structured", "value": structured}]
        return content

    async def aclose(self) -> None:
        """End the session. The next request would open a new one."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.aclose()

    async def _request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with anyio.fail_after(self._timeout):
                try:
                    return await self._ask(await self._open(), method, params)
                except ChannelClosed as closed:
                    await self.aclose()
                    if method == "tools/call" and not isinstance(closed, SessionEnded):
                        # It may have done its work before the connection went.
                        raise
                    return await self._ask(await self._open(), method, params)
        except TimeoutError:
            raise McpError(f"the MCP server did not answer within {self._timeout:g} seconds") from None

    async def _open(self) -> Channel:
        async with self._opening:
            if self._channel is None:
                try:
                    self._channel = await self._greeted(await self._connect())
                except WrongTransport as refused:
                    if self._otherwise is None:
                        raise
                    try:
                        channel = await self._otherwise()
                    except McpError:
                        raise refused from None
                    self._channel = await self._greeted(channel)
            return self._channel

    async def _greeted(self, channel: Channel) -> Channel:
        """The channel, once both sides have introduced themselves (specification, section *Lifecycle*)."""
        info = {"name": "langflow-lite", "version": __version__}
        hello = {"protocolVersion": _VERSION, "capabilities": {}, "clientInfo": info}
        try:
            agreed = await self._ask(channel, "initialize", hello)
            channel.agreed(str(agreed.get("protocolVersion") or _VERSION))
            await channel.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        except BaseException:
            with anyio.CancelScope(shield=True):
                await channel.aclose()
            raise
        return channel

    async def _ask(self, channel: Channel, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        answer = await channel.exchange(
            {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": dict(params)}
        )
        error = answer.get("error")
        if error is not None:
            said = error.get("message") if isinstance(error, Mapping) else error
            raise McpError(f"the MCP server answered {method} with an error: {said}")
        result = answer.get("result")
        return result if isinstance(result, dict) else {}


def content_text(content: list[dict[str, Any]]) -> str:
    """The text in a tool's answer; what is no text is named by its type."""
    parts = []
    for item in content:
        resource = item.get("resource")
        if isinstance(item.get("text"), str):
            parts.append(item["text"])
        elif isinstance(resource, Mapping) and isinstance(resource.get("text"), str):
            parts.append(resource["text"])
        elif item.get("type") != "structured":
            parts.append(f"[{item.get('type', 'content')}]")
    return "\n".join(parts)
