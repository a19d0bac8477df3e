import re
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from tests.flows import edge, flow, node
from tests.http.conftest import calling, running

pytestmark = pytest.mark.anyio

NODES = [node("ChatInput-1", "ChatInput", display_name="<script>"), node("Strange-1", "Strange")]
DOCUMENT = flow(NODES, [edge("ChatInput-1.message", "Strange-1.input")])


@pytest.fixture
async def stored(client):
    return (await client.post("/api/v1/flows/", json=DOCUMENT)).json()["id"]


async def test_the_picture_is_svg_that_can_do_nothing(client, stored):
    answer = await client.get(f"/api/v1/flows/{stored}/graph.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    ElementTree.fromstring(answer.content)
    assert "<script" not in answer.text
    assert answer.text.count("not available here") == 2
    assert (await client.get(f"/api/v1/flows/{stored}/graph.svg")).content == answer.content


async def test_the_text_is_mermaid(client, stored):
    answer = await client.get(f"/api/v1/flows/{stored}/graph.mmd")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert re.search(r'n0 -->\|"Message"\| n1', answer.text)


@pytest.mark.parametrize("name", ["graph.svg", "graph.mmd"])
async def test_flows_that_are_not_there_or_cannot_be_drawn(client, name):
    assert (await client.get(f"/api/v1/flows/{uuid4()}/{name}")).status_code == 404
    empty = (await client.post("/api/v1/flows/", json={"name": "empty"})).json()["id"]
    assert (await client.get(f"/api/v1/flows/{empty}/{name}")).status_code == 200
    many = flow([{"id": str(i), "type": "genericNode", "data": {"type": "T"}} for i in range(2001)], [])
    large = (await client.post("/api/v1/flows/", json=many)).json()["id"]
    answer = await client.get(f"/api/v1/flows/{large}/{name}")
    assert answer.status_code == 422
    assert "at most 2000" in answer.json()["detail"]["message"]


async def test_a_picture_needs_a_key_where_the_flow_does(make_settings):
    async with running(make_settings(auto_login=False)) as app, calling(app) as client:
        assert (await client.get(f"/api/v1/flows/{uuid4()}/graph.svg")).status_code == 403
