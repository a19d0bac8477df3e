from __future__ import annotations

import pytest

from langflow_lite.models.anthropic import Anthropic
from langflow_lite.models.base import ChatMessage, ToolCall
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.outbound import OutboundClients
from tests.standin import Standin

pytestmark = pytest.mark.anyio


@pytest.fixture
def model(standin: Standin, outbound: OutboundClients) -> Anthropic:
    client = outbound.client(trusted=True)
    return Anthropic(
        Endpoint(provider="Anthropic", model="claude-x", base_url=standin.url, key="sk-ant-1", client=client)
    )


async def test_key_version_and_the_compulsory_limit_are_sent(model: Anthropic, standin: Standin) -> None:
    await model.complete([ChatMessage(role="user", text="hi")])
    call = standin.calls[0]
    assert call.path == "/v1/messages"
    assert call.headers["x-api-key"] == "sk-ant-1"
    assert call.headers["anthropic-version"] == "2023-06-01"
    assert call.body["max_tokens"] == 4096


async def test_successive_turns_of_one_role_are_merged_and_tool_results_are_user_turns(
    model: Anthropic, standin: Standin
) -> None:
    call = ToolCall("t1", "go", {"a": 1})
    await model.complete(
        [
            ChatMessage(role="system", text="one"),
            ChatMessage(role="system", text="two"),
            ChatMessage(role="user", text="a"),
            ChatMessage(role="user", text="b"),
            ChatMessage(role="assistant", tool_calls=(call,)),
            ChatMessage(role="tool", text="done", tool_call_id="t1"),
            ChatMessage(role="user", text="and?"),
        ]
    )
    body = standin.calls[0].body
    assert body["system"] == "one\n\ntwo"
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "go", "input": {"a": 1}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "done"},
                {"type": "text", "text": "and?"},
            ],
        },
    ]


async def test_a_system_text_alone_is_sent_as_the_user_turn(model: Anthropic, standin: Standin) -> None:
    reply = await model.complete([ChatMessage(role="system", text="Tell a joke.")])
    assert reply.text == "ANSWER[Tell a joke.]"
    assert "system" not in standin.calls[0].body
