from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.chat import ChatInput, ChatOutput
from langflow_lite.values import Data, Message, Properties, Source, Table, to_json

from .conftest import FakeNode

pytestmark = pytest.mark.anyio


def node_fed_by(type_name: str, *, usage: dict[str, int] | None = None) -> FakeNode:
    source = Source(id=f"{type_name}-1", display_name=type_name, source="gpt-4o-mini")
    return FakeNode(
        "ChatOutput-1", sources={"input_value": source}, source_types={"input_value": type_name}, usage=usage
    )


async def test_the_input_is_stored_and_announced_as_the_users_message(place: Any, messages: Any, followed: Any) -> None:
    message = await place(ChatInput(input_value="hi", files=["flow-1/a.png"])).message_response()

    assert message.text == "hi"
    assert (message.sender, message.sender_name) == ("User", "User")
    assert (message.session_id, message.flow_id, message.run_id) == ("session-1", "flow-1", "run-1")
    assert message.files == ["flow-1/a.png"]
    assert message.session_metadata == {"graph_run_id": "run-1"}
    assert message.properties.source == Source()
    assert messages.rows == {message.id: message}
    [(name, data)] = followed.events
    assert name == "add_message"
    assert data["id"] == data["data"]["id"] == message.id
    assert list(data)[-1] == "id"
    assert data["text"] == "hi"


async def test_own_session_sender_and_context_of_the_input_win(place: Any) -> None:
    component = ChatInput(input_value="x", session_id="mine", sender="Machine", sender_name="Bot", context_id="c")
    message = await place(component).message_response()
    assert (message.session_id, message.sender, message.sender_name, message.context_id) == (
        "mine",
        "Machine",
        "Bot",
        "c",
    )


@pytest.mark.parametrize("files", ["flow-1/a.png", ["flow-1/a.png"], ("flow-1/a.png",)])
async def test_files_may_be_one_path_or_several(place: Any, files: Any) -> None:
    assert (await place(ChatInput(files=files)).message_response()).files == ["flow-1/a.png"]


@pytest.mark.parametrize("component", [ChatInput, ChatOutput])
async def test_a_message_that_is_not_to_be_stored_is_not_announced(
    place: Any, messages: Any, followed: Any, component: Any
) -> None:
    message = await place(component(input_value="hi", should_store_message=False)).message_response()
    assert message.text == "hi"
    assert message.id is None
    assert not messages.rows
    assert not followed.events


@pytest.mark.parametrize("component", [ChatInput, ChatOutput])
async def test_nothing_is_stored_without_a_session(ctx: Any, place: Any, messages: Any, component: Any) -> None:
    ctx.session_id = ""
    await place(component(input_value="hi")).message_response()
    assert not messages.rows


@pytest.mark.parametrize("component", [ChatInput, ChatOutput])
async def test_messages_are_stored_when_nobody_follows(ctx: Any, place: Any, messages: Any, component: Any) -> None:
    ctx.emit = None
    message = await place(component(input_value="hi")).message_response()
    assert list(messages.rows) == [message.id]


@pytest.mark.parametrize("component", [ChatInput, ChatOutput])
async def test_colours_and_icon_of_old_exports_go_into_the_properties(place: Any, component: Any) -> None:
    old = component(input_value="x", background_color="red", text_color=Message(text="blue"), chat_icon="Bot")
    properties = (await place(old).message_response()).properties
    assert (properties.background_color, properties.text_color, properties.icon) == ("red", "blue", "Bot")


async def test_the_answer_to_a_chat_input_is_a_message_of_its_own(place: Any, messages: Any) -> None:
    question = await place(ChatInput(input_value="hi")).message_response()
    answer = await place(ChatOutput(input_value=question), node_fed_by("ChatInput")).message_response()

    assert answer.id not in (None, question.id)
    assert (answer.sender, answer.sender_name, answer.text) == ("Machine", "AI", "hi")
    assert [m.sender for m in messages.rows.values()] == ["User", "Machine"]
    assert question.sender == "User"


async def test_a_users_message_that_took_a_detour_is_not_overwritten(place: Any, messages: Any) -> None:
    question = await place(ChatInput(input_value="hi", files=["a.png"])).message_response()
    answer = await place(ChatOutput(input_value=question), node_fed_by("Pass")).message_response()

    assert [(m.id, m.sender) for m in messages.rows.values()] == [(question.id, "User"), (answer.id, "Machine")]
    assert answer.files == ["a.png"]
    assert answer.timestamp >= question.timestamp


async def test_a_message_that_was_announced_is_completed_under_its_id(place: Any, messages: Any, followed: Any) -> None:
    streamed = Message(
        text="done", id="m-1", sender="Machine", sender_name="AI", properties=Properties(state="partial", icon="OpenAI")
    )
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    answer = await place(ChatOutput(input_value=streamed), node_fed_by("OpenAIModel", usage=usage)).message_response()

    assert (answer.id, answer.timestamp) == ("m-1", streamed.timestamp)
    assert answer.properties.state == "complete"
    assert answer.properties.icon == "OpenAI"
    assert answer.properties.source == Source("OpenAIModel-1", "OpenAIModel", "gpt-4o-mini")
    assert answer.properties.usage == usage
    assert list(messages.rows) == ["m-1"]
    assert [data["id"] for _, data in followed.events] == ["m-1"]
    assert streamed.properties.state == "partial"


async def test_nothing_is_announced_when_nothing_changed(place: Any, messages: Any, followed: Any) -> None:
    node = node_fed_by("Agent")
    first = await place(ChatOutput(input_value="hi"), node).message_response()
    second = await place(ChatOutput(input_value=first), node).message_response()
    assert second == first
    assert list(messages.rows) == [first.id]
    assert len(followed.events) == 1


async def test_a_message_without_an_id_keeps_its_blocks_and_error_flag(place: Any) -> None:
    failed = Message(text="no", error=True, content_blocks=[{"title": "Steps"}], files=["a.png"])
    answer = await place(ChatOutput(input_value=failed), node_fed_by("Agent")).message_response()
    assert answer.id is not None
    assert (answer.error, answer.content_blocks, answer.files) == (True, [{"title": "Steps"}], ["a.png"])


@pytest.mark.parametrize(
    ("own", "incoming", "expected"),
    [("mine", "theirs", "mine"), ("", "theirs", "theirs"), ("", "", "session-1")],
)
async def test_the_session_is_the_own_then_the_messages_then_the_runs(
    place: Any, own: str, incoming: str, expected: str
) -> None:
    component = ChatOutput(input_value=Message(text="x", session_id=incoming), session_id=own)
    assert (await place(component, node_fed_by("Prompt")).message_response()).session_id == expected


async def test_the_source_is_empty_when_nothing_feeds_the_output(place: Any) -> None:
    assert (await place(ChatOutput(input_value="hi")).message_response()).properties.source == Source()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\n \n\t\n\n\nb", "a\n\nb"),
        (Message(text="a\n\n\n\nb"), "a\n\n\n\nb"),
        (Data({"a": 1}), '```json\n{\n  "a": 1\n}\n```'),
        (Table([{"a": 1, "b": "x|y\nz"}, {"a": None, "b": ""}]), "| a | b |\n| :--- | :--- |\n| 1 | x\\|y<br/>z |"),
        (["one", Message(text="two"), Data({"n": 3})], 'one\ntwo\n```json\n{\n  "n": 3\n}\n```'),
        ([], ""),
        (7, "7"),
    ],
    ids=["text", "message", "data", "table", "list", "empty list", "number"],
)
async def test_anything_is_shown_as_text(place: Any, value: Any, text: str) -> None:
    assert (await place(ChatOutput(input_value=value), node_fed_by("X")).message_response()).text == text


async def test_text_is_left_alone_without_clean_data(place: Any) -> None:
    component = ChatOutput(input_value="a\n \n\n\nb", clean_data=False)
    assert (await place(component).message_response()).text == "a\n \n\n\nb"


async def test_no_input_is_an_error(place: Any) -> None:
    with pytest.raises(ValueError, match=r"^Input data cannot be None$"):
        await place(ChatOutput()).message_response()


async def test_what_is_announced_can_be_encoded(place: Any, followed: Any) -> None:
    await place(ChatInput(input_value="\ud800 hi")).message_response()
    assert b'"add_message"' in to_json(followed.events)
