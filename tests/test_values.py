from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest

from langflow_lite.values import (
    Data,
    Message,
    Table,
    dump_message,
    event_time,
    result_time,
    stored_time,
    to_json,
    to_text,
)

MOMENT = datetime(2025, 3, 3, 17, 17, 37, 120000, tzinfo=UTC)


def test_each_place_prints_time_its_own_way() -> None:
    assert result_time(MOMENT) == "2025-03-03T17:17:37.120000+00:00"
    assert event_time(MOMENT) == "2025-03-03T17:17:37.120000"
    assert stored_time(MOMENT) == "2025-03-03 17:17:37.120000 UTC"


def test_a_message_is_dumped_flat_and_once_more_under_data() -> None:
    dump = dump_message(Message(text="hi", sender="User", timestamp=MOMENT), "T")
    assert dump["text"] == dump["data"]["text"] == "hi"
    assert dump["timestamp"] == "T"
    assert (dump["text_key"], dump["default_value"]) == ("text", "")
    properties = json.loads(to_json(dump))["properties"]
    assert (properties["text_color"], properties["icon"], properties["state"]) == ("", "", "complete")
    assert properties["source"] == {"id": None, "display_name": None, "source": None}


def test_messages_share_no_lists() -> None:
    first, second = Message(), Message()
    first.files.append("x")
    first.properties.source.id = "a"
    assert second.files == []
    assert second.properties.source.id is None


def test_data_takes_keywords_and_reads_attributes() -> None:
    data = Data({"a": 1}, text="hello", b=2)
    data.c = 3
    assert (data.a, data.b, data.c, data.get_text()) == (1, 2, 3, "hello")
    assert Data(text_key="x", default_value="none").get_text() == "none"
    with pytest.raises(AttributeError, match="no key 'z'; it has 'a'"):
        _ = data.z


def test_columns_come_in_the_order_of_first_appearance() -> None:
    assert Table([{"b": 1}, {"a": 2, "b": 3}]).columns == ["b", "a"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\n \n\n\n\nb", "a\n\nb"),
        (Message(text="a\n\n\n\nb"), "a\n\n\n\nb"),
        (Data({"a": "ü"}), '```json\n{\n  "a": "ü"\n}\n```'),
        ({"a": [1]}, '```json\n{\n  "a": [\n    1\n  ]\n}\n```'),
        (
            Table([{"a": "x|y", "b": "l1\nl2"}, {"a": "", "b": None}]),
            "| a | b |\n| :--- | :--- |\n| x\\|y | l1<br/>l2 |",
        ),
        (["a", Message(text="b")], "a\nb"),
        (7, "7"),
        (None, ""),
    ],
)
def test_values_become_text(value: object, text: str) -> None:
    assert to_text(value, clean=True) == text


def test_json_never_fails_for_what_a_value_holds() -> None:
    odd = {
        "nan": math.nan,
        "lone": "a\ud800b",
        "set": {1},
        3: b"x",
        "object": object,
        "data": Data(x=1),
        "table": Table([{"y": 2}]),
    }
    back = json.loads(to_json(odd))
    assert back["nan"] is None
    assert back["lone"] == "a\ufffdb"
    assert back["set"] == [1]
    assert back["data"] == {"text_key": "text", "data": {"x": 1}, "default_value": ""}
    assert back["table"] == [{"y": 2}]
