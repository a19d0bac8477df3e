"""Dialer: new connections, to addresses that are checked after resolution."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

import anyio
import anyio.to_thread
import httpx2

from langflow_lite.errors import OutboundRefused
from langflow_lite.models.addresses import AddressPolicy
from langflow_lite.models.transport.connection import Connection

__all__ = ["Dialer", "Resolver"]

_HEAD_START = 0.25

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a host name and port into its addresses; raises OSError when there are none."""


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Dialer:
    """Makes connections. With a policy, a host is refused if any of its addresses is forbidden.

    The name is resolved once and what was checked is connected to; every new connection passes here, so those of
    redirects are checked too. TLS verifies the host's name; its certificates are read when they are first needed.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        certificates: Callable[[], ssl.SSLContext] = httpx2.create_ssl_context,
        resolve: Resolver = _resolve,
    ) -> None:
        self._policy = policy
        self._certificates = certificates
        self._context: ssl.SSLContext | None = None
        self._resolve = resolve

    async def connect(self, host: str, port: int, *, tls: bool, seconds: float | None = None) -> Connection:
        """A connection to the first of the host's addresses that answers.

        Raises `OutboundRefused`, `httpx2.ConnectTimeout` after `seconds` for all of it, else `httpx2.ConnectError`.
        """
        host = host.strip("[]")
        step = "resolved"
        try:
            with anyio.fail_after(seconds):
                addresses = await self._addresses(host, port)
                step = "connected to"
                context = await self._tls() if tls else None
                if len(addresses) == 1:
                    return await self._open(addresses[0], host, port, context)
                return await self._race(addresses, host, port, context)
        except TimeoutError as error:
            raise httpx2.ConnectTimeout(f"{host} was not {step} in time") from error
        except (OSError, ValueError) as error:
            raise httpx2.ConnectError(_reason(error)) from error

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        addresses: Sequence[str] = []
        with contextlib.suppress(ValueError):
            # An address needs no look-up, which would take a thread.
            addresses = [str(ipaddress.ip_address(host))]
        if not addresses:
            try:
                addresses = await self._resolve(host, port)
            except TimeoutError:
                raise
            except (OSError, UnicodeError) as error:
                raise httpx2.ConnectError(f"{host} cannot be resolved: {error}") from error
        if not addresses:
            raise httpx2.ConnectError(f"{host} has no address")
        if self._policy is None or self._policy.allows_name(host, port):
            return addresses
        for address in addresses:
            if not self._policy.allows(address, port):
                resolved = host if address == host else f"{host} (which is {address})"
                raise OutboundRefused(
                    f"Calls to {resolved} are refused: it is not a public address. "
                    f"If this flow should reach it, add {host}:{port} to LANGFLOW_SSRF_ALLOWED_HOSTS."
                )
        return addresses

    async def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            # Reading the certificates takes so long that everyone would be held up.
            context = await anyio.to_thread.run_sync(self._certificates)
            context.set_alpn_protocols(["http/1.1"])
            self._context = context
        return self._context

    async def _open(self, address: str, host: str, port: int, tls: ssl.SSLContext | None) -> Connection:
        loop = asyncio.get_running_loop()
        made: list[Connection] = []

        def protocol() -> Connection:
            made.append(Connection())
            return made[0]

        try:
            await loop.create_connection(
                protocol,
                address,
                port,
                ssl=tls,
                server_hostname=host if tls is not None else None,
            )
        except BaseException:
            for connection in made:
                connection.abort()
            raise
        return made[0]

    async def _race(self, addresses: Sequence[str], host: str, port: int, tls: ssl.SSLContext | None) -> Connection:
        """The first connection that comes up; each address has a head start over the next (RFC 8305)."""
        winner: Connection | None = None
        failure: Exception | None = None

        async def attempt(address: str, failed: anyio.Event) -> None:
            nonlocal winner, failure
            try:
                connection = await self._open(address, host, port, tls)
            except (OSError, ValueError) as error:
                failure = failure or error
                failed.set()
                return
            if winner is None:
                winner = connection
                attempts.cancel_scope.cancel()
            else:
                connection.abort()

        try:
            async with anyio.create_task_group() as attempts:
                for address in addresses:
                    failed = anyio.Event()
                    attempts.start_soon(attempt, address, failed)
                    with anyio.move_on_after(_HEAD_START):
                        await failed.wait()
        except BaseException:
            if winner is not None:
                winner.abort()
            raise
        if winner is None:
            raise failure or OSError(f"{host} has no address")
        return winner


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError):
        # What the event loops say beside it differs.
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
