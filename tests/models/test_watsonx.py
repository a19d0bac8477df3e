from __future__ import annotations

import socket

import anyio
import pytest

from langflow_lite.components.cloud_models import WatsonxAIComponent
from langflow_lite.components.embeddings import WatsonxEmbeddingsComponent
from langflow_lite.errors import ProviderError
from langflow_lite.models import watsonx
from langflow_lite.models.base import ChatMessage, Options, ToolSpec
from langflow_lite.models.embeddings_resolve import EmbeddingWish, open_embeddings
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.outbound import OutboundClients
from tests.models.support import run_context
from tests.standin import Standin

pytestmark = pytest.mark.anyio

HELLO = [ChatMessage(role="user", text="hi")]
TOOL = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})


@pytest.fixture(autouse=True)
def sign_in(standin: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watsonx, "SIGN_IN", f"{standin.url}/identity/token")


def model(
    standin: Standin, outbound: OutboundClients, name: str = "any", key: str | None = "k", timeout: float = 30.0
) -> watsonx.Watsonx:
    return watsonx.connect(
        Endpoint(
            provider="IBM watsonx.ai",
            model=name,
            base_url=standin.url,
            key=key,
            options=Options(max_tokens=7, extra={"project_id": "p"}),
            client=outbound.client(trusted=True),
            timeout=timeout,
        )
    )


async def test_the_key_is_exchanged_once_and_the_project_named(standin: Standin, outbound: OutboundClients) -> None:
    asked = model(standin, outbound)

    assert (await asked.complete(HELLO)).text == "ANSWER[hi]"
    assert [delta.text async for delta in asked.stream(HELLO) if delta.text] == ["ANSWER[hi]"]

    token, whole, streamed = standin.calls
    assert token.body == {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": "k"}
    assert (whole.path, streamed.path) == ("/ml/v1/text/chat", "/ml/v1/text/chat_stream")
    assert whole.headers["authorization"] == streamed.headers["authorization"] == "Bearer token of k"
    assert whole.body == streamed.body
    assert whole.body == {
        "model_id": "any",
        "project_id": "p",
        "max_tokens": 7,
        "messages": [{"role": "user", "content": "hi"}],
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("required", {"tool_choice_option": "required"}),
        ("add", {"tool_choice": {"type": "function", "function": {"name": "add"}}}),
        ("", {}),
    ],
)
async def test_a_tool_choice_has_its_own_name(
    standin: Standin, outbound: OutboundClients, choice: str, sent: dict[str, object]
) -> None:
    asked = model(standin, outbound, 'tool:add:{"a": 1}')
    reply = await asked.complete(HELLO, tools=[TOOL], tool_choice=choice)
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("add", {"a": 1})]
    assert {key: value for key, value in standin.calls[-1].body.items() if key.startswith("tool_choice")} == sent


async def test_texts_are_embedded_within_the_project(standin: Standin, outbound: OutboundClients) -> None:
    ctx = run_context(outbound, environ={"WATSONX_URL": standin.url, "WATSONX_PROJECT_ID": "p"})
    made = await open_embeddings(ctx, EmbeddingWish(provider="IBM watsonx.ai", model_name="m", api_key="k"))

    embedded = await made.embed(["red fox", "", "blue sea"])

    assert embedded.vectors[0] != embedded.vectors[2]
    assert embedded.usage is not None
    assert embedded.usage["input_tokens"] == 3
    asked = standin.calls[-1]
    assert (asked.path, asked.headers["authorization"]) == ("/ml/v1/text/embeddings", "Bearer token of k")
    assert asked.body == {"model_id": "m", "project_id": "p", "inputs": ["red fox", " ", "blue sea"]}


def test_the_embedding_component_says_where_and_how_far_the_texts_are_read() -> None:
    wish = WatsonxEmbeddingsComponent(base_url="https://eu-de.ml.cloud.ibm.com", space_id="s")._wish()
    assert (wish.provider, wish.base_url) == ("IBM watsonx.ai", "https://eu-de.ml.cloud.ibm.com")
    assert wish.options.extra == {"space_id": "s", "parameters": {"truncate_input_tokens": 200}}


async def test_a_key_that_is_refused_is_told_in_ibms_words(standin: Standin, outbound: OutboundClients) -> None:
    with pytest.raises(ProviderError, match="did not take the API key: Provided API key could not be found") as refused:
        await model(standin, outbound, key="denied").complete(HELLO)
    assert refused.value.provider_status == 400


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/token", "{}/models"], ids=["unreachable", "something else"])
async def test_signing_in_elsewhere_fails_in_words(
    standin: Standin, outbound: OutboundClients, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(watsonx, "SIGN_IN", url.format(standin.url))
    with pytest.raises(ProviderError, match=r"IBM watsonx.ai (could not be signed in to|did not take the API key)"):
        await model(standin, outbound).complete(HELLO)


async def test_signing_in_waits_no_longer_than_the_model_is_waited_for(
    standin: Standin, outbound: OutboundClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(watsonx, "SIGN_IN", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        asked = model(standin, outbound, timeout=0.05)
        with anyio.fail_after(20), pytest.raises(ProviderError, match="could not be signed in to: ReadTimeout"):
            await asked.complete(HELLO)


async def test_a_parameter_that_is_refused_is_left_out_as_with_others_of_the_protocol(
    standin: Standin, outbound: OutboundClients
) -> None:
    asked = model(standin, outbound, "picky-max_tokens")
    assert (await asked.complete(HELLO)).text == "ANSWER[hi]"
    assert "max_tokens" not in standin.calls[-1].body


async def test_an_answer_that_is_cut_off_is_an_error(standin: Standin, outbound: OutboundClients) -> None:
    with pytest.raises(ProviderError, match="cut off"):
        async for _ in model(standin, outbound, "cut").stream(HELLO):
            pass


async def test_the_component_says_how_and_where_the_model_is_asked() -> None:
    component = WatsonxAIComponent(
        model_name="ibm/granite", base_url="https://eu-de.ml.cloud.ibm.com", project_id="p", stop_sequence="END"
    )
    wish = component.wish()
    assert (wish.provider, wish.model_name, wish.base_url) == (
        "IBM watsonx.ai",
        "ibm/granite",
        "https://eu-de.ml.cloud.ibm.com",
    )
    assert wish.options.extra == {
        "frequency_penalty": 0.5,
        "presence_penalty": 0.3,
        "project_id": "p",
        "stop": ["END"],
    }
    assert (wish.options.max_tokens, wish.options.seed, wish.options.top_p) == (1000, 8, 0.9)
