from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.errors import BadRequest, InvalidRequest, TweaksRefused
from langflow_lite.graph import Graph, compile_graph
from langflow_lite.overrides import resolve_overrides
from tests.flows import flow, node


def graph(*nodes: dict[str, Any]) -> Graph:
    return compile_graph(flow(list(nodes), []))


TWO = (
    node("A-1", "A", display_name="Twin", temperature=0.5, text="a"),
    node("A-2", "A", display_name="Twin", temperature=0.5, text="b"),
)


def patches(*nodes: dict[str, Any], **tweaks: Any) -> Any:
    return resolve_overrides(graph(*nodes), tweaks=tweaks).patches


def value(x: Any) -> dict[str, Any]:
    return {"value": x, "load_from_db": False}


def test_a_tweak_finds_its_node_by_id_display_name_or_bare_field() -> None:
    by_id = resolve_overrides(graph(*TWO), tweaks={"A-1": {"text": "x"}}).patches
    assert by_id == {"A-1": {"text": value("x")}}
    assert patches(*TWO, Twin={"text": "x"}) == {"A-1": {"text": value("x")}, "A-2": {"text": value("x")}}
    assert patches(*TWO, temperature=1) == {"A-1": {"temperature": value(1)}, "A-2": {"temperature": value(1)}}


def test_the_more_exact_form_wins_whatever_the_order() -> None:
    tweaks = {"A-1": {"text": "id"}, "Twin": {"text": "name"}, "text": "bare"}
    for order in (tweaks, dict(reversed(tweaks.items()))):
        found = resolve_overrides(graph(*TWO), tweaks=order).patches
        assert (found["A-1"]["text"], found["A-2"]["text"]) == (value("id"), value("name"))


def test_an_object_replaces_keys_of_the_field_and_a_dict_field_takes_it_as_its_value() -> None:
    nodes = (node("A-1", "A", text="x", options={}),)
    found = resolve_overrides(
        graph(*nodes),
        tweaks={"A-1": {"text": {"value": "VAR", "load_from_db": True}, "options": {"a": 1}}},
    ).patches["A-1"]
    assert found == {"text": {"value": "VAR", "load_from_db": True}, "options": value({"a": 1})}
    assert patches(*nodes, **{"A-1": {"options": {"value": {"b": 2}}}}) == {"A-1": {"options": value({"b": 2})}}


def test_a_file_field_takes_a_path() -> None:
    nodes = (node("A-1", "A", fields={"files": {"type": "file", "list": True}}),)
    assert patches(*nodes, **{"A-1": {"files": "flow/x.png"}}) == {"A-1": {"files": {"file_path": "flow/x.png"}}}


@pytest.mark.parametrize(
    ("tweaks", "refused"),
    [
        ({"A-1": {"code": "x"}}, "code"),
        ({"Named": {"code": "x"}}, "code"),
        ({"code": "x"}, "code"),
        ({"function": "x"}, "function"),
        ({"A-1": {"function": {"value": "x"}}}, "function"),
    ],
)
def test_code_is_refused_in_every_form_naming_the_field(tweaks: dict[str, Any], refused: str) -> None:
    nodes = node("A-1", "A", display_name="Named", fields={"function": {"type": "code", "value": ""}})
    with pytest.raises(TweaksRefused) as caught:
        resolve_overrides(graph(nodes), tweaks=tweaks)
    assert caught.value.fields == [refused]


def test_what_meets_nothing_is_a_warning() -> None:
    found = resolve_overrides(graph(*TWO), tweaks={"Nobody": {"text": "x"}, "A-1": {"nothing": 1}, "none": 1})
    assert found.patches == {}
    assert len(found.warnings) == 3


def test_the_input_value_goes_to_inputs_of_its_type() -> None:
    nodes = (node("ChatInput-1", "ChatInput"), node("TextInput-1", "TextInput"), node("Webhook-1", "Webhook"))
    for input_type, expected in (
        ("chat", {"ChatInput-1"}),
        ("text", {"TextInput-1"}),
        ("any", {"ChatInput-1", "TextInput-1", "Webhook-1"}),
    ):
        assert resolve_overrides(graph(*nodes), input_value="", input_type=input_type).inputs == expected
    assert resolve_overrides(graph(*nodes)).inputs == frozenset()


def test_an_unknown_input_type_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="input_type"):
        resolve_overrides(graph(*TWO), input_value="x", input_type="foo")


def test_one_input_given_twice_is_refused() -> None:
    nodes = node("ChatInput-1", "ChatInput", input_value="")
    with pytest.raises(BadRequest) as caught:
        resolve_overrides(graph(nodes), input_value="a", tweaks={"ChatInput-1": {"input_value": "b"}})
    assert caught.value.message == (
        "If you pass an input_value to the chat input, you cannot pass a tweak with the same name."
    )


def test_a_group_is_tweaked_by_its_own_id_and_by_its_childs() -> None:
    made = node("Group-1", "GroupNode", fields={"t": {"type": "str", "proxy": {"id": "B-1", "field": "text"}}})
    made["data"]["node"]["flow"] = {"data": {"nodes": [node("B-1", "B", text="own")], "edges": []}}
    for tweaks in ({"Group-1": {"t": "x"}}, {"B-1": {"text": "x"}}):
        assert resolve_overrides(graph(made), tweaks=tweaks).patches == {"B-1": {"text": value("x")}}
