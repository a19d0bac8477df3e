"""FlowStore: the stored flows, all in memory for reading, and every version of their data on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from langflow_lite.errors import Conflict, FlowLocked, FlowNotFound, NotFound, NotUnique
from langflow_lite.flow import Flow, flow_version
from langflow_lite.ids import normal_id
from langflow_lite.storage.columns import from_micros, to_micros
from langflow_lite.storage.database import Database
from langflow_lite.storage.names import free_name
from langflow_lite.values import to_json, utc_now

__all__ = ["FlowStore", "delete_flow_rows"]

_COLUMNS = """
    f.id, f.name, f.description, f.icon, f.icon_bg_color, f.gradient, f.version, f.is_component, f.updated_at,
    f.webhook, f.endpoint_name, f.tags, f.locked, f.user_id, f.folder_id, f.extra, v.data
    FROM flows f JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.version
"""
_SELECT_ALL = "SELECT" + _COLUMNS + "ORDER BY f.seq"
_SELECT_ONE = "SELECT" + _COLUMNS + "WHERE f.id = ?"
_INSERT = """
    INSERT INTO flows (
        name, description, icon, icon_bg_color, gradient, version, is_component, updated_at, webhook, endpoint_name,
        tags, locked, user_id, folder_id, extra, id
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = """
    UPDATE flows SET
        name = ?, description = ?, icon = ?, icon_bg_color = ?, gradient = ?, version = ?, is_component = ?,
        updated_at = ?, webhook = ?, endpoint_name = ?, tags = ?, locked = ?, user_id = ?, folder_id = ?, extra = ?
    WHERE id = ?
"""
# The newest text of a version replaces the older one: both mean the same, and the caller's own comes back to them.
_SAVE_VERSION = """
    INSERT INTO flow_versions (flow_id, version, data, saved_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (flow_id, version) DO UPDATE SET data = excluded.data
"""
# Inside the class, `list` is its method.
_Flows = list[Flow]
_Ids = list[str]
_NO_DATA = b"null"
_CHANGEABLE = frozenset(Flow.__struct_fields__) - {"id", "version", "updated_at", "user_id"}
_CHANGEABLE_WHEN_LOCKED = {"locked", "folder_id", "updated_at"}


class FlowStore:
    """Flows by id and by endpoint name. Reads are synchronous and see what is committed; call `load` once before.

    Records are shared: do not change one, use `update`. A flow without `user_id` is one of the examples.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id: dict[str, Flow] = {}
        self._by_endpoint: dict[str, Flow] = {}
        self._listeners: list[Callable[[str], None]] = []

    async def load(self) -> None:
        """Read all flows into memory."""
        for row in await self._database.fetch_all(_SELECT_ALL):
            self._keep(_flow(row))

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the flow's id whenever a flow was updated or deleted, on the event loop."""
        self._listeners.append(listener)

    def get(self, id_or_endpoint_name: str) -> Flow:
        """The flow with this id, else the one with this endpoint name; raises `FlowNotFound`.

        An id may be spelled in any way that is read as a UUID: in capitals, without hyphens.
        """
        flow = self._by_id.get(id_or_endpoint_name) or self._by_endpoint.get(id_or_endpoint_name)
        if flow is None:
            flow = self._by_id.get(normal_id(id_or_endpoint_name))
        if flow is None:
            raise FlowNotFound(f"Flow identifier {id_or_endpoint_name} not found")
        return flow

    def get_by_id(self, flow_id: str) -> Flow:
        """The flow with this id; raises `FlowNotFound`."""
        flow = self._by_id.get(flow_id)
        if flow is None:
            raise FlowNotFound("Flow not found")
        return flow

    def known_id(self, flow_id: str | None) -> str | None:
        """The id as it is stored, if there is a flow with it; None for anything else."""
        flow = self._by_id.get(normal_id(flow_id)) if flow_id is not None else None
        return None if flow is None else flow.id

    def list(
        self,
        *,
        folder_id: str | None = None,
        components_only: bool = False,
        examples: bool | None = None,
    ) -> _Flows:
        """Flows in the order they were created. `examples`: only these, none of them, or (None) both."""
        return [
            flow
            for flow in self._by_id.values()
            if (folder_id is None or flow.folder_id == folder_id)
            and (flow.is_component or not components_only)
            and (examples is None or examples == (flow.user_id is None))
        ]

    async def get_version(self, flow_id: str, version: str) -> bytes:
        """The JSON text of `data` when its content hash was `version`; raises `NotFound`."""
        row = await self._database.fetch_one(
            "SELECT data FROM flow_versions WHERE flow_id = ? AND version = ?", (flow_id, version)
        )
        if row is None:
            raise NotFound(f"Flow {flow_id} has no version {version}")
        return bytes(row[0])

    async def create(self, flow: Flow) -> Flow:
        """Store a new flow; see `create_many`."""
        return (await self.create_many([flow]))[0]

    async def create_many(self, flows: Sequence[Flow]) -> _Flows:
        """Store new flows, all or none, and return them as stored.

        A taken name gets ` (1)`, a taken endpoint name `-1`, or the next free number (contract: *Create a second
        flow*); an unknown folder becomes the default one. The user and the time are filled in. Raises `Conflict` when
        an id is taken.
        """
        prepared = [_prepared(flow) for flow in flows]
        return await self._database.writer.commit(lambda c: _insert(c, prepared), self._keep_all)

    async def create_examples(self, flows: Sequence[Flow]) -> _Flows:
        """Store the example flows, once in the life of a database: a second call does nothing and returns none."""
        prepared = [_prepared(flow) for flow in flows]

        def unit(connection: sqlite3.Connection) -> _Flows:
            if connection.execute("SELECT 1 FROM meta WHERE key = 'examples_loaded'").fetchone():
                return []
            connection.execute("INSERT INTO meta (key, value) VALUES ('examples_loaded', '1')")
            return _insert(connection, prepared, examples=True)

        return await self._database.writer.commit(unit, self._keep_all)

    async def update(self, flow_id: str, changes: Mapping[str, Any], *, rename: bool = False) -> Flow:
        """Change the named fields of `Flow`; `extra` is merged, an unknown folder becomes the default one.

        Raises `FlowNotFound`, `NotUnique` when another flow has the new name or endpoint name, unless `rename` says that
        the flow is to get the next free one as `create_many` does, and `FlowLocked` when more of a locked flow would
        change than its lock or its folder.
        """
        if unknown := changes.keys() - _CHANGEABLE:
            raise ValueError(f"a flow has no changeable field {', '.join(sorted(unknown))}")
        fields = dict(changes)
        if "data" in fields:
            fields["data"], fields["version"] = _own_data(fields["data"])

        def unit(connection: sqlite3.Connection) -> Flow:
            row = connection.execute(_SELECT_ONE, (flow_id,)).fetchone()
            if row is None:
                raise FlowNotFound("Flow not found")
            old = _flow(row)
            new = msgspec.structs.replace(old, **fields, updated_at=utc_now())
            new.endpoint_name = new.endpoint_name or None
            new.extra = {**old.extra, **fields.get("extra", {})}
            if "folder_id" in fields:
                new.folder_id = _existing_folder(connection, new.folder_id)
            if rename:
                _free_names(connection, new)
            if old.locked and _changed(old, new) - _CHANGEABLE_WHEN_LOCKED:
                raise FlowLocked
            if "data" in fields:
                _save_version(connection, new)
            try:
                connection.execute(_UPDATE, _row(new))
            except sqlite3.IntegrityError as error:
                raise _clash(error, new) from error
            return new

        return await self._database.writer.commit(unit, self._replace)

    async def delete(self, flow_ids: Iterable[str]) -> _Ids:
        """Delete flows with their versions and messages, all or none; returns the ids that existed."""
        wanted = list(flow_ids)
        return await self._database.writer.commit(lambda c: delete_flow_rows(c, wanted), self.forget)

    def forget(self, flow_ids: Iterable[str]) -> None:
        """Drop deleted flows from memory and tell the listeners."""
        for flow_id in flow_ids:
            flow = self._by_id.pop(flow_id, None)
            if flow is not None and flow.endpoint_name:
                del self._by_endpoint[flow.endpoint_name]
            self._tell(flow_id)

    def moved(self, flow_ids: Iterable[str], folder_id: str) -> None:
        """Note in memory that flows were moved to another folder."""
        for flow_id in flow_ids:
            if (flow := self._by_id.get(flow_id)) is not None:
                self._keep(msgspec.structs.replace(flow, folder_id=folder_id))

    def _replace(self, flow: Flow) -> None:
        self._keep(flow)
        self._tell(flow.id)

    def _tell(self, flow_id: str) -> None:
        for listener in self._listeners:
            listener(flow_id)

    def _keep_all(self, flows: Iterable[Flow]) -> None:
        for flow in flows:
            self._keep(flow)

    def _keep(self, flow: Flow) -> None:
        old = self._by_id.get(flow.id)
        if old is not None and old.endpoint_name:
            del self._by_endpoint[old.endpoint_name]
        self._by_id[flow.id] = flow
        if flow.endpoint_name:
            self._by_endpoint[flow.endpoint_name] = flow


def delete_flow_rows(connection: sqlite3.Connection, flow_ids: Iterable[str]) -> list[str]:
    """Part of a unit: delete flows and what belongs to them; the ids that existed."""
    deleted = []
    for flow_id in dict.fromkeys(flow_ids):
        if connection.execute("DELETE FROM flows WHERE id = ?", (flow_id,)).rowcount:
            connection.execute("DELETE FROM messages WHERE flow_id = ?", (flow_id,))
            connection.execute("DELETE FROM vertex_builds WHERE flow_id = ?", (flow_id,))
            connection.execute("DELETE FROM transactions WHERE flow_id = ?", (flow_id,))
            deleted.append(flow_id)
    return deleted


def _own_data(data: msgspec.Raw | None) -> tuple[msgspec.Raw | None, str]:
    # A Raw that came out of a decoder keeps the whole request body alive.
    return None if data is None else msgspec.Raw(bytes(data)), flow_version(data)


def _changed(old: Flow, new: Flow) -> set[str]:
    # The version stands for the data: the same graph may be written in another way.
    names = set(Flow.__struct_fields__) - {"data"}
    return {name for name in names if getattr(old, name) != getattr(new, name)}


def _prepared(flow: Flow) -> Flow:
    data, version = _own_data(flow.data)
    return msgspec.structs.replace(
        flow, data=data, version=version, endpoint_name=flow.endpoint_name or None, updated_at=utc_now()
    )


def _insert(connection: sqlite3.Connection, flows: Iterable[Flow], *, examples: bool = False) -> list[Flow]:
    user_id = connection.execute("SELECT value FROM meta WHERE key = 'user_id'").fetchone()[0]
    stored = []
    for prepared in flows:
        flow = msgspec.structs.replace(
            prepared,
            user_id=None if examples else user_id,
            folder_id=None if examples else _existing_folder(connection, prepared.folder_id),
        )
        _free_names(connection, flow)
        try:
            connection.execute(_INSERT, _row(flow))
        except sqlite3.IntegrityError as error:
            raise _clash(error, flow) from error
        _save_version(connection, flow)
        stored.append(flow)
    return stored


def _free_names(connection: sqlite3.Connection, flow: Flow) -> None:
    """Give a flow the name and endpoint name it wants, or the next ones that no other flow has."""
    named = "SELECT 1 FROM flows WHERE name = ? AND id != ?"
    flow.name = free_name(connection, named, flow.name, " (", ")", flow.id)
    if flow.endpoint_name:
        named = "SELECT 1 FROM flows WHERE endpoint_name = ? AND id != ?"
        flow.endpoint_name = free_name(connection, named, flow.endpoint_name, "-", "", flow.id)


def _save_version(connection: sqlite3.Connection, flow: Flow) -> None:
    data = _NO_DATA if flow.data is None else bytes(flow.data)
    connection.execute(_SAVE_VERSION, (flow.id, flow.version, data, to_micros(flow.updated_at)))


def _existing_folder(connection: sqlite3.Connection, folder_id: str | None) -> str:
    query = "SELECT id FROM folders WHERE id = ? OR is_default ORDER BY is_default LIMIT 1"
    return str(connection.execute(query, (folder_id,)).fetchone()[0])


def _clash(error: sqlite3.IntegrityError, flow: Flow) -> Exception:
    reason = str(error)
    if "flows.endpoint_name" in reason:
        return NotUnique("Endpoint name must be unique")
    if "flows.name" in reason:
        return NotUnique("Name must be unique")
    if "flows.id" in reason:
        return Conflict(f"There is already a flow with the id {flow.id}.")
    return error


def _row(flow: Flow) -> tuple[Any, ...]:
    return (
        flow.name,
        flow.description,
        flow.icon,
        flow.icon_bg_color,
        flow.gradient,
        flow.version,
        flow.is_component,
        to_micros(flow.updated_at),
        flow.webhook,
        flow.endpoint_name,
        None if flow.tags is None else to_json(flow.tags),
        flow.locked,
        flow.user_id,
        flow.folder_id,
        to_json(flow.extra),
        flow.id,
    )


def _flow(row: tuple[Any, ...]) -> Flow:
    data = bytes(row[16])
    return Flow(
        id=row[0],
        name=row[1],
        description=row[2],
        icon=row[3],
        icon_bg_color=row[4],
        gradient=row[5],
        version=row[6],
        is_component=bool(row[7]),
        updated_at=from_micros(row[8]),
        webhook=bool(row[9]),
        endpoint_name=row[10],
        tags=None if row[11] is None else msgspec.json.decode(row[11]),
        locked=bool(row[12]),
        user_id=row[13],
        folder_id=row[14],
        extra=msgspec.json.decode(row[15]),
        data=None if data == _NO_DATA else msgspec.Raw(data),
    )
