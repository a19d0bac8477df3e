"""From what a node says to an embedding model that can be called."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from langflow_lite.context import RunContext
from langflow_lite.errors import MissingModel
from langflow_lite.models.base import Embeddings, Options
from langflow_lite.models.embeddings import (
    AzureEmbeddings,
    FeatureExtraction,
    GeminiEmbeddings,
    HashedEmbeddings,
    OllamaEmbeddings,
    OpenAIEmbeddings,
    WatsonxEmbeddings,
)
from langflow_lite.models.observed import ObservedEmbeddings
from langflow_lite.models.providers import (
    HUGGING_FACE,
    OLLAMA,
    OPENAI,
    PROVIDERS,
    Provider,
    find_provider,
    provider_of_model,
)
from langflow_lite.models.resolve import Wish, find_endpoint, given_text, look_up, read_model_field, split_provider

__all__ = ["EmbeddingWish", "open_embeddings"]

_log = logging.getLogger(__name__)
_LOCAL = frozenset({"local", "built-in", "builtin", "hashed"})
_DEFAULTS: Mapping[str, str] = {
    "OpenAI": "text-embedding-3-small",
    "Mistral": "mistral-embed",
    "NVIDIA": "nvidia/nv-embedqa-e5-v5",
    "AI/ML": "text-embedding-3-small",
    "Novita": "baai/bge-m3",
    "Google Generative AI": "gemini-embedding-001",
    "Ollama": "nomic-embed-text",
    "LM Studio": "text-embedding-nomic-embed-text-v1.5",
    "OpenRouter": "openai/text-embedding-3-small",
    "Cohere": "embed-v4.0",
    "IBM watsonx.ai": "ibm/slate-125m-english-rtrvr-v2",
    "Hugging Face": "BAAI/bge-large-en-v1.5",
}
_OLLAMA_MODELS = ("nomic-embed", "mxbai-embed", "all-minilm", "snowflake-arctic-embed", "bge-", "embeddinggemma")
_PROTOCOLS: Mapping[str, Callable[..., Embeddings]] = {
    "openai": OpenAIEmbeddings,
    "ollama": OllamaEmbeddings,
    "gemini": GeminiEmbeddings,
    "azure": AzureEmbeddings,
    "watsonx": WatsonxEmbeddings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingWish:
    """What a node says about the embedding model it wants; every part may be empty.

    `model` is the value of a model field in any of its forms, or an Embeddings object that an edge brought. `api_key`
    and `base_url` may name a global variable.
    """

    model: Any = None
    provider: str = ""
    model_name: str = ""
    api_key: str = ""
    base_url: str = ""
    ollama_base_url: str = ""
    dimensions: int | None = None
    chunk_size: int = 1000
    options: Options = field(default_factory=Options)


async def open_embeddings(ctx: RunContext, wish: EmbeddingWish | None = None) -> Embeddings:
    """The embedding model a node means.

    Without a wish, or one that names nothing: `LANGFLOW_DEFAULT_EMBEDDING_MODEL`, else the first provider that is
    configured and known to have such models, else the built-in one. Raises `MissingModel`.
    """
    wish = wish or EmbeddingWish()
    if isinstance(wish.model, Embeddings):
        return wish.model
    embeddings = await _open(ctx, wish)
    return embeddings if ctx.observer is None else ObservedEmbeddings(embeddings, ctx, ctx.observer)


async def _open(ctx: RunContext, wish: EmbeddingWish) -> Embeddings:
    provider, model = await _choose(ctx, wish)
    if provider is None:
        return HashedEmbeddings()
    made = _PROTOCOLS.get(provider.protocol)
    if made is None:
        raise MissingModel(
            f"Embeddings of {provider.name} are not supported here. Choose OpenAI, Ollama or another provider that "
            "speaks the OpenAI protocol, or leave the model empty for the server's default."
        )
    model = model or _DEFAULTS.get(provider.name, "")
    if not model:
        raise MissingModel(f"The node names the provider {provider.name} but no embedding model.")
    asked = Wish(api_key=wish.api_key, base_url=wish.base_url, ollama_base_url=wish.ollama_base_url)
    endpoint = await find_endpoint(ctx, provider, model, asked, wish.options)
    if provider is HUGGING_FACE and endpoint.base_url == provider.base_url:
        # Only endpoints of one's own speak the OpenAI protocol for embeddings.
        made = FeatureExtraction
    return made(endpoint, dimensions=wish.dimensions, chunk_size=wish.chunk_size)


async def _choose(ctx: RunContext, wish: EmbeddingWish) -> tuple[Provider | None, str]:
    """Provider and model name; no provider means the built-in model."""
    chosen, provider_name, _ = read_model_field(wish.model)
    model = given_text(wish.model_name) or chosen
    provider_name = given_text(wish.provider) or provider_name
    if provider_name:
        return _named(provider_name), model
    if not model:
        return await _default(ctx)
    if model.lower() in _LOCAL or model.startswith("hashed-"):
        return None, model
    provider, rest = split_provider(model)
    if provider is not None:
        return provider, rest
    if by_name := provider_of_model(model.removeprefix("models/")):
        return by_name, model
    return OLLAMA if model.startswith(_OLLAMA_MODELS) else OPENAI, model


async def _default(ctx: RunContext) -> tuple[Provider | None, str]:
    default = given_text(ctx.settings.default_embedding_model)
    if default:
        if default.partition(":")[0].lower() in _LOCAL:
            return None, ""
        provider, model = split_provider(default)
        if provider is not None:
            return provider, model
        alone = find_provider(default)
        return (alone, "") if alone is not None else (OPENAI, default)
    for provider in PROVIDERS:
        if provider.name in _DEFAULTS:
            for name in (*provider.key_variables, *provider.base_variables):
                if await look_up(ctx, name):
                    return provider, ""
    _tell_of_the_built_in()
    return None, ""


def _named(name: str) -> Provider | None:
    if name.lower() in _LOCAL:
        return None
    provider = find_provider(name)
    if provider is None:
        known = ", ".join(_DEFAULTS)
        raise MissingModel(f"The embedding provider {name!r} is not known. Known are: {known} and Local.")
    return provider


@cache
def _tell_of_the_built_in() -> None:
    """Say it once in the life of the server, not once a run."""
    _log.warning(
        "No embedding model is named and no provider is configured: the built-in one is used, which compares words and "
        "not meanings. Set LANGFLOW_DEFAULT_EMBEDDING_MODEL or a provider's key, such as OPENAI_API_KEY."
    )
