from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components.finance import YfinanceComponent
from langflow_lite.components.tools import component_tools
from tests.services_standin import Answer, WebStandin

pytestmark = pytest.mark.anyio

FEED = b"""<rss><channel>
<item><title>Up &amp;amp; away</title><link>http://x/1</link><pubDate>Mon</pubDate><description>It rose.</description></item>
<item><title>Down</title><link>http://x/2</link></item></channel></rss>"""


@pytest.fixture
def yahoo(web: WebStandin, ctx: Any) -> WebStandin:
    ctx.settings = replace(ctx.settings, service_urls=(f"yahoo-finance={web.url}",))
    web.serve("/rss/2.0/headline", Answer(FEED))
    return web


async def test_headlines_about_a_stock_are_read(yahoo: WebStandin, place: Any) -> None:
    component = place(YfinanceComponent(symbol=" aapl "))
    assert (await component.fetch_content_dataframe()).rows == [
        {"text": "Up & away\nIt rose.", "title": "Up & away", "link": "http://x/1", "published": "Mon"},
        {"text": "Down", "title": "Down", "link": "http://x/2", "published": ""},
    ]
    assert yahoo.seen[0].query == {"s": "AAPL", "region": "US", "lang": "en-US"}
    assert (await component.fetch_content_text()).text == "Up & away\nIt rose.\n\nDown"
    assert len(await place(YfinanceComponent(symbol="A", num_news=1)).fetch_content()) == 1


async def test_an_agent_finds_it_under_the_name_of_its_release(yahoo: WebStandin, place: Any) -> None:
    rows = [{"name": "news", "description": "d", "tags": ["fetch_content"], "status": True}]
    for metadata in (None, rows):
        [tool] = component_tools(place(YfinanceComponent()), metadata)
        assert list(tool.spec.parameters["properties"]) == ["symbol"]
    assert tool.name == "news"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"symbol": "A", "method": "get_info"}, "no public source for get_info: choose get_news"),
        ({"symbol": " "}, "A stock symbol is required"),
    ],
)
async def test_what_cannot_be_read_is_an_error(place: Any, fields: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await place(YfinanceComponent(**fields)).fetch_content()
