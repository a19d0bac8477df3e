import errno
import json

import msgspec
import pytest
from starlette.applications import Starlette

from langflow_lite.errors import BadRequest
from langflow_lite.http.endpoint import Api, Endpoint
from langflow_lite.http.errors import ErrorBoundary

from .conftest import calling

pytestmark = pytest.mark.anyio


class Body(msgspec.Struct):
    name: str
    count: int = 0
    nested: dict[str, list[int]] = {}
    raw: msgspec.Raw = msgspec.Raw(b"null")


class Optional(msgspec.Struct):
    name: str = "default"


async def echo(call):
    return call.body


async def echo_bytes(call):
    return {"size": len(call.body)}


async def params(call):
    return call.params


async def fail(call):
    raise RuntimeError("the secret inside")


async def refuse(call):
    raise BadRequest("no")


def endpoint(method, path, handler, **options):
    return Endpoint(method=method, path=path, handler=handler, summary="s", tag="t", **options)


ENDPOINTS = (
    endpoint("POST", "/body", echo, body=Body),
    endpoint("POST", "/optional", echo, body=Optional),
    endpoint("POST", "/bytes", echo_bytes, body=bytes),
    endpoint("GET", "/things/", params),
    endpoint("GET", "/things/{thing_id:uuid}", params),
    endpoint("GET", "/things/special", params),
    endpoint("GET", "/things/{name}/parts/{part}", params),
    endpoint("DELETE", "/things/", refuse, status=204),
    endpoint("GET", "/fail", fail),
)


@pytest.fixture
async def client(settings):
    api = Starlette()
    api.router.redirect_slashes = False
    api.router.default = ErrorBoundary(Api(ENDPOINTS))

    class Runtime:
        pass

    Runtime.settings = settings
    api.state.runtime = Runtime
    async with calling(api) as client:
        yield client


def deep(levels):
    return b'{"name": "x", "nested": ' + b"[" * levels + b"]" * levels + b"}"


MALFORMED = {
    "not JSON": (b"{bad", ["body", 1], "json_invalid"),
    "cut off": (b'{"name": "a"', ["body", 12], "json_invalid"),
    "white space only": (b"  ", ["body", 2], "json_invalid"),
    "more after the end": (b'{"name": "a"} x', ["body", 15], "json_invalid"),
    "bad UTF-8": (b'{"name": "\xff"}', ["body", 10], "json_invalid"),
    "lone surrogate": (b'{"name": "\\ud800"}', ["body", 18], "json_invalid"),
    "NaN": (b'{"name": NaN}', ["body", 9], "json_invalid"),
    "1e400": (b'{"name": "a", "count": 1e400}', ["body", "count"], "value_error"),
    "2,000 levels": (deep(2_000), ["body"], "json_invalid"),
    "a million levels": (deep(1_000_000), ["body"], "json_invalid"),
    "a million opening brackets": (b"[" * 1_000_000, ["body"], "json_invalid"),
    "129 levels": (deep(128), ["body"], "json_invalid"),
    "nothing": (b"", ["body"], "missing"),
    "null": (b"null", ["body"], "dict_type"),
    "a list": (b"[]", ["body"], "dict_type"),
    "missing field": (b"{}", ["body", "name"], "missing"),
    "wrong type": (b'{"name": 5}', ["body", "name"], "string_type"),
    "wrong type inside": (b'{"name": "a", "nested": {"k": [1, "x"]}}', ["body", "nested", 1], "int_type"),
    "number in words": (b'{"name": "a", "count": "many"}', ["body", "count"], "int_type"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_bad_body_is_422_and_names_the_place(client, name):
    raw, loc, kind = MALFORMED[name]
    answer = await client.post("/body", content=raw)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert (problem["loc"], problem["type"]) == (loc, kind)
    assert problem["msg"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'{"name": "a", "name": "b"}', {"name": "b"}),
        (b'\xef\xbb\xbf{"name": "a"}', {"name": "a"}),
        (b'{"name": "a", "unknown": {"x": [1]}}', {"name": "a"}),
        (b'{"name": "a", "count": "7"}', {"count": 7}),
        (b'{"name": "' + b"[{" * 5_000 + b'"}', {"name": "[{" * 5_000}),
        (b'{"name": "a\\"' + b"[" * 5_000 + b'\\\\"}', {"name": 'a"' + "[" * 5_000 + "\\"}),
        (deep(100).replace(b"nested", b"other"), {"name": "x"}),
        (b'{"name": "a", "raw": {"k":  [1.0, 2]}}', {"raw": {"k": [1.0, 2]}}),
    ],
    ids=["last key wins", "BOM", "unknown key", "number as text", "brackets in text", "escapes", "100 deep", "raw"],
)
async def test_a_good_body_is_decoded(client, raw, shown):
    answer = await client.post("/body", content=raw)
    assert answer.status_code == 200, answer.text
    assert shown.items() <= answer.json().items()


@pytest.mark.parametrize("raw", [b"", b"null", b"{}"])
async def test_where_everything_is_optional_an_empty_body_means_the_defaults(client, raw):
    assert (await client.post("/optional", content=raw)).json() == {"name": "default"}


async def test_unterminated_text_is_scanned_in_linear_time(client):
    raw = b"[" * 200 + b'"' + b'\\"' * 2_000_000
    assert (await client.post("/body", content=raw)).status_code == 422


async def test_of_two_values_for_a_key_the_last_counts(client):
    answer = await client.post("/body", content=b'{"name": "a", "count": 1, "name": "b"}')
    assert answer.json()["name"] == "b"


async def test_raw_bodies_are_handed_on(client):
    assert (await client.post("/bytes", content=b"\xff{")).json() == {"size": 2}


async def test_a_body_over_the_limit_is_413_even_without_a_guard(client, settings):
    answer = await client.post("/bytes", content=b"x" * (settings.max_body_size * 2**20 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/things", "/things/"])
async def test_both_forms_of_a_path_are_answered(client, path):
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (200, {})


async def test_literal_segments_win_over_parameters(client):
    assert (await client.get("/things/special")).json() == {}
    assert (await client.get("/things/special/parts/a%20b")).json() == {"name": "special", "part": "a b"}


@pytest.mark.parametrize("path", ["/", "/thing", "/things//", "//things", "/things/a/parts", "/THINGS", "/body/x"])
async def test_unknown_paths_are_404(client, path):
    answer = await client.get("http://localhost" + path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def test_uuids_are_normalised_and_anything_else_refused(client):
    shown = await client.get("/things/3FA85F64-5717-4562-B3FC-2C963F66AFA6")
    assert shown.json() == {"thing_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6"}
    refused = await client.get("/things/3fa85f64")
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["path", "thing_id"])


async def test_other_methods(client):
    refused = await client.put("/things/")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD, OPTIONS")
    assert refused.json() == {"detail": "Method Not Allowed"}
    options = await client.options("/things/")
    assert (options.status_code, options.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")
    assert (await client.head("/things/")).status_code == 200


async def test_an_unexpected_error_shows_an_id_and_logs_the_rest(client, caplog):
    answer = await client.get("/fail?x-api-key=canary")
    assert answer.status_code == 500
    body = answer.json()
    assert body["detail"] == "Internal Server Error"
    assert "secret" not in answer.text
    assert body["error_id"] in caplog.text
    assert "the secret inside" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (ImportError("_lib.so: cannot open shared object file: Too many open files"), "ulimit -n"),
        (ImportError("_lib.so: failed to map segment from shared object"), "memory"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (MemoryError(), "memory"),
        (ExceptionGroup("", [OSError(errno.ENOMEM, "Cannot allocate memory")]), "memory"),
    ],
    ids=["descriptors", "a shared library", "room for one", "threads", "memory", "in a task"],
)
async def test_a_shortage_says_what_is_short_and_when_to_come_back(caplog, error, word):
    async def short(scope, receive, send):
        raise error

    async with calling(ErrorBoundary(short)) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert word in answer.json()["detail"]
    assert [record.exc_info for record in caplog.records] == [None]


async def test_known_errors_carry_their_status_and_every_answer_the_security_headers(client):
    answer = await client.delete("/things/")
    assert (answer.status_code, json.loads(answer.content)) == (400, {"detail": "no"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"


async def test_requests_outside_of_the_lifespan_are_503():
    api = Starlette()
    api.router.default = ErrorBoundary(Api(ENDPOINTS))
    async with calling(api) as client:
        answer = await client.get("/things/special")
    assert answer.status_code == 503
    assert "lifespan" in answer.json()["detail"]


def test_two_endpoints_for_the_same_thing_are_refused():
    with pytest.raises(ValueError, match="GET /fail"):
        Api((*ENDPOINTS, ENDPOINTS[-1]))
