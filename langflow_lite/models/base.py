"""LanguageModel and Embeddings, and what goes in and out: chat messages, tools, replies whole or in pieces, vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal

import msgspec

__all__ = [
    "ChatMessage",
    "Delta",
    "Embedded",
    "Embeddings",
    "Image",
    "LanguageModel",
    "Options",
    "Reply",
    "Role",
    "ToolCall",
    "ToolSpec",
    "parse_arguments",
    "token_usage",
]

Role = Literal["system", "user", "assistant", "tool"]


class Image(msgspec.Struct, frozen=True):
    """An image that goes with a chat message: its bytes and media type (`image/png`)."""

    data: bytes
    media_type: str


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool the model may call; `parameters` is the JSON schema of its arguments, an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class ToolCall(msgspec.Struct, frozen=True):
    """A call the model asks for.

    `error` is not empty when the model wrote arguments that are not a JSON object; `raw` is what it wrote, so that
    the call can be shown to it again together with the complaint. `signature` is what the provider wants back with the
    call, not to be looked into.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] = {}
    raw: str = ""
    error: str = ""
    signature: str = ""


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a conversation as models see it.

    An assistant turn may carry `tool_calls`; a tool turn answers the one whose id is `tool_call_id`, made to `tool_name`.
    """

    role: Role
    text: str = ""
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    tool_name: str = ""


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a streamed reply: text, or, once and last, the tool calls, the token usage and why it ended."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: dict[str, int] | None = None
    finish_reason: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply. `usage` has `input_tokens`, `output_tokens` and `total_tokens`, or is None when not reported."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: dict[str, int] | None = None
    finish_reason: str = ""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is to be asked; None leaves a choice to the provider.

    `json_schema` is a name and a JSON schema that the reply has to follow.

    `extra` joins the request body as it is (`model_kwargs` of a node), for Ollama its `options`. `timeout` is in
    seconds of silence. `reasoning` marks models that take neither temperature nor seed.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    top_p: float | None = None
    json_mode: bool = False
    json_schema: tuple[str, Mapping[str, Any]] | None = None
    extra: Mapping[str, Any] = {}
    timeout: float | None = None
    max_retries: int = 2
    reasoning: bool = False


class LanguageModel(ABC):
    """A chat model of some provider, ready to be called. Travels along edges of type LanguageModel.

    Both calls raise `ProviderError` when the provider refuses, cannot be reached or breaks off. Cancelling a call
    closes its connection.
    """

    provider: str
    model: str

    def with_schema(self, name: str, schema: Mapping[str, Any]) -> LanguageModel | None:
        """The same model, its replies held to a JSON schema; None when the protocol has no way to do that."""
        return None

    @abstractmethod
    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """The whole reply at once. `tool_choice` is "auto", "none", "required" or the name of a tool."""

    @abstractmethod
    def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply piece by piece, without empty pieces. Close it (`contextlib.aclosing`) when leaving early."""


class Embedded(msgspec.Struct, frozen=True):
    """The vectors of some texts, in their order. `usage` is as in a `Reply`, without output tokens."""

    vectors: list[list[float]]
    usage: dict[str, int] | None = None


class Embeddings(ABC):
    """An embedding model, ready to be called. Travels along edges of type Embeddings.

    Vectors of one model have one length; those of two models cannot be compared. All calls raise `ProviderError`.
    """

    provider: str
    model: str

    @abstractmethod
    async def embed(self, texts: Sequence[str]) -> Embedded:
        """A vector for each text."""

    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in order."""
        return (await self.embed(texts)).vectors

    async def embed_query(self, text: str) -> list[float]:
        """The vector to search with."""
        return (await self.embed_documents([text]))[0]


def token_usage(input_tokens: int | None, output_tokens: int | None) -> dict[str, int] | None:
    """Usage in the form messages carry it; None when the provider reported neither number."""
    if input_tokens is None and output_tokens is None:
        return None
    read, written = input_tokens or 0, output_tokens or 0
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def parse_arguments(call_id: str, name: str, raw: str) -> ToolCall:
    """The call whose arguments a model wrote as text; never fails, a text that is no JSON object becomes `error`."""
    if not raw.strip():
        return ToolCall(call_id, name)
    try:
        arguments = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return ToolCall(call_id, name, raw=raw, error=f"the arguments are not valid JSON: {error}")
    if not isinstance(arguments, dict):
        return ToolCall(call_id, name, raw=raw, error="the arguments are not a JSON object")
    return ToolCall(call_id, name, arguments, raw)
