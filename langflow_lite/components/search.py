"""Web search, news and feeds as tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import anyio

from langflow_lite.components.base import Component, output
from langflow_lite.components.feeds import read_feed
from langflow_lite.components.fetching import FetchFailed, fetch, full_url
from langflow_lite.components.html import html_to_text
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.search_engines import Hit, engine_of
from langflow_lite.values import Table

__all__ = ["NewsSearchComponent", "RSSReaderComponent", "UnifiedWebSearchComponent", "WebSearchComponent"]

_NEWS = "https://news.google.com"
_CUT = "... [truncated]"
_AGENT = {"User-Agent": "Mozilla/5.0 (compatible; langflow-lite)"}
_QUOTES = re.compile(r"[<>\"']")


class _Searching(Component):
    """What the search components share: `self.timeout` in seconds, and limits of which 0 means none."""

    timeout: int = field(Kind.INT, "Timeout", 5, advanced=True, info="Seconds to wait for an answer.")

    async def _web(self, query: str, *, most: int, length: int) -> Table:
        query = _QUOTES.sub("", query.strip())
        if not query:
            raise ValueError("Empty search query")
        try:
            hits = await engine_of(self.ctx).search(self.ctx, query, timeout=self.timeout)
        except FetchFailed as error:
            return self._trouble({"title": "Error", "link": "", "snippet": str(error), "content": ""})
        if not hits:
            return self._trouble({"title": "Error", "link": "", "snippet": "No results found", "content": ""})
        hits = hits[:most] if most > 0 else hits
        contents = [""] * len(hits)

        async def read(index: int, hit: Hit) -> None:
            contents[index] = await self._content(hit)

        async with anyio.create_task_group() as tasks:
            for index, hit in enumerate(hits):
                tasks.start_soon(read, index, hit)
        table = Table(
            {"title": hit.title, "link": hit.link, "snippet": hit.snippet, "content": _cut(content, length)}
            for hit, content in zip(hits, contents, strict=True)
        )
        self.status = table
        return table

    async def _content(self, hit: Hit) -> str:
        try:
            page = await fetch(self.ctx, full_url(hit.link), headers=_AGENT, timeout=self.timeout)
            page.check()
        except ValueError as error:
            return f"(Failed to fetch: {error})"
        return html_to_text(page.text())

    async def _feed(self, url: str, *, most: int = 0, length: int = 0, trusted: bool = False) -> Table:
        try:
            answer = await fetch(self.ctx, full_url(url), headers=_AGENT, timeout=self.timeout, trusted=trusted)
            answer.check()
            articles = read_feed(answer.content)
        except ValueError as error:
            return self._trouble({"title": "Error", "link": "", "published": "", "summary": str(error)})
        if not articles:
            return self._trouble({"title": "No articles found", "link": "", "published": "", "summary": ""})
        table = Table(
            {
                "title": _cut(html_to_text(article.title), length),
                "link": article.link,
                "published": article.published,
                "summary": _cut(html_to_text(article.summary), length),
            }
            for article in (articles[:most] if most > 0 else articles)
        )
        self.status = table
        return table

    async def _news(self, query: str, fields: Mapping[str, str], *, most: int = 0, length: int = 0) -> Table:
        language, country = fields.get("hl") or "en-US", fields.get("gl") or "US"
        ceid = fields.get("ceid") or ""
        if not ceid or (fields.get("hl") or fields.get("gl")):
            ceid = f"{country}:{language.partition('-')[0]}"
        place = f"hl={quote_plus(language)}&gl={quote_plus(country)}&ceid={quote_plus(ceid, safe=':')}"
        base = self.ctx.settings.service_url("google-news", _NEWS)
        if fields.get("topic"):
            path = f"/rss/headlines/section/topic/{quote_plus(fields['topic'].upper())}?{place}"
        elif fields.get("location"):
            path = f"/rss/headlines/section/geo/{quote_plus(fields['location'])}?{place}"
        elif query.strip():
            path = f"/rss/search?q={quote_plus(query.strip())}&{place}"
        else:
            empty = {"title": "Error", "link": "", "published": "", "summary": "No search parameters provided"}
            return self._trouble(empty)
        return await self._feed(base + path, most=most, length=length, trusted=True)

    def _trouble(self, row: dict[str, Any]) -> Table:
        self.status = row.get("snippet") or row.get("summary") or row["title"]
        return Table([row])


class UnifiedWebSearchComponent(_Searching):
    """Searches the web or the news, or reads an RSS feed."""

    name = "UnifiedWebSearch"
    aliases = ("WebSearch", "Web Search")
    display_name = "Web Search"
    category = "data_source"
    icon = "search"

    search_mode: str = field(
        Kind.TAB, "Search Mode", "Web", options=("Web", "News", "RSS"), tool_mode=True, info="Where to search."
    )
    query: str = field(
        Kind.TEXT,
        "Search Query",
        required=True,
        tool_mode=True,
        info="What to search for; the address of the feed for RSS.",
    )
    hl: str = field(Kind.TEXT, "Language (hl)", advanced=True, info="Language of the news, such as en-US.")
    gl: str = field(Kind.TEXT, "Country (gl)", advanced=True, info="Country of the news, such as US.")
    ceid: str = field(
        Kind.TEXT, "Country:Language (ceid)", "US:en", advanced=True, info="Used when the two above are empty."
    )
    topic: str = field(Kind.TEXT, "Topic", advanced=True, info="A section of the news, such as TECHNOLOGY.")
    location: str = field(Kind.TEXT, "Location (Geo)", advanced=True, info="A place that the news is about.")
    max_results: int = field(Kind.INT, "Max Results", 5, advanced=True, info="Most results; 0 is all of them.")
    max_content_length: int = field(
        Kind.INT, "Max Content Length", 2000, advanced=True, info="Most characters kept of each text; 0 is all of them."
    )

    @output("results", "Results")
    async def perform_search(self) -> Table:
        """A row per result. Trouble is a row titled "Error", so that an agent can read what went wrong."""
        most, length = self.max_results, self.max_content_length
        if self.search_mode == "News":
            return await self._news(self.query, _news_fields(self), most=most, length=length)
        if self.search_mode == "RSS":
            return await self._feed(self.query, most=most, length=length)
        return await self._web(self.query, most=most, length=length)


class WebSearchComponent(_Searching):
    """Searches the web and reads the pages it finds."""

    name = "WebSearchNoAPI"
    display_name = "Web Search"
    category = "data_source"
    icon = "search"
    legacy = True

    query: str = field(Kind.TEXT, "Search Query", required=True, tool_mode=True, info="What to search for.")

    @output("results", "Search Results")
    async def perform_search(self) -> Table:
        """A row per result: title, link, snippet and the text of the page."""
        return await self._web(self.query, most=0, length=0)


class NewsSearchComponent(_Searching):
    """Searches the news."""

    name = "NewsSearch"
    display_name = "News Search"
    category = "data_source"
    icon = "newspaper"
    legacy = True

    query: str = field(Kind.TEXT, "Search Query", tool_mode=True, info="What to search for.")
    hl: str = field(Kind.TEXT, "Language (hl)", "en-US", advanced=True)
    gl: str = field(Kind.TEXT, "Country (gl)", "US", advanced=True)
    ceid: str = field(Kind.TEXT, "Country:Language (ceid)", "US:en", advanced=True)
    topic: str = field(Kind.TEXT, "Topic", advanced=True)
    location: str = field(Kind.TEXT, "Location (Geo)", advanced=True)

    @output("articles", "News Articles")
    async def search_news(self) -> Table:
        """A row per article: title, link, published and summary."""
        return await self._news(self.query, _news_fields(self))


class RSSReaderComponent(_Searching):
    """Reads an RSS or Atom feed."""

    name = "RSSReaderSimple"
    display_name = "RSS Reader"
    category = "data_source"
    icon = "rss"
    legacy = True

    rss_url: str = field(Kind.TEXT, "RSS Feed URL", required=True, tool_mode=True, info="The address of the feed.")

    @output("articles", "Articles")
    async def read_rss(self) -> Table:
        """A row per article: title, link, published and summary."""
        return await self._feed(self.rss_url)


def _news_fields(component: Component) -> dict[str, str]:
    return {name: getattr(component, name) for name in ("hl", "gl", "ceid", "topic", "location")}


def _cut(text: str, limit: int) -> str:
    if limit <= 0 or len(text) <= limit:
        return text
    return text[: max(0, limit - len(_CUT))] + _CUT[-limit:]
