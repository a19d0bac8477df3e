"""Pauses: the runs of jobs that wait until a person has decided something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from langflow_lite.errors import InvalidDecision, JobNotResumable
from langflow_lite.events import EventName
from langflow_lite.job import Job, JobStatus
from langflow_lite.jobs.active import ActiveJob, Pause
from langflow_lite.jobs.store import JobStore, until_stored

__all__ = ["Pauses"]


class Pauses:
    """Suspends jobs and resumes them. A suspended job keeps its run in memory, but no slot among those that run.

    `slot` is called with a job and whether it needs one.
    """

    def __init__(
        self, active: Mapping[str, ActiveJob], store: JobStore, slot: Callable[[ActiveJob, bool], None]
    ) -> None:
        self._active = active
        self._store = store
        self._slot = slot

    async def decision(self, job_id: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Suspend a job until a person has answered this request (engine rules: *Human input*); returns the answer.

        Whoever is told of the request finds the job suspended. While the store cannot write, the job waits for it.
        """
        active = self._active[job_id]
        pause = Pause(request)
        suspended = replace(active.job, status=JobStatus.SUSPENDED)
        await until_stored(partial(self._store.requeue, suspended), f"job {job_id} cannot be suspended")
        active.pauses[request["request_id"]] = pause
        self._show(active)
        active.log.append(EventName.HUMAN_INPUT_REQUIRED, request)
        self._slot(active, False)
        try:
            await pause.decided.wait()
        finally:
            del active.pauses[request["request_id"]]
            self._show(active)
            self._slot(active, not active.pauses and not active.decided)
        if not active.pauses:
            await until_stored(partial(self._store.claim, active.job), f"job {job_id} cannot go on")
        return pause.decision

    def _show(self, active: ActiveJob) -> None:
        """Have the job say what it waits for."""
        waiting = next(iter(active.pauses.values()), None)
        active.job = replace(
            active.job,
            status=JobStatus.SUSPENDED if waiting is not None else JobStatus.IN_PROGRESS,
            human_request=dict(waiting.request) if waiting is not None else None,
        )

    async def resume(self, job_id: str, request_id: str, decision: Mapping[str, Any]) -> Job:
        """Answer a request; the job goes on at once.

        Raises `JobNotFound`, `JobNotResumable` for a request that is not open, and `InvalidDecision`.
        """
        active = self._active.get(job_id)
        job = active.job if active is not None else await self._store.get(job_id)
        pause = active.pauses.get(request_id) if active is not None and not active.decided else None
        if active is None or pause is None or pause.decided.is_set():
            raise JobNotResumable(f"job {job.id} is not suspended, was resumed already, or waits for another request")
        allowed = pause.request["allowed_decisions"]
        if decision.get("action_id") not in allowed:
            raise InvalidDecision(f"decision.action_id must be one of {', '.join(allowed)}")
        pause.decision = decision
        pause.decided.set()
        return job

    def pending(self, flow_id: str) -> list[Job]:
        """The suspended jobs of a flow, with their requests, in the order in which they were accepted."""
        return [active.job for active in self._active.values() if active.pauses and active.job.flow_id == flow_id]
