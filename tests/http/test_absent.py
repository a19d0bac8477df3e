"""Endpoints of Langflow that have been ways in: they are not here, and what was sent to them has no effect."""

from uuid import uuid4

import pytest

from tests.flows import flow, node

from .jobs import ECHO, new_flow

pytestmark = pytest.mark.anyio

PAYLOAD = "@(lambda f: open({mark!r}, 'w'))\ndef f(x=open({mark!r}, 'w')): pass"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/validate/code",
        "/api/v1/validate/prompt",
        "/api/v1/custom_component",
        "/api/v1/custom_component/update",
        "/api/v1/build_public_tmp/{flow_id}/flow",
        "/api/v1/build/{flow_id}/vertices",
        "/api/v1/build/{flow_id}/vertices/ChatInput-a",
        "/api/v1/run/session/{flow_id}",
        "/api/v1/users/",
        "/api/v1/starter-projects/",
    ],
)
async def test_what_takes_code_or_a_graph_from_strangers_is_not_there(client, tmp_path, path):
    mark = tmp_path / "mark"
    code = PAYLOAD.format(mark=str(mark))
    flow_id = await new_flow(client, ECHO)
    graph = flow([node("X-1", "X", fields={"code": {"type": "code", "value": code}})], [])["data"]
    body = {"code": code, "template": code, "data": graph, "tweaks": {"code": code}, "username": "a", "password": "b"}
    answer = await client.post(path.format(flow_id=flow_id), json=body)
    assert answer.status_code in (404, 405)
    assert not mark.exists()


@pytest.mark.parametrize("place", ["../out.json", "/tmp/{name}", "flows/{name}"])
async def test_a_flow_names_no_file_to_be_written(client, runtime, tmp_path, place):
    name = f"{uuid4()}.json"
    target = place.replace("/tmp", str(tmp_path)).format(name=name)
    before = sorted(tmp_path.rglob("*.json"))
    created = await client.post("/api/v1/flows/", json={"name": "f", "fs_path": target})
    assert created.status_code == 201
    changed = await client.patch(f"/api/v1/flows/{created.json()['id']}", json={"name": "g", "fs_path": target})
    assert changed.status_code == 200
    assert sorted(tmp_path.rglob("*.json")) == before
