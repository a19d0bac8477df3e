"""Connections that are checked after resolution: the transport of the untrusted HTTP client."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import anyio
import httpcore2
import httpx2

from langflow_lite.errors import OutboundRefused
from langflow_lite.models.addresses import AddressPolicy

__all__ = ["PinnedBackend", "Resolver", "pinned_transport"]

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a host name and port into its addresses; raises OSError when there are none."""


async def _resolve(host: str, port: int) -> Sequence[str]:
    with contextlib.suppress(ValueError):
        # An address needs no look-up, which would take a thread.
        return [str(ipaddress.ip_address(host))]
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves a host once, refuses it if any of its addresses is forbidden, and connects to what it checked.

    Every new connection passes here, so those of redirects are checked too; TLS still verifies the host's name.
    Raises `OutboundRefused`.
    """

    def __init__(self, policy: AddressPolicy, resolve: Resolver = _resolve) -> None:
        self._policy = policy
        self._resolve = resolve
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        host = host.strip("[]")
        addresses = await self._addresses(host, port, timeout)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError(f"{host} has no address")

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        """Never: no URL that a flow can name leads to a socket file."""
        raise OutboundRefused("Connections to Unix sockets are refused.")

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts of the pool."""
        await anyio.sleep(seconds)

    async def _addresses(self, host: str, port: int, seconds: float | None) -> Sequence[str]:
        try:
            with anyio.fail_after(seconds):
                addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved: {error}") from error
        if self._policy.allows_name(host, port):
            return addresses
        for address in addresses:
            if not self._policy.allows(address, port):
                resolved = host if address == host else f"{host} (which is {address})"
                raise OutboundRefused(
                    f"Calls to {resolved} are refused: it is not a public address. "
                    f"If this flow should reach it, add {host}:{port} to LANGFLOW_SSRF_ALLOWED_HOSTS."
                )
        return addresses


def pinned_transport(
    policy: AddressPolicy, limits: httpx2.Limits, certificates: ssl.SSLContext
) -> httpx2.AsyncHTTPTransport:
    """A transport whose every connection passes a `PinnedBackend`."""
    transport = httpx2.AsyncHTTPTransport(verify=certificates, limits=limits)
    # The constructor takes no backend, and nothing is connected before the pool is first used.
    transport._pool = httpcore2.AsyncConnectionPool(
        ssl_context=certificates,
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
        network_backend=PinnedBackend(policy),
    )
    return transport
