from __future__ import annotations

import json

import anyio
import pytest

from langflow_lite.errors import EventLimitExceeded
from langflow_lite.events import EventLog

pytestmark = pytest.mark.anyio


async def read(log: EventLog, after: int = 0) -> list[tuple[int, bytes]]:
    return [item async for frames in log.follow(after) for item in frames]


async def test_ids_count_from_one_and_stand_in_the_body() -> None:
    log = EventLog()
    log.append("token", {"chunk": "a"})
    log.close("end", {})
    frames = await read(log)
    assert [id_ for id_, _ in frames] == [1, 2]
    assert [json.loads(frame) for _, frame in frames] == [
        {"event": "token", "data": {"chunk": "a"}, "sequence_id": 1},
        {"event": "end", "data": {}, "sequence_id": 2},
    ]


async def test_only_the_first_terminal_event_counts() -> None:
    log = EventLog()
    log.close("end", {})
    log.close("error", {})
    log.append("token", {})
    assert len(await read(log)) == 1
    assert log.closed


async def test_every_cursor_continues_byte_for_byte() -> None:
    log = EventLog()
    for n in range(20):
        log.append("token", {"chunk": str(n)})
    log.close("end", {})
    whole = await read(log)
    for after in range(len(whole) + 1):
        assert await read(log, after) == whole[after:]


async def test_followers_that_join_at_any_time_read_the_same() -> None:
    log = EventLog()
    seen: list[list[tuple[int, bytes]]] = []
    waiting = 0

    async def follow() -> None:
        nonlocal waiting
        waiting += 1
        seen.append(await read(log))

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            for n in range(10):
                tasks.start_soon(follow)
                await anyio.lowlevel.checkpoint()
                log.append("token", {"chunk": str(n)})
                await anyio.lowlevel.checkpoint()
            log.close("end", {})
    assert waiting == 10
    assert all(frames == seen[0] for frames in seen)
    assert len(seen[0]) == 11


async def test_a_full_log_takes_its_terminal_event_only() -> None:
    log = EventLog(megabytes=1)
    log.append("token", {"chunk": "a"})
    with pytest.raises(EventLimitExceeded, match="more than 1 MB"):
        log.append("token", {"chunk": "x" * 2**20})
    log.close("error", {})
    assert [json.loads(frame)["event"] for _, frame in await read(log)] == ["token", "error"]
    assert [id_ for id_, _ in await read(log)] == [1, 2]
