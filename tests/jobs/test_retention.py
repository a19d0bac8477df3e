from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from langflow_lite.job import Job, JobResult, JobStatus
from langflow_lite.jobs import retention as retention_module
from langflow_lite.jobs.retention import Retention
from langflow_lite.storage.jobs import JobTable
from langflow_lite.values import utc_now
from tests.jobs.support import new_job

pytestmark = pytest.mark.anyio
NOW = utc_now()


async def job_of(table: JobTable, days: float, callback_state: str | None = None) -> Job:
    """A job that ended so many days ago."""
    job = await table.insert(new_job())
    job.status, job.result, job.events = JobStatus.COMPLETED, JobResult(), 1
    job.finished_at, job.callback_state = NOW - timedelta(days=days), callback_state
    await table.finish(job, 1, [b"{}"])
    return job


async def kept(table: JobTable) -> set[str]:
    return {job.id for job in await table.list(limit=1000)}


async def test_old_jobs_go_with_their_events(table: JobTable):
    old, new = await job_of(table, 31), await job_of(table, 29)
    assert await Retention(table, days=30, count=100, now=lambda: NOW).sweep() == 1
    assert await kept(table) == {new.id}
    assert await table.events(old.id, 0, 10) == []
    assert await table.events(new.id, 0, 10) != []


async def test_only_the_newest_are_kept(table: JobTable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention_module, "_AT_ONCE", 3)
    jobs = [await job_of(table, 0) for _ in range(10)]
    assert await Retention(table, days=30, count=2, now=lambda: NOW).sweep() == 8
    assert await kept(table) == {job.id for job in jobs[-2:]}


async def test_unfinished_jobs_and_those_whose_callback_is_due_are_never_let_go(table: JobTable):
    waiting = await table.insert(new_job(created_at=NOW - timedelta(days=400)))
    running = await table.insert(new_job(created_at=NOW - timedelta(days=400)))
    running.status, running.started_at = JobStatus.IN_PROGRESS, NOW - timedelta(days=400)
    await table.claim(running)
    due = await job_of(table, 400, "pending")
    told = await job_of(table, 400, "delivered")
    await job_of(table, 400, "failed")
    newest = await job_of(table, 0)
    await Retention(table, days=30, count=1, now=lambda: NOW).sweep()
    assert await kept(table) == {waiting.id, running.id, due.id, newest.id}
    assert told.id not in await kept(table)


async def test_it_looks_at_the_start_and_after_many_more_ends(table: JobTable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention_module, "_EVERY_JOBS", 2)
    retention = Retention(table, days=30, count=1, now=lambda: NOW)
    swept = anyio.Event()
    sweep = retention.sweep

    async def watched() -> int:
        count = await sweep()
        swept.set()
        return count

    monkeypatch.setattr(retention, "sweep", watched)
    await job_of(table, 0)
    await job_of(table, 0)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(retention.run)
            await swept.wait()
            assert len(await kept(table)) == 1
            swept = anyio.Event()
            for _ in range(2):
                retention.note(await job_of(table, 0))
            await swept.wait()
            assert len(await kept(table)) == 1
            tasks.cancel_scope.cancel()
