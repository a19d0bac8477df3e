"""Run events: their names, their encoding, and the log that readers follow by sequence number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Any

import anyio

from langflow_lite.errors import EventLimitExceeded
from langflow_lite.values import to_json

__all__ = ["TERMINAL", "EventLog", "EventName", "Frames"]

Frames = Sequence[tuple[int, bytes]]
"""Some events that follow each other: sequence ids and encoded bodies."""


class EventName(StrEnum):
    """Names of the events a run sends (seed documents 4 and 5)."""

    VERTICES_SORTED = "vertices_sorted"
    BUILD_START = "build_start"
    BUILD_END = "build_end"
    ADD_MESSAGE = "add_message"
    REMOVE_MESSAGE = "remove_message"
    TOKEN = "token"  # noqa: S105
    LOG = "log"
    END_VERTEX = "end_vertex"
    OUTPUT = "output"
    WARNING = "warning"
    HUMAN_INPUT_REQUIRED = "human_input_required"
    ERROR = "error"
    CANCELLED = "cancelled"
    END = "end"


TERMINAL = frozenset({EventName.END, EventName.ERROR, EventName.CANCELLED})
"""Events one of which ends every log, exactly once."""


class EventLog:
    """The events of one run, each encoded once as `{"event", "data", "sequence_id"}`; ids count from 1 without gaps.

    Readers are cursors: `follow(after)` yields the frames after that id and waits for more until the log is closed.
    Appending never waits for a reader. Not thread-safe: append from the event loop only. `megabytes` is how much it may
    hold, 0 for no limit.
    """

    __slots__ = ("_changed", "_closed", "_frames", "_megabytes", "_size", "_waiting")

    def __init__(self, megabytes: int = 0) -> None:
        self._megabytes = megabytes
        self._size = 0
        self._frames: list[bytes] = []
        self._changed = anyio.Event()
        self._waiting = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def closed(self) -> bool:
        """Whether the terminal event has been appended."""
        return self._closed

    def append(self, name: str, data: Any) -> None:
        """Encode and add one event; does nothing once the log is closed. Raises `EventLimitExceeded` when it is full."""
        if self._closed:
            return
        frame = self._encode(name, data)
        if self._megabytes and self._size + len(frame) > self._megabytes * 2**20:
            raise EventLimitExceeded(self._megabytes)
        self._add(frame)

    def _encode(self, name: str, data: Any) -> bytes:
        return to_json({"event": name, "data": data, "sequence_id": len(self._frames) + 1})

    def _add(self, frame: bytes) -> None:
        self._size += len(frame)
        self._frames.append(frame)
        self._wake()

    def close(self, name: str, data: Any) -> None:
        """Add the terminal event and end every reader once it has read it. Only the first call counts."""
        if not self._closed:
            self._closed = True
            self._add(self._encode(name, data))

    def _wake(self) -> None:
        if self._waiting:
            self._waiting = 0
            self._changed.set()
            self._changed = anyio.Event()

    async def follow(self, after: int = 0) -> AsyncIterator[Frames]:
        """Yield every event after `after`, in order, until the log is closed: each time all that there are."""
        cursor = after
        while True:
            while cursor < len(self._frames):
                frames = self._frames[cursor:]
                first, cursor = cursor + 1, len(self._frames)
                yield list(enumerate(frames, first))
            if self._closed:
                return
            self._waiting += 1
            await self._changed.wait()
