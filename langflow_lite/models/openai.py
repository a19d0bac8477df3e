"""The chat completions protocol: OpenAI and everything that speaks its language."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from msgspec.structs import replace

from langflow_lite.models.base import (
    ChatMessage,
    Delta,
    LanguageModel,
    Reply,
    ToolCall,
    ToolSpec,
    parse_arguments,
    token_usage,
)
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.http import Upstream, decode_as, read_out
from langflow_lite.values import to_json

__all__ = ["OpenAI", "chat_turn", "connect", "tool_entry"]

_PATH = "/chat/completions"
_REASONING = re.compile(r"(o[1-9]|gpt-5)(?=$|[-.:])")


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Text(msgspec.Struct):
    content: Any = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Text | None = None
    message: _Text | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Completion, strict=False)


class OpenAI(LanguageModel):
    """A model behind `POST {base}/chat/completions`.

    Reasoning models get neither temperature nor seed, and `max_completion_tokens` for `max_tokens`. Whatever else a
    server refuses with a 400 as an unsupported parameter is left out of a second and last attempt.
    """

    _path = _PATH

    def __init__(self, endpoint: Endpoint) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model
        self._options = endpoint.options
        self._upstream = Upstream(endpoint, self._credentials(endpoint.key) if endpoint.key else {}, lenient=True)

    def _credentials(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    def with_schema(self, name: str, schema: Mapping[str, Any]) -> OpenAI:
        """Structured outputs: `response_format` of the type `json_schema`."""
        held = copy.copy(self)
        held._options = replace(self._options, json_schema=(name, schema))
        return held

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """One request, one reply (`LanguageModel.complete`)."""
        content = await self._upstream.post(self._path, self._body(messages, tools, tool_choice))
        completion = decode_as(self._upstream, _decoder, content)
        if completion.error:
            raise self._upstream.reported(completion.error)
        choice = completion.choices[0] if completion.choices else None
        if choice is None or choice.message is None:
            raise self._upstream.error("sent an answer without a message")
        calls = _Calls()
        calls.add(choice.message.tool_calls or [])
        return Reply(
            text=_text_of(choice.message.content),
            tool_calls=calls.finished(),
            usage=_usage_of(completion.usage),
            finish_reason=choice.finish_reason or "",
        )

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply as it is written (`LanguageModel.stream`)."""
        upstream = self._upstream
        calls = _Calls()
        usage: dict[str, int] | None = None
        finish_reason = ""
        done = False
        async with aclosing(self._events(self._body(messages, tools, tool_choice))) as events:
            async for data in events:
                if data == b"[DONE]":
                    done = True
                    await read_out(events)
                    break
                chunk = decode_as(upstream, _decoder, data)
                if chunk.error:
                    raise upstream.reported(chunk.error)
                usage = _usage_of(chunk.usage) or usage
                for choice in chunk.choices or ()[:1]:
                    finish_reason = choice.finish_reason or finish_reason
                    piece = choice.delta or choice.message
                    if piece is None:
                        continue
                    if piece.tool_calls:
                        calls.add(piece.tool_calls)
                    text = _text_of(piece.content)
                    if text:
                        yield Delta(text=text)
        if not done and not finish_reason:
            raise upstream.cut_off()
        yield Delta(tool_calls=calls.finished(), usage=usage, finish_reason=finish_reason)

    def _events(self, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        return self._upstream.events(self._path, {**body, "stream": True, "stream_options": {"include_usage": True}})

    def _body(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], tool_choice: str) -> dict[str, Any]:
        options = self._options
        body: dict[str, Any] = {"model": self.model, "messages": [chat_turn(message) for message in messages]}
        reasoning = options.reasoning or _REASONING.match(self.model.rpartition("/")[2]) is not None
        if not reasoning:
            if options.temperature is not None:
                body["temperature"] = options.temperature
            if options.seed is not None:
                body["seed"] = options.seed
            if options.top_p is not None:
                body["top_p"] = options.top_p
        if options.max_tokens is not None:
            body["max_completion_tokens" if reasoning else "max_tokens"] = options.max_tokens
        if options.json_schema is not None:
            name, schema = options.json_schema
            described = {"name": name, "schema": dict(schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        elif options.json_mode:
            body["response_format"] = {"type": "json_object"}
        if tools:
            body["tools"] = [tool_entry(tool) for tool in tools]
            if tool_choice in ("auto", "none", "required"):
                body["tool_choice"] = tool_choice
            elif tool_choice:
                body["tool_choice"] = {"type": "function", "function": {"name": tool_choice}}
        extra = {name: value for name, value in options.extra.items() if name not in ("messages", "stream")}
        return {**body, **extra}


def connect(endpoint: Endpoint) -> OpenAI:
    """The model an endpoint describes."""
    return OpenAI(endpoint)


def tool_entry(tool: ToolSpec) -> dict[str, Any]:
    """A tool as the protocol writes it."""
    described = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": described}


def chat_turn(message: ChatMessage) -> dict[str, Any]:
    """One turn of a conversation as the protocol writes it."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    if message.images:
        content: Any = [{"type": "text", "text": message.text}] if message.text else []
        for image in message.images:
            encoded = base64.b64encode(image.data).decode()
            content.append({"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{encoded}"}})
    else:
        content = message.text
    turn: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.raw or to_json(call.arguments).decode()},
            }
            for call in message.tool_calls
        ]
        turn["content"] = content or None
    return turn


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        # Mistral sends parts; only those of type text are meant for the reader.
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return ""


def _usage_of(usage: _Usage | None) -> dict[str, int] | None:
    return None if usage is None else token_usage(usage.prompt_tokens, usage.completion_tokens)


class _Calls:
    """Tool calls put together from their pieces; a piece belongs to the call of its index, else to the last one."""

    def __init__(self) -> None:
        self._parts: dict[int, list[str]] = {}
        self._ids: dict[int, str] = {}
        self._names: dict[int, str] = {}

    def add(self, pieces: Sequence[_Call]) -> None:
        for piece in pieces:
            index = piece.index
            if index is None:
                starts = bool(piece.function and piece.function.name) or not self._parts
                index = len(self._parts) if starts else max(self._parts)
            parts = self._parts.setdefault(index, [])
            if piece.id:
                self._ids[index] = piece.id
            if piece.function is None:
                continue
            if piece.function.name:
                self._names[index] = piece.function.name
            arguments = piece.function.arguments
            if arguments is not None:
                parts.append(arguments if isinstance(arguments, str) else to_json(arguments).decode())

    def finished(self) -> tuple[ToolCall, ...]:
        return tuple(
            parse_arguments(self._ids.get(index) or f"call_{index}", self._names.get(index, ""), "".join(parts))
            for index, parts in self._parts.items()
        )
