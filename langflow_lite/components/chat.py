"""Chat Input and Chat Output: the two ends of a conversation."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, coerce, field
from langflow_lite.context import RunContext
from langflow_lite.ids import new_id
from langflow_lite.values import Message, Properties, Source, dump_message, event_time, to_text, utc_now

__all__ = ["ChatInput", "ChatOutput"]

_SENDERS = ("Machine", "User")
_LOOKS = (("background_color", "background_color"), ("text_color", "text_color"), ("chat_icon", "icon"))


def _keep(ctx: RunContext, message: Message) -> None:
    """Store the message, giving it an id if it has none."""
    if message.id is None:
        message.id = new_id()
    ctx.messages.store(message)


def _announce(ctx: RunContext, message: Message) -> None:
    """Send the message as an `add_message` event; followers replace the one with its id."""
    if ctx.emit is not None:
        event = dump_message(message, event_time(message.timestamp))
        event["id"] = event.pop("id")
        ctx.emit("add_message", event)


def _dress(properties: Properties, extras: dict[str, Any]) -> None:
    """Apply the colour and icon fields that exports of 1.1 to 1.5 carry."""
    for field_name, attribute in _LOOKS:
        if value := coerce(Kind.TEXT, extras.get(field_name)):
            setattr(properties, attribute, value)


class ChatInput(Component):
    """Takes the user's message into the flow."""

    name = "ChatInput"
    display_name = "Chat Input"
    category = "input_output"
    icon = "MessagesSquare"

    input_value: str = field(
        Kind.MULTILINE, "Input Text", info="The user's message; a run's `input_value` replaces it."
    )
    should_store_message: bool = field(
        Kind.BOOL, "Store Messages", True, advanced=True, info="Keep the message in the session's history."
    )
    sender: str = field(Kind.DROPDOWN, "Sender Type", "User", options=_SENDERS, advanced=True)
    sender_name: str = field(Kind.TEXT, "Sender Name", "User", advanced=True)
    session_id: str = field(Kind.TEXT, "Session ID", advanced=True, info="Empty: the session of the run.")
    context_id: str = field(Kind.TEXT, "Context ID", advanced=True, info="Divides a session's history further.")
    files: Any = field(Kind.FILE, "Files", is_list=True, advanced=True, info="Files sent along with the message.")

    @output("message", "Chat Message")
    async def message_response(self) -> Message:
        """The user's message, stored before anything behind it runs."""
        ctx = self.ctx
        files = self.files
        message = Message(
            text=self.input_value,
            sender=self.sender,
            sender_name=self.sender_name,
            session_id=self.session_id or ctx.session_id,
            context_id=self.context_id,
            files=([files] if isinstance(files, str) else list(files)) if files else [],
            flow_id=ctx.flow_id,
            run_id=ctx.run_id,
            session_metadata={"graph_run_id": ctx.run_id},
        )
        if self.extras:
            _dress(message.properties, self.extras)
        if self.should_store_message and message.session_id:
            _keep(ctx, message)
            _announce(ctx, message)
        self.status = message
        return message


class ChatOutput(Component):
    """Shows a message as the flow's answer."""

    name = "ChatOutput"
    display_name = "Chat Output"
    category = "input_output"
    icon = "MessagesSquare"

    input_value: Any = field(
        Kind.HANDLE,
        "Inputs",
        required=True,
        input_types=("Data", "JSON", "DataFrame", "Table", "Message"),
        info="What to show: a message, data, a table or a list of them.",
    )
    should_store_message: bool = field(
        Kind.BOOL, "Store Messages", True, advanced=True, info="Keep the message in the session's history."
    )
    sender: str = field(Kind.DROPDOWN, "Sender Type", "Machine", options=_SENDERS, advanced=True)
    sender_name: str = field(Kind.TEXT, "Sender Name", "AI", advanced=True)
    session_id: str = field(
        Kind.TEXT, "Session ID", advanced=True, info="Empty: the session of the message or the run."
    )
    context_id: str = field(Kind.TEXT, "Context ID", advanced=True, info="Divides a session's history further.")
    data_template: str = field(
        Kind.TEXT, "Data Template", "{text}", advanced=True, info="Kept for old exports; unused."
    )
    clean_data: bool = field(
        Kind.BOOL, "Basic Clean Data", True, advanced=True, info="Drop blank lines and empty rows before showing."
    )

    @output("message", "Output Message")
    async def message_response(self) -> Message:
        """The answer as a message of the session.

        A message that a model or an agent announced is continued under its id, so that followers who saw it grow see it
        completed. A user's message keeps its place in the history: what is shown of it is a message of its own.
        """
        value = self.input_value
        if value is None:
            raise ValueError("Input data cannot be None")
        ctx, node = self.ctx, self.node
        received = value if isinstance(value, Message) and node.source_type("input_value") != "ChatInput" else None
        message = self._answer(to_text(value, clean=self.clean_data), received)
        properties = message.properties
        properties.source = node.source_of("input_value") or Source()
        properties.usage = node.usage_upstream() or properties.usage
        properties.state = "complete"
        if self.extras:
            _dress(properties, self.extras)
        if self.should_store_message and message.session_id:
            unchanged = message == received
            _keep(ctx, message)
            if not unchanged:
                _announce(ctx, message)
        self.status = message
        return message

    def _answer(self, text: str, received: Message | None) -> Message:
        ctx = self.ctx
        if received is None:
            return Message(
                text=text,
                sender=self.sender,
                sender_name=self.sender_name,
                session_id=self.session_id or ctx.session_id,
                context_id=self.context_id,
                flow_id=ctx.flow_id,
                run_id=ctx.run_id,
                session_metadata={"graph_run_id": ctx.run_id},
            )
        # A copy, because the same object may have gone to other vertices. A message without an id to continue enters the
        # conversation now, whenever its text was made.
        continued = received.id is not None and received.sender != "User"
        return msgspec.structs.replace(
            received,
            text=text,
            sender=self.sender,
            sender_name=self.sender_name,
            session_id=self.session_id or received.session_id or ctx.session_id,
            context_id=self.context_id,
            id=received.id if continued else None,
            timestamp=received.timestamp if continued else utc_now(),
            flow_id=ctx.flow_id,
            run_id=ctx.run_id,
            session_metadata={**(received.session_metadata or {}), "graph_run_id": ctx.run_id},
            properties=msgspec.structs.replace(received.properties),
        )
