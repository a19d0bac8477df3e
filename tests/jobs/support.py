"""Jobs to submit and ways for them to run."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec

from langflow_lite.context import Emit
from langflow_lite.engine.observer import Observer
from langflow_lite.ids import new_id
from langflow_lite.job import Job, JobKind, JobResult, JobStatus, RunRequest
from langflow_lite.jobs.active import Ended
from langflow_lite.jobs.supervisor import Supervisor

TERMINAL_EVENTS = {"end", "error", "cancelled"}


def new_job(input_value: str = "hi", **fields: Any) -> Job:
    request = RunRequest(input_value=input_value)
    return Job(
        id=new_id(), kind=JobKind.WORKFLOW, flow_id="flow-1", session_id="session-1", **{"request": request, **fields}
    )


def completed(text: str = "done") -> Ended:
    return Ended(JobStatus.COMPLETED, JobResult(text=text), {"text": text})


class Script:
    """An `Execute` that a test directs: each job tells `started`, then waits for `finish(job_id)`, emitting nothing."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.cancelled: list[str] = []
        self.emitters: dict[str, Emit] = {}
        self._may_end: dict[str, anyio.Event] = {}
        self._changed = anyio.Event()

    async def __call__(self, job: Job, emit: Emit) -> Ended:
        self.order.append(job.id)
        self.emitters[job.id] = emit
        self._changed.set()
        self._changed = anyio.Event()
        try:
            await self._gate(job.id).wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled.append(job.id)
            raise
        return completed()

    def _gate(self, job_id: str) -> anyio.Event:
        return self._may_end.setdefault(job_id, anyio.Event())

    def finish(self, job_id: str) -> None:
        self._gate(job_id).set()

    async def started(self, *job_ids: str) -> None:
        while not set(job_ids) <= set(self.order):
            await self._changed.wait()


async def echo(job: Job, emit: Emit) -> Ended:
    """Emit each word of the input, then end with it."""
    for word in (job.request.input_value or "").split():
        emit("token", {"chunk": word})
    await anyio.lowlevel.checkpoint()
    return completed(job.request.input_value or "")


async def frames_of(supervisor: Supervisor, job_id: str, after: int = 0) -> list[tuple[int, bytes]]:
    return [item async for item in supervisor.follow(job_id, after)]


def names(frames: list[tuple[int, bytes]]) -> list[str]:
    """The event names, after checking that they are numbered without a gap, inside and out, and end once."""
    bodies = [msgspec.json.decode(frame) for _, frame in frames]
    assert [number for number, _ in frames] == [body["sequence_id"] for body in bodies]
    if frames:
        first = frames[0][0]
        assert [number for number, _ in frames] == list(range(first, first + len(frames)))
    events = [body["event"] for body in bodies]
    assert [name for name in events if name in TERMINAL_EVENTS] == events[-1:]
    return events


class Listener(Observer):
    """Keeps the ids of the jobs that have ended."""

    def __init__(self, ended: list[str]) -> None:
        self.ended = ended

    def job_ended(self, job: Job) -> None:
        self.ended.append(job.id)
