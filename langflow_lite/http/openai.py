"""The API of OpenAI with a flow as the model: responses, chat completions and models (platform.openai.com API reference).

A model is named by a flow's endpoint name or id, and has to have a Chat Input. What the flow does is its own affair, so
parameters for models (temperature, instructions ...) are accepted and change nothing; `tools` are refused.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import msgspec
from anyio import Event
from starlette.responses import Response

from langflow_lite.errors import BadRequest, ComponentError, FlowNotFound, LangflowError
from langflow_lite.events import EventName, Frames
from langflow_lite.flow import Flow
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.globals import request_globals
from langflow_lite.http.openai_events import ChatChunks, ResponseEvents, chat_completion, response_object
from langflow_lite.http.streams import EventResponse
from langflow_lite.ids import new_id
from langflow_lite.job import RunRequest
from langflow_lite.runtime import PreparedRun
from langflow_lite.values import to_json

__all__ = ["ENDPOINTS", "OPENAI_PATHS"]

logger = logging.getLogger(__name__)

_CHAT_INPUT = b"ChatInput"


class ContentPart(msgspec.Struct):
    """A part of a message; only parts with text are read."""

    type: str = "text"
    text: str | None = None


class InputMessage(msgspec.Struct):
    """A message of a conversation."""

    role: str = "user"
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """Its text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""


class ResponsesBody(msgspec.Struct):
    """A turn of a conversation. The last user message is the flow's input.

    `previous_response_id` continues the conversation: flows remember by session, and a response's id is its session.
    """

    model: str
    input: str | list[InputMessage] = ""
    stream: bool | None = False
    previous_response_id: str | None = None
    tools: list[Any] | None = None


class StreamOptions(msgspec.Struct):
    """`include_usage` adds a last chunk with the token counts."""

    include_usage: bool | None = False


class ChatBody(msgspec.Struct):
    """A conversation, of which the last user message is the flow's input.

    The flow remembers by session: give `session_id` to continue one, since earlier messages of the list are not read.
    """

    model: str
    messages: list[InputMessage]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    tools: list[Any] | None = None
    session_id: str | None = None


class Model(msgspec.Struct, kw_only=True):
    """A flow that can be used as a model."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "langflow_lite"
    name: str


class Models(msgspec.Struct):
    """All of them."""

    data: list[Model]
    object: str = "list"


class ModelNotFound(FlowNotFound):
    """404: no flow with a Chat Input has this id or endpoint name."""

    code = "model_not_found"


async def create_response(call: Call) -> Any:
    """Run the flow and answer as the Responses API does, whole or as events."""
    body: ResponsesBody = call.body
    session_id = body.previous_response_id or new_id()
    text = body.input if isinstance(body.input, str) else _last_text(body.input)

    def whole(output: str, usage: dict[str, int] | None) -> dict[str, Any]:
        return response_object(session_id, body.model, output, usage, previous=body.previous_response_id)

    def events(send: Callable[[bytes], None]) -> Translator:
        return ResponseEvents(
            send, response_object(session_id, body.model, "", None, previous=body.previous_response_id)
        )

    return await _answer(call, body.model, body.tools, text, session_id, bool(body.stream), whole, events)


async def create_chat_completion(call: Call) -> Any:
    """Run the flow and answer as the Chat Completions API does, whole or in chunks."""
    body: ChatBody = call.body
    completion_id = f"chatcmpl-{new_id()}"
    with_usage = bool(body.stream_options and body.stream_options.include_usage)

    def whole(output: str, usage: dict[str, int] | None) -> dict[str, Any]:
        return chat_completion(completion_id, body.model, output, usage)

    def events(send: Callable[[bytes], None]) -> Translator:
        return ChatChunks(send, completion_id, body.model, with_usage=with_usage)

    session_id = body.session_id or new_id()
    text = _last_text(body.messages)
    return await _answer(call, body.model, body.tools, text, session_id, bool(body.stream), whole, events)


async def list_models(call: Call) -> Models:
    """The flows that can be used as a model."""
    return Models([_model(flow) for flow in call.runtime.flows.list() if _is_model(flow)])


async def read_model(call: Call) -> Any:
    """One flow that can be used as a model."""
    try:
        return _model(_find(call, call.params["model"]))
    except LangflowError as error:
        return _refusal(error)


class Translator(Protocol):
    """Turns the events of a run into the frames of a stream."""

    def text(self, chunk: str) -> None:
        """The next piece of the answer."""

    def done(self, text: str, usage: dict[str, int] | None) -> None:
        """The whole answer."""

    def failed(self, error: dict[str, Any]) -> None:
        """The run failed."""


async def _answer(
    call: Call,
    model: str,
    tools: list[Any] | None,
    text: str,
    session_id: str,
    stream: bool,
    whole: Callable[[str, dict[str, int] | None], dict[str, Any]],
    events: Callable[[Callable[[bytes], None]], Translator],
) -> Any:
    try:
        flow = _find(call, model)
        if tools:
            raise BadRequest("tools are not supported here: put tools into the flow")
        request = RunRequest(input_value=text, session_id=session_id, globals=request_globals(call.scope))
        prepared = await call.runtime.prepare(flow, request)
        if stream:
            frames = _Frames()
            return EventResponse(frames.follow(), lambda: _produce(prepared, frames, events(frames.append)))
        outcome = await prepared.execute()
    except LangflowError as error:
        return _refusal(error)
    return whole(outcome.text(prepared.request), outcome.usage())


class _Frames:
    """What a stream still has to send; one reader, which the run never waits for."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._changed = Event()
        self._closed = False

    def append(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._changed.set()

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def follow(self) -> AsyncIterator[Frames]:
        number = 0
        while True:
            while self._frames:
                frames, self._frames = self._frames, []
                yield list(enumerate(frames, number + 1))
                number += len(frames)
            if self._closed:
                return
            self._changed = Event()
            await self._changed.wait()


async def _produce(prepared: PreparedRun, frames: _Frames, translator: Translator) -> None:
    sent = ""

    def emit(name: str, data: Any) -> None:
        nonlocal sent
        if name == EventName.TOKEN and data["chunk"]:
            sent += data["chunk"]
            translator.text(data["chunk"])

    try:
        outcome = await prepared.execute(emit=emit)
        text = outcome.text(prepared.request)
        # Flows without a streaming model, and those that add to what it says.
        if text.startswith(sent) and text != sent:
            translator.text(text[len(sent) :])
        translator.done(text, outcome.usage())
    except LangflowError as error:
        translator.failed(_error(error))
    except Exception:
        logger.exception("a streamed answer of flow %s failed", prepared.flow.id)
        translator.failed({"message": "Internal Server Error", "type": "server_error", "param": None, "code": None})
    frames.close()


def _find(call: Call, model: str) -> Flow:
    try:
        flow = call.runtime.flows.get(model)
    except FlowNotFound:
        raise ModelNotFound(f"Flow with id or endpoint name {model!r} not found") from None
    if not _is_model(flow):
        raise BadRequest(f"The flow {flow.name} has no Chat Input, so it cannot be used as a model")
    return flow


def _is_model(flow: Flow) -> bool:
    return not flow.is_component and flow.data is not None and _CHAT_INPUT in bytes(flow.data)


def _model(flow: Flow) -> Model:
    return Model(id=flow.endpoint_name or flow.id, created=int(flow.updated_at.timestamp()), name=flow.name)


def _last_text(messages: Sequence[InputMessage]) -> str:
    return next((message.text for message in reversed(messages) if message.role == "user"), "")


def _error(error: LangflowError) -> dict[str, Any]:
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    code = error.provider_status if isinstance(error, ComponentError) and error.provider_status else error.code
    return {"message": error.message, "type": kind, "param": None, "code": str(code)}


def _refusal(error: LangflowError) -> Response:
    """An error in the shape that OpenAI's clients read, beside our own."""
    content = to_json({"error": _error(error), "detail": error.detail})
    return Response(content, error.status, dict(error.headers), media_type="application/json")


_ERRORS = (BadRequest, ModelNotFound, LangflowError)

_RESPONSES = Endpoint(
    method="POST",
    path="/api/v1/responses",
    handler=create_response,
    summary="Ask a flow through the Responses API",
    tag="OpenAI",
    body=ResponsesBody,
    response=dict[str, Any],
    stream_type="text/event-stream",
    errors=_ERRORS,
)
_CHAT = Endpoint(
    method="POST",
    path="/api/v1/chat/completions",
    handler=create_chat_completion,
    summary="Ask a flow through the Chat Completions API",
    tag="OpenAI",
    body=ChatBody,
    response=dict[str, Any],
    stream_type="text/event-stream",
    errors=_ERRORS,
)

ENDPOINTS = (
    _RESPONSES,
    _CHAT,
    replace(_RESPONSES, path="/v1/responses"),
    replace(_CHAT, path="/v1/chat/completions"),
    Endpoint(
        method="GET",
        path="/v1/models",
        handler=list_models,
        summary="List the flows that can be used as a model",
        tag="OpenAI",
        response=Models,
    ),
    Endpoint(
        method="GET",
        path="/v1/models/{model}",
        handler=read_model,
        summary="Read a flow that can be used as a model",
        tag="OpenAI",
        response=Model,
        errors=(BadRequest, ModelNotFound),
    ),
)

OPENAI_PATHS = frozenset(endpoint.path for endpoint in ENDPOINTS if "{" not in endpoint.path)
"""Paths whose clients always send a bearer token."""
