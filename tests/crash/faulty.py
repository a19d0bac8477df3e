"""`python -m tests.crash.faulty run ...`: the server, which kills itself when it passes a point for the Nth time.

LANGFLOW_TEST_FAULT is `POINT:N`. The points lie around what the job system persists, so the product itself needs none:

    before-W, after-W   as a write of the job table is handed over, and once it is committed but nobody has been told
    in-W                after its statement, inside the transaction
    before-callback, after-callback     around the request that tells a receiver

where W is insert, claim, event, finish, stop (a finish that cancels) or told (the callback's state).
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from langflow_lite.cli import main
from langflow_lite.job import Job, JobStatus
from langflow_lite.jobs.callbacks import Callbacks
from langflow_lite.storage import jobs as table_module
from langflow_lite.storage import writer as writer_module
from langflow_lite.storage.jobs import JobTable

POINT, _, _COUNT = os.environ["LANGFLOW_TEST_FAULT"].partition(":")
_left = int(_COUNT)
_STATEMENTS = {
    table_module._INSERT: "insert",
    table_module._CLAIM: "claim",
    table_module._INSERT_EVENT: "event",
    table_module._FINISH: "finish",
    "UPDATE jobs SET callback_state = ? WHERE id = ?": "told",
}


def passing(point: str) -> None:
    """Die here if this is the point and the time."""
    global _left
    if point == POINT:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _around(owner: Any, method: str, name: Callable[[Any], str]) -> None:
    original = getattr(owner, method)

    async def wrapper(self: Any, *arguments: Any) -> Any:
        which = name(arguments[0])
        passing(f"before-{which}")
        value = await original(self, *arguments)
        passing(f"after-{which}")
        return value

    setattr(owner, method, wrapper)


def _finish_or_stop(job: Job) -> str:
    return "stop" if job.status is JobStatus.CANCELLED else "finish"


def _patch_events() -> None:
    original = JobTable.append_events

    def append_events(
        self: JobTable, job_id: str, first: int, frames: Sequence[bytes], after: Callable[[None], None]
    ) -> Any:
        passing("before-event")

        def and_then(value: None) -> None:
            passing("after-event")
            after(value)

        return original(self, job_id, first, frames, and_then)

    JobTable.append_events = append_events  # type: ignore[method-assign]


class _Connection(writer_module.BatchConnection):
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        cursor = super().execute(sql, parameters)
        if (which := _STATEMENTS.get(sql)) is not None:
            passing("in-stop" if which == "finish" and parameters[0] == JobStatus.CANCELLED else f"in-{which}")
        return cursor

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        cursor = super().executemany(sql, parameters)
        if (which := _STATEMENTS.get(sql)) is not None:
            passing(f"in-{which}")
        return cursor


if __name__ == "__main__":
    writer_module.BatchConnection = _Connection  # type: ignore[misc]
    _around(JobTable, "insert", lambda _: "insert")
    _around(JobTable, "claim", lambda _: "claim")
    _around(JobTable, "finish", _finish_or_stop)
    _around(JobTable, "set_callback_state", lambda _: "told")
    _around(Callbacks, "_post", lambda _: "callback")
    _patch_events()
    main()
