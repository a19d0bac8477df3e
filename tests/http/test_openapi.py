import re

import pytest

from langflow_lite.http.routes import ENDPOINTS

from .jobs import ECHO, new_flow

pytestmark = pytest.mark.anyio


async def test_the_document_describes_every_endpoint_under_the_names_callers_know(client):
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    assert set(paths["/api/v1/flows/{flow_id}"]) == {"get", "patch", "put", "delete"}
    assert set(paths["/api/v1/flows/"]) == {"get", "post", "delete"}
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    pages = {("GET", e.template) for e in ENDPOINTS if e.tag == "Pages"}
    assert described == {(e.method, e.template) for e in ENDPOINTS} - pages


async def test_every_reference_leads_somewhere_and_every_operation_has_an_id_of_its_own(client):
    answer = await client.get("/openapi.json")
    document = answer.json()
    for reference in re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', answer.text):
        assert reference in document["components"]["schemas"]
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    for path, item in document["paths"].items():
        for operation in item.values():
            named = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        ("/api/v1/run/{flow_id_or_name}", {}, {}),
        ("/api/v1/run/{flow_id_or_name}", {"stream": "true"}, {}),
        ("/api/v1/build/{flow_id}/flow", {}, {}),
        ("/api/v1/build/{flow_id}/flow", {"event_delivery": "polling"}, {}),
        ("/api/v2/workflows", {}, {}),
        ("/api/v2/workflows", {}, {"stream": True}),
    ],
)
async def test_every_form_of_an_answer_is_described(client, path, query, body):
    flow_id = await new_flow(client, ECHO)
    url = path.format(flow_id_or_name=flow_id, flow_id=flow_id)
    answer = await client.post(url, params=query, json={"flow_id": flow_id, **body})
    assert answer.status_code == 200, answer.text
    document = (await client.get("/openapi.json")).json()
    described = document["paths"][path]["post"]["responses"]["200"]["content"]
    assert answer.headers["content-type"].partition(";")[0] in described


async def test_the_page_is_self_contained_and_runs_no_inline_script(client):
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "openapi" in page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|style=", page.text)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    for path in loaded:
        assert ":" not in path
        assert (await client.get(page.url.join(path))).status_code == 200
    script = (await client.get("/docs/docs.js")).text
    assert 'fetch("openapi.json")' in script
    assert "innerHTML" not in script
