"""FolderStore: the folders (called projects today) that flows are in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from langflow_lite.errors import Conflict, NotFound
from langflow_lite.ids import new_id
from langflow_lite.storage.database import Database
from langflow_lite.storage.flows import FlowStore, delete_flow_rows
from langflow_lite.storage.names import free_name

__all__ = ["Folder", "FolderStore"]

_CHANGEABLE = frozenset({"name", "description", "parent_id"})


class Folder(msgspec.Struct, kw_only=True):
    """A folder (contract: *Folder*). Exactly one is the default: new flows go there, and it cannot be deleted."""

    id: str
    name: str
    description: str | None = None
    parent_id: str | None = None
    is_default: bool = False


class FolderStore:
    """Folders, in memory for reading; call `load` once before. Takes care of the flows in them as well."""

    def __init__(self, database: Database, flows: FlowStore) -> None:
        self._database = database
        self._flows = flows
        self._by_id: dict[str, Folder] = {}

    async def load(self) -> None:
        """Read all folders into memory, the default one first."""
        for row in await self._database.fetch_all(
            "SELECT id, name, description, parent_id, is_default FROM folders ORDER BY is_default DESC, seq"
        ):
            self._keep(_folder(row))

    @property
    def default(self) -> Folder:
        """The folder of flows that name no other."""
        return next(folder for folder in self._by_id.values() if folder.is_default)

    def list(self) -> Sequence[Folder]:
        """All folders: the default one, then in the order they were created."""
        return list(self._by_id.values())

    def get(self, folder_id: str) -> Folder:
        """The folder with this id; raises `NotFound`."""
        folder = self._by_id.get(folder_id)
        if folder is None:
            raise NotFound("Project not found")
        return folder

    async def create(
        self,
        name: str,
        *,
        description: str | None = None,
        parent_id: str | None = None,
        flow_ids: Iterable[str] = (),
    ) -> Folder:
        """Make a folder and move the flows into it; a taken name gets ` (1)`.

        Unknown flows and an unknown parent are passed over.
        """
        folder_id = new_id()
        wanted = list(flow_ids)

        def unit(connection: sqlite3.Connection) -> tuple[Folder, Sequence[str]]:
            free = free_name(connection, "SELECT 1 FROM folders WHERE name = ?", name, " (", ")")
            known = connection.execute("SELECT id FROM folders WHERE id = ?", (parent_id,)).fetchone()
            folder = Folder(id=folder_id, name=free, description=description, parent_id=known[0] if known else None)
            connection.execute(
                "INSERT INTO folders (id, name, description, parent_id) VALUES (?, ?, ?, ?)",
                (folder.id, folder.name, folder.description, folder.parent_id),
            )
            return folder, _move(connection, wanted, folder.id)

        return (await self._database.writer.commit(unit, self._changed))[0]

    async def update(self, folder_id: str, changes: Mapping[str, Any], *, flow_ids: Iterable[str] = ()) -> Folder:
        """Change name, description or parent, and move the flows in. Unknown flows are passed over.

        Raises `NotFound` for an unknown folder or parent, `Conflict` when another folder has the name or the parent lies
        inside this folder.
        """
        if unknown := changes.keys() - _CHANGEABLE:
            raise ValueError(f"a folder has no changeable field {', '.join(sorted(unknown))}")
        fields = dict(changes)
        wanted = list(flow_ids)

        def unit(connection: sqlite3.Connection) -> tuple[Folder, Sequence[str]]:
            row = connection.execute(
                "SELECT id, name, description, parent_id, is_default FROM folders WHERE id = ?", (folder_id,)
            ).fetchone()
            if row is None:
                raise NotFound("Project not found")
            folder = msgspec.structs.replace(_folder(row), **fields)
            _check_parent(connection, folder)
            try:
                connection.execute(
                    "UPDATE folders SET name = ?, description = ?, parent_id = ? WHERE id = ?",
                    (folder.name, folder.description, folder.parent_id, folder.id),
                )
            except sqlite3.IntegrityError as error:
                raise Conflict("Project name must be unique") from error
            return folder, _move(connection, wanted, folder.id)

        return (await self._database.writer.commit(unit, self._changed))[0]

    async def delete(self, folder_id: str) -> Sequence[str]:
        """Delete a folder with the flows in it; returns their ids. Folders inside it move to the top.

        Raises `NotFound`, and `Conflict` for the default folder.
        """

        def unit(connection: sqlite3.Connection) -> Sequence[str]:
            row = connection.execute("SELECT is_default FROM folders WHERE id = ?", (folder_id,)).fetchone()
            if row is None:
                raise NotFound("Project not found")
            if row[0]:
                raise Conflict("The default project cannot be deleted; delete the flows in it instead.")
            inside = connection.execute("SELECT id FROM flows WHERE folder_id = ?", (folder_id,)).fetchall()
            deleted = delete_flow_rows(connection, [flow_id for (flow_id,) in inside])
            connection.execute("DELETE FROM folders WHERE id = ?", (folder_id,))
            return deleted

        def after(deleted: Sequence[str]) -> None:
            del self._by_id[folder_id]
            for folder in self.list():
                if folder.parent_id == folder_id:
                    self._keep(msgspec.structs.replace(folder, parent_id=None))
            self._flows.forget(deleted)

        return await self._database.writer.commit(unit, after)

    def _changed(self, result: tuple[Folder, Sequence[str]]) -> None:
        folder, moved = result
        self._keep(folder)
        self._flows.moved(moved, folder.id)

    def _keep(self, folder: Folder) -> None:
        self._by_id[folder.id] = folder


def _folder(row: tuple[Any, ...]) -> Folder:
    return Folder(id=row[0], name=row[1], description=row[2], parent_id=row[3], is_default=bool(row[4]))


def _check_parent(connection: sqlite3.Connection, folder: Folder) -> None:
    ancestor = folder.parent_id
    while ancestor is not None:
        if ancestor == folder.id:
            raise Conflict("A project cannot be inside itself.")
        row = connection.execute("SELECT parent_id FROM folders WHERE id = ?", (ancestor,)).fetchone()
        if row is None:
            raise NotFound("Parent project not found")
        ancestor = row[0]


def _move(connection: sqlite3.Connection, flow_ids: Iterable[str], folder_id: str) -> list[str]:
    return [
        flow_id
        for flow_id in dict.fromkeys(flow_ids)
        if connection.execute("UPDATE flows SET folder_id = ? WHERE id = ?", (folder_id, flow_id)).rowcount
    ]
