"""Log lines for those who may read them, without secrets."""

import json
import logging
import re

import anyio
import httpx2
import pytest

from langflow_lite.logs import LogBuffer, redacted
from tests.http.conftest import calling, running, serving

pytestmark = pytest.mark.anyio

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d{4} (DEBUG|INFO|WARNING|ERROR|CRITICAL) .*\n$")
logger = logging.getLogger("tests.logs")


@pytest.fixture
def log_settings(make_settings):
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    yield make_settings(enable_log_retrieval=True, log_retriever_buffer_size=50)
    logging.getLogger().setLevel(level)


async def test_the_last_ten_lines_are_the_default(log_settings):
    async with running(log_settings) as app, calling(app) as client:
        for number in range(20):
            logger.info("line %d", number)
        lines = (await client.get("/logs?lines_before=0&lines_after=0&timestamp=0")).json()
        assert [line.split("INFO ")[1] for line in lines.values()] == [f"line {n}\n" for n in range(10, 20)]
        assert all(re.fullmatch(r"\d{13}", key) for key in lines)
        assert all(LINE.match(line) for line in lines.values())


async def test_a_server_on_which_nothing_has_happened_has_a_line_to_show(make_settings):
    settings = make_settings(enable_log_retrieval=True, log_retriever_buffer_size=50)
    async with running(settings) as app, calling(app) as client:
        (line,) = (await client.get("/logs")).json().values()
        assert LINE.match(line)
        assert "Started with 0 flows" in line


async def test_lines_before_and_after_a_time(log_settings):
    async with running(log_settings) as app, calling(app) as client:
        for number in range(6):
            logger.info("line %d", number)
        keys = list((await client.get("/logs?lines_before=6")).json())
        before = (await client.get("/logs", params={"lines_before": 2, "timestamp": keys[3]})).json()
        assert list(before) == keys[2:4]
        after = (await client.get("/logs", params={"lines_after": 2, "timestamp": keys[3]})).json()
        assert list(after) == keys[3:5]


@pytest.mark.parametrize("query", ["lines_before=1&lines_after=1&timestamp=5", "lines_after=1"])
async def test_questions_without_an_answer_are_refused(log_settings, query):
    async with running(log_settings) as app, calling(app) as client:
        assert (await client.get(f"/logs?{query}")).status_code == 400


@pytest.mark.parametrize("path", ["/logs", "/logs-stream"])
async def test_logs_are_closed_unless_the_operator_opens_them(client, path):
    answer = await client.get(path)
    assert answer.status_code == 501
    assert "LANGFLOW_ENABLE_LOG_RETRIEVAL" in answer.json()["detail"]


async def test_a_buffer_without_room_is_closed_too(make_settings):
    settings = make_settings(enable_log_retrieval=True, log_retriever_buffer_size=0)
    async with running(settings) as app, calling(app) as client:
        assert (await client.get("/logs")).status_code == 501


async def test_the_stream_says_keepalive_and_then_each_line_until_the_server_stops(log_settings):
    async with serving(log_settings) as port, httpx2.AsyncClient() as client:
        with anyio.fail_after(30):
            async with client.stream("GET", f"http://127.0.0.1:{port}/logs-stream") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                lines = answer.aiter_lines()
                assert await anext(lines) == "keepalive"
                logger.warning("seen while following")
                async for line in lines:
                    if "seen while following" in line:
                        assert LINE.match(next(iter(json.loads(line).values())))
                        break


@pytest.mark.parametrize(
    "text",
    [
        "key sk-abcdefghij0123456789",
        "Authorization: Bearer abcdefghij0123456789",
        "authorization=Basic abcdefghij0123456789",
        "GET /x?x-api-key=abcdefghij0123456789&y=1",
        '{"api_key": "abcdefghij0123456789"}',
        "openai_api_key='abcdefghij0123456789'",
        "password: abcdefghij0123456789",
        "client_secret=abcdefghij0123456789",
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    assert "abcdefghij0123456789" not in redacted(text)
    assert "********" in redacted(text)


def test_ordinary_text_stays():
    text = "Building Chat Input of flow my-f1 with max_tokens 12"
    assert redacted(text) == text


def test_the_buffer_keeps_the_newest_lines_one_line_each():
    buffer = LogBuffer(2)
    for text in ("one", "two", "th\nree"):
        buffer.handle(logging.LogRecord("x", logging.INFO, "x.py", 1, text, None, None))
    lines = [line.split("INFO ")[1] for _, line in buffer.before(None, 10)]
    assert lines == ["two\n", "th\\nree\n"]
    assert [line.split("INFO ")[1] for _, line in buffer.since(2)[0]] == ["th\\nree\n"]
    assert buffer.since(0)[1] == 3
