"""Retention: lets ended jobs go that are too old or too many."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import anyio

from langflow_lite.errors import StorageError
from langflow_lite.job import Job
from langflow_lite.values import utc_now

__all__ = ["JobArchive", "Retention"]

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 600.0
_EVERY_JOBS = 1000
_AT_ONCE = 200


class JobArchive(Protocol):
    """Where ended jobs are kept."""

    async def forget(self, *, ended_before: datetime, keep: int, limit: int) -> int:
        """Delete ended jobs: those from before a time, and all but the newest `keep`. At most `limit`; how many."""


class Retention:
    """Keeps the newest `count` ended jobs for `days` days, and deletes the others with their events.

    `run` looks after the start, every ten minutes, and whenever a thousand more jobs have ended.
    """

    def __init__(self, archive: JobArchive, *, days: float, count: int, now: Callable[[], datetime] = utc_now) -> None:
        self._archive = archive
        self._age = timedelta(days=days)
        self._count = count
        self._now = now
        self._ended = 0
        self._due = anyio.Event()

    def note(self, job: Job) -> None:
        """Count a job that has ended."""
        self._ended += 1
        if self._ended >= _EVERY_JOBS:
            self._due.set()

    async def run(self) -> None:
        """Let go of what is due, again and again, until cancelled."""
        while True:
            self._ended = 0
            self._due = anyio.Event()
            try:
                await self.sweep()
            except StorageError as error:
                logger.warning("old jobs cannot be deleted for now: %s", error.message)
            with anyio.move_on_after(_EVERY_SECONDS):
                await self._due.wait()

    async def sweep(self) -> int:
        """Delete what is due, a few at a time so that others can write in between; returns how many jobs that were."""
        deleted = 0
        before = self._now() - self._age
        while True:
            some = await self._archive.forget(ended_before=before, keep=self._count, limit=_AT_ONCE)
            deleted += some
            if some < _AT_ONCE:
                return deleted
