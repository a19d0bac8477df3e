from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.errors import ComponentError, ComponentsUnsupported
from langflow_lite.exported import code_hash
from langflow_lite.trust import candidates
from tests.components.workbench import Workbench
from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio

FUNCTION = "def f() -> list:\n    return ['a', {'b': 1}]\n"
PRINTS = "total = math.floor(2.5)\nprint('total', total)\n"


def answering(type_: str, output: str, **values: Any) -> dict[str, Any]:
    nodes = [node("Code-1", type_, **values), node("ChatOutput-1", "ChatOutput")]
    return flow(nodes, [edge(f"Code-1.{output}", "ChatOutput-1.input_value")])


@pytest.mark.parametrize(
    ("document", "code", "answer"),
    [
        (answering("PythonFunction", "function_output_str", function_code=FUNCTION), FUNCTION, "a\n{'b': 1}"),
        (
            answering("PythonREPLComponent", "results", python_code=PRINTS),
            PRINTS,
            '```json\n{\n  "result": "total 2"\n}\n```',
        ),
    ],
    ids=["function", "interpreter"],
)
async def test_code_in_a_field_runs_once_exactly_it_is_trusted(
    bench: Workbench, document: dict[str, Any], code: str, answer: str
) -> None:
    stored = await bench.store(document)
    with pytest.raises(ComponentsUnsupported) as refused:
        await bench.ask(stored, "")
    [entry] = refused.value.components
    assert entry["reason"] == "user_code_untrusted"
    assert f"`langflow-lite trust FLOW.json` (SHA-256 {code_hash(code)})" in entry["suggestion"]
    [candidate] = [each for each in candidates(stored, bench.runtime.registry, bench.runtime.trusted) if not each.known]
    assert candidate.code == code
    bench.runtime.trusted.add(candidate.code)
    bench.runtime.plans._trust_due = 0
    assert await bench.ask(stored, "") == answer


async def test_code_that_a_tweak_brings_is_not_what_was_trusted(bench: Workbench) -> None:
    bench.runtime.trusted.add(PRINTS)
    document = answering("PythonREPLComponent", "results", python_code=PRINTS)
    with pytest.raises(ComponentError, match="code that a request"):
        await bench.ask(document, "", tweaks={"Code-1": {"python_code": "print(1)"}})


async def test_code_that_another_component_writes_never_runs(bench: Workbench) -> None:
    nodes = [
        node("ChatInput-1", "ChatInput"),
        node("Code-1", "PythonREPLComponent"),
        node("ChatOutput-1", "ChatOutput"),
    ]
    edges = [edge("ChatInput-1.message", "Code-1.python_code"), edge("Code-1.results", "ChatOutput-1.input_value")]
    bench.runtime.trusted.add("print(1)")
    with pytest.raises(ComponentsUnsupported) as refused:
        await bench.ask(flow(nodes, edges), "print(1)")
    assert "that another component writes is never run" in refused.value.components[0]["suggestion"]


async def test_an_interpreter_as_a_tool_tells_the_model_that_its_code_does_not_run(
    bench: Workbench, tmp_path: Path
) -> None:
    written = tmp_path / "written"
    code = f"open({str(written)!r}, 'w')"
    model = f"tool:run_python_repl:{json.dumps({'python_code': code})}"
    nodes = [
        node("Code-1", "PythonREPLComponent", tool_mode=True, python_code=PRINTS),
        node("Agent-1", "Agent", input_value="x", agent_llm="OpenAI", model_name=model),
        node("ChatOutput-1", "ChatOutput"),
    ]
    edges = [edge("Code-1.component_as_tool", "Agent-1.tools"), edge("Agent-1.response", "ChatOutput-1.input_value")]
    answer = await bench.ask(flow(nodes, edges), "")
    assert "TOOLS[Error: code that a request, a model or another component writes is never run here" in answer
    assert not written.exists()


async def test_a_shell_runs_only_what_is_trusted(bench: Workbench) -> None:
    shell = node("Shell-1", "PythonREPLTool", name="shell", description="A shell.", global_imports="math")
    trusted = "print('total', math.floor(2.5))"
    bench.runtime.trusted.add(trusted)
    answers = {}
    for code in (trusted, "print(1)"):
        model = f"tool:shell:{json.dumps({'code': code})}"
        nodes = [
            shell,
            node("Agent-1", "Agent", input_value="x", agent_llm="OpenAI", model_name=model),
            node("ChatOutput-1", "ChatOutput"),
        ]
        edges = [edge("Shell-1.api_build_tool", "Agent-1.tools"), edge("Agent-1.response", "ChatOutput-1.input_value")]
        answers[code] = await bench.ask(flow(nodes, edges), "")
    assert answers[trusted] == 'TOOLS[{"result":"total 2"}]'
    assert answers["print(1)"].startswith("TOOLS[Error: code that a request, a model or another component writes")


@pytest.mark.parametrize(
    ("code", "imports", "result"),
    [
        ("1 / 0", "math", {"error": "Error during execution: division by zero"}),
        ("def (", "math", {"error": "Syntax Error: invalid syntax"}),
        ("import nothing_like_it", "", {"error": "it imports nothing_like_it"}),
        ("raise SystemExit(3)", "", {"error": "Error during execution: 3"}),
    ],
)
async def test_what_goes_wrong_in_trusted_code_is_its_result(
    bench: Workbench, code: str, imports: str, result: dict[str, str]
) -> None:
    bench.runtime.trusted.add(code)
    document = flow([node("Code-1", "PythonREPLComponent", python_code=code, global_imports=imports)], [])
    outcome = await bench.run(document)
    found = outcome.results["Code-1"].outputs["results"].data
    assert found.keys() == result.keys()
    assert result["error"] in found["error"]


async def test_only_harmless_modules_are_imported_for_the_code(bench: Workbench) -> None:
    bench.runtime.trusted.add(PRINTS)
    document = answering("PythonREPLComponent", "results", python_code=PRINTS, global_imports="math, antigravity")
    with pytest.raises(ComponentError, match="antigravity is not imported for the code"):
        await bench.ask(document, "")


async def test_a_function_becomes_a_tool_with_its_parameters(bench: Workbench, place: Any) -> None:
    from langflow_lite.components.python_code import PythonCodeStructuredTool

    code = "def other(): ...\n\ndef add(a: int, b: int = 2) -> int:\n    return a + b\n"
    bench.runtime.trusted.add(code)
    component = place(PythonCodeStructuredTool(tool_code=code, tool_name="adder", tool_function="add"))
    component.ctx.trusted = bench.runtime.trusted
    tool = await component.build_tool()
    assert (tool.name, tool.parameters) == (
        "adder",
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]},
    )
    assert await tool.call({"a": 1}) == 3
    component.tool_function = "missing"
    with pytest.raises(ComponentError, match="defines no function missing"):
        await component.build_tool()
