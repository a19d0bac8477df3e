"""Any history of submits, stops, ends, shutdowns and crashes, held against a plain model of what may come of it."""

from __future__ import annotations

import copy

import anyio
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from langflow_lite.job import JobStatus
from langflow_lite.jobs.supervisor import Supervisor
from tests.jobs.memory import MemoryJobs
from tests.jobs.support import Script, frames_of, names, new_job

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "submit", "emit", "finish", "stop", "turns", "shutdown", "crash"]),
        st.integers(0, 7),
    ),
    max_size=25,
)


class History:
    """The job system and, in `outcomes`, what was told of each job: once that is known it must not change."""

    def __init__(self) -> None:
        self.store = MemoryJobs()
        self.ids: list[str] = []
        self.outcomes: dict[str, JobStatus] = {}
        self.seen: dict[str, list[tuple[int, bytes]]] = {}

    async def live(self, actions: list[tuple[str, int]]) -> None:
        """Run one process until the actions are used up or end it."""
        script = Script()
        async with Supervisor(self.store, script, concurrency=2, queue_size=100) as jobs:
            while actions:
                action, number = actions.pop(0)
                job_id = self.ids[number % len(self.ids)] if self.ids else None
                if action == "submit":
                    self.ids.append((await jobs.submit(new_job(rerun=number % 3 == 0))).id)
                elif action == "turns":
                    for _ in range(number):
                        await checkpoint()
                elif action == "shutdown":
                    return
                elif action == "crash":
                    # What the next process finds is what is in the store at this moment.
                    left = MemoryJobs()
                    left.jobs = dict(self.store.jobs)
                    left.frames = copy.deepcopy(self.store.frames)
                    self.store = left
                    return
                elif job_id is None:
                    continue
                elif action == "emit" and job_id in script.emitters:
                    script.emitters[job_id]("token", {"chunk": str(number)})
                elif action == "finish":
                    script.finish(job_id)
                elif action == "stop":
                    job, stopped = await jobs.stop(job_id)
                    assert job.status.is_terminal
                    assert not stopped or job.status is JobStatus.CANCELLED
                await self.observe(jobs)
            for job_id in self.ids:
                script.finish(job_id)
                assert (await jobs.wait(job_id)).status.is_terminal
            await self.observe(jobs)
            assert (jobs.running, jobs.queued) == (0, 0)

    async def observe(self, jobs: Supervisor) -> None:
        for job_id in self.ids:
            status = (await jobs.get(job_id)).status
            if job_id in self.outcomes:
                assert status is self.outcomes[job_id]
            elif status.is_terminal:
                self.outcomes[job_id] = status
                whole = await frames_of(jobs, job_id)
                names(whole)
                assert whole[: len(self.seen.get(job_id, ()))] == self.seen.get(job_id, [])
            else:
                # What is stored may be read by a follower, and must be there for good.
                self.seen[job_id] = list(self.store.frames[job_id])


@settings(max_examples=150)
@given(ACTIONS)
def test_every_accepted_job_ends_once_whatever_happens(actions: list[tuple[str, int]]):
    async def run() -> None:
        history = History()
        with anyio.fail_after(30):
            left = list(actions)
            while left:
                await history.live(left)
            await history.live([])
        assert set(history.outcomes) == set(history.ids)

    anyio.run(run)
