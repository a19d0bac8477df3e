from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.memory import MemoryComponent, MessageStoreComponent
from langflow_lite.values import Message

pytestmark = pytest.mark.anyio


@pytest.fixture
def history(messages: Any) -> list[Message]:
    """Four messages of the run's session, between others that do not belong to it."""
    rows = [
        ("User", "Ann", "one", "session-1", "flow-1", ""),
        ("Machine", "AI", "two", "session-1", "flow-1", ""),
        ("User", "Ann", "elsewhere", "session-2", "flow-1", ""),
        ("User", "Bob", "three", "session-1", "flow-1", "c"),
        ("Machine", "AI", "other flow", "session-1", "flow-2", ""),
        ("Machine", "AI", "four", "session-1", "flow-1", ""),
    ]
    stored = []
    for number, (sender, name, text, session, flow, context) in enumerate(rows):
        message = Message(
            text=text,
            sender=sender,
            sender_name=name,
            session_id=session,
            flow_id=flow,
            context_id=context,
            id=f"m{number}",
        )
        messages.store(message)
        stored.append(message)
    return stored


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "Ann: one\nAI: two\nBob: three\nAI: four"),
        ({"n_messages": 2}, "Bob: three\nAI: four"),
        ({"n_messages": 2, "order": "Descending"}, "AI: four\nBob: three"),
        ({"n_messages": 0}, ""),
        ({"sender_type": "Machine"}, "AI: two\nAI: four"),
        ({"sender": "User"}, "Ann: one\nBob: three"),
        ({"sender": "Machine and User", "sender_type": "Machine and User"}, "Ann: one\nAI: two\nBob: three\nAI: four"),
        ({"sender_name": "Bob"}, "Bob: three"),
        ({"session_id": "session-2"}, "Ann: elsewhere"),
        ({"context_id": "c"}, "Bob: three"),
        ({"template": "[{sender}] {text}{gone}", "n_messages": 1}, "[Machine] four"),
        ({"session_id": "nobody's"}, ""),
    ],
)
@pytest.mark.usefixtures("history")
async def test_the_newest_messages_of_the_session_are_shown_through_the_template(
    place: Any, fields: dict[str, Any], text: str
) -> None:
    assert (await place(MemoryComponent(**fields)).retrieve_messages_as_text()).text == text


@pytest.mark.usefixtures("history")
async def test_messages_come_as_rows_and_as_themselves(place: Any) -> None:
    component = place(MemoryComponent(n_messages=1))
    [row] = (await component.retrieve_messages_dataframe()).rows
    assert (row["text"], row["sender"], row["session_id"]) == ("four", "Machine", "session-1")
    assert [message.text for message in await component.retrieve_messages()] == ["four"]


@pytest.mark.parametrize("component", [MemoryComponent, MessageStoreComponent])
async def test_a_message_is_stored_with_what_the_fields_say(place: Any, messages: Any, component: Any) -> None:
    fields = {"message": "note", "sender": "User", "sender_name": "Ann", "session_id": "s"}
    stored = await place(component(**fields)).store_message()
    assert list(messages.rows.values()) == [stored]
    assert (stored.text, stored.sender, stored.sender_name) == ("note", "User", "Ann")
    assert (stored.session_id, stored.flow_id, stored.run_id) == ("s", "flow-1", "run-1")


@pytest.mark.parametrize("component", [MemoryComponent, MessageStoreComponent])
async def test_a_stored_message_gets_the_runs_session_and_the_machine_as_sender(place: Any, component: Any) -> None:
    stored = await place(component(message="note")).store_message()
    assert (stored.session_id, stored.sender, stored.sender_name) == ("session-1", "Machine", "AI")


@pytest.mark.parametrize("component", [MemoryComponent, MessageStoreComponent])
async def test_storing_a_message_of_the_conversation_adds_one(place: Any, messages: Any, component: Any) -> None:
    given = Message(text="hi", id="m1", sender="User", sender_name="Ann", session_id="s")
    messages.store(given)
    stored = await place(component(message=given)).store_message()
    assert stored.id != "m1"
    assert (stored.sender, stored.sender_name, stored.session_id) == ("User", "Ann", "s")
    assert len(messages.rows) == 2


@pytest.mark.parametrize("component", [MemoryComponent, MessageStoreComponent])
@pytest.mark.parametrize(("message", "session"), [("note", ""), ("", "session-1")])
async def test_nothing_to_store_is_an_error(
    ctx: Any, place: Any, messages: Any, component: Any, message: str, session: str
) -> None:
    ctx.session_id = session
    with pytest.raises(ValueError, match=r"^No messages were stored.*session ID and sender"):
        await place(component(message=message)).store_message()
    assert not messages.rows


async def test_an_external_memory_is_refused(place: Any) -> None:
    component = place(MemoryComponent(memory=object(), message="x"))
    for method in (component.retrieve_messages_as_text, component.store_message):
        with pytest.raises(ValueError, match="External memories are not supported"):
            await method()
