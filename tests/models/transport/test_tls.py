from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from langflow_lite.models.transport import Dialer, Http1Transport
from tests.models.transport.scripted import Peer, answering, serving

pytestmark = pytest.mark.anyio

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for model.test and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    names = [x509.DNSName("model.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


async def local(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def client_that_trusts(certificate: Path | None) -> httpx2.AsyncClient:
    dialer = Dialer(certificates=lambda: ssl.create_default_context(cafile=certificate), resolve=local)
    return httpx2.AsyncClient(transport=Http1Transport(dialer), trust_env=False, timeout=30)


@pytest.mark.parametrize("host", ["model.test", "127.0.0.1"])
async def test_the_name_in_the_certificate_is_called(certificate: Path, server_side: ssl.SSLContext, host: str):
    async with serving(answering(HELLO), tls=server_side) as server, client_that_trusts(certificate) as client:
        for _ in range(2):
            assert (await client.get(f"https://{host}:{server.port}/")).text == "hello"
        assert server.connections == 1


@pytest.mark.parametrize(("host", "trusted"), [("other.test", True), ("model.test", False)])
async def test_another_name_or_an_unknown_issuer_is_refused(
    certificate: Path, server_side: ssl.SSLContext, host: str, trusted: bool
):
    async with (
        serving(answering(HELLO), tls=server_side) as server,
        client_that_trusts(certificate if trusted else None) as client,
    ):
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(f"https://{host}:{server.port}/")


async def test_a_server_without_tls_is_an_error(certificate: Path):
    async def greet(peer: Peer) -> None:
        await peer.say(HELLO)

    async with serving(greet) as server, client_that_trusts(certificate) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"https://model.test:{server.port}/")


async def test_a_handshake_that_stalls_counts_towards_the_time_limit(certificate: Path):
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with client_that_trusts(certificate) as client:
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get(f"https://model.test:{port}/", timeout=httpx2.Timeout(30, connect=0.05))


async def test_schemes_do_not_share_connections(certificate: Path, server_side: ssl.SSLContext):
    async with serving(answering(HELLO), tls=server_side) as server, client_that_trusts(certificate) as client:
        await client.get(f"https://model.test:{server.port}/")
        with pytest.raises(httpx2.TransportError):
            await client.get(f"http://model.test:{server.port}/")
