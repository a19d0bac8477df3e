"""MemoryJobs: a `JobStore` in memory, for tests of whatever drives jobs. Its writes can be held up and made to fail."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

import anyio
import msgspec
from msgspec.structs import replace

from langflow_lite.errors import IdempotencyMismatch, JobNotFound, StorageFull
from langflow_lite.job import Job, JobStatus
from langflow_lite.values import to_json


class Append:
    """A `Written`: settled in the turn of the loop after it was handed over, or when the store lets go of it."""

    def __init__(self) -> None:
        self.done = False
        self.error: Exception | None = None
        self._event = anyio.Event()

    def settle(self, error: Exception | None) -> None:
        self.done, self.error = True, error
        self._event.set()

    async def settled(self) -> None:
        await self._event.wait()


class MemoryJobs:
    """Jobs and events in dictionaries. `calls` are the names of the writes so far, in order.

    `broken` makes every write fail as on a full disk, after it has been set free. `hold(name)` keeps the writes of that
    name back until the returned function is called.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.frames: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self.broken = False
        self.calls: list[str] = []
        self.reads = 0
        self._gates: dict[str, asyncio.Future[None]] = {}
        self._called = anyio.Event()

    def hold(self, name: str) -> Callable[[], None]:
        gate = self._gates[name] = asyncio.get_running_loop().create_future()

        def release() -> None:
            self._gates.pop(name, None)
            if not gate.done():
                gate.set_result(None)

        return release

    async def called(self, name: str, times: int = 1) -> None:
        """Return once a write of this name has been handed over so many times."""
        while self.calls.count(name) < times:
            await self._called.wait()

    def _note(self, name: str) -> None:
        self.calls.append(name)
        self._called.set()
        self._called = anyio.Event()

    async def _write(self, name: str) -> None:
        self._note(name)
        if name in self._gates:
            # Like the writer's queue, not affected by what becomes of the caller.
            await asyncio.shield(self._gates[name])
        await anyio.lowlevel.checkpoint()
        if self.broken:
            raise StorageFull("There is no room left to write; nothing was stored.")

    async def insert(self, job: Job) -> Job:
        await self._write("insert")
        for known in self.jobs.values():
            if job.idempotency_key is not None and known.idempotency_key == job.idempotency_key:
                if known.request_hash != job.request_hash:
                    raise IdempotencyMismatch(job.idempotency_key)
                return known
        self.jobs[job.id] = job
        return job

    async def claim(self, job: Job) -> None:
        await self._write("claim")
        if not self.jobs[job.id].status.is_terminal:
            self.jobs[job.id] = job

    async def requeue(self, job: Job) -> None:
        await self._write("requeue")
        if not self.jobs[job.id].status.is_terminal:
            self.jobs[job.id] = job

    def append_events(self, job_id: str, first: int, frames: Sequence[bytes], after: Callable[[None], None]) -> Append:
        self._note("append")
        ticket = Append()

        def settle(_: object = None) -> None:
            if self.broken:
                ticket.settle(StorageFull("full"))
                return
            self._keep(job_id, first, frames)
            after(None)
            ticket.settle(None)

        gate = self._gates.get("append")
        if gate is None:
            asyncio.get_running_loop().call_soon(settle)
        else:
            gate.add_done_callback(settle)
        return ticket

    async def finish(self, job: Job, first: int, frames: Sequence[bytes]) -> None:
        await self._write("finish")
        if not self.jobs[job.id].status.is_terminal:
            self._keep(job.id, first, frames)
            # What cannot be encoded cannot be stored.
            self.jobs[job.id] = replace(job, result=msgspec.json.decode(to_json(job.result), type=type(job.result)))

    def _keep(self, job_id: str, first: int, frames: Sequence[bytes]) -> None:
        rows = self.frames[job_id]
        assert first == len(rows) + 1, f"frames from {first} on after {len(rows)}"
        rows.extend(enumerate(frames, first))

    async def get(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise JobNotFound(f"Workflow job {job_id} not found")
        return self.jobs[job_id]

    async def unfinished(self) -> list[Job]:
        return [
            replace(job, events=len(self.frames[job.id])) for job in self.jobs.values() if not job.status.is_terminal
        ]

    async def events(self, job_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        self.reads += 1
        await anyio.lowlevel.checkpoint()
        return [row for row in self.frames[job_id] if row[0] > after][:limit]

    def statuses(self) -> list[JobStatus]:
        return [job.status for job in self.jobs.values()]
