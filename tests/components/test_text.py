from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.text import CombineTextComponent, SplitTextComponent
from langflow_lite.values import Data, Message, Table


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"text1": "a", "text2": "b"}, "a b"),
        ({"text1": "a", "text2": Message(text="b"), "delimiter": ", "}, "a, b"),
        ({"text1": "a", "text2": "b", "delimiter": ""}, "ab"),
        ({}, " "),
    ],
)
async def test_two_texts_are_joined(place: Any, fields: dict[str, Any], text: str) -> None:
    assert (await place(CombineTextComponent(**fields)).combine_texts()).text == text


def chunks(text: str, **fields: Any) -> list[str]:
    component = SplitTextComponent(data_inputs=Data({"text": text}), **{"chunk_overlap": 0, **fields})
    return [row["text"] for row in component.split_text()]


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("a\nb\nc", {"chunk_size": 3}, ["a\nb", "c"]),
        ("a\nb\nc", {"chunk_size": 1000}, ["a\nb\nc"]),
        ("aa bb cc dd", {"separator": " ", "chunk_size": 5, "chunk_overlap": 2}, ["aa bb", "bb cc", "cc dd"]),
        ("aa bb cc", {"separator": " ", "chunk_size": 5, "chunk_overlap": 1}, ["aa bb", "cc"]),
        ("toolong x", {"separator": " ", "chunk_size": 3}, ["toolong", "x"]),
        ("a\n\n\nb", {"chunk_size": 1}, ["a", "b"]),
        ("abc", {"separator": "", "chunk_size": 2}, ["ab", "c"]),
        ("a\tb", {"separator": "/t", "chunk_size": 1}, ["a", "b"]),
        ("a\nb", {"separator": "/n", "chunk_size": 1}, ["a", "b"]),
        ("a\nb", {"separator": "\\n", "chunk_size": 1}, ["a", "b"]),
        ("a.b.c", {"separator": ".", "chunk_size": 2, "keep_separator": "True"}, ["a", ".b", ".c"]),
        ("a.b.c", {"separator": ".", "chunk_size": 2, "keep_separator": "Start"}, ["a", ".b", ".c"]),
        ("a.b.c", {"separator": ".", "chunk_size": 2, "keep_separator": "End"}, ["a.", "b.", "c"]),
        ("", {}, []),
        (" \n ", {"chunk_size": 1}, []),
    ],
)
def test_text_is_split_at_separators_into_chunks(text: str, fields: dict[str, Any], expected: list[str]) -> None:
    assert chunks(text, **fields) == expected


def test_chunks_never_exceed_the_size_and_lose_nothing() -> None:
    words = [f"w{number}" for number in range(500)]
    found = chunks(" ".join(words), separator=" ", chunk_size=40, chunk_overlap=10)
    assert all(len(chunk) <= 40 for chunk in found)
    assert list(dict.fromkeys(word for chunk in found for word in chunk.split())) == words


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (Data({"n": 1, "text": "a\nb"}), [{"text": "a", "n": 1}, {"text": "b", "n": 1}]),
        (Table([{"n": 1, "text": "a"}, {"n": 2, "text": "b"}]), [{"text": "a", "n": 1}, {"text": "b", "n": 2}]),
        ([Data({"text": "a"}), Message(text="b")], [{"text": "a"}, {"text": "b"}]),
        (Message(text="a\nb"), [{"text": "a"}, {"text": "b"}]),
        ("a\nb", [{"text": "a"}, {"text": "b"}]),
        (Data({"other": "x"}, default_value="d"), [{"text": "d", "other": "x"}]),
    ],
)
def test_chunks_keep_the_other_columns_with_the_text_first(value: Any, rows: list[dict[str, Any]]) -> None:
    table = SplitTextComponent(data_inputs=value, chunk_size=1, chunk_overlap=0).split_text()
    assert [list(row.items()) for row in table] == [list(row.items()) for row in rows]


def test_another_key_may_hold_the_text_and_columns_may_be_left_out() -> None:
    value = Data({"body": "a\nb", "n": 1})
    component = SplitTextComponent(data_inputs=value, text_key="body", clean_output=True, chunk_size=1, chunk_overlap=0)
    assert component.split_text().rows == [{"text": "a"}, {"text": "b"}]
    assert value.data == {"body": "a\nb", "n": 1}


def test_older_exports_get_the_chunks_as_records() -> None:
    component = SplitTextComponent(data_inputs=Data({"text": "a"}), chunk_overlap=0)
    output = component.find_output("chunks", "split_text")
    assert output is not None
    assert getattr(component, output.method)() == [Data({"text": "a"})]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"data_inputs": None}, "No data inputs provided"),
        ({"data_inputs": []}, "No data inputs provided"),
        ({"data_inputs": Table()}, "DataFrame is empty"),
        ({"data_inputs": [7]}, "No valid Data inputs found: int"),
        (
            {"data_inputs": "a", "chunk_size": 5, "chunk_overlap": 6},
            r"overlap \(6\) is larger than the chunk size \(5\)",
        ),
        ({"data_inputs": "a", "chunk_size": 0, "chunk_overlap": 0}, "at least 1, not 0"),
    ],
)
def test_what_cannot_be_split_is_an_error_saying_why(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SplitTextComponent(**fields).split_text()
