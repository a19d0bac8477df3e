import gc
import weakref

import anyio
import httpx2
import pytest
from starlette.routing import Route

from langflow_lite.events import EventLog
from langflow_lite.http.sse import event_source
from langflow_lite.http.streams import NDJSON, EventResponse

from .conftest import serving

pytestmark = pytest.mark.anyio


class Producer:
    """A run that says one thing, then waits to be let on or cancelled."""

    def __init__(self):
        self.log = EventLog()
        self.go_on = anyio.Event()
        self.ended = anyio.Event()
        self.outcome = ""

    async def run(self):
        try:
            self.log.append("token", {"chunk": "a\nb\r\n\u2028"})
            await self.go_on.wait()
            self.log.close("end", {})
            self.outcome = "finished"
        except anyio.get_cancelled_exc_class():
            self.outcome = "cancelled"
            raise
        finally:
            self.ended.set()


def stream_of(producer, **options):
    async def stream(request):
        return EventResponse(producer.log.follow(), producer.run, **options)

    return Route("/stream", stream)


async def test_frames_are_json_lines_each_followed_by_an_empty_line(settings):
    producer = Producer()
    producer.go_on.set()
    async with serving(settings, extra_routes=[stream_of(producer)]) as port, httpx2.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/stream")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = answer.content.split(b"\n\n")
    assert frames.pop() == b""
    assert len(frames) == 2
    assert frames[0].startswith(b'{"event":"token"')
    assert all(b"\n" not in frame for frame in frames)


async def test_events_arrive_while_the_run_goes_on(settings):
    producer = Producer()
    async with serving(settings, extra_routes=[stream_of(producer, media_type=NDJSON)]) as port:
        with anyio.fail_after(30):
            async with (
                httpx2.AsyncClient() as client,
                client.stream("GET", f"http://127.0.0.1:{port}/stream") as answer,
            ):
                assert answer.headers["content-type"] == NDJSON
                chunks = answer.aiter_bytes()
                assert b"token" in await anext(chunks)
                producer.go_on.set()
                assert b"end" in await anext(chunks)
            await producer.ended.wait()
    assert producer.outcome == "finished"


async def test_a_run_is_cancelled_when_its_client_goes(settings):
    producer = Producer()
    async with serving(settings, extra_routes=[stream_of(producer)]) as port:
        with anyio.fail_after(30):
            async with (
                httpx2.AsyncClient() as client,
                client.stream("GET", f"http://127.0.0.1:{port}/stream") as answer,
            ):
                await anext(answer.aiter_bytes())
            await producer.ended.wait()
    assert producer.outcome == "cancelled"


@pytest.mark.parametrize("respond", [EventResponse, event_source])
async def test_what_was_sent_does_not_wait_for_the_garbage_collector(settings, respond):
    made = []

    async def stream(request):
        producer = Producer()
        producer.go_on.set()
        made.append(weakref.ref(producer))
        return respond(producer.log.follow(), producer.run)

    gc.disable()
    try:
        async with serving(settings, extra_routes=[Route("/stream", stream)]) as port:
            async with httpx2.AsyncClient() as client:
                assert b"end" in (await client.get(f"http://127.0.0.1:{port}/stream")).content
            [producer] = made
            with anyio.fail_after(10):
                while producer() is not None:
                    await anyio.lowlevel.checkpoint()
    finally:
        gc.enable()


async def test_a_followed_log_goes_on_without_its_follower(settings):
    log = EventLog()
    log.append("a", 1)
    left = anyio.Event()

    class Follower(EventResponse):
        async def __call__(self, scope, receive, send):
            try:
                await super().__call__(scope, receive, send)
            finally:
                left.set()

    async def follow(request):
        return Follower(log.follow())

    async with serving(settings, extra_routes=[Route("/stream", follow)]) as port:
        with anyio.fail_after(30):
            async with (
                httpx2.AsyncClient() as client,
                client.stream("GET", f"http://127.0.0.1:{port}/stream") as answer,
            ):
                await anext(answer.aiter_bytes())
            await left.wait()
            log.append("b", 2)
            log.close("end", {})
            async with httpx2.AsyncClient() as client:
                again = await client.get(f"http://127.0.0.1:{port}/stream")
    assert again.content.count(b"\n\n") == 3


async def test_a_client_that_does_not_read_counts_as_gone(settings, monkeypatch):
    monkeypatch.setattr("langflow_lite.http.streams.SEND_TIMEOUT", 0.05)
    log = EventLog()
    cancelled = anyio.Event()

    async def flood():
        try:
            while True:
                log.append("token", {"chunk": "x" * 100_000})
                await anyio.sleep(0.001)
        finally:
            cancelled.set()

    async def stream(request):
        return EventResponse(log.follow(), flood)

    async with serving(settings, extra_routes=[Route("/stream", stream)]) as port:
        with anyio.fail_after(30):
            async with await anyio.connect_tcp("127.0.0.1", port) as client:
                await client.send(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await cancelled.wait()
