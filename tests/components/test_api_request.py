from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.api_request import APIRequestComponent
from langflow_lite.components.curl import parse_curl
from langflow_lite.values import Data
from tests.services_standin import Answer, WebStandin

pytestmark = pytest.mark.anyio


async def test_an_answer_is_a_record_with_status_headers_and_content(web: WebStandin, place: Any) -> None:
    url = web.serve("/api", {"fish": ["cod"]})
    result = (await place(APIRequestComponent(url_input=url)).make_api_request()).data
    assert result.pop("response_headers")["content-type"] == "application/json"
    assert result == {"source": url, "status_code": 200, "result": {"fish": ["cod"]}}


async def test_what_is_not_json_comes_as_text(web: WebStandin, place: Any) -> None:
    result = await place(APIRequestComponent(url_input=web.serve("/", "<p>hi</p>"))).make_api_request()
    assert result.data["result"] == "<p>hi</p>"


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ([{"key": "n", "value": "3"}, {"key": "s", "value": "three"}, {"key": "o", "value": '{"a": [1]}'}],
         b'{"n":3,"s":"three","o":{"a":[1]}}'),
        (Data({"a": 1}), b'{"a":1}'),
        ([{"a": 1}, {"a": 2}], b'[{"a":1},{"a":2}]'),
        ([], b""),
    ],
)  # fmt: skip
async def test_a_body_is_sent_as_json(web: WebStandin, place: Any, body: Any, sent: bytes) -> None:
    url = web.serve("/api", {})
    await place(APIRequestComponent(url_input=url, method="POST", body=body)).make_api_request()
    [seen] = web.seen
    assert (seen.method, seen.body) == ("POST", sent)
    assert (seen.headers.get("content-type") == "application/json") is bool(sent)


async def test_a_body_is_not_sent_with_get(web: WebStandin, place: Any) -> None:
    component = APIRequestComponent(url_input=web.serve("/api", {}), body=[{"key": "a", "value": "1"}])
    await place(component).make_api_request()
    assert web.seen[0].body == b""


async def test_query_parameters_and_headers_are_merged(web: WebStandin, place: Any) -> None:
    component = APIRequestComponent(
        url_input=web.serve("/api", {}) + "?a=1&b=2",
        query_params=Data({"b": 3, "c": "x y"}),
        headers=[{"key": "X-Token", "value": "t"}, {"key": "", "value": "lost"}, {"key": "bad\nname", "value": "x"}],
    )
    await place(component).make_api_request()
    assert web.seen[0].query == {"a": "1", "b": "3", "c": "x y"}
    assert web.seen[0].headers["x-token"] == "t"
    assert not {"", "bad"} & set(web.seen[0].headers)


async def test_a_curl_command_is_carried_out(web: WebStandin, place: Any) -> None:
    url = web.serve("/api", {})
    command = f"curl -X PUT '{url}?q=1' \\\n -H 'X-A: b' -H 'Content-Type: text/plain' -d 'hello'"
    await place(APIRequestComponent(mode="cURL", curl_input=command, url_input="http://unused")).make_api_request()
    [seen] = web.seen
    assert (seen.method, seen.query, seen.body) == ("PUT", {"q": "1"}, b"hello")
    assert (seen.headers["x-a"], seen.headers["content-type"]) == ("b", "text/plain")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("curl http://a", ("GET", "http://a", {}, None)),
        ("curl http://a -d x=1 -d y=2", ("POST", "http://a", {}, "x=1&y=2")),
        ("curl -G http://a?z=0 -d x=1 --data-urlencode 'y=a b'", ("GET", "http://a?z=0&x=1&y=a%20b", {}, None)),
        ("curl -XDELETE http://a", ("DELETE", "http://a", {}, None)),
        ("curl --request=PATCH --url http://a", ("PATCH", "http://a", {}, None)),
        ("curl -u me:pw http://a", ("GET", "http://a", {"Authorization": "Basic bWU6cHc="}, None)),
        ("curl -sSkL http://a -o out", ("GET", "http://a", {}, None)),
        ("curl -I http://a", ("HEAD", "http://a", {}, None)),
        (
            "curl http://a --json '{\"n\": 1}'",
            ("POST", "http://a", {"Content-Type": "application/json", "Accept": "application/json"}, '{"n": 1}'),
        ),
    ],
)
def test_curl_options_are_understood(command: str, expected: tuple[Any, ...]) -> None:
    parsed = parse_curl(command)
    assert (parsed.method, parsed.url, parsed.headers, parsed.body) == expected


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("wget http://a", "must start with `curl`"),
        ("", "must start with `curl`"),
        ("curl 'http://a", "Error parsing curl: No closing quotation"),
        ("curl -H", "-H lacks its value"),
        ("curl -s", "names no URL"),
        ("curl http://a -d @/etc/passwd", "reads a file of this machine"),
        ("curl http://a -F f=@/etc/passwd", "-F is not supported"),
        ("curl http://a -T /etc/passwd", "-T is not supported"),
    ],
)
def test_a_curl_command_that_cannot_be_carried_out_is_refused(command: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_curl(command)


async def test_a_network_failure_is_a_result(web: WebStandin, place: Any) -> None:
    url = "http://127.0.0.1:1/"
    result = (await place(APIRequestComponent(url_input=url, headers=[])).make_api_request()).data
    assert (result["source"], result["status_code"], result["headers"]) == (url, 500, {})
    assert "cannot be reached" in result["error"]


async def test_an_error_status_is_a_result_with_the_servers_words(web: WebStandin, place: Any) -> None:
    url = web.serve("/api", Answer(b'{"error": "no fish"}', 422, {"content-type": "application/json"}))
    result = (await place(APIRequestComponent(url_input=url)).make_api_request()).data
    assert (result["status_code"], result["result"]) == (422, {"error": "no fish"})


@pytest.mark.parametrize("url", ["", "ftp://a", "http://", "http://a b"])
async def test_an_address_that_cannot_be_called_is_an_error(place: Any, url: str) -> None:
    with pytest.raises(ValueError, match="Invalid URL provided"):
        await place(APIRequestComponent(url_input=url)).make_api_request()


async def test_redirects_are_reported_and_only_followed_if_asked(web: WebStandin, place: Any) -> None:
    web.serve("/new", {"ok": True})
    url = web.serve("/old", Answer(b"", 307, {"location": "/new"}))
    stay = await place(APIRequestComponent(url_input=url)).make_api_request()
    assert stay.data["status_code"] == 307
    follow = await place(APIRequestComponent(url_input=url, follow_redirects=True)).make_api_request()
    assert follow.data["result"] == {"ok": True}
    assert follow.data["redirection_history"] == [{"url": f"{web.url}/new"}]


async def test_an_answer_may_be_kept_as_a_file(web: WebStandin, place: Any) -> None:
    url = web.serve("/x", Answer(b"abc", headers={"content-disposition": 'attachment; filename="cod.bin"'}))
    component = place(APIRequestComponent(url_input=url, save_to_file=True, include_httpx_metadata=True))
    result = (await component.make_api_request()).data
    assert "result" not in result
    assert result["headers"] == {"User-Agent": "langflow"}
    assert result["file_path"].startswith("flow-1/")
    assert result["file_path"].endswith("_cod.bin")
    assert component.ctx.files.contents[result["file_path"]] == b"abc"


async def test_exports_before_1_5_call_every_address(web: WebStandin, place: Any) -> None:
    urls = [web.serve("/a", {"n": 1}), web.serve("/b", {"n": 2})]
    component = place(APIRequestComponent(urls=urls))
    assert [row["result"] for row in await component.as_dataframe()] == [{"n": 1}, {"n": 2}]
    assert component.find_output("data", "make_requests").method == "make_api_request"
