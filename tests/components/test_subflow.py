from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.errors import ComponentError
from langflow_lite.subflows import MAX_DEPTH
from tests.components.workbench import Workbench
from tests.flows import edge, flow, node
from tests.standin import Standin

pytestmark = pytest.mark.anyio


def child(prefix: str = "child") -> dict[str, Any]:
    """Puts a word in front of what it is given."""
    return flow(
        [
            node("ChatInput-ci", "ChatInput", input_value="saved"),
            node("Combine-c", "CombineText", text1=prefix, text2="", delimiter=": "),
            node("ChatOutput-co", "ChatOutput"),
        ],
        [edge("ChatInput-ci.message", "Combine-c.text2"), edge("Combine-c.combined_text", "ChatOutput-co.input_value")],
    )


def parent(runner: dict[str, Any], output: str = "flow_outputs_message", field: str = "") -> dict[str, Any]:
    edges = [edge(f"R-1.{output}", "ChatOutput-o.input_value")]
    if field:
        edges.append(edge("ChatInput-i.message", f"R-1.{field}"))
    return flow([node("ChatInput-i", "ChatInput", input_value=""), runner, node("ChatOutput-o", "ChatOutput")], edges)


FIELD = "ChatInput-ci~input_value"


@pytest.mark.parametrize("output", ["flow_outputs_message", "ChatOutput-co~message"], ids=["1.2", "1.7"])
async def test_a_flow_is_run_by_name_with_its_input_from_an_edge(bench: Workbench, output: str) -> None:
    await bench.store(child(), "Child")
    runner = node("R-1", "RunFlow", flow_name_selected="Child", **{FIELD: ""})

    assert await bench.ask(parent(runner, output, FIELD), "hello") == "child: hello"


async def test_an_id_outranks_the_name_and_an_unknown_one_does_not(bench: Workbench) -> None:
    first = await bench.store(child("first"), "First")
    await bench.store(child("second"), "Second")

    by_id = node("R-1", "RunFlow", flow_name_selected="Second", flow_id_selected=first.id, **{FIELD: "x"})
    by_name = node("R-1", "RunFlow", flow_name_selected="Second", flow_id_selected="gone", **{FIELD: "x"})

    assert await bench.ask(parent(by_id), "") == "first: x"
    assert await bench.ask(parent(by_name), "") == "second: x"


async def test_the_messages_of_the_inner_flow_are_stored_under_it_in_the_same_session(bench: Workbench) -> None:
    inner = await bench.store(child(), "Child")
    outer = await bench.store(parent(node("R-1", "RunFlow", flow_name_selected="Child", **{FIELD: "x"})))

    await bench.ask(outer, "hi", session_id="s", follow=True)

    kept = await bench.runtime.messages.history(session_id="s", flow_id=inner.id)
    assert [message.text for message in kept] == ["x", "child: x"]
    own = await bench.runtime.messages.history(session_id="s", flow_id=outer.id)
    assert [message.text for message in own] == ["hi", "child: x"]
    assert {m["flow_id"] for m in bench.told("add_message")} == {outer.id}


async def test_a_flow_of_1_1_passes_its_input_and_gets_a_list_of_records(bench: Workbench) -> None:
    await bench.store(child(), "Child")
    runner = node("R-1", "RunFlow", flow_name="Child", input_value="old")

    outcome = await bench.run(parent(runner, "run_outputs"), output_type="debug")

    (record,) = outcome.results["R-1"].outputs["run_outputs"]
    assert record.data["text"] == "child: old"


async def test_the_older_sub_flow_takes_its_fields_by_a_bar(bench: Workbench) -> None:
    await bench.store(child(), "Child")
    runner = node("R-1", "SubFlow", flow_name="Child", **{"ChatInput-ci|input_value": "sub"})

    outcome = await bench.run(parent(runner, "flow_outputs"), output_type="debug")

    assert outcome.results["R-1"].outputs["flow_outputs"][0].data["text"] == "child: sub"


def with_agent(tools: dict[str, Any], output: str) -> dict[str, Any]:
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
            edge(f"R-1.{output}", "Agent-a.tools"),
            edge("Agent-a.response", "ChatOutput-o.input_value"),
        ],
    )


async def test_in_tool_mode_the_flow_is_a_tool_named_after_it(bench: Workbench, standin: Standin) -> None:
    await bench.store(child(), "My Child")
    tools = node("R-1", "RunFlow", tool_mode=True, flow_name_selected="My Child")
    asked = f'CALL My_Child_tool {{"{FIELD}": "from the agent"}}'

    assert await bench.ask(with_agent(tools, "component_as_tool"), asked) == "TOOLS[child: from the agent]"

    offered = standin.calls[0].body["tools"][0]["function"]
    assert offered["name"] == "My_Child_tool"
    assert list(offered["parameters"]["properties"]["flow_tweak_data"]["properties"]) == [FIELD]


async def test_the_older_flow_tool_has_a_text_for_the_chat_input(bench: Workbench) -> None:
    await bench.store(child(), "Child")
    tools = node(
        "R-1", "FlowTool", flow_name="Child", tool_name="helper", tool_description="Helps.", return_direct=True
    )

    answer = await bench.ask(with_agent(tools, "api_build_tool"), 'CALL helper {"input_value": "old"}')

    assert answer == "child: old"


async def test_an_unknown_flow_is_named(bench: Workbench) -> None:
    with pytest.raises(ComponentError, match="Flow not found: Nowhere"):
        await bench.ask(parent(node("R-1", "RunFlow", flow_name_selected="Nowhere")), "hi")


async def test_a_flow_that_would_run_itself_is_refused(bench: Workbench) -> None:
    own = await bench.store(parent(node("R-1", "RunFlow", flow_name_selected="Own")), "Own")

    with pytest.raises(ComponentError, match="the flow 'Own' would run itself"):
        await bench.ask(own, "hi")


async def test_flows_are_nested_to_a_depth_and_no_further(bench: Workbench) -> None:
    last = await bench.store(child(), "Level 0")
    for level in range(1, MAX_DEPTH + 1):
        runner = node("R-1", "RunFlow", flow_name_selected=f"Level {level - 1}")
        last = await bench.store(parent(runner, field=FIELD if level == 1 else ""), f"Level {level}")
        if level == MAX_DEPTH - 1:
            await bench.ask(last, "hi")

    with pytest.raises(ComponentError, match=f"more than {MAX_DEPTH} flows would run inside one another"):
        await bench.ask(last, "hi")


async def test_what_fails_inside_is_told_with_the_flows_name(bench: Workbench) -> None:
    broken = flow([node("ChatInput-x", "ChatInput", input_value=""), node("ChatOutput-y", "ChatOutput")], [])
    broken["data"]["nodes"].append(node("S-1", "Smart Transform"))
    broken["data"]["edges"] = [edge("S-1.message_output", "ChatOutput-y.input_value")]
    await bench.store(broken, "Broken")

    with pytest.raises(ComponentError, match=r"(?s)Error running flow 'Broken': .*'JSON' is required"):
        await bench.ask(parent(node("R-1", "RunFlow", flow_name_selected="Broken")), "hi")


async def test_without_a_chosen_flow_the_component_says_so(bench: Workbench) -> None:
    with pytest.raises(ComponentError, match="no flow is chosen"):
        await bench.ask(parent(node("R-1", "RunFlow", flow_name_selected="")), "hi")
