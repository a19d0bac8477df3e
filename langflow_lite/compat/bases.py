"""The base classes that components around LangChain objects were written on: tools, models, embeddings, vector stores."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

import anyio.to_thread

from langflow_lite.compat.component import Component
from langflow_lite.compat.inputs import INPUT_CLASSES, BaseInput, Output
from langflow_lite.compat.langchain import handed_out
from langflow_lite.compat.values import Data, DataFrame, Message
from langflow_lite.models.base import ChatMessage, LanguageModel

__all__ = [
    "LCEmbeddingsModel",
    "LCModelComponent",
    "LCToolComponent",
    "LCVectorStoreComponent",
    "check_cached_vector_store",
    "vector_store_connection",
]


class LCToolComponent(Component):
    """A tool: `build_tool` makes it, `run_model` is what it does."""

    trace_type: ClassVar[str] = "tool"
    outputs: ClassVar[list[Output]] = [
        Output(name="api_run_model", display_name="Data", method="run_model"),
        Output(name="api_build_tool", display_name="Tool", method="build_tool"),
    ]


class LCEmbeddingsModel(Component):
    """An embedding model, which `build_embeddings` makes."""

    trace_type: ClassVar[str] = "embedding"
    outputs: ClassVar[list[Output]] = [
        Output(name="embeddings", display_name="Embedding Model", method="build_embeddings", types=["Embeddings"])
    ]


class LCModelComponent(Component):
    """A language model, which `build_model` makes, and what it answers to the input."""

    trace_type: ClassVar[str] = "llm"
    inputs: ClassVar[list[BaseInput]] = [
        INPUT_CLASSES["MessageInput"](name="input_value", display_name="Input"),
        INPUT_CLASSES["MultilineInput"](name="system_message", display_name="System Message"),
        INPUT_CLASSES["BoolInput"](name="stream", display_name="Stream", advanced=True),
    ]
    _base_inputs: ClassVar[list[BaseInput]] = inputs
    outputs: ClassVar[list[Output]] = [
        Output(name="text_output", display_name="Model Response", method="text_response", types=["Message"]),
        Output(name="model_output", display_name="Language Model", method="build_model", types=["LanguageModel"]),
    ]

    async def text_response(self) -> Message:
        """What the model answers. Raises `ProviderError`, and `ValueError` when there is nothing to send."""
        build: Callable[[], Any] = self.build_model
        made = await build() if inspect.iscoroutinefunction(build) else await anyio.to_thread.run_sync(build)
        model = handed_out(made)
        if not isinstance(model, LanguageModel):
            raise TypeError(
                f"build_model of {type(self).__name__} gave {type(made).__name__}, which is no language model"
            )
        system = str(self._attributes.get("system_message") or "")
        given = self._attributes.get("input_value") or ""
        turns = [ChatMessage(role="system", text=system)] if system else []
        if text := given.get_text() if isinstance(given, Data) else str(given):
            turns.append(ChatMessage(role="user", text=text))
        if not turns:
            raise ValueError("The message you want to send to the model is empty.")
        answer = Message(text=(await model.complete(turns)).text)
        self.status = answer
        return answer


class LCVectorStoreComponent(Component):
    """A vector store, which `build_vector_store` makes and `search_documents` asks."""

    trace_type: ClassVar[str] = "retriever"
    inputs: ClassVar[list[BaseInput]] = [
        INPUT_CLASSES["HandleInput"](
            name="ingest_data", display_name="Ingest Data", input_types=["Data", "DataFrame"], is_list=True
        ),
        INPUT_CLASSES["QueryInput"](name="search_query", display_name="Search Query", tool_mode=True),
        INPUT_CLASSES["BoolInput"](
            name="should_cache_vector_store", display_name="Cache Vector Store", value=True, advanced=True
        ),
    ]
    outputs: ClassVar[list[Output]] = [
        Output(name="search_results", display_name="Search Results", method="search_documents", types=["Data"]),
        Output(name="dataframe", display_name="DataFrame", method="as_dataframe", types=["DataFrame"]),
    ]

    def _prepare_ingest_data(self) -> list[Any]:
        """What is connected, tables as records."""
        given = self._attributes.get("ingest_data") or []
        records: list[Any] = []
        for one in given if isinstance(given, list) else [given]:
            records += one.to_data_list() if isinstance(one, DataFrame) else [one]
        return records

    async def as_dataframe(self) -> DataFrame:
        """What was found, as rows."""
        search: Callable[[], Any] = self.search_documents
        found = await search() if inspect.iscoroutinefunction(search) else await anyio.to_thread.run_sync(search)
        return DataFrame(found)


def check_cached_vector_store(build: Callable[..., Any]) -> Callable[..., Any]:
    """Have `build_vector_store` make its store once for each component."""

    @wraps(build)
    def built(self: Component, *arguments: Any, **named: Any) -> Any:
        kept = self.__dict__
        if "_vector_store" not in kept:
            kept["_vector_store"] = build(self, *arguments, **named)
        return kept["_vector_store"]

    return built


def vector_store_connection(component: type[Component]) -> type[Component]:
    """The component as it is: its store is not handed to others here."""
    return component
