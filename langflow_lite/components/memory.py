"""Message History and Message Store: reading and writing a session's chat messages."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.templates import data_to_text
from langflow_lite.context import RunContext
from langflow_lite.ids import new_id
from langflow_lite.values import Message, Table, data_fields, utc_now

__all__ = ["MemoryComponent", "MessageStoreComponent"]

_SENDERS = ("Machine", "User")
_EVERYBODY = "Machine and User"
_NO_EXTERNAL = "External memories are not supported: leave the field unconnected to use the server's own messages."


class MemoryComponent(Component):
    """Reads the messages of a session, or stores one."""

    name = "Memory"
    aliases = ("Chat Memory", "Message History", "ChatMemory")
    display_name = "Message History"
    category = "models_and_agents"
    icon = "message-square-more"

    mode: str = field(Kind.TAB, "Mode", "Retrieve", options=("Retrieve", "Store"), info="Read messages or store one.")
    message: Any = field(Kind.MESSAGE, "Message", tool_mode=True, show=False, info="The message to store.")
    memory: Any = field(
        Kind.HANDLE, "External Memory", advanced=True, input_types=("Memory",), info="Not supported; leave it empty."
    )
    sender_type: str = field(
        Kind.DROPDOWN,
        "Sender Type",
        _EVERYBODY,
        options=(*_SENDERS, _EVERYBODY),
        advanced=True,
        info="Whose messages to read.",
    )
    sender: str = field(
        Kind.TEXT, "Sender", advanced=True, info="Machine or User, for the message to store. Up to 1.4: whose to read."
    )
    sender_name: str = field(Kind.TEXT, "Sender Name", advanced=True, show=False)
    n_messages: int = field(Kind.INT, "Number of Messages", 100, advanced=True, info="The newest so many; 0 for none.")
    session_id: str = field(Kind.TEXT, "Session ID", advanced=True, info="Empty: the session of the run.")
    context_id: str = field(Kind.TEXT, "Context ID", advanced=True, info="Divides a session's history further.")
    order: str = field(
        Kind.DROPDOWN, "Order", "Ascending", options=("Ascending", "Descending"), tool_mode=True, advanced=True
    )
    template: str = field(
        Kind.MULTILINE,
        "Template",
        "{sender_name}: {text}",
        advanced=True,
        show=False,
        info="How each message is shown: {text}, {sender} or any other of its fields.",
    )

    @output("messages_text", "Messages")
    async def retrieve_messages_as_text(self) -> Message:
        """The messages, each through the template, one after the other."""
        text = "\n".join(data_to_text(self.template, await self._history()))
        self.status = text
        return Message(text=text)

    @output("dataframe", "Table", aliases=("as_dataframe",))
    async def retrieve_messages_dataframe(self) -> Table:
        """The messages as a table with a column for each of their fields."""
        return Table(data_fields(message) for message in await self._history())

    @output("messages", "Data", types=("Data", "JSON"), hidden=True)
    async def retrieve_messages(self) -> list[Message]:
        """The messages themselves."""
        return await self._history()

    @output("stored_messages", "Stored Messages", hidden=True)
    async def store_message(self) -> Message:
        """The message, as it was stored."""
        if self.memory:
            raise ValueError(_NO_EXTERNAL)
        stored = _store(
            self.ctx,
            self.message,
            session_id=self.session_id,
            context_id=self.context_id,
            sender=self.sender if self.sender in _SENDERS else "",
            sender_name=self.sender_name,
        )
        self.status = stored
        return stored

    async def _history(self) -> list[Message]:
        if self.memory:
            raise ValueError(_NO_EXTERNAL)
        if self.n_messages <= 0:
            return []
        sender = self.sender_type if self.sender_type in _SENDERS else self.sender
        found = await self.ctx.messages.history(
            session_id=self.session_id or self.ctx.session_id,
            flow_id=self.ctx.flow_id,
            sender=sender if sender in _SENDERS else None,
            sender_name=self.sender_name or None,
            context_id=self.context_id or None,
            limit=self.n_messages,
        )
        return found[::-1] if self.order == "Descending" else found


class MessageStoreComponent(Component):
    """Stores a message in a session."""

    name = "StoreMessage"
    aliases = ("Store Message", "Message Store")
    display_name = "Message Store"
    category = "processing"
    icon = "message-square-text"
    legacy = True

    message: Any = field(Kind.MESSAGE, "Message", required=True, tool_mode=True, info="The message to store.")
    memory: Any = field(Kind.HANDLE, "External Memory", input_types=("Memory",), info="Not supported; leave it empty.")
    sender: str = field(Kind.TEXT, "Sender", advanced=True, info="Machine or User.")
    sender_name: str = field(Kind.TEXT, "Sender Name", advanced=True)
    session_id: str = field(Kind.TEXT, "Session ID", advanced=True, info="Empty: the session of the run.")

    @output("stored_messages", "Stored Messages")
    async def store_message(self) -> Message:
        """The message, as it was stored."""
        if self.memory:
            raise ValueError(_NO_EXTERNAL)
        stored = _store(
            self.ctx, self.message, session_id=self.session_id, sender=self.sender, sender_name=self.sender_name
        )
        self.status = stored
        return stored


def _store(
    ctx: RunContext, message: Any, *, session_id: str, sender: str, sender_name: str, context_id: str = ""
) -> Message:
    given = message if isinstance(message, Message) else Message(text=str(message or ""))
    session_id = session_id or given.session_id or ctx.session_id
    if not session_id or not (given.text or given.files):
        raise ValueError(
            "No messages were stored. Please make sure that there is a message and that the session ID and sender are set."
        )
    # A message of its own: the one that came in may be a stored message of the conversation.
    stored = msgspec.structs.replace(
        given,
        id=new_id(),
        timestamp=utc_now(),
        session_id=session_id,
        context_id=context_id or given.context_id,
        sender=sender or given.sender or "Machine",
        sender_name=sender_name or given.sender_name or "AI",
        flow_id=ctx.flow_id,
        run_id=ctx.run_id,
    )
    ctx.messages.store(stored)
    return stored
