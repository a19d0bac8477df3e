"""Polls: reading a job's events call by call, for clients that do not hold a stream open."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import aclosing

import anyio

from langflow_lite.errors import EventsEvicted
from langflow_lite.jobs.store import JobStore
from langflow_lite.jobs.supervisor import Supervisor

__all__ = ["Polls"]

_MOST = 1000
_REMEMBERED = 1000


class Polls:
    """Answers each poll with what is new, and waits for something new for `patience` seconds at most.

    Clients that name no place share one per job, as if they took from a queue (contract: *Build*); the places of the
    jobs that were polled last are remembered. After the end, every poll answers the terminal event again.
    """

    def __init__(self, jobs: Supervisor, store: JobStore, *, patience: float = 5.0) -> None:
        self._jobs = jobs
        self._store = store
        self._patience = patience
        self._places: OrderedDict[str, int] = OrderedDict()

    async def read(self, job_id: str, after: int | None = None) -> list[bytes]:
        """The next frames, 1000 at most; `after` is a sequence id and keeps the shared place where it is.

        Raises `JobNotFound`, and `EventsEvicted` when some of the events are gone.
        """
        place = self._places.get(job_id, 0) if after is None else after
        job = await self._jobs.get(job_id)
        if job.status.is_terminal:
            place = min(place, max(job.events - 1, 0))
        elif place >= job.events:
            with anyio.move_on_after(self._patience):
                async with aclosing(self._jobs.follow(job_id, place)) as news:
                    await anext(news, None)
        found = await self._store.events(job_id, place, _MOST)
        if job.events > place and (not found or found[0][0] != place + 1):
            raise EventsEvicted(f"the events of job {job_id} after {place} are no longer kept")
        if after is None and found:
            self._places[job_id] = found[-1][0]
            self._places.move_to_end(job_id)
            if len(self._places) > _REMEMBERED:
                self._places.popitem(last=False)
        return [frame for _, frame in found]
