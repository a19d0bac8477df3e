"""MCP Tools: what MCP servers offer, as tools for an agent or called directly."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

import anyio

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.mcp_channels import Channel, StreamableHttp
from langflow_lite.components.mcp_client import Connect, McpSession, McpTool, content_text
from langflow_lite.components.mcp_streams import ServerSentEvents, Stdio
from langflow_lite.components.tools import Tool, edited
from langflow_lite.errors import ComponentError, SettingsError
from langflow_lite.values import Table

if TYPE_CHECKING:
    import httpx2

__all__ = ["MCPSseComponent", "MCPStdioComponent", "MCPToolsComponent"]

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_SETTING = "LANGFLOW_MCP_SERVERS"
_DEFAULT_TIMEOUT = 180.0
_HEADERS_SCHEMA = [
    {"name": "key", "display_name": "Header", "type": "str"},
    {"name": "value", "display_name": "Value", "type": "str"},
]


@dataclass(frozen=True, slots=True)
class _Server:
    """Where an MCP server is: an address, or a command that the operator named (`trusted`)."""

    name: str
    url: str = ""
    headers: Mapping[str, str] = attribute(default_factory=dict)
    command: Sequence[str] = ()
    environment: Mapping[str, str] = attribute(default_factory=dict)
    trusted: bool = False


class _McpComponent(Component):
    """Base of the components that talk with an MCP server for as long as the run lasts."""

    category = "models_and_agents"
    icon = "Mcp"

    tool_execution_timeout: float = field(
        Kind.FLOAT, "Tool Execution Timeout", _DEFAULT_TIMEOUT, advanced=True, info="Seconds a call may take."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._session: McpSession | None = None

    async def lacks(self) -> list[str]:
        """That the operator has not listed the server."""
        try:
            await self._server()
        except ComponentError as error:
            return [str(error)]
        return []

    async def _server(self) -> _Server:
        raise NotImplementedError

    async def _open(self) -> McpSession:
        if self._session is None:
            server = await self._server()
            timeout = self.tool_execution_timeout if self.tool_execution_timeout > 0 else _DEFAULT_TIMEOUT
            if server.command:
                self._session = McpSession(_starting(server), timeout=timeout)
            else:
                client = self.ctx.outbound.client(trusted=server.trusted)
                headers = {name: await self._header(value) for name, value in server.headers.items()}
                self._session = McpSession(
                    _posting(client, server.url, headers), _listening(client, server.url, headers), timeout=timeout
                )
            self.ctx.closers.append(self._session.aclose)
        return self._session

    async def _header(self, value: str) -> str:
        """The value, or that of the global variable it names."""
        if _VARIABLE.match(value):
            return await self.ctx.variables.get(value) or value
        return value

    async def to_toolkit(self) -> list[Tool]:
        """Every tool of the server, as the user edited them."""
        session = await self._open()
        tools = [self._tool(session, tool) for tool in await session.tools()]
        return edited(tools, self.extras.get("tools_metadata"))

    def _tool(self, session: McpSession, tool: McpTool) -> Tool:
        async def call(arguments: Mapping[str, Any]) -> Any:
            content = await session.call(tool.name, arguments)
            structured = next((item["value"] for item in content if item.get("type") == "structured"), None)
            return content_text(content) if structured is None else structured

        return Tool(tool.name, tool.description, tool.schema, call, source=self.node.id)


class MCPToolsComponent(_McpComponent):
    """Offers the tools of an MCP server to an agent, or calls one of them."""

    name = "MCPTools"
    aliases = ("MCP Tools", "MCPToolsComponent", "MCPServer")
    display_name = "MCP Tools"

    mcp_server: Any = field(
        Kind.DICT,
        "MCP Server",
        info=f"A server that the operator lists in {_SETTING}, or one with an address of its own.",
        _input_type="McpInput",
        type="mcp",
    )
    mode: str = field(Kind.TAB, "Mode", "", options=("Stdio", "SSE"), show=False, info="Up to 1.5.")
    command: str = field(Kind.TEXT, "MCP Command", show=False, info="Up to 1.5; it has to be one the operator lists.")
    env: Any = field(Kind.STR, "Env", is_list=True, show=False, advanced=True, info="Up to 1.5; not used.")
    sse_url: str = field(Kind.MULTILINE, "MCP SSE URL", show=False, info="Up to 1.5.")
    headers_input: Any = field(Kind.TABLE, "Headers", show=False, advanced=True, table_schema=_HEADERS_SCHEMA)
    headers: Any = field(
        Kind.DICT, "Headers", advanced=True, info="Sent to the server; a value may name a global variable."
    )
    tool: str = field(Kind.DROPDOWN, "Tool", info="The tool to call, outside tool mode.")
    use_cache: bool = field(Kind.BOOL, "Use Cached Server", False, advanced=True, info="Kept for old flows.")
    verify_ssl: bool = field(
        Kind.BOOL, "Verify SSL Certificate", True, advanced=True, info="Kept for old flows; always verified."
    )
    tool_placeholder: str = field(Kind.TEXT, "Tool Placeholder", show=False, tool_mode=True)

    @output("response", "Response", aliases=("build_output",))
    async def build_output(self) -> Table:
        """The chosen tool's answer, a row for each part of it. Raises `ComponentError` and `McpError`."""
        if not self.tool:
            return Table([{"error": "You must select a tool"}])
        session = await self._open()
        tool = next((tool for tool in await session.tools() if tool.name == self.tool), None)
        if tool is None:
            raise ComponentError(f"the MCP server has no tool {self.tool!r}")
        properties = tool.schema.get("properties")
        names = properties if isinstance(properties, Mapping) else {}
        arguments = {name: self.extras[name] for name in names if self.extras.get(name) not in (None, "")}
        rows = [row for item in await session.call(tool.name, arguments) for row in _rows(item)]
        self.status = f"{len(rows)} rows"
        return Table(rows)

    async def _server(self) -> _Server:
        listed = await _listed(self.ctx.settings.mcp_servers)
        own = {**_pairs(self.headers), **_pairs(self.headers_input)}
        name = str(self.mcp_server.get("name") or "").strip() if self.mcp_server else ""
        if name in listed:
            return listed[name]
        config = self.mcp_server.get("config") if self.mcp_server else None
        if isinstance(config, Mapping) and config:
            return _from_flow(name, config, listed, own)
        if self.sse_url.strip() and self.mode != "Stdio":
            return _from_flow(name or "of this node", {"url": self.sse_url}, listed, own)
        if self.command.strip():
            return _from_flow(name or "of this node", {"command": self.command}, listed, own)
        raise ComponentError(
            f"MCP server '{name}' is not configured: list it in the file that {_SETTING} names"
            if name
            else "no MCP server is chosen"
        )


class MCPStdioComponent(_McpComponent):
    """Offers the tools of an MCP server that runs on this machine."""

    name = "MCPStdio"
    display_name = "MCP Tools (stdio) [DEPRECATED]"
    legacy = True

    command: str = field(Kind.TEXT, "MCP Command", required=True, info="It has to be one that the operator lists.")

    @output("tools", "Tools", types=("Tool",), aliases=("build_output",))
    async def build_tools(self) -> list[Tool]:
        """Every tool of the server."""
        return await self.to_toolkit()

    async def _server(self) -> _Server:
        return _from_flow("of this node", {"command": self.command}, await _listed(self.ctx.settings.mcp_servers), {})


class MCPSseComponent(_McpComponent):
    """Offers the tools of an MCP server at an address."""

    name = "MCPSse"
    display_name = "MCP Tools (SSE) [DEPRECATED]"
    legacy = True

    url: str = field(Kind.TEXT, "MCP SSE URL", required=True, info="Its address.")

    @output("tools", "Tools", types=("Tool",), aliases=("build_output",))
    async def build_tools(self) -> list[Tool]:
        """Every tool of the server."""
        return await self.to_toolkit()

    async def _server(self) -> _Server:
        return _from_flow("of this node", {"url": self.url}, await _listed(self.ctx.settings.mcp_servers), {})


def _starting(server: _Server) -> Connect:
    async def connect() -> Channel:
        return await Stdio.start(server.name, server.command, server.environment)

    return connect


def _posting(client: httpx2.AsyncClient, url: str, headers: Mapping[str, str]) -> Connect:
    async def connect() -> Channel:
        return StreamableHttp(client, url, headers)

    return connect


def _listening(client: httpx2.AsyncClient, url: str, headers: Mapping[str, str]) -> Connect:
    async def connect() -> Channel:
        channel = ServerSentEvents(client, url, headers)
        await channel.open()
        return channel

    return connect


def _from_flow(
    name: str, config: Mapping[str, Any], listed: Mapping[str, _Server], headers: Mapping[str, str]
) -> _Server:
    """The server a flow describes. A command is code: it runs only if the operator lists the very same one."""
    url = str(config.get("url") or "").strip()
    if url:
        known = next((server for server in listed.values() if server.url == url), None)
        own = {**_pairs(config.get("headers")), **headers}
        return _Server(name, url=url, headers=own, trusted=known is not None)
    command = _command(config)
    for server in listed.values():
        if command and server.command == command:
            return server
    raise ComponentError(
        f"the MCP server {name!r} would run the command {shlex.join(command)!r}, which a flow may not do; the operator "
        f"can list it in the file that {_SETTING} names"
    )


async def _listed(path: Any) -> dict[str, _Server]:
    """The servers in the operator's file: `{"mcpServers": {name: {url, headers} or {command, args, env}}}`."""
    if path is None:
        return {}
    try:
        document = json.loads(await anyio.Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{_SETTING}: {path} cannot be read: {error}") from None
    servers = document.get("mcpServers") if isinstance(document, dict) else None
    if not isinstance(servers, dict):
        raise SettingsError(f'{_SETTING}: {path} has no object "mcpServers"')
    return {
        name: _Server(
            name,
            url=str(config.get("url") or ""),
            headers=_pairs(config.get("headers")),
            command=_command(config),
            environment={str(k): str(v) for k, v in (config.get("env") or {}).items()},
            trusted=True,
        )
        for name, config in servers.items()
        if isinstance(config, dict)
    }


def _command(config: Mapping[str, Any]) -> tuple[str, ...]:
    command = str(config.get("command") or "").strip()
    args = config.get("args")
    try:
        return (*shlex.split(command), *map(str, args if isinstance(args, list) else ()))
    except ValueError:
        raise ComponentError(f"the command {command!r} cannot be read: a quote is not closed") from None


def _pairs(value: Any) -> dict[str, str]:
    """Headers from a dict, from rows of `key` and `value`, or from a list of dicts."""
    pairs: dict[str, str] = {}
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, Mapping):
            rows = {item["key"]: item.get("value")} if "key" in item else item
            pairs.update({str(k): str(v) for k, v in rows.items() if k and v is not None})
    return pairs


def _rows(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    if item.get("type") == "structured":
        found = item["value"]
    elif isinstance(item.get("text"), str):
        try:
            found = json.loads(item["text"])
        except (ValueError, RecursionError):
            return [dict(item)]
    else:
        return [dict(item)]
    if isinstance(found, dict):
        return [found]
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        return found
    return [dict(item)] if "value" not in item else [{"value": found}]
