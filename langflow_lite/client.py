"""Client: a running server, called over HTTP by the commands of the terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx2
import msgspec

from langflow_lite.errors import JobNotFound, JobNotResumable, LangflowError
from langflow_lite.events import TERMINAL
from langflow_lite.job import JobStatus

__all__ = ["Client", "ServerRefused", "ServerUnreachable"]

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
SILENCE_SECONDS = 45.0
"""Quiet seconds after which a stream counts as broken: three times those between the server's signs of life."""
PATIENCE_SECONDS = 30.0
"""Seconds for which a broken stream is taken up again before giving up."""

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0
_PAGE = 200
_AWAY = frozenset({502, 503, 504})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_WORKFLOWS = "/api/v2/workflows"
_UNKNOWN_PATH = "Not Found"


class ServerRefused(LangflowError):
    """The server answered with an error; the message is its own. `http_status` is the status it answered with."""

    code = "SERVER_REFUSED"

    def __init__(self, message: str, http_status: int) -> None:
        super().__init__(message)
        self.http_status = http_status


class ServerUnreachable(LangflowError):
    """No server answered, or it stopped in the middle of an answer."""

    code = "SERVER_UNREACHABLE"


class Client:
    """One server, by its URL (`http://host:port`, with a path where it is mounted), as a context manager.

    Every method raises `ServerUnreachable` and `ServerRefused`. `notice` is told when a stream broke and is taken up
    again. Proxies of the environment are for other machines only.
    """

    def __init__(self, url: str, api_key: str = "", *, notice: Callable[[str], None] = lambda _: None) -> None:
        self.url = url.rstrip("/")
        self._has_key = bool(api_key)
        self._notice = notice
        self._http = httpx2.Client(
            headers={"x-api-key": api_key} if api_key else {},
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=urlsplit(url).hostname not in _LOCAL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def health(self) -> Any:
        """What the server says of its own health. Everyone may ask, so that it sends no key that could be refused."""
        return self._call("GET", "/health", headers={"x-api-key": ""})

    def flows(self) -> list[dict[str, Any]]:
        """All stored flows, without their graphs."""
        return list(self._call("GET", "/api/v1/flows/?get_all=true&header_flows=true"))

    def submit(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Run a flow in the background; the new job as the server shows it."""
        return dict(self._call("POST", _WORKFLOWS, {**request, "background": True}))

    def jobs(self, limit: int, **filters: str | None) -> list[dict[str, Any]]:
        """The newest `limit` jobs, as the server shows them, filtered by `flow_id`, `status` and the start of `job_id`."""
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
        while len(found) < limit:
            query["limit"] = min(limit - len(found), _PAGE)
            page = self._call("GET", f"{_WORKFLOWS}/jobs", query=query)
            found += page["jobs"]
            query["before"] = page["next"]
            if query["before"] is None:
                break
        return found

    def job(self, job_id: str) -> dict[str, Any]:
        """One job, as the server shows it."""
        return dict(self._call("GET", _WORKFLOWS, query={"job_id": job_id}))

    def find_job(self, start: str) -> str:
        """The id that begins like this. Raises `JobNotFound` when there is none, or more than one."""
        try:
            return str(UUID(start))
        except ValueError:
            pass
        if not start:
            raise JobNotFound("An empty job id names no job; `langflow-lite jobs` lists them.")
        found = [job["job_id"] for job in self.jobs(3, job_id=start.lower())]
        if not found:
            raise JobNotFound(f"No job's id begins with {start!r}; `langflow-lite jobs` lists them.")
        if len(found) > 1:
            raise JobNotFound(f"More than one job's id begins with {start!r}: {', '.join(found)}. Give more of it.")
        return str(found[0])

    def stop(self, job_id: str) -> dict[str, Any]:
        """Stop a job; the server's answer."""
        return dict(self._call("POST", f"{_WORKFLOWS}/stop", {"job_id": job_id}))

    def request_of(self, job_id: str) -> dict[str, Any]:
        """What a suspended job asks a person. Raises `JobNotResumable` when it asks nothing."""
        job = self.job(job_id)
        if job["human_request"] is None:
            raise JobNotResumable(f"Job {job_id} is {job['status'].replace('_', ' ')} and waits for nobody's decision.")
        return dict(job["human_request"])

    def resume(self, job_id: str, request_id: str, action: str) -> dict[str, Any]:
        """Decide what a suspended job asked; the server's answer."""
        body = {"request_id": request_id, "decision": {"action_id": action}}
        return dict(self._call("POST", f"{_WORKFLOWS}/{job_id}/resume", body))

    def events(self, job_id: str) -> Iterator[dict[str, Any]]:
        """The events of a job so far."""
        with self._stream(f"{_events_path(job_id)}?follow=false") as chunks:
            for _, event in _events(chunks):
                yield event

    def follow(self, job_id: str) -> Iterator[dict[str, Any]]:
        """The events of a job until it has ended, over as many connections as that takes."""
        self.job(job_id)
        last, name = 0, ""

        def connection() -> Iterator[dict[str, Any]]:
            nonlocal last, name
            with self._stream(_events_path(job_id), {"Last-Event-ID": str(last)}) as chunks:
                for number, event in _events(chunks):
                    last, name = number, event["event"]
                    yield event

        def ended() -> bool:
            # A component that failed is an `error` event too, so that the name alone does not say it was the last.
            return name in TERMINAL and JobStatus(self.job(job_id)["status"]).is_terminal

        yield from self._resumed(connection, ended)

    def log(self, lines: int) -> list[str]:
        """The last lines of the server's log."""
        return list(self._log(lines_before=lines).values())

    def follow_log(self, lines: int) -> Iterator[str]:
        """The last lines of the server's log and those that follow, without an end."""
        self._log(lines_before=1)
        last = 0

        def connection() -> Iterator[str]:
            nonlocal last
            with self._stream("/logs-stream") as chunks:
                for number, block in enumerate(_blocks(chunks)):
                    if number == 0:
                        # What is written from now on comes as a stream; what was missed is asked for.
                        entries = (
                            self._log(lines_after=1_000_000, timestamp=last) if last else self._log(lines_before=lines)
                        )
                    else:
                        entries = {} if block == b"keepalive" else msgspec.json.decode(block, type=dict[str, str])
                    for moment, line in entries.items():
                        if int(moment) > last:
                            last = int(moment)
                            yield line

        yield from self._resumed(connection, lambda: False)

    def _log(self, **query: int) -> dict[str, str]:
        return dict(self._call("GET", "/logs", query=query))

    def _resumed(self, connection: Callable[[], Iterator[Any]], ended: Callable[[], bool]) -> Iterator[Any]:
        """Everything that one connection after the other yields, until `ended` says so after one of them."""
        wait, since = _FIRST_WAIT, None
        while True:
            try:
                for item in connection():
                    wait, since = _FIRST_WAIT, None
                    yield item
                if ended():
                    return
            except ServerUnreachable as error:
                broken: LangflowError = error
            except ServerRefused as error:
                if error.http_status not in _AWAY:
                    raise
                broken = error
            else:
                broken = ServerUnreachable(f"{self.url} closed the stream.")
            if since is None:
                since = time.monotonic()
                self._notice("The connection broke; taking it up again ...")
            elif time.monotonic() - since > PATIENCE_SECONDS:
                raise broken
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        with self._translated():
            response = self._http.request(method, self.url + path, params=query, json=body, headers=headers)
            if response.status_code != 200:
                raise self._refusal(response)
            return self._decoded(response)

    @contextmanager
    def _stream(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[bytes]]:
        timeout = httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        with (
            self._translated(),
            self._http.stream("GET", self.url + path, headers=headers, timeout=timeout) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise self._refusal(response)
            yield response.iter_bytes()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            hint = (
                "Is a server running? Start one with `langflow-lite run`, or name another with --url or LANGFLOW_URL."
            )
            raise ServerUnreachable(f"Nothing answers at {self.url} ({_reason(error)}). {hint}") from error
        except httpx2.TimeoutException as error:
            raise ServerUnreachable(f"{self.url} did not answer in time; is it busy, or another program?") from error
        except httpx2.HTTPError as error:
            raise ServerUnreachable(f"The connection to {self.url} failed: {_reason(error)}") from error

    def _decoded(self, response: httpx2.Response) -> Any:
        try:
            return msgspec.json.decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ServerRefused(self._stranger(response), response.status_code) from None

    def _refusal(self, response: httpx2.Response) -> ServerRefused:
        status = response.status_code
        if status in (401, 403):
            if self._has_key:
                message = f"{self.url} does not accept this API key (of --api-key or LANGFLOW_API_KEY)."
            else:
                message = f"{self.url} asks for an API key: give it with --api-key or LANGFLOW_API_KEY."
            return ServerRefused(message, status)
        try:
            detail = msgspec.json.decode(response.content, type=dict[str, Any]).get("detail")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            detail = None
        if detail == _UNKNOWN_PATH:
            path = response.url.path
            hint = "Is this the right --url, and is LANGFLOW_DEVELOPER_API_ENABLED on there?"
            return ServerRefused(f"{self.url} has no {path}. {hint}", status)
        return ServerRefused(_sentence(detail) or self._stranger(response), status)

    def _stranger(self, response: httpx2.Response) -> str:
        return f"{self.url} answered {response.status_code}, but not as langflow-lite would. Is this the right --url?"


def _events_path(job_id: str) -> str:
    return f"{_WORKFLOWS}/{quote(job_id, safe='')}/events"


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What lies between empty lines. JSON as the server writes it has no line breaks."""
    rest = b""
    for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        yield from blocks


def _events(chunks: Iterator[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    for block in _blocks(chunks):
        fields = dict(line.partition(b": ")[::2] for line in block.split(b"\n"))
        if b"data" in fields:
            yield int(fields[b"id"]), msgspec.json.decode(fields[b"data"], type=dict[str, Any])


def _sentence(detail: Any) -> str:
    """The `detail` of an error in one line."""
    if isinstance(detail, dict):
        parts = "; ".join(f"{part}: {problem}" for part, problem in detail.items())
        return str(detail.get("message") or detail.get("error") or parts)
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in detail)
    return str(detail or "")


def _reason(error: Exception) -> str:
    first = str(error).partition("\n")[0] or type(error).__name__
    return re.sub(r"^\[Errno -?\d+\] ", "", first)
