"""The Ollama chat protocol: one JSON object a line."""

from __future__ import annotations

import base64
import copy
import uuid
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

__all__ = ["Ollama", "connect"]

_PATH = "/api/chat"


class _Function(msgspec.Struct):
    name: str = ""
    arguments: Any = None


class _Call(msgspec.Struct):
    function: _Function | None = None
    id: str | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct):
    message: _Message | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Line, strict=False)


class Ollama(LanguageModel):
    """A model behind `POST {base}/api/chat`.

    `Options.extra` joins the request's `options` (`num_ctx`, `mirostat`, ...), except `format` and `keep_alive`, which
    belong beside them.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model
        self._options = endpoint.options
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._upstream = Upstream(endpoint, headers)

    def with_schema(self, name: str, schema: Mapping[str, Any]) -> Ollama:
        """Structured outputs: the schema as `format`."""
        held = copy.copy(self)
        held._options = replace(self._options, json_schema=(name, schema))
        return held

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """One request, one reply (`LanguageModel.complete`). The protocol knows no `tool_choice` but "none"."""
        content = await self._upstream.post(_PATH, self._body(messages, tools, tool_choice, stream=False))
        line = decode_as(self._upstream, _decoder, content)
        if line.error:
            raise self._upstream.reported(line.error)
        if line.message is None:
            raise self._upstream.error("sent an answer without a message")
        return Reply(
            text=line.message.content or "",
            tool_calls=_calls_of(line.message),
            usage=token_usage(line.prompt_eval_count, line.eval_count),
            finish_reason=line.done_reason or "",
        )

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply as it is written (`LanguageModel.stream`)."""
        upstream = self._upstream
        calls: tuple[ToolCall, ...] = ()
        async with aclosing(upstream.lines(_PATH, self._body(messages, tools, tool_choice, stream=True))) as lines:
            async for content in lines:
                line = decode_as(upstream, _decoder, content)
                if line.error:
                    raise upstream.reported(line.error)
                if line.message is not None:
                    calls += _calls_of(line.message)
                    if line.message.content:
                        yield Delta(text=line.message.content)
                if line.done:
                    await read_out(lines)
                    yield Delta(
                        tool_calls=calls,
                        usage=token_usage(line.prompt_eval_count, line.eval_count),
                        finish_reason=line.done_reason or "",
                    )
                    return
        raise upstream.cut_off()

    def _body(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], tool_choice: str, *, stream: bool
    ) -> dict[str, Any]:
        given = self._options
        extra = dict(given.extra)
        options: dict[str, Any] = {}
        if given.temperature is not None:
            options["temperature"] = given.temperature
        if given.seed is not None:
            options["seed"] = given.seed
        if given.top_p is not None:
            options["top_p"] = given.top_p
        if given.max_tokens is not None:
            options["num_predict"] = given.max_tokens
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [_message(message) for message in messages],
            "stream": stream,
        }
        for name in ("format", "keep_alive"):
            if name in extra:
                body[name] = extra.pop(name)
        if given.json_mode:
            body.setdefault("format", "json")
        if given.json_schema is not None:
            body["format"] = dict(given.json_schema[1])
        options.update(extra)
        if options:
            body["options"] = options
        if tools and tool_choice != "none":
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
                }
                for t in tools
            ]
        return body


def connect(endpoint: Endpoint) -> Ollama:
    """The model an endpoint describes."""
    return Ollama(endpoint)


def _message(message: ChatMessage) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.images:
        turn["images"] = [base64.b64encode(image.data).decode() for image in message.images]
    if message.tool_calls:
        turn["tool_calls"] = [
            {"function": {"name": call.name, "arguments": dict(call.arguments)}} for call in message.tool_calls
        ]
    if message.role == "tool" and message.tool_name:
        turn["tool_name"] = message.tool_name
    return turn


def _calls_of(message: _Message) -> tuple[ToolCall, ...]:
    calls = []
    for call in message.tool_calls or ():
        if call.function is None:
            continue
        # Ollama's calls have no id of their own in most releases, and agents tell calls apart by it.
        call_id = call.id or f"call_{uuid.uuid4().hex[:12]}"
        arguments = call.function.arguments
        if isinstance(arguments, str):
            calls.append(parse_arguments(call_id, call.function.name, arguments))
        else:
            calls.append(ToolCall(call_id, call.function.name, arguments if isinstance(arguments, dict) else {}))
    return tuple(calls)
