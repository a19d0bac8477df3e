import re

import pytest

from langflow_lite.http.routes import ENDPOINTS

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
