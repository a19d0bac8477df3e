"""Supervisor: owns every job from its acceptance to its end."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.abc

from langflow_lite.components.context import Emit
from langflow_lite.errors import EventsEvicted, JobNotStoppable, QueueFull, StorageError
from langflow_lite.events import EventName
from langflow_lite.job import Job, JobResult, JobStatus
from langflow_lite.jobs.log import JobLog
from langflow_lite.jobs.store import JobStore
from langflow_lite.values import utc_now

__all__ = ["Ended", "Execute", "Supervisor", "failed"]

logger = logging.getLogger(__name__)

_READ_AT_ONCE = 256
_RETRY_SECONDS = 1.0
_END_EVENTS = {
    JobStatus.COMPLETED: EventName.END,
    JobStatus.FAILED: EventName.ERROR,
    JobStatus.CANCELLED: EventName.CANCELLED,
    JobStatus.TIMED_OUT: EventName.ERROR,
}


class Ended:
    """How an execution ended: the status, what came of it, and the data of the terminal event."""

    __slots__ = ("data", "event", "result", "status")

    def __init__(self, status: JobStatus, result: JobResult, data: Any, event: EventName | None = None) -> None:
        self.status = status
        self.result = result
        self.data = data
        self.event = event or _END_EVENTS[status]


Execute = Callable[[Job, Emit], Awaitable[Ended]]
"""Runs a job and reports how it ended; raises nothing but cancellation."""


class _Active:
    """A job that has not ended: its log, its scope while it runs, and whether its end is decided."""

    __slots__ = ("decided", "ended", "job", "log", "scope")

    def __init__(self, job: Job, log: JobLog) -> None:
        self.job = job
        self.log = log
        self.scope: anyio.CancelScope | None = None
        self.decided = False
        self.ended = anyio.Event()


class Supervisor:
    """Accepts, queues, runs, stops and recovers detached jobs. An async context manager; leaving cancels what runs.

    A job is accepted once its row is committed. At most `concurrency` run at once, the rest wait in the order of their
    acceptance, at most `queue_size` of them. The first terminal transition of a job wins; its status, result and
    terminal event are one transaction and are told to nobody before it is committed. `timeout` is in seconds, 0 for none.
    """

    def __init__(
        self,
        store: JobStore,
        execute: Execute,
        *,
        concurrency: int = 32,
        queue_size: int = 10_000,
        timeout: float = 0,
        on_end: Callable[[Job], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._execute = execute
        self._concurrency = concurrency
        self._queue_size = queue_size
        self._timeout = timeout if timeout > 0 else math.inf
        self._on_end = on_end
        self._active: dict[str, _Active] = {}
        self._queue: deque[_Active] = deque()
        self._running = 0
        self._accepting = False
        self._idle = anyio.Event()
        self._stack = AsyncExitStack()
        self._tasks: anyio.abc.TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._accepting = True
        await self._recover()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._accepting = False
        self._queue.clear()
        with anyio.CancelScope(shield=True):
            await self._cancel_all()
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
        return await self._stack.__aexit__(kind, error, trace)

    @property
    def queued(self) -> int:
        """How many jobs wait for their turn."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many jobs run."""
        return self._running

    async def submit(self, job: Job) -> Job:
        """Accept a job: it exists from now on, whatever happens to this process.

        Returns the earlier job if the idempotency key names one. Raises `QueueFull`, `IdempotencyMismatch` and
        `StorageError`; then the job does not exist.
        """
        if not self._accepting:
            raise QueueFull("the server is shutting down and takes no more jobs")
        if len(self._queue) >= self._queue_size:
            raise QueueFull(f"{self._queue_size} jobs are waiting already; try again later")
        # The caller may be cancelled while the row is being committed; the job is then accepted all the same.
        with anyio.CancelScope(shield=True):
            kept = await self._store.insert(job)
            if kept.id == job.id:
                self._enqueue(kept)
        return kept

    def _enqueue(self, job: Job) -> None:
        active = _Active(job, JobLog(job.id, self._store, job.events))
        self._active[job.id] = active
        self._queue.append(active)
        self._start_next()

    def _start_next(self) -> None:
        while self._accepting and self._queue and self._running < self._concurrency and self._tasks is not None:
            active = self._queue.popleft()
            if not active.decided:
                self._running += 1
                self._tasks.start_soon(self._run, active, name=f"job {active.job.id}")

    async def _run(self, active: _Active) -> None:
        job = active.job
        try:
            with anyio.CancelScope() as active.scope:
                ended = await self._attempt(active)
                await self._end(active, ended)
        except Exception as error:
            # Nothing below is allowed to raise, so this is a fault of the server; the job must end all the same.
            logger.exception("job %s failed inside the server", job.id)
            await self._end(active, failed(f"internal error: {type(error).__name__}", "INTERNAL_ERROR"))

    async def _attempt(self, active: _Active) -> Ended:
        job = active.job
        job.status = JobStatus.IN_PROGRESS
        job.started_at = utc_now()
        try:
            await self._store.claim(job)
        except StorageError as error:
            return failed(error.message, error.code)
        ended: list[Ended] = []
        with anyio.move_on_after(self._timeout):
            ended.append(await self._execute(job, active.log.append))
        message = f"the job ran longer than {self._timeout:g} s (LANGFLOW_JOB_TIMEOUT)"
        return ended[0] if ended else failed(message, "EXECUTION_TIMEOUT", JobStatus.TIMED_OUT)

    async def _end(self, active: _Active, ended: Ended) -> bool:
        """End a job once and for all; False when its end was decided before."""
        if active.decided:
            return False
        active.decided = True
        job = active.job
        was_running = job.status is JobStatus.IN_PROGRESS
        job.status, job.result, job.finished_at = ended.status, ended.result, utc_now()
        if job.callback_url is not None:
            job.callback_state = "pending"
        with anyio.CancelScope(shield=True):
            first, frames = await active.log.seal(ended.event, ended.data)
            job.events = first + len(frames) - 1
            await self._commit_end(active, first, frames)
        active.log.close()
        active.ended.set()
        self._active.pop(job.id, None)
        if was_running:
            self._running -= 1
        self._start_next()
        if not self._active:
            self._idle.set()
        self._on_end(job)
        return True

    async def _commit_end(self, active: _Active, first: int, frames: list[bytes]) -> None:
        while True:
            try:
                await self._store.finish(active.job, first, frames)
            except StorageError as error:
                logger.error("the end of job %s cannot be stored: %s", active.job.id, error.message)
                if not self._accepting:
                    # The next start finds the job unfinished and says so.
                    return
                await anyio.sleep(_RETRY_SECONDS)
            else:
                return

    async def stop(self, job_id: str) -> tuple[Job, bool]:
        """Stop a job; returns it and whether this call did it. Idempotent; returns after the end is committed.

        Raises `JobNotFound`, and `JobNotStoppable` for one that belongs to a request.
        """
        active = self._active.get(job_id)
        if active is None:
            job = await self._store.get(job_id)
            if not job.detached and not job.status.is_terminal:
                raise JobNotStoppable(f"job {job_id} belongs to a request that waits for it")
            return job, False
        stopped = False
        with anyio.CancelScope(shield=True):
            if active.decided:
                await active.ended.wait()
            else:
                ended = Ended(JobStatus.CANCELLED, JobResult(), {"reason": "stopped by request"})
                if active.scope is not None:
                    active.scope.cancel()
                stopped = await self._end(active, ended)
        return active.job, stopped

    async def get(self, job_id: str) -> Job:
        """The job as it stands; raises `JobNotFound`."""
        active = self._active.get(job_id)
        if active is not None and not active.decided:
            return active.job
        if active is not None:
            await active.ended.wait()
        return await self._store.get(job_id)

    async def wait(self, job_id: str) -> Job:
        """The job once it has ended."""
        active = self._active.get(job_id)
        if active is not None:
            await active.ended.wait()
        return await self._store.get(job_id)

    async def follow(self, job_id: str, after: int = 0) -> AsyncIterator[tuple[int, bytes]]:
        """The events of a job after a sequence id, up to the terminal one, which a finished job has in its store.

        Raises `JobNotFound`, and `EventsEvicted` when some of them are gone.
        """
        active = self._active.get(job_id)
        if active is not None:
            async for item in active.log.follow(after):
                yield item
            return
        job = await self._store.get(job_id)
        cursor = after
        while cursor < job.events:
            batch = await self._store.events(job_id, cursor, _READ_AT_ONCE)
            if not batch or batch[0][0] != cursor + 1:
                raise EventsEvicted(f"the events of job {job_id} after {cursor} are no longer kept")
            for cursor, frame in batch:
                yield cursor, frame

    async def drain(self, grace: float) -> None:
        """Take no more jobs, let those that run end by themselves for `grace` seconds, then end the rest.

        Queued jobs stay queued and are run by the next start.
        """
        self._accepting = False
        self._queue.clear()
        with anyio.move_on_after(grace):
            while self._running:
                self._idle = anyio.Event()
                active = next((a for a in self._active.values() if a.job.status is JobStatus.IN_PROGRESS), None)
                if active is None:
                    break
                await active.ended.wait()
        with anyio.CancelScope(shield=True):
            await self._cancel_all()

    async def _cancel_all(self) -> None:
        for active in list(self._active.values()):
            if active.job.status is JobStatus.QUEUED or active.decided:
                continue
            message = "the server was shut down while the job ran"
            scope = active.scope
            await self._end(active, failed(message, "server_shutdown"))
            if scope is not None:
                scope.cancel()

    async def _recover(self) -> None:
        """Queue what was waiting when the process ended, and end what was running, unless it asked to be run again."""
        for job in await self._store.unfinished():
            if job.status is JobStatus.QUEUED or job.rerun:
                job.status = JobStatus.QUEUED
                self._enqueue(job)
            else:
                active = _Active(job, JobLog(job.id, self._store, job.events))
                await self._end(active, failed("the server ended while the job ran", "worker_lost"))


def failed(message: str, code: str, status: JobStatus = JobStatus.FAILED) -> Ended:
    """The end of a job that did not get to its own."""
    error = {"error": message, "code": code, "details": {}}
    return Ended(status, JobResult(errors=[error]), {"error": message, "code": code})
