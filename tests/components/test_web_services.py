from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components import web_services as services
from tests.services_standin import Answer, Seen, WebStandin

pytestmark = pytest.mark.anyio

NAMES = ("wikipedia", "wikidata", "serpapi", "serper", "google-search")
PAGES = [
    {"title": "Fish", "link": "http://a.test/", "snippet": "All about fish"},
    {"title": "Eel", "link": "http://b.test/", "snippet": "Long"},
]


@pytest.fixture
def online(web: WebStandin, ctx: Any) -> WebStandin:
    ctx.settings = replace(ctx.settings, service_urls=tuple(f"{name}={web.url}" for name in NAMES))
    return web


async def test_articles_of_wikipedia_come_with_their_text(online: WebStandin, place: Any) -> None:
    def wiki(seen: Seen) -> Any:
        if seen.query.get("list") == "search":
            assert (seen.query["srsearch"], seen.query["srlimit"]) == ("big fish", "2")
            return {"query": {"search": [{"title": "Blue whale"}]}}
        return {"query": {"pages": {"1": {"extract": f"{seen.query['titles']} is no fish.\nBut large."}}}}

    online.serve("/w/api.php", wiki)
    component = place(services.WikipediaComponent(input_value="big fish", k=2, lang="de", doc_content_chars_max=30))
    assert (await component.fetch_content_dataframe()).rows == [
        {
            "text": "Blue whale is no fish.\nBut lar",
            "title": "Blue whale",
            "summary": "Blue whale is no fish.",
            "source": "https://de.wikipedia.org/wiki/Blue_whale",
        }
    ]


@pytest.mark.parametrize("lang", ["", "evil.test/", "EN", "en.evil"])
async def test_a_language_is_no_part_of_an_address(place: Any, lang: str) -> None:
    with pytest.raises(ValueError, match="no language of Wikipedia"):
        await place(services.WikipediaComponent(input_value="q", lang=lang)).fetch_content()


async def test_entries_of_wikidata_are_found(online: WebStandin, place: Any) -> None:
    entry = {"label": "fish", "id": "Q152", "url": "u", "concepturi": "c"}
    online.serve("/w/api.php", {"search": [entry]})
    component = place(services.WikidataComponent(query="fish"))
    assert (await component.fetch_content())[0].data == {"text": "fish: ", **entry, "description": None}
    online.serve("/w/api.php", {"search": []})
    assert (await component.fetch_content())[0].data == {"error": "No search results found for the given query."}


async def test_serpapi_cuts_its_snippets(online: WebStandin, place: Any) -> None:
    online.serve("/search.json", {"organic_results": PAGES})
    fields = {"serpapi_api_key": "k", "search_params": {"hl": "de"}, "max_results": 1, "max_snippet_length": 3}
    component = place(services.SerpComponent(input_value="fish", **fields))
    assert (await component.fetch_content_dataframe()).rows == [
        {"text": "All about fish", "title": "Fis", "link": "http://a.test/", "snippet": "All"}
    ]
    assert online.seen[0].query == {"engine": "google", "hl": "de", "q": "fish", "api_key": "k"}
    assert (await component.fetch_content_text()).text == "All about fish"


async def test_serper_is_asked_with_its_header(online: WebStandin, place: Any) -> None:
    online.serve("/search", {"organic": PAGES})
    component = place(services.GoogleSerperAPICore(input_value="fish", serper_api_key="k", k=2))
    assert [row["title"] for row in (await component.fetch_content_dataframe()).rows] == ["Fish", "Eel"]
    assert (online.seen[0].json, online.seen[0].headers["x-api-key"]) == ({"q": "fish", "num": 2}, "k")


async def test_a_search_engine_of_google_needs_its_id(online: WebStandin, place: Any) -> None:
    online.serve("/customsearch/v1", {"items": PAGES})
    component = place(services.GoogleSearchAPICore(input_value="fish", google_api_key="k", google_cse_id="c", k=20))
    assert len(await component.fetch_content()) == 2
    assert online.seen[0].query == {"key": "k", "cx": "c", "q": "fish", "num": "10"}
    with pytest.raises(ValueError, match="Google CSE ID is required"):
        await place(services.GoogleSearchAPICore(input_value="fish", google_api_key="k")).fetch_content()


@pytest.mark.parametrize(
    ("component", "path"),
    [
        (services.SerpComponent(input_value="q", serpapi_api_key="secret-key"), "/search.json"),
        (
            services.GoogleSearchAPICore(input_value="q", google_api_key="secret-key", google_cse_id="c"),
            "/customsearch/v1",
        ),
    ],
)
async def test_a_failure_is_a_result_that_shows_no_key(
    online: WebStandin, place: Any, component: Any, path: str
) -> None:
    online.serve(path, Answer(b'{"error": "bad secret-key"}', 403, {"content-type": "application/json"}))
    [found] = await place(component).fetch_content()
    assert "bad ***; check the API key" in found.data["error"]


async def test_duckduckgo_gives_its_hits(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from langflow_lite.components.search_engines import DuckDuckGo, Hit

    async def search(self: Any, ctx: Any, query: str, *, timeout: float) -> list[Any]:
        return [Hit(title="Fish", link="http://a.test/", snippet="All about fish")] * 3

    monkeypatch.setattr(DuckDuckGo, "search", search)
    component = place(services.DuckDuckGoSearchComponent(input_value="fish", max_results=2, max_snippet_length=3))
    rows = (await component.fetch_content_dataframe()).rows
    assert rows[0] == {
        "text": "All",
        "content": "All about fish",
        "snippet": "All",
        "title": "Fish",
        "link": "http://a.test/",
    }
    assert len(rows) == 2
