from __future__ import annotations

from dataclasses import dataclass

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langflow_lite.models.transport.response import ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\nX: y\r\n\r\n"


@dataclass
class Parsed:
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    is_complete: bool
    is_reusable: bool


def parse(*pieces: bytes, to_head: bool = False, eof: bool = False) -> Parsed:
    parser = ResponseParser(to_head=to_head)
    body = b""
    for piece in pieces:
        parser.feed(piece)
        body += parser.take()
    if eof:
        parser.feed_eof()
    return Parsed(parser.status, parser.reason, parser.headers, body, parser.is_complete, parser.is_reusable)


def test_a_body_of_known_length():
    parsed = parse(OK + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
    assert (parsed.status, parsed.reason, parsed.body) == (200, b"OK", b"hello")
    assert parsed.headers == [(b"Content-Type", b"text/plain"), (b"Content-Length", b"5")]
    assert parsed.is_complete
    assert parsed.is_reusable


def test_a_chunked_body_with_extensions_and_trailers():
    parsed = parse(CHUNKED + b"5;a=b\r\nhello\r\n6 \r\n world\r\n0\r\nTrailer: z\r\n\r\n")
    assert parsed.body == b"hello world"
    assert [name for name, _ in parsed.headers] == [b"Transfer-Encoding", b"X"]
    assert parsed.is_complete
    assert parsed.is_reusable


@pytest.mark.parametrize("head", [OK + b"\r\n", b"HTTP/1.0 200 OK\r\n\r\n", OK + b"Transfer-Encoding: gzip\r\n\r\n"])
def test_a_body_that_ends_with_the_connection(head: bytes):
    assert not parse(head, b"hello").is_complete
    parsed = parse(head, b"hello", b" world", eof=True)
    assert parsed.body == b"hello world"
    assert parsed.is_complete
    assert not parsed.is_reusable


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("header", [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_answers_that_never_have_a_body(status: int, header: bytes):
    parsed = parse(b"HTTP/1.1 %d X\r\n%s\r\n" % (status, header))
    assert parsed.is_complete
    assert parsed.is_reusable


def test_the_answer_to_head_has_no_body_whatever_its_length_says():
    parsed = parse(OK + b"Content-Length: 5\r\n\r\n", to_head=True)
    assert parsed.is_complete
    assert parsed.is_reusable
    assert parsed.body == b""


def test_interim_answers_are_passed_over():
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 3\r\n\r\n"
    parsed = parse(interim + OK + b"Content-Length: 2\r\n\r\nhi")
    assert (parsed.status, parsed.reason, parsed.body) == (200, b"OK", b"hi")
    assert parsed.headers == [(b"Content-Length", b"2")]
    assert parsed.is_reusable


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        OK + b"Content-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK + b"Content-Length: 2\r\n\r\nhi garbage",
    ],
    ids=["close", "1.0", "two framings", "second answer", "garbage after"],
)
def test_the_connection_is_not_used_again_after(answer: bytes):
    parsed = parse(answer)
    assert (parsed.status, parsed.body) == (200, b"hi")
    assert parsed.is_complete
    assert not parsed.is_reusable


def test_the_body_that_must_not_follow_a_head_request_is_not_taken_for_an_answer():
    parsed = parse(OK + b"Content-Length: 4\r\n\r\n", b"evil", to_head=True)
    assert parsed.body == b""
    assert not parsed.is_reusable


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "is not HTTP"),
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n", "is not HTTP"),
        (OK + b"Content-Length: two\r\n\r\n", "is not HTTP"),
        (CHUNKED + b"xyz\r\n", "is not HTTP"),
        (OK + b"X: a\0b\r\n\r\n", "is not HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "switched protocols"),
        (OK + b"X: " + b"a" * 200_000, "more than 100 KB"),
        (OK + b"X: y\r\n" * 40_000 + b"Content-Length: 2\r\n\r\nhi", "more than 100 KB"),
        (b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 20_000, "more than 100 KB"),
        (CHUNKED + b"2\r\nhi\r\n0\r\nT: " + b"a" * 200_000, "more than 100 KB"),
        (CHUNKED + b"2;" + b"a" * 200_000, "more than 100 KB"),
    ],
)
@pytest.mark.parametrize("size", [1000, 65536])
def test_what_is_wrong_is_refused(answer: bytes, problem: str, size: int):
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    with pytest.raises(httpx2.RemoteProtocolError, match=problem):
        parse(*pieces)


def test_a_head_that_is_too_large_is_refused_in_one_piece_too():
    with pytest.raises(httpx2.RemoteProtocolError, match="more than 100 KB"):
        parse(OK + b"X: y\r\n" * 40_000 + b"Content-Length: 2\r\n\r\nhi")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "without an answer"),
        (OK, "in the middle"),
        (OK + b"Content-Length: 5\r\n\r\nhell", "in the middle"),
        (CHUNKED + b"5\r\nhello\r\n", "in the middle"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "in the middle"),
    ],
)
def test_an_end_before_the_end(answer: bytes, problem: str):
    with pytest.raises(httpx2.RemoteProtocolError, match=problem):
        parse(*([answer] if answer else []), eof=True)


def test_what_the_server_says_about_keeping_the_connection():
    parser = ResponseParser()
    parser.feed(OK + b"Keep-Alive: max=99, Timeout=5\r\nContent-Length: 0\r\n\r\n")
    assert parser.keep_alive_timeout == 5


bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """The bytes of an answer, and its body."""
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n"]))
    status = draw(st.sampled_from([b"200 OK", b"404 Not Found", b"500 ", b"204 No Content"]))
    name = draw(st.sampled_from([b"X-A", b"Set-Cookie", b"content-type"]))
    value = draw(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)).encode()
    pieces = draw(bodies)
    head = interim + b"HTTP/1.1 " + status + b"\r\n" + name + b": " + value + b"\r\n"
    if status.startswith(b"204"):
        return head + b"\r\n", b""
    body = b"".join(pieces)
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "length":
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body, body
    if framing == "close":
        return head + b"\r\n" + body, body
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n", body


@settings(deadline=None)
@given(answers(), st.lists(st.integers(min_value=0, max_value=400), max_size=30))
def test_any_cutting_of_the_bytes_gives_the_same_answer(answer: tuple[bytes, bytes], cuts: list[int]):
    content, body = answer
    places = sorted({min(cut, len(content)) for cut in cuts})
    pieces = [content[a:b] for a, b in zip([0, *places], [*places, len(content)], strict=True) if a < b]
    whole = parse(content)
    assert parse(*pieces) == whole
    assert whole.body == body
    assert parse(*pieces, eof=True).is_complete
