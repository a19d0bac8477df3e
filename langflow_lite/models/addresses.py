"""AddressPolicy: which network addresses a flow or a request may make the server call."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from langflow_lite.errors import SettingsError
from langflow_lite.settings import Settings

__all__ = ["AddressPolicy", "is_loopback_url"]

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

# `is_global` calls these global, yet they lead to services of the machine or the cloud it runs in.
_BLOCKED_V4 = tuple(
    map(
        IPv4Network,
        (
            "168.63.129.16/32",  # Azure's platform endpoint
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        ),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_BLOCKED_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments, Teredo and ORCHID among them (RFC 2928)
            "2001:db8::/32",  # documentation (RFC 3849)
            "2002::/16",  # 6to4, which hides an IPv4 address (RFC 3056)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)


class AddressPolicy:
    """Decides about addresses, after names have been resolved.

    Reachable are public addresses: IPv4 that are global unicast, IPv6 inside 2000::/3 without the special prefixes
    (`ipaddress.is_global` alone lets NAT64, 6to4 and site-local forms of private addresses through). Also what
    `LANGFLOW_SSRF_ALLOWED_HOSTS` names, and loopback if the server itself listens on loopback: whoever can reach such
    a server is on this machine and can reach its loopback services anyway, and local model servers live there.
    Raises `SettingsError` for an allowance that cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._allow_loopback = settings.is_loopback
        self._decide = lru_cache(maxsize=1024)(self._allows)
        self._names: set[tuple[str, int | None]] = set()
        self._networks: list[tuple[_Network, int | None]] = []
        for allowance in settings.ssrf_allowed_hosts:
            self._allow(allowance.strip().lower())

    def _allow(self, text: str) -> None:
        host, port = _split_port(text)
        try:
            self._networks.append((ip_network(host, strict=False), port))
        except ValueError:
            if not host or "/" in host or ":" in host:
                raise SettingsError(
                    f"LANGFLOW_SSRF_ALLOWED_HOSTS: {text!r} is not a name, name:port, address or CIDR range"
                ) from None
            self._names.add((host.rstrip("."), port))

    def allows_name(self, host: str, port: int) -> bool:
        """Whether the operator allows this host by its name, whatever it resolves to."""
        name = host.lower().rstrip(".")
        return (name, port) in self._names or (name, None) in self._names

    def allows(self, address: str, port: int) -> bool:
        """Whether connecting to this address is in order. Anything that is not an address is not."""
        return self._decide(address, port)

    def _allows(self, address: str, port: int) -> bool:
        try:
            parsed = _unmapped(ip_address(address))
        except ValueError:
            return False
        if self._allow_loopback and parsed.is_loopback:
            return True
        if any(wanted in (None, port) and _within(parsed, (network,)) for network, wanted in self._networks):
            return True
        if isinstance(parsed, IPv4Address):
            return parsed.is_global and not parsed.is_multicast and not _within(parsed, _BLOCKED_V4)
        return parsed in _GLOBAL_V6 and not _within(parsed, _BLOCKED_V6)


@lru_cache(maxsize=256)
def is_loopback_url(url: str) -> bool:
    """Whether a URL names this machine, as `localhost` or by a loopback address."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _split_port(text: str) -> tuple[str, int | None]:
    """`name:port`, `[v6]:port`, or a host alone; an IPv6 address without brackets has no port."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, int(port[1:]) if port[1:].isdigit() else None
    host, _, port = text.rpartition(":")
    if host and ":" not in host and port.isdigit():
        return host, int(port)
    return text, None


def _unmapped(address: _Address) -> _Address:
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _within(address: _Address, networks: Iterable[_Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
