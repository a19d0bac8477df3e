"""Asynchronous processing as of release 0.5."""

from uuid import uuid4

import anyio
import pytest

from .jobs import ECHO, GATED, add_gate, finished, new_flow

pytestmark = pytest.mark.anyio

FAILING = {"Gate-g": {"how": "fail"}}


@pytest.fixture
async def echo(client):
    return await new_flow(client, ECHO, endpoint_name="echo")


@pytest.fixture
def gate(runtime):
    return add_gate(runtime)


@pytest.fixture
async def gated(client, gate):
    return await new_flow(client, GATED)


async def start(client, flow_id, text="hi", **body):
    answer = await client.post(
        f"/api/v1/process/{flow_id}", json={"inputs": {"text": text}, "tweaks": {}, "sync": False, **body}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", ["process", "predict"])
@pytest.mark.parametrize("sync", [{}, {"sync": True}], ids=["by default", "sync"])
async def test_it_is_waited_for(client, echo, name, sync):
    answer = await client.post(f"/api/v1/{name}/echo", json={"inputs": {"text": "sync hi"}, "tweaks": {}, **sync})
    assert answer.status_code == 200
    assert answer.json() == {"result": {"output": "sync hi"}, "task": None, "session_id": echo, "backend": "anyio"}


async def test_a_task_is_pending_until_it_has_succeeded(client, runtime, gate, gated):
    body = await start(client, gated, "async hi", session_id="s1")
    task = body["task"]
    assert body == {
        "result": None,
        "task": {"id": task["id"], "href": f"api/v1/task/{task['id']}"},
        "session_id": "s1",
        "backend": "anyio",
    }
    assert (await client.get("/" + task["href"])).json() == {"status": "PENDING", "result": None}
    with anyio.fail_after(30):
        await gate.reached.wait()
    assert (await client.get("/" + task["href"])).json() == {"status": "PENDING", "result": None}
    gate.opened.set()
    await finished(client, runtime, task["id"])
    for _ in range(2):
        answer = await client.get("/" + task["href"])
        assert (answer.status_code, answer.json()) == (200, {"status": "SUCCESS", "result": {"output": "async hi"}})


async def test_a_failing_task_is_a_failure_with_its_reason(client, runtime, gated):
    task = (await start(client, gated, "load", tweaks=FAILING))["task"]
    await finished(client, runtime, task["id"])
    body = (await client.get("/" + task["href"])).json()
    assert body["status"] == "FAILURE"
    assert "the gate broke under load" in body["result"]["error"]


async def test_a_run_that_is_waited_for_and_fails_is_500_with_its_reason(client, gated):
    answer = await client.post(f"/api/v1/process/{gated}", json={"inputs": {"text": "load"}, "tweaks": FAILING})
    assert answer.status_code == 500
    assert "the gate broke under load" in answer.json()["detail"]


async def test_a_stopped_task_is_a_failure(client, gate, gated):
    task = (await start(client, gated))["task"]
    with anyio.fail_after(30):
        await gate.reached.wait()
        await client.post("/api/v2/workflows/stop", json={"job_id": task["id"]})
    body = (await client.get("/" + task["href"])).json()
    assert body == {"status": "FAILURE", "result": {"error": "the task was cancelled"}}


@pytest.mark.parametrize(
    "inputs",
    ["as it is", {"text": "as it is"}, {"input_value": "as it is"}, {"other": "as it is"}, {"x": 1, "y": "as it is"}],
    ids=str,
)
async def test_the_text_is_found_wherever_the_inputs_have_it(client, echo, inputs):
    answer = await client.post(f"/api/v1/process/{echo}", json={"inputs": inputs, "clear_cache": True})
    assert answer.json()["result"] == {"output": "as it is"}


async def test_tweaks_and_sessions_apply(client, echo):
    asked = {"tweaks": {"ChatInput-a": {"input_value": "tweaked"}}, "session_id": "s2"}
    body = (await client.post(f"/api/v1/process/{echo}", json=asked)).json()
    assert (body["result"], body["session_id"]) == ({"output": "tweaked"}, "s2")
    stored = (await client.get("/api/v1/monitor/messages", params={"session_id": "s2"})).json()
    assert [message["text"] for message in stored] == ["tweaked", "tweaked"]


async def test_what_does_not_exist_is_404(client):
    unknown = str(uuid4())
    for sync in (True, False):
        answer = await client.post(f"/api/v1/process/{unknown}", json={"inputs": {"text": "x"}, "sync": sync})
        assert (answer.status_code, unknown in answer.json()["detail"]) == (404, True)
    answer = await client.get(f"/api/v1/task/{unknown}")
    assert (answer.status_code, unknown in answer.json()["detail"]) == (404, True)


async def test_a_body_that_is_wrong_is_422(client, echo):
    answer = await client.post(f"/api/v1/process/{echo}", json={"inputs": 7})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "inputs"])
