"""A server that says, byte by byte, what a test tells it to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The server's end of one connection."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self.received = bytearray()

    async def read_until(self, end: bytes) -> bytes:
        """What the client sent up to and with `end`."""
        while end not in self.received:
            self.received += await self.stream.receive()
        return self._take(self.received.index(end) + len(end))

    async def read_head(self) -> bytes:
        return await self.read_until(b"\r\n\r\n")

    async def read(self, size: int) -> bytes:
        while len(self.received) < size:
            self.received += await self.stream.receive()
        return self._take(size)

    def _take(self, size: int) -> bytes:
        found = bytes(self.received[:size])
        del self.received[:size]
        return found

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            await self.stream.send(piece)

    async def wait_for_hangup(self) -> bytes:
        """Everything the client still sends before it closes the connection."""
        try:
            while True:
                self.received += await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return bytes(self.received)

    def reset(self) -> None:
        """Break the connection, so that the client gets an error in place of an end."""
        raw = self.stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


class ScriptedServer:
    """Runs a script for each connection, in the order in which they come, the last one for all further ones."""

    def __init__(self, port: int, scripts: tuple[Script, ...]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.connections = 0
        self.ended = 0
        self._scripts = scripts

    async def serve(self, stream: ByteStream) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        async with stream:
            await script(Peer(stream))
        self.ended += 1


@asynccontextmanager
async def serving(*scripts: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedServer]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server = ScriptedServer(listener.extra(SocketAttribute.local_port), scripts)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(
            (TLSListener(listener, tls, standard_compatible=False) if tls else listener).serve, server.serve
        )
        try:
            with anyio.fail_after(30):
                yield server
        finally:
            tasks.cancel_scope.cancel()


def answering(*pieces: bytes) -> Script:
    """Answers every request on a connection with the same bytes."""

    async def script(peer: Peer) -> None:
        while True:
            try:
                await peer.read_head()
            except anyio.EndOfStream:
                return
            await peer.say(*pieces)

    return script


def once(*pieces: bytes) -> Script:
    """Answers one request, then closes the connection."""

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.say(*pieces)

    return script
