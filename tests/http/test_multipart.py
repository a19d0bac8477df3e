import pytest
from starlette.requests import Request

from langflow_lite.errors import BadRequest, InvalidRequest, LangflowError, PayloadTooLarge
from langflow_lite.http.multipart import MAX_PARTS, read_upload

pytestmark = pytest.mark.anyio

PART = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\nContent-Type: text/x\r\n\r\n%s\r\n'


def request_of(body, *, pieces=1, content_type="multipart/form-data; boundary=b"):
    size = max(1, -(-len(body) // pieces))
    chunks = [body[i : i + size] for i in range(0, len(body), size)] or [b""]

    async def receive():
        chunk = chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    headers = [(b"content-type", content_type.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


def part(name, content, filename=None):
    return PART % (name.encode(), b'; filename="%s"' % filename if filename is not None else b"", content)


CONTENT = bytes(range(256)) * 3 + b"\r\n--not the boundary\r\n"
BODY = part("note", b"text") + part("file", CONTENT, b"a.bin") + part("after", b"z") + b"--b--\r\n"


@pytest.mark.parametrize("pieces", [1, 2, 7, len(BODY)])
async def test_the_file_arrives_whole_however_the_body_is_cut(pieces):
    upload = await read_upload(request_of(BODY, pieces=pieces))
    assert (upload.filename, upload.content_type) == ("a.bin", "text/x")
    assert b"".join([chunk async for chunk in upload.chunks]) == CONTENT


async def test_reading_it_all_has_a_limit():
    with pytest.raises(PayloadTooLarge):
        await (await read_upload(request_of(BODY))).read(len(CONTENT) - 1)
    assert await (await read_upload(request_of(BODY))).read(len(CONTENT)) == CONTENT


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", InvalidRequest),
        (part("other", b"x", b"a") + b"--b--\r\n", InvalidRequest),
        (part("file", b"no file name") + b"--b--\r\n", InvalidRequest),
        (b"--other\r\n\r\n", BadRequest),
        (b"--b\r\nno colon\r\n\r\n", BadRequest),
        (part("x", b"") * (MAX_PARTS + 1) + b"--b--\r\n", BadRequest),
        (b"--b\r\nX: " + b"a" * 2**20 + b"\r\n\r\n", BadRequest),
        (b"--b\r\n" + b"X: a\r\n" * 100_000, BadRequest),
    ],
    ids=[
        "empty",
        "another field",
        "a plain field",
        "another boundary",
        "no header",
        "many parts",
        "long header",
        "many headers",
    ],
)
async def test_other_bodies_are_refused(body, error):
    with pytest.raises(error):
        await read_upload(request_of(body, pieces=5))


@pytest.mark.parametrize("length", [0, 3, len(CONTENT)], ids=["before it", "in it", "after it"])
async def test_a_body_that_ends_before_the_file_does_is_refused(length):
    cut = BODY[: BODY.index(CONTENT) + length]
    with pytest.raises(BadRequest):
        await (await read_upload(request_of(cut))).read(10_000)


async def test_a_file_of_line_ends_takes_no_longer_than_another():
    content = b"\r\n" * 2**20
    upload = await read_upload(request_of(part("file", content, b"a") + b"--b--\r\n", pieces=3))
    assert await upload.read(2**22) == content


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=" + "b" * 71,
        "multipart/mixed; boundary=b",
        "",
    ],
)
async def test_the_content_type_must_be_a_form_with_a_sane_boundary(content_type):
    with pytest.raises(LangflowError) as refused:
        await read_upload(request_of(BODY, content_type=content_type))
    assert refused.value.status in (400, 422)
