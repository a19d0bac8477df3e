"""The files of the pages as they are sent."""

import gzip

import pytest

from langflow_lite.http.pages import PAGES

pytestmark = pytest.mark.anyio

PATHS = [endpoint.path for endpoint in PAGES]
MOST = 150_000
MOST_SENT = 65_000


async def raw(client, path, encoding):
    async with client.stream("GET", path, headers={"accept-encoding": encoding}) as answer:
        assert answer.status_code == 200
        assert answer.headers["vary"] == "accept-encoding"
        return answer.headers, b"".join([chunk async for chunk in answer.aiter_raw()])


@pytest.mark.parametrize("path", ["/", "/playground/app.js", "/playground/style.css"])
async def test_a_file_is_compressed_for_whoever_takes_that(client, path):
    plain_headers, plain = await raw(client, path, "gzip;q=0, br")
    headers, packed = await raw(client, path, "br, gzip")
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain)
    assert headers["etag"] != plain_headers["etag"]
    for etag, encoding in ((headers["etag"], "gzip"), (plain_headers["etag"], "identity")):
        again = await client.get(path, headers={"if-none-match": etag, "accept-encoding": encoding})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_page_is_small(client):
    paths = [path for path in PATHS if path == "/" or path.startswith("/playground/")]
    assert sum([len((await raw(client, path, "identity"))[1]) for path in paths]) < MOST
    assert sum([len((await raw(client, path, "gzip"))[1]) for path in paths]) < MOST_SENT
