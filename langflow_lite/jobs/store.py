"""JobStore: where jobs and their events are kept, as far as the job system has to know."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import anyio

from langflow_lite.errors import StorageError
from langflow_lite.job import Job

__all__ = ["RETRY_SECONDS", "JobStore", "Written", "until_stored"]

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""How long a write that has to happen rests after it has failed."""


class Written(Protocol):
    """A write that was handed over."""

    @property
    def done(self) -> bool:
        """Whether it is committed or abandoned."""

    @property
    def error(self) -> Exception | None:
        """Why it was abandoned."""

    async def settled(self) -> None:
        """Return once it is committed or abandoned."""


class JobStore(Protocol):
    """Where jobs and their events are kept, so that they survive the process.

    Writes take effect in the order in which they were handed over. Those that fail raise `StorageError` and leave
    nothing behind.
    """

    async def insert(self, job: Job) -> Job:
        """Keep a new job; the one with the same idempotency key instead, if there is one.

        Raises `IdempotencyMismatch` when that one was asked for something else.
        """

    async def claim(self, job: Job) -> None:
        """Record that the job has begun (`status`, `started_at`, `rerun`), unless it has ended."""

    async def requeue(self, job: Job) -> None:
        """Record that the job waits, for its turn or for a decision (`status`), unless it has ended."""

    def append_events(self, job_id: str, first: int, frames: Sequence[bytes], after: Callable[[None], None]) -> Written:
        """Hand frames over, numbered from `first`; `after` is called once they are durable."""

    async def finish(self, job: Job, first: int, frames: Sequence[bytes]) -> None:
        """Record the end of the job and its last events, in one transaction; nothing if it has ended already."""

    async def get(self, job_id: str) -> Job:
        """The job as it is stored; raises `JobNotFound`."""

    async def unfinished(self) -> Sequence[Job]:
        """Jobs without a terminal state, oldest first."""

    async def events(self, job_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Stored events behind a sequence id, in order."""


async def until_stored(write: Callable[[], Awaitable[None]], trouble: str) -> None:
    """Repeat a write until the store takes it, because the job cannot go on without; `trouble` is for the log."""
    while True:
        try:
            return await write()
        except StorageError as error:
            logger.error("%s: %s", trouble, error.message)
        await anyio.sleep(RETRY_SECONDS)
