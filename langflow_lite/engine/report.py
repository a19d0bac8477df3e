"""How a run is told to whoever listens, and what a failing vertex does to the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langflow_lite.components.context import RunContext
from langflow_lite.engine.results import VertexResult, vertex_data
from langflow_lite.errors import ComponentError
from langflow_lite.events import EventName
from langflow_lite.ids import new_id
from langflow_lite.values import Message, Properties, dump_message, event_time, utc_now

if TYPE_CHECKING:
    from langflow_lite.engine.executor import Execution

__all__ = ["Report"]


class Report:
    """The reporting of a `/run`: messages, tokens and logs, and the steps inside loops; stops at the first failure."""

    keeps_going = False

    def __init__(self, ctx: RunContext, *, in_loop: bool = False) -> None:
        self.ctx = ctx
        self.in_loop = in_loop

    def inside_loop(self) -> Report:
        """The report for the body of a loop."""
        return Report(self.ctx, in_loop=True)

    def emit(self, name: str, data: Any) -> None:
        """Send an event if anybody listens."""
        if self.ctx.emit is not None:
            self.ctx.emit(name, data)

    def log(self, id_: str, output: str, entry: dict[str, Any]) -> None:
        """A component wrote to its log."""
        self.emit(EventName.LOG, {**entry, "output": output, "component_id": id_})

    def start_vertex(self, id_: str) -> None:
        """A vertex of a loop's body begins."""
        if self.in_loop:
            self.emit(EventName.BUILD_START, {"id": id_})

    def end_vertex(self, execution: Execution, result: VertexResult, started: Sequence[str]) -> None:
        """A vertex is done, and `started` can begin because of it."""
        if self.in_loop and self.ctx.emit is not None:
            data = {"id": result.vertex.id, "valid": True, "data": vertex_data(result)}
            self.emit(EventName.END_VERTEX, {"build_data": data})

    async def failed(self, execution: Execution, id_: str, error: ComponentError) -> None:
        """A vertex failed: keep the reason among the session's messages and tell it."""
        message = error_message(error, self.ctx)
        self.ctx.messages.store(message)
        self.emit(
            EventName.ERROR,
            {**dump_message(message, event_time(message.timestamp)), "id": message.id},
        )


def error_message(error: ComponentError, ctx: RunContext) -> Message:
    """The chat message that tells of a failed component (engine rules: *Who stores what*)."""
    return Message(
        id=new_id(),
        text=f"{error.cause}\n",
        sender=error.display_name,
        sender_name=error.display_name,
        session_id=ctx.session_id,
        flow_id=ctx.flow_id,
        run_id=ctx.run_id,
        timestamp=utc_now(),
        error=True,
        category="error",
        properties=Properties(text_color="red", background_color="red", icon="error"),
        content_blocks=[
            {
                "title": "Error",
                "contents": [
                    {
                        "type": "error",
                        "component": error.display_name,
                        "field": None,
                        "reason": error.cause,
                        "solution": error.suggestion,
                        "code": error.code,
                        "traceback": None,
                    }
                ],
            }
        ],
    )
