from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

import anyio
import httpx2
import pytest

from langflow_lite.models.transport import Dialer, Http1Transport
from tests.models.transport.scripted import Peer, Script, answering, once, serving

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 65536


class TestAnswers:
    async def test_a_response_as_the_client_shows_it(self, client: httpx2.AsyncClient):
        async with serving(
            answering(b"HTTP/1.1 404 Nothing Here\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nno")
        ) as server:
            answer = await client.get(f"{server.url}/x")
        assert (answer.status_code, answer.reason_phrase, answer.http_version) == (404, "Nothing Here", "HTTP/1.1")
        assert answer.headers.get_list("X-A") == ["1", "2"]
        assert answer.content == b"no"

    @pytest.mark.parametrize(
        "pieces",
        [
            [HELLO],
            [CHUNKED, b"2\r\nhe\r\n", b"3\r\nl", b"lo\r\n0\r\n\r\n"],
            [OK + b"\r\nhe", b"llo"],
            [b"HTTP/1.1 100 Continue\r\n\r\n" + HELLO],
            [HELLO[at : at + 1] for at in range(len(HELLO))],
        ],
        ids=["length", "chunks", "until close", "after interim", "byte by byte"],
    )
    async def test_bodies_of_every_framing(self, client: httpx2.AsyncClient, pieces: list[bytes]):
        async with serving(once(*pieces)) as server:
            assert (await client.get(server.url)).content == b"hello"

    async def test_the_body_comes_as_it_is_sent(self, client: httpx2.AsyncClient):
        seen = anyio.Event()

        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(CHUNKED, b"3\r\none\r\n")
            await seen.wait()
            await peer.say(b"3\r\ntwo\r\n0\r\n\r\n")

        async with serving(script) as server, client.stream("GET", server.url) as answer:
            pieces = answer.aiter_bytes()
            assert await anext(pieces) == b"one"
            seen.set()
            assert [piece async for piece in pieces] == [b"two"]

    async def test_head_and_what_has_no_body(self, client: httpx2.AsyncClient, transport: Http1Transport):
        async with serving(answering(OK + b"Content-Length: 5\r\n\r\n")) as server:
            for _ in range(2):
                assert (await client.head(server.url)).content == b""
            assert server.connections == 1
        async with serving(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
            for _ in range(2):
                assert (await client.get(server.url)).content == b""
            assert server.connections == 1

    async def test_content_codings_and_redirects_are_the_clients(self, client: httpx2.AsyncClient):
        import gzip

        packed = gzip.compress(b"hello")
        there = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        zipped = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
        heads: list[bytes] = []

        async def script(peer: Peer) -> None:
            for answer in (there, zipped):
                heads.append(await peer.read_head())
                await peer.say(answer)

        async with serving(script) as server:
            answer = await client.get(server.url, follow_redirects=True)
        assert answer.text == "hello"
        assert heads[1].startswith(b"GET /there HTTP/1.1\r\n")


class TestKeepAlive:
    async def test_requests_one_after_the_other_share_a_connection(self, client: httpx2.AsyncClient):
        async with serving(answering(HELLO)) as server:
            for _ in range(5):
                assert (await client.get(server.url)).text == "hello"
            assert server.connections == 1

    async def test_requests_at_once_have_a_connection_each_and_these_are_kept(self, client: httpx2.AsyncClient):
        async with serving(answering(HELLO)) as server:
            for _ in range(2):
                async with anyio.create_task_group() as tasks:
                    for _ in range(20):
                        tasks.start_soon(client.get, server.url)
            assert server.connections == 20

    @pytest.mark.parametrize(
        "answer",
        [
            OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            HELLO + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        ],
        ids=["close", "1.0", "surplus"],
    )
    async def test_a_connection_that_cannot_serve_again_is_closed(self, client: httpx2.AsyncClient, answer: bytes):
        async with serving(answering(answer)) as server:
            for _ in range(2):
                assert (await client.get(server.url)).text == "hello"
            assert server.connections == 2

    async def test_a_request_can_ask_for_the_end_of_the_connection(self, client: httpx2.AsyncClient):
        async with serving(answering(HELLO)) as server:
            for _ in range(2):
                await client.get(server.url, headers={"Connection": "close"})
            assert server.connections == 2

    async def test_what_comes_unasked_is_not_taken_for_an_answer(self, client: httpx2.AsyncClient):
        gone = anyio.Event()

        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(HELLO)
            await client_got_it.wait()
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            await peer.wait_for_hangup()
            gone.set()

        client_got_it = anyio.Event()
        async with serving(script, answering(HELLO)) as server:
            assert (await client.get(server.url)).text == "hello"
            client_got_it.set()
            await gone.wait()
            assert (await client.get(server.url)).text == "hello"
            assert server.connections == 2

    async def test_a_stream_that_was_read_to_its_end_leaves_its_connection(self, client: httpx2.AsyncClient):
        async with serving(answering(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n")) as server:
            for _ in range(3):
                async with client.stream("GET", server.url) as answer:
                    assert [piece async for piece in answer.aiter_bytes()] == [b"hello"]
            assert server.connections == 1

    async def test_origins_are_kept_apart(self, client: httpx2.AsyncClient):
        async with serving(answering(HELLO)) as one, serving(answering(HELLO)) as two:
            for _ in range(2):
                for server in (one, two):
                    await client.get(server.url)
            assert (one.connections, two.connections) == (1, 1)

    @pytest.mark.parametrize("header", [b"", b"Keep-Alive: timeout=0\r\n"], ids=["our limit", "the server's"])
    async def test_idle_connections_expire(self, header: bytes):
        gone = anyio.Event()

        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(OK + header + b"Content-Length: 0\r\n\r\n")
            await peer.wait_for_hangup()
            gone.set()

        transport = Http1Transport(Dialer(), keepalive_expiry=0.03)
        async with httpx2.AsyncClient(transport=transport, trust_env=False) as client, serving(script) as server:
            await client.get(server.url)
            await gone.wait()

    async def test_no_more_than_so_many_are_kept(self):
        transport = Http1Transport(Dialer(), max_idle=2)
        async with (
            httpx2.AsyncClient(transport=transport, trust_env=False) as client,
            serving(answering(HELLO)) as server,
        ):
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(client.get, server.url)
            assert transport.idle == 2
            await client.get(server.url)
            assert server.connections == 5

    async def test_closing_the_client_closes_idle_and_busy_connections(self, client: httpx2.AsyncClient):
        async def stall(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(CHUNKED, b"3\r\none\r\n")
            await peer.wait_for_hangup()

        async with serving(answering(HELLO), stall) as server:
            await client.get(server.url)
            async with client.stream("GET", server.url, headers={"Connection": "close"}) as busy:
                pass
            async with aclosing(client), client.stream("GET", server.url) as busy:
                pieces = busy.aiter_bytes()
                assert await anext(pieces) == b"one"
                await client.aclose()
                with pytest.raises(httpx2.ReadError):
                    await anext(pieces)
            while server.ended < server.connections:
                await anyio.lowlevel.checkpoint()


class TestStaleConnections:
    async def test_an_idempotent_request_is_sent_again_when_nothing_came_back(self, client: httpx2.AsyncClient):
        async def dies(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(HELLO)
            await peer.read_head()

        async with serving(dies, answering(HELLO)) as server:
            await client.get(server.url)
            assert (await client.get(server.url)).text == "hello"
            assert server.connections == 2

    async def test_another_request_is_not(self, client: httpx2.AsyncClient):
        async def dies(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(HELLO)
            await peer.read_head()

        async with serving(dies, answering(HELLO)) as server:
            await client.get(server.url)
            with pytest.raises(httpx2.RemoteProtocolError, match="without an answer"):
                await client.post(server.url, content=b"x")
            assert server.connections == 1

    async def test_nor_one_whose_body_is_spent(self, client: httpx2.AsyncClient):
        async def dies(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(HELLO)
            await peer.read_until(b"0\r\n\r\n")

        async def body() -> AsyncIterator[bytes]:
            yield b"x"

        async with serving(dies, answering(HELLO)) as server:
            await client.get(server.url)
            with pytest.raises(httpx2.RemoteProtocolError, match="without an answer"):
                await client.put(server.url, content=body())

    async def test_nor_one_whose_answer_had_begun(self, client: httpx2.AsyncClient):
        async def dies(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(HELLO)
            await peer.read_head()
            await peer.say(b"HTTP/1.1 2")

        async with serving(dies, answering(HELLO)) as server:
            await client.get(server.url)
            with pytest.raises(httpx2.RemoteProtocolError, match="in the middle"):
                await client.get(server.url)
            assert server.connections == 1

    async def test_nor_one_over_a_new_connection(self, client: httpx2.AsyncClient):
        async with serving(once()) as server:
            with pytest.raises(httpx2.RemoteProtocolError, match="without an answer"):
                await client.get(server.url)
            assert server.connections == 1

    async def test_a_connection_known_to_be_closed_is_not_used(
        self, client: httpx2.AsyncClient, transport: Http1Transport
    ):
        async with serving(once(HELLO)) as server:
            for _ in range(3):
                assert (await client.post(server.url, content=b"x")).text == "hello"
                while transport.idle:
                    await anyio.lowlevel.checkpoint()
            assert server.connections == 3


class TestBodies:
    async def test_bytes_go_out_with_their_head(self, client: httpx2.AsyncClient):
        sent: list[bytes] = []

        async def script(peer: Peer) -> None:
            sent.append(await peer.read_head())
            sent.append(await peer.read(5))
            await peer.say(HELLO)

        async with serving(script) as server:
            await client.post(f"{server.url}/in?a=1", content=b"12345", headers={"X-A": "b"})
        assert sent[0].startswith(b"POST /in?a=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % server.port)
        assert b"\r\nX-A: b\r\n" in sent[0]
        assert sent[1] == b"12345"

    @pytest.mark.parametrize("size", [65_537, 3_000_000])
    async def test_large_ones_arrive_whole(self, client: httpx2.AsyncClient, size: int):
        content = bytes(range(256)) * (size // 256 + 1)

        async def script(peer: Peer) -> None:
            head = await peer.read_head()
            assert b"Content-Length: %d\r\n" % len(content) in head
            same = await peer.read(len(content)) == content
            await peer.say(OK + b"Content-Length: 4\r\n\r\n" + (b"same" if same else b"evil"))

        async with serving(script) as server:
            assert (await client.put(server.url, content=content)).text == "same"

    async def test_iterators_are_sent_in_chunks(self, client: httpx2.AsyncClient):
        got: list[bytes] = []

        async def body() -> AsyncIterator[bytes]:
            yield b"hello"
            yield b" world"

        async def script(peer: Peer) -> None:
            got.append(await peer.read_head())
            got.append(await peer.read_until(b"0\r\n\r\n"))
            await peer.say(HELLO)

        async with serving(script) as server:
            await client.post(server.url, content=body())
        assert b"\r\nTransfer-Encoding: chunked\r\n" in got[0]
        assert got[1] == b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"

    async def test_multipart_files_are_streamed(self, client: httpx2.AsyncClient):
        parts: list[bytes] = []

        async def script(peer: Peer) -> None:
            head = await peer.read_head()
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            parts.append(await peer.read(length))
            await peer.say(HELLO)

        content = b"%" * 200_000
        async with serving(script) as server:
            await client.post(server.url, data={"a": "b"}, files={"file": ("f.txt", content)})
        assert content in parts[0]
        assert b'filename="f.txt"' in parts[0]

    async def test_a_body_that_fails_closes_the_connection(self, client: httpx2.AsyncClient):
        async def body() -> AsyncIterator[bytes]:
            yield b"some"
            raise RuntimeError("no more")

        got: list[bytes] = []

        async def script(peer: Peer) -> None:
            await peer.read_head()
            got.append(await peer.wait_for_hangup())

        async with serving(script) as server:
            with pytest.raises(RuntimeError, match="no more"):
                await client.post(server.url, content=body())
            while not server.ended:
                await anyio.lowlevel.checkpoint()
        assert not got[0].endswith(b"0\r\n\r\n")

    async def test_a_refusal_ends_the_sending(self, client: httpx2.AsyncClient):
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
            await refused.wait()

        refused = anyio.Event()
        async with serving(script) as server:
            async with aclosing(endless()) as body:
                answer = await client.post(server.url, content=body)
            assert (answer.status_code, answer.text) == (413, "big")
            refused.set()

    async def test_a_server_that_hangs_up_while_it_is_sent_to(self, client: httpx2.AsyncClient):
        async def script(peer: Peer) -> None:
            await peer.read_head()
            peer.reset()

        async with serving(script) as server, aclosing(endless()) as body:
            with pytest.raises(httpx2.WriteError):
                await client.post(server.url, content=body)

    @pytest.mark.parametrize("content", [b"12345", b"123"])
    async def test_a_body_of_another_length_is_not_sent(self, client: httpx2.AsyncClient, content: bytes):
        async with serving(answering(HELLO)) as server:
            with pytest.raises(httpx2.LocalProtocolError):
                await client.post(server.url, content=content, headers={"Content-Length": "4"})
            assert (await client.get(server.url)).text == "hello"


class TestFailures:
    async def test_nobody_listens(self, client: httpx2.AsyncClient):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(httpx2.ConnectError, match="refused"):
            await client.get(f"http://127.0.0.1:{port}/")

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "/relative", "http:///nowhere", "unix://tmp/x"])
    async def test_addresses_that_are_not_http(self, client: httpx2.AsyncClient, url: str):
        with pytest.raises(httpx2.UnsupportedProtocol):
            await client.get(url)

    async def test_an_answer_that_does_not_come(self, client: httpx2.AsyncClient):
        async with serving(once_hung_up()) as server:
            with pytest.raises(httpx2.ReadTimeout):
                await client.get(server.url, timeout=httpx2.Timeout(30, read=0.02))
            while not server.ended:
                await anyio.lowlevel.checkpoint()

    async def test_a_body_that_stalls(self, client: httpx2.AsyncClient):
        async with serving(once_hung_up(CHUNKED, b"3\r\none\r\n")) as server:
            async with client.stream("GET", server.url, timeout=httpx2.Timeout(30, read=0.5)) as answer:
                pieces = answer.aiter_bytes()
                assert await anext(pieces) == b"one"
                with pytest.raises(httpx2.ReadTimeout):
                    await anext(pieces)
            while not server.ended:
                await anyio.lowlevel.checkpoint()

    async def test_the_time_limit_is_for_each_wait_not_for_all_of_them(self, client: httpx2.AsyncClient):
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(CHUNKED)
            for _ in range(6):
                await anyio.sleep(0.2)
                await peer.say(b"1\r\nx\r\n")
            await peer.say(b"0\r\n\r\n")

        async with serving(script) as server:
            answer = await client.get(server.url, timeout=httpx2.Timeout(30, read=1))
        assert answer.content == b"x" * 6

    async def test_a_shorter_limit_on_a_kept_connection_holds(self, client: httpx2.AsyncClient):
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await anyio.wait_all_tasks_blocked()
            await peer.say(HELLO)
            await peer.wait_for_hangup()

        async with serving(script) as server:
            await client.get(server.url, timeout=30)
            with pytest.raises(httpx2.ReadTimeout):
                await client.get(server.url, timeout=httpx2.Timeout(30, read=0.02))

    async def test_a_server_that_does_not_read(self, client: httpx2.AsyncClient):
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
            async with aclosing(endless()) as body:
                with pytest.raises(httpx2.WriteTimeout):
                    await client.post(url, content=body, timeout=httpx2.Timeout(30, write=0.05))

    @pytest.mark.parametrize(
        ("pieces", "problem"),
        [
            ([], "without an answer"),
            ([b"HTTP/1.1 20"], "in the middle"),
            ([b"220 mail.test ESMTP\r\n"], "is not HTTP"),
            ([OK + b"X: " + b"a" * 200_000], "more than 100 KB"),
            ([b"HTTP/1.1 101 Hi\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], "switched protocols"),
        ],
    )
    async def test_no_answer_or_none_that_can_be_read(
        self, client: httpx2.AsyncClient, pieces: list[bytes], problem: str
    ):
        async with serving(once(*pieces)) as server:
            with pytest.raises(httpx2.RemoteProtocolError, match=problem):
                await client.get(server.url)

    @pytest.mark.parametrize("pieces", [[OK + b"Content-Length: 9\r\n\r\nhello"], [CHUNKED + b"5\r\nhello\r\n"]])
    async def test_a_body_that_is_cut_off_is_given_out_as_far_as_it_came(
        self, client: httpx2.AsyncClient, pieces: list[bytes]
    ):
        async with serving(once(*pieces)) as server, client.stream("GET", server.url) as answer:
            got = answer.aiter_bytes()
            assert await anext(got) == b"hello"
            with pytest.raises(httpx2.RemoteProtocolError, match="in the middle"):
                await anext(got)

    async def test_a_connection_that_breaks(self, client: httpx2.AsyncClient):
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(CHUNKED, b"3\r\none\r\n")
            await got_one.wait()
            peer.reset()

        got_one = anyio.Event()
        async with serving(script) as server, client.stream("GET", server.url) as answer:
            pieces = answer.aiter_bytes()
            assert await anext(pieces) == b"one"
            got_one.set()
            with pytest.raises(httpx2.ReadError, match="reset"):
                await anext(pieces)

    async def test_a_header_with_a_line_break_is_not_sent(self, client: httpx2.AsyncClient):
        async with serving(answering(HELLO)) as server:
            with pytest.raises(httpx2.LocalProtocolError):
                await client.get(server.url, headers={"X-A": "1\r\nX-B: 2"})
            assert server.connections == 0


def once_hung_up(*pieces: bytes) -> Script:
    """Says its pieces, then waits until the client has hung up."""

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.say(*pieces)
        await peer.wait_for_hangup()

    return script


class TestCancellation:
    @asynccontextmanager
    async def cancelled(self, client: httpx2.AsyncClient, script: Script, **request: object) -> AsyncIterator[None]:
        """Cancels a request as soon as the block ends; the server's side of the connection must go then."""
        async with serving(script, answering(HELLO)) as server:
            async with anyio.create_task_group() as tasks:

                async def ask() -> None:
                    await client.request("POST", server.url, **request)
                    pytest.fail("the request was not cancelled")

                tasks.start_soon(ask)
                yield
                tasks.cancel_scope.cancel()
            while server.ended < server.connections:
                await anyio.lowlevel.checkpoint()
            assert (await client.get(server.url)).text == "hello"
            assert server.connections == 2

    @pytest.mark.parametrize(
        "pieces", [[], [b"HTTP/1.1 2"], [OK + b"Content-Length: 9\r\n\r\nhello"]], ids=["nothing", "head", "body"]
    )
    async def test_while_the_answer_is_awaited(self, client: httpx2.AsyncClient, pieces: list[bytes]):
        said = anyio.Event()

        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(*pieces)
            said.set()
            await peer.wait_for_hangup()

        async with self.cancelled(client, script, content=b""):
            await said.wait()
            await anyio.wait_all_tasks_blocked()

    async def test_while_the_body_is_sent(self, client: httpx2.AsyncClient):
        begun = anyio.Event()

        async def script(peer: Peer) -> None:
            await peer.read(1_000_000)
            begun.set()
            await peer.wait_for_hangup()

        async with aclosing(endless()) as body, self.cancelled(client, script, content=body):
            await begun.wait()

    async def test_at_any_turn_of_the_loop(self, client: httpx2.AsyncClient, transport: Http1Transport):
        async def echo(peer: Peer) -> None:
            """Answers with the path, in two pieces."""
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    path = (await peer.read_head()).split()[1]
                    await peer.say(CHUNKED + b"1\r\n" + path[:1] + b"\r\n")
                    await anyio.lowlevel.checkpoint()
                    await peer.say(b"%x\r\n%s\r\n0\r\n\r\n" % (len(path) - 1, path[1:]))

        finished = 0
        async with serving(echo) as server:
            for turn in range(60):
                async with anyio.create_task_group() as tasks:

                    async def ask(path: str) -> None:
                        nonlocal finished
                        assert (await client.get(server.url + path)).text == path
                        finished += 1

                    tasks.start_soon(ask, f"/cancelled/{turn}")
                    for _ in range(turn):
                        await anyio.lowlevel.checkpoint()
                    tasks.cancel_scope.cancel()
                assert (await client.get(f"{server.url}/after/{turn}")).text == f"/after/{turn}"
                assert transport.idle == 1
                assert transport.busy == 0
        assert 0 < finished < 60

    async def test_while_connecting(self, client: httpx2.AsyncClient, transport: Http1Transport):
        with socket.socket() as listening, socket.socket() as one, socket.socket() as two:
            listening.bind(("127.0.0.1", 0))
            listening.listen(0)
            for filler in (one, two):
                filler.setblocking(False)
                filler.connect_ex(listening.getsockname())
            with anyio.move_on_after(0.05) as scope:
                await client.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        assert scope.cancelled_caught
        assert (transport.idle, transport.busy) == (0, 0)

    async def test_a_stream_that_is_left_early_closes_its_connection(self, client: httpx2.AsyncClient):
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.say(CHUNKED, b"3\r\none\r\n")
            await peer.wait_for_hangup()

        async with serving(script, answering(HELLO)) as server:
            async with client.stream("GET", server.url) as answer:
                async for piece in answer.aiter_bytes():
                    assert piece == b"one"
                    break
            while not server.ended:
                await anyio.lowlevel.checkpoint()
            assert (await client.get(server.url)).text == "hello"


class TestBackpressure:
    async def test_a_slow_reader_slows_the_server(self, client: httpx2.AsyncClient):
        piece = b"x" * 65536
        said = 0

        async def script(peer: Peer) -> None:
            nonlocal said
            await peer.read_head()
            await peer.say(OK + b"Content-Length: %d\r\n\r\n" % (500 * len(piece)))
            for said in range(500):  # noqa: B007
                await peer.say(piece)

        async with serving(script) as server, client.stream("GET", server.url) as answer:
            pieces = answer.aiter_bytes()
            got = len(await anext(pieces))
            await anyio.wait_all_tasks_blocked()
            assert said < 400
            async for more in pieces:
                got += len(more)
            assert got == 500 * len(piece)
