"""JobTable: jobs, their requests and results, and their events."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from langflow_lite.errors import IdempotencyMismatch, JobNotFound, StorageError
from langflow_lite.job import Job, JobKind, JobResult, JobStatus, RunRequest
from langflow_lite.storage.columns import blob_column, from_micros, json_column, to_micros
from langflow_lite.storage.database import Database
from langflow_lite.storage.secretbox import KeyLost
from langflow_lite.storage.tickets import Ticket
from langflow_lite.storage.variables import VariableStore
from langflow_lite.values import to_json, utc_now

__all__ = ["JobTable"]

_COLUMNS = """
    id, kind, flow_id, flow_version, session_id, status, detached, rerun, created_at, started_at, finished_at,
    request, sealed, result, events, idempotency_key, request_hash, callback_url, callback_state
"""
_SELECT = "SELECT" + _COLUMNS + "FROM jobs "
_INSERT = "INSERT INTO jobs (" + _COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_EVENT = "INSERT INTO job_events (job_id, sequence_id, frame) VALUES (?, ?, ?)"
_OPEN = "status IN ('queued', 'in_progress', 'suspended')"
_CLAIM = f"UPDATE jobs SET status = ?, started_at = ?, rerun = ? WHERE id = ? AND {_OPEN}"
_REQUEUE = f"UPDATE jobs SET status = ? WHERE id = ? AND {_OPEN}"
_FINISH = f"""
    UPDATE jobs SET status = ?, result = ?, started_at = ?, finished_at = ?, events = ?, callback_state = ?
    WHERE id = ? AND {_OPEN}
"""
_BY_KEY = (
    "SELECT id, request_hash FROM jobs WHERE flow_id = ? AND idempotency_key = ? "
    "AND status NOT IN ('failed', 'cancelled', 'timed_out')"
)
# The events column is written with the end; before that, the events themselves tell how many there are.
_UNFINISHED = (
    _SELECT.replace(" events,", " (SELECT count(*) FROM job_events WHERE job_id = jobs.id),")
    + f"WHERE {_OPEN} ORDER BY seq"
)
_LIST = (
    _SELECT
    + "WHERE (:flow_id IS NULL OR flow_id = :flow_id) AND (:session_id IS NULL OR session_id = :session_id) "
    + "AND (:status IS NULL OR status = :status) "
    + "AND (:id_prefix IS NULL OR substr(id, 1, length(:id_prefix)) = :id_prefix) "
    + "AND (:before IS NULL OR seq < (SELECT seq FROM jobs WHERE id = :before)) ORDER BY seq DESC LIMIT :limit"
)
_FORGET = """
    DELETE FROM jobs WHERE seq IN (
        SELECT seq FROM jobs WHERE finished_at IS NOT NULL AND callback_state IS NOT 'pending' AND (
            finished_at < ?
            OR seq <= (SELECT seq FROM jobs WHERE finished_at IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ?)
        ) ORDER BY seq LIMIT ?
    )
"""
_request = msgspec.json.Decoder(RunRequest)
_result = msgspec.json.Decoder(JobResult)

# Inside the class, `list` is its method.
_Jobs = list[Job]
_Events = list[tuple[int, bytes]]


class JobTable:
    """The `JobStore` of a server. Requests that may hold keys are encrypted with the box of the variables."""

    def __init__(self, database: Database, variables: VariableStore) -> None:
        self._database = database
        self._variables = variables

    async def insert(self, job: Job) -> Job:
        """Keep a new job; returns the one with the same idempotency key instead, if there is one.

        Raises `IdempotencyMismatch` when that one was asked for something else.
        """
        row = await self._row(job)

        def unit(connection: sqlite3.Connection) -> str:
            if job.idempotency_key is not None:
                known = connection.execute(_BY_KEY, (job.flow_id, job.idempotency_key)).fetchone()
                if known is not None:
                    if known[1] != job.request_hash:
                        raise IdempotencyMismatch(job.idempotency_key)
                    return str(known[0])
            connection.execute(_INSERT, row)
            return job.id

        kept = await self._database.writer.commit(unit)
        return job if kept == job.id else await self.get(kept)

    async def claim(self, job: Job) -> None:
        """Record that the job has begun, unless it has ended."""
        begun = (job.status, to_micros(job.started_at or utc_now()), job.rerun, job.id)

        def unit(connection: sqlite3.Connection) -> None:
            connection.execute(_CLAIM, begun)

        await self._database.writer.commit(unit)

    async def requeue(self, job: Job) -> None:
        """Record that the job waits for its turn or for a decision, unless it has ended."""
        waiting = (job.status, job.id)

        def unit(connection: sqlite3.Connection) -> None:
            connection.execute(_REQUEUE, waiting)

        await self._database.writer.commit(unit)

    def append_events(
        self, job_id: str, first: int, frames: Sequence[bytes], after: Callable[[None], None]
    ) -> Ticket[None]:
        """Hand frames over, numbered from `first`; `after` is called once they are durable."""
        rows = [(job_id, first + index, blob_column(frame)) for index, frame in enumerate(frames)]

        def unit(connection: sqlite3.Connection) -> None:
            connection.executemany(_INSERT_EVENT, rows)

        return self._database.writer.enqueue(unit, after)

    async def finish(self, job: Job, first: int, frames: Sequence[bytes]) -> None:
        """Record the end of the job and its last events in one transaction; does nothing if it has ended already."""
        rows = [(job.id, first + index, blob_column(frame)) for index, frame in enumerate(frames)]
        end = (
            job.status,
            None if job.result is None else json_column(job.result),
            None if job.started_at is None else to_micros(job.started_at),
            to_micros(job.finished_at or utc_now()),
            job.events,
            job.callback_state,
            job.id,
        )

        def unit(connection: sqlite3.Connection) -> None:
            if connection.execute(_FINISH, end).rowcount:
                connection.executemany(_INSERT_EVENT, rows)

        await self._database.writer.commit(unit)

    async def record(self, job: Job) -> None:
        """Keep a job that has run and ended inside its request."""
        row = await self._row(job)

        def unit(connection: sqlite3.Connection) -> None:
            connection.execute(_INSERT, row)

        await self._database.writer.commit(unit)

    async def get(self, job_id: str) -> Job:
        """The job as it is stored; raises `JobNotFound`."""
        row = await self._database.fetch_one(_SELECT + "WHERE id = ?", (job_id,))
        if row is None:
            raise JobNotFound(f"Workflow job {job_id} not found")
        return await self._job(row)

    async def list(
        self,
        *,
        id_prefix: str | None = None,
        flow_id: str | None = None,
        session_id: str | None = None,
        status: JobStatus | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> _Jobs:
        """The newest jobs first; `before` is the id of the last one of the page before."""
        rows = await self._database.fetch_all(
            _LIST,
            {
                "id_prefix": id_prefix,
                "flow_id": flow_id,
                "session_id": session_id,
                "status": status,
                "before": before,
                "limit": limit,
            },
        )
        return [await self._job(row) for row in rows]

    async def unfinished(self) -> _Jobs:
        """Jobs without a terminal state, oldest first.

        Raises `StorageError` when some requests are encrypted and their key cannot be read, which is no reason to give
        them up.
        """
        rows = await self._database.fetch_all(_UNFINISHED)
        if any(row[12] for row in rows):
            with contextlib.suppress(KeyLost):
                await self._variables.open_box()
        return [await self._job(row) for row in rows]

    async def with_callback_due(self) -> Sequence[str]:
        """Ids of ended jobs whose callback was neither delivered nor given up, oldest first."""
        rows = await self._database.fetch_all("SELECT id FROM jobs WHERE callback_state = 'pending' ORDER BY seq")
        return [row[0] for row in rows]

    async def set_callback_state(self, job_id: str, state: str) -> None:
        """Record how telling the callback ended."""

        def unit(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE jobs SET callback_state = ? WHERE id = ?", (state, job_id))

        await self._database.writer.commit(unit)

    async def events(self, job_id: str, after: int, limit: int) -> _Events:
        """Stored events behind a sequence id, in order."""
        return [
            (int(number), bytes(frame))
            for number, frame in await self._database.fetch_all(
                "SELECT sequence_id, frame FROM job_events WHERE job_id = ? AND sequence_id > ? "
                "ORDER BY sequence_id LIMIT ?",
                (job_id, after, limit),
            )
        ]

    async def forget(self, *, ended_before: datetime, keep: int, limit: int) -> int:
        """Delete ended jobs with their events: those from before a time, and all but the newest `keep`.

        At most `limit`, oldest first, and never one whose callback is due. Returns how many.
        """
        due = (to_micros(ended_before), keep, limit)

        def unit(connection: sqlite3.Connection) -> int:
            return connection.execute(_FORGET, due).rowcount

        return await self._database.writer.commit(unit)

    async def _row(self, job: Job) -> tuple[Any, ...]:
        request = to_json(job.request)
        if job.request.is_secret:
            box = await self._variables.open_box()
            request = box.seal(request.decode(), job.id)
        return (
            job.id,
            job.kind,
            job.flow_id,
            job.flow_version,
            job.session_id,
            job.status,
            job.detached,
            job.rerun,
            to_micros(job.created_at),
            None if job.started_at is None else to_micros(job.started_at),
            None if job.finished_at is None else to_micros(job.finished_at),
            request,
            job.request.is_secret,
            None if job.result is None else json_column(job.result),
            job.events,
            job.idempotency_key,
            job.request_hash,
            job.callback_url,
            job.callback_state,
        )

    async def _job(self, row: tuple[Any, ...]) -> Job:
        request = bytes(row[11])
        lost = False
        if row[12]:
            try:
                box = await self._variables.open_box()
                request = box.unseal(request, row[0]).encode()
            except StorageError:
                # The job can still be read, only not what was asked.
                request, lost = b"{}", True
        return Job(
            id=row[0],
            kind=JobKind(row[1]),
            flow_id=row[2],
            flow_version=row[3],
            session_id=row[4],
            status=JobStatus(row[5]),
            detached=bool(row[6]),
            rerun=bool(row[7]),
            created_at=from_micros(row[8]),
            started_at=None if row[9] is None else from_micros(row[9]),
            finished_at=None if row[10] is None else from_micros(row[10]),
            request=_request.decode(request),
            result=None if row[13] is None else _result.decode(row[13]),
            events=row[14],
            idempotency_key=row[15],
            request_hash=row[16],
            callback_url=row[17],
            callback_state=row[18],
            request_lost=lost,
        )
