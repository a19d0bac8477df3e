from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from langflow_lite.components.search import (
    NewsSearchComponent,
    RSSReaderComponent,
    UnifiedWebSearchComponent,
    WebSearchComponent,
)
from tests.services_standin import Answer, WebStandin

pytestmark = pytest.mark.anyio

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>Cod &lt;b&gt;found&lt;/b&gt;</title><link>http://x/1</link><pubDate>Mon, 06 Jan 2025</pubDate>
<description>&lt;p&gt;In the &lt;i&gt;sea&lt;/i&gt;.&lt;/p&gt;</description></item>
<item><title>Two</title><link>http://x/2</link></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title><link href="http://x/a"/>
<updated>2025-01-06</updated><summary>S</summary></entry></feed>"""


def results_page(*links: str) -> str:
    return "".join(
        f'<div class="result"><a class="result__a" href="//duckduckgo.com/l/?uddg={quote(link, safe="")}&amp;rut=1">T<b>{index}</b></a>'
        f'<a class="result__snippet" href="x">about <b>{index}</b></a></div>'
        for index, link in enumerate(links)
    )


@pytest.fixture
def online(web: WebStandin, ctx: Any) -> WebStandin:
    urls = (f"duckduckgo={web.url}", f"google-news={web.url}")
    ctx.settings = replace(ctx.settings, service_urls=urls)
    return web


async def test_the_web_is_searched_and_the_pages_are_read(online: WebStandin, place: Any) -> None:
    one = online.serve("/one", "<p>Page <b>one</b></p><script>no</script>")
    online.serve("/html/", results_page(one, online.url + "/gone"))
    table = await place(UnifiedWebSearchComponent(query='"cod" <recipes>')).perform_search()
    assert table.rows == [
        {"title": "T0", "link": one, "snippet": "about 0", "content": "Page one"},
        {
            "title": "T1",
            "link": online.url + "/gone",
            "snippet": "about 1",
            "content": f"(Failed to fetch: {online.url}/gone answered with status 404)",
        },
    ]
    assert online.seen[0].query == {"q": "cod recipes", "kl": "us-en"}


@pytest.mark.parametrize(
    ("fields", "count", "length"), [({}, 5, 2000), ({"max_results": 2, "max_content_length": 30}, 2, 30),
                                    ({"max_results": 0, "max_content_length": 0}, 7, 5000)]
)  # fmt: skip
async def test_results_and_their_texts_are_limited(
    online: WebStandin, place: Any, fields: dict[str, int], count: int, length: int
) -> None:
    page = online.serve("/page", "x" * 5000)
    online.serve("/html/", results_page(*[page] * 7))
    table = await place(UnifiedWebSearchComponent(query="q", **fields)).perform_search()
    assert [len(row["content"]) for row in table] == [length] * count
    assert table[0]["content"].endswith("... [truncated]") is (length < 5000)


async def test_the_component_of_1_5_has_no_limits(online: WebStandin, place: Any) -> None:
    page = online.serve("/page", "x" * 5000)
    online.serve("/html/", results_page(*[page] * 7))
    table = await place(WebSearchComponent(query="q")).perform_search()
    assert [len(row["content"]) for row in table] == [5000] * 7


async def test_trouble_with_the_engine_is_a_row_that_says_so(online: WebStandin, place: Any) -> None:
    [row] = await place(UnifiedWebSearchComponent(query="q")).perform_search()
    assert (row["title"], row["link"], row["content"]) == ("Error", "", "")
    assert "status 404" in row["snippet"]
    online.serve("/html/", "<p>nothing</p>")
    [row] = await place(UnifiedWebSearchComponent(query="q")).perform_search()
    assert row["snippet"] == "No results found"


async def test_an_empty_query_is_an_error(online: WebStandin, place: Any) -> None:
    with pytest.raises(ValueError, match="Empty search query"):
        await place(UnifiedWebSearchComponent(query=' "" ')).perform_search()


async def test_the_operator_may_choose_a_searxng_instance(online: WebStandin, place: Any, ctx: Any) -> None:
    ctx.settings = replace(ctx.settings, search_engine=f"searxng:{online.url}/")
    page = online.serve("/page", "text")
    online.serve("/search", {"results": [{"title": "T", "url": page, "content": "S", "score": 1}]})
    table = await place(UnifiedWebSearchComponent(query="q")).perform_search()
    assert table.rows == [{"title": "T", "link": page, "snippet": "S", "content": "text"}]
    assert online.seen[0].query == {"q": "q", "format": "json"}
    online.serve("/search", Answer(b"", 403))
    [row] = await place(UnifiedWebSearchComponent(query="q")).perform_search()
    assert "add `json` to `search.formats`" in row["snippet"]


@pytest.mark.parametrize(
    ("fields", "path", "query"),
    [
        ({"query": "cod & co"}, "/rss/search", {"q": "cod & co", "hl": "en-US", "gl": "US", "ceid": "US:en"}),
        ({"query": "q", "hl": "de-DE", "gl": "DE"}, "/rss/search", {"q": "q", "hl": "de-DE", "gl": "DE", "ceid": "DE:de"}),
        ({"query": "q", "topic": "science"}, "/rss/headlines/section/topic/SCIENCE", {"hl": "en-US", "gl": "US", "ceid": "US:en"}),
        ({"query": "", "location": "Rome"}, "/rss/headlines/section/geo/Rome", {"hl": "en-US", "gl": "US", "ceid": "US:en"}),
    ],
)  # fmt: skip
async def test_news_are_found_by_words_topic_or_place(
    online: WebStandin, place: Any, fields: dict[str, str], path: str, query: dict[str, str]
) -> None:
    online.serve(path, Answer(RSS, headers={"content-type": "application/xml"}))
    table = await place(UnifiedWebSearchComponent(search_mode="News", **fields)).perform_search()
    assert table.rows == [
        {"title": "Cod found", "link": "http://x/1", "published": "Mon, 06 Jan 2025", "summary": "In the sea ."},
        {"title": "Two", "link": "http://x/2", "published": "", "summary": ""},
    ]
    assert (online.seen[0].path, online.seen[0].query) == (path, query)


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (RSS, {"title": "Cod found", "link": "http://x/1", "published": "Mon, 06 Jan 2025", "summary": "In the sea ."}),
        (ATOM, {"title": "A", "link": "http://x/a", "published": "2025-01-06", "summary": "S"}),
        (b"<rss/>", {"title": "No articles found", "link": "", "published": "", "summary": ""}),
    ],
)
async def test_feeds_are_read(web: WebStandin, place: Any, content: bytes, row: dict[str, str]) -> None:
    url = web.serve("/feed", Answer(content))
    assert (await place(RSSReaderComponent(rss_url=url)).read_rss())[0] == row
    unified = place(UnifiedWebSearchComponent(search_mode="RSS", query=url))
    assert (await unified.perform_search())[0] == row


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not xml", "not well-formed XML"),
        (b'<!DOCTYPE r [<!ENTITY a "aaaa">]><rss>&a;</rss>', "declares entities"),
        (b"", "not well-formed XML"),
    ],
)
async def test_a_feed_that_cannot_be_read_is_a_row_that_says_so(
    web: WebStandin, place: Any, content: bytes, says: str
) -> None:
    [row] = await place(RSSReaderComponent(rss_url=web.serve("/feed", Answer(content)))).read_rss()
    assert row["title"] == "Error"
    assert says in row["summary"]


async def test_news_without_anything_to_look_for_say_so(online: WebStandin, place: Any) -> None:
    [row] = await place(NewsSearchComponent()).search_news()
    assert row == {"title": "Error", "link": "", "published": "", "summary": "No search parameters provided"}
    assert online.seen == []
