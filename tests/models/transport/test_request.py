from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from langflow_lite.models.transport.request import encode_head, framed

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def head_of(method: str = "POST", url: str = "http://a.test/p?q=1", **options: object) -> bytes:
    return encode_head(httpx2.Request(method, url, **options)).content


def test_a_head_as_it_goes_out():
    assert head_of(content=b"hi", headers=[(b"X-Name", b"v\t\xc3\xa4")]) == (
        b"POST /p?q=1 HTTP/1.1\r\nHost: a.test\r\nX-Name: v\t\xc3\xa4\r\nContent-Length: 2\r\n\r\n"
    )


def test_a_get_has_no_framing():
    head = encode_head(httpx2.Request("GET", "http://a.test:8000"))
    assert head.content == b"GET / HTTP/1.1\r\nHost: a.test:8000\r\n\r\n"
    assert head.length == 0


def test_a_body_of_unknown_length_is_chunked():
    head = encode_head(httpx2.Request("POST", "http://a.test", content=pieces(b"x")))
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head.content
    assert head.length is None


def test_of_two_framings_only_chunks_go_out():
    headers = [("Content-Length", "5"), ("transfer-encoding", "Chunked")]
    head = encode_head(httpx2.Request("POST", "http://a.test", content=pieces(b"x"), headers=headers))
    assert b"ength" not in head.content
    assert head.length is None


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\x1b", "\x7f"])
def test_control_characters_are_never_sent(char: str):
    secret = f"sk-12{char}34"
    with pytest.raises(httpx2.LocalProtocolError, match="'Authorization'") as caught:
        head_of(headers={"Authorization": secret})
    assert secret not in str(caught.value)
    with pytest.raises(httpx2.LocalProtocolError, match="name of a header"):
        head_of(headers={f"X{char}Evil": "1"})
    with pytest.raises(httpx2.LocalProtocolError, match="is not a method"):
        head_of(method=f"GET{char}")


def test_a_header_with_a_whole_request_in_it_is_refused():
    with pytest.raises(httpx2.LocalProtocolError):
        head_of(headers={"X-A": "1\r\n\r\nGET /admin HTTP/1.1\r\nHost: b.test"})


@pytest.mark.parametrize("name", [b"", b"a b", b"a:b", b"\xe4"])
def test_header_names_are_tokens(name: bytes):
    with pytest.raises(httpx2.LocalProtocolError):
        head_of(headers=[(name, b"1")])


@pytest.mark.parametrize("method", ["CONNECT", "", "GET /x", "GÉT"])
def test_methods_that_cannot_be_sent(method: str):
    with pytest.raises(httpx2.LocalProtocolError):
        head_of(method=method)


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Content-Length", "-1")],
        [("Content-Length", "1, 1")],
        [("Content-Length", "0x10")],
        [("Transfer-Encoding", "gzip, chunked")],
    ],
)
def test_framings_that_contradict_themselves(headers: list[tuple[str, str]]):
    with pytest.raises(httpx2.LocalProtocolError):
        head_of(content=b"hello", headers=headers)


async def test_chunks():
    out = [piece async for piece in framed(pieces(b"hello", b"", b"x" * 17), None)]
    assert out == [b"5\r\nhello\r\n", b"11\r\n" + b"x" * 17 + b"\r\n", b"0\r\n\r\n"]


async def test_counted_pieces_pass_through():
    assert [piece async for piece in framed(pieces(b"he", b"llo"), 5)] == [b"he", b"llo"]


@pytest.mark.parametrize("length", [4, 6, 0])
async def test_a_body_of_another_length_is_refused(length: int):
    sent: list[bytes] = []

    async def send() -> None:
        async for piece in framed(pieces(b"he", b"llo"), length):
            sent.append(piece)

    with pytest.raises(httpx2.LocalProtocolError):
        await send()
    assert len(b"".join(sent)) <= length
