from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.check import FlowCheck, check_paths, report_lines
from langflow_lite.settings import Settings
from tests.flows import edge, flow, node
from tests.serving import ROOT, run_command

EXAMPLES = ROOT / "examples" / "flows"
CHAT = [node("ChatInput-1", "ChatInput"), node("ChatOutput-1", "ChatOutput")]


@pytest.fixture
def check(tmp_path: Path):
    def check(nodes: list[Any], edges: list[Any], **environ: str) -> FlowCheck:
        path = tmp_path / "flow.json"
        path.write_text(json.dumps(flow(nodes, edges, name="Mine")))
        [found] = check_paths([path], Settings(environ=environ))
        return found

    return check


def chain(*ids: str, output: str = "message") -> list[Any]:
    return [edge(f"{a}.{output}", f"{b}.input_value") for a, b in pairwise(ids)]


def test_the_examples_run_without_needing_anything():
    checks = check_paths([EXAMPLES], Settings(environ={}))
    assert [(found.name, found.runs, found.needs, found.warnings) for found in checks] == [
        ("Echo Chat", True, (), ()),
        ("Prompt Chain", True, (), ()),
        ("Router and Loop", True, (), ()),
    ]


def test_a_type_that_is_missing_is_named_with_its_node_and_what_to_do(check):
    nodes = [*CHAT, node("Teleport-1", "Teleporter", display_name="Beam me up")]
    found = check(nodes, chain("ChatInput-1", "Teleport-1", "ChatOutput-1"))
    [fault] = found.faults
    assert not found.runs
    assert (fault.node, fault.type, fault.reason) == ("Teleport-1", "Teleporter", "user_code_untrusted")
    assert "Beam me up" in fault.message
    assert fault.suggestion


@pytest.mark.parametrize(
    ("type_", "code", "outputs", "reason", "says"),
    [
        ("Milvus", "raise SystemExit", [], "external_service", "install what that imports and trust it with"),
        ("LLMChain", "", [], "unknown_type", "flows of releases before 1.0 are made of components that are gone"),
        ("LLMChain", "", [{"name": "text"}], "unknown_type", "put a Component subclass named 'LLMChain'"),
    ],
    ids=["service", "before 1.0", "1.0 and later"],
)
def test_what_can_be_done_about_a_missing_type_is_said(check, type_, code, outputs, reason, says):
    fields = {"code": {"type": "code", "value": code}}
    [fault] = check([node("X-1", type_, fields=fields, outputs=outputs)], []).faults
    assert fault.reason == reason
    assert says in fault.suggestion
    assert ("before 1.0" in fault.suggestion) == ("before 1.0" in says)


def test_a_type_that_is_connected_with_nothing_is_a_warning(check):
    found = check([*CHAT, node("Teleport-1", "Teleporter")], chain("ChatInput-1", "ChatOutput-1"))
    assert found.runs


def test_a_flow_that_waits_for_a_person_says_so(check):
    edges = [edge("ChatInput-1.message", "H-1.prompt"), edge("H-1.branch_approve", "ChatOutput-1.input_value")]
    found = check([*CHAT, node("H-1", "HumanInput", display_name="Review")], edges)
    assert found.runs
    assert found.warnings == ("Review (node H-1) waits for a person: only background jobs of it can run",)


def test_code_in_a_field_is_a_fault_until_it_is_trusted(check):
    edges = [edge("F-1.function_output_str", "ChatOutput-1.input_value")]
    nodes = [node("ChatOutput-1", "ChatOutput"), node("F-1", "PythonFunction", function_code="def f(): ...")]
    [fault] = check(nodes, edges).faults
    assert (fault.node, fault.reason) == ("F-1", "user_code_untrusted")


def test_a_tool_for_code_that_a_model_writes_is_a_warning(check):
    code = node("Code-1", "PythonREPLComponent", display_name="Python", tool_mode=True, python_code="print(1)")
    nodes = [*CHAT, code, node("Agent-1", "Agent", agent_llm="OpenAI", model_name="gpt-4o-mini")]
    edges = [
        edge("ChatInput-1.message", "Agent-1.input_value"),
        edge("Code-1.component_as_tool", "Agent-1.tools"),
        edge("Agent-1.response", "ChatOutput-1.input_value"),
    ]
    found = check(nodes, edges)
    assert found.runs
    [warning] = found.warnings
    assert warning.startswith("Python (node Code-1) runs no code that a model writes")
    shell = node("Code-1", "PythonREPLTool", display_name="Shell")
    edges[1] = edge("Code-1.api_build_tool", "Agent-1.tools")
    [warning] = check([*CHAT, shell, nodes[-1]], edges).warnings
    assert warning.startswith("Shell (node Code-1): it runs no code that a model writes")


def test_a_cycle_is_a_fault_that_names_its_nodes(check):
    nodes = [*CHAT, node("Prompt-1", "Prompt Template", template="{a}", a="")]
    edges = [*chain("ChatInput-1", "Prompt-1", "ChatOutput-1"), edge("Prompt-1.prompt", "Prompt-1.a")]
    [fault] = check(nodes, edges).faults
    assert (fault.reason, fault.node) == ("cycle", "Prompt-1")


def test_an_input_that_nothing_is_connected_to_is_a_fault(check):
    [fault] = check([node("Parser-1", "ParserComponent")], []).faults
    assert (fault.reason, fault.node) == ("not_connected", "Parser-1")


def test_what_nothing_is_connected_with_is_left_out(check):
    found = check(
        [*CHAT, node("Parser-1", "ParserComponent", display_name="Spare")], chain("ChatInput-1", "ChatOutput-1")
    )
    assert found.runs
    assert found.warnings == ("Spare (node Parser-1) is left out: nothing is connected with it",)


def test_the_key_of_a_provider_is_needed(check):
    model = node("OpenAIModel-1", "OpenAIModel", model_name="gpt-4o-mini")
    edges = [*chain("ChatInput-1", "OpenAIModel-1"), edge("OpenAIModel-1.text_output", "ChatOutput-1.input_value")]
    found = check([*CHAT, model], edges)
    assert found.runs
    assert [(need.variable, need.node, need.found) for need in found.needs] == [
        ("OPENAI_API_KEY", "OpenAIModel-1", False)
    ]
    assert any("needs OPENAI_API_KEY" in line for line in report_lines([found]))
    [need] = check([*CHAT, model], edges, OPENAI_API_KEY="sk-1").needs
    assert need.found


def test_a_key_in_the_node_is_enough(check):
    model = node("OpenAIModel-1", "OpenAIModel", model_name="gpt-4o-mini", api_key="sk-1")
    assert check([*CHAT, model], chain("ChatInput-1", "OpenAIModel-1")).needs == ()


def test_a_variable_that_a_field_names_is_needed(check):
    field = {"type": "str", "name": "template", "value": "GREETING", "load_from_db": True}
    prompt = node("Prompt-1", "Prompt Template", fields={"template": field})
    [need] = check([*CHAT, prompt], [edge("Prompt-1.prompt", "ChatOutput-1.input_value")]).needs
    assert (need.variable, need.found) == ("GREETING", False)


def test_what_the_settings_lack_is_said_beforehand(check, tmp_path):
    nodes = [
        *CHAT,
        node("Agent-1", "Agent", agent_llm="OpenAI", model_name="gpt-4o-mini"),
        node("MCPTools-1", "MCPTools", display_name="Shop", tool_mode=True, mcp_server={"name": "shop"}),
        node("Directory-1", "Directory", path="/srv/papers"),
        node("Parser-1", "ParserComponent", pattern="{text}"),
    ]
    edges = [
        edge("ChatInput-1.message", "Agent-1.input_value"),
        edge("MCPTools-1.component_as_tool", "Agent-1.tools"),
        edge("Directory-1.dataframe", "Parser-1.input_data"),
        edge("Parser-1.parsed_text", "Agent-1.system_prompt"),
        edge("Agent-1.response", "ChatOutput-1.input_value"),
    ]
    found = check(nodes, edges)
    assert found.runs
    shop, directory = found.warnings
    assert shop.startswith("Shop (node MCPTools-1): MCP server 'shop' is not configured")
    assert directory.startswith("Directory (node Directory-1): Flows may not read directories")
    servers = tmp_path / "servers.json"
    servers.write_text('{"mcpServers": {"shop": {"url": "http://127.0.0.1:9/mcp"}}}')
    [listed] = check_paths(
        [tmp_path / "flow.json"], Settings(environ={}, mcp_servers=servers, readable_directories=(tmp_path,))
    )
    [directory] = listed.warnings
    assert "/srv/papers is not below a directory of LANGFLOW_READABLE_DIRECTORIES" in directory


def test_files_that_do_not_come_with_the_flow_are_named(check):
    paths = {"type": "file", "value": "", "file_path": ["1234/a b.csv", "1234\\c.txt"], "list": True}
    nodes = [node("File-1", "File", fields={"path": paths}), node("ChatOutput-1", "ChatOutput")]
    found = check(nodes, [edge("File-1.message", "ChatOutput-1.input_value")])
    assert found.runs
    assert found.files == ("1234/a b.csv", "1234\\c.txt")
    assert any("reads a b.csv, c.txt: files do not come with a flow" in line for line in report_lines([found]))


def test_a_provider_that_cannot_be_reached_from_here_is_a_fault(check):
    model = node("LanguageModelComponent-1", "LanguageModelComponent", provider="Amazon Bedrock", model_name="x")
    edges = [edge("LanguageModelComponent-1.text_output", "ChatOutput-1.input_value")]
    [fault] = check([*CHAT, model], [*chain("ChatInput-1", "LanguageModelComponent-1"), *edges]).faults
    assert fault.reason == "model"
    assert "Amazon Bedrock" in fault.message


def test_a_service_is_named_with_its_address_and_the_variable_of_its_key(check):
    search = node("TavilySearchComponent-1", "TavilySearchComponent", query="x")
    edges = [edge("TavilySearchComponent-1.dataframe", "ChatOutput-1.input_value")]
    found = check([*CHAT, search], edges)
    assert [(call.service, call.address) for call in found.services] == [("Tavily", "https://api.tavily.com")]
    assert [(need.variable, need.found) for need in found.needs] == [("TAVILY_API_KEY", False)]
    assert any(line.strip() == "calls Tavily at https://api.tavily.com" for line in report_lines([found]))
    keyed = node("TavilySearchComponent-1", "TavilySearchComponent", query="x", api_key="tvly")
    assert check([*CHAT, keyed], edges).needs == ()


@pytest.mark.parametrize("installed", [True, False])
def test_the_extra_for_a_document_is_named_unless_it_is_installed(
    check, installed: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("langflow_lite.check.find_spec", lambda name: object() if installed else None)
    path = {
        "type": "file",
        "_input_type": "FileInput",
        "name": "path",
        "file_path": ["id/a.pdf"],
        "value": "",
        "show": True,
    }
    file = node("File-1", "File", fields={"path": path})
    found = check([*CHAT, file], [edge("File-1.message", "ChatOutput-1.input_value")])
    assert [(extra.name, extra.found) for extra in found.extras] == [("files", installed)]
    said = "needs the files extra: pip install 'langflow-lite[files]'"
    assert any(said in line for line in report_lines([found])) is not installed


def test_a_file_that_is_no_flow_is_a_fault(tmp_path: Path):
    (tmp_path / "x.json").write_text("[1]")
    [found] = check_paths([tmp_path], Settings(environ={}))
    assert (found.name, found.runs, found.faults[0].reason) == ("x", False, "unreadable")


def test_the_command_tells_by_its_status(tmp_path: Path):
    good = run_command("check", EXAMPLES, cwd=tmp_path)
    assert good.returncode == 0
    assert good.stderr == ""
    assert good.stdout.splitlines()[-1] == "3 of 3 flows can run."
    (tmp_path / "bad.json").write_text("{}")
    bad = run_command("check", EXAMPLES / "echo_chat.json", tmp_path / "bad.json", cwd=tmp_path)
    assert bad.returncode == 1
    assert bad.stdout.splitlines()[-1] == "1 of 2 flows can run."


def test_the_command_prints_json(tmp_path: Path):
    found = json.loads(run_command("check", "--json", EXAMPLES / "echo_chat.json", cwd=tmp_path).stdout)
    assert found == [
        {
            "file": str(EXAMPLES / "echo_chat.json"),
            "name": "Echo Chat",
            "runs": True,
            "faults": [],
            "needs": [],
            "services": [],
            "extras": [],
            "files": [],
            "warnings": [],
        }
    ]


def test_a_path_that_is_not_there_is_named(tmp_path: Path):
    done = run_command("check", tmp_path / "none.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "none.json" in done.stderr
