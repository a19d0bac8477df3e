"""ActiveJob: a job of this process that has not ended, and how jobs end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio

from langflow_lite.context import Emit
from langflow_lite.errors import StorageError
from langflow_lite.events import EventName
from langflow_lite.job import Job, JobResult, JobStatus
from langflow_lite.jobs.log import JobLog

__all__ = ["ActiveJob", "Ended", "Execute", "Pause", "failed"]

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


def failed(message: str, code: str, status: JobStatus = JobStatus.FAILED) -> Ended:
    """The end of a job that did not get to its own."""
    error = {"error": message, "code": code, "details": {}}
    return Ended(status, JobResult(errors=[error]), {"error": message, "code": code})


class Pause:
    """A request to a person that the run of a job waits for, and the decision once there is one."""

    __slots__ = ("decided", "decision", "request")

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.request = request
        self.decision: Mapping[str, Any] = {}
        self.decided = anyio.Event()


class ActiveJob:
    """A job that has not ended: as it is stored, its log, and its scope once it has begun.

    `pauses` are the requests it waits for, by id; while there are any it is suspended and `holds_slot` is false.

    `decided` says that its end is settled and is being written; `attempted` is set once that was tried, `failure` is
    why it did not succeed yet. `ended` is set when this process is done with the job, `left` when its code has returned.
    """

    __slots__ = ("attempted", "decided", "ended", "failure", "holds_slot", "job", "left", "log", "pauses", "scope")

    def __init__(self, job: Job, log: JobLog) -> None:
        self.job = job
        self.log = log
        self.scope: anyio.CancelScope | None = None
        self.holds_slot = False
        self.pauses: dict[str, Pause] = {}
        self.decided = False
        self.failure: StorageError | None = None
        self.attempted = anyio.Event()
        self.ended = anyio.Event()
        self.left = anyio.Event()
