from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.literals import read_literal
from langflow_lite.components.operations import (
    DataFrameOperationsComponent,
    DataOperationsComponent,
    OperationsComponent,
    TextOperationsComponent,
)
from langflow_lite.values import Data, Table

FISH = Table([{"name": "cod", "n": 3}, {"name": "eel", "n": 10}, {"name": "ray", "n": None}, {"name": "cod", "n": 1}])


def chosen(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "icon": "x", "chosen": False, "selected": False}]


def names(table: Table) -> list[Any]:
    return [row.get("name") for row in table]


@pytest.mark.parametrize(
    ("operation", "fields", "data", "expected"),
    [
        ("Select Keys", {"select_keys_input": ["b", "a"]}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}),
        ("Select Keys", {"select_keys_input": ["data"]}, {"data": {"x": 1}}, {"x": 1}),
        ("Remove Keys", {"remove_keys_input": ["a"]}, {"a": 1, "b": [{"a": 2, "c": 3}]}, {"b": [{"c": 3}]}),
        ("Rename Keys", {"rename_keys_input": {"a": "z"}}, {"a": 1, "b": {"a": 2}}, {"z": 1, "b": {"z": 2}}),
        ("Append or Update", {"append_update_data": {"b": 2}}, {"a": 1, "b": 0}, {"a": 1, "b": 2}),
        (
            "Literal Eval", {}, {"a": "[1, 'x']", "b": "3", "c": "plain", "d": "(1, 2", "e": "True", "f": ["{'k': None}"]},
            {"a": [1, "x"], "b": 3, "c": "plain", "d": "(1, 2", "e": True, "f": [{"k": None}]},
        ),
        ("Path Selection", {"selected_key": ".a.b[0]"}, {"a": {"b": [{"c": 1}]}}, {"c": 1}),
        ("Path Selection", {"selected_key": ".a"}, {"a": 5}, {"result": 5}),
        ("JQ Expression", {"query": ".a | length"}, {"a": [1, 2]}, {"result": 2}),
        ("JQ Expression", {"query": ".a[]"}, {"a": [1, 2]}, {"result": [1, 2]}),
        (
            "Filter Values", {"filter_key": ["i"], "filter_values": {"n": "1"}, "operator": "equals"},
            {"i": [{"n": 1}, {"n": 2}, "x"]}, {"i": [{"n": 1}]},
        ),
    ],
)  # fmt: skip
def test_records_are_worked_on(
    place: Any, operation: str, fields: dict[str, Any], data: dict[str, Any], expected: dict[str, Any]
) -> None:
    given = Data(data)
    old = place(DataOperationsComponent(data=[given], operations=chosen(operation), **fields))
    assert old.as_data().data == expected
    new = place(OperationsComponent(input_type="JSON", data=given, operation=chosen(operation), **fields))
    assert new.as_data().data == expected
    assert given.data == data


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"a": 1}, {"a": 2, "b": 3}, {"a": [4], "b": [5, 6]}], {"a": [1, 2, 4], "b": [3, 5, 6]}),
        ([{"a": 1}], {"a": 1}),
        ([], {}),
    ],
)
def test_records_are_combined(place: Any, records: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    component = DataOperationsComponent(data=[Data(record) for record in records], operations=chosen("Combine"))
    assert place(component).as_data().data == expected


@pytest.mark.parametrize(
    ("operation", "fields", "problem"),
    [
        ("Select Keys", {"select_keys_input": ["z"]}, r"Select key not found in data. Available keys: \['a'\]"),
        ("JQ Expression", {"query": " "}, "JSON Query is required"),
        ("JQ Expression", {"query": ".z"}, "JSON query returned null"),
        ("JQ Expression", {"query": ".a | select(. == 2)"}, "No result from JSON query"),
        ("JQ Expression", {"query": "env.SECRET"}, "JSON Query error: env is refused"),
        ("Select Keys", {"data": [Data(), Data()]}, "not supported for multiple data objects"),
        ("Select Keys", {"data": []}, "connect one to the component"),
    ],
)
def test_a_record_operation_that_cannot_be_done_is_an_error(
    place: Any, operation: str, fields: dict[str, Any], problem: str
) -> None:
    component = place(DataOperationsComponent(**{"data": [Data({"a": 1})], **fields}, operations=chosen(operation)))
    with pytest.raises(ValueError, match=problem):
        component.as_data()


def test_a_path_that_leads_nowhere_is_a_result_with_the_error(place: Any) -> None:
    component = DataOperationsComponent(data=[Data({"a": 1})], operations=chosen("Path Selection"), selected_key=".a.b")
    assert place(component).as_data().data == {"error": 'Cannot index number with string ("b")'}


@pytest.mark.parametrize("operations", [[], "", [{"name": "Combine"}, {"name": "Select Keys"}], [{"name": "Nonsense"}]])
def test_without_exactly_one_operation_the_result_is_empty(place: Any, operations: Any) -> None:
    assert place(DataOperationsComponent(data=[Data({"a": 1})], operations=operations)).as_data().data == {}


@pytest.mark.parametrize(
    ("operation", "fields", "expected"),
    [
        ("Filter", {"column_name": "n", "filter_value": "3"}, ["cod"]),
        ("Filter", {"column_name": "n", "filter_value": "3", "filter_operator": "not equals"}, ["eel", "ray", "cod"]),
        ("Filter", {"column_name": "n", "filter_value": "2", "filter_operator": "greater than"}, ["cod", "eel"]),
        ("Filter", {"column_name": "n", "filter_value": "2", "filter_operator": "less than"}, ["cod"]),
        ("Filter", {"column_name": "name", "filter_value": "o", "filter_operator": "contains"}, ["cod", "cod"]),
        ("Filter", {"column_name": "name", "filter_value": "o", "filter_operator": "not contains"}, ["eel", "ray"]),
        ("Filter", {"column_name": "name", "filter_value": "e", "filter_operator": "starts with"}, ["eel"]),
        ("Filter", {"column_name": "name", "filter_value": "y", "filter_operator": "ends with"}, ["ray"]),
        ("Filter", {"column_name": "name", "filter_value": "dog", "filter_operator": "greater than"}, ["eel", "ray"]),
        ("Sort", {"column_name": "n"}, ["cod", "cod", "eel", "ray"]),
        ("Sort", {"column_name": "n", "ascending": False}, ["eel", "cod", "cod", "ray"]),
        ("Head", {"num_rows": 1}, ["cod"]),
        ("Tail", {"num_rows": 2}, ["ray", "cod"]),
        ("Tail", {"num_rows": 0}, []),
        ("Drop Duplicates", {"column_name": "name"}, ["cod", "eel", "ray"]),
        ("Drop Column", {"column_name": "name"}, [None] * 4),
        ("Concatenate", {"df": [FISH, Table([{"name": "new"}])]}, ["cod", "eel", "ray", "cod", "new"]),
    ],
)
def test_rows_are_chosen_and_ordered(place: Any, operation: str, fields: dict[str, Any], expected: list[Any]) -> None:
    fields = {"df": [FISH], **fields}
    assert (
        names(place(DataFrameOperationsComponent(operation=chosen(operation), **fields)).perform_operation())
        == expected
    )
    assert names(place(OperationsComponent(operation=chosen(operation), **fields)).as_dataframe()) == expected
    # Exports of 1.2 to 1.4 hold the name alone.
    assert names(place(DataFrameOperationsComponent(operation=operation, **fields)).perform_operation()) == expected


@pytest.mark.parametrize(
    ("operation", "fields", "first"),
    [
        ("Add Column", {"new_column_name": "x", "new_column_value": "y"}, {"name": "cod", "n": 3, "x": "y"}),
        ("Rename Column", {"column_name": "n", "new_column_name": "count"}, {"name": "cod", "count": 3}),
        ("Select Columns", {"columns_to_select": [" n "]}, {"n": 3}),
        (
            "Replace Value",
            {"column_name": "n", "replace_value": "3", "replacement_value": "4"},
            {"name": "cod", "n": 4},
        ),
        (
            "Replace Value",
            {"column_name": "name", "replace_value": "cod", "replacement_value": "hake"},
            {"name": "hake", "n": 3},
        ),
    ],
)
def test_columns_are_changed(place: Any, operation: str, fields: dict[str, Any], first: dict[str, Any]) -> None:
    component = place(DataFrameOperationsComponent(df=FISH, operation=chosen(operation), **fields))
    assert component.perform_operation()[0] == first
    assert FISH[0] == {"name": "cod", "n": 3}


LEFT = Table([{"k": 1, "v": "a"}, {"k": 2, "v": None}, {"k": 3, "v": "c"}])
RIGHT = Table([{"k": 2, "v": "B", "w": 20}, {"k": 1, "v": "A", "w": 10}, {"k": 4, "v": "D", "w": 40}])


@pytest.mark.parametrize(
    ("how", "on", "rows"),
    [
        ("inner", "k", [(1, "a", 10), (2, "B", 20)]),
        ("left", "k", [(1, "a", 10), (2, "B", 20), (3, "c", None)]),
        ("right", "k", [(2, "B", 20), (1, "a", 10), (4, "D", 40)]),
        ("outer", "k", [(1, "a", 10), (2, "B", 20), (3, "c", None), (4, "D", 40)]),
        ("inner", "", [(1, "a", 20), (2, "A", 10), (3, "c", 40)]),
    ],
)
def test_two_tables_are_merged(place: Any, how: str, on: str, rows: list[tuple[Any, ...]]) -> None:
    component = DataFrameOperationsComponent(
        operation=chosen("Merge"), left_dataframe=LEFT, right_dataframe=RIGHT, merge_on_column=on, merge_how=how
    )
    assert [tuple(row.values()) for row in place(component).perform_operation()] == rows


@pytest.mark.parametrize(
    ("operation", "fields", "problem"),
    [
        ("Filter", {"column_name": "z"}, "The table has no column 'z'; it has 'name', 'n'"),
        ("Drop Column", {"column_name": "z"}, "no column 'z'"),
        ("Select Columns", {"columns_to_select": ["z"]}, "no column 'z'"),
        ("Nonsense", {}, "Unsupported operation: Nonsense"),
        (
            "Merge",
            {"left_dataframe": LEFT, "right_dataframe": FISH, "merge_on_column": "k"},
            r"Column 'k' not found in right DataFrame. Available: \['name', 'n'\]",
        ),
    ],
)
def test_a_table_operation_that_cannot_be_done_is_an_error(
    place: Any, operation: str, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        place(DataFrameOperationsComponent(df=FISH, operation=operation, **fields)).perform_operation()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("operation", "fields", "expected"),
    [
        ("Case Conversion", {"text_input": "Ab c", "case_type": "title"}, "Ab C"),
        ("Case Conversion", {"text_input": "Ab"}, "ab"),
        ("Text Replace", {"text_input": "a.b", "search_pattern": ".", "replacement_text": "-"}, "a-b"),
        ("Text Replace", {"text_input": "a1b22", "search_pattern": r"\d+", "replacement_text": "#", "use_regex": True}, "a#b#"),
        ("Text Replace", {"text_input": "a", "search_pattern": "(", "use_regex": True}, "a"),
        ("Text Extract", {"text_input": "a1 b2 c3", "extract_pattern": r"[a-z]\d", "max_matches": 2}, "a1\nb2"),
        ("Text Extract", {"text_input": "a1", "extract_pattern": r"([a-z])(\d)"}, "('a', '1')"),
        ("Text Head", {"text_input": "abcdef", "head_characters": 2}, "ab"),
        ("Text Tail", {"text_input": "abcdef", "tail_characters": 2}, "ef"),
        ("Text Tail", {"text_input": "abcdef", "tail_characters": 0}, ""),
        ("Text Tail", {"text_input": "ab"}, "ab"),
        ("Text Strip", {"text_input": " ab "}, "ab"),
        ("Text Strip", {"text_input": "xxabx", "strip_mode": "left", "strip_characters": "x"}, "abx"),
        ("Text Strip", {"text_input": "ab  ", "strip_mode": "right"}, "ab"),
        ("Text Join", {"text_input": "a", "text_input_2": "b"}, "a\nb"),
        ("Text Join", {"text_input": "", "text_input_2": "b"}, "b"),
        ("Text Clean", {"text_input": "a  b\n\n\tc!"}, "a b c!"),
        ("Text Clean", {"text_input": "a!\n\nb", "remove_special_chars": True, "remove_empty_lines": True}, "a b"),
        (
            "Text Clean",
            {"text_input": "a \n\n b", "remove_extra_spaces": False, "remove_empty_lines": True},
            "a \n b",
        ),
        ("", {"text_input": "as it is"}, "as it is"),
        ("Text Head", {"text_input": ""}, ""),
    ],
)  # fmt: skip
async def test_texts_are_worked_on(place: Any, operation: str, fields: dict[str, Any], expected: str) -> None:
    assert (await place(OperationsComponent(operation=chosen(operation), **fields)).as_message()).text == expected
    assert (await place(TextOperationsComponent(operation=chosen(operation), **fields)).get_message()).text == expected


def test_words_characters_and_lines_are_counted(place: Any) -> None:
    component = place(OperationsComponent(operation=chosen("Word Count"), text_input="a b a\n\nc"))
    assert component.as_data().data == {
        "word_count": 4,
        "unique_words": 3,
        "character_count": 8,
        "character_count_no_spaces": 6,
        "line_count": 3,
        "non_empty_lines": 2,
    }
    fewer = OperationsComponent(
        operation=chosen("Word Count"), text_input=" ", count_characters=False, count_lines=False
    )
    assert place(fewer).as_data().data == {"word_count": 0, "unique_words": 0}


@pytest.mark.parametrize(
    ("text", "fields", "rows"),
    [
        ("| a | b |\n|---|:-:|\n| 1 | x |\n| 2.5 | y |", {}, [{"a": 1, "b": "x"}, {"a": 2.5, "b": "y"}]),
        (
            "1,x\n2,y",
            {"table_separator": ",", "has_header": False},
            [{"col_0": 1, "col_1": "x"}, {"col_0": 2, "col_1": "y"}],
        ),
        ("1|2\n3", {"has_header": False}, [{"col_0": 1, "col_1": 2}, {"col_0": 3, "col_1": None}]),
        ("", {}, []),
    ],
)
def test_a_text_becomes_a_table(place: Any, text: str, fields: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    component = place(OperationsComponent(operation=chosen("Text to DataFrame"), text_input=text, **fields))
    assert component.as_dataframe().rows == rows


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("operation", "fields", "problem"),
    [
        ("Text Head", {"head_characters": -1}, "Characters from Start must be a non-negative integer, got -1"),
        ("Text Tail", {"tail_characters": -1}, "Characters from End must be"),
        ("Text Extract", {"extract_pattern": "("}, r"Invalid regex pattern '\('"),
        ("Text Extract", {"extract_pattern": "(a|aa)+$"}, "took longer than"),
    ],
)
async def test_a_text_operation_that_cannot_be_done_is_an_error(
    place: Any, operation: str, fields: dict[str, Any], problem: str
) -> None:
    component = place(OperationsComponent(operation=chosen(operation), text_input="a" * 60 + "b", **fields))
    with pytest.raises(ValueError, match=problem):
        await component.as_message()


def test_a_ragged_table_is_an_error(place: Any) -> None:
    component = place(TextOperationsComponent(text_input="a|b\n1|2|3"))
    with pytest.raises(ValueError, match=r"2 column\(s\) in header vs 3 column\(s\) in data row 1"):
        component.get_dataframe()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-2.5e1", -25.0), ("'a\\n\\x41\\q'", "a\nA\\q"), ("[1, (2, 3), {'a': None,}]", [1, [2, 3], {"a": None}]),
        ("(1)", 1), ("(1,)", [1]), ("()", []), ("{}", {}), ("True", True),
    ],
)  # fmt: skip
def test_literals_are_read(text: str, value: Any) -> None:
    assert read_literal(text) == value


@pytest.mark.parametrize(
    "text", ["", "1 2", "foo", "[1", "{1}", "{[]: 1}", "__import__('os')", "'a", "[" * 500, "9" * 500, "007", "f'x'"]
)
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"literal|number"):
        read_literal(text)
