from __future__ import annotations

import pytest

from langflow_lite.errors import SettingsError
from langflow_lite.models.addresses import AddressPolicy, is_loopback_url
from langflow_lite.settings import Settings


def policy(*allowed: str, host: str = "0.0.0.0") -> AddressPolicy:
    return AddressPolicy(Settings(host=host, ssrf_allowed_hosts=allowed, environ={}))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert policy().allows(address, 443)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.8",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "localhost",
        "",
    ],
)
def test_every_other_address_is_refused(address: str) -> None:
    assert not policy().allows(address, 80)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_a_server_on_loopback_may_call_loopback_but_not_the_local_network(address: str) -> None:
    assert policy(host="127.0.0.1").allows(address, 11434)
    assert not policy(host="127.0.0.1").allows("192.168.1.1", 11434)
    assert not policy(host="127.0.0.1").allows("0.0.0.0", 11434)


@pytest.mark.parametrize(
    ("allowed", "address", "port", "verdict"),
    [
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3", "10.1.2.4", 80, False),
        ("10.1.0.0/16", "10.1.9.9", 80, True),
        ("10.1.0.0/16", "10.2.9.9", 80, False),
        ("127.0.0.1:11434", "127.0.0.1", 11434, True),
        ("127.0.0.1:11434", "127.0.0.1", 22, False),
        ("fd00::/8", "fd00::7", 80, True),
        ("[::1]:8080", "::1", 8080, True),
        ("[::1]:8080", "::1", 80, False),
    ],
)
def test_addresses_and_ranges_can_be_allowed(allowed: str, address: str, port: int, verdict: bool) -> None:
    assert policy(allowed).allows(address, port) is verdict


@pytest.mark.parametrize(
    ("allowed", "host", "port", "verdict"),
    [
        ("ollama", "ollama", 11434, True),
        ("ollama", "OLLAMA.", 11434, True),
        ("ollama", "evil-ollama", 11434, False),
        ("ollama:11434", "ollama", 11434, True),
        ("ollama:11434", "ollama", 80, False),
    ],
)
def test_names_can_be_allowed(allowed: str, host: str, port: int, verdict: bool) -> None:
    assert policy(allowed).allows_name(host, port) is verdict


@pytest.mark.parametrize("wrong", ["10.0.0.0/99", "a/b", ":80"])
def test_an_allowance_that_means_nothing_stops_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="LANGFLOW_SSRF_ALLOWED_HOSTS"):
        policy(wrong)


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://localhost:1/x", True),
        ("http://api.localhost", True),
        ("http://127.0.0.5", True),
        ("http://[::1]:8", True),
        ("http://example.com", False),
        ("http://localhost.example.com", False),
    ],
)
def test_loopback_urls_are_recognised(url: str, verdict: bool) -> None:
    assert is_loopback_url(url) is verdict
