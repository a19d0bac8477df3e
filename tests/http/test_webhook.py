"""Starting flows from outside."""

import json

import pytest

from .conftest import calling, running
from .jobs import ECHO, HOOK, finished, new_flow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def hook(client):
    return await new_flow(client, HOOK, endpoint_name="hook")


async def effect(client, runtime, answer):
    """The job, once it has ended, and what it said in the flow's own session."""
    job = await finished(client, runtime, answer.json()["job_id"])
    said = (await client.get("/api/v1/monitor/messages", params={"flow_id": job["flow_id"]})).json()
    assert [message["session_id"] for message in said] == [job["flow_id"]] * len(said)
    return job["status"], [message["text"] for message in said]


@pytest.mark.parametrize("path", ["/api/v1/webhook/hook", "/api/v1/webhook/{}"], ids=["name", "id"])
async def test_the_documented_call_is_acknowledged_and_has_its_effect(client, runtime, hook, path):
    answer = await client.post(path.format(hook), json={"data": "example-data"})
    assert answer.status_code == 202
    body = answer.json()
    assert body == {
        "message": "Task started in the background",
        "status": "in progress",
        "job_id": body["job_id"],
    }
    shown = '```json\n{\n  "data": "example-data"\n}\n```'
    assert await effect(client, runtime, answer) == ("completed", [shown])


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (b"plain text", {"payload": "plain text"}),
        ("schön".encode("latin-1"), {"payload": "sch\ufffdn"}),
        (b"[1, 2]", {"payload": [1, 2]}),
        (b"{broken", {"payload": "{broken"}),
        (b"{}", {}),
    ],
    ids=["text", "not UTF-8", "list", "broken JSON", "empty object"],
)
async def test_any_body_starts_the_flow(client, runtime, hook, content, data):
    answer = await client.post("/api/v1/webhook/hook", content=content)
    assert answer.status_code == 202
    status, [text] = await effect(client, runtime, answer)
    shown = text.removeprefix("```json\n").removesuffix("\n```")
    assert (status, json.loads(shown or "{}")) == ("completed", data)


async def test_no_body_at_all_is_refused(client, hook):
    answer = await client.post("/api/v1/webhook/hook")
    assert (answer.status_code, answer.json()["detail"][:21]) == (400, "Request body is empty")


async def test_a_flow_without_a_webhook_runs_all_the_same(client, runtime):
    answer = await client.post(f"/api/v1/webhook/{await new_flow(client, ECHO)}", json={"a": 1})
    assert (await effect(client, runtime, answer))[0] == "completed"


async def test_an_unknown_flow_is_404(client):
    answer = await client.post("/api/v1/webhook/nowhere", json={})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Flow identifier nowhere not found")


async def test_it_needs_a_key_where_everything_does(make_settings):
    async with running(make_settings(auto_login=False)) as app, calling(app) as client:
        _, key = await app.state.runtime.api_keys.create("k")
        headers = {"x-api-key": key}
        stored = await client.post("/api/v1/flows/", json={**HOOK, "endpoint_name": "hook"}, headers=headers)
        assert stored.status_code == 201
        statuses = [
            (await client.post("/api/v1/webhook/hook", json={}, headers=tried)).status_code
            for tried in ({}, {"x-api-key": "sk-bad"}, headers)
        ]
    assert statuses == [403, 403, 202]


async def test_a_body_beyond_the_limit_is_413(make_settings):
    async with running(make_settings(max_body_size=1)) as app, calling(app) as client:
        await new_flow(client, HOOK, endpoint_name="hook")
        answer = await client.post("/api/v1/webhook/hook", content=b"x" * (2**20 + 1))
        assert answer.status_code == 413
