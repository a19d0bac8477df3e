"""Embeddings: texts as vectors, from a provider or worked out here. Travel along edges of type Embeddings."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote
from zlib import crc32

import anyio.to_thread
import msgspec

from langflow_lite.models.azure import deployment
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.http import Upstream, decode_as

__all__ = [
    "AzureEmbeddings",
    "Embeddings",
    "GeminiEmbeddings",
    "HashedEmbeddings",
    "OllamaEmbeddings",
    "OpenAIEmbeddings",
]

_WORD = re.compile(r"\w+")
_IN_PLACE = 20_000
"""Most characters that are hashed on the event loop; it takes about a millisecond."""


class Embeddings(ABC):
    """An embedding model, ready to be called.

    Vectors of one model have one length; those of two models cannot be compared. Both calls raise `ProviderError`.
    """

    provider: str
    model: str

    @abstractmethod
    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in order."""

    async def embed_query(self, text: str) -> list[float]:
        """The vector to search with."""
        return (await self.embed_documents([text]))[0]


class _Item(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _OpenAIReply(msgspec.Struct):
    data: list[_Item] | None = None


class _Values(msgspec.Struct):
    values: list[float]


class _GeminiReply(msgspec.Struct):
    embeddings: list[_Values] | None = None


class _OllamaReply(msgspec.Struct):
    embeddings: list[list[float]] | None = None


_openai_decoder = msgspec.json.Decoder(_OpenAIReply, strict=False)
_gemini_decoder = msgspec.json.Decoder(_GeminiReply, strict=False)
_ollama_decoder = msgspec.json.Decoder(_OllamaReply, strict=False)


class OpenAIEmbeddings(Embeddings):
    """A model behind `POST {base}/embeddings`, asked for at most `chunk_size` texts at once."""

    _path = "/embeddings"

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model
        self._dimensions = dimensions
        self._chunk_size = max(1, chunk_size)
        self._extra = dict(endpoint.options.extra)
        self._upstream = Upstream(endpoint, self._credentials(endpoint.key) if endpoint.key else {})

    def _credentials(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in order."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), self._chunk_size):
            # Several servers refuse an empty text, which has to have a vector all the same.
            batch = [text or " " for text in texts[start : start + self._chunk_size]]
            body = {"model": self.model, "input": batch, "encoding_format": "float", **self._extra}
            if self._dimensions is not None:
                body["dimensions"] = self._dimensions
            reply = decode_as(self._upstream, _openai_decoder, await self._upstream.post(self._path, body))
            items = reply.data or []
            if len(items) != len(batch):
                raise self._upstream.error(f"sent {len(items)} embeddings for {len(batch)} texts")
            if all(item.index is not None for item in items):
                items.sort(key=lambda item: item.index or 0)
            vectors += [item.embedding for item in items]
        return vectors


class OllamaEmbeddings(Embeddings):
    """A model behind `POST {base}/api/embed`."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model
        self._dimensions = dimensions
        self._chunk_size = max(1, chunk_size)
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._upstream = Upstream(endpoint, headers)

    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in order."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), self._chunk_size):
            batch = list(texts[start : start + self._chunk_size])
            body: dict[str, object] = {"model": self.model, "input": batch}
            if self._dimensions is not None:
                body["dimensions"] = self._dimensions
            reply = decode_as(self._upstream, _ollama_decoder, await self._upstream.post("/api/embed", body))
            found = reply.embeddings or []
            if len(found) != len(batch):
                raise self._upstream.error(f"sent {len(found)} embeddings for {len(batch)} texts")
            vectors += found
        return vectors


class AzureEmbeddings(OpenAIEmbeddings):
    """A deployment of an embedding model; the base URL is that of the resource (`models.azure`)."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        base, self._path = deployment(endpoint, "embeddings")
        super().__init__(replace(endpoint, base_url=base), dimensions=dimensions, chunk_size=chunk_size)

    def _credentials(self, key: str) -> dict[str, str]:
        return {"api-key": key}


class GeminiEmbeddings(Embeddings):
    """A model behind `POST {base}/v1beta/models/{model}:batchEmbedContents`, which takes at most 100 texts at once."""

    def __init__(self, endpoint: Endpoint, *, dimensions: int | None = None, chunk_size: int = 1000) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model.removeprefix("models/")
        self._dimensions = dimensions
        self._chunk_size = min(max(1, chunk_size), 100)
        self._upstream = Upstream(endpoint, {"x-goog-api-key": endpoint.key} if endpoint.key else {})

    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in order."""
        vectors: list[list[float]] = []
        path = f"/v1beta/models/{quote(self.model)}:batchEmbedContents"
        for start in range(0, len(texts), self._chunk_size):
            batch = texts[start : start + self._chunk_size]
            requests: list[dict[str, object]] = [
                {"model": f"models/{self.model}", "content": {"parts": [{"text": text or " "}]}} for text in batch
            ]
            if self._dimensions is not None:
                requests = [{**request, "outputDimensionality": self._dimensions} for request in requests]
            content = await self._upstream.post(path, {"requests": requests})
            found = decode_as(self._upstream, _gemini_decoder, content).embeddings or []
            if len(found) != len(batch):
                raise self._upstream.error(f"sent {len(found)} embeddings for {len(batch)} texts")
            vectors += [item.values for item in found]
        return vectors


class HashedEmbeddings(Embeddings):
    """The built-in model: words, pairs of words and parts of words, hashed into a vector of length one.

    Needs no network and no weights. Texts that share words are near each other; synonyms are not. The vector of a text
    never changes, so that what one server has indexed another can search.
    """

    def __init__(self, size: int = 384) -> None:
        self.provider = "Local"
        self.model = f"hashed-{size}"
        self._size = size

    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in order; many texts are worked out in a thread."""
        if sum(map(len, texts)) <= _IN_PLACE:
            return self._all(texts)
        return await anyio.to_thread.run_sync(self._all, texts, abandon_on_cancel=True)

    def _all(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._vector(text) for text in texts]

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
