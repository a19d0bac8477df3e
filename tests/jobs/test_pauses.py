from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from langflow_lite.context import Emit
from langflow_lite.job import Job, JobStatus
from langflow_lite.jobs import store as store_module
from langflow_lite.jobs import supervisor as supervisor_module
from langflow_lite.jobs.active import Ended
from langflow_lite.jobs.supervisor import Supervisor
from langflow_lite.storage.jobs import JobTable
from tests.jobs.memory import MemoryJobs
from tests.jobs.support import completed, frames_of, names, new_job

pytestmark = pytest.mark.anyio
Store = MemoryJobs | JobTable


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    with anyio.fail_after(30):
        yield


def request_of(job: Job, number: int = 1) -> dict[str, Any]:
    return {"request_id": f"{number}:{job.id}", "allowed_decisions": ["yes", "no"]}


class Asking:
    """A supervisor whose jobs ask so many times beside each other and end with the answers."""

    def __init__(self, store: Store, *, times: int = 1, **options: Any) -> None:
        self.times = times
        self.jobs = Supervisor(store, self._execute, **options)

    async def _execute(self, job: Job, emit: Emit) -> Ended:
        answers: dict[int, str] = {}

        async def ask(number: int) -> None:
            answers[number] = str((await self.jobs.pauses.decision(job.id, request_of(job, number)))["action_id"])

        async with anyio.create_task_group() as tasks:
            for number in range(1, self.times + 1):
                tasks.start_soon(ask, number)
        return completed(" ".join(answers[number] for number in sorted(answers)))

    async def suspended(self, job: Job) -> Job:
        while (found := await self.jobs.get(job.id)).status is not JobStatus.SUSPENDED:
            await anyio.lowlevel.checkpoint()
        return found


async def test_a_suspended_job_is_stored_as_such_before_anybody_is_told(store: Store) -> None:
    asking = Asking(store)
    async with asking.jobs as jobs:
        job = await jobs.submit(new_job())
        async for _, frame in jobs.follow(job.id):
            assert b"human_input_required" in frame
            break
        assert (await store.get(job.id)).status is JobStatus.SUSPENDED
        await jobs.pauses.resume(job.id, request_of(job)["request_id"], {"action_id": "yes"})
        done = await jobs.wait(job.id)
        assert (done.status, done.result.text) == (JobStatus.COMPLETED, "yes")
        assert names(await frames_of(jobs, job.id)) == ["human_input_required", "end"]


async def test_a_job_that_waits_for_a_person_leaves_its_slot_to_others(memory: MemoryJobs) -> None:
    asking = Asking(memory, concurrency=1)
    async with asking.jobs as jobs:
        first, second = [await jobs.submit(new_job()) for _ in range(2)]
        await asking.suspended(first)
        await asking.suspended(second)
        assert (jobs.running, jobs.queued) == (0, 0)
        for job in (second, first):
            await jobs.pauses.resume(job.id, request_of(job)["request_id"], {"action_id": "no"})
            assert (await jobs.wait(job.id)).status is JobStatus.COMPLETED
        assert jobs.running == 0


async def test_a_decision_is_not_lost_to_a_disk_that_is_full(
    memory: MemoryJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "RETRY_SECONDS", 0)
    asking = Asking(memory)
    async with asking.jobs as jobs:
        release = memory.hold("requeue")
        job = await jobs.submit(new_job())
        await memory.called("requeue")
        memory.broken = True
        release()
        await memory.called("requeue", 3)
        memory.broken = False
        await asking.suspended(job)
        memory.broken = True
        await jobs.pauses.resume(job.id, request_of(job)["request_id"], {"action_id": "yes"})
        await memory.called("claim", 3)
        memory.broken = False
        done = await jobs.wait(job.id)
        assert (done.status, done.result.text) == (JobStatus.COMPLETED, "yes")


async def test_a_stopped_job_takes_no_slot_with_it(memory: MemoryJobs) -> None:
    asking = Asking(memory, concurrency=1)
    async with asking.jobs as jobs:
        job = await jobs.submit(new_job())
        await asking.suspended(job)
        assert (await jobs.stop(job.id))[0].status is JobStatus.CANCELLED
        assert jobs.running == 0


async def test_a_job_with_two_requests_goes_on_after_both(memory: MemoryJobs) -> None:
    asking = Asking(memory, times=2)
    async with asking.jobs as jobs:
        job = await jobs.submit(new_job())
        while len(asking.jobs._active[job.id].pauses) < 2:
            await anyio.lowlevel.checkpoint()
        await jobs.pauses.resume(job.id, request_of(job, 1)["request_id"], {"action_id": "yes"})
        while (await jobs.get(job.id)).human_request != request_of(job, 2):
            await anyio.lowlevel.checkpoint()
        assert (await jobs.get(job.id)).status is JobStatus.SUSPENDED
        await jobs.pauses.resume(job.id, request_of(job, 2)["request_id"], {"action_id": "no"})
        assert (await jobs.wait(job.id)).result.text == "yes no"


async def test_the_time_of_a_suspended_job_stands_still(memory: MemoryJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "_LOOK_SECONDS", 0.01)
    asking = Asking(memory)
    async with asking.jobs as jobs:
        job = await jobs.submit(new_job())
        await asking.suspended(job)
        # Only from here on, because what went before may take any time.
        jobs._timeout = 0.05
        with anyio.move_on_after(0.2) as scope:
            await jobs._expire(jobs._active[job.id])
        assert scope.cancelled_caught
        assert (await jobs.get(job.id)).status is JobStatus.SUSPENDED


@pytest.mark.parametrize(
    ("rerun", "status"), [(False, JobStatus.FAILED), (True, JobStatus.QUEUED)], ids=["once", "rerun_on_restart"]
)
async def test_a_shutdown_does_not_wait_for_people(memory: MemoryJobs, rerun: bool, status: JobStatus) -> None:
    asking = Asking(memory)
    async with asking.jobs as jobs:
        job = await jobs.submit(new_job(rerun=rerun))
        await asking.suspended(job)
        await jobs.drain(1000)
    assert (await memory.get(job.id)).status is status


async def test_a_restart_finds_suspended_jobs_unfinished(store: Store) -> None:
    job, again = new_job(), new_job(rerun=True)
    for each in (job, again):
        each.status = JobStatus.SUSPENDED
        await store.insert(each)
    asking = Asking(store)
    async with asking.jobs as jobs:
        lost = await jobs.wait(job.id)
        assert (lost.status, lost.result.errors[0]["code"]) == (JobStatus.FAILED, "worker_lost")
        await asking.suspended(again)
