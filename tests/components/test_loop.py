from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.loop import LoopComponent
from langflow_lite.values import Data, Message, Table


@pytest.mark.parametrize(
    ("data", "items"),
    [
        (Table([{"a": 1}, {"a": 2}]), [{"a": 1}, {"a": 2}]),
        ([Data({"a": 1}), Data({"a": 2})], [{"a": 1}, {"a": 2}]),
        (Data({"a": 1}), [{"a": 1}]),
        (Message(text="hi"), [{"text": "hi"}]),
        (["x", {"k": 1}, Message(text="m")], [{"text": "x"}, {"k": 1}, {"text": "m"}]),
        ([Table([{"a": 1}]), Data({"a": 2})], [{"a": 1}, {"a": 2}]),
        ([], []),
        (Table(), []),
        (None, []),
        ("", []),
    ],
)
def test_there_is_one_record_per_row_or_item(data: Any, items: list[dict[str, Any]]) -> None:
    found = LoopComponent(data=data).items()
    assert all(isinstance(item, Data) for item in found)
    assert [item.data for item in found] == items


def test_records_keep_their_text_key() -> None:
    record = Data({"body": "x"}, text_key="body")
    assert LoopComponent(data=[record]).items() == [record]


def test_results_become_the_rows_of_one_table_in_order() -> None:
    results = [Data({"a": 1}), Message(text="m"), Table([{"b": 1}, {"b": 2}]), [Data({"c": 1})], {"d": 1}, "plain"]
    table = LoopComponent().collect(results)
    assert table.rows == [{"a": 1}, {"text": "m"}, {"b": 1}, {"b": 2}, {"c": 1}, {"d": 1}, {"text": "plain"}]


def test_no_results_become_an_empty_table() -> None:
    assert LoopComponent().collect([]) == Table()


@pytest.mark.parametrize(("name", "method"), [("item", "item_output"), ("done", "done_output")])
def test_outputs_are_found_by_the_exported_names(name: str, method: str) -> None:
    for found in (LoopComponent.find_output(name), LoopComponent.find_output(None, method)):
        assert found is not None
        assert found.name == name
        assert found.allows_loop is (name == LoopComponent.loop_output)
