from __future__ import annotations

import errno

import anyio
import pytest

from langflow_lite import chores
from langflow_lite.chores import keep_doing

pytestmark = pytest.mark.anyio


async def test_a_chore_that_fails_is_begun_again_until_it_is_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chores, "_FIRST_PAUSE", 0)
    troubles = [OSError(errno.EMFILE, "Too many open files"), RuntimeError("can't start new thread"), KeyError("bug")]

    async def work() -> None:
        if troubles:
            raise troubles.pop(0)

    with anyio.fail_after(30):
        await keep_doing("sweeping", work)
    assert not troubles
    first, second, third = caplog.records
    assert "The sweeping has to wait" in first.message
    assert (first.exc_info, second.exc_info) == (None, None)
    assert third.exc_info is not None


async def test_a_chore_ends_when_it_is_cancelled() -> None:
    began = anyio.Event()

    async def work() -> None:
        began.set()
        await anyio.sleep_forever()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_doing, "sweeping", work)
            await began.wait()
            tasks.cancel_scope.cancel()
