from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components import json_texts, small_shapers
from langflow_lite.components.routing import DataConditionalRouterComponent
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio

A, B = Data({"k": "a", "n": 1}), Data({"k": "b", "n": 2})


@pytest.mark.parametrize(
    ("name", "fields", "method", "expected"),
    [
        ("CreateDataComponent", {"field_1_key": {"a": "1"}, "field_2_key": {"b": Data({"text": "T"})}, "other": {"c": 1}},
         "build_data", Data({"a": "1", "b": "T"})),
        ("DynamicCreateDataComponent", {"form_fields": [{"field_name": "a"}, {"field_name": "b"}], "dynamic_a": Message(text="x")},
         "process_form", Data({"a": "x", "b": None})),
        ("UpdateDataComponent", {"old_data": [A], "field_1_key": {"n": 5}}, "build_data", Data({"k": "a", "n": 5})),
        ("UpdateDataComponent", {"old_data": [A, B], "field_1_key": {"z": 0}}, "build_data",
         [Data({"k": "a", "n": 1, "z": 0}), Data({"k": "b", "n": 2, "z": 0})]),
        ("SelectDataComponent", {"data_list": [A, B], "data_index": 1}, "select_data", B),
        ("FilterDataComponent", {"data": A, "filter_criteria": ["n", "zz"]}, "filter_data", Data({"n": 1})),
        ("DataFilterComponent", {"input_data": [A, B, Data({})], "filter_key": "n", "filter_value": "2"}, "filter_data", [B]),
        ("DataFilterComponent", {"input_data": [A, Data({})], "filter_key": "n"}, "filter_data", [A, Data({})]),
        ("DataFilterComponent", {"input_data": [A, B], "filter_key": "k", "filter_value": "b", "operator": "not equals"},
         "filter_data", [A]),
        ("ExtractDataKeyComponent", {"data_input": A, "key": "n"}, "extract_key", Data({"n": 1})),
        ("ExtractDataKeyComponent", {"data_input": A, "key": "z"}, "extract_key",
         Data({"error": "Key 'z' not found in Data object."})),
        ("ExtractDataKeyComponent", {"data_input": [A, Data({}), B], "key": "n"}, "extract_key", [Data({"n": 1}), Data({"n": 2})]),
        ("MergeDataComponent", {"data_inputs": [A, B]}, "combine_data", Table([{"k": "a\nb", "n": 2}])),
        ("MergeDataComponent", {"data_inputs": [A, B], "operation": "Append"}, "combine_data", Table([A.data, B.data])),
        ("MergeDataComponent", {"data_inputs": [A, B], "operation": "Merge"}, "combine_data", Table([{"k": ["a", "b"], "n": 2}])),
        ("MergeDataComponent", {"data_inputs": [A, B], "operation": "Join"}, "combine_data",
         Table([{"k": "a", "n": 1, "k_doc2": "b", "n_doc2": 2}])),
        ("MergeDataComponent", {"data_inputs": [A]}, "combine_data", Table()),
        ("DataToDataFrameComponent", {"data_list": [A, B]}, "build_dataframe", Table([A.data, B.data])),
        ("AlterMetadataComponent", {"input_value": [A], "metadata": {"m": 1}, "remove_fields": ["n"], "text_in": "t"},
         "process_output", [Data({"text": "t", "m": 1}), Data({"k": "a", "m": 1})]),
        ("AlterMetadataComponent", {"input_value": [A], "metadata": {"m": 1}}, "as_dataframe", Table([{"k": "a", "n": 1, "m": 1}])),
    ],
)  # fmt: skip
async def test_records_are_shaped(place: Any, name: str, fields: dict[str, Any], method: str, expected: Any) -> None:
    component = place(getattr(small_shapers, name)(**fields))
    assert await getattr(component, method)() == expected
    assert A.data == {"k": "a", "n": 1}


@pytest.mark.parametrize(
    ("name", "fields", "method", "problem"),
    [
        ("CreateDataComponent", {"text_key": "z", "text_key_validator": True}, "build_data", "Text Key: 'z' not found"),
        ("UpdateDataComponent", {}, "build_data", "nothing to update"),
        (
            "SelectDataComponent",
            {"data_list": [A], "data_index": 1},
            "select_data",
            "index 1 is out of range: there are 1",
        ),
        ("FilterDataComponent", {}, "filter_data", "nothing to filter"),
        ("DataFilterComponent", {"input_data": [A]}, "filter_data", "Filter key is required"),
        ("DataToDataFrameComponent", {"data_list": ["x"]}, "build_dataframe", "must be Data objects, got str"),
    ],
)
async def test_records_that_cannot_be_shaped_are_an_error(
    place: Any, name: str, fields: dict[str, Any], method: str, problem: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=problem):
        await getattr(place(getattr(small_shapers, name)(**fields)), method)()


async def test_a_form_is_shown_as_lines(place: Any) -> None:
    component = small_shapers.DynamicCreateDataComponent(form_fields=[{"field_name": "a"}], dynamic_a="x")
    assert (await place(component).get_message()).text == "a: x"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"json_str": "Sure: {'a': 1,} ok"}, '{"a": 1}'),
        ({"json_str": '{"a": "x\x01\n\ty"}', "remove_control_chars": True}, '{"a": "xy"}'),
        ({"json_str": '{"a": "e\u0301"}', "normalize_unicode": True, "validate_json": True}, '{"a": "\\u00e9"}'),
    ],
)
def test_json_is_cleaned(place: Any, fields: dict[str, Any], text: str) -> None:
    assert place(json_texts.JSONCleanerComponent(**fields)).clean_json().text == text


@pytest.mark.parametrize("fields", [{"json_str": "none"}, {"json_str": "{'a': 1}", "validate_json": True}])
def test_json_that_cannot_be_cleaned_is_an_error(place: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Invalid JSON string|Error cleaning JSON string"):
        place(json_texts.JSONCleanerComponent(**fields)).clean_json()


@pytest.mark.parametrize(
    ("value", "query", "expected"),
    [
        (Message(text='{"a": [{"n": 1}, {"n": 2},]}'), ".a[]", [Data({"n": 1}), Data({"n": 2})]),
        (Data({"a": 5}), ".a", [Data({"text": "5"})]),
        ([Data({"a": 1}), Data({"a": 2})], ".[].a", [Data({"text": "1"}), Data({"text": "2"})]),
    ],
)
def test_json_is_parsed_and_queried(place: Any, value: Any, query: str, expected: list[Data]) -> None:
    assert place(json_texts.ParseJSONDataComponent(input_value=value, query=query)).filter_data() == expected


@pytest.mark.parametrize(
    ("pattern", "records", "text"),
    [
        (r"\d+", [Data({"match": "1"}), Data({"match": "22"})], "1\n22"),
        ("z", [], "No matches found"),
        ("", [], "No matches found"),
    ],
)
async def test_matches_of_a_pattern_are_extracted(place: Any, pattern: str, records: list[Data], text: str) -> None:
    component = place(json_texts.RegexExtractorComponent(input_text="a1b22", pattern=pattern))
    assert await component.extract_matches() == records
    assert (await component.get_matches_text()).text == text


async def test_a_pattern_that_is_not_valid_is_a_result(place: Any) -> None:
    [record] = await place(json_texts.RegexExtractorComponent(input_text="a", pattern="(")).extract_matches()
    assert record.data["error"].startswith("Invalid regex pattern")


async def test_a_variable_is_read_if_flows_may(place: Any, ctx: Any) -> None:
    ctx.variables.values["CITY"] = "Rome"
    assert (await place(json_texts.GetEnvVarComponent(env_var_name="CITY")).process_inputs()).text == "Rome"
    with pytest.raises(ValueError, match="LANGFLOW_VARIABLES_TO_GET_FROM_ENVIRONMENT"):
        await place(json_texts.GetEnvVarComponent(env_var_name="PATH")).process_inputs()
    with pytest.raises(ValueError, match="not provided"):
        await place(json_texts.GetEnvVarComponent()).process_inputs()


async def test_instructions_for_a_list_are_given_and_parser_objects_are_not(place: Any) -> None:
    component = place(json_texts.OutputParserComponent())
    assert "separated by commas" in (await component.format_instructions()).text
    with pytest.raises(ValueError, match="connect the format instructions"):
        await component.build_parser()


@pytest.mark.parametrize(
    ("items", "operator", "wanted", "true", "false"),
    [
        ([A], "equals", "a", A, None),
        ([A], "equals", "b", None, A),
        ([A, B], "equals", "b", [B], None),
        ([A, B], "contains", "z", None, [A, B]),
        ([Data({"k": "yes"})], "boolean validator", "", Data({"k": "yes"}), None),
        ([Data({"k": 5})], "boolean validator", "", Data({"k": 5}), None),
        ([Data({"k": 0})], "boolean validator", "", None, Data({"k": 0})),
    ],
)
async def test_records_go_one_of_two_ways(
    place: Any, items: list[Data], operator: str, wanted: str, true: Any, false: Any
) -> None:
    component = place(
        DataConditionalRouterComponent(data_input=items, key_name="k", operator=operator, compare_value=wanted)
    )
    assert await component.process_data_true() == true
    assert await component.process_data_false() == false
    assert component.stopped == {"false_output" if true is not None else "true_output"}


async def test_a_record_without_the_key_goes_both_ways_as_an_error(place: Any) -> None:
    component = place(DataConditionalRouterComponent(data_input=[A], key_name="z"))
    assert await component.process_data_true() == Data({"error": "Key 'z' not found in Data"})
    assert component.stopped == set()
