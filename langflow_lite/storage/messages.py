"""MessageTable: the chat messages of all sessions. MessageSession: one run's view of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from langflow_lite.errors import NotFound
from langflow_lite.ids import new_id
from langflow_lite.storage.columns import from_micros, json_column, to_micros
from langflow_lite.storage.database import Database
from langflow_lite.storage.tickets import Ticket
from langflow_lite.storage.units import Insert
from langflow_lite.values import Message, Properties

__all__ = ["MessageOrder", "MessageSession", "MessageTable"]


class MessageOrder(StrEnum):
    """What a list of messages may be ordered by."""

    TIMESTAMP = "timestamp"
    SENDER = "sender"
    SENDER_NAME = "sender_name"
    SESSION_ID = "session_id"
    TEXT = "text"
    ID = "id"
    FLOW_ID = "flow_id"


_UPSERT = Insert(
    """
    INSERT INTO messages (
        id, flow_id, session_id, context_id, run_id, timestamp, sender, sender_name, text, files, error, edit,
        properties, category, content_blocks, duration, session_metadata
    ) VALUES {rows}
    ON CONFLICT (id) DO UPDATE SET
        flow_id = excluded.flow_id, session_id = excluded.session_id, context_id = excluded.context_id,
        run_id = excluded.run_id, timestamp = excluded.timestamp, sender = excluded.sender,
        sender_name = excluded.sender_name, text = excluded.text, files = excluded.files, error = excluded.error,
        edit = excluded.edit, properties = excluded.properties, category = excluded.category,
        content_blocks = excluded.content_blocks, duration = excluded.duration,
        session_metadata = excluded.session_metadata
    """,
    columns=17,
)
_SELECT = """
    SELECT id, flow_id, session_id, context_id, run_id, timestamp, sender, sender_name, text, files, error, edit,
        properties, category, content_blocks, duration, session_metadata
    FROM messages WHERE
"""
_HISTORY = (
    _SELECT
    + """
    session_id = :session_id AND NOT error
    AND (:flow_id IS NULL OR flow_id = :flow_id)
    AND (:sender IS NULL OR sender = :sender)
    AND (:sender_name IS NULL OR sender_name = :sender_name)
    AND (:context_id IS NULL OR context_id = :context_id)
    ORDER BY seq DESC LIMIT :limit
"""
)
_OF_FLOW = _SELECT + "flow_id = :flow_id AND NOT error ORDER BY seq DESC LIMIT :limit"
_SENDERS = """
    AND (:sender IS NULL OR sender = :sender)
    AND (:sender_name IS NULL OR sender_name = :sender_name)
"""
_WINDOW = "seq IN (SELECT seq FROM messages WHERE {matching} ORDER BY seq DESC LIMIT :limit OFFSET :offset)"
# An index serves only a condition that is really there, hence one query for each way to look messages up.
_LOOKUPS = {
    (False, False): "1",
    (True, False): "flow_id = :flow_id",
    (False, True): "session_id = :session_id",
    (True, True): "session_id = :session_id AND flow_id = :flow_id",
}
_ORDERS = {
    MessageOrder.TIMESTAMP: ("timestamp, seq", "timestamp DESC, seq DESC"),
    MessageOrder.SENDER: ("sender, seq", "sender DESC, seq DESC"),
    MessageOrder.SENDER_NAME: ("sender_name, seq", "sender_name DESC, seq DESC"),
    MessageOrder.SESSION_ID: ("session_id, seq", "session_id DESC, seq DESC"),
    MessageOrder.TEXT: ("text, seq", "text DESC, seq DESC"),
    MessageOrder.ID: ("id", "id DESC"),
    MessageOrder.FLOW_ID: ("flow_id, seq", "flow_id DESC, seq DESC"),
}
_LISTS = {
    (lookup, windowed, order, descending): _SELECT
    + (_WINDOW.format(matching=condition + _SENDERS) if windowed else condition + _SENDERS)
    + " ORDER BY "
    + columns
    for lookup, condition in _LOOKUPS.items()
    for windowed in (False, True)
    for order, directions in _ORDERS.items()
    for descending, columns in enumerate(directions)
}
_EMPTY_LIST = bytearray(b"[]")
_PROPERTIES = msgspec.json.Decoder(Properties)

_SESSIONS = """
    SELECT session_id FROM messages WHERE (:flow_id IS NULL OR flow_id = :flow_id)
    GROUP BY session_id ORDER BY max(timestamp) DESC, max(seq) DESC LIMIT :limit OFFSET :offset
"""
_NO_LIMIT = -1

Row = tuple[Any, ...]
Messages = list[Message]
Names = list[str]


class MessageTable:
    """Messages of all sessions. Reads see what has been committed; a run reads and writes through a `MessageSession`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, message: Message) -> Ticket[None]:
        """Hand the message over to be written, or to replace the one with its id; gives it an id if it has none.

        Later changes of the object are not stored. Wait for the ticket to know that it is durable.
        """
        if message.id is None:
            message.id = new_id()
        return self._database.writer.enqueue(_UPSERT.of(_row(message)))

    async def history(
        self,
        *,
        session_id: str,
        flow_id: str | None = None,
        sender: str | None = None,
        sender_name: str | None = None,
        context_id: str | None = None,
        limit: int = 100,
    ) -> Messages:
        """The newest `limit` messages that match, oldest first, in the order they were first stored; no errors."""
        if limit <= 0:
            return []
        rows = await self._database.fetch_all(
            _HISTORY,
            {
                "session_id": session_id,
                "flow_id": flow_id,
                "sender": sender,
                "sender_name": sender_name,
                "context_id": context_id,
                "limit": limit,
            },
        )
        return [_message(row) for row in reversed(rows)]

    async def of_flow(self, flow_id: str, *, limit: int) -> Messages:
        """The newest `limit` messages of a flow, of all its sessions, oldest first; no errors."""
        rows = await self._database.fetch_all(_OF_FLOW, {"flow_id": flow_id, "limit": max(0, limit)})
        return [_message(row) for row in reversed(rows)]

    async def list(
        self,
        *,
        flow_id: str | None = None,
        session_id: str | None = None,
        sender: str | None = None,
        sender_name: str | None = None,
        order_by: MessageOrder = MessageOrder.TIMESTAMP,
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Messages:
        """All messages that match every filter given, errors included, or the newest `limit` of them.

        The newest `offset` are passed over, whatever the order of the list. (contract: *Messages, filtered*; engine
        notes: 7.2)
        """
        windowed = limit is not None or offset > 0
        rows = await self._database.fetch_all(
            _LISTS[(flow_id is not None, session_id is not None), windowed, order_by, descending],
            {
                "flow_id": flow_id,
                "session_id": session_id,
                "sender": sender,
                "sender_name": sender_name,
                "limit": _NO_LIMIT if limit is None else limit,
                "offset": offset,
            },
        )
        return [_message(row) for row in rows]

    async def sessions(self, *, flow_id: str | None = None, limit: int | None = None, offset: int = 0) -> Names:
        """The names of all sessions, or of a flow's, the one with the newest message first.

        `limit` and `offset` choose a part of the list.
        """
        window = {"flow_id": flow_id, "limit": _NO_LIMIT if limit is None else limit, "offset": offset}
        return [row[0] for row in await self._database.fetch_all(_SESSIONS, window)]

    async def update(self, message_id: str, changes: Mapping[str, Any]) -> Message:
        """Change the named fields of `Message`; raises `NotFound`. A new text counts as an edit unless `edit` is given."""
        fields = dict(changes)

        def unit(connection: sqlite3.Connection) -> Message:
            row = connection.execute(_SELECT + "id = ?", (message_id,)).fetchone()
            if row is None:
                raise NotFound("Message not found")
            old = _message(row)
            new = msgspec.structs.replace(old, **fields)
            if "edit" not in fields and new.text != old.text:
                new.edit = True
            _UPSERT.of(_row(new))(connection)
            return new

        return await self._database.writer.commit(unit)

    async def delete(self, message_ids: Iterable[str]) -> None:
        """Delete messages; unknown ids are passed over."""
        rows = [(message_id,) for message_id in message_ids]
        await self._database.writer.commit(lambda c: c.executemany("DELETE FROM messages WHERE id = ?", rows).rowcount)

    async def rename_session(self, session_id: str, new_session_id: str) -> Messages:
        """Give the messages of a session to another one, and return all of that one's, oldest first.

        Raises `NotFound` when the session has no messages.
        """
        renamed = "UPDATE messages SET session_id = ? WHERE session_id = ?"

        def unit(connection: sqlite3.Connection) -> None:
            if not connection.execute(renamed, (new_session_id, session_id)).rowcount:
                raise NotFound("No messages found with the given session ID")

        await self._database.writer.commit(unit)
        return await self.list(session_id=new_session_id)

    async def delete_session(self, session_id: str) -> None:
        """Delete the messages of a session, if there are any."""
        await self._database.writer.commit(
            lambda c: c.execute("DELETE FROM messages WHERE session_id = ?", (session_id,)).rowcount
        )


class MessageSession:
    """One run's way to the messages: what it has stored, it sees (`MessageStore` of context.py)."""

    __slots__ = ("_table", "_tickets")

    def __init__(self, table: MessageTable) -> None:
        self._table = table
        self._tickets: list[Ticket[None]] = []

    def store(self, message: Message) -> None:
        """Write the message, or replace the one with its id. Returns at once; `flush` waits for the disk."""
        self._tickets.append(self._table.store(message))

    async def history(
        self,
        *,
        session_id: str,
        flow_id: str | None = None,
        sender: str | None = None,
        sender_name: str | None = None,
        context_id: str | None = None,
        limit: int = 100,
    ) -> list[Message]:
        """The newest `limit` messages that match, oldest first, those of this run included; no error messages."""
        await _settled(self._tickets)
        return await self._table.history(
            session_id=session_id,
            flow_id=flow_id,
            sender=sender,
            sender_name=sender_name,
            context_id=context_id,
            limit=limit,
        )

    async def of_flow(self, flow_id: str, *, limit: int) -> list[Message]:
        """The newest `limit` messages of a flow, those of this run included, oldest first; no error messages."""
        await _settled(self._tickets)
        return await self._table.of_flow(flow_id, limit=limit)

    async def flush(self) -> None:
        """Return once everything stored so far is committed; raises `StorageError` if some of it could not be."""
        tickets, self._tickets = self._tickets, []
        await _settled(tickets)


async def _settled(tickets: Sequence[Ticket[None]]) -> None:
    """Wait for all; raises the error of the first that has one."""
    if tickets:
        # The writer keeps the order, so the last to settle is the last that was handed over.
        await tickets[-1].settled()
    for ticket in tickets:
        if ticket.error is not None:
            raise ticket.error


def _row(message: Message) -> Row:
    return (
        message.id,
        message.flow_id,
        message.session_id,
        message.context_id,
        message.run_id,
        to_micros(message.timestamp),
        message.sender,
        message.sender_name,
        message.text,
        json_column(message.files) if message.files else _EMPTY_LIST,
        int(message.error),
        int(message.edit),
        json_column(message.properties),
        message.category,
        json_column(message.content_blocks) if message.content_blocks else _EMPTY_LIST,
        message.duration,
        None if message.session_metadata is None else json_column(message.session_metadata),
    )


def _message(row: Row) -> Message:
    return Message(
        id=row[0],
        flow_id=row[1],
        session_id=row[2],
        context_id=row[3],
        run_id=row[4],
        timestamp=from_micros(row[5]),
        sender=row[6],
        sender_name=row[7],
        text=row[8],
        files=msgspec.json.decode(row[9]),
        error=bool(row[10]),
        edit=bool(row[11]),
        properties=_PROPERTIES.decode(row[12]),
        category=row[13],
        content_blocks=msgspec.json.decode(row[14]),
        duration=row[15],
        session_metadata=None if row[16] is None else msgspec.json.decode(row[16]),
    )
