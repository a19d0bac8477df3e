"""A secret that was stored is seen by the provider alone: not in answers, events, exports, logs or the database."""

import logging

import pytest

from tests.flows import edge, flow, node
from tests.http.conftest import calling, running
from tests.standin import running_standin

pytestmark = pytest.mark.anyio

CANARY = "canary-5f1c0b7e9d2a4836"


def secret_flow(model):
    return flow(
        [
            node("ChatInput-a", "ChatInput", session_id=""),
            node(
                "OpenAIModel-m",
                "OpenAIModel",
                model_name=model,
                fields={
                    "api_key": {
                        "type": "str",
                        "_input_type": "SecretStrInput",
                        "password": True,
                        "load_from_db": True,
                        "value": "MY_KEY",
                        "name": "api_key",
                        "show": True,
                    }
                },
            ),
            node("ChatOutput-b", "ChatOutput", session_id=""),
        ],
        [
            edge("ChatInput-a.message", "OpenAIModel-m.input_value"),
            edge("OpenAIModel-m.text_output", "ChatOutput-b.input_value"),
        ],
        name=f"secret {model}",
    )


async def test_a_stored_credential_is_seen_by_the_provider_alone(make_settings, caplog):
    caplog.set_level(logging.DEBUG)
    seen = []
    with running_standin() as standin:
        environ = {"OPENAI_BASE_URL": f"{standin.url}/v1"}
        settings = make_settings(environ=environ, enable_log_retrieval=True)
        async with running(settings) as app, calling(app) as client:
            key = (await client.post("/api/v1/api_key/", json={"name": "k"})).json()["api_key"]
            variable = {"name": "MY_KEY", "value": CANARY, "type": "Credential"}
            answer = await client.post("/api/v1/variables/", json=variable)
            assert answer.status_code == 201
            seen.append(answer.content)
            ids = []
            for model in ("words-2", "denied"):
                ids.append((await client.post("/api/v1/flows/", json=secret_flow(model))).json()["id"])
                for query in ("", "?stream=true"):
                    body = {"input_value": "hi"}
                    answer = await client.post(f"/api/v1/run/{ids[-1]}{query}", json=body, headers={"x-api-key": key})
                    seen.append(answer.content)
                for path in (
                    f"/api/v1/monitor/builds?flow_id={ids[-1]}",
                    f"/api/v1/monitor/transactions?flow_id={ids[-1]}",
                    f"/api/v1/flows/{ids[-1]}",
                ):
                    seen.append((await client.get(path)).content)
            assert any(CANARY in str(call) for call in standin.calls), "the provider never got the key"
            for path in (
                "/api/v1/variables/",
                "/api/v1/api_key/",
                "/api/v1/flows/",
                "/api/v1/monitor/messages",
                "/api/v1/config",
                "/logs?lines_before=1000",
            ):
                seen.append((await client.get(path)).content)
            seen.append((await client.post("/api/v1/flows/download/", json=ids)).content)
    seen.append(caplog.text.encode())
    seen += [path.read_bytes() for path in settings.data_dir.rglob("*") if path.is_file()]
    assert len(seen) > 20
    assert [content for content in seen if CANARY.encode() in content] == []
    assert [content for content in seen if key.encode() in content] == []
