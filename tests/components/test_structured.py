from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.structured_schema import find_json, fit, object_schema, read_schema
from langflow_lite.errors import ComponentError
from langflow_lite.values import Data, Table
from tests.components.workbench import Workbench
from tests.flows import edge, flow, node
from tests.standin import Standin

pytestmark = pytest.mark.anyio

ROWS = [
    {"name": "city", "type": "str", "description": "where", "multiple": "False"},
    {"name": "people", "type": "int", "description": "", "multiple": False},
    {"name": "tags", "type": "list", "description": ""},
]


def extractor(model: str = "gpt", type_: str = "StructuredOutput", **values: Any) -> dict[str, Any]:
    fields = {
        "model": {"type": "model", "_input_type": "ModelInput", "value": [{"name": model, "provider": "OpenAI"}]},
        "output_schema": {"type": "table", "_input_type": "TableInput", "value": values.pop("rows", ROWS)},
    }
    return node("S-1", type_, input_value="Paris, 2 million.", fields=fields, **values)


async def outputs(bench: Workbench, node: dict[str, Any]) -> dict[str, Any]:
    outcome = await bench.run(flow([node], []), output_type="debug")
    return outcome.results["S-1"].outputs


async def test_one_record_is_the_data_itself_and_a_row_of_the_table(bench: Workbench, standin: Standin) -> None:
    made = await outputs(bench, extractor())

    record = {"city": "text", "people": 1, "tags": ["text"]}
    assert made["structured_output"] == Data(record)
    assert made["dataframe_output"] == Table([record])
    assert len(standin.calls) == 1
    wanted = standin.calls[0].body["response_format"]["json_schema"]
    assert (wanted["name"], wanted["strict"]) == ("records", True)


async def test_a_model_that_follows_no_schema_is_made_to_call_a_tool(bench: Workbench, standin: Standin) -> None:
    made = await outputs(bench, extractor("tools-only"))

    assert made["structured_output"] == Data({"city": "text", "people": 1, "tags": ["text"]})
    assert standin.calls[1].body["tool_choice"]["function"]["name"] == "records"


@pytest.mark.parametrize(("multiple", "expected"), [(True, {"objects": [{"a": "text"}]}), (False, {"a": "text"})])
async def test_a_flow_of_an_older_release_says_whether_it_wants_all(
    bench: Workbench, multiple: bool, expected: dict[str, Any]
) -> None:
    rows = [{"name": "a", "type": "text"}]
    old = extractor(type_="StructuredOutputComponent", multiple=multiple, rows=rows)

    assert (await outputs(bench, old))["structured_output"] == Data(expected)


async def test_a_model_that_never_writes_json_is_asked_in_every_way_and_then_named(
    bench: Workbench, standin: Standin
) -> None:
    with pytest.raises(ComponentError, match=r"No structured output returned: .* The model wrote: ANSWER"):
        await outputs(bench, extractor("wordy"))

    assert len(standin.calls) == 3
    assert "JSON schema" in standin.calls[2].body["messages"][-1]["content"]


async def test_an_empty_schema_is_an_error(bench: Workbench) -> None:
    with pytest.raises(ComponentError, match="Output schema cannot be empty"):
        await outputs(bench, extractor(rows=[{"name": " "}]))


async def test_a_provider_that_refuses_the_key_is_not_asked_again(bench: Workbench, standin: Standin) -> None:
    with pytest.raises(ComponentError, match="Incorrect API key"):
        await outputs(bench, extractor("denied"))

    assert len(standin.calls) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here it is:\n```json\n{"a": [1]}\n```\nDone.', {"a": [1]}),
        ("[1, 2] and more", [1, 2]),
        ('{oops} {"a": 1}', {"a": 1}),
    ],
)
def test_json_is_found_among_remarks(text: str, found: Any) -> None:
    assert find_json(text) == found


@pytest.mark.parametrize("text", ["", "nothing", "{" * 10_000, "[" * 100_000])
def test_text_without_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        find_json(text)


def test_values_are_converted_to_what_the_schema_says() -> None:
    columns = read_schema(
        [
            {"name": "n", "type": "int"},
            {"name": "x", "type": "float"},
            {"name": "ok", "type": "bool"},
            {"name": "many", "type": "str", "multiple": "True"},
            {"name": "absent", "type": "dict"},
        ]
    )

    assert fit({"n": "3", "x": 1, "ok": "no", "many": "one"}, columns) == {
        "n": 3,
        "x": 1.0,
        "ok": False,
        "many": ["one"],
        "absent": None,
    }
    assert object_schema(columns)["properties"]["many"] == {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize("record", [[], {"other": 1}, {"n": "many"}], ids=["list", "no key", "no number"])
def test_a_record_that_does_not_fit_is_refused(record: Any) -> None:
    with pytest.raises(ValueError, match=r"record|'n'"):
        fit(record, read_schema([{"name": "n", "type": "int"}]))


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(ComponentError, match="'when' the type 'date'"):
        read_schema([{"name": "when", "type": "date"}])


async def test_in_tool_mode_a_record_is_what_the_agent_reads(bench: Workbench) -> None:
    fields = {"model": {"type": "model", "_input_type": "ModelInput", "value": [{"name": "gpt", "provider": "OpenAI"}]}}
    inner = extractor(tool_mode=True)
    document = flow(
        [
            node("ChatInput-i", "ChatInput", input_value=""),
            inner,
            node("Agent-a", "Agent", fields=fields),
            node("ChatOutput-o", "ChatOutput"),
        ],
        [
            edge("ChatInput-i.message", "Agent-a.input_value"),
            edge("S-1.component_as_tool", "Agent-a.tools"),
            edge("Agent-a.response", "ChatOutput-o.input_value"),
        ],
    )

    answer = await bench.ask(document, 'CALL build_structured_output {"input_value": "Rome"}')

    assert answer == 'TOOLS[{"city":"text","people":1,"tags":["text"]}]'
