"""Flows that wait for a person: jobs are suspended and resumed, everything else is refused before it begins."""

import anyio
import pytest

from tests.flows import edge, flow, node

from .jobs import CHAT_INPUT, CHAT_OUTPUT, WORKFLOWS, finished, new_flow, sse, submit

pytestmark = pytest.mark.anyio

ASKING = flow(
    [
        CHAT_INPUT,
        node("HumanInput-h", "HumanInput", display_name="Review", decisions=["Approve", "Ask Again"]),
        CHAT_OUTPUT,
        node("TextOutput-t", "TextOutput"),
    ],
    [
        edge("ChatInput-a.message", "HumanInput-h.prompt"),
        edge("HumanInput-h.branch_approve", "ChatOutput-z.input_value"),
        edge("HumanInput-h.branch_ask_again", "TextOutput-t.input_value"),
    ],
)


@pytest.fixture
async def asking(client):
    return await new_flow(client, ASKING, endpoint_name="asking")


async def asked(client, flow_id, count=1):
    """What the jobs of the flow wait for, once so many do."""
    with anyio.fail_after(30):
        while len(pending := (await client.get(f"{WORKFLOWS}/pending", params={"flow_id": flow_id})).json()) < count:
            await anyio.lowlevel.checkpoint()
    return pending


async def decide(client, request, action, **body):
    return await client.post(
        f"{WORKFLOWS}/{request['job_id']}/resume",
        json={"request_id": request["request_id"], "decision": {"action_id": action}, **body},
    )


async def test_a_job_is_suspended_until_a_person_has_decided(client, runtime, asking):
    job_id = await submit(client, asking, "ship it?")
    [request] = await asked(client, "asking")
    shown = (await client.get(WORKFLOWS, params={"job_id": job_id})).json()
    assert (shown["status"], shown["object"]) == ("suspended", "job")
    assert shown["human_request"] == {
        "request_id": f"HumanInput-h:{job_id}",
        "kind": "node_input",
        "prompt": "ship it?",
        "options": [{"action_id": "approve", "label": "Approve"}, {"action_id": "ask_again", "label": "Ask Again"}],
        "allowed_decisions": ["approve", "ask_again"],
        "timeout_seconds": 259200,
        "fallback_action": None,
        "paused_at": shown["human_request"]["paused_at"],
    }
    assert request.items() >= {**shown["human_request"], "job_id": job_id, "session_id": asking}.items()
    [listed] = (await client.get(f"{WORKFLOWS}/jobs", params={"status": "suspended"})).json()["jobs"]
    assert listed["job_id"] == job_id
    answer = await decide(client, request, "approve")
    assert (answer.status_code, answer.json()) == (
        200,
        {"job_id": job_id, "status": "resuming", "message": "Resume accepted"},
    )
    job = await finished(client, runtime, job_id)
    assert (job["status"], job["output"]["text"], job["human_request"]) == ("completed", "ship it?", None)
    assert list(job["outputs"]) == ["ChatOutput-z"]
    assert await asked(client, asking, 0) == []


async def test_the_request_is_an_event_and_the_numbers_go_on_behind_it(client, runtime, asking):
    job_id = await submit(client, asking)
    [request] = await asked(client, asking)
    await decide(client, request, "ask_again")
    job = await finished(client, runtime, job_id)
    assert list(job["outputs"]) == ["TextOutput-t"]
    events = sse((await client.get(f"{WORKFLOWS}/{job_id}/events")).content)
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    assert sum('"human_input_required"' in data for _, data in events) == 1


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"decision": {"action_id": "burn"}}, 422, "must be one of approve, ask_again"),
        ({"decision": {}}, 422, "must be one of approve, ask_again"),
        ({"request_id": "HumanInput-h:other"}, 409, "waits for another request"),
    ],
)
async def test_a_decision_that_was_not_asked_for_changes_nothing(client, asking, changes, status, told):
    await submit(client, asking)
    [request] = await asked(client, asking)
    answer = await decide(client, request, "approve", **changes)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert await asked(client, asking) == [request]


async def test_a_request_is_answered_once(client, runtime, asking):
    job_id = await submit(client, asking)
    [request] = await asked(client, asking)
    answers = [await decide(client, request, action) for action in ("approve", "ask_again")]
    assert [answer.status_code for answer in answers] == [200, 409]
    await finished(client, runtime, job_id)
    assert (await decide(client, request, "approve")).status_code == 409
    assert (await decide(client, {**request, "job_id": "none"}, "approve")).status_code == 404


async def test_a_suspended_job_can_be_stopped(client, runtime, asking):
    job_id = await submit(client, asking)
    [request] = await asked(client, asking)
    stopped = await client.post(f"{WORKFLOWS}/stop", json={"job_id": job_id})
    assert stopped.json()["message"] == f"Job {job_id} cancelled successfully."
    assert (await finished(client, runtime, job_id))["status"] == "cancelled"
    assert (await decide(client, request, "approve")).status_code == 409


async def test_a_new_job_of_a_named_session_takes_the_place_of_one_that_waits(client, runtime, asking):
    first = await submit(client, asking, session_id="s")
    await asked(client, asking)
    second = await submit(client, asking, session_id="s")
    assert (await finished(client, runtime, first))["status"] == "cancelled"
    with anyio.fail_after(30):
        while [request["job_id"] for request in await asked(client, asking)] != [second]:
            await anyio.lowlevel.checkpoint()


async def test_jobs_without_a_session_of_their_own_wait_beside_each_other(client, asking):
    jobs = [await submit(client, asking), await submit(client, asking)]
    assert [request["job_id"] for request in await asked(client, asking, 2)] == jobs


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/run/asking", {"input_value": "hi"}),
        ("/api/v1/run/asking?stream=true", {"input_value": "hi"}),
        ("/api/v2/workflows", {"flow_id": "asking"}),
        ("/api/v2/workflows", {"flow_id": "asking", "stream": True}),
        ("/api/v1/process/asking", {"inputs": {"text": "hi"}, "sync": True}),
        ("/api/v1/build/asking/flow", {}),
    ],
)
async def test_what_cannot_wait_is_refused_before_anything_runs(client, runtime, asking, path, body):
    answer = await client.post(path.replace("build/asking", f"build/{asking}"), json=body)
    assert answer.status_code == 400, answer.text
    assert "waits for a person at Review (node HumanInput-h)" in answer.text
    assert (await client.get("/api/v1/monitor/messages")).json() == []


async def test_a_human_input_that_leads_nowhere_is_passed_over(client):
    alone = flow([CHAT_INPUT, *ASKING["data"]["nodes"][1:3]], [edge("ChatInput-a.message", "ChatOutput-z.input_value")])
    await new_flow(client, alone, endpoint_name="alone")
    answer = await client.post("/api/v1/run/alone", json={"input_value": "hi"})
    assert answer.json()["outputs"][0]["outputs"][0]["results"]["message"]["text"] == "hi"
