"""FileStore: uploaded files. Their names are labels in the database; on disk they are called by random ids."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import AsyncIterable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import msgspec

from langflow_lite.errors import FlowNotFound, NotFound, PayloadTooLarge, StorageError
from langflow_lite.ids import new_id
from langflow_lite.storage.columns import from_micros, to_micros, well_formed
from langflow_lite.storage.database import Database
from langflow_lite.storage.disk import NO_FOLLOW, move_into_place
from langflow_lite.storage.failures import file_error
from langflow_lite.values import utc_now

__all__ = ["FileStore", "StoredFile", "label"]

T = TypeVar("T")

_WRITE_SIZE = 1024 * 1024
_MAX_NAME = 200
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_PARTIAL = ".part"


class StoredFile(msgspec.Struct, kw_only=True):
    """An uploaded file. `name` is the time of the upload and the client's name; `size` is in bytes."""

    id: str
    flow_id: str
    name: str
    size: int
    created_at: datetime

    @property
    def path(self) -> str:
        """What clients and flows call it (contract: *Files*): a label, not a place on disk."""
        return f"{self.flow_id}/{self.name}"


class FileStore:
    """Files of flows, in `directory` on disk. Call `load` once before. All file work is done in threads."""

    def __init__(self, database: Database, directory: Path) -> None:
        self._database = database
        self._directory = directory
        self._writing = anyio.Lock()

    async def load(self) -> None:
        """Make the directory if need be, and remove what interrupted uploads have left in it."""
        await _in_thread(self._tidy)

    async def save(self, flow_id: str, name: str, chunks: AsyncIterable[bytes], *, limit: int) -> StoredFile:
        """Store an upload of at most `limit` bytes as it arrives; it exists once it is whole and on disk.

        Raises `FlowNotFound`, `PayloadTooLarge`, `StorageFull` or `StorageError`; then nothing of it remains, as when
        the caller is cancelled.
        """
        file = StoredFile(id=new_id(), flow_id=flow_id, name=label(name), size=0, created_at=utc_now())
        return await self.receive(file, chunks, insert=_insert, limit=limit)

    async def receive(
        self,
        file: StoredFile,
        chunks: AsyncIterable[bytes],
        *,
        insert: Callable[[sqlite3.Connection, StoredFile], StoredFile],
        limit: int,
    ) -> StoredFile:
        """Store an upload whose row `insert` writes; raises as `save` does, and what `insert` raises."""
        place = self._directory / file.id
        unfinished = place.with_name(place.name + _PARTIAL)
        try:
            file.size = await _receive(unfinished, chunks, limit)
            await _in_thread(lambda: move_into_place(unfinished, place))
            ticket = self._database.writer.enqueue(lambda c: insert(c, file))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await _in_thread(lambda: _remove(unfinished, place))
            raise
        # Handed over, the row is going to exist even for a caller who is cancelled now, so the bytes must stay for it.
        with anyio.CancelScope(shield=True):
            await ticket.settled()
            if ticket.error is not None:
                await _in_thread(lambda: _remove(place))
        return await ticket.wait()

    async def list(self, flow_id: str) -> Sequence[StoredFile]:
        """The files of a flow, oldest first."""
        rows = await self._database.fetch_all(
            "SELECT id, flow_id, name, size, created_at FROM files WHERE flow_id = ? ORDER BY seq", (flow_id,)
        )
        return [_file(row) for row in rows]

    async def find(self, path: str) -> tuple[StoredFile, Path]:
        """The record of the file with this `<flow id>/<name>`, and where its bytes are; raises `NotFound`."""
        flow_id, _, name = path.partition("/")
        row = await self._database.fetch_one(
            "SELECT id, flow_id, name, size, created_at FROM files WHERE flow_id = ? AND name = ?",
            (well_formed(flow_id), well_formed(name)),
        )
        if row is None:
            raise NotFound(f"File {path} not found")
        file = _file(row)
        return file, self._directory / file.id

    async def read(self, path: str) -> bytes:
        """The bytes of the file with this `<flow id>/<name>`; raises `NotFound`."""
        _, place = await self.find(path)
        try:
            return await _in_thread(lambda: _read(place))
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFound(f"File {path} not found") from error
            raise

    async def write(self, flow_id: str, name: str, content: bytes, *, limit: int, append: bool = False) -> str:
        """Keep a file that a run made under exactly this label, and return its path.

        A file of the flow with this name is replaced, or grows by `content` when `append` is set; readers see the old
        or the new one, never a mixture. Raises `FlowNotFound`, `PayloadTooLarge`, `StorageFull` or `StorageError`.
        """
        async with self._writing:
            if append:
                with contextlib.suppress(NotFound):
                    content = await self.read(f"{flow_id}/{label(name)}") + content
            if len(content) > limit:
                raise PayloadTooLarge(f"The file is larger than the maximum size of {limit / 2**20:g} MB.")
            file = StoredFile(id=new_id(), flow_id=flow_id, name=label(name), size=len(content), created_at=utc_now())
            # What has begun ends quickly, and half of it would leave a file without a row.
            with anyio.CancelScope(shield=True):
                await self._replace(file, content)
            return file.path

    async def _replace(self, file: StoredFile, content: bytes) -> None:
        place = self._directory / file.id
        unfinished = place.with_name(place.name + _PARTIAL)
        try:
            await _in_thread(lambda: _write_whole(unfinished, content))
            await _in_thread(lambda: move_into_place(unfinished, place))
            replaced = await self._database.writer.enqueue(lambda c: _insert_or_replace(c, file)).wait()
        except BaseException:
            await _in_thread(lambda: _remove(unfinished, place))
            raise
        if replaced is not None:
            await _in_thread(lambda: _remove(self._directory / replaced))

    def place(self, file_id: str) -> Path:
        """Where the bytes of a file are."""
        return self._directory / file_id

    async def delete(self, path: str) -> StoredFile:
        """Delete a file; raises `NotFound`."""
        file, _ = await self.find(path)
        await self.delete_many([file.id])
        return file

    async def delete_many(self, file_ids: Sequence[str]) -> None:
        """Delete the files with these ids, all or none; raises `NotFound` when one has been deleted meanwhile."""

        def unit(connection: sqlite3.Connection) -> None:
            for file_id in file_ids:
                if not connection.execute("DELETE FROM files WHERE id = ?", (file_id,)).rowcount:
                    raise NotFound("File not found")

        await self._drop(unit, [self.place(file_id) for file_id in file_ids])

    async def bundle(self, entries: Sequence[tuple[str, str]]) -> Path:
        """A temporary ZIP archive of files, given as (name in the archive, file id); the caller removes it."""
        place = self._directory / (new_id() + _PARTIAL)
        try:
            await _in_thread(lambda: _zip(place, [(name, self.place(file_id)) for name, file_id in entries]))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await _in_thread(lambda: _remove(place))
            raise
        return place

    async def remove_bundle(self, place: Path) -> None:
        """Remove what `bundle` made."""
        await _in_thread(lambda: _remove(place))

    async def delete_all(self, flow_id: str) -> None:
        """Delete the files of a flow that is gone."""
        places = [self._directory / file.id for file in await self.list(flow_id)]
        if places:
            ids = [(place.name,) for place in places]
            await self._drop(lambda c: c.executemany("DELETE FROM files WHERE id = ?", ids), places)

    async def _drop(self, unit: Callable[[sqlite3.Connection], Any], places: Sequence[Path]) -> None:
        ticket = self._database.writer.enqueue(unit)
        with anyio.CancelScope(shield=True):
            await ticket.settled()
            if ticket.error is None:
                await _in_thread(lambda: _remove(*places))
        await ticket.wait()

    def _tidy(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for unfinished in self._directory.glob("*" + _PARTIAL):
            unfinished.unlink()


def label(name: str) -> str:
    """A client's file name as one path segment that can be shown and put into a header or an archive."""
    last = re.split(r"[/\\]", well_formed(name))[-1]
    clean = _UNSAFE.sub("", last).strip()
    stem, suffix = os.path.splitext(clean)
    clean = stem[: _MAX_NAME - len(suffix)] + suffix if len(suffix) < _MAX_NAME else clean[:_MAX_NAME]
    return clean if clean.strip(".") else "file"


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await anyio.to_thread.run_sync(work)
    except Exception as error:
        if (mapped := file_error("A stored file cannot be read or written", error)) is error:
            raise
        raise mapped from error


async def _receive(place: Path, chunks: AsyncIterable[bytes], limit: int) -> int:
    size = 0
    waiting = bytearray()
    fd = await _in_thread(lambda: _create(place))
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise PayloadTooLarge(f"The file is larger than the maximum size of {limit / 2**20:g} MB.")
            waiting += chunk
            if len(waiting) >= _WRITE_SIZE:
                full, waiting = waiting, bytearray()
                await _in_thread(partial(_write, fd, full))
        await _in_thread(lambda: _finish(fd, waiting))
    finally:
        os.close(fd)
    return size


def _create(place: Path) -> int:
    return os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)


def _write(fd: int, content: bytearray) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _finish(fd: int, rest: bytearray) -> None:
    _write(fd, rest)
    os.fsync(fd)


def _write_whole(place: Path, content: bytes) -> None:
    fd = _create(place)
    try:
        _finish(fd, bytearray(content))
    finally:
        os.close(fd)


def _read(place: Path) -> bytes:
    with open(os.open(place, os.O_RDONLY | NO_FOLLOW), "rb") as file:
        return file.read()


def _zip(archive: Path, entries: Sequence[tuple[str, Path]]) -> None:
    with (
        open(_create(archive), "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for name, place in entries:
            with (
                open(os.open(place, os.O_RDONLY | NO_FOLLOW), "rb") as source,
                target.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry,
            ):
                shutil.copyfileobj(source, entry, _WRITE_SIZE)


def _remove(*places: Path) -> None:
    for place in places:
        with contextlib.suppress(FileNotFoundError):
            place.unlink()


def _insert(connection: sqlite3.Connection, upload: StoredFile) -> StoredFile:
    if connection.execute("SELECT 1 FROM flows WHERE id = ?", (upload.flow_id,)).fetchone() is None:
        raise FlowNotFound("Flow not found")
    # Two uploads of one name within a second: the later one is dated a second on, so that neither replaces the other.
    moment = upload.created_at
    while True:
        name = f"{moment:%Y-%m-%d_%H-%M-%S}_{upload.name}"
        taken = "SELECT 1 FROM files WHERE flow_id = ? AND name = ?"
        if connection.execute(taken, (upload.flow_id, name)).fetchone() is None:
            break
        moment += timedelta(seconds=1)
    file = msgspec.structs.replace(upload, name=name)
    connection.execute(
        "INSERT INTO files (id, flow_id, name, size, created_at) VALUES (?, ?, ?, ?, ?)",
        (file.id, file.flow_id, file.name, file.size, to_micros(file.created_at)),
    )
    return file


def _insert_or_replace(connection: sqlite3.Connection, file: StoredFile) -> str | None:
    """Insert the row, and return the id of the file of that name whose place it took."""
    if connection.execute("SELECT 1 FROM flows WHERE id = ?", (file.flow_id,)).fetchone() is None:
        raise FlowNotFound("Flow not found")
    taken = connection.execute(
        "DELETE FROM files WHERE flow_id = ? AND name = ? RETURNING id", (file.flow_id, file.name)
    ).fetchone()
    connection.execute(
        "INSERT INTO files (id, flow_id, name, size, created_at) VALUES (?, ?, ?, ?, ?)",
        (file.id, file.flow_id, file.name, file.size, to_micros(file.created_at)),
    )
    return taken[0] if taken else None


def _file(row: tuple[Any, ...]) -> StoredFile:
    return StoredFile(id=row[0], flow_id=row[1], name=row[2], size=row[3], created_at=from_micros(row[4]))
