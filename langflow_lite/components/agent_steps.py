"""The message of an agent while it works: its steps as content blocks, announced as they happen."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.context import Emit
from langflow_lite.ids import new_id
from langflow_lite.models.base import ToolCall
from langflow_lite.values import Message, dump_message, event_time, token_time

__all__ = ["Steps"]

_TITLE = "Agent Steps"


class Steps:
    """Keeps an agent's message and tells of it under one id; without `emit` it only keeps it.

    Followers get the message when it begins, whenever a step changes, the tokens in between, and the whole at the end.
    """

    def __init__(self, message: Message, emit: Emit | None) -> None:
        self.message = message
        self._emit = emit
        self._contents: list[dict[str, Any]] = []
        message.content_blocks = [
            {"title": _TITLE, "contents": self._contents, "allow_markdown": True, "media_url": None}
        ]
        if emit is not None:
            message.id = new_id()
            message.properties.state = "partial"
            self._announce()

    def token(self, chunk: str) -> None:
        """A piece of text from the model."""
        if self._emit is not None:
            self._emit("token", {"chunk": chunk, "id": self.message.id, "timestamp": token_time()})

    def calls(self, said: str, calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
        """The model wants these tools, and said something before; the step of each call, to be given to `done`."""
        if said.strip():
            self._contents.append({"type": "text", "duration": 0, "header": {}, "text": said})
        steps = [
            {
                "type": "tool_use",
                "duration": None,
                "header": {"title": f"Accessing **{call.name}**", "icon": "Hammer"},
                "name": call.name,
                "tool_input": dict(call.arguments),
                "output": None,
                "error": None,
            }
            for call in calls
        ]
        self._contents.extend(steps)
        self._announce()
        return steps

    def done(self, step: dict[str, Any], output: str, error: str, seconds: float) -> None:
        """A tool has answered, or failed when `error` is not empty."""
        verb = "Error using" if error else "Executed"
        step["header"] = {"title": f"{verb} **{step['name']}**", "icon": "Hammer"}
        step["output"] = None if error else output
        step["error"] = error or None
        step["duration"] = round(seconds * 1000)
        self._announce()

    def finish(self, text: str, usage: dict[str, int] | None) -> Message:
        """The answer is complete."""
        header = {"title": "Output", "icon": "MessageSquare"}
        self._contents.append({"type": "text", "duration": None, "header": header, "text": text})
        message = self.message
        message.text = text
        message.properties = msgspec.structs.replace(message.properties, state="complete", usage=usage)
        self._announce()
        return message

    def withdraw(self) -> None:
        """There will be no answer: followers are told to forget the message."""
        if self._emit is not None:
            self._emit("remove_message", {"id": self.message.id})

    def _announce(self) -> None:
        if self._emit is not None:
            event = dump_message(self.message, event_time(self.message.timestamp))
            event["id"] = event.pop("id")
            self._emit("add_message", event)
