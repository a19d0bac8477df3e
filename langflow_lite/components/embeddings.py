"""Embedding models as components, and what can be done with their vectors directly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.cloud_models import azure_address
from langflow_lite.components.compatible_models import own_endpoint
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.models import positive
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import Options
from langflow_lite.values import Data, to_text

if TYPE_CHECKING:
    from langflow_lite.models.base import Embeddings
    from langflow_lite.models.embeddings_resolve import EmbeddingWish

__all__ = [
    "AIMLEmbeddingsComponent",
    "AzureOpenAIEmbeddingsComponent",
    "CohereEmbeddingsComponent",
    "EmbeddingModelComponent",
    "EmbeddingSimilarityComponent",
    "GoogleEmbeddingsComponent",
    "HuggingFaceInferenceEmbeddingsComponent",
    "LMStudioEmbeddingsComponent",
    "MistralEmbeddingsComponent",
    "NVIDIAEmbeddingsComponent",
    "OllamaEmbeddingsComponent",
    "OpenAIEmbeddingsComponent",
    "TextEmbedderComponent",
    "VLLMEmbeddingsComponent",
    "WatsonxEmbeddingsComponent",
]


class _EmbeddingComponent(Component):
    """Base of the components that hand an embedding model to another one."""

    category = "models_and_agents"
    icon = "binary"

    api_key: str = field(
        Kind.SECRET,
        "API Key",
        advanced=True,
        load_from_db=True,
        info="A key, or the name of a global variable. Empty: the provider's own variable.",
        aliases=("openai_api_key", "mistral_api_key", "nvidia_api_key", "aiml_api_key", "cohere_api_key"),
    )
    base_url: str = field(
        Kind.TEXT,
        "Base URL",
        advanced=True,
        info="Empty: the provider's own address, or the one its variable names.",
        aliases=("api_base", "openai_api_base", "endpoint", "mistral_api_base"),
    )
    dimensions: int = field(Kind.INT, "Dimensions", 0, advanced=True, info="0 leaves it to the model.")
    chunk_size: int = field(Kind.INT, "Chunk Size", 1000, advanced=True, info="How many texts are sent at once.")
    max_retries: int = field(Kind.INT, "Max Retries", 3, advanced=True)
    request_timeout: float = field(
        Kind.FLOAT, "Request Timeout", 0.0, advanced=True, info="Seconds of silence; 0: the server's setting."
    )

    @output("embeddings", "Embedding Model", types=("Embeddings",))
    async def build_embeddings(self) -> Embeddings:
        """The model, to be used by another component. Raises `MissingModel`."""
        from langflow_lite.models.embeddings_resolve import open_embeddings

        found = await open_embeddings(self.ctx, self._wish())
        self.status = f"{found.provider} {found.model}"
        return found

    def _wish(self) -> EmbeddingWish:
        raise NotImplementedError

    def _asked(self, **parts: Any) -> EmbeddingWish:
        # Calling a provider needs the HTTP client, which takes a while to import.
        from langflow_lite.models.embeddings_resolve import EmbeddingWish

        return EmbeddingWish(
            api_key=self.api_key,
            base_url=self.base_url,
            dimensions=positive(self.dimensions),
            chunk_size=self.chunk_size if self.chunk_size > 0 else 1000,
            options=Options(
                max_retries=max(0, self.max_retries),
                timeout=self.request_timeout if self.request_timeout > 0 else None,
            ),
            **parts,
        )


class EmbeddingModelComponent(_EmbeddingComponent):
    """Hand on an embedding model of any provider."""

    name = "EmbeddingModel"
    aliases = ("Embedding Model", "EmbeddingModelComponent")
    display_name = "Embedding Model"

    model: Any = field(Kind.MODEL, "Embedding Model", input_types=("Embeddings",), info="Empty: the server's default.")
    provider: str = field(Kind.STR, "Provider", advanced=True, info="Outranks the provider of the model field.")
    model_name: str = field(Kind.STR, "Model Name", advanced=True, info="Outranks the name in the model field.")
    ollama_base_url: str = field(Kind.TEXT, "Ollama Base URL", advanced=True)

    def _wish(self) -> EmbeddingWish:
        return self._asked(
            model=self.model,
            provider=self.provider,
            model_name=self.model_name,
            ollama_base_url=self.ollama_base_url,
        )


class _ProviderEmbeddings(_EmbeddingComponent):
    """Base of the components that belong to one provider, `vendor`."""

    vendor: ClassVar[str] = ""

    model: str = field(
        Kind.DROPDOWN, "Model", info="Empty: the provider's usual one.", aliases=("model_name",), combobox=True
    )

    def _wish(self) -> EmbeddingWish:
        return self._asked(provider=self.vendor, model_name=self.model)


class OpenAIEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of OpenAI, or of any server that speaks its protocol."""

    name = "OpenAIEmbeddings"
    aliases = ("OpenAIEmbeddingsComponent",)
    display_name = "OpenAI Embeddings"
    icon = "OpenAI"
    vendor = "OpenAI"

    model: str = field(Kind.DROPDOWN, "Model", "text-embedding-3-small", aliases=("model_name",), combobox=True)


class OllamaEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of an Ollama server."""

    name = "OllamaEmbeddings"
    aliases = ("OllamaEmbeddingsComponent",)
    display_name = "Ollama Embeddings"
    icon = "Ollama"
    vendor = "Ollama"


class MistralEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of Mistral."""

    name = "MistalAIEmbeddings"
    aliases = ("MistralAIEmbeddings", "MistralAIEmbeddingsComponent")
    display_name = "MistralAI Embeddings"
    icon = "MistralAI"
    vendor = "Mistral"


class LMStudioEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of an LM Studio server."""

    name = "LMStudioEmbeddingsComponent"
    aliases = ("LMStudioEmbeddings",)
    display_name = "LM Studio Embeddings"
    icon = "LMStudio"
    vendor = "LM Studio"


class NVIDIAEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of NVIDIA."""

    name = "NVIDIAEmbeddingsComponent"
    aliases = ("NVIDIAEmbeddings",)
    display_name = "NVIDIA Embeddings"
    icon = "NVIDIA"
    vendor = "NVIDIA"


class AIMLEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of AI/ML API."""

    name = "AIMLEmbeddings"
    aliases = ("AIMLEmbeddingsComponent",)
    display_name = "AI/ML API Embeddings"
    icon = "AIML"
    vendor = "AI/ML"


class GoogleEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of Google."""

    name = "Google Generative AI Embeddings"
    aliases = ("GoogleGenerativeAIEmbeddings", "GoogleGenerativeAIEmbeddingsComponent")
    display_name = "Google Generative AI Embeddings"
    icon = "GoogleGenerativeAI"
    vendor = "Google Generative AI"


class CohereEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of Cohere."""

    name = "CohereEmbeddings"
    aliases = ("CohereEmbeddingsComponent",)
    display_name = "Cohere Embeddings"
    icon = "Cohere"
    vendor = "Cohere"


class VLLMEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of a vLLM server."""

    name = "vLLMEmbeddings"
    aliases = ("VllmEmbeddingsComponent",)
    display_name = "vLLM Embeddings"
    icon = "vLLM"
    vendor = "vLLM"


class HuggingFaceInferenceEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of Hugging Face, or of a Text Embeddings Inference server of your own."""

    name = "HuggingFaceInferenceAPIEmbeddings"
    aliases = ("HuggingFaceInferenceAPIEmbeddingsComponent",)
    display_name = "Hugging Face Embeddings Inference"
    icon = "HuggingFace"
    vendor = "Hugging Face"

    base_url: str = field(
        Kind.TEXT,
        "Inference Endpoint",
        aliases=("inference_endpoint", "api_url"),
        info="A server of your own; the shared ones of Hugging Face count as empty.",
    )

    def _wish(self) -> EmbeddingWish:
        return replace(super()._wish(), base_url=own_endpoint(self.base_url))


class WatsonxEmbeddingsComponent(_ProviderEmbeddings):
    """Hand on an embedding model of IBM watsonx.ai."""

    name = "WatsonxEmbeddingsComponent"
    aliases = ("WatsonxEmbeddings",)
    display_name = "IBM watsonx.ai Embeddings"
    icon = "WatsonxAI"
    vendor = "IBM watsonx.ai"

    base_url: str = field(Kind.TEXT, "watsonx API Endpoint", aliases=("url",), info="Empty: WATSONX_URL, else Dallas.")
    project_id: str = field(Kind.STR, "watsonx Project ID", info="Empty, without a space: WATSONX_PROJECT_ID.")
    space_id: str = field(Kind.STR, "watsonx Space ID", advanced=True)
    truncate_input_tokens: int = field(
        Kind.INT, "Truncate Input Tokens", 200, advanced=True, info="0: texts stay whole."
    )

    def _wish(self) -> EmbeddingWish:
        wish = super()._wish()
        extra: dict[str, Any] = {"project_id": self.project_id, "space_id": self.space_id}
        if self.truncate_input_tokens > 0:
            extra["parameters"] = {"truncate_input_tokens": self.truncate_input_tokens}
        given = {key: value for key, value in extra.items() if value}
        return replace(wish, options=msgspec.structs.replace(wish.options, extra=given))


class AzureOpenAIEmbeddingsComponent(_EmbeddingComponent):
    """Hand on an embedding model that is deployed at Azure."""

    name = "AzureOpenAIEmbeddings"
    aliases = ("AzureOpenAIEmbeddingsComponent",)
    display_name = "Azure OpenAI Embeddings"
    icon = "Azure"

    azure_endpoint: str = field(Kind.TEXT, "Azure Endpoint", required=True, info="Address of the resource.")
    azure_deployment: str = field(Kind.TEXT, "Deployment Name", required=True, info="Name of the deployment.")
    api_version: str = field(Kind.STR, "API Version", "2024-10-21", advanced=True)
    model: str = field(Kind.DROPDOWN, "Model", advanced=True, info="Kept for old flows; the deployment decides.")

    def _wish(self) -> EmbeddingWish:
        wish = self._asked(provider="Azure OpenAI", model_name=self.azure_deployment)
        return replace(wish, base_url=azure_address(self.azure_endpoint, self.api_version))


class TextEmbedderComponent(Component):
    """Turns a message into a vector."""

    name = "TextEmbedderComponent"
    aliases = ("TextEmbedder", "Text Embedder")
    display_name = "Text Embedder"
    category = "embeddings"
    icon = "binary"
    legacy = True

    embedding_model: Any = field(Kind.HANDLE, "Embedding Model", required=True, input_types=("Embeddings",))
    message: Any = field(Kind.MESSAGE, "Message", required=True, info="The text.")

    @output("embeddings", "Embedding Data", types=("JSON", "Data"), aliases=("generate_embeddings",))
    async def generate_embeddings(self) -> Data:
        """`text` and its `embeddings`. Raises `ComponentError` without a text or a model."""
        from langflow_lite.models.base import Embeddings

        if not isinstance(self.embedding_model, Embeddings):
            raise ComponentError("what is connected to Embedding Model is not an embedding model")
        text = to_text(self.message)
        if not text.strip():
            raise ComponentError("there is no text to embed: the message is empty")
        made = Data({"text": text, "embeddings": await self.embedding_model.embed_query(text)})
        self.status = {"text": text, "embeddings": len(made.data["embeddings"])}
        return made


class EmbeddingSimilarityComponent(Component):
    """Compares two vectors."""

    name = "EmbeddingSimilarityComponent"
    aliases = ("EmbeddingSimilarity", "Embedding Similarity")
    display_name = "Embedding Similarity"
    category = "embeddings"
    icon = "equal"
    legacy = True

    embedding_vectors: list[Any] = field(
        Kind.DATA, "Embedding Vectors", required=True, is_list=True, info="Two of them, as a Text Embedder makes them."
    )
    similarity_metric: str = field(
        Kind.DROPDOWN,
        "Similarity Metric",
        "Cosine Similarity",
        options=("Cosine Similarity", "Euclidean Distance", "Manhattan Distance"),
    )

    @output("similarity_data", "Similarity Data", types=("JSON", "Data"), aliases=("compute_similarity",))
    async def compute_similarity(self) -> Data:
        """Both vectors and `similarity_score`, an object with the metric's name. Raises `ComponentError`."""
        if len(self.embedding_vectors) != 2:
            raise ComponentError(f"exactly two vectors are compared, and {len(self.embedding_vectors)} are connected")
        first, second = (_vector(item) for item in self.embedding_vectors)
        if len(first) != len(second):
            score: dict[str, Any] = {"error": "The embeddings have different lengths, so they cannot be compared."}
        else:
            score = self._score(first, second)
        self.status = score
        return Data({"embedding_1": first, "embedding_2": second, "similarity_score": score})

    def _score(self, first: list[float], second: list[float]) -> dict[str, Any]:
        if self.similarity_metric == "Euclidean Distance":
            return {"euclidean_distance": math.dist(first, second)}
        if self.similarity_metric == "Manhattan Distance":
            return {"manhattan_distance": math.fsum(abs(a - b) for a, b in zip(first, second, strict=True))}
        lengths = math.hypot(*first) * math.hypot(*second)
        dot = math.fsum(a * b for a, b in zip(first, second, strict=True))
        return {"cosine_similarity": dot / lengths if lengths else 0.0}


def _vector(item: Any) -> list[float]:
    record = item.data if isinstance(item, Data) else item
    found = record.get("embeddings") if isinstance(record, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(x, (int, float)) for x in found):
        raise ComponentError("one of the inputs holds no vector under the key 'embeddings'")
    return [float(x) for x in found]
