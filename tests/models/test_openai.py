from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from langflow_lite.errors import ProviderError
from langflow_lite.models.base import ChatMessage, Options
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.openai import OpenAI
from langflow_lite.models.outbound import OutboundClients
from tests.standin import Standin

pytestmark = pytest.mark.anyio

HI = [ChatMessage(role="user", text="hi")]


def model_named(name: str, standin: Standin, outbound: OutboundClients, **options: Any) -> OpenAI:
    client = outbound.client(trusted=True)
    return OpenAI(
        Endpoint(provider="OpenAI", model=name, base_url=standin.url, client=client, options=Options(**options))
    )


@pytest.mark.parametrize("name", ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-nano", "gpt-5.1", "openai/o3-pro"])
async def test_reasoning_models_get_neither_temperature_nor_seed(
    standin: Standin, outbound: OutboundClients, name: str
) -> None:
    await model_named(name, standin, outbound, temperature=0.1, seed=1, max_tokens=9).complete(HI)
    body = standin.calls[0].body
    assert "temperature" not in body
    assert "seed" not in body
    assert "max_tokens" not in body
    assert body["max_completion_tokens"] == 9


@pytest.mark.parametrize("name", ["gpt-4o-mini", "o1x", "gpt-50", "my-o1", "llama3"])
async def test_other_models_get_what_was_set(standin: Standin, outbound: OutboundClients, name: str) -> None:
    await model_named(name, standin, outbound, temperature=0.0, seed=1, max_tokens=9, top_p=0.5).complete(HI)
    body = standin.calls[0].body
    assert (body["temperature"], body["seed"], body["max_tokens"], body["top_p"]) == (0.0, 1, 9, 0.5)
    assert "stream" not in body


async def test_what_is_not_set_is_not_sent(standin: Standin, outbound: OutboundClients) -> None:
    await model_named("any", standin, outbound).complete(HI)
    assert standin.calls[0].body == {"model": "any", "messages": [{"role": "user", "content": "hi"}]}
    assert "authorization" not in standin.calls[0].headers


@pytest.mark.parametrize("name", ["picky-temperature", "strict-temperature"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_an_unsupported_parameter_is_left_out_of_a_second_attempt(
    standin: Standin, outbound: OutboundClients, name: str, streamed: bool
) -> None:
    model = model_named(name, standin, outbound, temperature=0.1, seed=3)
    if streamed:
        async with aclosing(model.stream(HI)) as deltas:
            text = "".join([delta.text async for delta in deltas])
    else:
        text = (await model.complete(HI)).text
    assert text == "ANSWER[hi]"
    first, second = (call.body for call in standin.calls)
    assert "temperature" in first
    assert "temperature" not in second
    assert second["seed"] == 3


async def test_max_tokens_is_renamed_when_the_server_asks_for_it(standin: Standin, outbound: OutboundClients) -> None:
    await model_named("picky-max_tokens", standin, outbound, max_tokens=9).complete(HI)
    assert standin.calls[1].body["max_completion_tokens"] == 9
    assert "max_tokens" not in standin.calls[1].body


async def test_a_server_that_refuses_the_messages_is_not_asked_without_them(
    standin: Standin, outbound: OutboundClients
) -> None:
    with pytest.raises(ProviderError, match="400"):
        await model_named("picky-messages", standin, outbound).complete(HI)
    assert len(standin.calls) == 1


async def test_the_usage_of_a_stream_is_asked_for_and_json_mode_is_set(
    standin: Standin, outbound: OutboundClients
) -> None:
    model = model_named("any", standin, outbound, json_mode=True, extra={"stream": False, "n": 1})
    async with aclosing(model.stream(HI)) as deltas:
        assert [d async for d in deltas][-1].usage is not None
    body = standin.calls[0].body
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert body["response_format"] == {"type": "json_object"}
    assert body["n"] == 1
