from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.parsers import ParseDataComponent, ParseDataFrameComponent, ParserComponent
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio

PEOPLE = Table([{"name": "Ann", "age": 31}, {"name": "Bob", "age": None}])


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [
        (PEOPLE, "{name}: {age}", "Ann: 31\nBob: None"),
        (Table([{"a": 1}, {"b": 2}]), "{a}-{b}", "1-\n-2"),
        (Table(), "{name}", ""),
        (Data({"name": "Ann"}), "{name} {gone}!", "Ann !"),
        (Data({"name": "Ann"}, default_value="?"), "{name} {gone}", "Ann ?"),
        ([Data({"n": 1}), Data({"n": 2})], "n={n}", "n=1\nn=2"),
        (Message(text="hi", sender="User"), "{sender}: {text}", "User: hi"),
        ({"data": {"n": 1}, "default_value": "?"}, "{n}{m}", "1?"),
        ({"data": [[1, 2]], "columns": ["a", "b"]}, "{a}{b}", "12"),
        ({"data": [{"a": 1}], "columns": ["a"]}, "{a}", "1"),
        (Data({"price": 2.5}), "{price:.2f} {{}}", "2.50 {}"),
        (Data({"a": {"b": [{"c": "deep"}]}}), "{a[b][0][c]} {a.b[0].c} {a.b[7].c}", "deep deep "),
        (Data({"a.b": "dotted"}), "{a.b}", "dotted"),
    ],
)
async def test_the_pattern_is_filled_per_row_or_record(place: Any, value: Any, pattern: str, text: str) -> None:
    component = place(ParserComponent(input_data=value, pattern=pattern))
    assert (await component.parse_combined_text()).text == text
    assert component.status == text


async def test_texts_are_joined_by_the_separator(place: Any) -> None:
    component = ParserComponent(input_data=PEOPLE, pattern="{name}", sep=" & ")
    assert (await place(component).parse_combined_text()).text == "Ann & Bob"


@pytest.mark.parametrize("attribute", ["{x.__class__}", "{x.real}", "{x[__class__]}", "{x.y.z}"])
async def test_attributes_of_values_are_out_of_reach(place: Any, attribute: str) -> None:
    component = ParserComponent(input_data=Data({"x": 1}), pattern=f"[{attribute}]")
    assert (await place(component).parse_combined_text()).text == "[]"


async def test_a_column_that_a_table_does_not_have_is_an_error_naming_it(place: Any) -> None:
    component = ParserComponent(input_data=PEOPLE, pattern="{name} {town}")
    with pytest.raises(ValueError, match="no column 'town'; it has 'name', 'age'"):
        await place(component).parse_combined_text()


@pytest.mark.parametrize(
    ("value", "named"),
    [("text", "str"), (None, "nothing"), ({"a": 1}, "dict"), (["x", 1], "a list of int, str"), (7, "int")],
)
async def test_other_inputs_are_refused_by_name(place: Any, value: Any, named: str) -> None:
    with pytest.raises(ValueError, match=f"^Unsupported input type: {named}"):
        await place(ParserComponent(input_data=value)).parse_combined_text()


@pytest.mark.parametrize(
    ("value", "extras", "text"),
    [
        (Data({"a": 1}), {}, '```json\n{\n  "a": 1\n}\n```'),
        (["a", Message(text="b")], {}, "a\nb"),
        (Table([{"a": 1}, {"a": ""}]), {}, "| a |\n| :--- |\n| 1 |\n|  |"),
        (Table([{"a": 1}, {"a": ""}]), {"clean_data": True}, "| a |\n| :--- |\n| 1 |"),
        (Table([{"a": 1}, {"a": ""}]), {"clean_data": "false"}, "| a |\n| :--- |\n| 1 |\n|  |"),
    ],
)
async def test_stringify_shows_the_data_as_it_is(place: Any, value: Any, extras: dict[str, Any], text: str) -> None:
    component = place(ParserComponent(input_data=value, mode="Stringify", **extras))
    assert (await component.parse_combined_text()).text == text
    assert len(component.logs) == 1


@pytest.mark.parametrize(
    ("data", "template", "text"),
    [
        ([Data({"text": "a"}), Data({"text": "b"})], "- {text}", "- a\n- b"),
        (Data({"text": "one"}), "{text}", "one"),
        (Data({"a": 1}), "{a}{gone}", "1"),
        (Data({"data": {"inner": "x"}}), "{inner}", "x"),
        (Data({"error": "broken"}), "{text}", "broken"),
        (Data({"a": 1}), "{data}", "{'a': 1}"),
        (["plain"], "<{text}>", "<plain>"),
        ([Message(text="hi", sender_name="Ann")], "{sender_name}: {text}", "Ann: hi"),
        ([Table([{"text": "r1"}, {"text": "r2"}])], "{text}", "r1\nr2"),
        ([], "{text}", ""),
    ],
)
async def test_records_become_text_and_unknown_keys_stay_empty(place: Any, data: Any, template: str, text: str) -> None:
    assert (await place(ParseDataComponent(data=data, template=template)).parse_data()).text == text


async def test_records_get_the_filled_template_as_their_text(place: Any) -> None:
    given = Data({"n": 1, "body": "old"}, text_key="body")
    [record] = await place(ParseDataComponent(data=[given], template="n={n}")).parse_data_as_list()
    assert record == Data({"n": 1, "body": "n=1"}, text_key="body")
    assert given.data["body"] == "old"


async def test_rows_of_a_table_become_text(place: Any) -> None:
    component = ParseDataFrameComponent(df=PEOPLE, template="{name}", sep="; ")
    assert (await place(component).parse_data()).text == "Ann; Bob"


async def test_rows_of_a_table_are_strict_about_columns(place: Any) -> None:
    with pytest.raises(ValueError, match="no column 'text'"):
        await place(ParseDataFrameComponent(df=PEOPLE)).parse_data()
