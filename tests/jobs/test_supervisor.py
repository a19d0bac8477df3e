from __future__ import annotations

import contextvars
import errno
import gc
import json
import os
import random
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from msgspec.structs import replace

from langflow_lite.errors import (
    EventsEvicted,
    IdempotencyMismatch,
    JobNotFound,
    JobNotStoppable,
    QueueFull,
    StorageBusy,
    StorageFull,
)
from langflow_lite.job import Job, JobResult, JobStatus, RunRequest
from langflow_lite.jobs import store as store_module
from langflow_lite.jobs import supervisor as supervisor_module
from langflow_lite.jobs.active import Ended, failed
from langflow_lite.jobs.supervisor import Supervisor
from langflow_lite.storage.jobs import JobTable
from langflow_lite.storage.secretbox import SecretBox
from langflow_lite.storage.variables import VariableStore
from tests.jobs.memory import MemoryJobs
from tests.jobs.support import Listener, Script, completed, echo, frames_of, names, new_job

pytestmark = pytest.mark.anyio
Store = MemoryJobs | JobTable


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    with anyio.fail_after(60):
        yield


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "RETRY_SECONDS", 0)
    monkeypatch.setattr(store_module, "RETRY_SECONDS", 0)


# Acceptance


async def test_a_job_is_stored_when_submit_returns_and_its_result_once_it_has_ended(store: Store):
    async with Supervisor(store, echo) as jobs:
        job = await jobs.submit(new_job("one two"))
        assert (await store.get(job.id)).id == job.id
        done = await jobs.wait(job.id)
        assert (done.status, done.result.text, done.events) == (JobStatus.COMPLETED, "one two", 3)
        assert done.created_at <= done.started_at <= done.finished_at
        assert names(await frames_of(jobs, job.id)) == ["token", "token", "end"]


async def test_a_submit_that_is_cancelled_while_its_row_is_committed_still_runs(memory: MemoryJobs):
    release = memory.hold("insert")
    job = new_job()
    async with Supervisor(memory, echo) as jobs, anyio.create_task_group() as tasks:
        tasks.start_soon(jobs.submit, job)
        await memory.called("insert")
        tasks.cancel_scope.cancel()
        release()
    assert memory.jobs[job.id].status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.QUEUED)
    async with Supervisor(memory, echo) as jobs:
        assert (await jobs.wait(job.id)).status.is_terminal


async def test_a_job_that_cannot_be_stored_is_not_accepted(memory: MemoryJobs):
    memory.broken = True
    script = Script()
    async with Supervisor(memory, script) as jobs:
        with pytest.raises(StorageFull):
            await jobs.submit(new_job())
        assert (jobs.queued, jobs.running) == (0, 0)
    assert script.order == []
    assert memory.jobs == {}


async def test_the_same_idempotency_key_names_the_same_job_and_runs_it_once(store: Store):
    script = Script()
    async with Supervisor(store, script) as jobs:
        first = await jobs.submit(new_job(idempotency_key="k", request_hash="h"))
        again = await jobs.submit(new_job(idempotency_key="k", request_hash="h"))
        assert again.id == first.id
        with pytest.raises(IdempotencyMismatch):
            await jobs.submit(new_job(idempotency_key="k", request_hash="other"))
        await script.started(first.id)
        script.finish(first.id)
        await jobs.wait(first.id)
    assert script.order == [first.id]


async def test_at_most_so_many_run_and_wait_and_one_more_is_refused(store: Store):
    script = Script()
    async with Supervisor(store, script, concurrency=2, queue_size=3) as jobs:
        accepted = [await jobs.submit(new_job()) for _ in range(5)]
        await script.started(*(job.id for job in accepted[:2]))
        assert (jobs.running, jobs.queued) == (2, 3)
        with pytest.raises(QueueFull) as refusal:
            await jobs.submit(new_job())
        assert (refusal.value.status, dict(refusal.value.headers)) == (503, {"Retry-After": "5"})
        for job in accepted:
            script.finish(job.id)
        assert [(await jobs.wait(job.id)).status for job in accepted] == [JobStatus.COMPLETED] * 5
        assert (jobs.running, jobs.queued) == (0, 0)
    assert script.order == [job.id for job in accepted]


async def test_the_queue_bound_counts_jobs_whose_rows_are_being_committed(memory: MemoryJobs):
    release = memory.hold("insert")
    refused = 0

    async def submit() -> None:
        nonlocal refused
        try:
            await jobs.submit(new_job())
        except QueueFull:
            refused += 1

    async with Supervisor(memory, Script(), concurrency=1, queue_size=2) as jobs, anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(submit)
        await memory.called("insert", 3)
        release()
    assert (len(memory.jobs), refused) == (3, 7)


async def test_a_stopped_job_leaves_room_in_the_queue(store: Store):
    async with Supervisor(store, Script(), concurrency=1, queue_size=1) as jobs:
        await jobs.submit(new_job())
        waiting = await jobs.submit(new_job())
        await jobs.stop(waiting.id)
        assert jobs.queued == 0
        assert (await jobs.submit(new_job())).status is JobStatus.QUEUED


async def test_a_job_does_not_inherit_the_context_of_its_request(memory: MemoryJobs):
    who = contextvars.ContextVar("who", default="nobody")
    seen: list[str] = []

    async def execute(job: Job, emit: object) -> Ended:
        seen.append(who.get())
        return completed()

    async with Supervisor(memory, execute, concurrency=1) as jobs:
        who.set("a request")
        both = [await jobs.submit(new_job()) for _ in range(2)]
        for job in both:
            await jobs.wait(job.id)
    assert seen == ["nobody", "nobody"]


# The end


async def test_each_status_has_its_terminal_event(store: Store):
    ends = {
        "completed": completed(),
        "failed": failed("broke", "EXECUTION_ERROR"),
        "failed with an end": Ended(JobStatus.FAILED, JobResult(errors=[{"error": "x"}]), {"build_duration": 1}, "end"),
    }

    async def execute(job: Job, emit: object) -> Ended:
        return ends[job.request.input_value]

    async with Supervisor(store, execute) as jobs:
        told = {}
        for name in ends:
            job = await jobs.submit(new_job(name))
            done = await jobs.wait(job.id)
            told[name] = (done.status, *names(await frames_of(jobs, job.id)))
    assert told == {
        "completed": ("completed", "end"),
        "failed": ("failed", "error"),
        "failed with an end": ("failed", "end"),
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [(ValueError("boom"), "INTERNAL_ERROR"), (RuntimeError("bang"), "INTERNAL_ERROR")],
)
async def test_an_execution_that_raises_fails_its_job_and_frees_its_slot(
    memory: MemoryJobs, error: Exception, code: str
):
    async def execute(job: Job, emit: object) -> Ended:
        if job.request.input_value == "bad":
            raise error
        return completed()

    async with Supervisor(memory, execute, concurrency=1) as jobs:
        bad = await jobs.submit(new_job("bad"))
        good = await jobs.submit(new_job("good"))
        assert (await jobs.wait(bad.id)).result.errors[0]["code"] == code
        assert (await jobs.wait(good.id)).status is JobStatus.COMPLETED


async def test_an_execution_that_cancels_itself_fails_its_job_and_frees_its_slot(memory: MemoryJobs):
    async def execute(job: Job, emit: object) -> Ended:
        if job.request.input_value == "bad":
            raise anyio.get_cancelled_exc_class()
        await checkpoint()
        return completed()

    async with Supervisor(memory, execute, concurrency=1) as jobs:
        bad = await jobs.submit(new_job("bad"))
        good = await jobs.submit(new_job("good"))
        assert (await jobs.wait(bad.id)).result.errors[0]["code"] == "RUN_CANCELLED"
        assert (await jobs.wait(good.id)).status is JobStatus.COMPLETED


async def test_a_result_that_cannot_be_stored_fails_the_job(memory: MemoryJobs, monkeypatch: pytest.MonkeyPatch):
    original = memory.finish

    async def finish(job: Job, first: int, frames: list[bytes]) -> None:
        if job.status is JobStatus.COMPLETED:
            raise TypeError("cannot be encoded")
        await original(job, first, frames)

    monkeypatch.setattr(memory, "finish", finish)
    async with Supervisor(memory, echo) as jobs:
        job = await jobs.submit(new_job("a b"))
        assert (await jobs.wait(job.id)).result.errors[0]["code"] == "INTERNAL_ERROR"
        assert names(await frames_of(jobs, job.id)) == ["token", "token", "error"]


async def test_nothing_of_the_end_is_told_before_it_is_committed(memory: MemoryJobs):
    release = memory.hold("finish")
    ended: list[str] = []
    async with Supervisor(memory, echo, observer=Listener(ended)) as jobs:
        job = await jobs.submit(new_job("a"))
        follower = jobs.follow(job.id)
        assert (await anext(follower))[0] == 1
        await memory.called("finish")
        assert (await jobs.get(job.id)).status is JobStatus.IN_PROGRESS
        assert ended == []
        release()
        assert (await anext(follower))[0] == 2
        assert (await jobs.get(job.id)).status is JobStatus.COMPLETED
        await jobs.wait(job.id)
        assert ended == [job.id]


async def test_an_end_that_does_not_fit_on_the_disk_is_stored_once_there_is_room(memory: MemoryJobs, no_pause: None):
    script = Script()
    async with Supervisor(memory, script, concurrency=1) as jobs:
        job = await jobs.submit(new_job())
        other = await jobs.submit(new_job())
        await script.started(job.id)
        memory.broken = True
        script.finish(job.id)
        await memory.called("finish", 3)
        assert (await jobs.get(job.id)).status is JobStatus.IN_PROGRESS
        memory.broken = False
        assert (await jobs.wait(job.id)).status is JobStatus.COMPLETED
        script.finish(other.id)
        assert (await jobs.wait(other.id)).status is JobStatus.COMPLETED


async def test_a_job_whose_beginning_cannot_be_stored_begins_once_there_is_room(memory: MemoryJobs, no_pause: None):
    release = memory.hold("claim")
    async with Supervisor(memory, echo) as jobs:
        job = await jobs.submit(new_job())
        await memory.called("claim")
        memory.broken = True
        release()
        await memory.called("claim", 3)
        assert (await jobs.get(job.id)).status is JobStatus.QUEUED
        memory.broken = False
        assert (await jobs.wait(job.id)).status is JobStatus.COMPLETED


@pytest.mark.parametrize("how", ["finish", "stop"])
async def test_nothing_of_an_ended_job_waits_for_the_garbage_collector(memory: MemoryJobs, how: str):
    script = Script()
    gc.disable()
    try:
        async with Supervisor(memory, script, events_size=1) as jobs:
            job = await jobs.submit(new_job())
            log = weakref.ref(jobs._active[job.id].log)
            await script.started(job.id)
            script.emitters.clear()
            if how == "stop":
                await jobs.stop(job.id)
            script.finish(job.id)
            await jobs.wait(job.id)
            await anyio.wait_all_tasks_blocked()
            assert log() is None
    finally:
        gc.enable()


async def test_a_job_that_takes_too_long_is_timed_out(store: Store):
    script = Script()
    async with Supervisor(store, script, timeout=0.05) as jobs:
        job = await jobs.submit(new_job())
        done = await jobs.wait(job.id)
        assert (done.status, done.result.errors[0]["code"]) == (JobStatus.TIMED_OUT, "EXECUTION_TIMEOUT")
        assert names(await frames_of(jobs, job.id)) == ["error"]
    assert script.cancelled == [job.id]


class Zombie:
    """Swallows cancellation until it is let go."""

    def __init__(self) -> None:
        self.rest = anyio.Event()
        self.started = anyio.Event()

    async def __call__(self, job: Job, emit: object) -> Ended:
        if job.request.input_value != "zombie":
            return completed()
        self.started.set()
        while not self.rest.is_set():
            try:
                await self.rest.wait()
            except anyio.get_cancelled_exc_class():
                emit("token", {"chunk": "still here"})
        return completed()


@pytest.mark.parametrize("how", ["stop", "timeout", "shutdown"])
async def test_a_job_that_ignores_its_cancellation_ends_all_the_same_and_holds_no_slot(memory: MemoryJobs, how: str):
    zombie = Zombie()
    async with Supervisor(memory, zombie, concurrency=1, timeout=0.05 if how == "timeout" else 0) as jobs:
        job = await jobs.submit(new_job("zombie"))
        await zombie.started.wait()
        if how == "stop":
            await jobs.stop(job.id)
        elif how == "shutdown":
            await jobs.drain(0)
        done = await jobs.wait(job.id)
        assert done.status == {"stop": "cancelled", "timeout": "timed_out", "shutdown": "failed"}[how]
        if how != "shutdown":
            jobs._timeout = 0
            other = await jobs.submit(new_job())
            assert (await jobs.wait(other.id)).status is JobStatus.COMPLETED
        stored = memory.jobs[job.id]
        zombie.rest.set()
    assert memory.jobs[job.id] == stored
    assert len(names(memory.frames[job.id])) == stored.events


# Stopping


async def test_stopping_a_queued_job_means_it_never_runs(store: Store):
    script = Script()
    async with Supervisor(store, script, concurrency=1) as jobs:
        first, second, third = [await jobs.submit(new_job()) for _ in range(3)]
        job, stopped = await jobs.stop(second.id)
        assert (job.status, stopped) == (JobStatus.CANCELLED, True)
        assert names(await frames_of(jobs, second.id)) == ["cancelled"]
        for other in (first, third):
            script.finish(other.id)
            await jobs.wait(other.id)
        assert (await store.get(second.id)).status is JobStatus.CANCELLED
    assert script.order == [first.id, third.id]


async def test_stopping_a_running_job_cancels_it_before_it_returns(store: Store):
    script = Script()
    async with Supervisor(store, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        assert (await jobs.stop(job.id))[1] is True
        assert (await store.get(job.id)).status is JobStatus.CANCELLED
        assert script.cancelled == [job.id]
        again, stopped = await jobs.stop(job.id)
        assert (again.status, stopped) == (JobStatus.CANCELLED, False)


@pytest.mark.parametrize("turns", range(12))
async def test_stopping_at_any_moment_of_the_start_ends_it_once_and_keeps_the_slot(store: Store, turns: int):
    async with Supervisor(store, echo, concurrency=1) as jobs:
        job = await jobs.submit(new_job("a b c"))
        for _ in range(turns):
            await checkpoint()
        await jobs.stop(job.id)
        done = await store.get(job.id)
        assert done.status in (JobStatus.CANCELLED, JobStatus.COMPLETED)
        assert len(names(await frames_of(jobs, job.id))) == done.events
        assert (await jobs.wait((await jobs.submit(new_job())).id)).status is JobStatus.COMPLETED
        assert jobs.running == 0
        assert await store.get(job.id) == done


async def test_a_stop_during_the_claim_is_not_undone_by_it(memory: MemoryJobs):
    release = memory.hold("claim")
    script = Script()
    async with Supervisor(memory, script) as jobs:
        job = await jobs.submit(new_job())
        await memory.called("claim")
        await jobs.stop(job.id)
        release()
    assert memory.jobs[job.id].status is JobStatus.CANCELLED
    assert script.order == []


async def test_a_caller_that_goes_away_does_not_undo_its_stop(memory: MemoryJobs):
    release = memory.hold("finish")
    script = Script()
    async with Supervisor(memory, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(jobs.stop, job.id)
            await memory.called("finish")
            tasks.cancel_scope.cancel()
        release()
        assert (await jobs.wait(job.id)).status is JobStatus.CANCELLED


async def test_a_stop_that_cannot_be_stored_says_so_and_is_stored_later(memory: MemoryJobs, no_pause: None):
    script = Script()
    async with Supervisor(memory, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        memory.broken = True
        with pytest.raises(StorageFull):
            await jobs.stop(job.id)
        assert script.cancelled == [job.id]
        memory.broken = False
        assert (await jobs.wait(job.id)).status is JobStatus.CANCELLED


async def test_stopping_what_is_not_there_or_belongs_to_a_request_is_refused(store: Store):
    async with Supervisor(store, echo) as jobs:
        with pytest.raises(JobNotFound):
            await jobs.stop("nothing")
        attached = new_job(detached=False, status=JobStatus.IN_PROGRESS)
        await store.insert(attached)
        with pytest.raises(JobNotStoppable):
            await jobs.stop(attached.id)


async def test_a_thousand_jobs_raced_by_five_stops_each_have_one_outcome(store: Store):
    rng = random.Random(7)
    ended: list[str] = []
    winners: dict[str, int] = {}
    early: set[str] = set()

    async def execute(job: Job, emit: object) -> Ended:
        for word in range(rng.randrange(4)):
            emit("token", {"chunk": str(word)})
            await checkpoint()
        return completed()

    async def stop(job_id: str) -> None:
        # Some are stopped at any turn of the loop, some once their events can be read, most of those too late.
        if job_id in early:
            for _ in range(rng.randrange(40)):
                await checkpoint()
        else:
            await anext(jobs.follow(job_id))
        job, stopped = await jobs.stop(job_id)
        assert job.status.is_terminal
        winners[job_id] = winners.get(job_id, 0) + stopped

    async with Supervisor(store, execute, concurrency=8, observer=Listener(ended)) as jobs:
        all_jobs = []
        async with anyio.create_task_group() as tasks:
            for _ in range(1000):
                job = await jobs.submit(new_job())
                all_jobs.append(job.id)
                if rng.random() < 0.5:
                    early.add(job.id)
                for _ in range(5):
                    tasks.start_soon(stop, job.id)
        outcomes = []
        for job_id in all_jobs:
            job = await jobs.wait(job_id)
            outcomes.append(job.status)
            assert winners[job_id] == (job.status is JobStatus.CANCELLED)
            assert len(names(await frames_of(jobs, job_id))) == job.events
        assert sorted(ended) == sorted(all_jobs)
        assert {JobStatus.CANCELLED, JobStatus.COMPLETED} == set(outcomes)
        assert (jobs.running, jobs.queued) == (0, 0)
        assert (await jobs.wait((await jobs.submit(new_job("later"))).id)).status is JobStatus.COMPLETED


# Following


async def test_reattaching_at_every_cursor_of_a_finished_job_repeats_the_same_bytes(store: Store):
    async with Supervisor(store, echo) as jobs:
        job = await jobs.submit(new_job(" ".join(map(str, range(600)))))
        live = await frames_of(jobs, job.id)
        await jobs.wait(job.id)
        assert len(live) == 601
        for cursor in [*range(0, 600, 7), 599, 600, 601, 602, 10_000]:
            assert await frames_of(jobs, job.id, cursor) == live[cursor:]
    async with Supervisor(store, echo) as jobs:
        assert await frames_of(jobs, job.id) == live


async def test_reattaching_at_every_cursor_of_a_running_job_loses_and_doubles_nothing(store: Store):
    script = Script()
    words = 40
    seen: dict[int, list[tuple[int, bytes]]] = {}

    async def follow(cursor: int) -> None:
        seen[cursor] = await frames_of(jobs, job.id, cursor)

    async with Supervisor(store, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        async with anyio.create_task_group() as tasks:
            for word in range(words):
                script.emitters[job.id]("token", {"chunk": str(word)})
                tasks.start_soon(follow, word)
                if word % 3:
                    await checkpoint()
            script.finish(job.id)
        whole = await frames_of(jobs, job.id)
    assert len(names(whole)) == words + 1
    assert seen == {cursor: whole[cursor:] for cursor in range(words)}


async def test_a_reader_far_behind_a_running_job_reads_the_same_frames_from_the_store(store: Store):
    script = Script()
    async with Supervisor(store, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        emit = script.emitters[job.id]
        follower = jobs.follow(job.id)
        head = jobs.follow(job.id, 2999)
        emit("token", {"chunk": "first"})
        assert (await anext(follower))[0] == 1
        for word in range(2999):
            emit("token", {"chunk": str(word)})
        # Everything is on disk, and the oldest of it no longer in memory.
        assert (await anext(head))[0] == 3000
        middle = [await anext(follower) for _ in range(1500)]
        script.finish(job.id)
        rest = [item async for item in follower]
        assert names(middle + rest)[-1] == "end"
        assert (await frames_of(jobs, job.id))[1:] == middle + rest


async def test_a_reader_that_never_reads_costs_a_bounded_amount_of_memory(table: JobTable):
    script = Script()
    async with Supervisor(table, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        idle = [jobs.follow(job.id) for _ in range(50)]
        for follower in idle:
            script.emitters[job.id]("token", {"chunk": "x"})
            await anext(follower)
        tail = jobs.follow(job.id, 50)
        for _ in range(20):
            for _ in range(500):
                script.emitters[job.id]("token", {"chunk": "y" * 1000})
            for _ in range(500):
                await anext(tail)
        log = jobs._active[job.id].log
        held = sum(map(len, log._recent)) + sum(map(len, log._pending)) + sum(map(len, log._flying))
        assert held < 1100 * 1100
        script.finish(job.id)
        await jobs.wait(job.id)
        for follower in idle:
            await follower.aclose()
        await tail.aclose()


async def test_events_that_were_let_go_are_reported_and_not_skipped(memory: MemoryJobs):
    script = Script()
    async with Supervisor(memory, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        for word in range(3000):
            script.emitters[job.id]("token", {"chunk": str(word)})
        await anext(jobs.follow(job.id, 2999))
        kept = memory.frames[job.id]
        for left in (kept[100:], []):
            memory.frames[job.id] = left
            with pytest.raises(EventsEvicted):
                await frames_of(jobs, job.id)
        memory.frames[job.id] = kept
        script.finish(job.id)
        await jobs.wait(job.id)
        for left in (kept[100:], []):
            memory.frames[job.id] = left
            with pytest.raises(EventsEvicted):
                await frames_of(jobs, job.id)


async def test_followers_that_leave_cancel_nothing(store: Store):
    script = Script()
    async with Supervisor(store, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(frames_of, jobs, job.id)
            await checkpoint()
            tasks.cancel_scope.cancel()
        script.finish(job.id)
        assert (await jobs.wait(job.id)).status is JobStatus.COMPLETED


async def test_events_of_an_abandoned_write_are_written_again_under_the_same_numbers(memory: MemoryJobs):
    script = Script()
    async with Supervisor(memory, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        emit = script.emitters[job.id]
        emit("token", {"chunk": "a"})
        follower = jobs.follow(job.id)
        assert (await anext(follower))[0] == 1
        memory.broken = True
        emit("token", {"chunk": "b"})
        emit("token", {"chunk": "c"})
        await checkpoint()
        await checkpoint()
        assert (await jobs.get(job.id)).events == 1
        memory.broken = False
        emit("token", {"chunk": "d"})
        assert [json.loads((await anext(follower))[1])["data"]["chunk"] for _ in range(3)] == ["b", "c", "d"]
        memory.broken = True
        emit("token", {"chunk": "e"})
        await checkpoint()
        await checkpoint()
        memory.broken = False
        script.finish(job.id)
        assert names([item async for item in follower]) == ["token", "end"]
        assert len(names(memory.frames[job.id])) == 6


async def test_nothing_is_read_of_a_job_that_is_not_there(store: Store):
    async with Supervisor(store, echo) as jobs:
        for ask in (jobs.get, jobs.wait):
            with pytest.raises(JobNotFound):
                await ask("nothing")
        with pytest.raises(JobNotFound):
            await frames_of(jobs, "nothing")


# The end of the process and the next one


async def test_draining_lets_running_jobs_end_and_keeps_queued_ones(store: Store):
    script = Script()
    async with Supervisor(store, script, concurrency=1) as jobs:
        running = await jobs.submit(new_job())
        waiting = await jobs.submit(new_job())
        await script.started(running.id)
        async with anyio.create_task_group() as tasks:
            told: list[list[tuple[int, bytes]]] = []

            async def follow(job_id: str) -> None:
                told.append(await frames_of(jobs, job_id))

            tasks.start_soon(follow, waiting.id)
            await checkpoint()
            tasks.start_soon(jobs.drain, 30)
            while jobs.failure is None:
                await checkpoint()
            with pytest.raises(QueueFull):
                await jobs.submit(new_job())
            assert (await jobs.wait(waiting.id)).status is JobStatus.QUEUED
            script.finish(running.id)
        assert told == [[]]
        assert (await store.get(running.id)).status is JobStatus.COMPLETED
        assert (await store.get(waiting.id)).status is JobStatus.QUEUED
    async with Supervisor(store, echo) as jobs:
        assert (await jobs.wait(waiting.id)).status is JobStatus.COMPLETED


async def test_a_job_that_sends_too_many_events_fails(store: Store):
    script = Script()
    async with Supervisor(store, script, events_size=1) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        for _ in range(20):
            script.emitters[job.id]("token", {"chunk": "x" * 100_000})
        done = await jobs.wait(job.id)
        assert (done.status, done.result.errors[0]["code"]) == (JobStatus.FAILED, "EVENT_LIMIT")
        told = await frames_of(jobs, job.id)
    assert names(told) == [*["token"] * 10, "error"]
    assert json.loads(told[-1][1])["data"]["code"] == "EVENT_LIMIT"


async def test_what_still_runs_after_the_grace_is_recorded_and_its_followers_are_told(store: Store):
    script = Script()
    async with Supervisor(store, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        script.emitters[job.id]("token", {"chunk": "half"})
        follower = jobs.follow(job.id)
        await anext(follower)
        await jobs.drain(0.01)
        rest = [item async for item in follower]
        assert names(rest) == ["error"]
        assert json.loads(rest[0][1])["data"]["code"] == "server_shutdown"
        done = await store.get(job.id)
        assert (done.status, done.result.errors[0]["code"]) == (JobStatus.FAILED, "server_shutdown")
    async with Supervisor(store, echo) as jobs:
        assert await store.get(job.id) == done


async def test_a_row_that_is_committed_during_the_shutdown_is_left_for_the_next_start(memory: MemoryJobs):
    release = memory.hold("insert")
    script = Script()
    job = new_job()
    async with Supervisor(memory, script) as jobs, anyio.create_task_group() as tasks:
        tasks.start_soon(jobs.submit, job)
        await memory.called("insert")
        await jobs.drain(0)
        release()
    assert (memory.jobs[job.id].status, script.order) == (JobStatus.QUEUED, [])


async def test_a_shutdown_ends_although_nothing_can_be_stored(memory: MemoryJobs):
    script = Script()
    async with Supervisor(memory, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
        script.emitters[job.id]("token", {"chunk": "x"})
        follower = jobs.follow(job.id)
        await anext(follower)
        memory.broken = True
        await jobs.drain(0)
        # A terminal event that is not on disk was never told.
        assert [item async for item in follower] == []
    assert memory.jobs[job.id].status is JobStatus.IN_PROGRESS
    memory.broken = False
    async with Supervisor(memory, echo) as jobs:
        done = await jobs.wait(job.id)
        assert done.result.errors[0]["code"] == "worker_lost"
        assert names(await frames_of(jobs, job.id)) == ["token", "error"]


async def interrupted(store: Store, **fields: object) -> Job:
    """A job that was running, two events on, when its process died."""
    job = new_job("one two three", **fields)
    await store.insert(job)
    await store.claim(replace(job, status=JobStatus.IN_PROGRESS, started_at=job.created_at))
    ticket = store.append_events(
        job.id,
        1,
        [b'{"event":"token","data":{},"sequence_id":1}', b'{"event":"token","data":{},"sequence_id":2}'],
        lambda _: None,
    )
    await ticket.settled()
    return job


async def test_a_restart_runs_what_was_queued_in_order_and_ends_what_was_running(store: Store):
    waiting = [new_job(str(number)) for number in range(3)]
    lost = await interrupted(store)
    for job in waiting:
        await store.insert(job)
    script = Script()
    for job in waiting:
        script.finish(job.id)
    async with Supervisor(store, script, concurrency=1) as jobs:
        done = await jobs.wait(lost.id)
        assert (done.status, done.result.errors[0]["code"]) == (JobStatus.FAILED, "worker_lost")
        assert names(await frames_of(jobs, lost.id)) == ["token", "token", "error"]
        for job in waiting:
            assert (await jobs.wait(job.id)).status is JobStatus.COMPLETED
    assert script.order == [job.id for job in waiting]


async def test_a_key_that_cannot_be_read_for_now_gives_up_no_job(
    table: JobTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    secret = RunRequest(input_value="hi", globals={"KEY": "value"})
    await table.insert(job := new_job(request=secret))
    again = JobTable(table._database, VariableStore(table._database, SecretBox("", tmp_path / "secret_key")))

    def fail(*_: Any, **__: Any) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        with pytest.raises(StorageBusy):
            await again.unfinished()
    async with Supervisor(again, echo) as jobs:
        assert (await jobs.wait(job.id)).status is JobStatus.COMPLETED


async def test_a_start_does_not_wait_for_a_disk_that_is_full(memory: MemoryJobs, no_pause: None):
    lost = await interrupted(memory)
    memory.broken = True
    async with Supervisor(memory, echo) as jobs:
        await memory.called("finish", 2)
        assert (await jobs.get(lost.id)).status is JobStatus.IN_PROGRESS
        memory.broken = False
        assert (await jobs.wait(lost.id)).status is JobStatus.FAILED


async def test_a_job_that_asked_for_it_is_run_again_after_a_crash_but_only_once(store: Store):
    job = await interrupted(store, rerun=True)
    async with Supervisor(store, echo) as jobs:
        done = await jobs.wait(job.id)
        assert done.status is JobStatus.COMPLETED
        # The numbers go on where they were.
        assert names(await frames_of(jobs, job.id)) == ["token"] * 5 + ["end"]
    script = Script()
    other = await interrupted(store, rerun=True)
    async with Supervisor(store, script) as jobs:
        await script.started(other.id)
        assert (await store.get(other.id)).rerun is False


async def test_a_job_that_asked_for_it_is_queued_again_by_a_shutdown(store: Store):
    script = Script()
    async with Supervisor(store, script) as jobs:
        job = await jobs.submit(new_job("a b", rerun=True))
        await script.started(job.id)
        follower = jobs.follow(job.id)
        script.emitters[job.id]("token", {"chunk": "x"})
        await anext(follower)
        await jobs.drain(0)
        assert [item async for item in follower] == []
    assert (await store.get(job.id)).status is JobStatus.QUEUED
    async with Supervisor(store, echo) as jobs:
        assert (await jobs.wait(job.id)).status is JobStatus.COMPLETED
        assert names(await frames_of(jobs, job.id)) == ["token"] * 3 + ["end"]


async def test_leaving_without_draining_ends_what_runs(store: Store):
    script = Script()
    async with Supervisor(store, script) as jobs:
        job = await jobs.submit(new_job())
        await script.started(job.id)
    assert (await store.get(job.id)).result.errors[0]["code"] == "server_shutdown"
    assert script.cancelled == [job.id]
