from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.signals import ListenComponent, NotifyComponent
from langflow_lite.engine.run import RunOutcome
from langflow_lite.values import Data, Message, Table
from tests.components.workbench import Workbench
from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio

CHAT = (node("ChatInput-1", "ChatInput"), node("ChatOutput-1", "ChatOutput"))


def answers(outcome: RunOutcome) -> dict[str, str]:
    return {id_: result.message.text for id_, result in outcome.results.items() if result.message is not None}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (Data({"a": 1}), Data({"a": 1})),
        (Message(text="hi"), "hi"),
        ({"a": 1}, Data({"a": 1})),
        ("text", Data({"text": "text"})),
        (None, Data({"text": ""})),
        (Table([{"a": 1}]), Data({"text": Table([{"a": 1}]).to_markdown()})),
    ],
)
async def test_what_is_notified_is_heard_as_a_record(place: Any, given: Any, kept: Any) -> None:
    told = await place(NotifyComponent(context_key="k", input_value=given)).notify_components()
    heard = await place(ListenComponent(context_key="k")).listen_for_data()
    assert told is heard
    assert (heard.text if isinstance(heard, Message) else heard) == kept


async def test_appended_values_are_heard_as_a_list(place: Any) -> None:
    for text in ("a", "b"):
        await place(NotifyComponent(context_key="k", input_value=text, append=True)).notify_components()
    assert await place(ListenComponent(context_key="k")).listen_for_data() == [
        Data({"text": "a"}),
        Data({"text": "b"}),
    ]


@pytest.mark.parametrize("field", ["context_key", "name"])
async def test_a_listener_waits_for_its_notification_without_an_edge(bench: Workbench, field: str) -> None:
    # The listener comes first in the file and has no inputs, so it would be the first to run.
    nodes = [
        node("Listen-1", "Listen", **{field: "news"}),
        *CHAT,
        node("OpenAIModel-1", "OpenAIModel", model_name="gpt-4o-mini"),
        node("Notify-1", "Notify", **{field: "news"}),
    ]
    edges = [
        edge("ChatInput-1.message", "OpenAIModel-1.input_value"),
        edge("OpenAIModel-1.text_output", "Notify-1.input_value"),
        edge("Listen-1.data", "ChatOutput-1.input_value"),
    ]
    assert await bench.ask(flow(nodes, edges), "ping") == "ANSWER[ping]"


async def test_a_listener_is_not_activated_when_its_notifier_is_on_the_way_not_taken(bench: Workbench) -> None:
    nodes = [
        *CHAT,
        node("ConditionalRouter-1", "ConditionalRouter", match_text="yes"),
        node("Notify-1", "Notify", context_key="k"),
        node("Listen-1", "Listen", context_key="k"),
        node("ChatOutput-2", "ChatOutput"),
    ]
    edges = [
        edge("ChatInput-1.message", "ConditionalRouter-1.input_text"),
        edge("ConditionalRouter-1.true_result", "Notify-1.input_value"),
        edge("ConditionalRouter-1.false_result", "ChatOutput-1.input_value"),
        edge("Listen-1.data", "ChatOutput-2.input_value"),
    ]
    document = flow(nodes, edges)
    assert "ChatOutput-2" not in answers(await bench.run(document, input_value="no"))
    assert answers(await bench.run(document, input_value="yes"))["ChatOutput-2"] == "yes"


async def test_a_listener_hears_the_notifier_that_is_left(bench: Workbench) -> None:
    nodes = [
        *CHAT,
        node(
            "ConditionalRouter-1", "ConditionalRouter", match_text="yes", true_case_message="A", false_case_message="B"
        ),
        node("Notify-1", "Notify", context_key="k"),
        node("Notify-2", "Notify", context_key="k"),
        node("Listen-1", "Listen", context_key="k"),
    ]
    edges = [
        edge("ChatInput-1.message", "ConditionalRouter-1.input_text"),
        edge("ConditionalRouter-1.true_result", "Notify-1.input_value"),
        edge("ConditionalRouter-1.false_result", "Notify-2.input_value"),
        edge("Listen-1.data", "ChatOutput-1.input_value"),
    ]
    document = flow(nodes, edges)
    assert [await bench.ask(document, "yes"), await bench.ask(document, "no")] == ["A", "B"]


async def test_a_listener_in_front_of_its_own_notifier_hears_nothing(bench: Workbench) -> None:
    nodes = [
        *CHAT,
        node("Listen-1", "Listen", context_key="k"),
        node("CombineText-1", "CombineText", delimiter="+"),
        node("Notify-1", "Notify", context_key="k"),
    ]
    edges = [
        edge("ChatInput-1.message", "CombineText-1.text1"),
        edge("Listen-1.data", "CombineText-1.text2"),
        edge("CombineText-1.combined_text", "Notify-1.input_value"),
        edge("CombineText-1.combined_text", "ChatOutput-1.input_value"),
    ]
    assert await bench.ask(flow(nodes, edges), "hi") == "hi+"


async def test_what_a_loop_notifies_is_heard_in_each_of_its_turns(bench: Workbench) -> None:
    nodes = [
        *CHAT,
        node("CreateList-1", "CreateList", texts=["a", "b"]),
        node("LoopComponent-1", "LoopComponent"),
        node("Notify-1", "Notify", context_key="k"),
        node("Listen-1", "Listen", context_key="k"),
        node("ParseData-1", "ParseData", template="<{text}>"),
    ]
    edges = [
        edge("CreateList-1.list", "LoopComponent-1.data"),
        edge("LoopComponent-1.item", "Notify-1.input_value"),
        edge("Listen-1.data", "ParseData-1.data"),
        edge("ParseData-1.text", "LoopComponent-1.>item"),
        edge("LoopComponent-1.done", "ChatOutput-1.input_value"),
    ]
    answer = await bench.ask(flow(nodes, edges), "")
    assert [word for word in answer.split() if "<" in word] == ["<a>", "<b>"]
