"""FlowFolder: the flows that a server loads when it starts, and those of a folder that it keeps up with."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread

from langflow_lite.errors import LangflowError, StorageError
from langflow_lite.flow import Flow
from langflow_lite.loading import FLAGS, TEXTS, UnreadableFlow, example_files, flow_files, read_flows
from langflow_lite.settings import Settings
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.meta import Meta

__all__ = ["FlowFolder", "Loaded", "load_flows"]

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks at a folder that is watched."""

_Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a start brought in: new examples, and the flows of `load_flows_path` with what was wrong in it."""

    examples: tuple[Flow, ...] = ()
    flows: tuple[Flow, ...] = ()
    warnings: tuple[str, ...] = ()


async def load_flows(settings: Settings, flows: FlowStore, meta: Meta, folder: FlowFolder | None) -> Loaded:
    """Bring in the example flows when the database is new, and everything in `folder` at every start.

    A file that cannot be used is a warning naming it, also in the log; it never stops the start.
    """
    examples: list[Flow] = []
    if settings.load_examples and not await meta.examples_loaded():
        shipped = [flow for path in example_files() for flow in read_flows(path.read_bytes(), path.stem)]
        examples = await flows.create_examples(shipped)
    changes = [] if folder is None else await folder.refresh()
    stored = [change.flow for change in changes if change.flow is not None]
    warnings = [change.text for change in changes if change.flow is None]
    return Loaded(tuple(examples), tuple(stored), tuple(warnings))


@dataclass(frozen=True, slots=True)
class Change:
    """Something to tell of a file: the flow that is stored now, or in `text` alone what is wrong."""

    text: str
    flow: Flow | None = None


@dataclass(slots=True)
class _File:
    """A file as it was last seen, and the ids of the flows it brought in when it could last be read."""

    stamp: _Stamp | None = None
    digest: bytes = b""
    ids: frozenset[str] = frozenset()
    missed: bool = False
    broken: _Stamp | None = None


@dataclass(slots=True)
class _Seen:
    """A file that may have changed: its flows, or why it has none."""

    path: Path
    stamp: _Stamp
    digest: bytes = b""
    flows: list[Flow] = field(default_factory=list)
    error: LangflowError | None = None


class FlowFolder:
    """The `*.json` files of a folder, and the flows that each of them brought into the store.

    A flow is known by its id, else its endpoint name, else its name, the same at a start as later. Of a file that cannot
    be used, or is gone, the flows stay as they are. Call `refresh` from one task at a time.

    Files are written while somebody looks: one that is gone or, with `again`, cannot be read is told of only when a
    second look finds the same.
    """

    def __init__(self, folder: Path, flows: FlowStore) -> None:
        self._folder = folder
        self._flows = flows
        self._files: dict[Path, _File] = {}
        self._is_missing = False

    async def watch(self) -> None:
        """Load what changes in the folder, about once a second, until cancelled; a log line tells of each change."""
        while True:
            await anyio.sleep(LOOK_SECONDS)
            for change in await self.refresh(again=True):
                if change.flow is not None:
                    logger.info("%s", change.text)

    async def refresh(self, *, again: bool = False) -> list[Change]:
        """Load the files that are new or have changed since the last time; what is wrong is also in the log."""
        try:
            present, seen = await anyio.to_thread.run_sync(self._look)
        except OSError as error:
            return [] if self._is_missing else self._miss(error)
        self._is_missing = False
        changes = self._note_missing(present)
        # A flow that is one file's by its id is no other file's by its name.
        read = {flow.id for file in seen for flow in file.flows}
        for file in seen:
            changes += await self._take(file, read, again)
        for change in changes:
            if change.flow is None:
                logger.warning("%s", change.text)
        return changes

    def _look(self) -> tuple[list[Path], list[_Seen]]:
        """All files there are, and the content of those that are not as they were (in a thread)."""
        if not self._folder.is_dir():
            raise FileNotFoundError
        present = flow_files(self._folder)
        return present, [found for path in present if (found := self._read(path)) is not None]

    def _read(self, path: Path) -> _Seen | None:
        known = self._files.get(path) or _File()
        try:
            # What changes after this is found the next time.
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
            if stamp == known.stamp:
                return None
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return _Seen(path, stamp, error=UnreadableFlow(f"it cannot be read: {error.strerror}"))
        digest = hashlib.sha256(raw).digest()
        if digest == known.digest:
            known.stamp = stamp
            return None
        try:
            return _Seen(path, stamp, digest, read_flows(raw, path.stem))
        except LangflowError as error:
            return _Seen(path, stamp, digest, error=error)

    async def _take(self, seen: _Seen, read: Collection[str], again: bool) -> list[Change]:
        file = self._files.setdefault(seen.path, _File())
        if again and seen.error is not None and file.broken != seen.stamp:
            file.broken = seen.stamp
            return []
        file.stamp, file.digest = seen.stamp, seen.digest
        if seen.error is not None:
            return [self._complaint(seen.path, file, seen.error)]
        changes = []
        ids: set[str] = set()
        for flow in seen.flows:
            claimed = {id_ for other in self._files.values() if other is not file for id_ in other.ids}.union(read, ids)
            known = self._known(flow, claimed)
            try:
                stored = await self._store(flow, known)
            except LangflowError as error:
                changes.append(self._complaint(seen.path, file, error))
                if isinstance(error, StorageError):
                    file.stamp, file.digest = None, b""
            else:
                ids.add(stored.id)
                done = "unchanged in" if stored is known else "loaded from" if known is None else "updated from"
                changes.append(Change(f"Flow {stored.name!r} ({stored.id}) {done} {seen.path}", stored))
        file.ids = frozenset(ids)
        return changes

    def _complaint(self, path: Path, file: _File, error: LangflowError) -> Change:
        kept = "; its flow stays as it was" if file.ids else ""
        return Change(f"{path} was not loaded: {error.message}{kept}")

    def _note_missing(self, present: Sequence[Path]) -> list[Change]:
        """Tell of files that have gone."""
        changes = []
        for path in self._files.keys() - set(present):
            if not self._files[path].missed:
                self._files[path].missed = True
                continue
            if self._files.pop(path).ids:
                changes.append(Change(f"{path} is gone; its flow stays until it is deleted over the API"))
        for path in self._files.keys() & set(present):
            self._files[path].missed = False
        return changes

    def _miss(self, error: OSError) -> list[Change]:
        self._is_missing = True
        reason = (
            "there is no such folder"
            if isinstance(error, FileNotFoundError)
            else f"it cannot be read: {error.strerror}"
        )
        change = Change(f"{self._folder} was not loaded: {reason} (LANGFLOW_LOAD_FLOWS_PATH)")
        logger.warning("%s", change.text)
        return [change]

    def _known(self, flow: Flow, claimed: Collection[str]) -> Flow | None:
        """The stored flow with the same id, else endpoint name, else name; the last two only if no file has its id."""
        stored = {other.id: other for other in self._flows.list()}
        if flow.id in stored:
            return stored[flow.id]
        free = [other for other in stored.values() if other.id not in claimed]
        for same in ("endpoint_name", "name"):
            value = getattr(flow, same)
            if value and (found := next((other for other in free if getattr(other, same) == value), None)):
                return found
        return None

    async def _store(self, flow: Flow, known: Flow | None) -> Flow:
        """Store the flow, in the place of the one it is a newer state of if there is one."""
        if known is None:
            return await self._flows.create(flow)
        changes = {
            key: value
            for key in (*TEXTS, *FLAGS, "name", "tags", "extra")
            if (value := getattr(flow, key)) not in (None, getattr(known, key))
        }
        if flow.version != known.version:
            changes["data"] = flow.data
        # A name that had to be changed when the flow was first stored stays changed.
        for unique in ("name", "endpoint_name"):
            if any(getattr(other, unique) == changes.get(unique) for other in self._flows.list()):
                changes.pop(unique, None)
        return await self._flows.update(known.id, changes) if changes else known
