"""Answers and stream frames in the shapes of OpenAI's API (platform.openai.com API reference)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from langflow_lite.ids import new_id
from langflow_lite.values import to_json

__all__ = ["ChatChunks", "ResponseEvents", "chat_completion", "response_object"]

_DONE = b"data: [DONE]"


def response_object(
    id_: str, model: str, text: str, usage: dict[str, int] | None, *, previous: str | None
) -> dict[str, Any]:
    """A finished response whose answer is `text`."""
    return {
        "id": id_,
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": model,
        "output": [_output_message(f"msg_{new_id()}", text)],
        "parallel_tool_calls": True,
        "previous_response_id": previous,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage and _response_usage(usage),
        "user": None,
    }


def _output_message(id_: str, text: str | None, status: str = "completed") -> dict[str, Any]:
    content = [] if text is None else [_output_text(text)]
    return {"id": id_, "type": "message", "status": status, "role": "assistant", "content": content}


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _response_usage(usage: dict[str, int]) -> dict[str, Any]:
    return {
        "input_tokens": usage["input_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage["total_tokens"],
    }


class ResponseEvents:
    """The events of a streamed response with one message in it."""

    def __init__(self, send: Callable[[bytes], None], response: dict[str, Any]) -> None:
        self._send = send
        self._number = 0
        self._message_id = response["output"][0]["id"]
        self._response = response | {"status": "in_progress", "output": [], "usage": None}
        self._place = {"item_id": self._message_id, "output_index": 0, "content_index": 0}
        self._emit("response.created", response=self._response)
        self._emit("response.in_progress", response=self._response)
        item = _output_message(self._message_id, None, "in_progress")
        self._emit("response.output_item.added", output_index=0, item=item)
        self._emit("response.content_part.added", **self._place, part=_output_text(""))

    def text(self, chunk: str) -> None:
        """The next piece of the answer."""
        self._emit("response.output_text.delta", **self._place, delta=chunk, logprobs=[])

    def done(self, text: str, usage: dict[str, int] | None) -> None:
        """The whole answer."""
        item = _output_message(self._message_id, text)
        self._emit("response.output_text.done", **self._place, text=text, logprobs=[])
        self._emit("response.content_part.done", **self._place, part=_output_text(text))
        self._emit("response.output_item.done", output_index=0, item=item)
        finished = {"status": "completed", "output": [item], "usage": usage and _response_usage(usage)}
        self._emit("response.completed", response=self._response | finished)

    def failed(self, error: dict[str, Any]) -> None:
        """The run failed."""
        reason = {"code": "server_error", "message": error["message"]}
        self._emit("response.failed", response=self._response | {"status": "failed", "error": reason})

    def _emit(self, type_: str, **fields: Any) -> None:
        data = to_json({"type": type_, "sequence_number": self._number, **fields})
        self._number += 1
        self._send(b"event: " + type_.encode() + b"\ndata: " + data)


def chat_completion(id_: str, model: str, text: str, usage: dict[str, int] | None) -> dict[str, Any]:
    """A finished chat completion whose answer is `text`."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": id_,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage and _chat_usage(usage),
    }


def _chat_usage(usage: dict[str, int]) -> dict[str, int]:
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
    }


class ChatChunks:
    """The chunks of a streamed chat completion."""

    def __init__(self, send: Callable[[bytes], None], id_: str, model: str, *, with_usage: bool) -> None:
        self._send = send
        self._with_usage = with_usage
        self._chunk = {"id": id_, "object": "chat.completion.chunk", "created": int(time.time()), "model": model}
        self._emit([_choice({"role": "assistant", "content": ""})])

    def text(self, chunk: str) -> None:
        """The next piece of the answer."""
        self._emit([_choice({"content": chunk})])

    def done(self, text: str, usage: dict[str, int] | None) -> None:
        """The whole answer."""
        self._emit([_choice({}, "stop")])
        if self._with_usage:
            self._emit([], usage=usage and _chat_usage(usage))
        self._send(_DONE)

    def failed(self, error: dict[str, Any]) -> None:
        """The run failed."""
        self._send(b"data: " + to_json({"error": error}))

    def _emit(self, choices: list[dict[str, Any]], **fields: Any) -> None:
        self._send(b"data: " + to_json({**self._chunk, "choices": choices, **fields}))


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
