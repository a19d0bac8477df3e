from __future__ import annotations

import msgspec
import pytest

from langflow_lite.models.base import ChatMessage, Options, ToolSpec
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.gemini import connect
from langflow_lite.models.outbound import OutboundClients
from tests.standin import Standin

pytestmark = pytest.mark.anyio


def endpoint(
    standin: Standin, outbound: OutboundClients, model: str = "gemini-2.5-flash", **options: object
) -> Endpoint:
    return Endpoint(
        provider="Google",
        model=model,
        base_url=standin.url,
        key="AIza-123456",
        client=outbound.client(trusted=True),
        options=msgspec.structs.replace(Options(), **options),
    )


async def test_the_model_is_in_the_address_and_the_key_in_a_header(standin: Standin, outbound: OutboundClients) -> None:
    await connect(endpoint(standin, outbound, "models/gemini-2.5-flash")).complete(
        [ChatMessage(role="user", text="hi")]
    )

    assert standin.calls[0].path == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert standin.calls[0].headers["x-goog-api-key"] == "AIza-123456"


async def test_thoughts_are_not_part_of_the_answer(standin: Standin, outbound: OutboundClients) -> None:
    reply = await connect(endpoint(standin, outbound)).complete([ChatMessage(role="user", text="hi")])

    assert reply.text == "ANSWER[hi]"


async def test_the_signature_of_a_call_goes_back_with_it(standin: Standin, outbound: OutboundClients) -> None:
    model = connect(endpoint(standin, outbound))
    tool = ToolSpec("go", "", {"type": "object", "properties": {}})
    messages = [ChatMessage(role="user", text="CALL go {}")]
    [call] = (await model.complete(messages, tools=[tool])).tool_calls
    messages += [
        ChatMessage(role="assistant", tool_calls=(call,)),
        ChatMessage(role="tool", text="gone", tool_call_id=call.id, tool_name="go"),
    ]

    await model.complete(messages, tools=[tool])

    contents = standin.calls[1].body["contents"]
    assert contents[1]["parts"] == [{"functionCall": {"name": "go", "args": {}}, "thoughtSignature": "c2ln"}]
    assert contents[2]["parts"] == [{"functionResponse": {"name": "go", "response": {"result": "gone"}}}]


async def test_a_schema_is_reduced_to_what_the_protocol_knows(standin: Standin, outbound: OutboundClients) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "when": {"type": ["string", "null"], "format": "date", "default": "x"},
            "many": {"type": "array", "items": {"type": "integer", "exclusiveMinimum": 0}},
            "either": {"anyOf": [{"type": "string", "pattern": "a"}, {"type": "number"}]},
        },
        "required": ["when"],
    }
    tools = [ToolSpec("t", "d", schema), ToolSpec("empty", "", {"type": "object", "properties": {}})]

    await connect(endpoint(standin, outbound)).complete([ChatMessage(role="user", text="hi")], tools=tools)

    first, second = standin.calls[0].body["tools"][0]["functionDeclarations"]
    assert first["parameters"] == {
        "type": "object",
        "properties": {
            "when": {"type": "string", "nullable": True},
            "many": {"type": "array", "items": {"type": "integer"}},
            "either": {"anyOf": [{"type": "string"}, {"type": "number"}]},
        },
        "required": ["when"],
    }
    assert second == {"name": "empty", "description": "empty"}


async def test_a_system_text_alone_is_what_is_answered(standin: Standin, outbound: OutboundClients) -> None:
    reply = await connect(endpoint(standin, outbound, json_mode=True)).complete(
        [ChatMessage(role="system", text="Go.")]
    )

    assert reply.text == "ANSWER[Go.]"
    assert "systemInstruction" not in standin.calls[0].body
    assert standin.calls[0].body["generationConfig"] == {"responseMimeType": "application/json"}
