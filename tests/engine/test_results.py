from __future__ import annotations

import json

import pytest

from langflow_lite.engine.results import duration_text, params_text, vertex_data
from langflow_lite.job import RunRequest
from langflow_lite.values import to_json
from tests.engine.conftest import Bench
from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio

CHAT = flow(
    [
        node("ChatInput-a", "ChatInput", display_name="Chat Input", input_value="saved", session_id=""),
        node("Text-1", "Text"),
        node("ChatOutput-z", "ChatOutput", display_name="Chat Output", session_id=""),
        node("TextOutput-t", "ChatOutput", display_name="Other"),
    ],
    [
        edge("ChatInput-a.message", "Text-1.text"),
        edge("Text-1.out", "ChatOutput-z.input_value"),
        edge("Text-1.out", "TextOutput-t.input_value"),
    ],
)


async def answer(bench: Bench, document: dict = CHAT, **request: str) -> dict:
    asked = {"input_value": "hi", **request}
    outcome = await bench.run(document, **asked)
    return json.loads(to_json(outcome.answer(RunRequest(**asked))))


async def test_a_result_has_the_keys_of_the_contract_in_their_order(bench: Bench) -> None:
    body = await answer(bench, session_id="s1")
    assert (body["session_id"], body["outputs"][0]["inputs"]) == ("s1", {"input_value": "hi"})
    result = body["outputs"][0]["outputs"][0]
    assert list(result) == [
        "results",
        "artifacts",
        "outputs",
        "logs",
        "messages",
        "timedelta",
        "duration",
        "component_display_name",
        "component_id",
        "used_frozen_result",
        "token_usage",
    ]
    text = "Text-1(hi,-)"
    message = result["results"]["message"]
    assert message["text"] == message["data"]["text"] == text
    assert message["component_id"] == result["component_id"] == "ChatOutput-z"
    assert result["outputs"] == {"message": {"message": text, "type": "text"}}
    assert result["artifacts"] == {
        "message": text,
        "sender": "Machine",
        "sender_name": None,
        "files": [],
        "type": "object",
    }
    assert result["messages"][0]["message"] == text


@pytest.mark.parametrize(
    ("request_fields", "expected"),
    [
        ({}, ["ChatOutput-z", "TextOutput-t"]),
        ({"output_type": "any"}, ["ChatOutput-z", "TextOutput-t"]),
        ({"output_type": "debug"}, ["ChatInput-a", "Text-1", "ChatOutput-z", "TextOutput-t"]),
        ({"output_component": "Text-1"}, ["Text-1"]),
        ({"output_component": "Other"}, ["TextOutput-t"]),
        ({"output_component": "nobody"}, []),
    ],
)
async def test_the_answer_holds_what_was_asked_for(bench: Bench, request_fields: dict, expected: list[str]) -> None:
    body = await answer(bench, **request_fields)
    assert [result["component_id"] for result in body["outputs"][0]["outputs"]] == expected


async def test_every_sort_of_value_is_shown_on_its_own(bench: Bench) -> None:
    body = await answer(bench, flow([node("Many-1", "Many")], []), output_type="debug")
    result = body["outputs"][0]["outputs"][0]
    assert result["outputs"] == {
        "data": {"message": {"a": 1}, "type": "data"},
        "table": {"message": [{"x": 1}], "type": "array"},
        "list": {"message": [{"text_key": "text", "data": {"b": 2}, "default_value": ""}], "type": "array"},
        "plain": {"message": "", "type": "unknown"},
        "nothing": {"message": "", "type": "unknown"},
    }
    raw = {name: (artifact["raw"], artifact["type"]) for name, artifact in result["artifacts"].items()}
    assert raw["data"] == ({"a": 1}, "object")
    assert raw["table"] == ([{"x": 1}], "array")
    assert raw["list"] == ([{"b": 2}], "array")
    assert raw["nothing"] == (None, "unknown")


async def test_an_output_that_nothing_asked_for_is_shown_as_empty(bench: Bench) -> None:
    declared = [{"name": "out", "types": ["Message"]}, {"name": "model", "types": ["LanguageModel"]}]
    text = node("Text-1", "Text", outputs=declared)
    end = node("ChatOutput-z", "ChatOutput")
    document = flow([text, end], [edge("Text-1.out", "ChatOutput-z.input_value")])
    outcome = await bench.run(document)
    expected = {"out": {"message": "Text-1(,-)", "type": "text"}, "model": {"message": "", "type": "unknown"}}
    shown = vertex_data(outcome.results["Text-1"])
    assert (shown["outputs"], shown["logs"]) == (expected, {"out": []})
    body = outcome.answer(RunRequest(output_component="Text-1"))
    assert body["outputs"][0]["outputs"][0]["outputs"] == expected


async def test_vertex_events_cut_long_texts_and_results_do_not(bench: Bench) -> None:
    outcome = await bench.run(CHAT, input_value="x" * 10_000)
    shown = vertex_data(outcome.results["Text-1"])
    assert len(shown["outputs"]["out"]["message"]) == 6003
    body = outcome.answer(RunRequest(output_component="Text-1"))
    assert len(body["outputs"][0]["outputs"][0]["outputs"]["out"]["message"]) > 10_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0071, "7 ms"), (1.62, "1.6 seconds"), (65.0, "1 minute, 5.0 seconds"), (125.0, "2 minutes, 5.0 seconds")],
)
def test_durations_read_as_clients_know_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hello, how are you?", "hello, how are you?"),
        ("", "''"),
        ("a: b", "'a: b'"),
        ("it's: so", "'it''s: so'"),
        ("- x", "'- x'"),
        ("12", "'12'"),
        ("12 apples", "12 apples"),
        ("2024-12-23", "'2024-12-23'"),
        ("1.2.3", "1.2.3"),
        ("Null", "'Null'"),
        ("truely", "truely"),
        ("a #c", "'a #c'"),
        ("http://x/y", "http://x/y"),
        (" padded", "' padded'"),
        ("a\nb's\n\nc", "'a\n\n    b''s\n\n\n    c'"),
        ("a\tb \nc", '"a\\tb \\nc"'),
    ],
)
def test_params_quote_what_yaml_would_not_read_as_that_text(text, shown):
    assert params_text({"message": text, "sender_name": "User"}) == f"- Message: {shown}\n  Sender Name: User\n"


def test_params_are_wrapped_as_in_the_documents():
    text = (
        "Hello! 🌟 I'm excited to help you get started on your journey to building something fresh! What do you have in "
        "mind? Whether it's a project, an idea, or a concept, let's dive in and make it happen!"
    )
    assert params_text({"message": text, "sender_name": "AI", "files": []}) == (
        "- Files: []\n"
        "  Message: Hello! 🌟 I'm excited to help you get started on your journey to building\n"
        "    something fresh! What do you have in mind? Whether it's a project, an idea, or\n"
        "    a concept, let's dive in and make it happen!\n"
        "  Sender Name: AI\n"
    )


def test_params_list_the_files_of_a_message():
    shown = params_text({"message": "hi", "sender_name": "AI", "files": ["a/b.png", "c: d"]})
    assert shown == "- Files:\n  - a/b.png\n  - 'c: d'\n  Message: hi\n  Sender Name: AI\n"
