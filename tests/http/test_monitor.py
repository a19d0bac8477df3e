"""Builds, transactions, messages and sessions, as runs leave them."""

import json
from urllib.parse import quote
from uuid import uuid4

import msgspec
import pytest

from langflow_lite.storage import monitor
from tests.flows import edge, flow, node
from tests.http.conftest import calling, running

pytestmark = pytest.mark.anyio

CANARY = "canary-7f3a9b2c5d1e4f60"
MONITOR = "/api/v1/monitor"


def prompt_flow(name="mon"):
    return flow(
        [
            node("ChatInput-a", "ChatInput", display_name="Chat Input", session_id=""),
            node("Prompt-p", "Prompt", template="Answer {question} nicely.", question=""),
            node("ChatOutput-b", "ChatOutput", display_name="Chat Output", session_id=""),
        ],
        [edge("ChatInput-a.message", "Prompt-p.question"), edge("Prompt-p.prompt", "ChatOutput-b.input_value")],
        name=name,
        endpoint_name=name,
    )


async def store(client, document):
    answer = await client.post("/api/v1/flows/", json=document)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def run(client, flow_id, text, session="s1", **body):
    return await client.post(f"/api/v1/run/{flow_id}", json={"input_value": text, "session_id": session, **body})


async def builds(client, flow_id):
    answer = await client.get(f"{MONITOR}/builds", params={"flow_id": flow_id})
    assert answer.status_code == 200
    return answer.json()["vertex_builds"]


async def transactions(client, flow_id, **query):
    answer = await client.get(f"{MONITOR}/transactions", params={"flow_id": flow_id, **query})
    assert answer.status_code == 200
    return answer.json()


async def messages(client, **query):
    return (await client.get(f"{MONITOR}/messages", params=query)).json()


async def test_a_run_leaves_the_last_build_of_every_vertex(client):
    flow_id = await store(client, prompt_flow())
    await run(client, flow_id, "aa")
    await run(client, flow_id, "bb")
    found = await builds(client, flow_id)
    assert set(found) == {"ChatInput-a", "Prompt-p", "ChatOutput-b"}
    assert [len(records) for records in found.values()] == [1, 1, 1]
    (chat,), (prompt,) = found["ChatInput-a"], found["Prompt-p"]
    assert chat["valid"] is True
    assert chat["id"] == "ChatInput-a"
    assert chat["flow_id"] == flow_id
    assert chat["artifacts"]["message"] == "bb"
    assert chat["params"] == "- Files: []\n  Message: bb\n  Sender: User\n  Sender Name: User\n  Type: object\n"
    assert chat["data"]["outputs"]["message"]["type"] == "object"
    assert chat["data"]["outputs"]["message"]["message"]["text"] == "bb"
    assert prompt["params"] == "None"
    assert prompt["data"]["outputs"]["prompt"] == {"message": "Answer bb nicely.", "type": "text"}


async def test_builds_can_be_forgotten_and_go_with_their_flow(client):
    kept, gone = await store(client, prompt_flow("kept")), await store(client, prompt_flow("gone"))
    for flow_id in (kept, gone):
        await run(client, flow_id, "x")
    answer = await client.delete(f"{MONITOR}/builds", params={"flow_id": gone})
    assert (answer.status_code, answer.content) == (204, b"")
    assert await builds(client, gone) == {}
    assert len(await builds(client, kept)) == 3
    await client.delete(f"/api/v1/flows/{kept}")
    assert await builds(client, kept) == {}
    assert (await transactions(client, kept))["total"] == 0


async def test_nothing_is_written_for_a_flow_that_is_deleted_before_the_records_are(client):
    flow_id = await store(client, prompt_flow())
    await run(client, flow_id, "x")
    await client.delete(f"/api/v1/flows/{flow_id}")
    assert await builds(client, flow_id) == {}
    assert (await transactions(client, flow_id))["items"] == []


async def test_transactions_are_paged_newest_first(client):
    flow_id = await store(client, prompt_flow())
    for text in ("one", "two"):
        await run(client, flow_id, text)
    page = await transactions(client, flow_id, page=1, size=2)
    assert {key: page[key] for key in ("total", "page", "size", "pages")} == {
        "total": 6,
        "page": 1,
        "size": 2,
        "pages": 3,
    }
    assert [item["vertex_id"] for item in page["items"]] == ["ChatOutput-b", "Prompt-p"]
    last = (await transactions(client, flow_id, page=3, size=2))["items"][-1]
    assert last["vertex_id"] == "ChatInput-a"
    assert last["inputs"]["input_value"] == "one"
    assert last["outputs"] == {"message": {"message": "one", "type": "text"}}
    assert (last["status"], last["error"], last["target_id"], last["flow_id"]) == ("success", None, None, flow_id)


@pytest.mark.parametrize("query", [{"page": 0}, {"size": 0}, {"size": 1001}, {"page": "x"}])
async def test_a_page_that_cannot_be_is_refused(client, query):
    answer = await client.get(f"{MONITOR}/transactions", params={"flow_id": "f", **query})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "query"


async def test_a_failed_vertex_is_recorded_with_its_reason(client):
    document = flow([node("OpenAIModel-m", "OpenAIModel", input_value="hi", model_name="gpt-4o-mini", api_key="")], [])
    flow_id = await store(client, document)
    assert (await run(client, flow_id, None)).status_code == 500
    (record,) = (await builds(client, flow_id))["OpenAIModel-m"]
    assert record["valid"] is False
    (item,) = (await transactions(client, flow_id))["items"]
    assert item["status"] == "error"
    assert item["error"]
    assert item["error"] in record["params"]


async def test_secrets_among_the_inputs_are_masked_and_code_is_left_out(client, runtime):
    document = flow(
        [
            node("ChatInput-a", "ChatInput"),
            node(
                "OpenAIModel-m",
                "OpenAIModel",
                model_name="gpt-4o-mini",
                api_key=CANARY,
                openai_api_base="http://127.0.0.1:9/v1",
                max_retries=0,
                model_kwargs={"api_key": CANARY},
            ),
        ],
        [edge("ChatInput-a.message", "OpenAIModel-m.input_value")],
    )
    flow_id = await store(client, document)
    await run(client, flow_id, "x")
    page = await transactions(client, flow_id)
    model = page["items"][0]
    assert model["vertex_id"] == "OpenAIModel-m"
    assert model["inputs"]["api_key"] == "********"
    assert "code" not in model["inputs"]
    assert CANARY not in json.dumps([page, await builds(client, flow_id)])


async def test_only_the_newest_records_are_kept(client, monkeypatch):
    monkeypatch.setattr(monitor, "TRANSACTIONS_KEPT", 4)
    monkeypatch.setattr(monitor, "BUILDS_KEPT", 3)
    first, second = await store(client, prompt_flow("first")), await store(client, prompt_flow("second"))
    for text in ("one", "two"):
        await run(client, first, text)
        assert (await transactions(client, first))["total"] <= 4
    await run(client, second, "three")
    assert len(await builds(client, second)) == 3
    assert await builds(client, first) == {}
    assert [item["vertex_id"] for item in (await transactions(client, first))["items"]][-1] == "ChatOutput-b"


async def test_long_texts_are_cut_in_the_records_alone(client):
    flow_id = await store(client, prompt_flow())
    answer = await run(client, flow_id, "x" * 7000)
    assert len(answer.json()["outputs"][0]["outputs"][0]["results"]["message"]["text"]) > 7000
    (record,) = (await builds(client, flow_id))["Prompt-p"]
    assert len(record["data"]["outputs"]["prompt"]["message"]) == 6003


async def test_messages_are_filtered_and_ordered(client):
    flow_id = await store(client, prompt_flow())
    for text in ("b", "a"):
        await run(client, flow_id, text)
    found = await messages(client, flow_id=flow_id, session_id="s1", sender="User", sender_name="User", order_by="text")
    assert [message["text"] for message in found] == ["a", "b"]
    found = await messages(client, flow_id=flow_id, order="DESC", limit=1)
    assert [message["text"] for message in found] == ["Answer a nicely."]
    assert await messages(client, session_id="nobody") == []
    assert (await client.get(f"{MONITOR}/messages?order_by=id;drop")).status_code == 400


@pytest.mark.parametrize("order", ["desc", "Desc", "DESC"])
async def test_the_order_of_messages_may_be_written_in_any_case(client, order):
    flow_id = await store(client, prompt_flow())
    await run(client, flow_id, "a")
    found = await messages(client, flow_id=flow_id, order=order)
    assert [message["sender"] for message in found] == ["Machine", "User"]


async def test_messages_and_sessions_are_read_page_by_page_newest_page_first(client):
    flow_id = await store(client, prompt_flow())
    for number in range(3):
        await run(client, flow_id, f"{number}", session=f"s{number}")
    pages = [await messages(client, flow_id=flow_id, limit=4, offset=offset) for offset in (0, 4, 8)]
    assert [[message["session_id"] for message in page] for page in pages] == [
        ["s1", "s1", "s2", "s2"],
        ["s0", "s0"],
        [],
    ]
    sessions = f"{MONITOR}/messages/sessions"
    pages = [await client.get(sessions, params={"flow_id": flow_id, "limit": 2, "offset": n}) for n in (0, 2, 4)]
    assert [page.json() for page in pages] == [["s2", "s1"], ["s0"], []]


async def test_a_new_text_makes_a_message_edited(client):
    flow_id = await store(client, prompt_flow())
    await run(client, flow_id, "hello")
    message = (await messages(client, flow_id=flow_id))[0]
    answer = await client.put(f"{MONITOR}/messages/{message['id']}", json={"text": "testing 1234"})
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["text"], changed["edit"], changed["files"]) == ("testing 1234", True, [])
    assert not changed["timestamp"].endswith("UTC")
    assert (await messages(client, flow_id=flow_id))[0]["text"] == "testing 1234"
    same = await client.put(f"{MONITOR}/messages/{message['id']}", json={"text": "testing 1234", "edit": False})
    assert same.json()["edit"] is False


async def test_an_unknown_message_cannot_be_changed(client):
    answer = await client.put(f"{MONITOR}/messages/3ab66cc6-c048-48f8-ab07-570f5af7b160", json={"text": "x"})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Message not found"})


async def test_messages_are_deleted_by_id_and_unknown_ids_passed_over(client):
    flow_id = await store(client, prompt_flow())
    await run(client, flow_id, "hello")
    ids = [message["id"] for message in await messages(client, flow_id=flow_id)]
    answer = await client.request("DELETE", f"{MONITOR}/messages", json=[ids[0], str(uuid4())])
    assert (answer.status_code, answer.content) == (204, b"")
    malformed = await client.request("DELETE", f"{MONITOR}/messages", json=[ids[1], "nonsense"])
    assert (malformed.status_code, malformed.json()["detail"][0]["loc"]) == (422, ["body", 1])
    assert [message["id"] for message in await messages(client, flow_id=flow_id)] == ids[1:]


async def test_a_session_is_renamed_listed_and_deleted(client):
    flow_id = await store(client, prompt_flow())
    await run(client, flow_id, "one", "odd / name?")
    await run(client, flow_id, "two", "s2")
    assert (await client.get(f"{MONITOR}/messages/sessions", params={"flow_id": flow_id})).json() == [
        "s2",
        "odd / name?",
    ]
    answer = await client.patch(f"{MONITOR}/messages/session/s2", params={"new_session_id": "different_session_id"})
    assert answer.status_code == 200
    assert [(m["session_id"], m["files"]) for m in answer.json()] == [("different_session_id", "[]")] * 2
    gone = await client.patch(f"{MONITOR}/messages/session/s2", params={"new_session_id": "x"})
    assert gone.status_code == 404
    for _ in range(2):
        deleted = await client.delete(f"{MONITOR}/messages/session/different_session_id")
        assert (deleted.status_code, deleted.content) == (204, b"")
    assert await messages(client, session_id="different_session_id") == []
    assert len(await messages(client, flow_id=flow_id)) == 2


@pytest.mark.parametrize("name", ["odd / name?", "a//b", "ends with/", "../..", "ünï %2F"])
async def test_any_name_can_be_renamed_and_deleted(client, name):
    flow_id = await store(client, prompt_flow())
    await run(client, flow_id, "one", "plain")
    # A path is answered without its last slash, so a name that ends with one needs another.
    path = f"{MONITOR}/messages/session/{quote(name, safe='')}/"
    renamed = await client.patch(f"{MONITOR}/messages/session/plain", params={"new_session_id": name})
    assert {message["session_id"] for message in renamed.json()} == {name}
    back = await client.patch(path, params={"new_session_id": f"{name}!"})
    assert {message["session_id"] for message in back.json()} == {f"{name}!"}
    await client.patch(f"{MONITOR}/messages/session/{quote(f'{name}!', safe='')}", params={"new_session_id": name})
    assert (await client.delete(path)).status_code == 204
    assert await messages(client, flow_id=flow_id) == []


async def test_renaming_needs_a_name(client):
    answer = await client.patch(f"{MONITOR}/messages/session/s2")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "new_session_id"]


async def test_records_can_be_read_as_soon_as_the_run_has_answered_and_survive_a_restart(settings):
    async with running(settings) as app, calling(app) as client:
        flow_id = await store(client, prompt_flow())
        await run(client, flow_id, "x")
    async with running(settings) as app, calling(app) as client:
        assert (await transactions(client, flow_id))["total"] == 3
        raw = msgspec.json.encode(await builds(client, flow_id))
        assert b"Answer x nicely." in raw
