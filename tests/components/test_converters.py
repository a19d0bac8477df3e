from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.converters import CreateListComponent, MessageToDataComponent, TypeConverterComponent
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Message(text="m"), "m"),
        ("s", "s"),
        (Data({"text": "d", "n": 1}), "d"),
        (Data({"n": 1}), "{'n': 1}"),
        ({"text": "x"}, "x"),
        (Table([{"n": 1}]), "| n |\n| :--- |\n| 1 |"),
        ([Message(text="first"), Message(text="second")], "first"),
    ],
)
async def test_anything_becomes_a_message(place: Any, value: Any, text: str) -> None:
    assert (await place(TypeConverterComponent(input_data=value)).convert_to_message()).text == text


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (Message(text='{"a": 1}'), {"text": '{"a": 1}'}),
        ("s", {"text": "s"}),
        (Data({"n": 1}), {"n": 1}),
        ({"n": 1}, {"n": 1}),
        (Table([{"n": 1}]), {"results": [{"n": 1}]}),
        ([Data({"n": 1}), Data({"n": 2})], {"n": 1}),
    ],
)
async def test_anything_becomes_a_record(place: Any, value: Any, data: dict[str, Any]) -> None:
    assert (await place(TypeConverterComponent(input_data=value)).convert_to_data()).data == data


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (Message(text="m"), [{"text": "m"}]),
        (Data({"n": 1, "m": 2}), [{"n": 1, "m": 2}]),
        (Data({"results": [{"n": 1}, {"n": 2}]}), [{"n": 1}, {"n": 2}]),
        (Data({"results": []}), [{"results": []}]),
        (Table([{"n": 1}]), [{"n": 1}]),
    ],
)
async def test_anything_becomes_a_table(place: Any, value: Any, rows: list[dict[str, Any]]) -> None:
    assert (await place(TypeConverterComponent(input_data=value)).convert_to_dataframe()).rows == rows


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('\ufeff {"a": 1} ', {"a": 1}),
        ('[{"a": 1}, {"a": 2}]', {"records": [{"a": 1}, {"a": 2}]}),
        ("a,b\n1,x\n2.5,\n", {"records": [{"a": 1, "b": "x"}, {"a": 2.5, "b": None}]}),
        ('a,b\n"x, y",nan', {"records": [{"a": "x, y", "b": "nan"}]}),
        ("a,b\n1", {"records": [{"a": 1, "b": None}]}),
        ("Well, then\nlet us see, now, what, happens", {"text": "Well, then\nlet us see, now, what, happens"}),
        ('a,b\n"unclosed', {"text": 'a,b\n"unclosed'}),
        ("a,b", {"text": "a,b"}),
        ("plain", {"text": "plain"}),
        ("[1, 2]", {"text": "[1, 2]"}),
        ("7", {"text": "7"}),
    ],
)
async def test_auto_parse_reads_json_and_csv(place: Any, text: str, data: dict[str, Any]) -> None:
    component = TypeConverterComponent(input_data=Message(text=text), auto_parse=True)
    assert (await place(component).convert_to_data()).data == data


async def test_auto_parsed_records_become_rows(place: Any) -> None:
    component = TypeConverterComponent(input_data=Message(text="a,b\n1,2"), auto_parse=True)
    assert (await place(component).convert_to_dataframe()).rows == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("value", [None, []])
async def test_nothing_to_convert_is_an_error(place: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="nothing to convert"):
        await place(TypeConverterComponent(input_data=value)).convert_to_message()


async def test_a_message_becomes_a_record_of_all_its_fields(place: Any) -> None:
    message = Message(text="hi", sender="User", session_id="s")
    data = (await place(MessageToDataComponent(message=message)).convert_message_to_data()).data
    assert (data["text"], data["sender"], data["session_id"]) == ("hi", "User", "s")
    assert data["timestamp"].endswith(" UTC")


async def test_no_message_becomes_a_record_of_the_error(place: Any) -> None:
    data = (await place(MessageToDataComponent()).convert_message_to_data()).data
    assert list(data) == ["error"]


@pytest.mark.parametrize("texts", [["a", Message(text="b")], ("a", "b")])
async def test_texts_become_a_list_and_a_table(place: Any, texts: Any) -> None:
    component = place(CreateListComponent(texts=texts))
    assert await component.create_list() == [Data({"text": "a"}), Data({"text": "b"})]
    assert (await component.as_dataframe()).rows == [{"text": "a"}, {"text": "b"}]
