"""Job: what is asked, how it stands and what came of it; and where jobs are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from langflow_lite.errors import Conflict, InvalidRequest, LangflowError, NotFound, Problem
from langflow_lite.values import utc_now

__all__ = [
    "EventsEvicted",
    "IdempotencyMismatch",
    "Job",
    "JobKind",
    "JobNotFound",
    "JobNotStoppable",
    "JobRequest",
    "JobResult",
    "JobStatus",
    "JobStore",
    "QueueFull",
    "Written",
]


class JobStatus(StrEnum):
    """Where a job stands (seed document 3, and the two words that later releases added)."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing about the job will change any more."""
        return self not in (JobStatus.QUEUED, JobStatus.IN_PROGRESS)


class JobKind(StrEnum):
    """Which endpoint a job came through."""

    WORKFLOW = "workflow"
    PROCESS = "process"
    WEBHOOK = "webhook"
    BUILD = "build"


class JobNotFound(NotFound):
    """404: there is no such job, or its record has been let go."""

    code = "JOB_NOT_FOUND"


class JobNotStoppable(Conflict):
    """409: the job belongs to a request that waits for it; it ends when that request does."""

    code = "JOB_NOT_CANCELLABLE"


class EventsEvicted(LangflowError):
    """410: the events before this point have been let go; read the job's result instead."""

    status = 410
    code = "EVENTS_EVICTED"


class QueueFull(LangflowError):
    """503: too many jobs are waiting, or the server is shutting down."""

    status = 503
    code = "QUEUE_FULL"

    @property
    def headers(self) -> dict[str, str]:
        """Say when to come back."""
        return {"Retry-After": "5"}


class IdempotencyMismatch(InvalidRequest):
    """422: this idempotency key was used for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self, key: str) -> None:
        message = f"the idempotency key {key!r} was already used for another request to this flow"
        super().__init__(Problem("idempotency_key_reused", ("body", "idempotency_key"), message))


class JobRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a job is asked to do, as it is stored: everything that running it once more needs.

    `inputs` are the caller's own words, given back unchanged. `data` is an unsaved graph that replaces the stored one.
    `whole` runs every vertex instead of what hangs on the flow's first input.
    """

    input_value: str | None = None
    input_type: str = "chat"
    output_type: str = "chat"
    output_component: str = ""
    tweaks: dict[str, Any] | None = None
    globals: dict[str, str] = {}
    inputs: dict[str, Any] = {}
    files: list[str] = []
    data: msgspec.Raw | None = None
    start_component_id: str | None = None
    stop_component_id: str | None = None
    whole: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether it may hold keys that the caller passed, and is to be kept encrypted."""
        return bool(self.tweaks or self.globals or self.inputs)


class JobResult(msgspec.Struct, kw_only=True):
    """What came of a job. `outputs` is keyed by component id (contract: *Output (v2)*).

    `text` is the text of the first chat output, None when there is none; `texts` those of all outputs by component id.
    """

    outputs: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    text: str | None = None
    texts: dict[str, str] = {}
    warnings: list[str] = []


class Job(msgspec.Struct, kw_only=True):
    """A job as it is kept. Times are aware; `events` counts those that are stored.

    `detached` jobs outlive their request; `rerun` ones are run again when a restart interrupted them. `callback_url` is
    told the final object; `callback_state` is None, "pending", "delivered" or "failed".
    """

    id: str
    kind: JobKind
    flow_id: str
    session_id: str
    request: JobRequest
    flow_version: str | None = None
    status: JobStatus = JobStatus.QUEUED
    detached: bool = True
    rerun: bool = False
    created_at: datetime = msgspec.field(default_factory=utc_now)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: JobResult | None = None
    events: int = 0
    idempotency_key: str | None = None
    request_hash: str | None = None
    callback_url: str | None = None
    callback_state: str | None = None


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
    """Where jobs and their events are kept, so that they survive the process."""

    async def insert(self, job: Job) -> Job:
        """Keep a new job; the one with the same idempotency key instead, if there is one.

        Raises `IdempotencyMismatch` when that one was asked for something else.
        """

    async def claim(self, job: Job) -> None:
        """Record that the job has begun (`status`, `started_at`)."""

    def append_events(self, job_id: str, first: int, frames: Sequence[bytes], after: Callable[[None], None]) -> Written:
        """Hand frames over, numbered from `first`; `after` is called once they are durable."""

    async def finish(self, job: Job, first: int, frames: Sequence[bytes]) -> None:
        """Record the end of the job and its last events, in one transaction."""

    async def get(self, job_id: str) -> Job:
        """The job as it is stored; raises `JobNotFound`."""

    async def unfinished(self) -> Sequence[Job]:
        """Jobs without a terminal state, oldest first."""

    async def events(self, job_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Stored events behind a sequence id, in order."""
