"""Models, embeddings and tools as users' code knows them from LangChain, both ways.

What comes in answers the calls that such code makes; what goes out is told by its shape. LangChain itself is never
imported: users who need it install it.
"""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import anyio.from_thread
import anyio.to_thread

from langflow_lite.components.tools import Tool
from langflow_lite.errors import ProviderError
from langflow_lite.models.base import (
    ChatMessage,
    Delta,
    Embedded,
    Embeddings,
    LanguageModel,
    Reply,
    Role,
    ToolCall,
    ToolSpec,
    parse_arguments,
)
from langflow_lite.models.openai import chat_turn, tool_entry
from langflow_lite.values import to_text

__all__ = ["Answer", "Chat", "Vectors", "handed_in", "handed_out"]

_T = TypeVar("_T")
_ROLES: Mapping[str, Role] = {
    "human": "user",
    "user": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "tool": "tool",
}


class Answer(str):
    """What a model says: a text that also has the attributes of LangChain's message."""

    type = "ai"
    tool_calls: list[dict[str, Any]]
    usage_metadata: dict[str, int] | None
    additional_kwargs: Mapping[str, Any]
    response_metadata: Mapping[str, Any]

    @classmethod
    def of(cls, reply: Reply) -> Answer:
        """From a reply of a model."""
        made = cls(reply.text)
        made.tool_calls = [
            {"name": call.name, "args": dict(call.arguments), "id": call.id, "type": "tool_call"}
            for call in reply.tool_calls
        ]
        made.usage_metadata = reply.usage
        made.additional_kwargs, made.response_metadata = {}, {}
        return made

    @property
    def content(self) -> str:
        """The text."""
        return str(self)


class _OfTheFlow:
    """Base of what is handed in: blocking calls are made on the run's event loop, from the thread of the component."""

    def __init__(self) -> None:
        self._loop_thread = threading.get_ident()

    def _wait(self, call: Callable[..., Coroutine[Any, Any, _T]], *arguments: Any) -> _T:
        if threading.get_ident() == self._loop_thread:
            raise RuntimeError("an async method cannot wait for this: await the call that starts with `a` instead")
        return anyio.from_thread.run(call, *arguments)


class Chat(_OfTheFlow):
    """A language model of the flow, with the calls of a LangChain chat model."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        self.wrapped = model
        self.model = self.model_name = model.model
        self._tools: Sequence[ToolSpec] = ()
        self._tool_choice = ""

    async def ainvoke(self, given: Any, *_config: Any, **_options: Any) -> Answer:
        """The answer to a text, messages or a prompt."""
        return Answer.of(await self.wrapped.complete(_turns(given), tools=self._tools, tool_choice=self._tool_choice))

    def invoke(self, given: Any, *_config: Any, **_options: Any) -> Answer:
        """The answer; blocks."""
        return self._wait(self.ainvoke, given)

    __call__ = predict = invoke

    async def astream(self, given: Any, *_config: Any, **_options: Any) -> AsyncIterator[Answer]:
        """The answer, piece by piece."""
        async with aclosing(self.wrapped.stream(_turns(given))) as deltas:
            async for delta in deltas:
                if delta.text:
                    yield Answer.of(Reply(text=delta.text))

    def stream(self, given: Any, *_config: Any, **_options: Any) -> Iterator[Answer]:
        """The answer in one piece; blocks."""
        yield self.invoke(given)

    async def abatch(self, given: Sequence[Any], *_config: Any, **_options: Any) -> list[Answer]:
        """The answers to several."""
        return [await self.ainvoke(one) for one in given]

    def batch(self, given: Sequence[Any], *_config: Any, **_options: Any) -> list[Answer]:
        """The answers to several; blocks."""
        return self._wait(self.abatch, given)

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = "", **_options: Any) -> Chat:
        """The same model with tools that it may call."""
        bound = copy.copy(self)
        bound._tools = [_spec(tool) for tool in tools]
        bound._tool_choice = tool_choice if isinstance(tool_choice, str) else "required"
        return bound

    def with_config(self, *_config: Any, **_options: Any) -> Chat:
        """This model."""
        return self

    bind = with_config


class Vectors(_OfTheFlow):
    """An embedding model of the flow, with the calls of LangChain's."""

    def __init__(self, embeddings: Embeddings) -> None:
        super().__init__()
        self.wrapped = embeddings
        self.model = embeddings.model

    async def aembed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""
        return await self.wrapped.embed_documents(list(texts))

    async def aembed_query(self, text: str) -> list[float]:
        """The vector to search with."""
        return await self.wrapped.embed_query(text)

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text; blocks."""
        return self._wait(self.aembed_documents, texts)

    def embed_query(self, text: str) -> list[float]:
        """The vector to search with; blocks."""
        return self._wait(self.aembed_query, text)

    __call__ = embed_query


class _UsersModel(LanguageModel):
    """A LangChain chat model that users' code made."""

    def __init__(self, model: Any) -> None:
        self.provider = type(model).__name__
        names = (getattr(model, key, None) for key in ("model_name", "model_id", "model"))
        self.model = next((name for name in names if isinstance(name, str) and name), self.provider)
        self._model = model

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """The whole reply at once (`LanguageModel.complete`)."""
        try:
            return _reply(await self._bound(tools, tool_choice).ainvoke([chat_turn(turn) for turn in messages]))
        except Exception as error:
            raise self._failed(error) from error

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply piece by piece (`LanguageModel.stream`)."""
        whole: Any = None
        chunks = self._bound(tools, tool_choice).astream([chat_turn(turn) for turn in messages])
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    whole = chunk if whole is None else whole + chunk
                    if text := _reply(chunk).text:
                        yield Delta(text=text)
        except Exception as error:
            raise self._failed(error) from error
        reply = _reply(whole)
        yield Delta(tool_calls=reply.tool_calls, usage=reply.usage)

    def _bound(self, tools: Sequence[ToolSpec], tool_choice: str) -> Any:
        if not tools:
            return self._model
        choice = {"tool_choice": tool_choice} if tool_choice else {}
        return self._model.bind_tools([tool_entry(tool) for tool in tools], **choice)

    def _failed(self, error: Exception) -> ProviderError:
        if isinstance(error, ProviderError):
            return error
        return ProviderError(f"{self.provider} failed: {error or type(error).__name__}", provider=self.provider)


class _UsersEmbeddings(Embeddings):
    """An embedding model of LangChain that users' code made."""

    def __init__(self, embeddings: Any) -> None:
        self.provider = type(embeddings).__name__
        name = getattr(embeddings, "model", None) or getattr(embeddings, "model_name", None)
        self.model = name if isinstance(name, str) else self.provider
        self._embeddings = embeddings

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """A vector for each text (`Embeddings.embed`)."""
        found = await anyio.to_thread.run_sync(self._embeddings.embed_documents, list(texts), abandon_on_cancel=True)
        return Embedded([[float(number) for number in vector] for vector in found])


def handed_in(value: Any) -> Any:
    """A model of the flow as users' code knows one; every other value as it is."""
    if isinstance(value, LanguageModel):
        return value._model if isinstance(value, _UsersModel) else Chat(value)
    if isinstance(value, Embeddings):
        if (installed := sys.modules.get("langchain_core.embeddings")) is not None:
            # Vector stores of LangChain look whether it is one.
            installed.Embeddings.register(Vectors)
        return value._embeddings if isinstance(value, _UsersEmbeddings) else Vectors(value)
    return value


def handed_out(value: Any, source: str = "") -> Any:
    """A model, embedding model or tool that users' code made, as the flow knows it; every other value as it is.

    `source` is the vertex that a tool comes from.
    """
    if isinstance(value, (Chat, Vectors)):
        return value.wrapped
    if _has(value, "embed_documents", "embed_query"):
        return _UsersEmbeddings(value)
    if _has(value, "ainvoke", "generate_prompt"):
        return _UsersModel(value)
    if _has(value, "ainvoke") and hasattr(value, "args_schema") and isinstance(getattr(value, "name", None), str):
        return _tool(value, source)
    return value


def _has(value: Any, *methods: str) -> bool:
    return not isinstance(value, type) and all(callable(getattr(value, method, None)) for method in methods)


def _tool(value: Any, source: str) -> Tool:
    spec = _spec(value)

    async def call(arguments: Mapping[str, Any]) -> Any:
        return await value.ainvoke(dict(arguments))

    direct = getattr(value, "return_direct", False) is True
    return Tool(spec.name, spec.description, spec.parameters, call, source=source, return_direct=direct)


def _spec(tool: Any) -> ToolSpec:
    """Name, description and parameters of a LangChain tool, or of one in OpenAI's form."""
    if isinstance(tool, Mapping):
        function = tool.get("function") or tool
        return ToolSpec(str(function["name"]), str(function.get("description") or ""), function.get("parameters") or {})
    schema = getattr(tool, "args_schema", None)
    # pydantic 2 and 1 have different names for it.
    describe = getattr(schema, "model_json_schema", None) or getattr(schema, "schema", None)
    if isinstance(schema, Mapping):
        parameters = schema
    elif callable(describe):
        parameters = describe()
    else:
        properties = dict(tool.args)
        parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return ToolSpec(tool.name, str(getattr(tool, "description", "") or ""), parameters)


def _turns(given: Any) -> list[ChatMessage]:
    """The conversation in a text, a prompt, a message or a list of messages of any form."""
    if callable(to_messages := getattr(given, "to_messages", None)):
        given = to_messages()
    if not isinstance(given, (list, tuple)) or (len(given) == 2 and isinstance(given[0], str) and given[0] in _ROLES):
        given = [given]
    return [_turn(one) for one in given]


def _turn(given: Any) -> ChatMessage:
    if isinstance(given, tuple) and len(given) == 2:
        return ChatMessage(role=_ROLES.get(str(given[0]), "user"), text=to_text(given[1]))
    if isinstance(given, Mapping):
        read: Callable[[str], Any] = given.get
    else:
        read = lambda key: getattr(given, key, None)  # noqa: E731
    role = _ROLES.get(str(read("role") or read("type") or ""), "user")
    content = read("content")
    text = _plain(content) if content is not None else to_text(given)
    calls = tuple(_call(call) for call in read("tool_calls") or () if isinstance(call, Mapping))
    return ChatMessage(role=role, text=text, tool_calls=calls, tool_call_id=str(read("tool_call_id") or ""))


def _call(call: Mapping[str, Any]) -> ToolCall:
    if function := call.get("function"):
        return parse_arguments(str(call.get("id") or ""), str(function["name"]), str(function.get("arguments") or ""))
    return ToolCall(str(call.get("id") or ""), str(call["name"]), dict(call.get("args") or {}))


def _reply(message: Any) -> Reply:
    """What a LangChain model answered."""
    content = getattr(message, "content", message)
    usage = getattr(message, "usage_metadata", None)
    return Reply(
        text=_plain(content) if content is not None else "",
        tool_calls=tuple(_call(call) for call in getattr(message, "tool_calls", None) or ()),
        usage={key: value for key, value in usage.items() if isinstance(value, int)} if usage else None,
    )


def _plain(content: Any) -> str:
    if isinstance(content, (list, tuple)):
        return "".join(str(part.get("text") or "") if isinstance(part, Mapping) else str(part) for part in content)
    return content if isinstance(content, str) else to_text(content)
