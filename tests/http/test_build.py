"""Building flows: the stream itself, jobs and their readers, polling and cancelling."""

import json
from uuid import uuid4

import anyio
import pytest

from langflow_lite.jobs.polls import Polls

from .jobs import ECHO, GATED, HALF, MODELLED, TEXT, TOKENS, add_gate, finished, gated_server, new_flow

pytestmark = pytest.mark.anyio

NDJSON = "application/x-ndjson"
SAYING = {"inputs": {"input_value": "hi"}}


def events_of(raw):
    """The events of an answer, read as published clients do: by line, blank ones skipped."""
    return [json.loads(line) for line in raw.decode().split("\n") if line.strip()]


def names(events):
    return [event["event"] for event in events]


def ended(events):
    return [event["data"]["build_data"]["id"] for event in events if event["event"] == "end_vertex"]


async def build(client, flow_id, delivery="streaming", **body):
    """Start a build job; returns its id."""
    answer = await client.post(f"/api/v1/build/{flow_id}/flow", params={"event_delivery": delivery}, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"job_id"}
    return answer.json()["job_id"]


async def poll(client, job_id, **params):
    answer = await client.get(f"/api/v1/build/{job_id}/events", params={"event_delivery": "polling", **params})
    assert (answer.status_code, answer.headers["content-type"]) == (200, NDJSON)
    return events_of(answer.content)


class TestStream:
    @pytest.mark.parametrize("params", [{}, {"event_delivery": "direct"}], ids=["seed", "direct"])
    async def test_the_events_come_in_their_order(self, client, params):
        flow_id = await new_flow(client, MODELLED)
        body = {"inputs": {"input_value": TEXT, "session": "session-b1"}}
        answer = await client.post(f"/api/v1/build/{flow_id}/flow", params=params, json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (200, NDJSON)
        assert answer.content.endswith(b"}\n\n")
        assert b"data:" not in answer.content
        events = events_of(answer.content)
        assert list(dict.fromkeys(names(events))) == [
            *("vertices_sorted", "build_start", "add_message", "end_vertex", "token", "end")
        ]
        assert (names(events).count("token"), names(events).count("end")) == (TOKENS, 1)
        assert [event["sequence_id"] for event in events] == list(range(1, len(events) + 1))
        assert events[0]["data"]["ids"] == ["ChatInput-a"]
        assert set(events[0]["data"]["to_run"]) == {"ChatInput-a", "LanguageModelComponent-m", "ChatOutput-z"}
        assert events[1]["data"] == {}
        assert ended(events) == ["ChatInput-a", "LanguageModelComponent-m", "ChatOutput-z"]
        assert events[-1]["data"].keys() == {"build_duration"}
        assert names(events).count("add_message") == 3
        messages = {e["data"]["id"]: e["data"] for e in events if e["event"] == "add_message"}
        assert [(m["sender"], m["text"], m["session_id"]) for m in messages.values()] == [
            ("User", TEXT, "session-b1"),
            ("Machine", TEXT, "session-b1"),
        ]

    @pytest.mark.parametrize("place", ["query", "body"])
    async def test_it_stops_at_a_component(self, client, place):
        flow_id = await new_flow(client, MODELLED)
        stop = {"stop_component_id": "LanguageModelComponent-m"}
        params, body = (stop, SAYING) if place == "query" else ({}, {**stop, **SAYING})
        answer = await client.post(f"/api/v1/build/{flow_id}/flow", params=params, json=body)
        events = events_of(answer.content)
        assert len(events[0]["data"]["to_run"]) == 2
        assert ended(events) == ["ChatInput-a", "LanguageModelComponent-m"]
        assert names(events)[-1] == "end"
        *_, answered = (e["data"] for e in events if e["event"] == "add_message")
        assert (answered["sender"], answered["text"]) == ("Machine", "hi")
        assert answered["properties"]["state"] == "complete"

    async def test_it_starts_at_a_component(self, client):
        flow_id = await new_flow(client, MODELLED)
        body = {"start_component_id": "ChatOutput-z", **SAYING}
        events = events_of((await client.post(f"/api/v1/build/{flow_id}/flow", json=body)).content)
        assert ended(events)[-1] == "ChatOutput-z"

    async def test_without_a_body_it_builds_what_is_stored(self, client):
        flow_id = await new_flow(client, ECHO)
        events = events_of((await client.post(f"/api/v1/build/{flow_id}/flow")).content)
        assert ended(events) == ["ChatInput-a", "ChatOutput-z"]

    async def test_an_unsaved_graph_is_built_in_place_of_the_stored_one(self, client, runtime):
        flow_id = await new_flow(client, ECHO)
        body = {"data": MODELLED["data"], "inputs": {"input_value": "x"}}
        events = events_of((await client.post(f"/api/v1/build/{flow_id}/flow", json=body)).content)
        job_id = await build(client, flow_id, **body)
        await finished(client, runtime, job_id)
        again = events_of((await client.get(f"/api/v1/build/{job_id}/events")).content)
        assert ended(events) == ended(again) == ["ChatInput-a", "LanguageModelComponent-m", "ChatOutput-z"]
        stored = (await client.get(f"/api/v1/flows/{flow_id}")).json()
        assert len(stored["data"]["nodes"]) == 2

    async def test_a_vertex_that_fails_ends_alone(self, client, runtime):
        add_gate(runtime)
        failing = json.loads(json.dumps(HALF))
        failing["data"]["nodes"][2]["data"]["node"]["template"]["how"]["value"] = "fail"
        body = {"inputs": {"input_value": "load"}}
        answer = await client.post(f"/api/v1/build/{await new_flow(client, failing)}/flow", json=body)
        events = events_of(answer.content)
        valid = {
            e["data"]["build_data"]["id"]: e["data"]["build_data"]["valid"]
            for e in events
            if e["event"] == "end_vertex"
        }
        assert valid == {"ChatInput-a": True, "ChatOutput-z": True, "Gate-g": False}
        assert names(events)[-1] == "end"
        assert "error" in names(events)[:-1]
        [job] = (await client.get("/api/v2/workflows/jobs")).json()["jobs"]
        assert job["status"] == "failed"

    async def test_it_ends_with_its_client(self, settings):
        async with gated_server(settings) as (client, _, gate):
            flow_id = await new_flow(client, GATED)
            with anyio.fail_after(30):
                async with client.stream("POST", f"/api/v1/build/{flow_id}/flow", json=SAYING) as answer:
                    chunks = answer.aiter_bytes()
                    await anext(chunks)
                    await gate.reached.wait()
                await gate.cancelled.wait()


class TestJobs:
    async def test_readers_at_any_time_get_the_same_bytes_from_any_place(self, settings):
        async with gated_server(settings) as (client, runtime, gate):
            job_id = await build(client, await new_flow(client, GATED), inputs={"input_value": TEXT})
            path = f"/api/v1/build/{job_id}/events"
            raws = []
            with anyio.fail_after(30):
                await gate.reached.wait()

                async def read(reading):
                    async with client.stream("GET", path) as answer:
                        reading.set()
                        raws.append(b"".join([chunk async for chunk in answer.aiter_bytes()]))

                async with anyio.create_task_group() as tasks:
                    for _ in range(2):
                        reading = anyio.Event()
                        tasks.start_soon(read, reading)
                        await reading.wait()
                    gate.opened.set()
            await finished(client, runtime, job_id)
            raws.append((await client.get(path)).content)
            assert len(set(raws)) == 1
            frames = raws[0].split(b"\n\n")[:-1]
            assert names(events_of(raws[0]))[-1] == "end"
            for after in (0, 1, len(frames) - 1, len(frames)):
                rest = b"".join(frame + b"\n\n" for frame in frames[after:])
                assert (await client.get(path, params={"after": after})).content == rest

    async def test_the_reader_of_a_job_may_go_without_ending_it(self, settings):
        async with gated_server(settings) as (client, runtime, gate):
            job_id = await build(client, await new_flow(client, GATED), "polling", **SAYING)
            with anyio.fail_after(30):
                async with client.stream("GET", f"/api/v1/build/{job_id}/events") as answer:
                    chunks = answer.aiter_bytes()
                    await anext(chunks)
                    await gate.reached.wait()
                gate.opened.set()
                assert (await finished(client, runtime, job_id))["status"] == "completed"

    async def test_events_that_were_let_go_are_410(self, client, runtime):
        job_id = await build(client, await new_flow(client, ECHO))
        await finished(client, runtime, job_id)

        def forget(connection):
            connection.execute("DELETE FROM job_events WHERE job_id = ? AND sequence_id <= 3", (job_id,))

        await runtime.database.writer.commit(forget)
        for params in ({}, {"event_delivery": "polling"}):
            answer = await client.get(f"/api/v1/build/{job_id}/events", params=params)
            assert answer.status_code == 410


class TestPolling:
    async def test_each_poll_gets_what_is_new_and_after_the_end_the_end_again(self, client, runtime):
        gate = add_gate(runtime)
        job_id = await build(client, await new_flow(client, GATED), "polling", inputs={"input_value": TEXT})
        found = []
        with anyio.fail_after(30):
            while "token" not in names(found):
                found += await poll(client, job_id)
            await gate.reached.wait()
            gate.opened.set()
            while names(found)[-1] != "end":
                found += await poll(client, job_id)
            for _ in range(3):
                assert await poll(client, job_id) == [found[-1]]
        assert [event["sequence_id"] for event in found] == list(range(1, len(found) + 1))

    async def test_a_place_that_is_named_leaves_the_shared_one_alone(self, client, runtime):
        job_id = await build(client, await new_flow(client, ECHO), "polling")
        await finished(client, runtime, job_id)
        whole = await poll(client, job_id, after=0)
        assert await poll(client, job_id, after=2) == whole[2:]
        assert await poll(client, job_id) == whole
        assert await poll(client, job_id, after=len(whole)) == whole[-1:]
        assert await poll(client, job_id, after=99) == whole[-1:]

    async def test_a_poll_with_nothing_new_waits_for_it(self, client, runtime):
        gate = add_gate(runtime)
        job_id = await build(client, await new_flow(client, GATED), "polling", **SAYING)
        with anyio.fail_after(30):
            await gate.reached.wait()
            found = []
            while "end_vertex" not in names(found) or ended(found)[-1] != "ChatOutput-z":
                found += await poll(client, job_id)
            polled = []

            async def wait_for_more():
                polled.extend(await poll(client, job_id))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wait_for_more)
                await anyio.wait_all_tasks_blocked()
                assert polled == []
                gate.opened.set()
            assert names(polled)[0] == "end_vertex"

    async def test_it_does_not_wait_for_ever(self, client, runtime):
        gate = add_gate(runtime)
        job_id = await build(client, await new_flow(client, GATED), "polling", **SAYING)
        polls = Polls(runtime.jobs, runtime.job_table, patience=0.01)
        with anyio.fail_after(30):
            await gate.reached.wait()
            while await polls.read(job_id):
                pass
        gate.opened.set()

    @pytest.mark.parametrize("after", [-1, "x"])
    async def test_a_place_that_is_none_is_422(self, client, after):
        job_id = await build(client, await new_flow(client, ECHO))
        for delivery in ("polling", "streaming"):
            answer = await client.get(
                f"/api/v1/build/{job_id}/events", params={"event_delivery": delivery, "after": after}
            )
            assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "after"])


class TestCancel:
    async def test_a_cancelled_build_says_so_to_every_reader(self, settings):
        async with gated_server(settings) as (client, _, gate):
            job_id = await build(client, await new_flow(client, GATED), "polling", **SAYING)
            with anyio.fail_after(30):
                async with client.stream("GET", f"/api/v1/build/{job_id}/events") as stream:
                    await gate.reached.wait()
                    for _ in range(2):
                        answer = await client.post(f"/api/v1/build/{job_id}/cancel")
                        assert answer.status_code == 200
                        assert answer.json() == {"success": True, "message": "Flow build cancelled successfully"}
                    await gate.cancelled.wait()
                    raw = b"".join([chunk async for chunk in stream.aiter_bytes()])
                assert names(events_of(raw))[-1] == "cancelled"
                assert await poll(client, job_id) == events_of(raw)
                assert names(await poll(client, job_id)) == ["cancelled"]

    async def test_what_does_not_exist_is_404(self, client):
        unknown = str(uuid4())
        answers = [
            await client.post(f"/api/v1/build/{unknown}/cancel"),
            await client.get(f"/api/v1/build/{unknown}/events"),
            await client.get(f"/api/v1/build/{unknown}/events", params={"event_delivery": "polling"}),
        ]
        assert {(a.status_code, a.json()["detail"]) for a in answers} == {(404, f"Job not found: {unknown}")}
        answer = await client.post(f"/api/v1/build/{unknown}/flow", json={})
        assert (answer.status_code, answer.json()["detail"]) == (404, f"Flow with id {unknown} not found")

    async def test_what_is_wrong_is_422(self, client):
        flow_id = await new_flow(client, ECHO)
        for path, body in (
            ("/api/v1/build/echo/flow", {}),
            (f"/api/v1/build/{flow_id}/flow?event_delivery=pigeon", {}),
            (f"/api/v1/build/{flow_id}/flow", {"inputs": []}),
        ):
            answer = await client.post(path, json=body)
            assert (answer.status_code, type(answer.json()["detail"])) == (422, list), path
