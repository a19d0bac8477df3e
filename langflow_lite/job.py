"""Job: what is asked, how it stands and what came of it, as it is kept."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from langflow_lite.values import utc_now

__all__ = ["Job", "JobKind", "JobResult", "JobStatus", "RunRequest"]


class JobStatus(StrEnum):
    """Where a job stands (seed document 3, and the words that later releases added)."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing about the job will change any more."""
        return self not in (JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.SUSPENDED)


class JobKind(StrEnum):
    """Which endpoint a job came through."""

    WORKFLOW = "workflow"
    PROCESS = "process"
    WEBHOOK = "webhook"
    BUILD = "build"


class RunRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a caller asks of a run, whichever endpoint it came through; stored with a job, it can be run once more.

    `session_id` is None for the flow's own session. `globals` are the request's own global variables. `inputs` are the
    caller's own words, given back unchanged. `files` go to the chat input. `data` is an unsaved graph in place of the
    stored one, or JSON's null. `whole` runs every vertex instead of what hangs on the flow's first input; a start or
    stop component narrows that.
    """

    input_value: str | None = None
    input_type: str = "chat"
    output_type: str = "chat"
    output_component: str = ""
    session_id: str | None = None
    tweaks: dict[str, Any] | None = None
    globals: dict[str, str] = {}
    inputs: dict[str, Any] = {}
    files: list[str] = []
    data: msgspec.Raw = msgspec.Raw(b"null")
    start_component_id: str | None = None
    stop_component_id: str | None = None
    whole: bool = False

    @property
    def graph(self) -> msgspec.Raw | None:
        """The unsaved graph, None for the stored one."""
        return None if bytes(self.data) == b"null" else self.data

    @property
    def is_secret(self) -> bool:
        """Whether it may hold keys that the caller passed, and is to be kept encrypted."""
        return bool(self.tweaks or self.globals or self.inputs or self.graph)


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

    `detached` jobs outlive their request; `rerun` ones are run again when a shutdown interrupted them, and once when a
    crash did. `callback_url` is told the final object; `callback_state` is None, "pending", "delivered" or "failed".
    `human_request` is what a suspended one waits for; it is not stored.
    `request_lost` says that the key the request was encrypted with is gone, and that `request` is empty for that reason.
    """

    id: str
    kind: JobKind
    flow_id: str
    session_id: str
    request: RunRequest
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
    human_request: dict[str, Any] | None = None
    request_lost: bool = False
