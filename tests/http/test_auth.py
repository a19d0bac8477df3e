import itertools
from urllib.parse import quote, unquote

import pytest

from langflow_lite.http.auth import FailureThrottle
from langflow_lite.http.errors import TooManyRequests
from langflow_lite.http.routes import ENDPOINTS, PUBLIC

from .conftest import calling, running

pytestmark = pytest.mark.anyio

SOME_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
# Public, so that a client is told how to call here; what they tell is that nobody is logged in.
LOGIN = {"/api/v1/auto_login", "/api/v1/login", "/api/v1/refresh"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get")

# What clients ask before they have a key; it answers, but lets nobody in.
LOGIN = {f"/api/v1/{name}" for name in ("auto_login", "login", "logout", "refresh", "session")}

CLOSED = [{"auto_login": False}, {"host": "0.0.0.0"}]
CLOSED_IDS = ["auto_login off", "not loopback"]


@pytest.fixture(params=CLOSED, ids=CLOSED_IDS)
async def closed(request, make_settings):
    """A client of an application that wants a key, and the key."""
    async with running(make_settings(**request.param)) as app, calling(app) as client:
        _, key = await app.state.runtime.api_keys.create("k")
        yield client, key


def spellings(path):
    yield path
    yield path.rstrip("/") + "/"
    yield path.rstrip("/")
    yield path.upper()
    yield path.replace("/api", "/API").replace("/health", "/Health").replace("/docs", "/Docs")
    yield path.replace("/", "//")
    yield "/" + path
    yield path + "/."
    yield "/health/.." + path
    yield "/health/%2e%2e" + path
    yield "/docs/..%2f.." + path
    yield path.replace("/", "%2f")
    yield "/" + quote(path[1:], safe="").replace("%2F", "/").replace("a", "%61")
    yield path + "%00"
    yield path + ";x=1"
    yield path + "?/health"


async def status_of(app, method, path, raw, query):
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 7860),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"]


@pytest.mark.parametrize("changes", CLOSED, ids=CLOSED_IDS)
async def test_without_a_key_no_spelling_of_any_route_gets_an_answer(make_settings, changes):
    async with running(make_settings(**changes)) as app:
        await try_all_spellings(app)


async def try_all_spellings(app):
    paths = {e.template.replace("{", "").replace("}", "") for e in ENDPOINTS}
    paths |= {e.template.replace("{flow_id}", SOME_ID).replace("{folder_id}", SOME_ID) for e in ENDPOINTS}
    tried = 0
    for path, method in itertools.product(sorted(paths), METHODS):
        for spelling in spellings(path):
            # As the server hands it over: decoded once, and nothing else done to it.
            raw, _, query = spelling.partition("?")
            status = await status_of(app, method, unquote(raw), raw, query)
            tried += 1
            if PUBLIC & {unquote(raw), unquote(raw).removesuffix("/")}:
                refused = (401, 403) if unquote(raw).removesuffix("/") in LOGIN else ()
                assert status in (200, 204, 307, 405, *refused), (method, spelling)
            else:
                # The router compares paths exactly, so another spelling of v2 is no v2 path, and refused like the rest.
                expected = 401 if unquote(raw).startswith("/api/v2/") else 403
                assert status == expected, (method, spelling)
    assert tried > 3_000


async def test_public_paths_answer_without_a_key(closed):
    client, _ = closed
    for path in {endpoint.path for endpoint in ENDPOINTS if endpoint.public and endpoint.method == "GET"}:
        assert (await client.get(path)).status_code in ((200, 403) if path in LOGIN else (200,)), path


async def test_every_place_for_a_key_works(closed):
    client, key = closed
    for options in (
        {"headers": {"x-api-key": key}},
        {"headers": {"X-API-KEY": f" {key} "}},
        {"headers": {"authorization": f"Bearer {key}"}},
        {"headers": {"authorization": f"bearer {key}"}},
        {"params": {"x-api-key": key}},
    ):
        assert (await client.get("/api/v1/flows/", **options)).status_code == 200, options


async def test_the_refusal_says_what_to_do(closed):
    client, _ = closed
    answer = await client.get("/api/v1/flows/")
    assert answer.status_code == 403
    assert "x-api-key" in answer.json()["detail"]
    assert (await client.get("/api/v2/workflows")).status_code == 401


async def test_empty_credentials_are_none_at_all(closed):
    client, _ = closed
    for headers in ({"x-api-key": ""}, {"authorization": "Bearer "}):
        answer = await client.get("/api/v1/flows/", headers=headers)
        assert (answer.status_code, "required" in answer.json()["detail"]) == (403, True)


FOR_A_PROXY = {"authorization": "Basic YTpi"}


async def test_credentials_for_a_proxy_in_front_are_no_wrong_key(client):
    assert (await client.get("/api/v1/flows/", headers=FOR_A_PROXY)).status_code == 200


async def test_credentials_for_a_proxy_in_front_are_no_key(closed):
    client, key = closed
    assert (await client.get("/api/v1/flows/", headers={**FOR_A_PROXY, "x-api-key": key})).status_code == 200
    answer = await client.get("/api/v1/flows/", headers=FOR_A_PROXY)
    assert (answer.status_code, "required" in answer.json()["detail"]) == (403, True)


WRONG = {
    "header": ({"headers": {"x-api-key": "sk-bad"}}, 403, "Invalid API key"),
    "query": ({"params": {"x-api-key": "sk-bad"}}, 403, "Invalid API key"),
    "bearer": ({"headers": {"authorization": "Bearer bad"}}, 401, "Invalid token"),
    "no scheme": ({"headers": {"authorization": "sk-bad"}}, 401, "Invalid token"),
}


@pytest.mark.parametrize("place", WRONG)
async def test_a_wrong_credential_is_refused_everywhere_even_where_none_is_needed(app, place):
    options, status, detail = WRONG[place]
    for endpoint in ENDPOINTS:
        # A throttle of its own for each, so that none answers 429.
        app.middleware_stack = None
        async with calling(app) as client:
            path = endpoint.template.replace("{flow_id}", SOME_ID)
            answer = await client.request(endpoint.method, path, **options)
        # On v2 it is 401 (seed document 3).
        expected = 401 if path.startswith("/api/v2/") else status
        assert (answer.status_code, answer.json()["detail"]) == (expected, detail), endpoint.path
        if expected == 401:
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_wrong_key_is_401_on_v2(client):
    answer = await client.post("/api/v2/workflows", headers={"x-api-key": "sk-bad"})
    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid API key")


async def test_each_credential_presented_must_be_valid(closed):
    client, key = closed
    good, bad = {"x-api-key": key}, {"authorization": "Bearer bad"}
    assert (await client.get("/api/v1/flows/", headers={**good, **bad})).status_code == 401
    twice = [("x-api-key", key), ("x-api-key", "sk-bad")]
    assert (await client.get("/api/v1/flows/", headers=twice)).status_code == 403
    assert (await client.get("/api/v1/flows/?x-api-key=sk-bad", headers=good)).status_code == 403


async def test_the_query_form_can_be_switched_off(make_settings):
    async with running(make_settings(auto_login=False, api_key_in_query=False)) as app, calling(app) as client:
        _, key = await app.state.runtime.api_keys.create()
        assert (await client.get("/api/v1/flows/", params={"x-api-key": key})).status_code == 403


async def test_the_sixth_wrong_key_in_a_minute_is_429_and_the_right_one_still_works(closed):
    client, key = closed
    statuses = []
    for number in range(7):
        headers = {"x-api-key": f"sk-{number}", "x-forwarded-for": f"192.0.2.{number}"}
        statuses.append((await client.get("/api/v1/flows/", headers=headers)).status_code)
    assert statuses == [403] * 5 + [429] * 2
    answer = await client.get("/api/v1/flows/", headers={"x-api-key": "sk-9"})
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert (await client.get("/api/v1/flows/", headers={"x-api-key": key})).status_code == 200


async def test_keys_never_appear_in_the_log(closed, caplog):
    client, key = closed
    caplog.set_level("DEBUG", logger="langflow_lite")
    await client.get(f"/api/v1/flows/?x-api-key={key}")
    await client.get("/api/v1/flows/?x-api-key=sk-wrong-canary")
    assert key not in caplog.text
    assert "wrong-canary" not in caplog.text


def test_throttle_forgets_after_the_window_and_keeps_peers_apart():
    now = 0.0
    throttle = FailureThrottle(clock=lambda: now)
    for _ in range(5):
        throttle.fail("a")
    with pytest.raises(TooManyRequests) as refused:
        throttle.fail("a")
    assert refused.value.retry_after == 60
    throttle.fail("b")
    now = 60.0
    throttle.fail("a")


def test_throttle_memory_is_bounded():
    throttle = FailureThrottle()
    for number in range(FailureThrottle.MAX_PEERS + 10):
        throttle.fail(str(number))
    assert len(throttle._failures) == FailureThrottle.MAX_PEERS
