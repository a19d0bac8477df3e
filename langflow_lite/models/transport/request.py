"""Requests as bytes: the head, and the framing of the body."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass

import httpx2

__all__ = ["IDEMPOTENT", "RequestHead", "encode_head", "framed"]

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that may be sent again when nobody knows whether they arrived (RFC 9110 section 9.2.2)."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(rb"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The bytes of a head, and how the body after it is framed: `length` bytes, or in chunks when that is None."""

    content: bytes
    length: int | None
    closes: bool
    """Whether the request asks for the connection to be closed after its answer."""


def encode_head(request: httpx2.Request) -> RequestHead:
    """The head of a request.

    Raises `httpx2.LocalProtocolError` for what would read as something else on the other side: line breaks and other
    control characters in the target or a header, and lengths that contradict each other. Values are never shown, for
    they may be secret.
    """
    method = request.method.encode("ascii", "replace")
    target = request.url.raw_path
    if not _TOKEN.fullmatch(method) or method == b"CONNECT":
        raise httpx2.LocalProtocolError(f"{request.method[:40]!r} is not a method that can be sent")
    if not _TARGET.fullmatch(target):
        raise httpx2.LocalProtocolError("the path of the URL has characters that cannot be sent")
    lines = [b"%s %s HTTP/1.1" % (method, target)]
    lengths: set[bytes] = set()
    chunked = closes = False
    for name, value in request.headers.raw:
        if not _TOKEN.fullmatch(name):
            raise httpx2.LocalProtocolError(f"{_shown(name)} is not the name of a header")
        if not _VALUE.fullmatch(value):
            raise httpx2.LocalProtocolError(f"the header {_shown(name)} has characters that cannot be sent")
        lowered = name.lower()
        if lowered == b"content-length":
            lengths.add(value.strip())
            continue
        if lowered == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise httpx2.LocalProtocolError("the only transfer-encoding of a request is chunked")
            chunked = True
            continue
        if lowered == b"connection" and b"close" in value.lower():
            closes = True
        lines.append(b"%s: %s" % (name, value))
    length = None
    if chunked:
        # A length beside it is left out: two framings in one head are how requests are smuggled (RFC 9112, 6.1).
        lines.append(b"Transfer-Encoding: chunked")
    elif lengths:
        only = lengths.pop()
        if lengths or not _LENGTH.fullmatch(only):
            raise httpx2.LocalProtocolError("the content-length is not one number")
        length = int(only)
        lines.append(b"Content-Length: %d" % length)
    else:
        length = 0
    return RequestHead(b"\r\n".join((*lines, b"", b"")), length, closes)


async def framed(body: AsyncIterable[bytes], length: int | None) -> AsyncGenerator[bytes]:
    """The pieces of a body as they go out: in chunks when there is no length, else counted.

    Raises `httpx2.LocalProtocolError` when the body is not as long as the head says.
    """
    if length is None:
        async for piece in body:
            if piece:
                yield b"%x\r\n%s\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"
        return
    left = length
    async for piece in body:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise httpx2.LocalProtocolError("the body is not as long as its content-length says")


def _shown(name: bytes) -> str:
    return repr(name[:40].decode("latin-1"))
