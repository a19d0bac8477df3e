"""Multipart bodies (RFC 7578): the one file of an upload, handed on while it arrives, or the fields of a form."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from langflow_lite.errors import BadRequest, InvalidRequest, PayloadTooLarge, Problem

__all__ = ["UploadedFile", "form_fields", "is_form", "read_upload"]

MAX_BOUNDARY = 70
MAX_PARTS = 100


def is_form(content_type: str) -> bool:
    """Whether a Content-Type header announces a multipart form."""
    return content_type.lower().startswith("multipart/form-data")


def form_fields(content_type: str, raw: bytes) -> dict[str, str]:
    """The text fields of a whole multipart body; files are passed over, and of two fields of a name the last counts.

    Raises `BadRequest` when it is malformed.
    """
    parts = _Parts(_boundary(content_type))
    parts.feed(raw)
    if not parts.ended:
        raise BadRequest("The multipart body has no end")
    fields: dict[str, str] = {}
    name = None
    for event in parts.events:
        if isinstance(event, dict):
            _, options = parse_options_header(event.get(b"content-disposition", b""))
            name = None if b"filename" in options else options.get(b"name", b"").decode("utf-8", "replace")
            content = b""
        elif event is not None:
            content = bytes(event)
        elif name:
            fields[name] = content.decode("utf-8", "replace")
    return fields


class UploadedFile:
    """A file in a multipart body. `filename` is a label from the client, never a path; `chunks` can be read once."""

    __slots__ = ("chunks", "content_type", "filename")

    def __init__(self, filename: str, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        self.filename = filename
        self.content_type = content_type
        self.chunks = chunks

    async def read(self, limit: int) -> bytes:
        """All of it; raises `PayloadTooLarge` beyond `limit` bytes."""
        content = bytearray()
        async for chunk in self.chunks:
            content += chunk
            if len(content) > limit:
                raise PayloadTooLarge(f"The file is larger than {limit // (1024 * 1024)} MB (LANGFLOW_MAX_BODY_SIZE)")
        return bytes(content)


async def read_upload(request: Request, field: str = "file") -> UploadedFile:
    """The file sent in `field`, as soon as its part begins; parts before it are skipped, parts after it never read.

    Raises `InvalidRequest` when the body is no multipart form or has no such file, `BadRequest` when it is malformed.
    """
    parts = _Parts(_boundary(request.headers.get("content-type", "")))
    stream = request.stream()
    async for chunk in stream:
        parts.feed(chunk)
        while parts.events:
            event = parts.events.popleft()
            if isinstance(event, dict):
                disposition, options = parse_options_header(event.get(b"content-disposition", b""))
                name = options.get(b"name", b"").decode("utf-8", "replace")
                if disposition == b"form-data" and name == field and b"filename" in options:
                    filename = options[b"filename"].decode("utf-8", "replace")
                    content_type = event.get(b"content-type", b"").decode("latin-1")
                    return UploadedFile(filename, content_type, _file_chunks(parts, stream))
    parts.finish()
    raise InvalidRequest(Problem("missing", ("body", field), "Field required: a file"))


async def _file_chunks(parts: _Parts, stream: Any) -> AsyncIterator[bytes]:
    async with aclosing(stream):
        while True:
            while parts.events:
                event = parts.events.popleft()
                if event is None:
                    return
                if isinstance(event, bytearray):
                    yield bytes(event)
            chunk = await anext(stream, None)
            if chunk is None:
                parts.finish()
                raise BadRequest("The multipart body ends in the middle of the file")
            parts.feed(chunk)


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise InvalidRequest(Problem("missing", ("body", "file"), "Send the file as multipart/form-data"))
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise BadRequest(f"The multipart boundary must have 1 to {MAX_BOUNDARY} characters")
    return boundary


class _Parts:
    """Parser callbacks turned into events: a dict of headers begins a part, bytes are its content, None ends it."""

    def __init__(self, boundary: bytes) -> None:
        self.events: deque[dict[bytes, bytes] | bytearray | None] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._name = b""
        self._value = b""
        self._count = 0
        self.ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        if not chunk:
            return
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadRequest(f"The multipart body is malformed: {error}") from None

    def finish(self) -> None:
        try:
            self._parser.finalize()
        except FormParserError as error:
            raise BadRequest(f"The multipart body is malformed: {error}") from None

    def _on_part_begin(self) -> None:
        self._headers = {}
        self._count += 1
        if self._count > MAX_PARTS:
            raise BadRequest(f"The multipart body has more than {MAX_PARTS} parts")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _on_headers_finished(self) -> None:
        self.events.append(self._headers)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        # The parser hands over some bodies byte by byte.
        if self.events and isinstance(self.events[-1], bytearray):
            self.events[-1] += data[start:end]
        else:
            self.events.append(bytearray(data[start:end]))

    def _on_part_end(self) -> None:
        self.events.append(None)

    def _on_end(self) -> None:
        self.ended = True
