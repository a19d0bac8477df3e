"""The stored messages: /api/v1/monitor/messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from langflow_lite.errors import BadRequest, NotFound
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.wire import NonEmpty
from langflow_lite.storage.messages import MessageOrder
from langflow_lite.values import Message, Properties, event_time, stored_time, to_json

__all__ = ["ENDPOINTS", "StoredMessage", "stored_message"]


class Order(StrEnum):
    """Which end of the list comes first."""

    ASCENDING = "ASC"
    DESCENDING = "DESC"


Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class MessageQuery(msgspec.Struct):
    """Filters, each of which narrows the list; empty ones do not.

    `offset` passes over the newest, of the others `limit` keeps the newest; 0 keeps all.
    """

    flow_id: UUID | None = None
    session_id: str = ""
    sender: str = ""
    sender_name: str = ""
    order_by: str = MessageOrder.TIMESTAMP
    order: str = Order.ASCENDING
    limit: Count = 0
    offset: Count = 0


class StoredMessage(msgspec.Struct, kw_only=True):
    """A row of the message list (contract: *StoredMessage*); `files` is JSON text here and here alone."""

    id: str | None
    flow_id: str | None
    timestamp: str
    sender: str | None
    sender_name: str | None
    session_id: str
    context_id: str
    text: str
    files: str
    error: bool
    edit: bool
    duration: float | None
    properties: Properties
    category: str
    content_blocks: list[Any]
    session_metadata: dict[str, Any] | None


class SessionsQuery(msgspec.Struct):
    """Whose sessions, everybody's without a flow, and which of them: `limit` after the first `offset`; 0 is all."""

    flow_id: UUID | None = None
    limit: Count = 0
    offset: Count = 0


class NewSession(msgspec.Struct):
    """The name that the session is going to have."""

    new_session_id: NonEmpty


class MessageChanges(msgspec.Struct):
    """The parts of a message to change; what is not sent, or null, stays as it is."""

    text: str | UnsetType | None = UNSET
    sender: str | UnsetType | None = UNSET
    sender_name: str | UnsetType | None = UNSET
    session_id: NonEmpty | UnsetType | None = UNSET
    context_id: str | UnsetType | None = UNSET
    files: list[str] | UnsetType | None = UNSET
    error: bool | UnsetType | None = UNSET
    edit: bool | UnsetType | None = UNSET
    properties: Properties | UnsetType | None = UNSET
    category: str | UnsetType | None = UNSET
    content_blocks: list[Any] | UnsetType | None = UNSET


class ChangedMessage(msgspec.Struct, kw_only=True):
    """A message after a change (contract: *Message*)."""

    timestamp: str
    sender: str | None
    sender_name: str | None
    session_id: str
    context_id: str
    text: str
    files: list[str]
    error: bool
    edit: bool
    properties: Properties
    category: str
    content_blocks: list[Any]
    session_metadata: dict[str, Any] | None
    duration: float | None
    id: str | None
    flow_id: str | None
    run_id: str | None


def stored_message(message: Message) -> StoredMessage:
    """A stored message for an answer."""
    return StoredMessage(
        id=message.id,
        flow_id=message.flow_id,
        timestamp=stored_time(message.timestamp),
        sender=message.sender,
        sender_name=message.sender_name,
        session_id=message.session_id,
        context_id=message.context_id,
        text=message.text,
        files=to_json(message.files).decode(),
        error=message.error,
        edit=message.edit,
        duration=message.duration,
        properties=message.properties,
        category=message.category,
        content_blocks=message.content_blocks,
        session_metadata=message.session_metadata,
    )


async def list_messages(call: Call) -> list[StoredMessage]:
    """List messages, oldest first unless asked otherwise."""
    query: MessageQuery = call.query
    if query.order_by not in set(MessageOrder):
        raise BadRequest(f"Invalid order_by field: {query.order_by}")
    direction = query.order.upper()
    if direction not in set(Order):
        raise BadRequest(f"Invalid order direction: {query.order}")
    messages = await call.runtime.messages.list(
        flow_id=_text(query.flow_id),
        session_id=query.session_id or None,
        sender=query.sender or None,
        sender_name=query.sender_name or None,
        order_by=MessageOrder(query.order_by),
        descending=direction == Order.DESCENDING,
        limit=query.limit or None,
        offset=query.offset,
    )
    return [stored_message(message) for message in messages]


async def list_sessions(call: Call) -> list[str]:
    """List session names, the one with the newest message first."""
    query: SessionsQuery = call.query
    return await call.runtime.messages.sessions(
        flow_id=_text(query.flow_id), limit=query.limit or None, offset=query.offset
    )


async def update_message(call: Call) -> ChangedMessage:
    """Change those parts of a message that are sent."""
    sent: MessageChanges = call.body
    values = {name: getattr(sent, name) for name in sent.__struct_fields__}
    changes = {name: value for name, value in values.items() if value is not UNSET and value is not None}
    message = await call.runtime.messages.update(call.params["message_id"], changes)
    fields = {name: getattr(message, name) for name in ChangedMessage.__struct_fields__}
    return ChangedMessage(**{**fields, "timestamp": event_time(message.timestamp)})


async def delete_messages(call: Call) -> None:
    """Delete the messages with these ids; unknown ones are passed over."""
    await call.runtime.messages.delete(map(str, call.body))


async def rename_session(call: Call) -> list[StoredMessage]:
    """Move the messages of a session to another one, and list all of that one's."""
    renamed = await call.runtime.messages.rename_session(call.params["session_id"], call.query.new_session_id)
    return [stored_message(message) for message in renamed]


async def delete_session(call: Call) -> None:
    """Delete the messages of a session."""
    await call.runtime.messages.delete_session(call.params["session_id"])


def _text(flow_id: UUID | None) -> str | None:
    return None if flow_id is None else str(flow_id)


_MESSAGES = "/api/v1/monitor/messages"
# Any text can name a session, one with slashes too.
_SESSION = "/api/v1/monitor/messages/session/{session_id:path}"

ENDPOINTS = (
    Endpoint(
        method="GET",
        path=_MESSAGES,
        handler=list_messages,
        summary="List stored messages",
        tag="Monitor",
        query=MessageQuery,
        response=list[StoredMessage],
        errors=(BadRequest,),
    ),
    Endpoint(
        method="DELETE",
        path=_MESSAGES,
        handler=delete_messages,
        summary="Delete several messages",
        tag="Monitor",
        body=list[UUID],
        status=204,
    ),
    Endpoint(
        method="GET",
        path=f"{_MESSAGES}/sessions",
        handler=list_sessions,
        summary="List sessions",
        tag="Monitor",
        query=SessionsQuery,
        response=list[str],
    ),
    Endpoint(
        method="PUT",
        path=f"{_MESSAGES}/{{message_id:uuid}}",
        handler=update_message,
        summary="Change parts of a message",
        tag="Monitor",
        body=MessageChanges,
        needs_body=True,
        response=ChangedMessage,
        errors=(NotFound,),
    ),
    Endpoint(
        method="PATCH",
        path=_SESSION,
        handler=rename_session,
        summary="Rename a session",
        tag="Monitor",
        query=NewSession,
        response=list[StoredMessage],
        errors=(NotFound,),
    ),
    Endpoint(
        method="DELETE",
        path=_SESSION,
        handler=delete_session,
        summary="Delete a session",
        tag="Monitor",
        status=204,
    ),
)
