from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.splitting import (
    CharacterTextSplitterComponent,
    LanguageRecursiveTextSplitterComponent,
    RecursiveCharacterTextSplitterComponent,
    split_recursively,
)
from langflow_lite.values import Data, Message, Table


def texts(component: Any) -> list[str]:
    return [record.data["text"] for record in component.transform_data()]


@pytest.mark.parametrize(
    ("text", "size", "overlap", "chunks"),
    [
        ("one two three", 100, 0, ["one two three"]),
        ("aaa\n\nbbb\n\nccc", 8, 0, ["aaa\n\nbbb", "ccc"]),
        ("one two three four", 10, 4, ["one two", "two three", "four"]),
        ("abcdefghij", 4, 0, ["abcd", "efgh", "ij"]),
        ("abcdef", 4, 2, ["abcd", "cdef"]),
        ("", 10, 0, []),
        ("  \n ", 10, 0, []),
    ],
)
def test_texts_are_split_where_it_hurts_least(text: str, size: int, overlap: int, chunks: list[str]) -> None:
    assert split_recursively(text, size=size, overlap=overlap) == chunks


def test_chunks_never_exceed_the_size_and_lose_no_word() -> None:
    text = "\n\n".join(" ".join(f"w{paragraph}x{word}" for word in range(30)) for paragraph in range(10))
    chunks = split_recursively(text, size=80, overlap=20)
    assert all(len(chunk) <= 80 for chunk in chunks)
    assert set(text.split()) <= {word for chunk in chunks for word in chunk.split()}


@pytest.mark.parametrize(
    "value", [[Data({"text": "a b", "k": 1})], Table([{"text": "a b", "k": 1}]), [Table([{"text": "a b", "k": 1}])]]
)
def test_chunks_keep_the_other_keys(place: Any, value: Any) -> None:
    component = place(RecursiveCharacterTextSplitterComponent(data_input=value, chunk_size=1, chunk_overlap=0))
    assert [record.data for record in component.transform_data()] == [{"k": 1, "text": "a"}, {"k": 1, "text": "b"}]


def test_separators_may_be_given(place: Any) -> None:
    component = RecursiveCharacterTextSplitterComponent(
        data_input=[Message(text="a;b;c")], separators=[";"], chunk_size=2, chunk_overlap=0
    )
    assert texts(place(component)) == ["a", ";b", ";c"]
    plain = CharacterTextSplitterComponent(data_input=["a\tb\tc"], separator="\\t", chunk_size=3, chunk_overlap=0)
    assert texts(place(plain)) == ["a\tb", "c"]


def test_code_is_split_at_its_parts(place: Any) -> None:
    code = "import os\n\nclass A:\n    x = 1\n\ndef f():\n    return 2\n"
    component = LanguageRecursiveTextSplitterComponent(data_input=[code], chunk_size=25, chunk_overlap=0)
    assert texts(place(component)) == ["import os", "class A:\n    x = 1", "def f():\n    return 2"]


def test_an_overlap_above_the_size_is_an_error(place: Any) -> None:
    with pytest.raises(ValueError, match=r"The chunk size \(10\) must be"):
        place(CharacterTextSplitterComponent(data_input=["x"], chunk_size=10, chunk_overlap=20)).transform_data()
