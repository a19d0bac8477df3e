from __future__ import annotations

import json
import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.errors import ComponentError, LangflowError
from tests.components.workbench import Workbench, workbench
from tests.flows import edge, flow, node
from tests.mcp_standin import McpStandin, running_mcp
from tests.standin import Standin

pytestmark = pytest.mark.anyio

COMMAND = [sys.executable, "-m", "tests.mcp_standin"]


@pytest.fixture
def mcp() -> Iterator[McpStandin]:
    with running_mcp() as standin:
        yield standin


@pytest.fixture
async def listed(anyio_backend: str, standin: Standin, mcp: McpStandin, tmp_path: Path) -> AsyncIterator[Workbench]:
    """A runtime whose operator lists two MCP servers: one at an address, one with a command."""
    file = tmp_path / "mcp.json"
    root = str(Path(__file__).parents[2])
    servers = {
        "remote": {"url": f"{mcp.url}/mcp", "headers": {"x-team": "blue"}},
        "local": {"command": COMMAND[0], "args": COMMAND[1:], "env": {"PYTHONPATH": root}},
    }
    file.write_text(json.dumps({"mcpServers": servers}))
    environ = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{standin.url}/v1"}
    async with workbench(tmp_path, environ=environ, mcp_servers=file) as made:
        yield made


def server(name: str = "s", **config: Any) -> dict[str, Any]:
    return {"type": "mcp", "_input_type": "McpInput", "value": {"name": name, "config": config}}


def direct(tool: str, fields: dict[str, Any], **values: Any) -> dict[str, Any]:
    return flow([node("M-1", "MCPTools", tool=tool, fields=fields, **values)], [])


async def rows(bench: Workbench, document: dict[str, Any]) -> list[dict[str, Any]]:
    outcome = await bench.run(document, output_type="debug")
    return list(outcome.results["M-1"].outputs["response"])


def with_agent(tools: dict[str, Any]) -> dict[str, Any]:
    model = {"type": "model", "_input_type": "ModelInput", "value": [{"name": "gpt", "provider": "OpenAI"}]}
    return flow(
        [
            node("ChatInput-i", "ChatInput", input_value=""),
            tools,
            node("Agent-a", "Agent", fields={"model": model}, add_current_date_tool=False),
            node("ChatOutput-o", "ChatOutput"),
        ],
        [
            edge("ChatInput-i.message", "Agent-a.input_value"),
            edge("M-1.component_as_tool", "Agent-a.tools"),
            edge("Agent-a.response", "ChatOutput-o.input_value"),
        ],
    )


@pytest.mark.parametrize("path", ["/mcp", "/plain", "/sse"])
async def test_a_tool_is_called_over_every_http_transport(bench: Workbench, mcp: McpStandin, path: str) -> None:
    document = direct("add", {"mcp_server": server(url=mcp.url + path)}, a=2, b=3)

    assert await rows(bench, document) == [{"type": "text", "text": "5"}]


async def test_an_agent_is_offered_every_tool_and_one_session_serves_the_run(
    bench: Workbench, standin: Standin, mcp: McpStandin
) -> None:
    tools = node("M-1", "MCPTools", tool_mode=True, fields={"mcp_server": server(url=f"{mcp.url}/mcp")})

    answer = await bench.ask(with_agent(tools), 'CALL add {"a": 20, "b": 22}')

    assert answer == "TOOLS[42]"
    offered = standin.calls[0].body["tools"]
    assert [tool["function"]["name"] for tool in offered] == ["add", "echo", "fail", "records", "count"]
    assert offered[0]["function"]["parameters"]["required"] == ["a", "b"]
    assert mcp.seen["initialize"] == 1
    assert len(mcp.ended) == 1
    assert mcp.sessions == {}
    assert mcp.headers["mcp-protocol-version"] == "2025-06-18"
    # The server's ping in the middle of the answer.
    assert mcp.seen["answer"] == 1


async def test_a_tool_that_fails_is_told_to_the_model(bench: Workbench, mcp: McpStandin) -> None:
    tools = node("M-1", "MCPTools", tool_mode=True, fields={"mcp_server": server(url=f"{mcp.url}/mcp")})

    assert await bench.ask(with_agent(tools), "CALL fail {}") == "TOOLS[Error: out of order]"


async def test_the_tools_a_user_switched_off_are_not_offered(
    bench: Workbench, standin: Standin, mcp: McpStandin
) -> None:
    edits = [
        {"name": "add", "tags": ["add"], "status": True},
        {"name": "echo", "tags": ["echo"], "status": False},
    ]
    fields = {
        "mcp_server": server(url=f"{mcp.url}/mcp"),
        "tools_metadata": {"type": "tools", "_input_type": "ToolsInput", "value": edits},
    }

    await bench.ask(with_agent(node("M-1", "MCPTools", tool_mode=True, fields=fields)), "hi")

    assert [tool["function"]["name"] for tool in standin.calls[0].body["tools"]] == ["add"]


async def test_a_flow_of_1_5_names_an_address(bench: Workbench, mcp: McpStandin) -> None:
    document = direct("echo", {}, mode="SSE", sse_url=f"{mcp.url}/sse", command="uvx mcp-server-fetch", text="hello")

    assert await rows(bench, document) == [{"type": "text", "text": "hello"}]


async def test_text_that_is_json_becomes_rows(bench: Workbench, mcp: McpStandin) -> None:
    assert await rows(bench, direct("records", {"mcp_server": server(url=f"{mcp.url}/mcp")})) == [{"n": 1}, {"n": 2}]


async def test_a_session_the_server_has_lost_is_opened_again(bench: Workbench, mcp: McpStandin) -> None:
    document = direct("echo", {"mcp_server": server(url=f"{mcp.url}/forgetful")}, text="still here")

    assert await rows(bench, document) == [{"type": "text", "text": "still here"}]
    assert mcp.seen["initialize"] == 2


async def test_no_chosen_tool_is_a_row_that_says_so(bench: Workbench) -> None:
    assert await rows(bench, direct("", {})) == [{"error": "You must select a tool"}]


@pytest.mark.parametrize(
    ("fields", "values", "complaint"),
    [
        ({"mcp_server": server("x")}, {}, "MCP server 'x' is not configured"),
        ({}, {}, "no MCP server is chosen"),
        ({"mcp_server": server("x", command="rm", args=["-rf", "/"])}, {}, r"would run the command 'rm -rf /'"),
        ({}, {"mode": "Stdio", "command": "uvx mcp-server-fetch"}, "which a flow may not do"),
        ({"mcp_server": server("x", url="http://127.0.0.1:9/mcp")}, {}, "could not be reached"),
    ],
    ids=["unknown", "none", "command", "old command", "nobody there"],
)
async def test_what_cannot_be_opened_says_why(
    bench: Workbench, fields: dict[str, Any], values: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ComponentError, match=complaint):
        await rows(bench, direct("add", fields, **values))


async def test_a_tool_the_server_lacks_is_named(bench: Workbench, mcp: McpStandin) -> None:
    with pytest.raises(ComponentError, match="has no tool 'nothing'"):
        await rows(bench, direct("nothing", {"mcp_server": server(url=f"{mcp.url}/plain")}))


async def test_a_server_the_operator_lists_wins_over_the_flows_own(listed: Workbench, mcp: McpStandin) -> None:
    document = direct("echo", {"mcp_server": server("remote", url="http://127.0.0.1:9/elsewhere")}, text="hi")

    assert await rows(listed, document) == [{"type": "text", "text": "hi"}]
    assert mcp.headers["x-team"] == "blue"


@pytest.mark.parametrize(
    "values",
    [
        {"fields": {"mcp_server": server("local")}},
        {"fields": {"mcp_server": server("mine", command=COMMAND[0], args=COMMAND[1:])}},
        {"fields": {}, "mode": "Stdio", "command": shlex.join(COMMAND)},
    ],
    ids=["by name", "by the same command", "by an old field"],
)
async def test_a_command_runs_only_because_the_operator_lists_it(listed: Workbench, values: dict[str, Any]) -> None:
    assert await rows(listed, direct("add", a=1, b=1, **values)) == [{"type": "text", "text": "2"}]


async def test_two_tools_of_a_process_answer_side_by_side(listed: Workbench) -> None:
    nodes = [
        node(f"M-{n}", "MCPTools", tool="echo", text=f"number {n}", fields={"mcp_server": server("local")})
        for n in range(2)
    ]

    outcome = await listed.run(flow(nodes, []), output_type="debug")

    texts = [outcome.results[f"M-{n}"].outputs["response"].rows[0]["text"] for n in range(2)]
    assert texts == ["number 0", "number 1"]


async def test_a_process_that_is_no_server_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    servers = {"gone": {"command": sys.executable, "args": ["-c", "print('bye')"]}, "none": {"command": "/no/such"}}
    file.write_text(json.dumps({"mcpServers": servers}))
    async with workbench(tmp_path, mcp_servers=file) as bench:
        with pytest.raises(ComponentError, match="'gone' has ended"):
            await rows(bench, direct("add", {"mcp_server": server("gone")}))
        with pytest.raises(ComponentError, match="'none' could not be started"):
            await rows(bench, direct("add", {"mcp_server": server("none")}))


async def test_a_file_that_lists_no_servers_names_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("[]")
    async with workbench(tmp_path, mcp_servers=file) as bench:
        with pytest.raises(LangflowError, match="LANGFLOW_MCP_SERVERS"):
            await rows(bench, direct("add", {"mcp_server": server("x")}))


async def test_a_private_address_is_refused_where_the_server_is_public(tmp_path: Path) -> None:
    async with workbench(tmp_path, host="0.0.0.0") as bench:
        with pytest.raises(ComponentError, match=r"127\.0\.0\.1"):
            await rows(bench, direct("add", {"mcp_server": server(url="http://127.0.0.1:9/mcp")}))


async def test_headers_may_name_global_variables(bench: Workbench, mcp: McpStandin) -> None:
    headers = {
        "type": "dict",
        "_input_type": "DictInput",
        "list": True,
        "value": [{"key": "x-key", "value": "OPENAI_API_KEY"}],
    }
    fields = {"mcp_server": server(url=f"{mcp.url}/plain"), "headers": headers}

    await rows(bench, direct("echo", fields, text="x"))

    assert mcp.headers["x-key"] == "sk-test"


async def test_the_tools_of_1_2_are_an_output_of_their_own(bench: Workbench, mcp: McpStandin) -> None:
    document = with_agent(node("M-1", "MCPSse", url=f"{mcp.url}/sse"))
    document["data"]["edges"][1] = edge("M-1.tools", "Agent-a.tools")

    assert await bench.ask(document, 'CALL add {"a": 1, "b": 2}') == "TOOLS[3]"
