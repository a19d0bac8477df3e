"""The built-in model: answers what it was asked, word by word, without a key or a network."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

from anyio.lowlevel import checkpoint

from langflow_lite.models.base import ChatMessage, Delta, LanguageModel, Reply, ToolSpec, token_usage
from langflow_lite.models.endpoint import Endpoint

__all__ = ["Echo", "connect"]

_WORDS = re.compile(r"\s*\S+\s*?(?=\s|$)|\s+")


class Echo(LanguageModel):
    """Repeats the last user turn (the system text when there is none). A word counts as a token; tools are not called."""

    def __init__(self, model: str = "echo") -> None:
        self.provider = "Echo"
        self.model = model

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """The text of the last user turn."""
        text = _last_words(messages)
        return Reply(text=text, usage=_count(messages, text), finish_reason="stop")

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The same, a word at a time with the space in front of it."""
        text = _last_words(messages)
        for word in _WORDS.findall(text):
            await checkpoint()
            yield Delta(text=word)
        yield Delta(usage=_count(messages, text), finish_reason="stop")


def connect(endpoint: Endpoint) -> Echo:
    """The model an endpoint describes."""
    return Echo(endpoint.model)


def _last_words(messages: Sequence[ChatMessage]) -> str:
    for role in ("user", "system"):
        for message in reversed(messages):
            if message.role == role:
                return message.text
    return ""


def _count(messages: Sequence[ChatMessage], reply: str) -> dict[str, int] | None:
    return token_usage(sum(len(message.text.split()) for message in messages), len(reply.split()))
