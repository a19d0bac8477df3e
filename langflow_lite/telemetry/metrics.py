"""ServerMetrics: the numbers of one server, for /metrics."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import anyio

from langflow_lite import __version__
from langflow_lite.context import ModelCall, RunContext
from langflow_lite.engine.observer import Observer, RunStatus
from langflow_lite.job import Job, JobStatus
from langflow_lite.jobs.supervisor import Supervisor
from langflow_lite.metrics import SECONDS, Counter, Family, Histogram, Reading, render
from langflow_lite.storage.database import Database
from langflow_lite.telemetry.process import Process

__all__ = ["ServerMetrics"]

_PREFIX = "langflow_lite_"
_TICK_SECONDS = 1.0
_BATCHES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Flows choose the names of models.
_MAX_MODELS = 100
_MAX_NAME = 100


class ServerMetrics(Observer):
    """Counts what it is told, and looks up the rest when it is asked. Each server has its own."""

    def __init__(self) -> None:
        self._requests = Counter(
            f"{_PREFIX}http_requests_total",
            "HTTP requests by endpoint and class of status; status none: the client went away before the answer.",
            ("method", "route", "status"),
        )
        self._request_seconds = Histogram(
            f"{_PREFIX}http_request_duration_seconds",
            "Time from a request to the end of its answer, streams included.",
            ("method", "route"),
        )
        self._streams = 0
        self._runs = Counter(
            f"{_PREFIX}runs_total", "Runs of flows that have ended, flows inside of flows included.", ("kind", "status")
        )
        self._run_seconds = Histogram(f"{_PREFIX}run_duration_seconds", "Duration of runs.", ("kind",))
        self._calls = Counter(
            f"{_PREFIX}model_calls_total",
            "Calls of language models (operation chat) and of embedding models (operation embeddings).",
            ("operation", "provider", "model", "status"),
            limit=_MAX_MODELS,
        )
        self._call_seconds = Histogram(
            f"{_PREFIX}model_call_duration_seconds",
            "Time from a call of a model to the end of its answer.",
            ("operation", "provider"),
        )
        self._tokens = Counter(
            f"{_PREFIX}tokens_total",
            "Tokens as the providers count them.",
            ("operation", "provider", "model", "direction"),
            limit=2 * _MAX_MODELS,
        )
        self._jobs_ended = Counter(f"{_PREFIX}jobs_ended_total", "Background jobs that have ended.", ("kind", "status"))
        self._job_seconds = Histogram(
            f"{_PREFIX}job_duration_seconds", "Time from the start of a background job to its end.", ("kind",)
        )
        self._job_wait = Histogram(
            f"{_PREFIX}job_wait_seconds", "Time from the acceptance of a background job to its start.", ("kind",)
        )
        self._lag = Histogram(
            f"{_PREFIX}event_loop_lag_seconds", "How late a timer of the event loop was, once a second."
        )
        self._batch_units = Histogram(
            f"{_PREFIX}writer_batch_units", "Units of work that the database writer commits together.", bounds=_BATCHES
        )
        self._commit_seconds = Histogram(
            f"{_PREFIX}writer_commit_seconds", "Time that the database writer takes to commit.", bounds=SECONDS
        )
        self._families: list[Family] = [
            Reading(
                f"{_PREFIX}build_info",
                f"Always 1; the release that runs here, on Python {platform.python_version()}.",
                lambda: {__version__: 1},
                label="version",
            ),
            self._requests,
            self._request_seconds,
            Reading(f"{_PREFIX}followers", "Clients that follow a stream of events.", lambda: self._streams),
            self._runs,
            self._run_seconds,
            self._calls,
            self._call_seconds,
            self._tokens,
            self._jobs_ended,
            self._job_seconds,
            self._job_wait,
            self._lag,
            self._batch_units,
            self._commit_seconds,
        ]
        process = Process()
        self._add("process_cpu_seconds_total", "Processor time used.", process.cpu_seconds, kind="counter")
        self._add("process_resident_memory_bytes", "Resident memory.", process.resident_bytes)
        self._add("process_start_time_seconds", "Start of the process, as Unix time.", lambda: process.started)

    def _add(self, name: str, text: str, read: Callable[[], Any], **options: str) -> None:
        self._families.append(Reading(name, text, read, **options))

    def watch_jobs(self, jobs: Supervisor, queue_size: int) -> None:
        """Show how many jobs there are, too."""
        self._add(
            f"{_PREFIX}jobs",
            "Background jobs that have not ended; the queued ones are the depth of the queue.",
            lambda: {
                JobStatus.QUEUED: jobs.queued,
                JobStatus.IN_PROGRESS: jobs.running,
                JobStatus.SUSPENDED: jobs.suspended,
            },
            label="status",
        )
        self._add(f"{_PREFIX}job_queue_size", "Jobs that may wait (LANGFLOW_JOB_QUEUE_SIZE).", lambda: queue_size)

    def watch_database(self, database: Database) -> None:
        """Show what waits for the writer, too."""
        self._add(f"{_PREFIX}writer_queue", "Units of work that wait to be written.", lambda: database.writer.waiting)
        self._add(
            f"{_PREFIX}writer_dropped_total",
            "Telemetry that was thrown away because too much was waiting.",
            lambda: database.writer.dropped,
            kind="counter",
        )

    def render(self) -> str:
        """All of it, in Prometheus text format."""
        return render(self._families)

    async def watch_loop(self) -> None:
        """Look once a second how late the event loop is; runs until it is cancelled."""
        while True:
            due = time.perf_counter() + _TICK_SECONDS
            await anyio.sleep(_TICK_SECONDS)
            self._lag.observe(max(0.0, time.perf_counter() - due))

    def request_ended(
        self, scope: MutableMapping[str, Any], method: str, route: str, status: int, seconds: float
    ) -> None:
        """Count the request."""
        if not route:
            route, method = "unmatched", method if method in _METHODS else "other"
        self._requests.add(1, method, route, _CLASSES[status // 100])
        self._request_seconds.observe(seconds, method, route)

    def stream_began(self) -> None:
        """One follower more."""
        self._streams += 1

    def stream_ended(self) -> None:
        """One follower less."""
        self._streams -= 1

    def run_ended(self, ctx: RunContext, status: RunStatus, seconds: float) -> None:
        """Count the run."""
        self._runs.add(1, ctx.kind, status)
        self._run_seconds.observe(seconds, ctx.kind)

    def model_ended(self, ctx: RunContext, call: ModelCall) -> None:
        """Count the call and its tokens."""
        operation, provider, model = call.operation, call.provider, call.model[:_MAX_NAME]
        self._calls.add(1, operation, provider, model, "completed" if call.error is None else "failed")
        self._call_seconds.observe(call.seconds, operation, provider)
        for direction in ("input", "output"):
            if call.usage and f"{direction}_tokens" in call.usage:
                self._tokens.add(call.usage[f"{direction}_tokens"], operation, provider, model, direction)

    def job_ended(self, job: Job) -> None:
        """Count the job."""
        self._jobs_ended.add(1, job.kind, job.status)
        if job.started_at is not None and job.finished_at is not None:
            self._job_seconds.observe((job.finished_at - job.started_at).total_seconds(), job.kind)
            self._job_wait.observe((job.started_at - job.created_at).total_seconds(), job.kind)

    def batch_committed(self, units: int, seconds: float) -> None:
        """Count the batch."""
        self._batch_units.observe(units)
        self._commit_seconds.observe(seconds)
