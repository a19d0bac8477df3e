"""More search services: Wikipedia and Wikidata without a key, DuckDuckGo, and Google through three APIs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from langflow_lite.components.base import output
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.search_engines import DuckDuckGo
from langflow_lite.components.service import Service
from langflow_lite.values import Data, Message, Table

__all__ = [
    "DuckDuckGoSearchComponent",
    "GoogleSearchAPICore",
    "GoogleSerperAPICore",
    "SerpComponent",
    "WikidataComponent",
    "WikipediaComponent",
]

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,10})?\Z")


class _Finder(Service):
    """A service that answers a query with records. A failure is one record with `error`."""

    input_value: str = field(
        Kind.MULTILINE, "Input", required=True, tool_mode=True, aliases=("query",), info="What to search for."
    )

    @output("dataframe", "Table", aliases=("results", "search_google", "search_serper"))
    async def fetch_content_dataframe(self) -> Table:
        """A row per result."""
        return Table(record.data for record in await self.fetch_content())

    @output("data", "Data", types=("Data", "JSON"), aliases=("api_run_model", "run_model"), hidden=True)
    async def fetch_content(self) -> list[Data]:
        """A record per result."""
        try:
            records = list(await self._found(self.input_value.strip()))
        except FetchFailed as error:
            records = [{"text": str(error), "error": str(error)}]
        found = [Data(record) for record in records]
        self.status = found
        return found

    @output("text", "Text", hidden=True)
    async def fetch_content_text(self) -> Message:
        """The texts of the results."""
        return Message(text="\n".join(record.get_text() for record in await self.fetch_content()))

    async def _found(self, query: str) -> Iterable[dict[str, Any]]:
        raise NotImplementedError


class WikipediaComponent(_Finder):
    """Finds articles of Wikipedia."""

    name = "WikipediaComponent"
    aliases = ("WikipediaAPI", "Wikipedia")
    display_name = "Wikipedia"
    category = "wikipedia"
    icon = "Wikipedia"
    service = "wikipedia"
    title = "Wikipedia"
    address = "https://en.wikipedia.org"

    lang: str = field(Kind.TEXT, "Language", "en", info="Which Wikipedia, such as en or de.")
    k: int = field(Kind.INT, "Number of results", 4, required=True)
    load_all_available_meta: bool = field(Kind.BOOL, "Load all available meta", advanced=True, info="Without effect.")
    doc_content_chars_max: int = field(
        Kind.INT, "Document content characters max", 4000, advanced=True, info="Most characters of an article."
    )

    async def _found(self, query: str) -> list[dict[str, Any]]:
        if not _LANGUAGE.match(self.lang.strip()):
            raise ValueError(f"{self.lang[:40]!r} is no language of Wikipedia")
        # Each language has a server of its own.
        self.address = f"https://{self.lang.strip()}.wikipedia.org"  # type: ignore[misc]
        search = {"list": "search", "srsearch": query, "srlimit": str(min(max(1, self.k), 50))}
        hits = (await self._query(search)).get("search") or []
        return [await self._article(str(hit["title"])) for hit in hits]

    async def _query(self, params: Mapping[str, str]) -> dict[str, Any]:
        found = await self.call("GET", "/w/api.php", params={"action": "query", "format": "json", **params})
        query: dict[str, Any] = found.get("query") or {}
        return query

    async def _article(self, title: str) -> dict[str, Any]:
        pages = (await self._query({"prop": "extracts", "explaintext": "1", "titles": title})).get("pages") or {}
        text = next((str(page.get("extract") or "") for page in pages.values()), "")
        return {
            "text": text[: max(0, self.doc_content_chars_max)],
            "title": title,
            "summary": text.partition("\n")[0],
            "source": f"{self.address}/wiki/{quote(title.replace(' ', '_'))}",
        }


class WikidataComponent(_Finder):
    """Finds entries of Wikidata."""

    name = "WikidataComponent"
    aliases = ("WikidataAPI", "Wikidata")
    display_name = "Wikidata"
    category = "wikipedia"
    icon = "Wikipedia"
    service = "wikidata"
    title = "Wikidata"
    address = "https://www.wikidata.org"

    async def _found(self, query: str) -> list[dict[str, Any]]:
        params = {"action": "wbsearchentities", "format": "json", "search": query, "language": "en"}
        found = (await self.call("GET", "/w/api.php", params=params)).get("search") or []
        if not found:
            return [{"error": "No search results found for the given query."}]
        return [
            {
                "text": f"{entry.get('label')}: {entry.get('description', '')}",
                **{key: entry.get(key) for key in ("label", "id", "url", "description", "concepturi")},
            }
            for entry in found
        ]


class DuckDuckGoSearchComponent(_Finder):
    """Searches the web with DuckDuckGo."""

    name = "DuckDuckGoSearchComponent"
    aliases = ("DuckDuckGoSearch", "DuckDuckGo Search")
    display_name = "DuckDuckGo Search"
    category = "duckduckgo"
    icon = "DuckDuckGo"
    service = "duckduckgo"
    title = "DuckDuckGo"
    address = "https://html.duckduckgo.com"

    max_results: int = field(Kind.INT, "Max Results", 5, advanced=True)
    max_snippet_length: int = field(Kind.INT, "Max Snippet Length", 100, advanced=True)

    async def _found(self, query: str) -> list[dict[str, Any]]:
        hits = await DuckDuckGo().search(self.ctx, query, timeout=20)
        return [
            {
                "text": hit.snippet[: self.max_snippet_length],
                "content": hit.snippet,
                "snippet": hit.snippet[: self.max_snippet_length],
                "title": hit.title,
                "link": hit.link,
            }
            for hit in hits[: max(0, self.max_results)]
        ]


class _GoogleResults(_Finder):
    results_key: ClassVar[str] = ""

    def _pages(self, found: Mapping[str, Any], most: int, length: int = 10_000) -> Iterator[dict[str, Any]]:
        for page in (found.get(self.results_key) or [])[: max(0, most)]:
            snippet = str(page.get("snippet") or "")
            yield {
                "text": snippet,
                "title": str(page.get("title") or "")[:length],
                "link": page.get("link"),
                "snippet": snippet[:length],
            }


class SerpComponent(_GoogleResults):
    """Searches the web with SerpAPI."""

    name = "Serp"
    aliases = ("SerpAPI", "Serp Search API")
    display_name = "Serp Search API"
    category = "serpapi"
    icon = "SerpSearch"
    service = "serpapi"
    title = "SerpAPI"
    address = "https://serpapi.com"
    variables = ("SERPAPI_API_KEY",)
    results_key = "organic_results"

    serpapi_api_key: str = field(Kind.SECRET, "SerpAPI API Key", required=True)
    search_params: dict[str, Any] = field(Kind.DICT, "Parameters", advanced=True, info="More parameters of the API.")
    max_results: int = field(Kind.INT, "Max Results", 5, advanced=True)
    max_snippet_length: int = field(Kind.INT, "Max Snippet Length", 100, advanced=True)

    async def _found(self, query: str) -> Iterable[dict[str, Any]]:
        key = await self.key(self.serpapi_api_key)
        params = {"engine": "google", **self.search_params, "q": query, "api_key": key}
        try:
            found = await self.call("GET", "/search.json", params=params)
        except FetchFailed as error:
            raise FetchFailed(str(error).replace(key, "***"), error.status) from error
        return self._pages(found, self.max_results, self.max_snippet_length)


class GoogleSerperAPICore(_GoogleResults):
    """Searches Google through Serper."""

    name = "GoogleSerperAPICore"
    aliases = ("GoogleSerperAPI", "Google Serper API")
    display_name = "Google Serper API"
    category = "google"
    icon = "Serper"
    service = "serper"
    title = "Serper"
    address = "https://google.serper.dev"
    variables = ("SERPER_API_KEY",)
    results_key = "organic"

    serper_api_key: str = field(Kind.SECRET, "Serper API Key", required=True)
    k: int = field(Kind.INT, "Number of results", 4, required=True)

    async def _found(self, query: str) -> Iterable[dict[str, Any]]:
        headers = {"X-API-KEY": await self.key(self.serper_api_key)}
        found = await self.call("POST", "/search", headers=headers, json={"q": query, "num": max(1, self.k)})
        return self._pages(found, self.k)


class GoogleSearchAPICore(_GoogleResults):
    """Searches with a programmable search engine of Google."""

    name = "GoogleSearchAPICore"
    aliases = ("GoogleSearchAPI", "Google Search API")
    display_name = "Google Search API"
    category = "google"
    icon = "Google"
    service = "google-search"
    title = "Google Search"
    address = "https://www.googleapis.com"
    variables = ("GOOGLE_API_KEY",)
    results_key = "items"

    google_api_key: str = field(Kind.SECRET, "Google API Key", required=True)
    google_cse_id: str = field(Kind.SECRET, "Google CSE ID", required=True, info="The id of the search engine.")
    k: int = field(Kind.INT, "Number of results", 4, required=True)

    async def _found(self, query: str) -> Iterable[dict[str, Any]]:
        if not self.google_cse_id.strip():
            raise ValueError("Google CSE ID is required: it names the search engine")
        key = await self.key(self.google_api_key)
        params = {"key": key, "cx": self.google_cse_id.strip(), "q": query, "num": str(min(max(1, self.k), 10))}
        try:
            found = await self.call("GET", "/customsearch/v1", params=params)
        except FetchFailed as error:
            raise FetchFailed(str(error).replace(key, "***"), error.status) from error
        return self._pages(found, self.k)
