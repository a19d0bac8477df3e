"""ResponseParser: the bytes of one response, in whatever pieces they come."""

from __future__ import annotations

import re

import httptools
import httpx2

__all__ = ["ResponseParser"]

_MAX_HEAD = 100 * 1024
_BODILESS = frozenset({204, 304})
_KEEP_ALIVE_TIMEOUT = re.compile(rb"timeout\s*=\s*([0-9]{1,6})", re.I)


class ResponseParser:
    """Reads one final response; interim ones (1xx) are passed over. It does no I/O.

    `feed` takes what was received, `feed_eof` the end of the connection; both raise `httpx2.RemoteProtocolError`. The
    body is whatever `take` returns until `is_complete`. A head may have 100 KB, as may everything else that is no body.
    """

    def __init__(self, *, to_head: bool = False) -> None:
        self.status = 0
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.has_begun = False
        self.has_head = False
        self.is_complete = False
        self.is_reusable = False
        """Whether the connection can carry another exchange after this one."""
        self.keep_alive_timeout: float | None = None
        """For how many seconds the server says that it keeps the idle connection."""
        self.buffered = 0
        """How many bytes `take` would return."""
        self._to_head = to_head
        self._until_close = False
        self._has_length = False
        self._coding = b""
        self._body: list[bytes] = []
        self._head_size = 0
        self._bytes_without_body = 0
        self._parser = httptools.HttpResponseParser(self)
        # What RFC 9112 allows a recipient to accept: sections 2.2 (a lone LF), 6.3 (both framings; `is_reusable` is
        # False then) and 7.1.1 (blanks after a chunk's size).
        self._parser.set_dangerous_leniencies(
            lenient_chunked_length=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    @property
    def http_version(self) -> bytes:
        """As a response shows it, for example `HTTP/1.1`."""
        return b"HTTP/" + self._parser.get_http_version().encode()

    def feed(self, data: bytes) -> None:
        """Take bytes from the connection; raises `httpx2.RemoteProtocolError` for what is no answer."""
        if self.is_complete:
            self.is_reusable = False
            return
        self.has_begun = True
        self._bytes_without_body += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise httpx2.RemoteProtocolError("the server switched protocols without being asked") from error
        except httptools.HttpParserError as error:
            self.is_reusable = False
            if not self.is_complete:
                raise httpx2.RemoteProtocolError(f"the answer is not HTTP: {error}") from error
        if self._head_size > _MAX_HEAD or (self._bytes_without_body > _MAX_HEAD and not self.is_complete):
            raise httpx2.RemoteProtocolError(f"the head of the answer has more than {_MAX_HEAD // 1024} KB")

    def feed_eof(self) -> None:
        """Take the end of the connection, which ends a body that was given neither a length nor chunks.

        Raises `httpx2.RemoteProtocolError` when something is missing of the answer.
        """
        self.is_reusable = False
        if self.has_head and self._until_close:
            self.is_complete = True
        elif not self.has_begun:
            raise httpx2.RemoteProtocolError("the server disconnected without an answer")
        elif not self.is_complete:
            raise httpx2.RemoteProtocolError("the connection ended in the middle of the answer")

    def take(self) -> bytes:
        """The bytes of the body that have come since the last time."""
        body = self._body
        if not body:
            return b""
        taken = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        self.buffered = 0
        return taken

    def on_message_begin(self) -> None:
        """Called by httptools at the first byte of a message."""
        if self.is_complete:
            self.is_reusable = False

    def on_status(self, status: bytes) -> None:
        """Called by httptools with a part of the reason phrase."""
        if not self.is_complete:
            self.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools with one header, or one trailer after the body."""
        self._head_size += len(name) + len(value) + 4
        if self.has_head or self._head_size > _MAX_HEAD:
            return
        self.headers.append((name, value))
        lowered = name.lower()
        if lowered == b"content-length":
            self._has_length = True
        elif lowered == b"transfer-encoding":
            self._coding = value.rpartition(b",")[2].strip().lower()
        elif lowered == b"keep-alive" and (found := _KEEP_ALIVE_TIMEOUT.search(value)):
            self.keep_alive_timeout = float(found[1])

    def on_headers_complete(self) -> None:
        """Called by httptools at the end of a head."""
        if self.has_head:
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        self.has_head = True
        self.is_reusable = self._parser.should_keep_alive() and not (self._coding and self._has_length)
        if self._to_head:
            # httptools cannot be told that no body follows, so this parser is done.
            self.is_complete = True
        elif self.status not in _BODILESS and self._coding != b"chunked":
            self._until_close = bool(self._coding) or not self._has_length

    def on_body(self, body: bytes) -> None:
        """Called by httptools with a piece of the body."""
        if self.is_complete:
            self.is_reusable = False
            return
        self._bytes_without_body = 0
        self.buffered += len(body)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by httptools at the end of a message."""
        if self.has_head:
            self.is_complete = True
            return
        self.reason = b""
        self.headers.clear()
        self._has_length = False
        self._coding = b""
