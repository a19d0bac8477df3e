"""`/run`: bodies in their several forms, and `/run/advanced`."""

import json
from uuid import uuid4

import pytest

from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio


def echo_flow(saved=""):
    chat_input = node("ChatInput-a", "ChatInput", display_name="Chat Input", input_value=saved, sender_name="User")
    chat_output = node("ChatOutput-b", "ChatOutput", display_name="Chat Output", sender_name="AI")
    return flow([chat_input, chat_output], [edge("ChatInput-a.message", "ChatOutput-b.input_value")])["data"]


@pytest.fixture
async def echo(client):
    answer = await client.post("/api/v1/flows/", json={"name": "echo", "endpoint_name": "echo", "data": echo_flow()})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def message_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["outputs"][0]["outputs"][0]["results"]["message"]


def form(**fields):
    return {name: (None, value) for name, value in fields.items()}


async def test_a_form_has_the_fields_of_the_body(client, echo):
    tweaks = json.dumps({"ChatOutput-b": {"sender_name": "Bot"}})
    answer = await client.post(
        "/api/v1/run/echo", files=form(input_value="[hi] ü", session_id="s1", tweaks=tweaks, unknown="x")
    )
    message = message_of(answer)
    assert (message["text"], message["session_id"], message["sender_name"]) == ("[hi] ü", "s1", "Bot")
    assert answer.json()["outputs"][0]["inputs"] == {"input_value": "[hi] ü"}


async def test_files_in_a_form_are_passed_over(client, echo):
    sent = {"attachment": ("a.txt", b"content"), **form(input_value="hi")}
    assert message_of(await client.post("/api/v1/run/echo", files=sent))["text"] == "hi"


@pytest.mark.parametrize(
    ("fields", "loc", "kind"),
    [
        ({"output_type": "foo"}, ["body", "output_type"], "value_error"),
        ({"tweaks": "{bad"}, ["body", "tweaks"], "json_invalid"),
        ({"tweaks": "[1]"}, ["body", "tweaks"], "dict_type"),
        ({"tweaks": "[" * 500}, ["body", "tweaks"], "json_invalid"),
        ({"stream": "maybe"}, ["body", "stream"], "bool_type"),
    ],
)
async def test_a_form_that_cannot_be_read_is_422_and_names_the_field(client, echo, fields, loc, kind):
    answer = await client.post("/api/v1/run/echo", files=form(**fields))
    assert answer.status_code == 422
    assert [(p["loc"], p["type"]) for p in answer.json()["detail"]] == [(loc, kind)]


async def test_a_form_without_its_end_is_400(client, echo):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await client.post("/api/v1/run/echo", content=b"--x\r\ncontent-disposition: form-data", headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("word", ["true", "1", "yes", "on", "True", "Y"])
async def test_stream_is_a_word_for_yes(client, echo, word):
    answer = await client.post(f"/api/v1/run/echo?stream={word}", json={"input_value": "hi"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert message_of(await client.post("/api/v1/run/echo?stream=off", json={"input_value": "hi"}))["text"] == "hi"


async def test_an_empty_answer_is_not_among_the_messages(client, echo):
    said = (await client.post("/api/v1/run/echo", json={"input_value": "hi"})).json()["outputs"][0]["outputs"][0]
    silent = (await client.post("/api/v1/run/echo", json={"input_value": ""})).json()["outputs"][0]["outputs"][0]
    assert [m["message"] for m in said["messages"]] == ["hi"]
    assert (silent["messages"], silent["results"]["message"]["text"]) == ([], "")


class TestAdvanced:
    async def test_each_input_has_a_run_of_its_own(self, client, echo):
        body = {"inputs": [{"input_value": "one"}, {"input_value": "two", "type": "chat"}], "session_id": "s1"}
        answer = (await client.post(f"/api/v1/run/advanced/{echo}", json=body)).json()
        assert answer["session_id"] == "s1"
        assert [o["inputs"] for o in answer["outputs"]] == [{"input_value": "one"}, {"input_value": "two"}]
        assert [o["outputs"][0]["results"]["message"]["text"] for o in answer["outputs"]] == ["one", "two"]

    async def test_no_body_is_one_empty_input_in_the_flows_own_session(self, client, echo):
        answer = (await client.post("/api/v1/run/advanced/echo")).json()
        assert answer["session_id"] == echo
        assert [(o["inputs"], o["outputs"][0]["results"]["message"]["text"]) for o in answer["outputs"]] == [
            ({"input_value": ""}, "")
        ]

    @pytest.mark.parametrize(
        ("components", "text"), [(["ChatInput-a"], "hi"), (["Chat Input"], "hi"), (["elsewhere"], "saved"), ([], "hi")]
    )
    async def test_a_value_goes_to_the_components_that_are_named(self, client, components, text):
        await client.post("/api/v1/flows/", json={"name": "f", "endpoint_name": "f", "data": echo_flow("saved")})
        body = {
            "inputs": [{"components": components, "input_value": "hi"}],
            "tweaks": {"ChatInput-a": {"sender_name": "Me"}, "Chat Output": {"sender_name": "Bot"}},
        }
        message = message_of(await client.post("/api/v1/run/advanced/f", json=body))
        assert (message["text"], message["sender_name"]) == (text, "Bot")

    @pytest.mark.parametrize(
        ("outputs", "found"),
        [
            (["ChatOutput-b"], ["ChatOutput-b"]),
            (["Chat Input", "ChatOutput-b"], ["ChatInput-a", "ChatOutput-b"]),
            (["x"], []),
        ],
    )
    async def test_outputs_are_chosen_by_id_or_name(self, client, echo, outputs, found):
        answer = (await client.post("/api/v1/run/advanced/echo", json={"outputs": outputs})).json()
        assert [result["component_id"] for result in answer["outputs"][0]["outputs"]] == found

    async def test_an_unknown_flow_is_404(self, client):
        assert (await client.post(f"/api/v1/run/advanced/{uuid4()}", json={})).status_code == 404


WRONG_TWEAKS = [
    ("ChatInput-a", "sender_name", {"a": 1}, "expected text, got an object"),
    ("ChatInput-a", "sender_name", ["a", "b"], "expected text, got a list"),
    ("ChatInput-a", "should_store_message", "maybe", "expected true or false, got 'maybe'"),
    ("ChatInput-a", "files", [1], "expected the path of an uploaded file, got a number"),
    ("ChatInput-a", "files", {"path": "/etc/passwd"}, "expected the path of an uploaded file, got an object"),
]


@pytest.mark.parametrize(("id_", "field", "value", "reason"), WRONG_TWEAKS)
async def test_a_tweak_that_its_field_cannot_hold_is_refused_before_anything_runs(client, id_, field, value, reason):
    data = echo_flow()
    data["nodes"][0]["data"]["node"]["template"].update(
        should_store_message={"_input_type": "BoolInput", "type": "bool", "value": True},
        files={"_input_type": "FileInput", "type": "file", "list": True, "file_path": []},
    )
    await client.post("/api/v1/flows/", json={"name": "echo", "endpoint_name": "echo", "data": data})
    problem = {"type": "value_error", "loc": ["body", "tweaks", id_, field], "msg": reason}
    for path in ("run/echo", "run/echo?stream=true"):
        answer = await client.post(f"/api/v1/{path}", json={"input_value": "hi", "tweaks": {id_: {field: value}}})
        assert (answer.status_code, answer.json()) == (422, {"detail": [problem]})


async def test_a_tweak_of_a_field_that_an_edge_fills_is_passed_over_whatever_it_is(client, echo):
    tweaks = {"ChatOutput-b": {"input_value": [1, 2]}}
    answer = await client.post("/api/v1/run/echo", json={"input_value": "hi", "tweaks": tweaks})
    assert message_of(answer)["text"] == "hi"
