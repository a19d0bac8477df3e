from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components.url import URLComponent, URLContentFetcherComponent
from langflow_lite.models.outbound import OutboundClients
from tests.services_standin import Answer, WebStandin

pytestmark = pytest.mark.anyio

PAGE = (
    '<html lang="en"><head><title>Fish</title><meta name="description" content="About fish"><style>p{}</style></head>'
    '<body><h1>All about fish</h1><p>They <b>swim</b> &amp; <a href="/pond/deep">dive</a>.</p>'
    "<script>var x = '<p>no</p>'</script></body></html>"
)


async def test_a_page_is_read_with_what_it_says_about_itself(web: WebStandin, place: Any) -> None:
    url = web.serve("/fish", PAGE)
    table = await place(URLComponent(urls=[url])).fetch_content()
    assert table.rows == [
        {
            "text": "FishAll about fishThey swim & dive.",
            "url": url,
            "title": "Fish",
            "description": "About fish",
            "content_type": "text/html; charset=utf-8",
            "language": "en",
        }
    ]
    assert web.seen[0].headers["user-agent"] == "langflow"


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("HTML", PAGE),
        ("Raw HTML", PAGE),
        ("Markdown", "# All about fish\n\nThey **swim** & [dive](/pond/deep)."),
        ("Text", "FishAll about fishThey swim & dive."),
    ],
)
async def test_a_page_comes_in_the_format_that_is_asked_for(
    web: WebStandin, place: Any, format_: str, text: str
) -> None:
    component = place(URLComponent(urls=[web.serve("/fish", PAGE)], format=format_))
    assert (await component.fetch_content_as_message()).text == text


async def test_several_pages_keep_their_order_and_are_fetched_once(web: WebStandin, place: Any) -> None:
    urls = [web.serve(f"/{name}", f"<p>{name}</p>") for name in "abc"]
    component = place(URLComponent(urls=[urls[2], f" {urls[0]} ", "", urls[1], urls[0]]))
    assert (await component.fetch_content_as_message()).text == "c\n\na\n\nb"
    assert sorted(web.paths) == ["/a", "/b", "/c"]


async def test_links_are_followed_to_the_depth_and_not_outside(web: WebStandin, place: Any) -> None:
    root = web.serve("/docs/", '<a href="one">1</a> <a href="/other">o</a> <a href="http://example.invalid/x">x</a>')
    web.serve("/docs/one", '<a href="/docs/two">2</a>')
    web.serve("/docs/two", '<a href="/docs/three">3</a>')
    web.serve("/other", "other")
    pages = await place(URLComponent(urls=[root], max_depth=2)).fetch_content()
    assert [row["url"].removeprefix(web.url) for row in pages] == ["/docs/", "/docs/one"]
    pages = await place(URLComponent(urls=[root], max_depth=3)).fetch_content()
    assert [row["url"].removeprefix(web.url) for row in pages] == ["/docs/", "/docs/one", "/docs/two"]


async def test_a_page_that_fails_is_left_out_or_fails_the_component(web: WebStandin, place: Any) -> None:
    good = web.serve("/good", "good")
    urls = [web.url + "/missing", good]
    pages = await place(URLComponent(urls=urls, check_response_status=True)).fetch_content()
    assert [row["text"] for row in pages] == ["good"]
    strict = URLComponent(urls=urls, check_response_status=True, continue_on_failure=False)
    with pytest.raises(ValueError, match=r"Error loading documents: .*/missing answered with status 404"):
        await place(strict).fetch_content()


@pytest.mark.parametrize(
    ("urls", "problem"),
    [
        ([], "No valid URLs provided"),
        (["", "  "], "No valid URLs provided"),
        (["ftp://example.com"], "Invalid URL: ftp://example.com"),
        (["http://"], "Invalid URL"),
        (["a b.com"], "Invalid URL: a b.com"),
        (["file:///etc/passwd"], "Invalid URL"),
    ],
)
async def test_what_is_no_address_is_refused(place: Any, urls: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await place(URLComponent(urls=urls)).fetch_content()


async def test_a_page_without_end_is_cut_off(web: WebStandin, place: Any) -> None:
    url = web.serve("/huge", Answer(b"x" * (10 * 2**20 + 1), headers={"content-type": "text/html"}))
    with pytest.raises(ValueError, match="sent more than 10 MB"):
        await place(URLComponent(urls=[url])).fetch_content()


async def test_redirects_are_followed_unless_switched_off(web: WebStandin, place: Any) -> None:
    web.serve("/new", "here")
    url = web.serve("/old", Answer(b"moved", 302, {"location": "/new", "content-type": "text/html"}))
    assert (await place(URLComponent(urls=[url])).fetch_content())[0]["text"] == "here"
    stay = URLComponent(urls=[url], follow_redirects=False)
    assert (await place(stay).fetch_content())[0]["text"] == "moved"


async def test_a_redirect_to_a_private_address_is_refused_before_it_is_called(web: WebStandin, place: Any) -> None:
    url = web.serve("/out", Answer(b"", 302, {"location": "http://10.0.0.1/secret"}))
    with pytest.raises(ValueError, match=r"10\.0\.0\.1 are refused"):
        await place(URLComponent(urls=[url])).fetch_content()


async def test_a_server_for_others_refuses_its_own_machine(web: WebStandin, place: Any) -> None:
    component = place(URLComponent(urls=[web.serve("/", "inside")]))
    component.ctx.settings = replace(component.ctx.settings, host="0.0.0.0")
    async with OutboundClients(component.ctx.settings) as clients:
        component.ctx.outbound = clients
        with pytest.raises(ValueError, match="not a public address"):
            await component.fetch_content()
    assert web.seen == []


async def test_the_encoding_of_a_page_is_found_in_its_header_or_its_head(web: WebStandin, place: Any) -> None:
    html = "<meta charset='iso-8859-1'><p>caf\u00e9</p>".encode("latin-1")
    by_meta = web.serve("/meta", Answer(html, headers={"content-type": "text/html"}))
    by_header = web.serve(
        "/header", Answer("<p>\u65e5</p>".encode("shift_jis"), headers={"content-type": "text/html; charset=shift_jis"})
    )
    text = (await place(URLComponent(urls=[by_meta, by_header])).fetch_content_as_message()).text
    assert text == "caf\u00e9\n\n\u65e5"


async def test_exports_before_1_5_get_records_text_and_rows(web: WebStandin, place: Any) -> None:
    url = web.serve("/fish", "<title>Fish</title>\n<p>swim</p>\n\n\n<p>dive</p>")
    component = place(URLComponent(urls=[url.removeprefix("http://"), url], separator="|"))
    [record] = await component.fetch_content_data()
    assert record.data["text"] == "Fish\nswim\ndive"
    assert (record.data["source"], record.data["title"]) == (url, "Fish")
    assert (await component.fetch_content_text()).text == "Fish\nswim\ndive"
    assert (await component.as_dataframe()).rows == [record.data]
    assert component.find_output("data", "fetch_content").method == "fetch_content_data"
    assert component.find_output("page_results", "fetch_content").method == "fetch_content"
    assert component.find_output("raw_results", "as_message").method == "fetch_content_as_message"


async def test_the_fetcher_of_the_first_starter_projects_is_a_component_and_a_tool(web: WebStandin, place: Any) -> None:
    url = web.serve("/fish", PAGE)
    component = place(URLContentFetcherComponent(url=url))
    page = {
        "content": "FishAll about fishThey swim & dive.",
        "metadata": {"source": url, "title": "Fish", "language": "en"},
    }
    assert (await component.run_model()).data == {**page, "text": page["content"]}
    tool = await component.build_tool()
    assert (tool.name, await tool.call({"url": url})) == ("url_content_fetcher", page)
