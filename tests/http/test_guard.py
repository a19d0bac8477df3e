import pytest

from .conftest import calling, running

pytestmark = pytest.mark.anyio

OURS = ["localhost", "localhost:7860", "LOCALHOST:1", "127.0.0.1:7860", "[::1]", "[::1]:7860", "localhost."]
FOREIGN = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "192.168.1.5:7860",
    "evil.example:7860",
    "0.0.0.0",
]
NONSENSE = [
    "a b",
    "localhost:port",
    "localhost:123456",
    "http://localhost",
    "localhost/x",
    "user@localhost",
    "[::1",
    "",
]


@pytest.mark.parametrize("host", OURS)
async def test_our_names_are_let_in(client, host):
    assert (await client.get("/health", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
async def test_foreign_hosts_are_421_and_told_the_setting(client, host):
    answer = await client.get("/health", headers={"host": host})
    assert answer.status_code == 421
    assert "LANGFLOW_ALLOWED_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize("host", NONSENSE)
async def test_nonsense_hosts_are_400(client, host):
    assert (await client.get("/health", headers={"host": host})).status_code == 400


async def test_more_than_one_host_is_400(client):
    answer = await client.get("/health", headers=[("host", "localhost"), ("host", "localhost")])
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("changes", "host", "status"),
    [
        ({"allowed_hosts": ("flows.example",)}, "flows.example:443", 200),
        ({"allowed_hosts": ("flows.example",)}, "other.example", 421),
        ({"allowed_hosts": ("*",)}, "any.example", 200),
        ({"host": "10.1.2.3"}, "10.1.2.3:7860", 200),
        ({"host": "10.1.2.3"}, "10.1.2.4", 421),
        ({"host": "0.0.0.0"}, "10.1.2.3:7860", 200),
        ({"host": "::"}, "[2001:db8::1]:7860", 200),
        ({"host": "0.0.0.0"}, "rebound.example", 421),
        ({"host": "0.0.0.0"}, "1.2.3.4.example", 421),
    ],
)
async def test_hosts_come_from_the_settings(make_settings, changes, host, status):
    async with running(make_settings(**changes)) as app, calling(app) as client:
        assert (await client.get("/health", headers={"host": host})).status_code == status


CROSS = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:3000"},
    {"origin": "http://localhost.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
]
OWN = [
    {},
    {"origin": "http://localhost"},
    {"origin": "https://localhost"},
    {"sec-fetch-site": "same-origin", "origin": "http://localhost"},
    {"sec-fetch-site": "none"},
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", CROSS, ids=str)
async def test_other_sites_may_not_change_anything_even_with_a_key(client, runtime, method, headers):
    _, key = await runtime.api_keys.create()
    answer = await client.request(method, "/api/v1/flows/", headers={**headers, "x-api-key": key}, json={"name": "f"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert runtime.flows.list() == []


@pytest.mark.parametrize("headers", OWN, ids=str)
async def test_our_own_pages_and_programs_may(client, headers):
    assert (await client.post("/api/v1/flows/", headers=headers, json={"name": "f"})).status_code == 201


@pytest.mark.parametrize("headers", CROSS, ids=str)
async def test_other_sites_get_no_permission_to_read(client, headers):
    answer = await client.get("/api/v1/flows/", headers=headers)
    assert "access-control-allow-origin" not in answer.headers


async def test_allowed_origins_may_call_and_read_errors_too(make_settings):
    async with running(make_settings(cors_origins=("https://app.example",))) as app, calling(app) as client:
        headers = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}
        for answer in (
            await client.post("/api/v1/flows/", headers=headers, json={"name": "f"}),
            await client.get("/nowhere", headers=headers),
        ):
            assert answer.headers["access-control-allow-origin"] == "https://app.example"
            assert answer.headers["vary"] == "Origin"
            assert "access-control-allow-credentials" not in answer.headers
        other = await client.post("/api/v1/flows/", headers={"origin": "https://app.example.evil"}, json={"name": "f"})
        assert other.status_code == 403


async def test_preflights_are_answered_for_allowed_origins_only(make_settings):
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-api-key"}
    settings = make_settings(cors_origins=("https://app.example",), auto_login=False)
    async with running(settings) as app, calling(app) as client:
        allowed = await client.options("/api/v1/flows/", headers={"origin": "https://app.example", **ask})
        assert allowed.status_code == 204
        assert "POST" in allowed.headers["access-control-allow-methods"]
        assert allowed.headers["access-control-allow-headers"] == "content-type,x-api-key"
        other = await client.options("/api/v1/flows/", headers={"origin": "https://evil.example", **ask})
        assert other.status_code == 403
        assert "access-control-allow-origin" not in other.headers


async def test_head_limits(client):
    many = await client.get("/health", headers=[(f"x-{n}", "1") for n in range(200)])
    assert many.status_code == 431
    large = await client.get("/health", headers={"x": "a" * 40_000})
    assert large.status_code == 431
    long = await client.get("/health?" + "a" * 20_000)
    assert long.status_code == 414


@pytest.mark.parametrize(
    ("length", "status"),
    [("9" * 5_000, 413), ("999999999999", 413), ("0" * 5_000 + "2", 201), ("-1", 400), ("1e3", 400)],
)
async def test_content_lengths_are_checked(client, length, status):
    body = b'{"name":"f"}'
    answer = await client.post("/api/v1/flows/", headers={"content-length": length}, content=body)
    assert answer.status_code == status


async def test_uploads_have_a_limit_of_their_own(make_settings):
    async with running(make_settings(max_body_size=1, max_file_size_upload=2)) as app, calling(app) as client:
        flow = (await client.post("/api/v1/flows/", json={"name": "f"})).json()
        path = f"/api/v1/files/upload/{flow['id']}"
        megabyte = 2**20
        assert (await client.post(path, files={"file": ("a", b"x" * 2 * megabyte)})).status_code == 201
        assert (await client.post(path, files={"file": ("a", b"x" * (2 * megabyte + 1))})).status_code == 413
        assert (await client.post(path, files={"file": ("a", b"x" * 3 * megabyte)})).status_code == 413
        # A JSON endpoint does not get the larger limit by calling its body something else.
        disguised = {"content-type": "multipart/form-data; boundary=x"}
        refused = await client.post("/api/v1/flows/", headers=disguised, content=b" " * (megabyte + 1))
        assert refused.status_code == 413
        left = list((app.state.runtime.settings.data_dir / "files").iterdir())
        assert len(left) == 1
