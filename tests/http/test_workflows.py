"""The Workflow API over its life: answers of both generations, refusals, stored jobs, stop, list and keys."""

import errno
import re
from datetime import datetime
from uuid import uuid4

import anyio
import pytest

from langflow_lite import runtime as runtime_module
from langflow_lite.errors import StorageBusy
from langflow_lite.ids import new_id
from langflow_lite.job import Job, JobKind, JobStatus, RunRequest

from .conftest import calling, running
from .jobs import ECHO, GATED, HALF, MODELLED, TWO_ENDS, WORKFLOWS, add_gate, finished, new_flow, submit

pytestmark = pytest.mark.anyio

RESPONSE = {
    *(
        "flow_id",
        "flow_version",
        "session_id",
        "job_id",
        "kind",
        "object",
        "created_at",
        "created_timestamp",
        "started_timestamp",
    ),
    *("finished_timestamp", "status", "output", "errors", "warnings", "inputs", "input", "globals", "outputs"),
    *("metadata", "human_request", "has_errors"),
}
LINKS = {
    "status": "/api/v2/workflows?job_id={}",
    "events": "/api/v2/workflows/{}/events",
    "stop": "/api/v2/workflows/stop",
}


@pytest.fixture
def gate(runtime):
    return add_gate(runtime)


@pytest.fixture
async def echo(client):
    return await new_flow(client, ECHO, endpoint_name="echo")


@pytest.fixture
async def gated(client, gate):
    return await new_flow(client, GATED)


async def refusal(client, status, **body):
    answer = await client.post(WORKFLOWS, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


class TestAnswers:
    async def test_the_documented_request_and_its_answer(self, client, echo):
        inputs = {
            "ChatInput-a.input_type": "chat",
            "ChatInput-a.input_value": "what is 2+2",
            "ChatInput-a.session_id": "session-123",
        }
        answer = await client.post(WORKFLOWS, json={"flow_id": echo, "background": False, "inputs": inputs})
        body = answer.json()
        assert answer.status_code == 200
        assert body.keys() == RESPONSE
        assert isinstance(body["created_at"], int)
        assert body["created_at"] == int(datetime.fromisoformat(body["created_timestamp"]).timestamp())
        assert {key: body[key] for key in ("flow_id", "object", "status", "errors", "inputs", "metadata")} == {
            "flow_id": echo,
            "object": "response",
            "status": "completed",
            "errors": [],
            "inputs": inputs,
            "metadata": {},
        }
        assert body["session_id"] == "session-123"
        assert body["outputs"] == {
            "ChatOutput-z": {
                "type": "message",
                "component_id": "ChatOutput-z",
                "status": "completed",
                "display_name": "Chat Output",
                "content": "what is 2+2",
                "metadata": {"component_type": "ChatOutput"},
            }
        }
        assert body["input"] == [{"type": "text", "data": "what is 2+2", "role": "User"}]

    async def test_the_later_request_and_its_answer(self, client, echo):
        asked = {"flow_id": echo, "input_value": "hi", "session_id": "s5", "mode": "sync"}
        body = (await client.post(WORKFLOWS, json=asked)).json()
        assert body.keys() == RESPONSE
        assert (body["session_id"], body["status"], body["inputs"], body["globals"]) == ("s5", "completed", {}, {})
        assert body["output"] == {"reason": "single", "text": "hi", "source": "ChatOutput-z"}
        assert (body["warnings"], body["human_request"], body["has_errors"]) == ([], None, False)

    async def test_a_flow_goes_by_its_endpoint_name_too_and_its_id_is_the_session(self, client, echo):
        body = (await client.post(WORKFLOWS, json={"flow_id": "echo", "input_value": "x"})).json()
        assert (body["flow_id"], body["session_id"], body["output"]["text"]) == (echo, echo, "x")

    @pytest.mark.parametrize("background", [{"background": True}, {"mode": "background"}], ids=["seed", "later"])
    async def test_a_background_job_is_acknowledged_and_then_read(self, client, runtime, echo, background):
        answer = await client.post(WORKFLOWS, json={"flow_id": "echo", "input_value": "bg", **background})
        queued = answer.json()
        assert answer.status_code == 200
        assert queued.keys() == {
            *("job_id", "flow_id", "session_id", "object", "created_timestamp", "created_at", "status", "links"),
            *("errors", "globals"),
        }
        job_id = queued["job_id"]
        assert (queued["status"], queued["errors"], queued["object"], queued["flow_id"]) == ("queued", [], "job", echo)
        assert queued["links"] == {name: link.format(job_id) for name, link in LINKS.items()}
        body = await finished(client, runtime, job_id)
        assert body.keys() == RESPONSE | {"links"}
        assert (body["job_id"], body["object"], body["status"]) == (job_id, "response", "completed")
        assert body["created_timestamp"] == queued["created_timestamp"]
        assert body["outputs"]["ChatOutput-z"]["content"] == "bg"
        assert body["input"] == [{"type": "text", "data": "bg", "role": "User"}]

    async def test_a_job_that_runs_or_waits_says_so(self, make_settings):
        async with running(make_settings(max_concurrent_jobs=1)) as app, calling(app) as client:
            gate = add_gate(app.state.runtime)
            flow_id = await new_flow(client, GATED)
            first, second = await submit(client, flow_id), await submit(client, flow_id)
            with anyio.fail_after(30):
                await gate.reached.wait()
            states = {}
            for job_id in (first, second):
                body = (await client.get(WORKFLOWS, params={"job_id": job_id})).json()
                states[job_id] = body["status"], body["object"], body["outputs"], body["output"]["reason"]
                assert body["links"]["stop"] == LINKS["stop"]
            assert states == {first: ("in_progress", "job", {}, "none"), second: ("queued", "job", {}, "none")}
            gate.opened.set()
            assert (await finished(client, app.state.runtime, second))["status"] == "completed"

    async def test_a_job_that_was_accepted_waits_for_what_is_short(self, runtime, echo, monkeypatch):
        monkeypatch.setattr(runtime_module, "_AGAIN_SECONDS", 0)
        prepare = runtime.prepare
        troubles = [OSError(errno.EMFILE, "Too many open files"), StorageBusy("locked")]

        async def short(*args, **options):
            if troubles:
                raise troubles.pop()
            return await prepare(*args, **options)

        monkeypatch.setattr(runtime, "prepare", short)
        job = Job(
            id=new_id(), kind=JobKind.WORKFLOW, flow_id=echo, session_id="s", request=RunRequest(input_value="hi")
        )
        with anyio.fail_after(30):
            await runtime.jobs.submit(job)
            assert (await runtime.jobs.wait(job.id)).status is JobStatus.COMPLETED
        assert not troubles

    async def test_a_component_that_fails_is_a_failed_answer_with_what_the_other_branches_made(
        self, client, runtime, gate
    ):
        flow_id = await new_flow(client, HALF)
        asked = {"flow_id": flow_id, "input_value": "load", "tweaks": {"Gate-g": {"how": "fail"}}}
        answers = [(await client.post(WORKFLOWS, json=asked)).json()]
        answers.append(await finished(client, runtime, await submit(client, flow_id, "load", tweaks=asked["tweaks"])))
        for body in answers:
            assert (body["status"], body["has_errors"], body["output"]["reason"]) == ("failed", True, "failed")
            [error] = body["errors"]
            assert "the gate broke under load" in error["error"]
            assert error["code"] == "EXECUTION_ERROR"
            assert error["details"]["component_id"] == "Gate-g"
            assert list(body["outputs"]) == ["ChatOutput-z"]

    async def test_outputs_can_be_chosen(self, client):
        flow_id = await new_flow(client, TWO_ENDS)
        asked = {"flow_id": flow_id, "input_value": "x"}
        whole = (await client.post(WORKFLOWS, json=asked)).json()
        assert set(whole["outputs"]) == {"ChatOutput-z", "ChatOutput-y"}
        assert whole["output"] == {"reason": "multiple", "text": None, "source": None}
        chosen = (await client.post(WORKFLOWS, json={**asked, "output_ids": ["ChatOutput-y"]})).json()
        assert set(chosen["outputs"]) == {"ChatOutput-y"}
        [problem] = await refusal(client, 422, **asked, output_ids=["ChatOutput-y", "ChatInput-a"])
        assert problem["loc"] == ["body", "output_ids"]
        assert "no outputs ChatInput-a; there are ChatOutput-z, ChatOutput-y" in problem["msg"]

    async def test_an_unsaved_graph_runs_in_place_of_the_stored_one(self, client, runtime, echo):
        body = (
            await client.post(WORKFLOWS, json={"flow_id": echo, "input_value": "x", "data": TWO_ENDS["data"]})
        ).json()
        assert set(body["outputs"]) == {"ChatOutput-z", "ChatOutput-y"}
        job_id = await submit(client, echo, data=TWO_ENDS["data"])
        assert set((await finished(client, runtime, job_id))["outputs"]) == {"ChatOutput-z", "ChatOutput-y"}

    async def test_a_version_can_be_pinned(self, client, runtime, echo):
        before = runtime.flows.get_by_id(echo).version
        await client.patch(f"/api/v1/flows/{echo}", json={"data": TWO_ENDS["data"]})
        pinned = {"flow_id": echo, "flow_version": before, "input_value": "x"}
        assert set((await client.post(WORKFLOWS, json=pinned)).json()["outputs"]) == {"ChatOutput-z"}
        assert set((await client.post(WORKFLOWS, json={**pinned, "flow_version": None})).json()["outputs"]) == {
            "ChatOutput-z",
            "ChatOutput-y",
        }
        assert before[:8] not in str(await refusal(client, 404, **{**pinned, "flow_version": "nope"}))

    async def test_a_part_of_the_graph_can_be_run(self, client, gate):
        flow_id = await new_flow(client, HALF)
        body = (await client.post(WORKFLOWS, json={"flow_id": flow_id, "stop_component_id": "ChatOutput-z"})).json()
        assert (body["status"], list(body["outputs"])) == ("completed", ["ChatOutput-z"])

    async def test_files_go_to_the_chat_input(self, client, echo):
        files = [f"{echo}/a.txt"]
        await client.post(WORKFLOWS, json={"flow_id": echo, "input_value": "x", "session_id": "s", "files": files})
        stored = (await client.get("/api/v1/monitor/messages", params={"session_id": "s"})).json()
        assert [message["files"] for message in stored if message["sender"] == "User"] == [f'["{files[0]}"]']

    async def test_tweaks_and_inputs_come_together(self, client, echo):
        asked = {
            "flow_id": echo,
            "tweaks": {"ChatOutput-z": {"sender_name": "Eve"}},
            "inputs": {"ChatInput-a.input_value": "both", "ChatOutput-z.session_id": "s7", "Nowhere-n.x": 1},
        }
        body = (await client.post(WORKFLOWS, json=asked)).json()
        assert body["output"]["text"] == "both"
        assert body["inputs"] == asked["inputs"]
        assert body["warnings"] == ["tweak 'Nowhere-n' met no component of that id or display name"]
        stored = (await client.get("/api/v1/monitor/messages", params={"session_id": "s7"})).json()
        assert [message["sender_name"] for message in stored] == ["Eve"]

    async def test_global_variables_of_headers_and_body_are_echoed_and_lie_encrypted(self, make_settings):
        settings = make_settings()
        async with running(settings) as app, calling(app) as client:
            echo = await new_flow(client, ECHO)
            job_id = await submit(client, echo, globals={"IN_BODY": "canary-body"}, inputs={"A.key": "canary-tweak"})
            headers = {"X-Langflow-Global-Var-In_Header": "canary-header"}
            asked = {"flow_id": echo, "input_value": "x", "globals": {"IN_BODY": "canary-body"}}
            body = (await client.post(WORKFLOWS, json=asked, headers=headers)).json()
            assert body["globals"] == {"IN_HEADER": "canary-header", "IN_BODY": "canary-body"}
            assert (await finished(client, app.state.runtime, job_id))["globals"] == {"IN_BODY": "********"}
        for path in settings.data_dir.rglob("*"):
            if path.is_file():
                assert b"canary-" not in path.read_bytes(), path


class TestRefusals:
    @pytest.mark.parametrize(
        ("contradiction", "field"),
        [
            ({"mode": "sync", "background": True}, "mode"),
            ({"mode": "sync", "stream": True}, "mode"),
            ({"mode": "background", "background": False}, "mode"),
            ({"mode": "stream", "stream": False}, "mode"),
            ({"background": True, "output_ids": ["ChatOutput-z"]}, "output_ids"),
            ({"mode": "stream", "output_ids": ["ChatOutput-z"]}, "output_ids"),
            ({"callback_url": "http://192.0.2.1/"}, "callback_url"),
            ({"background": True, "callback_url": "ftp://192.0.2.1/"}, "callback_url"),
            ({"rerun_on_restart": True}, "rerun_on_restart"),
            ({"data": ECHO["data"], "flow_version": "v"}, "data"),
            ({"session_id": "a", "inputs": {"ChatInput-a.session_id": "b"}}, "session_id"),
            ({"input_value": "a", "inputs": {"ChatInput-a.input_value": "b"}}, "input_value"),
            ({"tweaks": {"ChatOutput-z": {"sender": "a"}}, "inputs": {"ChatOutput-z.sender": "b"}}, "inputs"),
            ({"tweaks": {"sender": "a"}, "inputs": {"sender": "b"}}, "inputs"),
            ({"background": True, "idempotency_key": "k" * 256}, "idempotency_key"),
        ],
        ids=lambda value: value if isinstance(value, str) else "+".join(value),
    )
    async def test_contradictions_are_422_at_their_field_and_nothing_is_started(
        self, client, echo, contradiction, field
    ):
        detail = await refusal(client, 422, flow_id=echo, **contradiction)
        assert [problem["loc"] for problem in detail] == [["body", field]]
        assert (await client.get(f"{WORKFLOWS}/jobs")).json() == {"jobs": [], "next": None}

    @pytest.mark.parametrize(
        ("body", "loc"),
        [
            ({}, ["body", "flow_id"]),
            ({"flow_id": "echo", "mode": "never"}, ["body", "mode"]),
            ({"flow_id": "echo", "inputs": []}, ["body", "inputs"]),
            ({"flow_id": "echo", "globals": {"a": []}}, ["body", "globals"]),
            ({"flow_id": "echo", "globals": {"n" * 300: "x"}}, ["body", "globals", "n" * 256]),
            ({"flow_id": "echo", "globals": {"n": "x" * 70_000}}, ["body", "globals", "n"]),
        ],
        ids=["no flow", "mode", "inputs", "globals", "long name", "long value"],
    )
    async def test_wrong_fields_are_422_with_their_place(self, client, echo, body, loc):
        [problem] = await refusal(client, 422, **body)
        assert problem["loc"] == loc

    async def test_an_unknown_flow_is_404_in_words(self, client):
        unknown = str(uuid4())
        detail = await refusal(client, 404, flow_id=unknown)
        assert detail == f"Flow '{unknown}' does not exist. Verify the flow_id and try again."

    async def test_state_without_a_job_id_is_400_and_of_an_unknown_job_404(self, client):
        answer = await client.get(WORKFLOWS)
        assert (answer.status_code, type(answer.json()["detail"])) == (400, str)
        unknown = str(uuid4())
        for answer in (
            await client.get(WORKFLOWS, params={"job_id": unknown}),
            await client.get(f"{WORKFLOWS}/{unknown}/events"),
            await client.post(f"{WORKFLOWS}/stop", json={"job_id": unknown}),
        ):
            assert (answer.status_code, answer.json()["detail"]) == (404, f"Workflow job {unknown} not found")

    async def test_a_wrong_key_is_401(self, client, echo):
        answer = await client.post(WORKFLOWS, json={"flow_id": echo}, headers={"x-api-key": "sk-bad"})
        assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid API key")

    async def test_a_tweak_of_code_is_refused_in_both_forms_in_words(self, client, echo):
        for form in ({"tweaks": {"ChatInput-a": {"code": "x"}}}, {"inputs": {"ChatInput-a.code": "x"}}):
            detail = await refusal(client, 422, flow_id=echo, **form)
            assert detail == "These fields are protected and cannot be tweaked: code"

    async def test_what_cannot_be_run_is_refused_in_words(self, client, echo):
        unknown = {"nodes": [{"id": "a-1", "data": {"type": "Nope"}}], "edges": []}
        assert "Nope (type Nope, node a-1)" in await refusal(client, 422, flow_id=echo, data=unknown)
        assert "no list of nodes" in await refusal(client, 422, flow_id=echo, data={})

    async def test_global_variables_go_back_to_their_sender_only(self, client, echo):
        sent = {"flow_id": echo, "input_value": "x", "globals": {"A_KEY": "canary"}}
        answer = (await client.post(WORKFLOWS, json=sent)).json()
        assert answer["globals"] == {"A_KEY": "canary"}
        read = (await client.get(WORKFLOWS, params={"job_id": answer["job_id"]})).json()
        assert read == {**answer, "globals": {"A_KEY": "********"}}

    async def test_without_the_developer_api_everything_is_404_whatever_is_sent(self, make_settings):
        async with running(make_settings(developer_api_enabled=False)) as app, calling(app) as client:
            for answer in (
                await client.post(WORKFLOWS, json={"flow_id": "echo"}),
                await client.post(WORKFLOWS, content=b"{no json"),
                await client.post(f"{WORKFLOWS}/stop", json={}),
                await client.get(WORKFLOWS),
                await client.get(f"{WORKFLOWS}?stream=maybe"),
                await client.get(f"{WORKFLOWS}/jobs?limit=x"),
                await client.get(f"{WORKFLOWS}/{uuid4()}/events"),
            ):
                assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
            assert (await client.get("/api/v1/version")).status_code == 200


class TestStoredAnswers:
    async def test_they_are_the_same_bytes_at_every_read_and_after_a_restart(self, make_settings):
        settings = make_settings()
        answers = {}
        async with running(settings) as app, calling(app) as client:
            gate = add_gate(app.state.runtime)
            flow_id = await new_flow(client, HALF)
            asked = {"inputs": {"ChatInput-a.input_value": "wörd ☃ 1e400"}}
            sync = await client.post(
                WORKFLOWS, json={"flow_id": flow_id, **asked, "tweaks": {"Gate-g": {"how": "open"}, "unmet": 1}}
            )
            answers[sync.json()["job_id"]] = sync.content
            asked["globals"] = {"A": "b"}
            for how in ("open", "fail", ""):
                asked["tweaks"] = {"Gate-g": {"how": how}}
                body = await client.post(WORKFLOWS, json={"flow_id": flow_id, "background": True, **asked})
                job_id = body.json()["job_id"]
                if not how:
                    with anyio.fail_after(30):
                        await gate.reached.wait()
                    await client.post(f"{WORKFLOWS}/stop", json={"job_id": job_id})
                await app.state.runtime.jobs.wait(job_id)
                answers[job_id] = (await client.get(WORKFLOWS, params={"job_id": job_id})).content
            states = {re.search(rb'"status":"(\w+)"', answer)[1] for answer in answers.values()}
            assert states == {b"completed", b"failed", b"cancelled"}
            await client.delete(f"/api/v1/flows/{flow_id}")
            for job_id, answer in answers.items():
                assert (await client.get(WORKFLOWS, params={"job_id": job_id})).content == answer
        async with running(settings) as app, calling(app) as client:
            for job_id, answer in answers.items():
                again = await client.get(WORKFLOWS, params={"job_id": job_id})
                assert (again.status_code, again.content) == (200, answer)


class TestStop:
    async def test_what_it_says_of_a_running_a_stopped_and_a_finished_job(self, client, runtime, gate, gated, echo):
        job_id = await submit(client, gated)
        with anyio.fail_after(30):
            await gate.reached.wait()
            said = []
            for _ in range(2):
                answer = await client.post(f"{WORKFLOWS}/stop", json={"job_id": job_id})
                assert answer.status_code == 200
                said.append(answer.json())
            await gate.cancelled.wait()
        assert said == [
            {"job_id": job_id, "message": f"Job {job_id} cancelled successfully."},
            {"job_id": job_id, "message": f"Job {job_id} is already cancelled."},
        ]
        body = (await client.get(WORKFLOWS, params={"job_id": job_id})).json()
        assert (body["status"], body["output"]["reason"], body["finished_timestamp"] is None) == (
            "cancelled",
            "failed",
            False,
        )
        done = await submit(client, echo)
        await finished(client, runtime, done)
        answer = await client.post(f"{WORKFLOWS}/stop", json={"job_id": done})
        assert answer.json()["message"] == f"Job {done} already finished (completed)."

    async def test_without_a_job_id_it_is_422(self, client):
        answer = await client.post(f"{WORKFLOWS}/stop", json={})
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "job_id"])


class TestIdempotency:
    @pytest.mark.parametrize("form", ["header", "field"])
    async def test_the_same_key_and_body_is_the_same_job_and_another_body_is_refused(self, client, runtime, echo, form):
        async def send(text, **more):
            body, headers = {"flow_id": echo, "background": True, "input_value": text, **more}, {}
            if form == "header":
                headers["Idempotency-Key"] = "k1"
            else:
                body["idempotency_key"] = "k1"
            return await client.post(WORKFLOWS, json=body, headers=headers)

        first = (await send("a")).json()
        await finished(client, runtime, first["job_id"])
        again = (await send("a")).json()
        assert (again["job_id"], again["status"]) == (first["job_id"], "completed")
        for other in (await send("b"), await send("a", globals={"A": "b"})):
            assert other.status_code == 422
            [problem] = other.json()["detail"]
            assert (problem["type"], problem["loc"]) == ("idempotency_key_reused", ["body", "idempotency_key"])
        assert len((await client.get(f"{WORKFLOWS}/jobs")).json()["jobs"]) == 1

    async def test_header_and_field_are_one_key_and_other_header_variables_are_another_request(self, client, echo):
        asked = {"flow_id": echo, "background": True, "input_value": "a"}
        first = await client.post(WORKFLOWS, json={**asked, "idempotency_key": "k"})
        header = {"Idempotency-Key": "k"}
        second = await client.post(WORKFLOWS, json=asked, headers=header)
        assert first.json()["job_id"] == second.json()["job_id"]
        header["X-Langflow-Global-Var-A"] = "b"
        assert (await client.post(WORKFLOWS, json=asked, headers=header)).status_code == 422

    async def test_the_order_of_the_fields_makes_no_other_request(self, client, echo):
        texts = [
            f'{{"flow_id": "{echo}", "background": true, "tweaks": {{"a": 1, "b": 2}}, "idempotency_key": "k"}}',
            f'{{"idempotency_key": "k", "tweaks": {{"b": 2, "a": 1}}, "background": true, "flow_id": "{echo}"}}',
        ]
        ids = {(await client.post(WORKFLOWS, content=text)).json()["job_id"] for text in texts}
        assert len(ids) == 1

    async def test_a_key_belongs_to_its_flow_and_an_empty_one_to_nobody(self, client, echo):
        other = await new_flow(client, ECHO)
        ids = {await submit(client, flow_id, idempotency_key="k") for flow_id in (echo, other)}
        ids |= {await submit(client, echo, idempotency_key="") for _ in range(2)}
        assert len(ids) == 4

    async def test_a_job_that_did_not_succeed_frees_its_key(self, client, runtime, gate, gated):
        asked = {"tweaks": {"Gate-g": {"how": "fail"}}, "idempotency_key": "k"}
        failed = await submit(client, gated, **asked)
        assert (await finished(client, runtime, failed))["status"] == "failed"
        again = await submit(client, gated, **asked)
        assert again != failed
        await finished(client, runtime, again)
        waiting = await submit(client, gated, "other", idempotency_key="k")
        await client.post(f"{WORKFLOWS}/stop", json={"job_id": waiting})
        last = await submit(client, gated, "other", idempotency_key="k")
        assert last != waiting
        await client.post(f"{WORKFLOWS}/stop", json={"job_id": last})


class TestList:
    async def test_filters_and_pages(self, client, runtime, gate, gated, echo):
        made = [await submit(client, echo, session_id=f"s{number % 2}") for number in range(5)]
        made.append(await submit(client, gated, tweaks={"Gate-g": {"how": "fail"}}))
        for job_id in made:
            await finished(client, runtime, job_id)

        async def ids(**params):
            answer = (await client.get(f"{WORKFLOWS}/jobs", params=params)).json()
            return [job["job_id"] for job in answer["jobs"]], answer["next"]

        newest = made[::-1]
        assert await ids() == (newest, None)
        assert await ids(flow_id=gated) == ([made[5]], None)
        assert await ids(flow_id="echo", session_id="s1") == ([made[3], made[1]], None)
        assert await ids(status="completed") == (newest[1:], None)
        assert await ids(status="failed") == await ids(status="error") == ([made[5]], None)
        pages, before = [], {}
        while True:
            page, following = await ids(limit=2, **before)
            pages.append(page)
            if following is None:
                break
            before = {"before": following}
        assert pages == [newest[0:2], newest[2:4], newest[4:6]]

    @pytest.mark.parametrize(
        ("params", "status"),
        [
            ({"status": "done"}, 422),
            ({"limit": 0}, 422),
            ({"limit": 201}, 422),
            ({"limit": "x"}, 422),
            ({"flow_id": "nowhere"}, 404),
            ({"before": "nowhere"}, 404),
        ],
        ids=str,
    )
    async def test_what_it_cannot_answer_it_says(self, client, params, status):
        assert (await client.get(f"{WORKFLOWS}/jobs", params=params)).status_code == status

    async def test_answers_of_the_list_are_those_of_the_jobs(self, client, echo):
        whole = (await client.post(WORKFLOWS, json={"flow_id": echo, "input_value": "x"})).json()
        assert (await client.get(f"{WORKFLOWS}/jobs")).json()["jobs"] == [whole]


async def test_a_job_runs_the_flow_as_it_was_when_it_was_submitted(make_settings):
    async with running(make_settings(max_concurrent_jobs=1)) as app, calling(app) as client:
        gate = add_gate(app.state.runtime)
        flow_id = await new_flow(client, GATED)
        running_job = await submit(client, flow_id, "first")
        with anyio.fail_after(30):
            await gate.reached.wait()
        waiting_job = await submit(client, flow_id, "second")
        changed = await client.patch(f"/api/v1/flows/{flow_id}", json={"data": ECHO["data"]})
        assert changed.status_code == 200
        gate.opened.set()
        for job_id, text in ((running_job, "first"), (waiting_job, "second")):
            answer = await finished(client, app.state.runtime, job_id)
            assert (answer["status"], list(answer["outputs"])) == ("completed", ["Gate-g"])
            assert answer["input"][0]["data"] == text
        fresh = await finished(client, app.state.runtime, await submit(client, flow_id, "third"))
        assert list(fresh["outputs"]) == ["ChatOutput-z"]


async def test_a_full_queue_is_503_with_a_time_to_come_back(make_settings):
    async with running(make_settings(max_concurrent_jobs=1, job_queue_size=1)) as app, calling(app) as client:
        add_gate(app.state.runtime)
        flow_id = await new_flow(client, GATED)
        jobs = [await submit(client, flow_id) for _ in range(2)]
        answer = await client.post(WORKFLOWS, json={"flow_id": flow_id, "background": True})
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
        for job_id in jobs:
            await client.post(f"{WORKFLOWS}/stop", json={"job_id": job_id})


async def test_a_model_speaks_whole_when_it_is_waited_for(client):
    flow_id = await new_flow(client, MODELLED)
    body = (await client.post(WORKFLOWS, json={"flow_id": flow_id, "input_value": "one two"})).json()
    assert body["output"]["text"] == "one two"
