"""The application mounted in another one: the examples as they are, and what lies under a path."""

from __future__ import annotations

import runpy
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from langflow_lite.app import create_app
from tests.http.conftest import serving
from tests.serving import ROOT

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["starlette", "fastapi"])
def example(request, tmp_path, monkeypatch):
    """The application of an example."""
    pytest.importorskip(request.param)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGFLOW_CONFIG_DIR", str(tmp_path / "data"))
    return runpy.run_path(str(ROOT / "examples" / f"embed_{request.param}.py"))["app"]


@asynccontextmanager
async def client_of(app, settings):
    """A client of an application behind a real socket."""
    async with (
        serving(settings, app=app) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, follow_redirects=True) as client,
    ):
        yield client


async def test_the_example_answers_on_its_own_routes_and_on_ours(example, settings):
    async with client_of(example, settings) as client:
        assert (await client.get("/names")).json() == ["Echo Chat", "Prompt Chain", "Router and Loop"]
        answer = await client.post("/flows/api/v1/run/echo", json={"input_value": "Hello!"})
        assert answer.json()["outputs"][0]["outputs"][0]["results"]["message"]["text"] == "Hello!"
        assert (await client.get("/api/v1/flows/")).status_code == 404


@pytest.fixture
def mounted(make_settings):
    """Mount the application under paths that look like its own."""

    def make(path, **changes):
        inner = create_app(make_settings(load_examples=True, **changes))

        @asynccontextmanager
        async def lifespan(app):
            async with inner.router.lifespan_context(inner):
                yield

        return Starlette(routes=[Mount(path, inner)], lifespan=lifespan)

    return make


@pytest.mark.parametrize("path", ["/flows", "/api", "/api/v1", "/a/b", "/docs"])
async def test_everything_is_found_under_the_path(mounted, settings, path):
    async with client_of(mounted(path), settings) as client:
        assert (await client.get(f"{path}/health")).json() == {"status": "ok"}
        assert len((await client.get(f"{path}/api/v1/flows/")).json()) == 3
        assert (await client.get(f"{path}/nothing")).status_code == 404
        assert (await client.get("/health")).status_code == 404
        document = (await client.get(f"{path}/openapi.json")).json()
        assert document["servers"] == [{"url": path}]


async def test_links_lead_back_to_where_it_is_mounted(mounted, settings):
    async with client_of(mounted("/flows"), settings) as client:
        asked = {"flow_id": "echo", "background": True, "input_value": "Hello!"}
        job = (await client.post("/flows/api/v2/workflows", json=asked)).json()
        events = (await client.get(job["links"]["events"])).text
        assert '"event":"end"' in events
        assert (await client.get(job["links"]["status"])).json()["links"] == job["links"]
        stopped = await client.post(job["links"]["stop"], json={"job_id": job["job_id"]})
        assert stopped.status_code == 200
        stream = await client.post("/flows/api/v2/workflows", json={**asked, "stream": True})
        assert (await client.get(stream.headers["content-location"])).text == stream.text


@pytest.mark.parametrize("page", ["/flows", "/flows/docs", "/flows/docs/"])
async def test_pages_find_what_they_load(mounted, settings, page):
    async with client_of(mounted("/flows"), settings) as client:
        answer = await client.get(page)
        named = [part.split('"')[0] for part in answer.text.replace("src=", "href=").split('href="')[1:]]
        assert named
        for link in named:
            if not link.startswith("#"):
                assert (await client.get(answer.url.join(link))).status_code == 200, link


async def test_keys_are_asked_for_as_ever(mounted, settings):
    async with client_of(mounted("/flows", auto_login=False), settings) as client:
        assert (await client.get("/flows/health")).status_code == 200
        assert (await client.get("/flows/api/v1/flows/")).status_code == 403
        assert (await client.get("/flows/api/v2/workflows/jobs")).status_code == 401
        assert (await client.get("/flows/docs")).status_code == 200


async def test_whoever_comes_from_another_machine_needs_a_key_whatever_the_settings_say(mounted):
    app = mounted("/flows")
    async with app.router.lifespan_context(app):
        for host, status in (("192.0.2.7", 403), ("2001:db8::1", 403), ("127.0.0.2", 200), ("::1", 200)):
            transport = httpx2.ASGITransport(app=app, client=(host, 4711))
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                assert (await client.get("/flows/api/v1/flows/")).status_code == status


async def test_without_its_lifespan_it_says_what_is_missing(make_settings):
    app = Starlette(routes=[Mount("/flows", create_app(make_settings()))])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/flows/api/v1/flows/")
    assert answer.status_code == 503
    assert "lifespan" in answer.json()["detail"]
