"""The Gemini protocol: `generateContent` of Google's Generative Language API."""

from __future__ import annotations

import base64
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import msgspec

from langflow_lite.models.base import ChatMessage, Delta, LanguageModel, Reply, ToolCall, ToolSpec, token_usage
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.http import Upstream, decode_as

__all__ = ["Gemini", "connect"]

# The part of JSON schema that function declarations understand; anything else is refused with a 400.
_SCHEMA_KEYS = frozenset(
    {"type", "description", "enum", "items", "properties", "required", "nullable", "minItems", "maxItems", "anyOf"}
)
_CHOICES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


class _FunctionCall(msgspec.Struct):
    name: str = ""
    args: Any = None
    id: str | None = None


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool = False
    function_call: _FunctionCall | None = None
    thought_signature: str | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None


class _Answer(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Answer, strict=False)


class Gemini(LanguageModel):
    """A model behind `POST {base}/v1beta/models/{model}:generateContent`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.provider = endpoint.provider
        self.model = endpoint.model
        self._options = endpoint.options
        self._path = f"/v1beta/models/{quote(endpoint.model.removeprefix('models/'))}"
        headers = {"x-goog-api-key": endpoint.key} if endpoint.key else {}
        self._upstream = Upstream(endpoint, headers)

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """One request, one reply (`LanguageModel.complete`)."""
        body = self._body(messages, tools, tool_choice)
        content = await self._upstream.post(f"{self._path}:generateContent", body)
        answer = self._checked(decode_as(self._upstream, _decoder, content))
        if not answer.candidates:
            raise self._upstream.error("sent an answer without a candidate")
        parts = _parts(answer)
        return Reply(
            text="".join(part.text or "" for part in parts if not part.thought),
            tool_calls=tuple(_call(part) for part in parts if part.function_call is not None),
            usage=_usage(answer.usage_metadata),
            finish_reason=answer.candidates[0].finish_reason or "",
        )

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply as it is written (`LanguageModel.stream`)."""
        upstream = self._upstream
        calls: list[ToolCall] = []
        usage: dict[str, int] | None = None
        finish_reason = ""
        path = f"{self._path}:streamGenerateContent?alt=sse"
        async with aclosing(upstream.events(path, self._body(messages, tools, tool_choice))) as events:
            async for data in events:
                answer = self._checked(decode_as(upstream, _decoder, data))
                usage = _usage(answer.usage_metadata) or usage
                for part in _parts(answer):
                    if part.function_call is not None:
                        calls.append(_call(part))
                    elif part.text and not part.thought:
                        yield Delta(text=part.text)
                if answer.candidates:
                    finish_reason = answer.candidates[0].finish_reason or finish_reason
        if not finish_reason:
            raise upstream.cut_off()
        yield Delta(tool_calls=tuple(calls), usage=usage, finish_reason=finish_reason)

    def _checked(self, answer: _Answer) -> _Answer:
        if answer.error:
            raise self._upstream.reported(answer.error)
        feedback = answer.prompt_feedback
        if feedback is not None and feedback.block_reason:
            raise self._upstream.error(f"refused to answer ({feedback.block_reason})")
        return answer

    def _body(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], tool_choice: str) -> dict[str, Any]:
        options = self._options
        system = "\n\n".join(message.text for message in messages if message.role == "system" and message.text)
        contents = _contents(messages)
        if not contents:
            # The protocol needs a user turn; a system text alone is what the user wants answered.
            contents, system = [{"role": "user", "parts": [{"text": system}]}], ""
        given = {
            "temperature": None if options.reasoning else options.temperature,
            "maxOutputTokens": options.max_tokens,
            "topP": options.top_p,
            "seed": options.seed,
            "responseMimeType": "application/json" if options.json_mode and not tools else None,
            **options.extra,
        }
        body: dict[str, Any] = {"contents": contents}
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        if generation := {name: value for name, value in given.items() if value is not None}:
            body["generationConfig"] = generation
        if tools:
            body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in tools]}]
            if tool_choice:
                calling: dict[str, Any] = {"mode": _CHOICES.get(tool_choice, "ANY")}
                if tool_choice not in _CHOICES:
                    calling["allowedFunctionNames"] = [tool_choice]
                body["toolConfig"] = {"functionCallingConfig": calling}
        return body


def connect(endpoint: Endpoint) -> Gemini:
    """The model an endpoint describes."""
    return Gemini(endpoint)


def _parts(answer: _Answer) -> list[_Part]:
    content = answer.candidates[0].content if answer.candidates else None
    return (content.parts or []) if content is not None else []


def _call(part: _Part) -> ToolCall:
    called = part.function_call or _FunctionCall()
    # Calls have an id of their own in recent models only, and agents tell calls apart by it.
    return ToolCall(
        called.id or f"call_{uuid.uuid4().hex[:12]}",
        called.name,
        called.args if isinstance(called.args, dict) else {},
        signature=part.thought_signature or "",
    )


def _usage(usage: _Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    written = usage.candidates_token_count
    if usage.thoughts_token_count:
        written = (written or 0) + usage.thoughts_token_count
    return token_usage(usage.prompt_token_count, written)


def _contents(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The conversation without system texts; successive turns of one role become one."""
    contents: list[dict[str, Any]] = []
    for message in messages:
        parts = [] if message.role == "system" else _parts_of(message)
        if not parts:
            continue
        role = "model" if message.role == "assistant" else "user"
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"].extend(parts)
        else:
            contents.append({"role": role, "parts": parts})
    return contents


def _parts_of(message: ChatMessage) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"functionResponse": {"name": message.tool_name, "response": {"result": message.text}}}]
    parts: list[dict[str, Any]] = [
        {"inlineData": {"mimeType": image.media_type, "data": base64.b64encode(image.data).decode()}}
        for image in message.images
    ]
    if message.text:
        parts.append({"text": message.text})
    for call in message.tool_calls:
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": dict(call.arguments)}}
        if call.signature:
            part["thoughtSignature"] = call.signature
        parts.append(part)
    return parts


def _declaration(tool: ToolSpec) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": tool.name, "description": tool.description or tool.name}
    schema = _schema(tool.parameters)
    if schema.get("properties"):
        declaration["parameters"] = schema
    return declaration


def _schema(given: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for key, value in given.items():
        if key not in _SCHEMA_KEYS:
            continue
        if key == "properties" and isinstance(value, Mapping):
            schema[key] = {name: _schema(item) for name, item in value.items() if isinstance(item, Mapping)}
        elif key == "items" and isinstance(value, Mapping):
            schema[key] = _schema(value)
        elif key == "anyOf" and isinstance(value, list):
            schema[key] = [_schema(item) for item in value if isinstance(item, Mapping)]
        elif key == "type" and isinstance(value, list):
            # ["string", "null"] of JSON schema is a type and a flag here.
            named = [item for item in value if item != "null"]
            schema["type"] = named[0] if named else "string"
            schema["nullable"] = len(named) < len(value)
        else:
            schema[key] = value
    return schema
