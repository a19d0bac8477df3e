"""OutboundClients: the HTTP clients of a server, made when first needed and closed with it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from langflow_lite.models.addresses import AddressPolicy
from langflow_lite.settings import Settings

if TYPE_CHECKING:
    import httpx2

__all__ = ["OutboundClients"]


class OutboundClients:
    """The `Outbound` of a server: an async context manager that closes its clients.

    The trusted client goes wherever it is sent, through the proxies of the environment. The other one calls public
    addresses and allowed ones only (`AddressPolicy`), checked after resolution and on every redirect; it uses no
    proxy, because a proxy would resolve the name once more. With `LANGFLOW_SSRF_PROTECTION_ENABLED=false` there is no
    difference. None of them keeps a cookie, because runs share them, and the session of one is no business of the next.
    httpx2 is imported with the first client, for it takes a while.
    """

    def __init__(self, settings: Settings) -> None:
        self._policy = AddressPolicy(settings)
        self._protect = settings.ssrf_protection
        self._timeout = settings.model_timeout
        self._clients: dict[bool, httpx2.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def client(self, *, trusted: bool = False) -> httpx2.AsyncClient:
        """The shared client for trusted or untrusted addresses. Do not close it."""
        open_to_all = trusted or not self._protect
        client = self._clients.get(open_to_all)
        if client is None:
            client = self._clients[open_to_all] = self._make(open_to_all)
        return client

    async def aclose(self) -> None:
        """Close all clients and their connections."""
        while self._clients:
            await self._clients.popitem()[1].aclose()

    def _make(self, open_to_all: bool) -> httpx2.AsyncClient:
        from http.cookiejar import CookieJar, DefaultCookiePolicy
        from urllib.request import getproxies

        import httpx2

        from langflow_lite.models.transport import Dialer, Http1Transport

        timeout = httpx2.Timeout(self._timeout, connect=10.0, pool=None)
        headers = {"user-agent": "langflow-lite"}
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        if open_to_all and getproxies():
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30.0)
            return httpx2.AsyncClient(limits=limits, timeout=timeout, headers=headers, cookies=cookies)
        dialer = Dialer(None if open_to_all else self._policy)
        return httpx2.AsyncClient(
            transport=Http1Transport(dialer),
            timeout=timeout,
            headers=headers,
            cookies=cookies,
            trust_env=open_to_all,
        )
