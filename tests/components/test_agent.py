from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.errors import ComponentError
from langflow_lite.ids import new_id
from langflow_lite.job import RunRequest
from langflow_lite.values import Message, to_json
from tests.components.workbench import Workbench, workbench
from tests.flows import edge, flow, node
from tests.standin import Standin

pytestmark = pytest.mark.anyio


def model(name: str) -> dict[str, Any]:
    return {"type": "model", "_input_type": "ModelInput", "value": [{"name": name, "provider": "OpenAI"}]}


def rows(*given: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tools", "_input_type": "ToolsInput", "value": list(given)}


def agent(name: str = "gpt", **values: Any) -> dict[str, Any]:
    fields = {"model": model(name), **values.pop("fields", {})}
    return node("Agent-a", "Agent", fields=fields, input_value="", **values)


def calculator(id_: str = "CalculatorComponent-c", **fields: Any) -> dict[str, Any]:
    return node(id_, "CalculatorComponent", tool_mode=True, expression="", fields=fields)


def chat(*between: dict[str, Any], tools: tuple[str, ...] = (), edges: tuple[Any, ...] = ()) -> dict[str, Any]:
    """ChatInput, an agent with tools, ChatOutput."""
    return flow(
        [node("ChatInput-i", "ChatInput", input_value=""), *between, node("ChatOutput-o", "ChatOutput")],
        [
            edge("ChatInput-i.message", "Agent-a.input_value"),
            edge("Agent-a.response", "ChatOutput-o.input_value"),
            *(edge(f"{id_}.component_as_tool", "Agent-a.tools") for id_ in tools),
            *edges,
        ],
    )


async def test_an_agent_without_tools_answers_like_a_model(bench: Workbench) -> None:
    assert await bench.ask(chat(agent(add_current_date_tool=False)), "hello") == "ANSWER[hello]"


async def test_an_agent_calls_a_tool_and_answers_with_its_result(bench: Workbench, standin: Standin) -> None:
    document = chat(agent(), calculator(), tools=("CalculatorComponent-c",))

    answer = await bench.ask(document, 'CALL evaluate_expression {"expression": "6*7"}')

    assert answer == 'TOOLS[{"result":"42"}]'
    offered = {tool["function"]["name"]: tool["function"] for tool in standin.calls[0].body["tools"]}
    assert set(offered) == {"evaluate_expression", "get_current_date"}
    assert offered["evaluate_expression"]["parameters"]["properties"]["expression"]["type"] == "string"


async def test_a_followed_agent_tells_its_steps_under_one_id(bench: Workbench) -> None:
    document = chat(agent(), calculator(), tools=("CalculatorComponent-c",))

    await bench.ask(document, 'CALL evaluate_expression {"expression": "6*7"}', follow=True)

    told = [message for message in bench.told("add_message") if message["sender"] == "Machine"]
    assert len({message["id"] for message in told}) == 1
    assert [m["properties"]["state"] for m in told] == ["partial", "partial", "partial", "complete", "complete"]
    steps = [[item["header"].get("title") for item in m["content_blocks"][0]["contents"]] for m in told]
    assert steps[0] == []
    assert steps[1] == ["Accessing **evaluate_expression**"]
    assert steps[2] == ["Executed **evaluate_expression**"]
    assert steps[-1] == ["Executed **evaluate_expression**", "Output"]
    step = told[-1]["content_blocks"][0]["contents"][0]
    assert step["tool_input"] == {"expression": "6*7"}
    assert step["output"] == '{"result":"42"}'
    assert step["error"] is None
    assert isinstance(step["duration"], int)
    assert told[-1]["text"] == 'TOOLS[{"result":"42"}]'
    assert told[-1]["properties"]["usage"] == {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30}
    assert {token["id"] for token in bench.told("token")} == {told[0]["id"]}
    assert "".join(token["chunk"] for token in bench.told("token")) == told[-1]["text"]
    assert bench.told("build_start") == [{"id": "CalculatorComponent-c"}] == bench.told("build_end")


async def test_the_answer_with_its_steps_is_stored_once(bench: Workbench) -> None:
    document = chat(agent(), calculator(), tools=("CalculatorComponent-c",))
    stored = await bench.store(document)

    await bench.ask(stored, 'CALL evaluate_expression {"expression": "1+1"}', follow=True)

    kept = await bench.runtime.messages.history(session_id=stored.id, flow_id=stored.id)
    assert [message.sender for message in kept] == ["User", "Machine"]
    assert kept[1].content_blocks[0]["contents"][0]["name"] == "evaluate_expression"


async def test_the_history_comes_before_the_input_and_leaves_it_out(bench: Workbench, standin: Standin) -> None:
    stored = await bench.store(chat(agent(system_prompt="Be brief.")))
    await bench.ask(stored, "one")
    standin.reset()

    await bench.ask(stored, "two")

    sent = [(message["role"], message["content"]) for message in standin.calls[0].body["messages"]]
    assert sent == [("system", "Be brief."), ("user", "one"), ("assistant", "ANSWER[one]"), ("user", "two")]


@pytest.mark.parametrize(("limit", "expected"), [(1, ["b"]), (0, [])], ids=["newest", "none"])
async def test_n_messages_bounds_the_history(
    bench: Workbench, standin: Standin, limit: int, expected: list[str]
) -> None:
    stored = await bench.store(chat(agent(system_prompt="", n_messages=limit)))
    for text in ("a", "b"):
        message = Message(id=new_id(), text=text, sender="User", session_id=stored.id, flow_id=stored.id)
        bench.runtime.messages.store(message)

    await bench.ask(stored, "now")

    sent = [message["content"] for message in standin.calls[-1].body["messages"]]
    assert sent == [*expected, "now"]


async def test_a_blank_input_continues_the_conversation(bench: Workbench) -> None:
    assert await bench.ask(chat(agent()), " ") == "ANSWER[Continue the conversation.]"


async def test_only_the_known_placeholders_are_filled(bench: Workbench, standin: Standin) -> None:
    await bench.ask(chat(agent(system_prompt="{model_name} {other} {{x}}")), "hi")

    assert standin.calls[0].body["messages"][0]["content"] == "gpt {other} {{x}}"


async def test_the_limit_of_model_calls_ends_the_run_with_a_text(bench: Workbench, standin: Standin) -> None:
    # The stand-in answers as soon as it sees results, so a limit of one is what cuts it short.
    document = chat(agent(max_iterations=1), calculator(), tools=("CalculatorComponent-c",))

    answer = await bench.ask(document, 'CALL evaluate_expression {"expression": "1"}')

    assert answer == "Model call limits exceeded: run limit (1/1)"
    assert len(standin.calls) == 1


async def test_a_failing_tool_is_told_to_the_model(bench: Workbench) -> None:
    probe = node("ParserComponent-p", "CombineText", tool_mode=True, text1="", text2="", delimiter=" ")
    document = chat(agent(), probe, tools=("ParserComponent-p",))

    answer = await bench.ask(document, 'CALL combine_texts {"nonsense": 1}', follow=True)

    assert answer.startswith("TOOLS[Error: there is no argument 'nonsense'")
    step = bench.told("add_message")[-1]["content_blocks"][0]["contents"][0]
    assert step["header"]["title"] == "Error using **combine_texts**"
    assert step["output"] is None
    assert "nonsense" in step["error"]


async def test_a_tool_that_does_not_exist_is_answered_with_those_that_do(bench: Workbench) -> None:
    answer = await bench.ask(chat(agent("tool:nothing:{}")), "hi")

    assert answer == "TOOLS[Error: nothing is not a valid tool, try one of [get_current_date].]"


@pytest.mark.parametrize("mend", [True, False])
async def test_a_malformed_call_is_mended_or_fails(bench: Workbench, mend: bool) -> None:
    document = chat(agent("tool:get_current_date:{oops", handle_parsing_errors=mend))

    if mend:
        assert (await bench.ask(document, "hi")).startswith("TOOLS[Error: the arguments are not valid JSON")
    else:
        with pytest.raises(ComponentError, match="called the tool get_current_date wrongly"):
            await bench.ask(document, "hi")


async def test_a_provider_error_withdraws_the_message(bench: Workbench) -> None:
    with pytest.raises(ComponentError, match="Incorrect API key"):
        await bench.ask(chat(agent("denied")), "hi", follow=True)

    begun = next(m for m in bench.told("add_message") if m["sender"] == "Machine")
    assert bench.told("remove_message") == [{"id": begun["id"]}]


async def test_tools_of_one_name_are_told_apart_by_their_vertex(bench: Workbench, standin: Standin) -> None:
    document = chat(agent(), calculator("Calc-1"), calculator("Calc-2"), tools=("Calc-1", "Calc-2"))

    await bench.ask(document, "hi")

    names = [tool["function"]["name"] for tool in standin.calls[0].body["tools"]]
    assert names == ["evaluate_expression_Calc_1", "evaluate_expression_Calc_2", "get_current_date"]


async def test_the_built_in_calculator_gives_way_to_a_connected_one(bench: Workbench, standin: Standin) -> None:
    document = chat(agent(add_calculator_tool=True), calculator(), tools=("CalculatorComponent-c",))

    await bench.ask(document, "hi")

    names = [tool["function"]["name"] for tool in standin.calls[0].body["tools"]]
    assert names == ["evaluate_expression", "get_current_date"]


async def test_edits_rename_and_describe_a_tool(bench: Workbench, standin: Standin) -> None:
    row = {"name": "sums", "description": "Adds up.", "tags": ["CalculatorComponent-evaluate_expression"]}
    document = chat(agent(), calculator(tools_metadata=rows(row)), tools=("CalculatorComponent-c",))

    assert await bench.ask(document, 'CALL sums {"expression": "2+2"}') == 'TOOLS[{"result":"4"}]'

    assert standin.calls[0].body["tools"][0]["function"]["description"] == "Adds up."


async def test_a_tool_that_was_switched_off_is_not_offered(bench: Workbench, standin: Standin) -> None:
    row = {"name": "evaluate_expression", "tags": ["evaluate_expression"], "status": False}
    document = chat(
        agent(add_current_date_tool=False),
        calculator(tools_metadata=rows(row)),
        tools=("CalculatorComponent-c",),
    )

    await bench.ask(document, "hi")

    assert "tools" not in standin.calls[0].body


async def test_an_agent_can_be_the_tool_of_another(bench: Workbench) -> None:
    inner = node("Agent-b", "Agent", tool_mode=True, fields={"model": model("gpt")}, input_value="", system_prompt="")
    document = chat(agent(), inner, tools=("Agent-b",))

    answer = await bench.ask(document, 'CALL Call_Agent {"input_value": "go"}', follow=True)

    assert answer == "TOOLS[ANSWER[go]]"
    senders = {m["id"] for m in bench.told("add_message") if m["sender"] == "Machine"}
    assert len(senders) == 1


async def test_an_old_export_names_its_provider_beside_the_model(bench: Workbench, standin: Standin) -> None:
    old = node(
        "Agent-a",
        "Agent",
        agent_llm="OpenAI",
        model_name="gpt-4o-mini",
        max_tokens=64,
        input_value="",
        n_messages=100,
        sender="Machine and User",
    )

    assert await bench.ask(chat(old), "hi") == "ANSWER[hi]"

    assert standin.calls[0].body["model"] == "gpt-4o-mini"
    assert standin.calls[0].body["max_tokens"] == 64


async def test_a_model_that_an_edge_brings_is_used(bench: Workbench, standin: Standin) -> None:
    other = node("OpenAIModel-m", "OpenAIModel", model_name="words-2")
    old = node("Agent-a", "Agent", agent_llm="Custom", input_value="")
    document = chat(old, other, edges=(edge("OpenAIModel-m.model_output", "Agent-a.agent_llm"),))

    assert await bench.ask(document, "hi") == "w0 w1"


async def test_a_structured_response_follows_the_schema(bench: Workbench) -> None:
    schema = {
        "type": "table",
        "_input_type": "TableInput",
        "list": True,
        "value": [{"name": "city", "type": "str", "multiple": "False", "description": ""}],
    }
    document = flow(
        [
            node("ChatInput-i", "ChatInput", input_value=""),
            agent(fields={"output_schema": schema}),
            node("ChatOutput-o", "ChatOutput"),
        ],
        [
            edge("ChatInput-i.message", "Agent-a.input_value"),
            edge("Agent-a.structured_response", "ChatOutput-o.input_value"),
        ],
    )

    assert '"city": "text"' in await bench.ask(document, "Paris")


async def test_the_older_agent_takes_its_history_from_an_edge(bench: Workbench, standin: Standin) -> None:
    document = flow(
        [
            node("ChatInput-i", "ChatInput", input_value=""),
            node("OpenAIModel-m", "OpenAIModel", model_name="gpt"),
            node("MessagetoData-d", "MessagetoData"),
            node("TextInput-t", "TextInput", input_value="earlier"),
            calculator(),
            node("ToolCallingAgent-a", "ToolCallingAgent", system_prompt="Help.", user_prompt="Please: {input}"),
            node("ChatOutput-o", "ChatOutput"),
        ],
        [
            edge("TextInput-t.text", "MessagetoData-d.message"),
            edge("MessagetoData-d.data", "ToolCallingAgent-a.chat_history"),
            edge("ChatInput-i.message", "ToolCallingAgent-a.input_value"),
            edge("OpenAIModel-m.model_output", "ToolCallingAgent-a.llm"),
            edge("CalculatorComponent-c.component_as_tool", "ToolCallingAgent-a.tools"),
            edge("ToolCallingAgent-a.response", "ChatOutput-o.input_value"),
        ],
    )

    answer = await bench.ask(document, 'CALL evaluate_expression {"expression": "3*3"}')

    assert answer == 'TOOLS[{"result":"9"}]'
    sent = [message["content"] for message in standin.calls[0].body["messages"]]
    assert sent[1] == "earlier"
    assert sent[2].startswith("Please: CALL")


async def test_what_is_no_tool_is_refused_with_the_fix(bench: Workbench) -> None:
    text = node("TextInput-t", "TextInput", input_value="x")
    document = chat(agent(), text, edges=(edge("TextInput-t.text", "Agent-a.tools"),))

    with pytest.raises(ComponentError, match="switch that component to tool mode"):
        await bench.ask(document, "hi")


@pytest.mark.parametrize(
    ("fields", "variable", "path"),
    [
        (
            {"agent_llm": "Google Generative AI", "model_name": "gemini-2.5-pro"},
            "GOOGLE_BASE_URL",
            "/v1beta/models/gemini-2.5-pro:generateContent",
        ),
        (
            {"agent_llm": "Azure OpenAI", "azure_deployment": "dep"},
            "AZURE_OPENAI_ENDPOINT",
            "/openai/deployments/dep/chat/completions",
        ),
        ({"agent_llm": "Anthropic", "model_name": "claude-x"}, "ANTHROPIC_BASE_URL", "/v1/messages"),
    ],
    ids=["google", "azure", "anthropic"],
)
async def test_an_agent_calls_tools_over_every_protocol(
    tmp_path: Path, standin: Standin, fields: dict[str, Any], variable: str, path: str
) -> None:
    async with workbench(tmp_path, environ={variable: standin.url}) as bench:
        document = chat(
            node("Agent-a", "Agent", input_value="", **fields), calculator(), tools=("CalculatorComponent-c",)
        )

        answer = await bench.ask(document, 'CALL evaluate_expression {"expression": "5*5"}')

    assert answer == 'TOOLS[{"result":"25"}]'
    assert standin.calls[0].path == path


@pytest.mark.parametrize(
    ("component", "variable"),
    [
        (node("M", "GoogleGenerativeAIModel", model="gemini-2.5-flash", top_k=3), "GOOGLE_BASE_URL"),
        (node("M", "AzureOpenAIModel", azure_endpoint="", azure_deployment="dep"), "AZURE_OPENAI_ENDPOINT"),
    ],
    ids=["google", "azure"],
)
async def test_the_model_components_of_the_clouds_answer(
    tmp_path: Path, standin: Standin, component: dict[str, Any], variable: str
) -> None:
    async with workbench(tmp_path, environ={variable: standin.url}) as bench:
        document = flow(
            [node("ChatInput-i", "ChatInput", input_value=""), component, node("ChatOutput-o", "ChatOutput")],
            [edge("ChatInput-i.message", "M.input_value"), edge("M.text_output", "ChatOutput-o.input_value")],
        )

        assert await bench.ask(document, "hi") == "ANSWER[hi]"


async def test_tools_belong_to_the_run_that_made_them_even_of_a_frozen_node(bench: Workbench) -> None:
    tool = node("CalculatorComponent-c", "CalculatorComponent", tool_mode=True, frozen=True, expression="")
    stored = await bench.store(chat(agent(), tool, tools=("CalculatorComponent-c",)))

    for _ in range(2):
        outcome = await bench.run(stored, input_value='CALL evaluate_expression {"expression": "2*2"}')

        assert outcome.results["CalculatorComponent-c"].frozen is False
        assert outcome.results["ChatOutput-o"].message.text == 'TOOLS[{"result":"4"}]'


async def test_the_results_of_a_run_show_tools_by_their_names(bench: Workbench) -> None:
    request = RunRequest(input_value="hi", output_type="debug")
    stored = await bench.store(chat(agent(), calculator(), tools=("CalculatorComponent-c",)))

    answer = (await bench.run(stored, input_value="hi", output_type="debug")).answer(request)

    shown = json.loads(to_json(answer))["outputs"][0]["outputs"]
    tools = next(entry for entry in shown if entry["component_id"] == "CalculatorComponent-c")
    assert tools["outputs"]["component_as_tool"] == {"message": ["evaluate_expression"], "type": "array"}
