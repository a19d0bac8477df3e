"""Search engines that Web Search can ask. The operator chooses one with `LANGFLOW_SEARCH_ENGINE`."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from langflow_lite.components.fetching import FetchFailed, fetch
from langflow_lite.context import RunContext

__all__ = ["DuckDuckGo", "Hit", "SearXNG", "SearchEngine", "engine_of"]


class Hit(NamedTuple):
    """One search result."""

    title: str
    link: str
    snippet: str


class SearchEngine(Protocol):
    """Something that finds pages."""

    async def search(self, ctx: RunContext, query: str, *, timeout: float) -> list[Hit]:  # noqa: ASYNC109
        """The results for the query, best first; raises `FetchFailed`."""


class DuckDuckGo:
    """DuckDuckGo's page for browsers without scripts, which needs no key."""

    address = "https://html.duckduckgo.com"

    async def search(self, ctx: RunContext, query: str, *, timeout: float) -> list[Hit]:  # noqa: ASYNC109
        """The results for the query, best first; raises `FetchFailed`."""
        url = ctx.settings.service_url("duckduckgo", self.address) + "/html/"
        headers = {"User-Agent": "Mozilla/5.0 (compatible; langflow-lite)"}
        answer = await fetch(
            ctx, url, params={"q": query, "kl": "us-en"}, headers=headers, timeout=timeout, trusted=True
        )
        answer.check()
        parser = _DuckDuckGoPage()
        parser.feed(answer.text())
        parser.close()
        return parser.found()


class _DuckDuckGoPage(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._hits: list[tuple[str, list[str], list[str]]] = []
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        classes = (values.get("class") or "").split()
        if tag == "a" and "result__a" in classes:
            title: list[str] = []
            self._hits.append((_real_link(values.get("href") or ""), title, []))
            self._into = title
        elif tag == "a" and "result__snippet" in classes and self._hits:
            self._into = self._hits[-1][2]

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def found(self) -> list[Hit]:
        return [Hit("".join(title).strip(), link, "".join(snippet).strip()) for link, title, snippet in self._hits]


def _real_link(href: str) -> str:
    """The address behind the engine's own redirect."""
    try:
        found = parse_qs(urlsplit(href).query).get("uddg")
    except ValueError:
        return href
    return found[0] if found else href


class _SearXNGHit(msgspec.Struct):
    title: str = ""
    url: str = ""
    content: str | None = None


class _SearXNGAnswer(msgspec.Struct):
    results: list[_SearXNGHit] = []


class SearXNG:
    """A SearXNG instance of the operator, through its JSON format (SearXNG documentation, *Search API*)."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    async def search(self, ctx: RunContext, query: str, *, timeout: float) -> list[Hit]:  # noqa: ASYNC109
        """The results for the query, best first; raises `FetchFailed`."""
        url = f"{self.address}/search"
        answer = await fetch(ctx, url, params={"q": query, "format": "json"}, timeout=timeout, trusted=True)
        if answer.status == 403:
            raise FetchFailed(f"{url} refuses JSON: add `json` to `search.formats` in its settings.yml", 403)
        answer.check()
        try:
            found = msgspec.json.decode(answer.content, type=_SearXNGAnswer)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise FetchFailed(f"{url} did not answer as SearXNG does: {error}") from error
        return [Hit(hit.title, hit.url, hit.content or "") for hit in found.results if hit.url]


def engine_of(ctx: RunContext) -> SearchEngine:
    """The engine that the operator chose."""
    kind, _, address = ctx.settings.search_engine.partition(":")
    return SearXNG(address) if kind == "searxng" else DuckDuckGo()
