from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.inputs import Kind, coerce, field, kind_of
from langflow_lite.values import Data, Message, Table


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.TEXT, "a", "a"),
        (Kind.TEXT, None, ""),
        (Kind.TEXT, Message(text="m"), "m"),
        (Kind.TEXT, Data({"text": "d"}), "d"),
        (Kind.TEXT, Data({"body": "d"}, text_key="body"), "d"),
        (Kind.TEXT, 7, "7"),
        (Kind.TEXT, True, "true"),
        (Kind.TEXT, {"text": "a dumped message"}, "a dumped message"),
        (
            Kind.TEXT,
            {"data": {"text": "a message of an export", "files": []}, "text_key": "text"},
            "a message of an export",
        ),
        (Kind.TEXT, {"data": {"body": "d"}, "text_key": "body", "default_value": ""}, "d"),
        (Kind.MESSAGE, "a", "a"),
        (Kind.MESSAGE, "", ""),
        (Kind.MESSAGE, None, ""),
        (Kind.MESSAGE, Data({"text": "d"}), "d"),
        (Kind.MESSAGE, {"text": "t", "sender": "User"}, "t"),
        (Kind.MESSAGE, {"data": {"text": "t", "sender": None}, "text_key": "text", "default_value": ""}, "t"),
        (Kind.INT, "3.7", 3),
        (Kind.INT, " 12 ", 12),
        (Kind.INT, "", 0),
        (Kind.INT, None, 0),
        (Kind.INT, "12345678901234567890", 12345678901234567890),
        (Kind.INT, True, 1),
        (Kind.FLOAT, Message(text="0.5"), 0.5),
        (Kind.SLIDER, 1, 1.0),
        (Kind.BOOL, "false", False),
        (Kind.BOOL, "Yes", True),
        (Kind.BOOL, "", False),
        (Kind.BOOL, 0, False),
        (Kind.BOOL, Message(text="on"), True),
        (Kind.DICT, '{"a": 1}', {"a": 1}),
        (Kind.DICT, Data({"a": 1}), {"a": 1}),
        (Kind.DICT, [{"key": "a", "value": 1}, {"b": 2}], {"a": 1, "b": 2}),
        (Kind.NESTED_DICT, "", {}),
        (Kind.TABLE, Table([{"a": 1}]), [{"a": 1}]),
        (Kind.TABLE, {"a": [1, 2], "b": [3, 4]}, [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
        (Kind.TABLE, Data({"a": 1}), [{"a": 1}]),
        (Kind.FILE, Message(files=["x.png"]), ["x.png"]),
        (Kind.MULTISELECT, "one", ["one"]),
        (Kind.HANDLE, 7, 7),
    ],
)
def test_a_value_is_taken_as_its_field_holds_it(kind: Kind, value: Any, expected: Any) -> None:
    taken = coerce(kind, value)
    if isinstance(taken, Message):
        taken = taken.text
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (Kind.TEXT, ["a"], "expected text, got a list"),
        (Kind.TEXT, {"data": {"text": 7}, "text_key": []}, "expected text, got an object"),
        (Kind.TEXT, Data({"a": 1, "b": 2}), "no text under 'text'; it has 'a', 'b'"),
        (Kind.INT, "abc", "expected a number, got 'abc'"),
        (Kind.INT, float("inf"), "finite"),
        (Kind.INT, float("nan"), "finite"),
        (Kind.FLOAT, "1e999", "finite"),
        (Kind.FLOAT, 10**400, "finite"),
        (Kind.BOOL, "perhaps", "expected true or false, got 'perhaps'"),
        (Kind.DICT, "[1]", "expected an object"),
        (Kind.DICT, "{", "expected a JSON object"),
        (Kind.TABLE, [1], "expected a list of rows"),
        (Kind.MESSAGE, {"text": 7, "files": 3}, "not a message"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_of_one_line(kind: Kind, value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        coerce(kind, value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("template_field", "kind"),
    [
        ({"_input_type": "MultilineInput", "type": "str"}, Kind.MULTILINE),
        ({"type": "str"}, Kind.TEXT),
        ({"type": "str", "password": True}, Kind.SECRET),
        ({"type": "other"}, Kind.HANDLE),
        ({"_input_type": "NewInput", "type": "int"}, Kind.INT),
        ({"type": "somethingNew"}, None),
        ({"type": ["str"]}, None),
        ({}, None),
    ],
)
def test_the_kind_of_an_exported_field_is_read_from_its_class_else_its_type(
    template_field: dict[str, Any], kind: Kind | None
) -> None:
    assert kind_of(template_field) is kind


def test_a_field_is_described_as_exports_describe_it() -> None:
    spec = field(Kind.DROPDOWN, "Way", "a", options=("a", "b"), advanced=True, toggle=True)
    described = spec.template("way")
    assert (described["_input_type"], described["type"], described["name"]) == ("DropdownInput", "str", "way")
    assert (described["value"], described["options"], described["advanced"]) == ("a", ["a", "b"], True)
    assert described["toggle"] is True
