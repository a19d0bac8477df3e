from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.io import TextInputComponent, TextOutputComponent, WebhookComponent
from langflow_lite.values import Message

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("component", [TextInputComponent, TextOutputComponent])
async def test_text_passes_through_as_a_message_of_the_flow(place: Any, messages: Any, component: Any) -> None:
    placed = place(component(input_value=Message(text="plain")))
    message = await placed.text_response()
    assert (message.text, message.flow_id, message.sender, message.session_id) == ("plain", "flow-1", None, "")
    assert placed.status == "plain"
    assert not messages.rows


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ('{"a": 1, "b": {"c": []}}', {"a": 1, "b": {"c": []}}),
        ('{"a": "\n"}', {"a": "\n"}),
        ("", {}),
        ("hello {", {"payload": "hello {"}),
        ("[1, 2]", {"payload": [1, 2]}),
        ("[" * 5000, {"payload": "[" * 5000}),
    ],
    ids=["object", "raw line break between quotes", "nothing", "no JSON", "list", "absurd nesting"],
)
async def test_what_was_posted_becomes_data(place: Any, body: str, data: dict[str, Any]) -> None:
    assert (await place(WebhookComponent(data=body)).build_data()).data == data


@pytest.mark.parametrize(("body", "status"), [("", "No data provided."), ("{", "Invalid JSON payload.")])
async def test_the_status_says_what_is_wrong_with_the_payload(place: Any, body: str, status: str) -> None:
    component = place(WebhookComponent(data=body))
    await component.build_data()
    assert component.status.startswith(status)
