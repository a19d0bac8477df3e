"""ObservedModel and ObservedEmbeddings: models whose calls are told to the observer of the run."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

from langflow_lite.context import ModelCall, ModelObserver, RunContext
from langflow_lite.models.base import ChatMessage, Delta, Embedded, Embeddings, LanguageModel, Reply, ToolSpec

__all__ = ["ObservedEmbeddings", "ObservedModel"]


class ObservedModel(LanguageModel):
    """The same model; a call counts from its beginning to the last piece of its answer."""

    def __init__(self, model: LanguageModel, ctx: RunContext, observer: ModelObserver) -> None:
        self.provider = model.provider
        self.model = model.model
        self._inner = model
        self._ctx = ctx
        self._observer = observer

    def with_schema(self, name: str, schema: Mapping[str, Any]) -> LanguageModel | None:
        """The same model, its replies held to a JSON schema; None when the protocol has no way to do that."""
        held = self._inner.with_schema(name, schema)
        return None if held is None else ObservedModel(held, self._ctx, self._observer)

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """The whole reply at once."""
        with _told(self._ctx, self._observer, ModelCall(self.provider, self.model)) as call:
            reply = await self._inner.complete(messages, tools=tools, tool_choice=tool_choice)
            call.usage, call.finish_reason = reply.usage, reply.finish_reason
        return reply

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply piece by piece."""
        with _told(self._ctx, self._observer, ModelCall(self.provider, self.model, streamed=True)) as call:
            async with aclosing(self._inner.stream(messages, tools=tools, tool_choice=tool_choice)) as deltas:
                async for delta in deltas:
                    call.usage = delta.usage or call.usage
                    call.finish_reason = delta.finish_reason or call.finish_reason
                    yield delta


class ObservedEmbeddings(Embeddings):
    """The same embedding model; a call counts until there is a vector for each of its texts."""

    def __init__(self, embeddings: Embeddings, ctx: RunContext, observer: ModelObserver) -> None:
        self.provider = embeddings.provider
        self.model = embeddings.model
        self._inner = embeddings
        self._ctx = ctx
        self._observer = observer

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """A vector for each text."""
        with _told(self._ctx, self._observer, ModelCall(self.provider, self.model, "embeddings")) as call:
            embedded = await self._inner.embed(texts)
            call.usage = embedded.usage
        return embedded


@contextmanager
def _told(ctx: RunContext, observer: ModelObserver, call: ModelCall) -> Iterator[ModelCall]:
    observer.model_began(ctx, call)
    began = time.perf_counter()
    try:
        yield call
    except GeneratorExit:
        # Whoever read the stream had enough of it.
        raise
    except BaseException as error:
        call.error = error
        raise
    finally:
        call.seconds = time.perf_counter() - began
        observer.model_ended(ctx, call)
