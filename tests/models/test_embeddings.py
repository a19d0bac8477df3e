from __future__ import annotations

import math

import pytest

from langflow_lite.errors import MissingModel, ProviderError
from langflow_lite.models.embeddings import FeatureExtraction, HashedEmbeddings
from langflow_lite.models.embeddings_resolve import EmbeddingWish, open_embeddings
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.outbound import OutboundClients
from tests.models.support import run_context
from tests.standin import Standin

pytestmark = pytest.mark.anyio


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


async def test_openai_is_asked_in_chunks_and_answers_in_order(standin: Standin, outbound: OutboundClients) -> None:
    ctx = run_context(outbound, environ={"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": f"{standin.url}/v1"})
    model = await open_embeddings(ctx, EmbeddingWish(model="text-embedding-3-small", dimensions=64, chunk_size=2))

    embedded = await model.embed(["red fox", "", "blue sea"])

    vectors = embedded.vectors
    assert embedded.usage == {"input_tokens": 3, "total_tokens": 3}
    assert [call.body["input"] for call in standin.calls] == [["red fox", " "], ["blue sea"]]
    assert standin.calls[0].body["dimensions"] == 64
    assert standin.calls[0].headers["authorization"] == "Bearer sk-x"
    assert vectors[2] == await model.embed_query("blue sea")
    assert vectors[0] != vectors[2]


async def test_ollama_is_asked_by_its_own_protocol(standin: Standin, outbound: OutboundClients) -> None:
    ctx = run_context(outbound, environ={"OLLAMA_BASE_URL": standin.url})
    model = await open_embeddings(ctx, EmbeddingWish(model="nomic-embed-text"))

    embedded = await model.embed(["a", "b"])

    assert standin.calls[0].path == "/api/embed"
    assert len(embedded.vectors) == 2
    assert embedded.usage == {"input_tokens": 2, "total_tokens": 2}


async def test_hugging_face_is_asked_for_features(standin: Standin, outbound: OutboundClients) -> None:
    endpoint = Endpoint(
        provider="Hugging Face",
        model="BAAI/bge-large-en-v1.5",
        base_url=f"{standin.url}/v1",
        key="hf_x",
        client=outbound.client(trusted=True),
    )

    vectors = await FeatureExtraction(endpoint, chunk_size=2).embed_documents(["red fox", "", "blue sea"])

    assert {call.path for call in standin.calls} == {
        "/hf-inference/models/BAAI/bge-large-en-v1.5/pipeline/feature-extraction"
    }
    assert [call.body["inputs"] for call in standin.calls] == [["red fox", " "], ["blue sea"]]
    assert standin.calls[0].headers["authorization"] == "Bearer hf_x"
    assert len(vectors) == 3
    assert vectors[0] != vectors[2]


async def test_only_hugging_face_itself_is_asked_for_features(standin: Standin, outbound: OutboundClients) -> None:
    ctx = run_context(outbound)
    shared = await open_embeddings(ctx, EmbeddingWish(provider="Hugging Face", api_key="hf_x"))
    own = await open_embeddings(ctx, EmbeddingWish(provider="Hugging Face", base_url=standin.url))

    await own.embed_documents(["a"])

    assert isinstance(shared, FeatureExtraction)
    assert [call.path for call in standin.calls] == ["/v1/embeddings"]


@pytest.mark.parametrize(
    ("wish", "path", "header"),
    [
        (
            EmbeddingWish(model="gemini-embedding-001"),
            "/v1beta/models/gemini-embedding-001:batchEmbedContents",
            "x-goog-api-key",
        ),
        (EmbeddingWish(provider="Azure OpenAI", model_name="dep"), "/openai/deployments/dep/embeddings", "api-key"),
    ],
    ids=["gemini", "azure"],
)
async def test_the_clouds_are_asked_by_their_own_protocols(
    standin: Standin, outbound: OutboundClients, wish: EmbeddingWish, path: str, header: str
) -> None:
    environ = {"GOOGLE_API_KEY": "k", "AZURE_OPENAI_API_KEY": "k", "GOOGLE_BASE_URL": standin.url}
    environ["AZURE_OPENAI_ENDPOINT"] = standin.url
    model = await open_embeddings(run_context(outbound, environ=environ), wish)

    vectors = await model.embed_documents(["a", "b"])

    assert vectors[0] != vectors[1]
    assert standin.calls[0].path == path
    assert standin.calls[0].headers[header] == "k"


@pytest.mark.parametrize(
    ("default", "environ", "expected"),
    [
        ("", {}, ("Local", "hashed-384")),
        ("local", {"OPENAI_API_KEY": "k"}, ("Local", "hashed-384")),
        ("", {"OPENAI_API_KEY": "k"}, ("OpenAI", "text-embedding-3-small")),
        ("ollama:bge-m3", {}, ("Ollama", "bge-m3")),
        ("text-embedding-3-large", {"OPENAI_API_KEY": "k"}, ("OpenAI", "text-embedding-3-large")),
        ("Ollama", {}, ("Ollama", "nomic-embed-text")),
    ],
    ids=["nothing", "local", "key", "provider and model", "model", "provider"],
)
async def test_the_default_model(
    outbound: OutboundClients, default: str, environ: dict[str, str], expected: tuple[str, str]
) -> None:
    ctx = run_context(outbound, environ=environ, default_embedding_model=default)

    model = await open_embeddings(ctx)

    assert (model.provider, model.model) == expected


async def test_a_model_field_of_recent_releases_names_provider_and_model(outbound: OutboundClients) -> None:
    ctx = run_context(outbound, environ={"MISTRAL_API_KEY": "k"})

    model = await open_embeddings(ctx, EmbeddingWish(model=[{"name": "mistral-embed", "provider": "Mistral"}]))

    assert (model.provider, model.model) == ("Mistral", "mistral-embed")


async def test_an_embedding_model_that_an_edge_brings_is_used(outbound: OutboundClients) -> None:
    given = HashedEmbeddings(8)

    assert await open_embeddings(run_context(outbound), EmbeddingWish(model=given)) is given


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        (EmbeddingWish(provider="Nobody"), "'Nobody' is not known"),
        (EmbeddingWish(provider="Anthropic", model_name="x"), "Anthropic are not supported"),
        (EmbeddingWish(provider="OpenAI"), "OpenAI API key is required"),
        (EmbeddingWish(provider="Groq", api_key="k"), "no embedding model"),
    ],
)
async def test_what_cannot_be_opened_is_named(outbound: OutboundClients, wish: EmbeddingWish, complaint: str) -> None:
    with pytest.raises(MissingModel, match=complaint):
        await open_embeddings(run_context(outbound), wish)


async def test_a_server_that_knows_no_embeddings_is_a_provider_error(
    standin: Standin, outbound: OutboundClients
) -> None:
    ctx = run_context(outbound, environ={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{standin.url}/v1/elsewhere"})
    model = await open_embeddings(ctx, EmbeddingWish(provider="OpenAI"))

    with pytest.raises(ProviderError, match="no such page") as caught:
        await model.embed_query("x")
    assert caught.value.provider_status == 404


async def test_the_built_in_model_puts_like_texts_near_each_other() -> None:
    model = HashedEmbeddings()

    near, like, far = await model.embed_documents(
        ["The invoices are due in March", "an invoice due in march", "cats like to sleep on warm stones"]
    )

    assert cosine(near, like) > cosine(near, far) + 0.3
    assert math.isclose(cosine(near, near), 1.0)


async def test_the_built_in_model_is_the_same_everywhere() -> None:
    vector = await HashedEmbeddings(8).embed_query("one two")

    assert [round(x, 4) for x in vector] == [0.7385, 0.0, 0.0, -0.6155, 0.0, -0.1231, 0.0, 0.2462]
    assert vector == await HashedEmbeddings(8).embed_query("One, two!")
    assert await HashedEmbeddings().embed_query("") == [0.0] * 384


async def test_many_texts_are_worked_out_beside_the_event_loop() -> None:
    model = HashedEmbeddings(16)
    texts = [f"text number {n} " * 20 for n in range(100)]

    vectors = await model.embed_documents(texts)

    assert vectors[7] == await model.embed_query(texts[7])
