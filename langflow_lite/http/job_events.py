"""The events of jobs as answers: of a run that belongs to its request, and of a job that does not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from langflow_lite.errors import EventsEvicted, LangflowError
from langflow_lite.events import EventLog, EventName, Frames
from langflow_lite.job import Job
from langflow_lite.runtime import PreparedRun, Runtime

__all__ = ["attached_run", "events_after"]


def attached_run(
    runtime: Runtime, job: Job, prepared: PreparedRun
) -> tuple[EventLog, Callable[[], Coroutine[Any, Any, None]]]:
    """The log of a run that lives and dies with its response, and what has to run for the log to fill and close."""
    log = EventLog(runtime.settings.max_events_size)

    async def produce() -> None:
        try:
            ended = await runtime.run_attached(job, prepared, log.append)
        except LangflowError as error:
            # The answer has begun, so this is the only place left to tell it.
            log.close(EventName.ERROR, {"error": error.message, "code": error.code})
        else:
            log.close(ended.event, ended.data)

    return log, produce


async def events_after(runtime: Runtime, job_id: str, after: int, *, follow: bool = True) -> AsyncIterator[Frames]:
    """The events of a detached job after a sequence id, up to the terminal one, each time all that there are.

    Without `follow` it ends with the last event that has happened by now. Raises `JobNotFound`, and `EventsEvicted`
    before the first byte of the answer rather than in the middle of it.
    """
    job = runtime.attached.get(job_id) or await runtime.jobs.get(job_id)
    if not job.detached:
        raise EventsEvicted(f"the events of job {job_id} go to the request that runs it and are not kept")
    # Of a job that has not ended nothing is ever let go.
    if job.status.is_terminal and after < job.events:
        first = await runtime.job_table.events(job_id, after, 1)
        if not first or first[0][0] != after + 1:
            raise EventsEvicted(f"the events of job {job_id} after {after} are no longer kept")
    batches = runtime.jobs.follow_batches(job_id, after)
    return batches if follow else _until(job.events, batches, after)


async def _until(last: int, batches: AsyncGenerator[Frames, None], after: int) -> AsyncIterator[Frames]:
    async with aclosing(batches):
        if after >= last:
            return
        async for batch in batches:
            yield [frame for frame in batch if frame[0] <= last]
            if batch[-1][0] >= last:
                return
