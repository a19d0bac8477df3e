"""Upstream: JSON requests to a provider over HTTP, with time limits, safe retries and errors worth reading."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import httpx2
import msgspec

from langflow_lite.errors import ProviderError
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.values import to_json

__all__ = ["Refusal", "Upstream", "decode_as", "read_out"]

_Chunk = TypeVar("_Chunk")
_CONNECT_TIMEOUT = 10.0
_LAST_BYTE_TIMEOUT = 0.1
_BACKOFF = 0.2
_MAX_WAIT = 20.0
_MAX_SERVER_ERROR_RETRIES = 2
_MAX_RETRIES = 5
_MAX_REPLY = 32 * 1024 * 1024
_MAX_LINE = 4 * 1024 * 1024
_MAX_ERROR = 64 * 1024
_SHOWN = 600
_BUSY = frozenset({429, 503})
_PROTECTED = frozenset({"model", "messages", "stream", "tools", "system"})
_COMPLAINT = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|not permitted|not allowed|deprecated", re.I
)
_WORD = re.compile(r"[a-z][a-z_]{2,}")
_TAGS = re.compile(r"<[^>]{0,200}>")


class Refusal(ProviderError):
    """The provider answered with an error status; `body` is its decoded JSON, None when it sent something else."""

    def __init__(self, message: str, *, provider: str, status: int, retry_after: float | None, body: Any) -> None:
        super().__init__(message, provider=provider, provider_status=status, retry_after=retry_after)
        self.body = body


class Upstream:
    """The HTTP side of one endpoint.

    Retries, at most `options.max_retries` times and never once a reply has begun: connections that broke before any
    byte came back, 429 and 503 after their `Retry-After` (when that is at most 20 s), other server errors at most
    twice. A `lenient` one also sends a request again, once, without the parameter that a 400 or 422 calls unsupported.
    Everything that still fails is a `ProviderError`; a status of 400 or more a `Refusal`.
    """

    def __init__(self, endpoint: Endpoint, headers: Mapping[str, str] | None = None, *, lenient: bool = False) -> None:
        if endpoint.client is None:
            raise ValueError(f"the endpoint of {endpoint.provider} has no HTTP client")
        self._client = endpoint.client
        self._endpoint = endpoint
        self._lenient = lenient
        own = httpx2.Headers({"content-type": "application/json", **(headers or {}), **endpoint.headers})
        self._headers = [header for header in self._client.headers.raw if header[0].decode("latin-1") not in own]
        self._headers += own.raw
        self._retries = min(endpoint.options.max_retries, _MAX_RETRIES)
        timeout = httpx2.Timeout(endpoint.timeout, connect=min(_CONNECT_TIMEOUT, endpoint.timeout), pool=None)
        self._extensions = {"timeout": timeout.as_dict()}

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Send `body` as JSON and return the bytes of a successful answer."""
        response = await self._send(path, body)
        try:
            return await self._read(response, _MAX_REPLY)
        finally:
            await _close(response)

    async def lines(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """Send `body` as JSON and yield the lines of the answer as they come, without their ends or empty ones."""
        async with aclosing(self._batches(path, body)) as batches:
            async for lines in batches:
                for line in lines:
                    if whole := line.rstrip(b"\r"):
                        yield whole

    async def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """Send `body` as JSON and yield the `data` of each server-sent event (one line each, as all providers send)."""
        async with aclosing(self._batches(path, body)) as batches:
            async for lines in batches:
                for line in lines:
                    if line.startswith(b"data:"):
                        yield line[5:].strip()
                    elif line.startswith(b"{"):
                        # Some servers answer a streaming request with a bare JSON error and status 200.
                        yield line.rstrip(b"\r")

    async def _batches(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[list[bytes]]:
        """The lines that have come at a time."""
        response = await self._send(path, body)
        try:
            pending: list[bytes] = []
            size = 0
            async for chunk in response.aiter_bytes():
                *lines, rest = chunk.split(b"\n")
                if lines:
                    if pending:
                        lines[0] = b"".join((*pending, lines[0]))
                        pending.clear()
                    size = 0
                    yield lines
                size += len(rest)
                if size > _MAX_LINE:
                    raise self.error(f"sent a line of more than {_MAX_LINE // 2**20} MB")
                if rest:
                    pending.append(rest)
            if pending:
                yield [b"".join(pending)]
        except httpx2.HTTPError as error:
            raise self._broken(error) from error
        finally:
            await _close(response)

    def error(self, what: str, *, status: int | None = None) -> ProviderError:
        """A `ProviderError` that starts with the provider's name: `what` continues the sentence."""
        provider = self._endpoint.provider
        return ProviderError(f"{provider} {what}", provider=provider, provider_status=status)

    def reported(self, problem: Any) -> ProviderError:
        """The `ProviderError` for an error object that came inside a stream."""
        text = self._redact(_message_of(problem) or "no reason given")
        return self.error(f"broke off the answer: {text}")

    def cut_off(self) -> ProviderError:
        """The `ProviderError` for a stream that ended before the provider said that it was complete."""
        return self.error("ended the answer before it was complete (the stream was cut off)")

    async def _send(self, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        address = self._endpoint.base_url + path
        content = to_json(body)
        failures = 0
        may_reduce = self._lenient
        while True:
            try:
                request = self._request(_parsed(address), content)
                response = await self._client.send(request, stream=True, follow_redirects=False)
            except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
                raise self._broken(error) from error
            except (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.InvalidURL, UnicodeError) as error:
                raise self.error(
                    f"cannot be called: something is wrong with its base URL {self._shown_url()} or its key ({error})"
                ) from error
            except httpx2.TransportError as error:
                if failures >= self._retries:
                    raise self._unreachable(error) from error
                await anyio.sleep(_BACKOFF * 2**failures)
                failures += 1
                continue
            if response.status_code < 300:
                return response
            refusal = await self._refusal(response)
            if may_reduce and (reduced := _without_refused(body, refusal)) is not None:
                content, failures, may_reduce = to_json(reduced), 0, False
                continue
            delay = self._delay_before_retry(refusal, failures)
            if delay is None:
                raise refusal
            await anyio.sleep(delay)
            failures += 1

    def _request(self, url: httpx2.URL, content: bytes) -> httpx2.Request:
        # Not made by the client: no cookie of another run belongs into it, and it would take several times as long.
        headers = [(b"host", url.netloc), *self._headers, (b"content-length", b"%d" % len(content))]
        stream = httpx2.ByteStream(content)
        return httpx2.Request("POST", url, headers=headers, stream=stream, extensions=self._extensions)

    def _delay_before_retry(self, refusal: Refusal, failures: int) -> float | None:
        status = refusal.provider_status or 0
        if failures >= self._retries or not (status >= 500 or status == 429):
            return None
        if status == 429 and _code_of(refusal.body) == "insufficient_quota":
            return None
        if status in _BUSY and refusal.retry_after is not None:
            return refusal.retry_after if refusal.retry_after <= _MAX_WAIT else None
        return _BACKOFF * 2**failures if failures < _MAX_SERVER_ERROR_RETRIES else None

    async def _refusal(self, response: httpx2.Response) -> Refusal:
        try:
            content = await self._read(response, _MAX_ERROR)
        except ProviderError:
            content = b""
        finally:
            await _close(response)
        try:
            body = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            body = None
        text = _message_of(body) or _TAGS.sub(" ", content.decode("utf-8", "replace"))
        if response.status_code < 400:
            text = f"it redirects to {response.headers.get('location', 'nowhere')}; set that as the base URL"
        text = self._redact(" ".join(text.split())[:_SHOWN] or response.reason_phrase or "no reason given")
        return Refusal(
            f"Error code: {response.status_code} - {text}",
            provider=self._endpoint.provider,
            status=response.status_code,
            retry_after=_retry_after(response.headers.get("retry-after")),
            body=body,
        )

    async def _read(self, response: httpx2.Response, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > limit:
                    raise self.error(f"sent an answer of more than {limit // 1024} KB")
                parts.append(chunk)
        except httpx2.HTTPError as error:
            raise self._broken(error) from error
        return b"".join(parts)

    def _broken(self, error: httpx2.HTTPError) -> ProviderError:
        if isinstance(error, httpx2.TimeoutException):
            return self.error(f"sent nothing for {self._endpoint.timeout:g} seconds; the request was given up")
        return self.error(f"closed the connection before the answer was complete ({_reason(error)})")

    def _unreachable(self, error: httpx2.HTTPError) -> ProviderError:
        hint = f" {self._endpoint.hint}" if self._endpoint.hint else ""
        return self.error(f"could not be reached at {self._shown_url()} ({_reason(error)}).{hint}")

    def _shown_url(self) -> str:
        parts = urlsplit(self._endpoint.base_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    def _redact(self, text: str) -> str:
        key = self._endpoint.key
        return text.replace(key, "***") if key and len(key) > 6 else text


def decode_as(upstream: Upstream, decoder: msgspec.json.Decoder[_Chunk], content: bytes) -> _Chunk:
    """One JSON object of a provider; a malformed one is a `ProviderError` that shows its beginning."""
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        shown = content[:80].decode("utf-8", "replace")
        raise upstream.error(f"sent something that could not be understood: {shown!r} ({error})") from error


# Reading an address anew takes longer than the rest of making a request.
_parsed = lru_cache(maxsize=256)(httpx2.URL)


def _message_of(body: Any) -> str:
    """The human text in an error body: `{"error": {"message"}}`, `{"error": "..."}`, `{"message"}`, `{"detail"}`."""
    if isinstance(body, str):
        return body
    if isinstance(body, list) and body:
        return _message_of(body[0])
    if isinstance(body, dict):
        for key in ("error", "message", "detail", "msg"):
            found = _message_of(body.get(key))
            if found:
                return found
    return ""


def _without_refused(body: Mapping[str, Any], refusal: Refusal) -> dict[str, Any] | None:
    """The request without the parameter that a 400 or 422 calls unsupported; None when it is about something else.

    `max_tokens` is sent as `max_completion_tokens` when the provider asks for that.
    """
    if refusal.provider_status not in (400, 422):
        return None
    said = " ".join(_texts(refusal.body))
    if not _COMPLAINT.search(said):
        return None
    detail = refusal.body.get("error") if isinstance(refusal.body, dict) else None
    param = detail.get("param") if isinstance(detail, dict) else None
    named = [str(param), *_WORD.findall(said)]
    refused = next((name for name in named if name in body and name not in _PROTECTED), None)
    if refused is None:
        return None
    rest = {name: value for name, value in body.items() if name != refused}
    if refused == "max_tokens" and "max_completion_tokens" in said:
        rest["max_completion_tokens"] = body[refused]
    return rest


def _texts(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, (list, dict)):
        for part in body.values() if isinstance(body, dict) else body:
            yield from _texts(part)


def _code_of(body: Any) -> str:
    detail = body.get("error") if isinstance(body, dict) else None
    if not isinstance(detail, dict):
        return ""
    return str(detail.get("code") or detail.get("type") or "")


def _reason(error: httpx2.HTTPError) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait (RFC 9110 section 10.2.3: a number of seconds or a date); None when absent or unreadable."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


async def read_out(pieces: AsyncIterator[bytes]) -> None:
    """Read an answer that has announced its end to its last byte: only then can its connection serve the next request.

    What comes late or broken is not waited for; the answer is complete without it.
    """
    with anyio.move_on_after(_LAST_BYTE_TIMEOUT), suppress(ProviderError):
        async for _ in pieces:
            pass


async def _close(response: httpx2.Response) -> None:
    # Runs in a cancelled task too; the connection has to go at once all the same.
    with anyio.move_on_after(1, shield=True):
        await response.aclose()
