"""JobLog: the events of a detached job. Nobody reads an event before it is on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio

from langflow_lite.errors import EventsEvicted, StorageError
from langflow_lite.events import Frames
from langflow_lite.jobs.store import JobStore, Written
from langflow_lite.values import to_json

__all__ = ["JobLog", "stored_events"]

_KEPT_IN_MEMORY = 512
_READ_AT_ONCE = 256


async def stored_events(store: JobStore, job_id: str, after: int) -> Frames:
    """The events that are stored behind a sequence id, as many as are read at once; raises `EventsEvicted`."""
    batch = await store.events(job_id, after, _READ_AT_ONCE)
    if not batch or batch[0][0] != after + 1:
        raise EventsEvicted(f"the events of job {job_id} after {after} are no longer kept")
    return batch


class JobLog:
    """Events numbered from 1 without gaps, each encoded once, mirrored to the store and published after the commit.

    Readers are cursors: near the end they read memory, further back the store, so a slow one costs nothing and never
    holds the producer up. The same frames come out of both. `events` is how many are on disk from an earlier process.
    Once more than `limit` bytes have been appended, which 0 leaves open, `overflow` is called; it has to seal the log.
    """

    def __init__(
        self,
        job_id: str,
        store: JobStore,
        events: int = 0,
        *,
        limit: int = 0,
        overflow: Callable[[], object] = lambda: None,
    ) -> None:
        self._limit = limit
        self._overflow = overflow
        self._size = 0
        self._job_id = job_id
        self._store = store
        self._committed = events
        self._recent: list[bytes] = []
        self._pending: list[bytes] = []
        self._flying: list[bytes] = []
        self._ticket: Written | None = None
        self._changed = anyio.Event()
        self._waiting = False
        self._sealed = False
        self._closed = False

    @property
    def committed(self) -> int:
        """The sequence id of the last event that is on disk."""
        return self._committed

    def append(self, name: str, data: Any) -> None:
        """Add an event; does nothing once the log is sealed."""
        if self._sealed:
            return
        frame = self._encode(name, data)
        self._size += len(frame)
        if self._limit and self._size > self._limit:
            self._overflow()
            return
        self._pending.append(frame)
        self._write()

    def _encode(self, name: str, data: Any) -> bytes:
        number = self._committed + len(self._flying) + len(self._pending) + 1
        return to_json({"event": name, "data": data, "sequence_id": number})

    def _write(self) -> None:
        """Hand what is pending to the store, unless an earlier write is still under way."""
        if self._ticket is not None:
            if not self._ticket.done:
                return
            self._take_back()
        frames = self._pending
        try:
            ticket = self._store.append_events(self._job_id, self._committed + 1, frames, self._on_written)
        except StorageError:
            # The writer has stopped; the job's end will say so.
            return
        self._flying, self._pending = frames, []
        self._ticket = ticket

    def _take_back(self) -> None:
        # A write that was abandoned left nothing behind, so its events are simply due again.
        if self._flying:
            self._pending = self._flying + self._pending
            self._flying = []
        self._ticket = None

    def _on_written(self, _: None) -> None:
        frames, self._flying = self._flying, []
        self._ticket = None
        self._publish(frames)
        if self._pending and not self._sealed:
            self._write()

    def _publish(self, frames: list[bytes]) -> None:
        self._committed += len(frames)
        self._recent.extend(frames)
        if len(self._recent) > 2 * _KEPT_IN_MEMORY:
            del self._recent[:-_KEPT_IN_MEMORY]
        self._wake_readers()

    def _wake_readers(self) -> None:
        if self._waiting:
            self._waiting = False
            self._changed.set()
            self._changed = anyio.Event()

    def seal(self) -> None:
        """Take no more events."""
        self._sealed = True

    async def ending(self, name: str, data: Any) -> tuple[int, list[bytes]]:
        """What a sealed log has still to write, a terminal event last, and the number of the first of these frames.

        The caller commits them together with the job's end and then calls `close`; until then it may ask again.
        """
        if self._ticket is not None:
            await self._ticket.settled()
            self._take_back()
        return self._committed + 1, [*self._pending, self._encode(name, data)]

    def close(self, frames: list[bytes]) -> None:
        """Publish what `ending` returned, now that it is on disk, and end every reader once it has read it."""
        self._closed = True
        self._pending = []
        self._publish(frames)

    def abandon(self) -> None:
        """End every reader without a terminal event: the job lives on, but not in this process."""
        self._sealed = self._closed = True
        self._wake_readers()

    async def follow(self, after: int = 0) -> AsyncIterator[Frames]:
        """Yield every event after `after`, in order, until the terminal one: each time all that there are, up to 256.

        Raises `EventsEvicted` when some of them are gone.
        """
        cursor = after
        while True:
            first_recent = self._committed - len(self._recent)
            if cursor < first_recent:
                batch = await stored_events(self._store, self._job_id, cursor)
                cursor = batch[-1][0]
                yield batch
            elif cursor < self._committed:
                start = cursor - first_recent
                frames = self._recent[start : start + _READ_AT_ONCE]
                first, cursor = cursor + 1, cursor + len(frames)
                yield list(enumerate(frames, first))
            elif self._closed:
                return
            else:
                self._waiting = True
                await self._changed.wait()
