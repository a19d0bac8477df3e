"""URL: the contents of web pages, following links if asked to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import anyio
import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.fetching import Fetched, FetchFailed, fetch, full_url, header_rows
from langflow_lite.components.html import Page, html_to_markdown, read_page
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.shaping import texts_in
from langflow_lite.components.tools import Tool
from langflow_lite.values import Data, Message, Table

__all__ = ["URLComponent", "URLContentFetcherComponent"]

_AT_ONCE = 8
_MAX_DEPTH = 5
_MAX_PAGES = 500
_MAX_BYTES = 100 * 1024 * 1024
_BLANK_LINES = re.compile(r"\n\s*\n+")


class URLComponent(Component):
    """Fetches the contents of one or more web pages, following links if asked to."""

    name = "URLComponent"
    aliases = ("URL",)
    display_name = "URL"
    category = "data_source"
    icon = "layout-template"

    urls: Any = field(
        Kind.TEXT, "URLs", is_list=True, tool_mode=True, info="The addresses of the pages; https:// may be left out."
    )
    max_depth: float = field(
        Kind.SLIDER, "Depth", 1, info="1 reads only these pages, 2 also those they link to, and so on up to 5."
    )
    prevent_outside: bool = field(
        Kind.BOOL, "Prevent Outside", True, advanced=True, info="Follow only links below the page they are on."
    )
    use_async: bool = field(
        Kind.BOOL, "Use Async", True, advanced=True, info="Without effect: pages are always read side by side."
    )
    follow_redirects: bool = field(Kind.BOOL, "Follow Redirects", True, advanced=True)
    format: str = field(
        Kind.DROPDOWN,
        "Output Format",
        "Text",
        options=("Text", "HTML", "Markdown"),
        info="Text without tags, the page as it is, or Markdown.",
    )
    timeout: int = field(Kind.INT, "Timeout", 30, advanced=True, info="Seconds to wait for a page.")
    headers: list[dict[str, Any]] = field(
        Kind.TABLE,
        "Headers",
        ({"key": "User-Agent", "value": "langflow"},),
        advanced=True,
        info="Request headers, as rows of key and value.",
        input_types=("DataFrame", "Table"),
    )
    filter_text_html: bool = field(
        Kind.BOOL, "Filter Text/HTML", True, advanced=True, info="Leave out what is not a page, such as style sheets."
    )
    continue_on_failure: bool = field(
        Kind.BOOL, "Continue on Failure", True, advanced=True, info="Leave out pages that cannot be read."
    )
    check_response_status: bool = field(
        Kind.BOOL, "Check Response Status", advanced=True, info="Count a status of 400 or more as a failure."
    )
    autoset_encoding: bool = field(
        Kind.BOOL, "Autoset Encoding", True, advanced=True, info="Without effect: the page's encoding is always used."
    )
    separator: str = field(Kind.STR, "Separator", "\n\n", advanced=True, info="Put between the texts of several pages.")
    clean_extra_whitespace: bool = field(Kind.BOOL, "Clean Extra Whitespace", True, advanced=True, show=False)

    @output("page_results", "Extracted Pages")
    async def fetch_content(self) -> Table:
        """A row per page: its text, address, title, description, content type and language."""
        table = Table(await self._rows())
        self.status = table
        return table

    @output("raw_results", "Raw Content", aliases=("as_message",), tool_mode=False)
    async def fetch_content_as_message(self) -> Message:
        """The texts of all pages."""
        text = "\n\n".join(row["text"] for row in await self._rows())
        self.status = text
        return Message(text=text)

    @output("data", "Data", types=("Data", "JSON"), hidden=True)
    async def fetch_content_data(self) -> list[Data]:
        """A record per page, as releases before 1.5 gave them."""
        records = [
            Data(
                {"text": _tidy(row["text"]) if self.clean_extra_whitespace else row["text"]},
                source=row["url"],
                title=row["title"],
                description=row["description"],
                language=row["language"],
                content_type=row["content_type"],
            )
            for row in await self._rows("http")
        ]
        self.status = records
        return records

    @output("text", "Message", hidden=True)
    async def fetch_content_text(self) -> Message:
        """The texts of all pages, joined by the separator."""
        text = self.separator.join(record.get_text() for record in await self.fetch_content_data())
        self.status = text
        return Message(text=text)

    @output("dataframe", "DataFrame", hidden=True)
    async def as_dataframe(self) -> Table:
        """The records as rows."""
        return Table(record.data for record in await self.fetch_content_data())

    async def _rows(self, scheme: str = "https") -> list[dict[str, Any]]:
        urls = list(dict.fromkeys(full_url(url, scheme=scheme) for url in texts_in(self.urls)))
        try:
            if not urls:
                raise ValueError("No valid URLs provided.")
            rows = await _Crawl(self).run(urls)
            if not rows:
                raise ValueError("No documents were successfully loaded from any URL")
        except ValueError as error:
            raise ValueError(f"Error loading documents: {error}") from error
        return rows


class _Crawl:
    """One walk over pages, level by level; the order of the result is that of the links."""

    def __init__(self, component: URLComponent) -> None:
        self._of = component
        self._headers = header_rows(component.headers)
        self._bytes_left = _MAX_BYTES
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        self.failures: list[str] = []

    async def run(self, urls: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        seen = set(urls)
        level = [(url, url) for url in urls]
        depth = max(1, min(int(self._of.max_depth), _MAX_DEPTH))
        for left in range(depth, 0, -1):
            following: dict[str, str] = {}
            for root, row, links in await self._level(level):
                rows.append(row)
                for link in links if left > 1 else ():
                    inside = not self._of.prevent_outside or _is_below(link, root)
                    if inside and link not in seen and len(seen) < _MAX_PAGES:
                        seen.add(link)
                        following[link] = root
            level = list(following.items())
        for failure in self.failures:
            self._of.log(failure, "Page left out")
        if not rows and self.failures:
            raise ValueError("No documents were successfully loaded from any URL: " + "; ".join(self.failures[:5]))
        return rows

    async def _level(self, level: list[tuple[str, str]]) -> list[tuple[str, dict[str, Any], list[str]]]:
        results: list[tuple[str, dict[str, Any], list[str]] | None] = [None] * len(level)
        failure: FetchFailed | None = None

        async def one(index: int, url: str, root: str) -> None:
            nonlocal failure
            try:
                async with self._limiter:
                    page = await self._fetch(url)
                if page is not None:
                    results[index] = (root, *self._read(page, url))
            except FetchFailed as error:
                if self._of.continue_on_failure:
                    self.failures.append(str(error))
                else:
                    failure = error
                    tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for index, (url, root) in enumerate(level):
                tasks.start_soon(one, index, url, root)
        if failure is not None:
            raise failure
        return [result for result in results if result is not None]

    async def _fetch(self, url: str) -> Fetched | None:
        page = await fetch(
            self._of.ctx,
            url,
            headers=self._headers,
            timeout=self._of.timeout,
            follow_redirects=self._of.follow_redirects,
        )
        if self._of.check_response_status:
            page.check()
        self._bytes_left -= len(page.content)
        if self._bytes_left < 0:
            raise FetchFailed(f"{url}: the pages are larger than {_MAX_BYTES // 2**20} MB together")
        wanted = page.media_type in ("", "text/html", "application/xhtml+xml") or not self._of.filter_text_html
        if not wanted and page.media_type in ("text/css", "text/javascript", "application/javascript"):
            return None
        return page

    def _read(self, fetched: Fetched, url: str) -> tuple[dict[str, Any], list[str]]:
        source = fetched.text()
        is_html = fetched.media_type in ("", "text/html", "application/xhtml+xml")
        page = read_page(source, fetched.url) if is_html else Page(text=source)
        format_ = self._of.format.lower()
        if format_ in ("html", "raw html"):
            text = source
        elif format_ == "markdown" and is_html:
            text = html_to_markdown(source)
        elif format_ == "json":
            text = _as_json(source)
        else:
            text = page.text
        row = {
            "text": text,
            "url": url,
            "title": page.title,
            "description": page.description,
            "content_type": fetched.headers.get("content-type", ""),
            "language": page.language,
        }
        return row, page.links


class URLContentFetcherComponent(Component):
    """Fetches the text of a single page."""

    # Not one of Langflow's own, but it came with the starter projects of 1.0 and 1.1.
    name = "url_content_fetcher"
    display_name = "URL Content Fetcher"
    category = "data_source"
    icon = "globe"
    legacy = True

    url: str = field(Kind.TEXT, "URL", info="The address of the page.")
    fetch_params: Any = field(Kind.DICT, "Fetch parameters", advanced=True, info="Without effect.")

    @output("api_run_model", "JSON", types=("JSON", "Data"), aliases=("run_model",))
    async def run_model(self) -> Data:
        """`content` and `metadata` of the page, and the beginning of its text."""
        page = await self._page(self.url)
        found = Data({**page, "text": page["content"][:500]})
        self.status = found
        return found

    @output("api_build_tool", "Tool", types=("Tool",), aliases=("build_tool",))
    async def build_tool(self) -> Tool:
        """The tool `url_content_fetcher`."""

        async def call(arguments: Mapping[str, Any]) -> dict[str, Any]:
            return await self._page(str(arguments.get("url", "")))

        url = {"type": "string", "description": "The address of the page."}
        schema = {"type": "object", "properties": {"url": url}, "required": ["url"]}
        description = "Gives the text of the page at an address."
        return Tool("url_content_fetcher", description, schema, call, source=self.node.id)

    async def _page(self, url: str) -> dict[str, Any]:
        reader = URLComponent(urls=[url], continue_on_failure=False)
        reader.ctx, reader.node = self.ctx, self.node
        [page] = (await reader.fetch_content()).rows
        metadata = {"source": page["url"], "title": page["title"], "language": page["language"]}
        return {"content": page["text"], "metadata": metadata}


def _is_below(link: str, root: str) -> bool:
    ours, theirs = urlsplit(root), urlsplit(link)
    folder = ours.path if ours.path.endswith("/") else ours.path + "/"
    return ours.netloc == theirs.netloc and (theirs.path == ours.path or theirs.path.startswith(folder))


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n", text).strip()


def _as_json(text: str) -> str:
    try:
        return msgspec.json.format(text.encode(), indent=2).decode()
    except (msgspec.DecodeError, RecursionError) as error:
        raise FetchFailed(f"the answer is not JSON: {error}") from error
