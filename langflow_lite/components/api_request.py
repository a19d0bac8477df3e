"""API Request: one HTTP call, described by fields or by a curl command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.curl import parse_curl
from langflow_lite.components.fetching import Fetched, FetchFailed, fetch, full_url, header_rows
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.shaping import texts_in
from langflow_lite.values import Data, Message, Table, to_json, to_text

__all__ = ["APIRequestComponent"]

_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_WITH_BODY = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_FILE_NAME = re.compile(r"filename\*?=(?:UTF-8'')?\"?([^\";]+)", re.IGNORECASE)


class APIRequestComponent(Component):
    """Makes an HTTP request and gives its answer as a record."""

    name = "APIRequest"
    aliases = ("API Request",)
    display_name = "API Request"
    category = "data_source"
    icon = "Globe"

    url_input: str = field(Kind.TEXT, "URL", tool_mode=True, info="The address to call; https:// may be left out.")
    curl_input: str = field(
        Kind.MULTILINE, "cURL", tool_mode=True, aliases=("curl",), info="A curl command that describes the request."
    )
    mode: str = field(
        Kind.TAB, "Mode", "URL", options=("URL", "cURL"), info="Describe the request by fields or by a curl command."
    )
    method: str = field(Kind.DROPDOWN, "Method", "GET", options=_METHODS)
    query_params: Any = field(
        Kind.DATA,
        "Query Parameters",
        advanced=True,
        info="Added to the address; they replace parameters of the same name.",
    )
    body: list[dict[str, Any]] = field(
        Kind.TABLE,
        "Body",
        advanced=True,
        input_types=("Data", "JSON"),
        info="Rows of key and value that become a JSON object; sent with POST, PATCH, PUT and DELETE.",
    )
    headers: list[dict[str, Any]] = field(
        Kind.TABLE,
        "Headers",
        ({"key": "User-Agent", "value": "langflow"},),
        advanced=True,
        input_types=("Data", "JSON"),
        info="Rows of key and value.",
    )
    timeout: int = field(Kind.INT, "Timeout", 30, advanced=True, info="Seconds to wait for the answer.")
    follow_redirects: bool = field(Kind.BOOL, "Follow Redirects", advanced=True)
    save_to_file: bool = field(Kind.BOOL, "Save to File", advanced=True, info="Keep the answer as a file of the flow.")
    include_httpx_metadata: bool = field(
        Kind.BOOL, "Include HTTP Metadata", advanced=True, info="Add the request's headers to the result."
    )
    urls: Any = field(Kind.TEXT, "URLs", is_list=True, show=False, info="The addresses, in releases before 1.5.")
    use_curl: bool = field(Kind.BOOL, "Use cURL", show=False, info="In releases before 1.5: use the curl command.")

    @output("data", "API Response", aliases=("make_requests",))
    async def make_api_request(self) -> Data:
        """The answer's status, headers and content; a network failure is an answer with status 500 and `error`."""
        data = await self._request(self._urls()[0])
        self.status = data
        return data

    @output("dataframe", "DataFrame", hidden=True)
    async def as_dataframe(self) -> Table:
        """A row per address."""
        results: dict[str, Data] = {}

        async def one(url: str) -> None:
            results[url] = await self._request(url)

        urls = self._urls()
        async with anyio.create_task_group() as tasks:
            for url in urls:
                tasks.start_soon(one, url)
        return Table(results[url].data for url in urls)

    def _urls(self) -> list[str]:
        if self._command():
            return [""]
        urls = texts_in(self.url_input) or texts_in(self.urls)
        if not urls:
            raise ValueError("Invalid URL provided: the URL field is empty")
        return list(dict.fromkeys(urls))

    def _command(self) -> str:
        wanted = self.mode.lower() == "curl" or self.use_curl
        # A tool's caller may give a command where the fields are in use.
        return self.curl_input if self.curl_input.strip() and (wanted or not (self.url_input or self.urls)) else ""

    async def _request(self, url: str) -> Data:
        method, headers, body, follow = (
            self.method.upper(),
            header_rows(self.headers),
            self._body(),
            self.follow_redirects,
        )
        if command := self._command():
            curl = parse_curl(command)
            url, method, follow = curl.url, curl.method, follow or curl.follow
            headers = {**headers, **curl.headers}
            body = curl.body.encode() if curl.body is not None else None
            if body is not None and not _has(headers, "content-type"):
                headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None and not _has(headers, "content-type"):
            headers["Content-Type"] = "application/json"
        if method not in (*_METHODS, "HEAD", "OPTIONS"):
            raise ValueError(f"Unsupported method: {method}")
        try:
            url = _with_query(full_url(url), self._query())
        except ValueError as error:
            raise ValueError(f"Invalid URL provided: {url.strip()[:200]}") from error
        try:
            answer = await fetch(
                self.ctx,
                url,
                method=method,
                headers=headers,
                content=body if method in _WITH_BODY else None,
                timeout=self.timeout,
                follow_redirects=follow,
            )
        except FetchFailed as error:
            return Data({"source": url, "headers": headers, "status_code": 500, "error": str(error)})
        return await self._result(url, headers, answer)

    async def _result(self, url: str, headers: Mapping[str, str], answer: Fetched) -> Data:
        result: dict[str, Any] = {
            "source": url,
            "status_code": answer.status,
            "response_headers": dict(answer.headers),
        }
        if answer.history:
            result["redirection_history"] = [{"url": address} for address in (*answer.history[1:], answer.url)]
        if self.save_to_file:
            name = _file_name(answer)
            limit = self.ctx.settings.max_file_size_upload * 2**20
            result["file_path"] = await self.ctx.files.write(self.ctx.flow_id, name, answer.content, limit=limit)
        else:
            result["result"] = _content(answer)
        if self.include_httpx_metadata:
            result["headers"] = dict(headers)
        return Data(result)

    def _query(self) -> dict[str, str]:
        value = self.query_params
        if isinstance(value, (Message, str)):
            return dict(parse_qsl(to_text(value).lstrip("?"), keep_blank_values=True))
        record = value.data if isinstance(value, Data) else value
        if not isinstance(record, Mapping):
            return {}
        return {str(name): item if isinstance(item, str) else to_json(item).decode() for name, item in record.items()}

    def _body(self) -> bytes | None:
        rows = list(self.body)
        if not rows:
            return None
        if all("key" in row for row in rows):
            return to_json({str(row["key"]): _parsed(row.get("value")) for row in rows})
        return to_json(rows[0] if len(rows) == 1 else rows)


def _has(headers: Mapping[str, str], name: str) -> bool:
    return any(key.lower() == name for key in headers)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return value


def _with_query(url: str, params: Mapping[str, str]) -> str:
    if not params:
        return url
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in params]
    return urlunsplit(parts._replace(query=urlencode([*kept, *params.items()])))


def _content(answer: Fetched) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return answer.text()


def _file_name(answer: Fetched) -> str:
    match = _FILE_NAME.search(answer.headers.get("content-disposition", ""))
    name = match[1] if match else urlsplit(answer.url).path.rpartition("/")[2]
    if not name:
        name = "response.json" if answer.media_type == "application/json" else "response.txt"
    return f"{datetime.now(UTC):%Y%m%d%H%M%S}_{name}"
