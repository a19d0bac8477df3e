"""The stored messages: /api/v1/monitor/messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.storage.messages import MessageOrder
from langflow_lite.values import Message, Properties, stored_time, to_json

__all__ = ["ENDPOINTS", "StoredMessage", "stored_message"]


class Order(StrEnum):
    """Which end of the list comes first."""

    ASCENDING = "ASC"
    DESCENDING = "DESC"


class MessageQuery(msgspec.Struct):
    """Filters, each of which narrows the list; empty ones do not."""

    flow_id: str = ""
    session_id: str = ""
    sender: str = ""
    sender_name: str = ""
    order_by: MessageOrder = MessageOrder.TIMESTAMP
    order: Order = Order.ASCENDING
    limit: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None


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
    messages = await call.runtime.messages.list(
        flow_id=query.flow_id or None,
        session_id=query.session_id or None,
        sender=query.sender or None,
        sender_name=query.sender_name or None,
        order_by=query.order_by,
        descending=query.order is Order.DESCENDING,
        limit=query.limit,
    )
    return [stored_message(message) for message in messages]


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/monitor/messages",
        handler=list_messages,
        summary="List stored messages",
        tag="Monitor",
        query=MessageQuery,
        response=list[StoredMessage],
    ),
)
