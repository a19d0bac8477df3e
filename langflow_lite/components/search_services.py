"""Search services: Tavily, SearchApi and arXiv."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from langflow_lite.components.base import output
from langflow_lite.components.feeds import parse_xml
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.service import Service
from langflow_lite.values import Data, Message, Table

if TYPE_CHECKING:
    from xml.etree import ElementTree

__all__ = [
    "ArXivComponent",
    "SearchAPIComponent",
    "SearchComponent",
    "TavilySearchComponent",
    "TavilySearchToolComponent",
]


class _Tavily(Service):
    service = "tavily"
    title = "Tavily"
    address = "https://api.tavily.com"
    variables = ("TAVILY_API_KEY",)
    category = "tavily"
    icon = "TavilyIcon"

    async def _search(self, key: str, **options: Any) -> list[Data]:
        """The answer first, then the pages, then the images; a failure is one record with `error`."""
        key = await self.key(key)
        body = {"api_key": key, **{name: value for name, value in options.items() if value not in (None, "", [])}}
        try:
            found = await self.call(
                "POST", "/search", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=90.0
            )
        except FetchFailed as error:
            self.status = str(error)
            return [Data({"text": str(error), "error": str(error)})]
        records = []
        if options.get("include_answer") and found.get("answer"):
            records.append(Data({"text": found["answer"], "answer": found["answer"]}))
        for page in found.get("results") or []:
            content = page.get("content") or ""
            record = {
                "text": content,
                "title": page.get("title"),
                "url": page.get("url"),
                "content": content,
                "score": page.get("score"),
            }
            if options.get("include_raw_content"):
                record["raw_content"] = page.get("raw_content")
            records.append(Data(record))
        if options.get("include_images") and found.get("images"):
            records.append(Data({"text": "Images found", "images": found["images"]}))
        self.status = records
        return records


class TavilySearchComponent(_Tavily):
    """Searches the web with Tavily, a search engine for language models."""

    name = "TavilySearchComponent"
    aliases = ("Tavily", "Tavily Search API")
    display_name = "Tavily Search API"

    api_key: str = field(Kind.SECRET, "Tavily API Key", required=True, load_from_db=True)
    query: str = field(Kind.TEXT, "Search Query", tool_mode=True, info="What to search for.")
    search_depth: str = field(Kind.DROPDOWN, "Search Depth", "advanced", options=("basic", "advanced"), advanced=True)
    chunks_per_source: int = field(Kind.INT, "Chunks Per Source", 3, advanced=True)
    topic: str = field(Kind.DROPDOWN, "Search Topic", "general", options=("general", "news"), advanced=True)
    days: int = field(Kind.INT, "Days", 7, advanced=True, info="How many days back, for news.")
    max_results: int = field(Kind.INT, "Max Results", 5, advanced=True)
    include_answer: bool = field(Kind.BOOL, "Include Answer", True, advanced=True)
    time_range: str = field(Kind.DROPDOWN, "Time Range", options=("day", "week", "month", "year"), advanced=True)
    include_images: bool = field(Kind.BOOL, "Include Images", True, advanced=True)
    include_domains: str = field(Kind.TEXT, "Include Domains", advanced=True, info="Separated by commas.")
    exclude_domains: str = field(Kind.TEXT, "Exclude Domains", advanced=True, info="Separated by commas.")
    include_raw_content: bool = field(Kind.BOOL, "Include Raw Content", advanced=True)

    @output("dataframe", "Table", aliases=("as_dataframe",))
    async def fetch_content_dataframe(self) -> Table:
        """A row per result."""
        return Table(record.data for record in await self.fetch_content())

    @output("data", "Data", types=("Data", "JSON"), hidden=True)
    async def fetch_content(self) -> list[Data]:
        """A record per result."""
        news = self.topic == "news"
        return await self._search(
            self.api_key,
            query=self.query,
            search_depth=self.search_depth,
            topic=self.topic,
            max_results=self.max_results,
            include_images=self.include_images,
            include_answer=self.include_answer,
            include_raw_content=self.include_raw_content,
            chunks_per_source=self.chunks_per_source if self.search_depth == "advanced" else None,
            days=self.days if news else None,
            time_range=self.time_range,
            include_domains=_split(self.include_domains),
            exclude_domains=_split(self.exclude_domains),
        )

    @output("text", "Text", hidden=True)
    async def fetch_content_text(self) -> Message:
        """The texts of the results."""
        text = "\n".join(record.get_text() for record in await self.fetch_content())
        self.status = text
        return Message(text=text)


class TavilySearchToolComponent(_Tavily):
    """Searches the web with Tavily, as a tool of releases before 1.2."""

    name = "TavilyAISearch"
    display_name = "Tavily AI Search"
    legacy = True

    api_key: str = field(Kind.SECRET, "Tavily API Key", required=True, load_from_db=True)
    query: str = field(Kind.TEXT, "Search Query", tool_mode=True, info="What to search for.")
    search_depth: str = field(
        Kind.DROPDOWN, "Search Depth", "advanced", options=("basic", "advanced"), advanced=True, tool_mode=True
    )
    topic: str = field(
        Kind.DROPDOWN, "Search Topic", "general", options=("general", "news"), advanced=True, tool_mode=True
    )
    max_results: int = field(Kind.INT, "Max Results", 5, advanced=True, tool_mode=True)
    include_images: bool = field(Kind.BOOL, "Include Images", True, advanced=True, tool_mode=True)
    include_answer: bool = field(Kind.BOOL, "Include Answer", True, advanced=True, tool_mode=True)

    @output("api_run_model", "Data", types=("Data", "JSON"), tool_name="tavily_search", info="Searches the web.")
    async def run_model(self) -> list[Data]:
        """A record per result."""
        return await self._search(
            self.api_key,
            query=self.query,
            search_depth=self.search_depth,
            topic=self.topic,
            max_results=self.max_results,
            include_images=self.include_images,
            include_answer=self.include_answer,
        )


class _SearchApi(Service):
    service = "searchapi"
    title = "SearchApi"
    address = "https://www.searchapi.io"
    variables = ("SEARCHAPI_API_KEY",)
    category = "searchapi"
    icon = "SearchAPI"

    api_key: str = field(Kind.SECRET, "SearchAPI API Key", required=True, load_from_db=True)
    engine: str = field(Kind.DROPDOWN, "Engine", "google", options=("google", "bing", "duckduckgo"), combobox=True)
    search_params: dict[str, Any] = field(
        Kind.DICT, "Search parameters", advanced=True, is_list=True, info="Further parameters of the search."
    )
    max_results: int = field(Kind.INT, "Max Results", 5, advanced=True)
    max_snippet_length: int = field(Kind.INT, "Max Snippet Length", 100, advanced=True)

    async def _search(self, query: str) -> list[Data]:
        """A record per result; a failure is one record with `error`."""
        key = await self.key(self.api_key)
        params = self.search_params if isinstance(self.search_params, Mapping) else {}
        try:
            found = await self.call(
                "GET",
                "/api/v1/search",
                params={"engine": self.engine or "google", "q": query, **params, "api_key": key},
            )
        except FetchFailed as error:
            reason = str(error).replace(key, "***")
            self.status = reason
            return [Data({"text": reason, "error": reason})]
        records = []
        for hit in (found.get("organic_results") or [])[: max(0, self.max_results)]:
            snippet = hit.get("snippet") or ""
            records.append(
                Data(
                    {
                        "text": snippet,
                        "title": (hit.get("title") or "")[: self.max_snippet_length],
                        "link": hit.get("link") or "",
                        "snippet": snippet[: self.max_snippet_length],
                    }
                )
            )
        self.status = records
        return records


class SearchComponent(_SearchApi):
    """Searches the web with SearchApi."""

    name = "SearchComponent"
    aliases = ("SearchApi",)
    display_name = "SearchApi"

    input_value: str = field(Kind.MULTILINE, "Input", tool_mode=True, info="What to search for.")

    @output("dataframe", "Table", aliases=("as_dataframe",))
    async def fetch_content_dataframe(self) -> Table:
        """A row per result."""
        return Table(record.data for record in await self.fetch_content())

    @output("data", "Data", types=("Data", "JSON"), hidden=True)
    async def fetch_content(self) -> list[Data]:
        """A record per result."""
        return await self._search(self.input_value)

    @output("text", "Text", hidden=True)
    async def fetch_content_text(self) -> Message:
        """The snippets of the results."""
        text = "\n".join(record.get_text() for record in await self.fetch_content())
        self.status = text
        return Message(text=text)


class SearchAPIComponent(_SearchApi):
    """Searches the web with SearchApi, as a tool of releases before 1.2."""

    name = "SearchAPI"
    display_name = "Search API"
    legacy = True

    query: str = field(Kind.MULTILINE, "Input", tool_mode=True, aliases=("input_value",), info="What to search for.")
    search_params: dict[str, Any] = field(
        Kind.DICT,
        "Search parameters",
        advanced=True,
        tool_mode=True,
        aliases=("params",),
        info="Further parameters of the search.",
    )
    max_results: int = field(Kind.INT, "Max Results", 5, advanced=True, tool_mode=True)
    max_snippet_length: int = field(Kind.INT, "Max Snippet Length", 100, advanced=True, tool_mode=True)

    @output("api_run_model", "Data", types=("Data", "JSON"), tool_name="search_api", info="Searches the web.")
    async def run_model(self) -> list[Data]:
        """A record per result."""
        return await self._search(self.query)


_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_TYPES = {"all": "all", "title": "ti", "abstract": "abs", "author": "au", "cat": "cat"}


class ArXivComponent(Service):
    """Searches arXiv for scientific papers."""

    name = "ArXivComponent"
    aliases = ("arXiv",)
    display_name = "arXiv"
    category = "arxiv"
    icon = "arXiv"
    service = "arxiv"
    title = "arXiv"
    address = "https://export.arxiv.org"

    search_query: str = field(Kind.TEXT, "Search Query", tool_mode=True, info="What to search for.")
    search_type: str = field(Kind.DROPDOWN, "Search Field", "all", options=tuple(_TYPES), info="Where to search.")
    max_results: int = field(Kind.INT, "Max Results", 10)

    @output("dataframe", "Table", aliases=("as_dataframe",))
    async def search_papers_dataframe(self) -> Table:
        """A row per paper."""
        return Table(record.data for record in await self.search_papers())

    @output("data", "Data", types=("Data", "JSON"), aliases=("papers",), hidden=True)
    async def search_papers(self) -> list[Data]:
        """A record per paper; a failure is one record with `error`."""
        params = {
            "search_query": f"{_TYPES.get(self.search_type, 'all')}:{self.search_query}",
            "max_results": str(max(1, self.max_results)),
        }
        try:
            answer = await self.send("GET", "/api/query", params=params)
            records = [Data(paper) for paper in _papers(parse_xml(answer.content))]
        except ValueError as error:
            self.status = str(error)
            return [Data({"text": str(error), "error": str(error)})]
        self.status = records
        return records


def _papers(feed: ElementTree.Element) -> Iterator[dict[str, Any]]:
    for entry in feed.iter(f"{_ATOM}entry"):
        links = {link.get("title") or link.get("rel") or "": link.get("href") for link in entry.iter(f"{_ATOM}link")}
        primary = entry.find(f"{_ARXIV}primary_category")
        summary = _line(entry, f"{_ATOM}summary")
        yield {
            "text": f"{_line(entry, f'{_ATOM}title')}\n\n{summary}",
            "id": _line(entry, f"{_ATOM}id"),
            "title": _line(entry, f"{_ATOM}title"),
            "summary": summary,
            "published": _line(entry, f"{_ATOM}published"),
            "updated": _line(entry, f"{_ATOM}updated"),
            "authors": [_line(author, f"{_ATOM}name") for author in entry.iter(f"{_ATOM}author")],
            "arxiv_url": links.get("alternate"),
            "pdf_url": links.get("pdf"),
            "comment": _line(entry, f"{_ARXIV}comment"),
            "journal_ref": _line(entry, f"{_ARXIV}journal_ref"),
            "primary_category": primary.get("term") if primary is not None else None,
            "categories": [category.get("term") for category in entry.iter(f"{_ATOM}category")],
        }


def _line(element: ElementTree.Element, tag: str) -> str:
    return " ".join((element.findtext(tag) or "").split())


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
