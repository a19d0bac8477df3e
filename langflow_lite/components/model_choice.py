"""What components have in common that ask a language model without being one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio

from langflow_lite.components.base import Component
from langflow_lite.components.inputs import Kind, field
from langflow_lite.errors import LangflowError
from langflow_lite.models.base import ChatMessage, LanguageModel
from langflow_lite.models.resolve import Wish, open_model

__all__ = ["ModelUser"]


_AT_ONCE = 8


class ModelUser(Component):
    """Base of components that use a model: one that an edge brings, one that is chosen, else the server's default."""

    category = "llm_operations"

    model: Any = field(
        Kind.MODEL,
        "Language Model",
        input_types=("LanguageModel",),
        aliases=("llm",),
        info="Empty: the server's default model.",
    )
    provider: str = field(Kind.STR, "Provider", advanced=True, show=False)
    model_name: str = field(Kind.STR, "Model Name", advanced=True, show=False)
    api_key: str = field(Kind.SECRET, "API Key", advanced=True, load_from_db=True)
    ollama_base_url: str = field(Kind.STR, "Ollama Base URL", advanced=True, show=False)
    base_url_ibm_watsonx: str = field(Kind.STR, "watsonx API Endpoint", advanced=True, show=False)
    project_id: str = field(Kind.STR, "watsonx Project ID", advanced=True, show=False)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._opened: LanguageModel | None = None

    async def language_model(self) -> LanguageModel:
        """The model, opened once. Raises `MissingModel`."""
        if self._opened is None:
            self._opened = await open_model(
                self.ctx,
                Wish(
                    model=self.model,
                    provider=self.provider,
                    model_name=self.model_name or "",
                    api_key=self.api_key,
                    ollama_base_url=self.ollama_base_url,
                    watsonx_url=self.base_url_ibm_watsonx,
                    watsonx_project=self.project_id,
                ),
            )
            self.model_name = self._opened.model
        return self._opened

    async def ask(self, system: str, text: str) -> str:
        """One question and its answer; tokens are counted. Raises `ProviderError` and `MissingModel`."""
        messages = [ChatMessage(role="system", text=system)] if system.strip() else []
        return await self.complete([*messages, ChatMessage(role="user", text=text)])

    async def ask_each(self, system: str, texts: Sequence[str], at_once: int = _AT_ONCE) -> list[str]:
        """The same about each text, several beside each other; the first error ends all and is raised."""
        await self.language_model()
        answers = [""] * len(texts)
        limiter = anyio.CapacityLimiter(min(max(1, at_once), _AT_ONCE))

        async def one(index: int, text: str) -> None:
            async with limiter:
                answers[index] = await self.ask(system, text)

        try:
            async with anyio.create_task_group() as tasks:
                for index, text in enumerate(texts):
                    tasks.start_soon(one, index, text)
        except BaseExceptionGroup as group:
            errors, others = group.split(LangflowError)
            if errors is None or others is not None:
                raise
            raise _first(errors) from group
        return answers

    async def complete(self, messages: Sequence[ChatMessage]) -> str:
        """The model's text; tokens are counted."""
        reply = await (await self.language_model()).complete(messages)
        if reply.usage:
            total = self.usage or {}
            self.usage = {key: total.get(key, 0) + count for key, count in reply.usage.items()}
        return reply.text


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
