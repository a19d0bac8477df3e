"""Following jobs: framing, cursors, dropped connections, and who ends with whom."""

import json
import random

import anyio
import pytest

from langflow_lite.errors import StorageFull
from langflow_lite.http import sse as sse_module

from .jobs import (
    ECHO,
    GATED,
    MODELLED,
    TEXT,
    TOKENS,
    WORKFLOWS,
    add_gate,
    finished,
    gated_server,
    new_flow,
    sse,
    submit,
)

pytestmark = pytest.mark.anyio


async def follow(client, job_id, after=None, **options):
    """The whole rest of a job's events, as bytes."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    answer = await client.get(f"{WORKFLOWS}/{job_id}/events", headers=headers, **options)
    assert answer.status_code == 200, answer.text
    return answer.content


async def until(stream, name):
    """Read an open stream as far as the first event of that name; what was read. The caller holds it, or it is closed."""
    raw = b""
    async for chunk in stream:
        raw += chunk
        if any(json.loads(data)["event"] == name for _, data in sse(raw)):
            return raw
    raise AssertionError(f"no {name} came")


def names(frames):
    return [json.loads(data)["event"] for _, data in frames]


def check_numbers(frames, first=1):
    assert [number for number, _ in frames] == list(range(first, first + len(frames)))
    assert [json.loads(data)["sequence_id"] for _, data in frames] == [number for number, _ in frames]


class TestFraming:
    @pytest.mark.parametrize("form", [{"stream": True}, {"mode": "stream"}], ids=["seed", "later"])
    async def test_a_stream_is_numbered_events_of_one_data_line(self, settings, form):
        async with gated_server(settings) as (client, _, _):
            flow_id = await new_flow(client, MODELLED)
            answer = await client.post(WORKFLOWS, json={"flow_id": flow_id, "input_value": TEXT, **form})
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-" in answer.headers["cache-control"]
        assert answer.headers["x-accel-buffering"] == "no"
        frames = sse(answer.content)
        check_numbers(frames)
        events = names(frames)
        assert list(dict.fromkeys(events)) == [
            *("vertices_sorted", "build_start", "add_message", "end_vertex", "token", "output", "end")
        ]
        assert events.count("token") == TOKENS
        assert (events.count("end"), events[-1]) == (1, "end")
        bodies = [json.loads(data) for _, data in frames]
        assert "".join(body["data"]["chunk"] for body in bodies if body["event"] == "token") == TEXT
        [output] = [body["data"] for body in bodies if body["event"] == "output"]
        assert (output["component_id"], output["content"], output["type"]) == ("ChatOutput-z", TEXT, "message")

    async def test_silence_is_filled_with_comments(self, settings, monkeypatch):
        monkeypatch.setattr(sse_module, "KEEPALIVE_SECONDS", 0.02)
        async with gated_server(settings) as (client, _, gate):
            flow_id = await new_flow(client, GATED)
            job_id = await submit(client, flow_id)
            raw = b""
            with anyio.fail_after(30):
                async with client.stream("GET", f"{WORKFLOWS}/{job_id}/events") as answer:
                    async for chunk in answer.aiter_bytes():
                        raw += chunk
                        if raw.count(b": keepalive\n\n") >= 2:
                            gate.opened.set()
        check_numbers(sse(raw))
        assert names(sse(raw))[-1] == "end"

    async def test_a_stopped_job_ends_its_streams_with_one_event(self, settings):
        async with gated_server(settings) as (client, _, gate):
            job_id = await submit(client, await new_flow(client, GATED))
            with anyio.fail_after(30):
                async with client.stream("GET", f"{WORKFLOWS}/{job_id}/events") as answer:
                    await gate.reached.wait()
                    await client.post(f"{WORKFLOWS}/stop", json={"job_id": job_id})
                    raw = b"".join([chunk async for chunk in answer.aiter_bytes()])
            assert names(sse(raw))[-1] == "cancelled"
            assert set(names(sse(raw))[:-1]) & {"end", "error", "cancelled"} == set()
            assert await follow(client, job_id) == raw

    async def test_a_failing_component_is_told_and_the_stream_still_ends(self, client, runtime):
        add_gate(runtime)
        asked = {"flow_id": await new_flow(client, GATED), "stream": True, "tweaks": {"Gate-g": {"how": "fail"}}}
        answer = await client.post(WORKFLOWS, json={**asked, "input_value": "x"})
        events = [json.loads(data) for _, data in sse(answer.content)]
        assert [event["event"] for event in events][-3:] == ["error", "end_vertex", "end"]
        assert events[-2]["data"]["build_data"]["valid"] is False

    @pytest.mark.parametrize("endpoint", ["workflow", "build"])
    async def test_a_job_that_cannot_be_kept_is_told_as_the_streams_end(self, client, runtime, monkeypatch, endpoint):
        async def full(job):
            raise StorageFull("the disk is full")

        flow_id = await new_flow(client, ECHO)
        monkeypatch.setattr(runtime.job_table, "record", full)
        if endpoint == "build":
            answer = await client.post(f"/api/v1/build/{flow_id}/flow", json={})
            last = json.loads(answer.content.split(b"\n\n")[-2])
        else:
            answer = await client.post(WORKFLOWS, json={"flow_id": flow_id, "stream": True, "input_value": "x"})
            last = json.loads(sse(answer.content)[-1][1])
            waited = await client.post(WORKFLOWS, json={"flow_id": flow_id, "input_value": "x"})
            assert (waited.status_code, waited.json()["detail"]) == (507, "the disk is full")
        assert (last["event"], last["data"]) == ("error", {"error": "the disk is full", "code": "STORAGE_FULL"})
        assert runtime.attached == {}

    async def test_a_flow_that_cannot_run_is_refused_before_the_stream_begins(self, client):
        answer = await client.post(WORKFLOWS, json={"flow_id": "nowhere", "stream": True})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


class TestCursors:
    async def test_every_cursor_of_a_finished_job_gets_the_same_bytes(self, client, runtime):
        job_id = await submit(client, await new_flow(client, MODELLED), TEXT)
        await finished(client, runtime, job_id)
        whole = await follow(client, job_id)
        frames = whole.split(b"\n\n")[:-1]
        count = len(frames)
        assert count > TOKENS
        for after in range(count + 1):
            rest = b"".join(frame + b"\n\n" for frame in frames[after:])
            assert await follow(client, job_id, after) == rest
            params = {"job_id": job_id, "stream": "true", "sequence_id": after}
            assert (await client.get(WORKFLOWS, params=params)).content == rest
            assert await follow(client, job_id, params={"sequence_id": after}) == rest
        assert await follow(client, job_id, count + 7) == b""

    async def test_every_cursor_of_a_running_job_gets_the_same_bytes(self, settings):
        async with gated_server(settings) as (client, _, gate):
            job_id = await submit(client, await new_flow(client, GATED), TEXT)
            found = {}
            with anyio.fail_after(30):
                await gate.reached.wait()

                async def attach(after, reading):
                    async with client.stream(
                        "GET", f"{WORKFLOWS}/{job_id}/events", headers={"Last-Event-ID": str(after)}
                    ) as answer:
                        reading.set()
                        found[after] = b"".join([chunk async for chunk in answer.aiter_bytes()])

                # All that the model said is on disk before the gate is opened.
                async with client.stream("GET", f"{WORKFLOWS}/{job_id}/events") as first:
                    chunks = first.aiter_bytes()
                    raw = await until(chunks, "token")
                there = max(number for number, _ in sse(raw))
                async with anyio.create_task_group() as tasks:
                    for after in range(there + 1):
                        reading = anyio.Event()
                        tasks.start_soon(attach, after, reading)
                        await reading.wait()
                    gate.opened.set()
            whole = await follow(client, job_id)
        frames = whole.split(b"\n\n")[:-1]
        assert there < len(frames)
        for after, raw in found.items():
            assert raw == b"".join(frame + b"\n\n" for frame in frames[after:]), after

    async def test_the_header_wins_over_the_query_and_nonsense_in_it_means_the_query(self, client, runtime):
        job_id = await submit(client, await new_flow(client, ECHO))
        await finished(client, runtime, job_id)
        for header, first in (("3", 4), ("", 2), ("x", 2), ("-1", 2), ("٣".encode(), 2)):
            for path, params in (
                (f"{WORKFLOWS}/{job_id}/events", {"sequence_id": 1}),
                (WORKFLOWS, {"job_id": job_id, "stream": "true", "sequence_id": 1}),
            ):
                answer = await client.get(path, params=params, headers={"Last-Event-ID": header})
                assert sse(answer.content)[0][0] == first

    @pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "", " 1", "1e3", "٣"])
    async def test_a_bad_sequence_id_is_400_even_beside_a_good_header(self, client, runtime, cursor):
        job_id = await submit(client, await new_flow(client, ECHO))
        for path, params in (
            (f"{WORKFLOWS}/{job_id}/events", {}),
            (WORKFLOWS, {"job_id": job_id, "stream": "true"}),
            (WORKFLOWS, {"job_id": job_id}),
        ):
            answer = await client.get(path, params={**params, "sequence_id": cursor}, headers={"Last-Event-ID": "1"})
            assert answer.status_code == 400, path
            assert "sequence_id" in answer.json()["detail"]

    async def test_a_cursor_beyond_all_numbers_finds_nothing(self, client, runtime):
        job_id = await submit(client, await new_flow(client, ECHO))
        await finished(client, runtime, job_id)
        assert await follow(client, job_id, "9" * 40) == b""

    async def test_events_that_were_let_go_are_410_before_the_stream_begins(self, client, runtime):
        job_id = await submit(client, await new_flow(client, ECHO))
        await finished(client, runtime, job_id)
        whole = sse(await follow(client, job_id))

        def forget(connection):
            connection.execute("DELETE FROM job_events WHERE job_id = ? AND sequence_id <= 3", (job_id,))

        await runtime.database.writer.commit(forget)
        for after, status in ((0, 410), (2, 410), (3, 200), (len(whole), 200)):
            answer = await client.get(f"{WORKFLOWS}/{job_id}/events", headers={"Last-Event-ID": str(after)})
            assert answer.status_code == status, after
        assert "after 0 are no longer kept" in (await client.get(f"{WORKFLOWS}/{job_id}/events")).json()["detail"]

    async def test_the_events_of_a_request_that_was_waited_for_are_410(self, client):
        flow_id = await new_flow(client, ECHO)
        body = (await client.post(WORKFLOWS, json={"flow_id": flow_id, "input_value": "x"})).json()
        answer = await client.get(f"{WORKFLOWS}/{body['job_id']}/events")
        assert (answer.status_code, "are not kept" in answer.json()["detail"]) == (410, True)

    async def test_a_restart_changes_no_byte(self, settings):
        async with gated_server(settings) as (client, runtime, _):
            job_id = await submit(client, await new_flow(client, MODELLED), TEXT)
            await finished(client, runtime, job_id)
            before = [await follow(client, job_id, after) for after in (0, 1, 17)]
        async with gated_server(settings) as (client, _, _):
            assert [await follow(client, job_id, after) for after in (0, 1, 17)] == before


async def test_a_connection_dropped_at_any_byte_is_taken_up_without_a_loss(settings):
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    drops = 0
    async with gated_server(settings) as (client, _, _):
        flow_id = await new_flow(client, MODELLED)
        with anyio.fail_after(60):
            while drops < 200:
                received, job_path = b"", ""
                request = client.stream(
                    "POST",
                    WORKFLOWS,
                    json={"flow_id": flow_id, "background": True, "stream": True, "input_value": TEXT},
                )
                while not received.endswith(b"\n\n") or names(sse(received))[-1] != "end":
                    part, enough = b"", dice.randrange(1, 4000)
                    async with request as answer:
                        job_path = job_path or answer.headers["content-location"]
                        async for chunk in answer.aiter_bytes(dice.randrange(1, 500)):
                            part += chunk
                            if len(part) >= enough:
                                drops += 1
                                break
                    # A client keeps whole events only; the last may have been cut off anywhere.
                    part = part[:enough]
                    received += part[: part.rfind(b"\n\n") + 2] if b"\n\n" in part else b""
                    last = sse(received)[-1][0] if received else 0
                    request = client.stream("GET", job_path, headers={"Last-Event-ID": str(last)})
                assert received == (await client.get(job_path)).content, f"seed {seed}"
                check_numbers(sse(received))


class TestWhoEndsWithWhom:
    async def test_a_streaming_request_ends_with_its_client_and_is_kept_as_cancelled(self, settings):
        async with gated_server(settings) as (client, _, gate):
            flow_id = await new_flow(client, GATED)
            with anyio.fail_after(30):
                async with client.stream(
                    "POST", WORKFLOWS, json={"flow_id": flow_id, "stream": True, "input_value": "x"}
                ) as answer:
                    chunks = answer.aiter_bytes()
                    raw = await until(chunks, "token")
                    await gate.reached.wait()
                    [job_id] = {
                        b["data"]["run_id"] for _, d in sse(raw) if (b := json.loads(d))["event"] == "add_message"
                    }
                    running = (await client.get(WORKFLOWS, params={"job_id": job_id})).json()
                    assert (running["status"], "links" in running) == ("in_progress", False)
                    assert (await client.get(f"{WORKFLOWS}/{job_id}/events")).status_code == 410
                    assert (await client.post(f"{WORKFLOWS}/stop", json={"job_id": job_id})).status_code == 409
                await gate.cancelled.wait()
                jobs = []
                while not jobs:
                    jobs = (await client.get(f"{WORKFLOWS}/jobs")).json()["jobs"]
        assert [(job["job_id"], job["status"]) for job in jobs] == [(job_id, "cancelled")]

    async def test_a_background_job_does_not_end_with_the_clients_that_follow_it(self, settings):
        async with gated_server(settings) as (client, runtime, gate):
            flow_id = await new_flow(client, GATED)
            asked = {"flow_id": flow_id, "background": True, "stream": True, "input_value": "x"}
            with anyio.fail_after(30):
                async with client.stream("POST", WORKFLOWS, json=asked) as answer:
                    events = answer.headers["content-location"]
                    chunks = answer.aiter_bytes()
                    await until(chunks, "token")
                    await gate.reached.wait()
                async with client.stream("GET", events) as answer:
                    chunks = answer.aiter_bytes()
                    await until(chunks, "token")
                job_id = events.split("/")[-2]
                body = (await client.get(WORKFLOWS, params={"job_id": job_id})).json()
                assert body["status"] == "in_progress"
                gate.opened.set()
                assert (await finished(client, runtime, job_id))["status"] == "completed"
                assert names(sse(await follow(client, job_id)))[-1] == "end"

    async def test_a_followed_job_lets_its_followers_go_when_the_server_ends(self, make_settings):
        async with gated_server(make_settings(shutdown_grace=0.0)) as (client, runtime, gate):
            job_id = await submit(client, await new_flow(client, GATED))
            with anyio.fail_after(30):
                async with client.stream("GET", f"{WORKFLOWS}/{job_id}/events") as answer:
                    await gate.reached.wait()
                    await runtime.drain()
                    raw = b"".join([chunk async for chunk in answer.aiter_bytes()])
        last = json.loads(sse(raw)[-1][1])
        assert (last["event"], last["data"]["code"]) == ("error", "server_shutdown")
