from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.embeddings import EmbeddingSimilarityComponent
from langflow_lite.errors import ComponentError
from langflow_lite.values import Data
from tests.components.workbench import Workbench
from tests.flows import edge, flow, node
from tests.standin import Standin

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (node("E", "EmbeddingModel", provider="OpenAI", model="text-embedding-3-small"), "/v1/embeddings"),
        (node("E", "OpenAIEmbeddings", model="text-embedding-3-large", dimensions="", chunk_size=10), "/v1/embeddings"),
        (node("E", "OllamaEmbeddings", model="nomic-embed-text"), "/api/embed"),
        (node("E", "EmbeddingModel", model=""), "/v1/embeddings"),
        (node("E", "vLLMEmbeddings", model_name="m", api_base="VLLM_API_BASE"), "/v1/embeddings"),
    ],
    ids=["model of 1.5", "openai", "ollama", "default", "vllm"],
)
async def test_a_text_is_embedded_by_the_model_that_is_connected(
    bench: Workbench, standin: Standin, model: dict[str, Any], path: str
) -> None:
    document = flow(
        [model, node("T", "TextEmbedderComponent", message="hello world")],
        [edge("E.embeddings", "T.embedding_model")],
    )

    outcome = await bench.run(document, output_type="debug")

    made = outcome.results["T"].outputs["embeddings"]
    assert made.data["text"] == "hello world"
    assert len(made.data["embeddings"]) == 64
    assert [call.path for call in standin.calls] == [path]


async def test_an_empty_message_is_not_embedded(bench: Workbench) -> None:
    document = flow(
        [node("E", "OllamaEmbeddings"), node("T", "TextEmbedderComponent", message=" ")],
        [edge("E.embeddings", "T.embedding_model")],
    )

    with pytest.raises(ComponentError, match="there is no text"):
        await bench.run(document)


@pytest.mark.parametrize(
    ("metric", "key", "value"),
    [
        ("Cosine Similarity", "cosine_similarity", 0.6),
        ("Euclidean Distance", "euclidean_distance", 0.8944271909999159),
        ("Manhattan Distance", "manhattan_distance", 1.2),
    ],
)
async def test_two_vectors_are_compared(metric: str, key: str, value: float) -> None:
    vectors = [Data({"embeddings": [1.0, 0.0]}), Data({"embeddings": [0.6, 0.8]})]

    made = await EmbeddingSimilarityComponent(embedding_vectors=vectors, similarity_metric=metric).compute_similarity()

    assert made.data["similarity_score"] == {key: pytest.approx(value)}


async def test_vectors_of_unequal_length_have_an_error_for_a_score() -> None:
    vectors = [Data({"embeddings": [1.0]}), Data({"embeddings": [1.0, 0.0]})]

    made = await EmbeddingSimilarityComponent(embedding_vectors=vectors).compute_similarity()

    assert "different lengths" in made.data["similarity_score"]["error"]


@pytest.mark.parametrize(
    ("vectors", "complaint"),
    [([Data({"embeddings": [1.0]})], "1 are connected"), ([Data({}), Data({})], "no vector")],
)
async def test_anything_but_two_vectors_is_an_error(vectors: list[Data], complaint: str) -> None:
    with pytest.raises(ComponentError, match=complaint):
        await EmbeddingSimilarityComponent(embedding_vectors=vectors).compute_similarity()
