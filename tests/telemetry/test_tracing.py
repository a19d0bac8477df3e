import subprocess
import sys
import threading

import anyio.to_thread
import httpx2
import pytest

from langflow_lite.app import create_app
from langflow_lite.telemetry import tracing as tracing_module
from langflow_lite.telemetry.otlp import endpoint_of, headers_of, open_tracing, wants_traces
from tests.http.conftest import calling, running, serving
from tests.http.test_metrics import BROKEN, CHAT, EMBEDDING, create
from tests.serving import clean_environment
from tests.telemetry.collector import attributes, collecting

pytestmark = pytest.mark.anyio

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
SECRETS = ("one two three", "sk-secret-key", "a secret variable")


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture
def traced(make_settings, collector):
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-token=abc"}
    return create_app(make_settings(environ=environ))


async def run(client, name, headers=None, **query):
    body = {"input_value": "one two three", "session_id": "session-1"}
    return await client.post(f"/api/v1/run/{name}", params=query, json=body, headers=headers)


def shown(span):
    """Hexadecimal ids of a span: trace, span, parent."""
    return span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()


async def test_a_request_a_run_its_vertices_and_the_call_of_a_model_are_inside_of_each_other(traced, collector):
    async with traced.router.lifespan_context(traced), calling(traced) as client:
        await create(client, CHAT)
        answer = await run(client, "chat", {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-api-key": ""})
        assert answer.status_code == 200
    request = collector.span("POST /api/v1/run/{flow_id_or_name}")
    ran = collector.span("invoke_workflow Test flow")
    vertex = collector.span("vertex LanguageModelComponent")
    called = collector.span("chat echo")
    assert shown(request)[::2] == (TRACE, PARENT)
    assert shown(ran)[::2] == (TRACE, shown(request)[1])
    assert shown(vertex)[::2] == (TRACE, shown(ran)[1])
    assert shown(called)[::2] == (TRACE, shown(vertex)[1])
    vertices = [span for span in collector.spans if span.name.startswith("vertex ")]
    assert [shown(span)[2] for span in vertices] == [shown(ran)[1]] * 3
    found = attributes(request)
    assert found["http.request.method"] == "POST"
    assert found["http.route"] == "/api/v1/run/{flow_id_or_name}"
    assert found["http.response.status_code"] == 200
    assert attributes(ran)["gen_ai.conversation.id"] == "session-1"
    assert attributes(ran)["langflow.status"] == "completed"
    assert attributes(vertex)["langflow.vertex.type"] == "LanguageModelComponent"
    found = attributes(called)
    assert (found["gen_ai.operation.name"], found["gen_ai.request.model"]) == ("chat", "echo")
    assert found["gen_ai.provider.name"] == "echo"
    assert found["gen_ai.usage.input_tokens"] >= 3
    assert found["gen_ai.response.finish_reasons"] == ["stop"]
    assert collector.resource["service.name"] == "langflow-lite"
    assert collector.headers[0]["x-token"] == "abc"


async def test_the_call_of_an_embedding_model_is_inside_the_vertex_that_makes_it(traced, collector):
    async with traced.router.lifespan_context(traced), calling(traced) as client:
        await create(client, EMBEDDING)
        assert (await run(client, "embedding")).status_code == 200
    called, vertex = collector.span("embeddings hashed-384"), collector.span("vertex TextEmbedderComponent")
    assert shown(called)[2] == shown(vertex)[1]
    assert attributes(called) == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "local",
        "gen_ai.request.model": "hashed-384",
    }


async def test_streamed_runs_have_the_same_spans(traced, collector, settings):
    async with serving(settings, app=traced) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await create(client, CHAT)
        assert (await run(client, "chat", stream="true")).status_code == 200
    called, vertex = collector.span("chat echo"), collector.span("vertex LanguageModelComponent")
    assert shown(called)[2] == shown(vertex)[1]
    assert attributes(called)["gen_ai.request.stream"] is True
    assert attributes(called)["gen_ai.usage.output_tokens"] > 0
    request = collector.span("POST /api/v1/run/{flow_id_or_name}")
    assert shown(collector.span("invoke_workflow Test flow"))[2] == shown(request)[1]


async def test_a_job_is_a_trace_of_its_own_with_a_link_to_the_request(traced, collector):
    async with traced.router.lifespan_context(traced), calling(traced) as client:
        id_ = await create(client, CHAT)
        submitted = await client.post(
            "/api/v2/workflows", json={"flow_id": id_, "background": True, "input_value": "Hi"}
        )
        await traced.state.runtime.jobs.wait(submitted.json()["job_id"])
    request, job = collector.span("POST /api/v2/workflows"), collector.span("job workflow")
    [link] = job.links
    assert (link.trace_id, link.span_id) == (request.trace_id, request.span_id)
    assert job.trace_id != request.trace_id
    assert not job.parent_span_id
    assert attributes(job)["langflow.status"] == "completed"
    assert shown(collector.span("invoke_workflow Test flow"))[2] == shown(job)[1]


async def test_failures_are_marked_and_nothing_that_was_said_is_sent(traced, collector):
    async with traced.router.lifespan_context(traced), calling(traced) as client:
        await create(client, BROKEN)
        headers = {"x-langflow-global-var-my-token": "a secret variable"}
        answer = await client.post(
            "/api/v1/run/broken?x-other=sk-secret-key", json={"input_value": "one two three"}, headers=headers
        )
        assert answer.status_code == 500
        await create(client, CHAT)
        await run(client, "chat")
    request = next(span for span in collector.spans if attributes(span).get("http.response.status_code") == 500)
    vertex = next(span for span in collector.spans if attributes(span).get("error.type") and "vertex" in span.name)
    ran = next(span for span in collector.spans if attributes(span).get("langflow.status") == "failed")
    for span in (request, vertex, ran):
        assert span.status.code == 2
        assert attributes(span)["error.type"]
        assert span.status.message == ""
    sent = b"".join(collector.bodies).decode("latin-1")
    for secret in SECRETS:
        assert secret not in sent


async def test_a_vertex_that_is_cancelled_ends_with_its_run(traced, collector):
    async with traced.router.lifespan_context(traced):
        tracing, vertex, ctx = traced.state.runtime.tracing, Vertex(), Context()
        tracing.run_began(ctx)
        tracing.vertex_began(ctx, vertex)
        tracing.run_ended(ctx, "cancelled", 0.1)
    assert attributes(collector.span("vertex Waits"))["langflow.status"] == "cancelled"
    assert attributes(collector.span("invoke_workflow F"))["langflow.status"] == "cancelled"


class Vertex:
    id, type, display_name = "w-1", "Waits", "Waits"


class Context:
    flow_name, flow_id, run_id, session_id, kind = "F", "f", "r", "s", "run"


async def test_whoever_watches_the_server_leaves_no_spans(traced, collector):
    async with traced.router.lifespan_context(traced), calling(traced) as client:
        for path in ("/health", "/health_check", "/metrics", "/api/v1/version"):
            assert (await client.get(path)).status_code == 200
    assert [span.name for span in collector.spans] == ["GET /api/v1/version"]


async def test_a_collector_that_is_not_there_holds_nothing_up(make_settings, monkeypatch):
    monkeypatch.setattr(tracing_module, "_FLUSH_SECONDS", 0.1)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    before = set(threading.enumerate())
    async with running(make_settings(environ=environ)) as app, calling(app) as client:
        assert (await client.get("/api/v1/version")).status_code == 200
    left = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("Otel")]
    assert left
    # What they log when they give up belongs to no later test.
    for thread in left:
        await anyio.to_thread.run_sync(thread.join)


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/t"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "True"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_switch_traces_on(environ, wanted):
    assert wants_traces(environ) is wanted


def test_endpoints_and_headers_are_those_of_the_standard():
    base = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/", "OTEL_EXPORTER_OTLP_HEADERS": "a=1"}
    assert (endpoint_of(base), headers_of(base)) == ("http://c/v1/traces", "a=1")
    own = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://d/x", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "b=2"}
    assert (endpoint_of(base | own), headers_of(base | own)) == ("http://d/x", "b=2")


def test_without_the_extra_the_server_says_how_to_get_it(monkeypatch, caplog):
    monkeypatch.delitem(sys.modules, "langflow_lite.telemetry.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert open_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}) is None
    assert "pip install 'langflow-lite[otel]'" in caplog.text


def test_nothing_of_it_is_imported_unless_it_is_wanted(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom langflow_lite.runtime import Runtime\n"
        "from langflow_lite.settings import Settings\nRuntime(Settings(data_dir=Path(sys.argv[1]), environ={}))\n"
        "sys.exit(', '.join(name for name in sys.modules if name.startswith(('opentelemetry', 'requests'))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=30)
    assert done.stderr.strip() == ""
