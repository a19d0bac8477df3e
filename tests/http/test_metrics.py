import json

import anyio
import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from langflow_lite.app import create_app
from langflow_lite.errors import StorageError
from tests.flows import edge, flow, node
from tests.http.conftest import calling, running, serving

pytestmark = pytest.mark.anyio

CHAT = flow(
    [
        node("ChatInput-1", "ChatInput", input_value="", sender="User"),
        node("LanguageModelComponent-1", "LanguageModelComponent", provider="echo", model_name="echo", input_value=""),
        node("ChatOutput-1", "ChatOutput", input_value=""),
    ],
    [edge("ChatInput-1.message", "LanguageModelComponent-1.input_value"),
     edge("LanguageModelComponent-1.text_output", "ChatOutput-1.input_value")],
    endpoint_name="chat",
)  # fmt: skip
EMBEDDING = flow(
    [
        node("ChatInput-1", "ChatInput", input_value=""),
        node("EmbeddingModel-1", "EmbeddingModel", model="local"),
        node("TextEmbedder-1", "TextEmbedderComponent", message=""),
        node("ChatOutput-1", "ChatOutput", input_value=""),
    ],
    [edge("ChatInput-1.message", "TextEmbedder-1.message"),
     edge("EmbeddingModel-1.embeddings", "TextEmbedder-1.embedding_model"),
     edge("TextEmbedder-1.embeddings", "ChatOutput-1.input_value")],
    endpoint_name="embedding",
)  # fmt: skip
BROKEN = json.loads(json.dumps(CHAT).replace('"echo"', '"OpenAI"').replace('"chat"', '"broken"'))


class Numbers(dict):
    """Samples by name and labels; what is not there is 0."""

    def __missing__(self, key):
        return 0

    def of(self, name, **labels):
        return self["langflow_lite_" + name, tuple(sorted(labels.items()))]


async def numbers(client):
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Numbers(
        ((sample.name, tuple(sorted(sample.labels.items()))), sample.value)
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    )


async def create(client, document):
    answer = await client.post("/api/v1/flows/", json=document)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def run(client, name, **query):
    return await client.post(f"/api/v1/run/{name}", params=query, json={"input_value": "one two three"})


async def test_runs_model_calls_and_tokens_are_counted(client):
    await create(client, CHAT)
    for stream in ("false", "true"):
        assert (await run(client, "chat", stream=stream)).status_code == 200
    found = await numbers(client)
    assert found.of("runs_total", kind="run", status="completed") == 2
    assert found.of("run_duration_seconds_count", kind="run") == 2
    labels = {"operation": "chat", "provider": "Echo", "model": "echo"}
    assert found.of("model_calls_total", **labels, status="completed") == 2
    assert found.of("tokens_total", **labels, direction="input") >= 6
    assert found.of("tokens_total", **labels, direction="output") >= 6
    assert found.of("writer_batch_units_count") > 0
    assert found.of("writer_commit_seconds_count") == found.of("writer_batch_units_count")
    assert found.of("writer_dropped_total") == 0


async def test_calls_of_embedding_models_are_counted_apart(client):
    await create(client, EMBEDDING)
    assert (await run(client, "embedding")).status_code == 200
    found = await numbers(client)
    labels = {"operation": "embeddings", "provider": "Local"}
    assert found.of("model_calls_total", **labels, model="hashed-384", status="completed") == 1
    assert found.of("model_call_duration_seconds_count", **labels) == 1


async def test_failed_runs_are_counted_as_such(client):
    await create(client, BROKEN)
    assert (await run(client, "broken")).status_code == 500
    assert (await numbers(client)).of("runs_total", kind="run", status="failed") == 1


async def test_jobs_are_counted_while_they_wait_run_and_when_they_have_ended(client, runtime):
    id_ = await create(client, CHAT)
    body = {"flow_id": id_, "background": True, "input_value": "Hello"}
    job = (await client.post("/api/v2/workflows", json=body)).json()
    await runtime.jobs.wait(job["job_id"])
    found = await numbers(client)
    assert found.of("jobs_ended_total", kind="workflow", status="completed") == 1
    assert found.of("runs_total", kind="workflow", status="completed") == 1
    assert found.of("job_duration_seconds_count", kind="workflow") == 1
    assert found.of("job_wait_seconds_count", kind="workflow") == 1
    assert (found.of("jobs", status="queued"), found.of("jobs", status="in_progress")) == (0, 0)
    assert found.of("job_queue_size") == runtime.settings.job_queue_size


async def test_requests_are_counted_by_their_endpoint_and_never_by_what_callers_make_up(client):
    for path in ("/health", "/health/", "/nowhere/1", "/nowhere/2", "/api/v1/flows/not-a-uuid"):
        await client.get(path)
    await client.request("BREW", "/coffee")
    await client.get("/health", headers={"host": "evil.example"})
    found = await numbers(client)
    assert found.of("http_requests_total", method="GET", route="/health", status="2xx") == 2
    assert found.of("http_request_duration_seconds_count", method="GET", route="/health") == 2
    assert found.of("http_requests_total", method="GET", route="unmatched", status="4xx") == 3
    assert found.of("http_requests_total", method="GET", route="/api/v1/flows/{flow_id}", status="4xx") == 1
    assert found.of("http_requests_total", method="other", route="unmatched", status="4xx") == 1
    assert "nowhere" not in str(found)


async def test_followers_are_counted_while_they_follow(settings):
    app = create_app(settings)
    async with serving(settings, app=app) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        waits = anyio.Event()

        async def held(*_, **__):
            await waits.wait()
            raise StorageError("let go")

        app.state.runtime.jobs._store.claim = held
        id_ = await create(client, CHAT)
        job = (await client.post("/api/v2/workflows", json={"flow_id": id_, "background": True})).json()
        async with client.stream("GET", f"/api/v2/workflows/{job['job_id']}/events") as stream:
            assert stream.status_code == 200
            found = await numbers(client)
            assert found.of("followers") == 1
            assert found.of("jobs", status="in_progress") == 1
        with anyio.fail_after(30):
            while (await numbers(client)).of("followers"):
                await anyio.lowlevel.checkpoint()
        del app.state.runtime.jobs._store.claim
        waits.set()


async def test_the_process_and_the_build_are_shown(client, runtime):
    await anyio.lowlevel.checkpoint()
    found = await numbers(client)
    assert found["process_resident_memory_bytes", ()] > 10_000_000
    assert found["process_cpu_seconds_total", ()] > 0
    assert found["process_start_time_seconds", ()] > 1_700_000_000
    assert [labels for (name, labels) in found if name == "langflow_lite_build_info"]
    runtime.metrics._lag.observe(0.2)
    assert (await numbers(client)).of("event_loop_lag_seconds_count") >= 1


async def test_two_servers_in_one_process_count_apart(make_settings, tmp_path):
    async with (
        running(make_settings()) as one,
        running(make_settings(data_dir=tmp_path / "other")) as other,
        calling(one) as caller,
        calling(other) as other_caller,
    ):
        await caller.get("/health")
        labels = {"method": "GET", "route": "/health", "status": "2xx"}
        assert (await numbers(caller)).of("http_requests_total", **labels) == 1
        assert (await numbers(other_caller)).of("http_requests_total", **labels) == 0


async def test_metrics_need_a_key_where_everything_does(make_settings):
    async with running(make_settings(auto_login=False)) as app, calling(app) as client:
        assert (await client.get("/metrics")).status_code == 403
        _, key = await app.state.runtime.api_keys.create("scraper")
        assert (await client.get("/metrics", headers={"authorization": f"Bearer {key}"})).status_code == 200
