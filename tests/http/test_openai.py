"""The API of OpenAI with a flow as the model, without its client."""

import json

import pytest

from tests.flows import edge, flow, node
from tests.http.conftest import calling, running
from tests.standin import running_standin

pytestmark = pytest.mark.anyio


def chat_flow(name, *models):
    nodes = [
        node("ChatInput-a", "ChatInput", session_id=""),
        *models,
        node("ChatOutput-b", "ChatOutput", session_id=""),
    ]
    ids = [n["id"] for n in nodes]
    edges = [edge(f"{ids[0]}.message", f"{ids[1]}.input_value")]
    if models:
        edges.append(edge(f"{ids[1]}.text_output", f"{ids[2]}.input_value"))
    return flow(nodes, edges, name=name, endpoint_name=name)


async def store(client, document):
    answer = await client.post("/api/v1/flows/", json=document)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def events(text):
    return [
        json.loads(line.removeprefix("data: "))
        for line in text.splitlines()
        if line.startswith("data: ") and line != "data: [DONE]"
    ]


@pytest.fixture
async def echo(client):
    return await store(client, chat_flow("echo"))


@pytest.mark.parametrize("path", ["/api/v1/responses", "/v1/responses"])
async def test_a_response_can_be_continued_in_its_session(client, echo, path):
    first = (await client.post(path, json={"model": "echo", "input": "one"})).json()
    assert (first["object"], first["status"], first["model"]) == ("response", "completed", "echo")
    assert first["output"][0]["content"] == [{"type": "output_text", "text": "one", "annotations": [], "logprobs": []}]
    again = {"model": echo, "input": [{"role": "user", "content": [{"type": "input_text", "text": "two"}]}]}
    second = (await client.post(path, json={**again, "previous_response_id": first["id"]})).json()
    assert second["previous_response_id"] == first["id"]
    stored = (await client.get("/api/v1/monitor/messages", params={"session_id": second["id"]})).json()
    assert [message["text"] for message in stored] == ["one", "one", "two", "two"]


async def test_a_streamed_response_has_the_documented_events_in_order(client, echo):
    answer = await client.post("/api/v1/responses", json={"model": "echo", "input": "hello", "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = events(answer.text)
    assert [event["type"].removeprefix("response.") for event in found] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in found] == list(range(9))
    assert [line for line in answer.text.splitlines() if line.startswith("event: ")] == [
        f"event: {event['type']}" for event in found
    ]
    assert found[-1]["response"]["output"][0]["content"][0]["text"] == "hello"


async def test_chat_completions_answer_the_last_user_message(client, echo):
    conversation = [
        {"role": "system", "content": "be nice"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "ok"},
        {"role": "user", "content": "last"},
    ]
    body = {"model": "echo", "messages": conversation}
    answer = (await client.post("/v1/chat/completions", json=body)).json()
    assert answer["choices"][0]["message"]["content"] == "last"
    assert answer["choices"][0]["finish_reason"] == "stop"
    streamed = await client.post("/v1/chat/completions", json={**body, "stream": True})
    assert streamed.text.endswith("data: [DONE]\n\n")
    chunks = events(streamed.text)
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "last"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


async def test_models_are_the_flows_one_can_talk_to(client, echo):
    await store(client, {"name": "silent", "data": {"nodes": [], "edges": []}})
    assert [model["id"] for model in (await client.get("/v1/models")).json()["data"]] == ["echo"]
    assert (await client.get(f"/v1/models/{echo}")).json()["name"] == "echo"
    assert (await client.get("/v1/models/nope")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"model": "nope", "input": "x"}, 404),
        ({"model": "silent", "input": "x"}, 400),
        ({"model": "echo", "input": "x", "tools": [{"type": "web_search"}]}, 400),
    ],
)
async def test_refusals_are_told_in_the_clients_own_shape(client, echo, body, status):
    await store(client, {"name": "silent", "endpoint_name": "silent", "data": {"nodes": [], "edges": []}})
    answer = await client.post("/api/v1/responses", json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"


@pytest.fixture
async def with_model(make_settings):
    with running_standin() as standin:
        environ = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": f"{standin.url}/v1"}
        async with running(make_settings(environ=environ)) as app, calling(app) as client:
            yield client


async def test_tokens_are_passed_on_as_they_come_and_counted(with_model):
    model = node("OpenAIModel-m", "OpenAIModel", model_name="words-3", stream=True)
    await store(with_model, chat_flow("llm", model))
    answer = await with_model.post("/v1/responses", json={"model": "llm", "input": "x", "stream": True})
    found = events(answer.text)
    deltas = [event["delta"] for event in found if event["type"] == "response.output_text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == "w0 w1 w2"
    assert found[-1]["response"]["usage"]["output_tokens"] > 0


async def test_a_model_that_fails_ends_the_stream_with_the_reason(with_model):
    model = node("OpenAIModel-m", "OpenAIModel", model_name="denied", stream=True)
    await store(with_model, chat_flow("llm", model))
    body = {"model": "llm", "input": "x"}
    answer = await with_model.post("/v1/responses", json={**body, "stream": True})
    last = events(answer.text)[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"]["message"]
    refused = await with_model.post("/v1/responses", json=body)
    assert refused.status_code == 500
    assert refused.json()["error"]["code"] == "401"
    chunks = await with_model.post(
        "/v1/chat/completions", json={"model": "llm", "messages": [{"role": "user", "content": "x"}], "stream": True}
    )
    assert "error" in events(chunks.text)[-1]


async def test_a_token_beside_a_valid_key_is_not_looked_at_there_and_only_there(make_settings):
    async with running(make_settings(auto_login=False)) as app, calling(app) as client:
        _, key = await app.state.runtime.api_keys.create("k")
        dummy = {"authorization": "Bearer dummy"}
        assert (await client.get("/v1/models", headers={**dummy, "x-api-key": key})).status_code == 200
        assert (await client.get("/api/v1/flows/", headers={**dummy, "x-api-key": key})).status_code == 401
        assert (await client.get("/v1/models", headers={**dummy, "x-api-key": "wrong"})).status_code == 403
        assert (await client.get("/v1/models", headers=dummy)).status_code == 401
        assert (await client.get("/v1/models", headers={"authorization": f"Bearer {key}"})).status_code == 200
