"""The Anthropic Messages protocol."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

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

__all__ = ["Anthropic", "connect"]

_PATH = "/v1/messages"
_VERSION = "2023-06-01"
_DEFAULT_MAX_TOKENS = 4096


class _Block(msgspec.Struct):
    type: str = ""
    text: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None
    partial_json: str | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(msgspec.Struct):
    content: list[_Block] | None = None
    usage: _Usage | None = None
    stop_reason: str | None = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: Any = None


_message_decoder = msgspec.json.Decoder(_Message, strict=False)
_event_decoder = msgspec.json.Decoder(_Event, strict=False)


class Anthropic(LanguageModel):
    """A model behind `POST {base}/v1/messages`. `max_tokens` is compulsory there: 4096 when the node sets none."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model
        self._options = endpoint.options
        headers = {"anthropic-version": _VERSION}
        if endpoint.key:
            headers["x-api-key"] = endpoint.key
        self._upstream = Upstream(endpoint, headers, lenient=True)

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """One request, one reply (`LanguageModel.complete`)."""
        content = await self._upstream.post(_PATH, self._body(messages, tools, tool_choice))
        message = decode_as(self._upstream, _message_decoder, content)
        if message.content is None:
            raise self._upstream.error("sent an answer without content")
        return Reply(
            text="".join(block.text or "" for block in message.content if block.type == "text"),
            tool_calls=tuple(
                ToolCall(block.id or "", block.name or "", block.input if isinstance(block.input, dict) else {})
                for block in message.content
                if block.type == "tool_use"
            ),
            usage=_Tally(message.usage).usage(),
            finish_reason=message.stop_reason or "",
        )

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply as it is written (`LanguageModel.stream`)."""
        body = {**self._body(messages, tools, tool_choice), "stream": True}
        upstream = self._upstream
        tally = _Tally(None)
        calls: dict[int, tuple[_Block, list[str]]] = {}
        finish_reason = ""
        done = False
        async with aclosing(upstream.events(_PATH, body)) as events:
            async for data in events:
                event = decode_as(upstream, _event_decoder, data)
                if event.type == "content_block_delta" and event.delta is not None:
                    if event.delta.text and event.delta.type == "text_delta":
                        yield Delta(text=event.delta.text)
                    elif event.delta.partial_json and event.index in calls:
                        calls[event.index][1].append(event.delta.partial_json)
                elif event.type == "content_block_start" and event.content_block is not None:
                    if event.content_block.type == "tool_use":
                        calls[event.index] = (event.content_block, [])
                    elif event.content_block.text:
                        yield Delta(text=event.content_block.text)
                elif event.type == "message_start" and event.message is not None:
                    tally.add(event.message.usage)
                elif event.type == "message_delta":
                    tally.add(event.usage)
                    if event.delta is not None:
                        finish_reason = event.delta.stop_reason or finish_reason
                elif event.type == "message_stop":
                    done = True
                    await read_out(events)
                    break
                elif event.type == "error" or event.error:
                    raise upstream.reported(event.error)
        if not done:
            raise upstream.cut_off()
        finished = tuple(
            parse_arguments(block.id or "", block.name or "", "".join(parts)) for block, parts in calls.values()
        )
        yield Delta(tool_calls=finished, usage=tally.usage(), finish_reason=finish_reason)

    def _body(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], tool_choice: str) -> dict[str, Any]:
        options = self._options
        system = "\n\n".join(message.text for message in messages if message.role == "system" and message.text)
        turns = _turns(messages)
        if not turns:
            # The protocol needs a user turn; a system text alone is what the user wants answered.
            turns, system = [{"role": "user", "content": [{"type": "text", "text": system}]}], ""
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": options.max_tokens or _DEFAULT_MAX_TOKENS,
            "messages": turns,
        }
        if system:
            body["system"] = system
        if options.temperature is not None and not options.reasoning:
            body["temperature"] = options.temperature
        if options.top_p is not None:
            body["top_p"] = options.top_p
        if tools:
            body["tools"] = [
                {"name": t.name, "description": t.description, "input_schema": dict(t.parameters)} for t in tools
            ]
            choices = {"auto": "auto", "none": "none", "required": "any"}
            if tool_choice:
                kind = choices.get(tool_choice)
                body["tool_choice"] = {"type": kind} if kind else {"type": "tool", "name": tool_choice}
        extra = {name: value for name, value in options.extra.items() if name not in ("messages", "stream")}
        return {**body, **extra}


def connect(endpoint: Endpoint) -> Anthropic:
    """The model an endpoint describes."""
    return Anthropic(endpoint)


class _Tally:
    """Token counts, which a stream reports in parts: the input at its start, the output at its end."""

    def __init__(self, usage: _Usage | None) -> None:
        self._input: int | None = None
        self._output: int | None = None
        self.add(usage)

    def add(self, usage: _Usage | None) -> None:
        if usage is None:
            return
        if usage.input_tokens is not None:
            cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
            self._input = usage.input_tokens + cached
        if usage.output_tokens is not None:
            self._output = usage.output_tokens

    def usage(self) -> dict[str, int] | None:
        return token_usage(self._input, self._output)


def _turns(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The conversation without system texts; successive turns of one role become one, as the protocol wants it."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"].extend(blocks)
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: ChatMessage) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}]
    blocks: list[dict[str, Any]] = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": image.media_type,
                "data": base64.b64encode(image.data).decode(),
            },
        }
        for image in message.images
    ]
    if message.text:
        # A prefill (a last assistant turn) must not end in white space.
        blocks.append({"type": "text", "text": message.text.rstrip() if message.role == "assistant" else message.text})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
        for call in message.tool_calls
    ]
    return blocks
