"""Streamed runs that live as long as their request: what their clients are told when they cannot end by themselves."""

import json

import anyio
import pytest

from .jobs import ECHO, GATED, WORKFLOWS, gated_server, new_flow, sse

pytestmark = pytest.mark.anyio

REASON = "the server was shut down while the flow ran"
TOO_MUCH = "the run has sent more than 1 MB of events (LANGFLOW_MAX_EVENTS_SIZE)"


def frames(raw):
    return [json.loads(frame) for frame in raw.split(b"\n\n") if frame]


async def read_while_draining(client, runtime, gate, method, url, body):
    """What a stream says in all when the server is told to end in the middle of it."""
    async with client.stream(method, url, json=body) as answer:
        await gate.reached.wait()
        await runtime.drain()
        return b"".join([chunk async for chunk in answer.aiter_bytes()])


class TestShutdown:
    async def test_a_streamed_run_ends_with_an_error_event(self, make_settings):
        async with gated_server(make_settings(shutdown_grace=0.0)) as (client, runtime, gate):
            url = f"/api/v1/run/{await new_flow(client, GATED)}?stream=true"
            with anyio.fail_after(30):
                raw = await read_while_draining(client, runtime, gate, "POST", url, {"input_value": "hi"})
        told = frames(raw)
        assert "token" in [frame["event"] for frame in told]
        assert told[-1]["event"] == "error"
        assert told[-1]["data"] == {"error": f"503: {REASON}"}
        assert gate.cancelled.is_set()

    async def test_a_streamed_workflow_ends_with_an_error_event_and_is_kept_as_failed(self, make_settings):
        async with gated_server(make_settings(shutdown_grace=0.0)) as (client, runtime, gate):
            body = {"flow_id": await new_flow(client, GATED), "stream": True, "input_value": "hi"}
            with anyio.fail_after(30):
                raw = await read_while_draining(client, runtime, gate, "POST", WORKFLOWS, body)
            last = json.loads(sse(raw)[-1][1])
            assert (last["event"], last["data"]["code"]) == ("error", "server_shutdown")
            (job,) = (await client.get(f"{WORKFLOWS}/jobs")).json()["jobs"]
            assert (job["status"], job["errors"][0]["code"]) == ("failed", "server_shutdown")

    async def test_a_run_that_ends_within_the_grace_is_left_alone(self, make_settings):
        async with gated_server(make_settings(shutdown_grace=30.0)) as (client, runtime, gate):
            url = f"/api/v1/run/{await new_flow(client, GATED)}?stream=true"
            with anyio.fail_after(30):
                async with client.stream("POST", url, json={"input_value": "hi"}) as answer:
                    await gate.reached.wait()
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(runtime.drain)
                        await anyio.wait_all_tasks_blocked()
                        gate.opened.set()
                    raw = b"".join([chunk async for chunk in answer.aiter_bytes()])
        assert frames(raw)[-1]["event"] == "end"


class TestEventLimit:
    async def test_a_streamed_run_that_sends_too_much_fails(self, make_settings):
        async with gated_server(make_settings(max_events_size=1)) as (client, _, _):
            url = f"/api/v1/run/{await new_flow(client, ECHO)}?stream=true"
            told = frames((await client.post(url, json={"input_value": "x" * 2**20})).content)
        assert [frame["event"] for frame in told] == ["error"]
        assert told[0]["data"] == {"error": f"500: {TOO_MUCH}"}

    @pytest.mark.parametrize("background", [True, False])
    async def test_a_workflow_that_sends_too_much_fails(self, make_settings, background):
        async with gated_server(make_settings(max_events_size=1)) as (client, _, _):
            body = {"flow_id": await new_flow(client, ECHO), "stream": True, "background": background}
            told = sse((await client.post(WORKFLOWS, json={**body, "input_value": "x" * 2**20})).content)
        last = json.loads(told[-1][1])
        assert last["event"] == "error"
        assert last["data"] == {"error": TOO_MUCH, "code": "EVENT_LIMIT"}
