"""Embedding models: those of providers, and a built-in one."""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from array import array
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote
from zlib import crc32

import anyio.to_thread
import msgspec

from langflow_lite.models.azure import deployment
from langflow_lite.models.base import Embedded, Embeddings
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.http import Upstream, decode_as
from langflow_lite.models.watsonx import VERSION, Session

__all__ = [
    "AzureEmbeddings",
    "FeatureExtraction",
    "GeminiEmbeddings",
    "HashedEmbeddings",
    "OllamaEmbeddings",
    "OpenAIEmbeddings",
    "WatsonxEmbeddings",
]

_WORD = re.compile(r"\w+")
_IN_PLACE = 20_000
"""Most characters that are hashed on the event loop; it takes about a millisecond."""


class _RemoteEmbeddings(Embeddings):
    """A model behind an HTTP API, asked for at most `chunk_size` texts at once."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model
        self._dimensions = dimensions
        self._chunk_size = max(1, chunk_size)
        self._endpoint = endpoint
        self._upstream = Upstream(endpoint, self._credentials(endpoint.key) if endpoint.key else {})

    def _credentials(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """A vector for each text."""
        vectors: list[list[float]] = []
        tokens: int | None = None
        for start in range(0, len(texts), self._chunk_size):
            batch = texts[start : start + self._chunk_size]
            found, taken = await self._ask(batch)
            if len(found) != len(batch):
                raise self._upstream.error(f"sent {len(found)} embeddings for {len(batch)} texts")
            vectors += found
            if taken is not None:
                tokens = (tokens or 0) + taken
        return Embedded(vectors, None if tokens is None else {"input_tokens": tokens, "total_tokens": tokens})

    @abstractmethod
    async def _ask(self, batch: Sequence[str]) -> tuple[list[list[float]], int | None]:
        """The vectors that one request brings, in order, and the tokens it took, if the answer says so."""


class _Item(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _OpenAIUsage(msgspec.Struct):
    prompt_tokens: int | None = None


class _OpenAIReply(msgspec.Struct):
    data: list[_Item] | None = None
    usage: _OpenAIUsage | None = None


class _Values(msgspec.Struct):
    values: list[float]


class _GeminiReply(msgspec.Struct):
    embeddings: list[_Values] | None = None


class _OllamaReply(msgspec.Struct):
    embeddings: list[list[float]] | None = None
    prompt_eval_count: int | None = None


class _WatsonxReply(msgspec.Struct):
    results: list[_Item] | None = None
    input_token_count: int | None = None


_openai_decoder = msgspec.json.Decoder(_OpenAIReply, strict=False)
_gemini_decoder = msgspec.json.Decoder(_GeminiReply, strict=False)
_features_decoder = msgspec.json.Decoder(list[list[float]], strict=False)
_ollama_decoder = msgspec.json.Decoder(_OllamaReply, strict=False)
_watsonx_decoder = msgspec.json.Decoder(_WatsonxReply, strict=False)


class OpenAIEmbeddings(_RemoteEmbeddings):
    """A model behind `POST {base}/embeddings`."""

    _path = "/embeddings"

    async def _ask(self, batch: Sequence[str]) -> tuple[list[list[float]], int | None]:
        # Several servers refuse an empty text, which has to have a vector all the same.
        texts = [text or " " for text in batch]
        body = {"model": self.model, "input": texts, "encoding_format": "float", **self._endpoint.options.extra}
        if self._dimensions is not None:
            body["dimensions"] = self._dimensions
        reply = decode_as(self._upstream, _openai_decoder, await self._upstream.post(self._path, body))
        items = reply.data or []
        if all(item.index is not None for item in items):
            items.sort(key=lambda item: item.index or 0)
        return [item.embedding for item in items], None if reply.usage is None else reply.usage.prompt_tokens


class OllamaEmbeddings(_RemoteEmbeddings):
    """A model behind `POST {base}/api/embed`."""

    async def _ask(self, batch: Sequence[str]) -> tuple[list[list[float]], int | None]:
        body: dict[str, object] = {"model": self.model, "input": list(batch)}
        if self._dimensions is not None:
            body["dimensions"] = self._dimensions
        reply = decode_as(self._upstream, _ollama_decoder, await self._upstream.post("/api/embed", body))
        return reply.embeddings or [], reply.prompt_eval_count


class AzureEmbeddings(OpenAIEmbeddings):
    """A deployment of an embedding model; the base URL is that of the resource (`models.azure`)."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        base, self._path = deployment(endpoint, "embeddings")
        super().__init__(replace(endpoint, base_url=base), dimensions=dimensions, chunk_size=chunk_size)

    def _credentials(self, key: str) -> dict[str, str]:
        return {"api-key": key}


class GeminiEmbeddings(_RemoteEmbeddings):
    """A model behind `POST {base}/v1beta/models/{model}:batchEmbedContents`, which takes at most 100 texts at once."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        super().__init__(endpoint, dimensions=dimensions, chunk_size=min(chunk_size, 100))
        self.model = endpoint.model.removeprefix("models/")

    def _credentials(self, key: str) -> dict[str, str]:
        return {"x-goog-api-key": key}

    async def _ask(self, batch: Sequence[str]) -> tuple[list[list[float]], int | None]:
        requests: list[dict[str, object]] = [
            {"model": f"models/{self.model}", "content": {"parts": [{"text": text or " "}]}} for text in batch
        ]
        if self._dimensions is not None:
            requests = [{**request, "outputDimensionality": self._dimensions} for request in requests]
        path = f"/v1beta/models/{quote(self.model)}:batchEmbedContents"
        content = await self._upstream.post(path, {"requests": requests})
        reply = decode_as(self._upstream, _gemini_decoder, content)
        return [item.values for item in reply.embeddings or []], None


class WatsonxEmbeddings(_RemoteEmbeddings):
    """A model behind `POST {base}/ml/v1/text/embeddings`, asked within a project or space (`models.watsonx`)."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        super().__init__(endpoint, dimensions=dimensions, chunk_size=chunk_size)
        self._session = Session(endpoint)

    async def _ask(self, batch: Sequence[str]) -> tuple[list[list[float]], int | None]:
        upstream = await self._session.upstream()
        texts = [text or " " for text in batch]
        body = {"model_id": self.model, "inputs": texts, **self._endpoint.options.extra}
        content = await upstream.post(f"/ml/v1/text/embeddings?version={VERSION}", body)
        reply = decode_as(upstream, _watsonx_decoder, content)
        return [item.embedding for item in reply.results or []], reply.input_token_count


class FeatureExtraction(_RemoteEmbeddings):
    """A model of Hugging Face, behind `POST {base}/hf-inference/models/{model}/pipeline/feature-extraction`."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        base = endpoint.base_url.removesuffix("/v1")
        super().__init__(replace(endpoint, base_url=base), dimensions=dimensions, chunk_size=min(chunk_size, 32))

    async def _ask(self, batch: Sequence[str]) -> tuple[list[list[float]], int | None]:
        path = f"/hf-inference/models/{quote(self.model)}/pipeline/feature-extraction"
        content = await self._upstream.post(path, {"inputs": [text or " " for text in batch], "truncate": True})
        return decode_as(self._upstream, _features_decoder, content), None


class HashedEmbeddings(Embeddings):
    """The built-in model: words, pairs of words and parts of words, hashed into a vector of length one.

    Needs no network and no weights. Texts that share words are near each other; synonyms are not. The vector of a text
    never changes, so that what one server has indexed another can search.
    """

    def __init__(self, size: int = 384) -> None:
        self.provider = "Local"
        self.model = f"hashed-{size}"
        self._size = size

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """A vector for each text; many texts are worked out in a thread."""
        if sum(map(len, texts)) <= _IN_PLACE:
            return self._all(texts)
        return await anyio.to_thread.run_sync(self._all, texts, abandon_on_cancel=True)

    def _all(self, texts: Sequence[str]) -> Embedded:
        return Embedded([self._vector(text) for text in texts])

    def _vector(self, text: str) -> list[float]:
        vector = array("d", bytes(8 * self._size))
        words = _WORD.findall(text.lower())
        previous = ""
        for word in words:
            self._add(vector, word, 1.0)
            if previous:
                self._add(vector, f"{previous} {word}", 0.5)
            padded = f"<{word}>"
            # Parts let forms of one word (index, indexes, indexing) share something.
            for start in range(len(padded) - 3):
                self._add(vector, padded[start : start + 4], 0.25)
            previous = word
        length = math.sqrt(sum(x * x for x in vector)) or 1.0
        return [x / length for x in vector]

    def _add(self, vector: array[float], feature: str, weight: float) -> None:
        digest = crc32(feature.encode())
        # One bit decides the sign, so that collisions cancel out instead of adding up.
        vector[(digest >> 1) % self._size] += weight if digest & 1 else -weight
