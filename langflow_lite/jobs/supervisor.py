"""Supervisor: owns every job from its acceptance to its end."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from functools import partial
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.abc
from msgspec.structs import replace

from langflow_lite.engine.observer import Observer
from langflow_lite.errors import EventLimitExceeded, JobNotStoppable, QueueFull, StorageError
from langflow_lite.events import Frames
from langflow_lite.job import Job, JobResult, JobStatus
from langflow_lite.jobs.active import ActiveJob, Ended, Execute, failed
from langflow_lite.jobs.log import JobLog, stored_events
from langflow_lite.jobs.pauses import Pauses
from langflow_lite.jobs.store import RETRY_SECONDS, JobStore, until_stored
from langflow_lite.values import utc_now

__all__ = ["Supervisor"]

logger = logging.getLogger(__name__)

_PATIENCE = 5.0
_LOOK_SECONDS = 10.0


class Supervisor:
    """Accepts, queues, runs, stops and recovers detached jobs. An async context manager; leaving cancels what runs.

    A job is accepted once its row is committed. At most `concurrency` run at once, the rest wait in the order of their
    acceptance, at most `queue_size` of them. The first terminal transition of a job wins; its status, result and
    terminal event are one transaction and are told to nobody before it is committed. `timeout` is in seconds, 0 for
    none; a job that waits for a person (`pauses`) holds no slot, and its time does not run. A job fails when it sends
    more than `events_size` MB of events, 0 for no limit. `observer` is told of each job: when it is accepted, when it
    begins, and when it has ended, after the commit.

    A job that was stopped or timed out gives its slot back at once, even if its code ignores the cancellation. While
    the store cannot write, jobs keep their slots and their ends are tried again.
    """

    def __init__(
        self,
        store: JobStore,
        execute: Execute,
        *,
        concurrency: int = 32,
        queue_size: int = 10_000,
        timeout: float = 0,
        events_size: int = 0,
        observer: Observer | None = None,
    ) -> None:
        self._store = store
        self._execute = execute
        self._concurrency = concurrency
        self._queue_size = queue_size
        self._timeout = timeout
        self._events_size = events_size
        self._observer = observer or Observer()
        self._active: dict[str, ActiveJob] = {}
        self.pauses = Pauses(self._active, store, self._slot)
        self._queue: OrderedDict[str, ActiveJob] = OrderedDict()
        self._running = 0
        self._arriving = 0
        self._accepting = False
        self._closing = anyio.Event()
        self._stack = AsyncExitStack()
        self._tasks: anyio.abc.TaskGroup | None = None
        self._context = contextvars.Context()

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._context = contextvars.copy_context()
        self._accepting = True
        await self._recover()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        with anyio.CancelScope(shield=True):
            await self.drain(0)
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
        return await self._stack.__aexit__(kind, error, trace)

    @property
    def failure(self) -> str | None:
        """Why no job can be run; None while they can."""
        if self._tasks is None or self._tasks.cancel_scope.cancel_called:
            return "The job supervisor has stopped; restart the server."
        return None if self._accepting else "The server is shutting down."

    @property
    def queued(self) -> int:
        """How many jobs wait for their turn."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many jobs run."""
        return self._running

    @property
    def suspended(self) -> int:
        """How many jobs wait for a person."""
        return sum(1 for active in self._active.values() if active.pauses)

    async def submit(self, job: Job) -> Job:
        """Accept a job: it exists from now on, whatever happens to this process.

        Returns the earlier job if the idempotency key names one. Raises `QueueFull`, `IdempotencyMismatch` and
        `StorageError`; then the job does not exist.
        """
        if not self._accepting:
            raise QueueFull("the server is shutting down and takes no more jobs")
        if len(self._active) + self._arriving >= self._concurrency + self._queue_size:
            raise QueueFull(f"{self._queue_size} jobs are waiting already; try again later")
        self._arriving += 1
        try:
            # The caller may be cancelled while the row is being committed; the job is then accepted all the same.
            with anyio.CancelScope(shield=True):
                kept = await self._store.insert(job)
        finally:
            self._arriving -= 1
        if kept.id == job.id and self._accepting:
            self._observer.job_accepted(kept)
            self._replace_suspended(kept)
            self._enqueue(kept)
        return kept

    def _replace_suspended(self, job: Job) -> None:
        """A new job of a session that the caller named takes the place of a suspended one (engine rules: *Human input*)."""
        if job.request.session_id is None:
            return
        for other in list(self._active.values()):
            if other.pauses and (other.job.flow_id, other.job.session_id) == (job.flow_id, job.session_id):
                reason = {"reason": "a new job of its session has taken its place"}
                self._interrupt(other, Ended(JobStatus.CANCELLED, JobResult(), reason))

    def _enqueue(self, job: Job) -> None:
        self._queue[job.id] = self._activate(job)
        self._start_next()

    def _activate(self, job: Job) -> ActiveJob:
        # Finds the job by its id: a log that held it would keep the events of ended jobs until the garbage collector,
        # which counts objects and not their sizes, comes by.
        def overflow(job_id: str = job.id) -> None:
            full = EventLimitExceeded(self._events_size)
            if (active := self._active.get(job_id)) is not None:
                self._interrupt(active, failed(full.message, full.code))

        log = JobLog(job.id, self._store, job.events, limit=self._events_size * 2**20, overflow=overflow)
        active = self._active[job.id] = ActiveJob(job, log)
        return active

    def _start_next(self) -> None:
        while self._accepting and self._queue and self._running < self._concurrency:
            _, active = self._queue.popitem(last=False)
            active.scope = anyio.CancelScope()
            self._slot(active, True)
            self._spawn(self._run, active)

    def _slot(self, active: ActiveJob, needed: bool) -> None:
        """Give the job a slot, or take it back for the next one. Who comes back from a pause does not queue again."""
        if needed is not active.holds_slot:
            active.holds_slot = needed
            self._running += 1 if needed else -1
            self._start_next()

    def _spawn(self, work: Callable[..., Any], *arguments: Any) -> None:
        # In the supervisor's own context: a job must not inherit the context of the request that submitted it.
        assert self._tasks is not None
        self._context.run(self._tasks.start_soon, work, *arguments)

    async def _run(self, active: ActiveJob) -> None:
        assert active.scope is not None
        ended = failed("the run was cancelled", "RUN_CANCELLED")
        try:
            with active.scope:
                if not active.decided:
                    ended = await self._attempt(active)
        except asyncio.CancelledError:
            # Raised by the code of the flow, unless somebody did cancel; it would end the supervisor and all its jobs.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
        except Exception as error:
            # Nothing below is allowed to raise, so this is a fault of the server; the job must end all the same.
            logger.exception("job %s failed inside the server", active.job.id)
            ended = _internal(error)
        finally:
            active.left.set()
            if self._decide(active):
                await self._conclude(active, ended)

    async def _attempt(self, active: ActiveJob) -> Ended:
        claimed = replace(active.job, status=JobStatus.IN_PROGRESS, started_at=utc_now())
        await until_stored(partial(self._store.claim, claimed), f"job {claimed.id} cannot begin")
        active.job = claimed
        if self._timeout > 0:
            self._spawn(self._expire, active)
        self._observer.job_began(claimed)
        return await self._execute(claimed, active.log.append)

    async def _expire(self, active: ActiveJob) -> None:
        left = self._timeout
        while left > 0:
            with anyio.move_on_after(min(left, _LOOK_SECONDS)):
                await active.ended.wait()
                return
            left -= 0 if active.pauses else min(left, _LOOK_SECONDS)
        message = f"the job ran longer than {self._timeout:g} s (LANGFLOW_JOB_TIMEOUT)"
        self._interrupt(active, failed(message, "EXECUTION_TIMEOUT", JobStatus.TIMED_OUT))

    def _interrupt(self, active: ActiveJob, ended: Ended) -> bool:
        """End a job from outside, whatever its code does; False when its end was decided before."""
        if not self._decide(active):
            return False
        if active.scope is not None:
            active.scope.cancel()
            self._spawn(self._watch, active)
        self._spawn(self._conclude, active, ended)
        return True

    def _decide(self, active: ActiveJob) -> bool:
        """Claim the right to end a job; only the first call for a job succeeds."""
        if active.decided:
            return False
        active.decided = True
        active.log.seal()
        self._queue.pop(active.job.id, None)
        return True

    async def _watch(self, active: ActiveJob) -> None:
        with anyio.move_on_after(_PATIENCE):
            await active.left.wait()
            return
        logger.warning(
            "job %s (flow %s) has ended, but one of its components ignores the cancellation and still runs",
            active.job.id,
            active.job.flow_id,
        )

    async def _conclude(self, active: ActiveJob, ended: Ended) -> None:
        with anyio.CancelScope(shield=True):
            committed = await self._commit_end(active, ended)
        self._leave(active)
        if committed:
            self._observer.job_ended(active.job)

    async def _commit_end(self, active: ActiveJob, ended: Ended) -> bool:
        """Store the end of a job and publish it; False when that was impossible until the shutdown."""
        finished_at = utc_now()
        callback = None if active.job.callback_url is None else "pending"
        while True:
            try:
                first, frames = await active.log.ending(ended.event, ended.data)
                job = replace(
                    active.job,
                    status=ended.status,
                    result=ended.result,
                    finished_at=finished_at,
                    events=first + len(frames) - 1,
                    callback_state=callback,
                )
                await self._store.finish(job, first, frames)
            except StorageError as error:
                logger.error("the end of job %s cannot be stored: %s", active.job.id, error.message)
                active.failure = error
            except Exception as error:
                logger.exception("the end of job %s cannot be stored", active.job.id)
                ended = _internal(error)
                active.failure = StorageError("The end of the job cannot be stored; see the server's log.")
            else:
                active.job = job
                active.log.close(frames)
                return True
            active.attempted.set()
            if not self._accepting:
                # The next start finds the job unfinished and says so.
                return False
            with anyio.move_on_after(RETRY_SECONDS):
                await self._closing.wait()

    def _leave(self, active: ActiveJob) -> None:
        """Be done with a job: let go whoever waits for it, and start the next one in its place."""
        active.log.abandon()
        active.attempted.set()
        active.ended.set()
        self._active.pop(active.job.id, None)
        self._slot(active, False)
        self._start_next()

    async def stop(self, job_id: str) -> tuple[Job, bool]:
        """Stop a job; returns it and whether this call did it. Idempotent; returns after the end is committed.

        Raises `JobNotFound`, `JobNotStoppable` for one that belongs to a request, and `StorageError` when the job has
        been stopped but that cannot be stored for now. A caller that is cancelled does not undo the stop.
        """
        active = self._active.get(job_id)
        if active is None:
            job = await self._store.get(job_id)
            if not job.detached and not job.status.is_terminal:
                raise JobNotStoppable(f"job {job_id} belongs to a request that waits for it")
            return job, False
        stopped = self._interrupt(active, Ended(JobStatus.CANCELLED, JobResult(), {"reason": "stopped by request"}))
        await active.attempted.wait()
        if active.failure is not None and not active.job.status.is_terminal:
            raise active.failure
        return active.job, stopped

    async def get(self, job_id: str) -> Job:
        """The job as it stands; raises `JobNotFound`."""
        active = self._active.get(job_id)
        if active is None:
            return await self._store.get(job_id)
        return replace(active.job, events=active.log.committed)

    async def wait(self, job_id: str) -> Job:
        """The job once it has ended, or once the server shuts down."""
        active = self._active.get(job_id)
        if active is not None:
            await active.ended.wait()
        return await self._store.get(job_id)

    async def follow(self, job_id: str, after: int = 0) -> AsyncGenerator[tuple[int, bytes], None]:
        """The events of a job after a sequence id, up to the terminal one, which a finished job has in its store.

        Ends without a terminal event when the server shuts down and the job will be run by the next start. Raises
        `JobNotFound`, and `EventsEvicted` when some of the events are gone.
        """
        async with aclosing(self.follow_batches(job_id, after)) as batches:
            async for batch in batches:
                for item in batch:
                    yield item

    async def follow_batches(self, job_id: str, after: int = 0) -> AsyncGenerator[Frames, None]:
        """The same, each time all events that there are: a reader that is slow or busy has fewer turns to take."""
        active = self._active.get(job_id)
        if active is not None:
            async for batch in active.log.follow(after):
                yield batch
            return
        job = await self._store.get(job_id)
        cursor = after
        while cursor < job.events:
            batch = await stored_events(self._store, job_id, cursor)
            cursor = batch[-1][0]
            yield batch

    async def drain(self, grace: float) -> None:
        """Take no more jobs, let those that run end by themselves for `grace` seconds, then end the rest.

        Queued jobs stay queued for the next start, and so do running ones that asked to be run again. Whoever follows
        or waits for one of them is let go. Returns once all of that is stored; a second call shortens the first.
        """
        self._accepting = False
        self._closing.set()
        while self._queue:
            self._leave(self._queue.popitem(last=False)[1])
        with anyio.move_on_after(grace):
            # One that waits for a person would not be done in any time.
            for active in [active for active in self._active.values() if not active.pauses]:
                await active.ended.wait()
        remaining = list(self._active.values())
        for active in remaining:
            if active.job.rerun and self._decide(active):
                if active.scope is not None:
                    active.scope.cancel()
                self._spawn(self._put_back, active)
            else:
                self._interrupt(active, failed("the server was shut down while the job ran", "server_shutdown"))
        for active in remaining:
            await active.ended.wait()

    async def _put_back(self, active: ActiveJob) -> None:
        with anyio.CancelScope(shield=True):
            try:
                await self._store.requeue(replace(active.job, status=JobStatus.QUEUED))
            except StorageError as error:
                logger.error("job %s cannot be queued again: %s", active.job.id, error.message)
        self._leave(active)

    async def _recover(self) -> None:
        """Queue what was waiting when the process ended, and end what was running.

        A running job that asked for it is run again instead, once: if the process died of it, it will not do so twice.
        """
        for job in await self._store.unfinished():
            if job.request_lost:
                error = failed("the key that the job's request was encrypted with is gone", "REQUEST_LOST")
                self._interrupt(self._activate(job), error)
            elif job.status is JobStatus.QUEUED:
                self._enqueue(job)
            elif job.rerun:
                self._enqueue(replace(job, status=JobStatus.QUEUED, rerun=False))
            else:
                error = failed("the server ended while the job ran", "worker_lost")
                self._interrupt(self._activate(job), error)


def _internal(error: Exception) -> Ended:
    return failed(f"internal error: {type(error).__name__}", "INTERNAL_ERROR")
