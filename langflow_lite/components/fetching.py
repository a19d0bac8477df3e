"""Calls to addresses that a flow names: bounded in size and time, with one kind of failure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio

from langflow_lite.context import RunContext
from langflow_lite.errors import OutboundRefused

__all__ = ["FetchFailed", "Fetched", "fetch", "full_url", "header_rows"]

PAGE_LIMIT = 10 * 1024 * 1024
"""Most bytes of one answer, after decompression."""

_EXTRA_TIME = 60.0
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class FetchFailed(ValueError):
    """The address could not be called or its answer not be read; `status` is the HTTP status if there was one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: `url` is where redirects led, `headers` have lower-case names, `history` are the redirects passed."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    history: tuple[str, ...] = ()

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def text(self) -> str:
        """The body as text: by the charset of the header, else that of an HTML `meta` tag, else UTF-8."""
        for name in (_charset(self.headers.get("content-type", "")), _meta_charset(self.content)):
            if name:
                return self.content.decode(name, errors="replace")
        return self.content.decode("utf-8-sig", errors="replace")

    def check(self) -> None:
        """Raise `FetchFailed` unless the status says success."""
        if self.status >= 400:
            raise FetchFailed(f"{self.url} answered with status {self.status}", self.status)


async def fetch(
    ctx: RunContext,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    content: bytes | None = None,
    json: Any = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - it limits each step of the exchange, not only the whole
    follow_redirects: bool = True,
    trusted: bool = False,
    limit: int = PAGE_LIMIT,
) -> Fetched:
    """Call an address and read the whole answer, at most `limit` bytes.

    Every connection, those of redirects too, obeys the outbound rules unless `trusted`, which is for addresses of the
    operator or of this program. `timeout` is in seconds and for each step; the whole may take a minute longer. Raises
    `FetchFailed`; a status of 400 or more is an answer, not a failure.
    """
    import httpx2

    seconds = timeout if timeout > 0 else 30.0
    try:
        with anyio.fail_after(seconds + _EXTRA_TIME):
            client = ctx.outbound.client(trusted=trusted)
            request = client.build_request(
                method,
                url,
                headers=dict(headers or {}),
                params=dict(params) if params else None,
                content=content,
                json=json,
                timeout=httpx2.Timeout(seconds),
            )
            response = await client.send(request, stream=True, follow_redirects=follow_redirects)
            try:
                body = await _read(response, limit)
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
    except OutboundRefused as error:
        raise FetchFailed(error.message) from error
    except TimeoutError as error:
        raise FetchFailed(f"{url} took longer than {seconds + _EXTRA_TIME:g} seconds") from error
    except httpx2.TimeoutException as error:
        raise FetchFailed(f"{url} did not answer within {seconds:g} seconds") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, ValueError) as error:
        if isinstance(error, FetchFailed):
            raise
        raise FetchFailed(f"{url} cannot be reached: {error or type(error).__name__}") from error
    return Fetched(
        url=str(response.url),
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        content=body,
        history=tuple(str(earlier.url) for earlier in response.history),
    )


async def _read(response: Any, limit: int) -> bytes:
    parts = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise FetchFailed(f"{response.url} sent more than {limit // 2**20} MB")
        parts.append(chunk)
    return b"".join(parts)


def full_url(text: str, *, scheme: str = "https") -> str:
    """The address with a scheme put before a bare host; raises `ValueError` for anything but HTTP and a host."""
    url = text.strip()
    if not _SCHEME.match(url):
        url = f"{scheme}://{url}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme.lower() not in ("http", "https") or re.search(r"\s", url):
        raise ValueError(f"Invalid URL: {text.strip()[:200]}")
    return url


def header_rows(rows: Any) -> dict[str, str]:
    """Headers from rows of `key` and `value`; rows without a key are left out."""
    found = {}
    for row in rows or ():
        name, value = str(row.get("key") or "").strip(), str(row.get("value") or "").strip()
        if name and "\n" not in name + value and "\r" not in name + value:
            found[name] = value
    return found


def _charset(content_type: str) -> str | None:
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return _known(value.strip().strip("\"'"))
    return None


def _meta_charset(content: bytes) -> str | None:
    match = _META_CHARSET.search(content[:4096])
    return _known(match[1].decode("ascii")) if match else None


def _known(name: str) -> str | None:
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Codecs such as `zip` and `rot13` are not for text.
    return codec.name if codec._is_text_encoding else None
