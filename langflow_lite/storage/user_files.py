"""UserFiles: uploaded files that belong to no flow."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterable, Collection, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from langflow_lite.errors import NotFound, PayloadTooLarge
from langflow_lite.ids import new_id
from langflow_lite.storage.columns import from_micros, to_micros
from langflow_lite.storage.database import Database
from langflow_lite.storage.files import FileStore, StoredFile, label
from langflow_lite.storage.meta import Meta
from langflow_lite.values import utc_now

__all__ = ["UserFile", "UserFiles"]

_SELECT = "SELECT id, flow_id, name, size, created_at, updated_at, title FROM files WHERE flow_id = ?"


class UserFile(msgspec.Struct, kw_only=True):
    """A file of the user. `title` is shown and can be changed; `path` is what flows name and stays; `size` in bytes."""

    id: str
    title: str
    path: str
    size: int
    created_at: datetime
    updated_at: datetime

    @property
    def filename(self) -> str:
        """The title with the suffix of the file that was uploaded."""
        return label(self.title + os.path.splitext(self.path)[1])


class UserFiles:
    """Files of the user, kept beside those of the flows."""

    def __init__(self, database: Database, files: FileStore, meta: Meta) -> None:
        self._database = database
        self._files = files
        self._meta = meta

    async def save(self, name: str, chunks: AsyncIterable[bytes], *, limit: int) -> UserFile:
        """Store an upload of at most `limit` bytes; a taken name gets ` (1)` before its suffix.

        Raises `PayloadTooLarge`, `StorageFull` or `StorageError`; then nothing of it remains.
        """
        upload = StoredFile(id=new_id(), flow_id=self._meta.user_id, name=label(name), size=0, created_at=utc_now())
        stored = await self._files.receive(upload, chunks, insert=_insert, limit=limit)
        return await self.get(stored.id)

    async def list(self) -> list[UserFile]:
        """All files, oldest first."""
        rows = await self._database.fetch_all(_SELECT + " ORDER BY seq", (self._meta.user_id,))
        return [_file(row) for row in rows]

    async def get(self, file_id: str) -> UserFile:
        """The file with this id; raises `NotFound`."""
        row = await self._database.fetch_one(_SELECT + " AND id = ?", (self._meta.user_id, file_id))
        if row is None:
            raise NotFound("File not found")
        return _file(row)

    def place(self, file: UserFile) -> Path:
        """Where its bytes are."""
        return self._files.place(file.id)

    async def rename(self, file_id: str, title: str) -> UserFile:
        """Change the title; raises `NotFound`."""
        now = to_micros(utc_now())
        user_id = self._meta.user_id

        def unit(connection: sqlite3.Connection) -> None:
            change = "UPDATE files SET title = ?, updated_at = ? WHERE flow_id = ? AND id = ?"
            if not connection.execute(change, (title, now, user_id, file_id)).rowcount:
                raise NotFound("File not found")

        await self._database.writer.commit(unit)
        return await self.get(file_id)

    async def delete(self, file_ids: Collection[str] | None = None) -> Sequence[UserFile]:
        """Delete files, by default all; unknown ids are passed over. Returns what was deleted."""
        wanted = [file for file in await self.list() if file_ids is None or file.id in file_ids]
        if wanted:
            await self._files.delete_many([file.id for file in wanted])
        return wanted

    async def bundle(self, file_ids: Collection[str], *, limit: int) -> Path:
        """A temporary ZIP archive of these files, to be removed with `FileStore.remove_bundle`.

        Raises `NotFound` when none of them exists, and `PayloadTooLarge` beyond `limit` bytes.
        """
        wanted = [file for file in await self.list() if file.id in file_ids]
        if not wanted:
            raise NotFound("No files found")
        if sum(file.size for file in wanted) > limit:
            raise PayloadTooLarge(f"The files are larger than {limit // 2**20} MB together; download them one by one.")
        names: dict[str, str] = {}
        for file in wanted:
            stem, suffix = os.path.splitext(file.filename)
            name, number = file.filename, 0
            while name in names:
                number += 1
                name = f"{stem} ({number}){suffix}"
            names[name] = file.id
        return await self._files.bundle(list(names.items()))


def _insert(connection: sqlite3.Connection, upload: StoredFile) -> StoredFile:
    stem, suffix = os.path.splitext(upload.name)
    taken = "SELECT 1 FROM files WHERE flow_id = ? AND name = ?"
    name = upload.name
    for number in count(1):
        if connection.execute(taken, (upload.flow_id, name)).fetchone() is None:
            break
        name = f"{stem} ({number}){suffix}"
    moment = to_micros(upload.created_at)
    connection.execute(
        "INSERT INTO files (id, flow_id, name, size, created_at, updated_at, title) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (upload.id, upload.flow_id, name, upload.size, moment, moment, name.removesuffix(suffix)),
    )
    return msgspec.structs.replace(upload, name=name)


def _file(row: tuple[Any, ...]) -> UserFile:
    return UserFile(
        id=row[0],
        path=f"{row[1]}/{row[2]}",
        size=row[3],
        created_at=from_micros(row[4]),
        updated_at=from_micros(row[5]),
        title=row[6],
    )
