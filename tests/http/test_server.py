"""What only a socket can show: malformed requests, bodies without end, and clients that dawdle."""

import asyncio
import errno
import http.client
import importlib
import json
import resource
import socket
from contextlib import suppress

import anyio
import psutil
import pytest
from starlette.applications import Starlette
from uvicorn.server import ServerState

from langflow_lite import chores as chores_module
from langflow_lite.http import server as server_module
from langflow_lite.http.errors import ErrorBoundary, send_json
from langflow_lite.http.server import uvicorn_config
from tests.serving import running_server

from .conftest import serving

pytestmark = pytest.mark.anyio

HOST = b"Host: localhost\r\n"
MEGABYTE = 2**20


async def exchange(port, data, *, wait=30.0):
    """Everything the server says to `data` until it closes the connection or falls silent for `wait` seconds."""
    said = b""
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        with suppress(anyio.BrokenResourceError):
            await stream.send(data)
        closed = False
        with anyio.move_on_after(wait):
            try:
                while True:
                    said += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                closed = True
    return said, closed


def status(said):
    return int(said.split(b" ", 2)[1])


REFUSED = {
    "no Host": b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two Hosts": b"GET /health HTTP/1.1\r\n" + HOST + HOST + b"Connection: close\r\n\r\n",
    "foreign Host": b"GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    "absolute form": b"GET http://evil.example/health HTTP/1.1\r\n" + HOST + b"\r\n",
    "absolute form of our own": b"GET http://localhost/health HTTP/1.1\r\n" + HOST + b"\r\n",
    "authority form": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "asterisk form": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "length and chunks": b"POST /api/v1/flows/ HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /api/v1/flows/ HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "obsolete folding": b"GET /health HTTP/1.1\r\n" + HOST + b"X-A: a\r\n b\r\n\r\n",
    "space before colon": b"GET /health HTTP/1.1\r\n" + HOST + b"X-A : a\r\n\r\n",
    "bad chunk size": b"POST /api/v1/flows/ HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_malformed_requests_are_refused_once_and_the_connection_closed(settings, name):
    async with serving(settings) as port:
        said, closed = await exchange(port, REFUSED[name])
        assert said.count(b"HTTP/1.1") == 1
        assert status(said) in (400, 421)
        assert closed
        alive, _ = await exchange(port, b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert status(alive) == 200


async def test_the_server_does_not_name_itself(settings):
    async with serving(settings) as port:
        said, _ = await exchange(port, b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"uvicorn" not in head.lower()
    assert json.loads(body) == {"status": "ok"}


class Written(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self):
        super().__init__()
        self.writes = []
        self.written = anyio.Event()

    def write(self, data):
        self.writes.append(bytes(data))
        self.written.set()

    def is_closing(self):
        return False

    def close(self):
        pass

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


async def test_an_answer_is_one_write(app, settings):
    config = uvicorn_config(app, settings)
    config.load()
    transport = Written()
    protocol = config.http_protocol_class(config, ServerState(), {}, asyncio.get_running_loop())
    protocol.connection_made(transport)
    protocol.data_received(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
    with anyio.fail_after(30):
        await transport.written.wait()
        await anyio.wait_all_tasks_blocked()
    protocol.connection_lost(None)
    (said,) = transport.writes
    assert status(said) == 200
    assert json.loads(said.partition(b"\r\n\r\n")[2]) == {"status": "ok"}


async def test_answers_fit_the_method_and_version_of_their_requests(settings):
    async with serving(settings) as port:
        head, _ = await exchange(port, b"HEAD /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        old, closed = await exchange(port, b"GET /health HTTP/1.0\r\n" + HOST + b"\r\n")
    assert b"content-length: 15\r\n" in head
    assert head.endswith(b"\r\n\r\n")
    assert closed
    assert b"\r\nconnection: close\r\n\r\n" in old


async def test_no_header_of_an_answer_can_make_another_one(settings):
    async def split(scope, receive, send):
        await send_json(send, 200, b"{}", [(b"x-name", b"a\r\nset-cookie: b")])

    app = Starlette()
    app.router.default = ErrorBoundary(split)
    async with serving(settings, app=app) as port:
        said, _ = await exchange(port, b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert status(said) == 500
    assert b"set-cookie" not in said


async def test_forwarding_headers_are_not_believed(make_settings):
    async with serving(make_settings(auto_login=False)) as port:
        statuses = []
        for number in range(6):
            request = (
                b"GET /api/v1/flows/ HTTP/1.1\r\n" + HOST + b"x-api-key: sk-bad\r\nConnection: close\r\n"
                b"X-Forwarded-For: 192.0.2.%d\r\n\r\n" % number
            )
            statuses.append(status((await exchange(port, request))[0]))
    assert statuses == [403] * 5 + [429]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\n" + HOST + b"X-Long: " + b"a" * 5 * MEGABYTE,
        b"GET /health?" + b"a" * 5 * MEGABYTE,
        b"GET /health HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n" * 500_000,
    ],
    ids=["one long header", "long URL", "many headers"],
)
async def test_heads_without_end_are_cut_off(settings, head):
    async with serving(settings) as port:
        said, closed = await exchange(port, head)
    assert closed
    assert said == b"" or status(said) == 431


async def send_chunks(port, total, stop_on_answer):
    """Send a chunked body of `total` bytes; returns what came back and how many bytes of it went out."""
    chunk = b"100000\r\n" + b" " * MEGABYTE + b"\r\n"
    sent = 0
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        head = b"POST /api/v1/flows/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        answer = bytearray()
        answered = anyio.Event()

        async def listen():
            try:
                while True:
                    answer.extend(await stream.receive())
                    answered.set()
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            with suppress(anyio.BrokenResourceError):
                await stream.send(head)
                while sent < total and not (stop_on_answer and answered.is_set()):
                    await stream.send(chunk)
                    sent += MEGABYTE
    return bytes(answer), sent


async def test_a_chunked_body_of_a_gigabyte_is_413_in_bounded_memory(settings):
    async with serving(settings) as port:
        await send_chunks(port, 16 * MEGABYTE, False)
        before = psutil.Process().memory_info().rss
        peak_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with anyio.fail_after(60):
            answer, _ = await send_chunks(port, 1024 * MEGABYTE, False)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_before
        after = psutil.Process().memory_info().rss
        alive, _ = await exchange(port, b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert status(answer) == 413
    assert b"connection: close" in answer.lower()
    assert grown * 1024 < 40 * MEGABYTE
    assert after - before < 40 * MEGABYTE
    assert status(alive) == 200


async def test_a_client_that_stops_at_the_answer_reads_the_413(settings):
    async with serving(settings) as port:
        answer, sent = await send_chunks(port, 1024 * MEGABYTE, True)
    assert status(answer) == 413
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["detail"].startswith("The body is larger than 8 MB")
    assert sent < 200 * MEGABYTE


async def test_a_lying_content_length_is_413_at_once(settings):
    async with serving(settings) as port:
        request = b"POST /api/v1/flows/ HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999\r\n\r\n"
        said, closed = await exchange(port, request)
    assert (status(said), closed) == (413, True)


@pytest.mark.parametrize(
    ("request_begin", "expected"),
    [
        (b"", 408),
        (b"GET /health HTTP/1.1\r\nHost: loc", 408),
        (b"POST /api/v1/flows/ HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\n", 408),
        (b"POST /api/v1/flows/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", 408),
    ],
    ids=["says nothing", "stops in the head", "never begins its body", "stops in the body"],
)
async def test_clients_that_dawdle_are_closed(settings, monkeypatch, request_begin, expected):
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(server_module, "BODY_SECONDS", 0.2)
    async with serving(settings) as port:
        said, closed = await exchange(port, request_begin)
    assert closed
    assert status(said) == expected


async def test_trickling_is_dawdling_too(settings, monkeypatch):
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.3)
    said = b""
    async with serving(settings) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            for byte in b"GET /health HTTP/1.1\r\nX: " + b"a" * 10_000:
                await stream.send(bytes([byte]))
                with anyio.move_on_after(0.01):
                    said += await stream.receive()
    assert status(said) == 408


async def test_two_hundred_idle_connections_do_not_keep_others_out(settings):
    async with serving(settings) as port:
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
        try:
            said, _ = await exchange(port, b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        finally:
            for connection in idle:
                connection.close()
    assert status(said) == 200


def test_a_server_out_of_file_descriptors_recovers_by_itself(tmp_path):
    with running_server(tmp_path / "data") as server:
        process = psutil.Process(server.process.pid)
        room = process.num_fds() + 10
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (room, room))
        host, port = server.url.removeprefix("http://").split(":")
        crowd = [socket.create_connection((host, int(port))) for _ in range(40)]
        crowd[0].settimeout(30)
        crowd[0].sendall(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
        assert status(crowd[0].recv(1000)) == 200
        for connection in crowd:
            connection.close()
        # Whoever comes while the crowd is still leaving may be turned away with it.
        healthy = False
        while not healthy:
            assert server.process.poll() is None, server.complaints()
            with suppress(OSError):
                healthy = server.request("GET", "/health")[0] == 200
        name = {"name": "after the crowd"}
        assert server.request("POST", "/api/v1/flows/", name)[0] == 201
        assert server.request("POST", "/api/v1/run/echo", {"input_value": "hi"})[0] == 200


def test_a_crowd_leaves_the_descriptors_that_work_needs(tmp_path):
    with running_server(tmp_path / "data") as server:
        process = psutil.Process(server.process.pid)
        room = process.num_fds() + 40
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (room, room))
        host, port = server.url.removeprefix("http://").split(":")
        first = http.client.HTTPConnection(host, int(port), timeout=30)
        first.connect()
        crowd = [socket.create_connection((host, int(port)), timeout=30) for _ in range(60)]
        try:
            # The last one is turned away, so all the others have been looked at.
            with suppress(ConnectionResetError):
                said = crowd[-1].recv(1000)
                assert said == b"" or status(said) == 503
            body = json.dumps({"name": "A", "value": "secret", "type": "Credential"})
            first.request("POST", "/api/v1/variables/", body, {"Content-Type": "application/json"})
            answer = first.getresponse()
            assert answer.status == 201, answer.read()
            answer.read()
            upload = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
            first.request("POST", "/api/v2/files", upload, {"Content-Type": "multipart/form-data; boundary=x"})
            assert first.getresponse().status == 201
        finally:
            first.close()
            for connection in crowd:
                connection.close()


async def test_components_wait_for_file_descriptors(settings, monkeypatch):
    import_module = importlib.import_module
    short, tried_again = True, anyio.Event()

    def scarce(name, package=None):
        if name.startswith("langflow_lite.components."):
            if short:
                raise OSError(errno.EMFILE, "Too many open files")
            tried_again.set()
        return import_module(name, package)

    monkeypatch.setattr(importlib, "import_module", scarce)
    monkeypatch.setattr(chores_module, "_FIRST_PAUSE", 0.01)
    async with serving(settings) as port:
        health = b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
        catalogue = b"GET /api/v1/all HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
        said, _ = await exchange(port, catalogue)
        assert status(said) == 503
        assert b"ulimit -n" in said
        assert status((await exchange(port, health))[0]) == 200
        short = False
        with anyio.fail_after(30):
            await tried_again.wait()
        assert status((await exchange(port, health))[0]) == 200
        assert status((await exchange(port, catalogue))[0]) == 200


async def test_a_connection_serves_many_requests_and_pipelined_ones_in_order(settings):
    one = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
    two = b"GET /api/v1/version HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    async with serving(settings) as port:
        said, closed = await exchange(port, one + one + two)
    assert closed
    assert said.count(b"HTTP/1.1 200") == 3
    assert said.rindex(b'"status"') < said.index(b'"package"')
