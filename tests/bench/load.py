"""The load: a process of its own that keeps connections busy with requests made beforehand.

    python -m tests.bench.load requests URL BODY --connections 16 --seconds 2
    python -m tests.bench.load streams URL BODY --connections 100

Prints one JSON object. It parses no more of an answer than it must, so that the server is what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from typing import Any
from urllib.parse import urlsplit


def request_bytes(url: str, body: str) -> tuple[str, int, bytes]:
    """Host, port and the whole request."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    key = os.environ.get("LANGFLOW_API_KEY")
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"{f'x-api-key: {key}' + chr(13) + chr(10) if key else ''}Content-Length: {len(body.encode())}\r\n\r\n"
    )
    return host, port, head.encode() + body.encode()


class Requests(asyncio.Protocol):
    """One kept-alive connection: the next request goes out when the answer to the last one is complete."""

    def __init__(self, request: bytes, until: float, latencies: list[float], done: asyncio.Future[None]) -> None:
        self.request = request
        self.until = until
        self.latencies = latencies
        self.done = done
        self.failed = 0
        self.received = bytearray()
        self.needed = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.begun = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.needed:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.received[:end]).lower()
            start = head.find(b"content-length: ") + 16
            self.needed = end + 4 + int(head[start : head.find(b"\r", start) if b"\r" in head[start:] else None])
            if not head.startswith(b"http/1.1 200"):
                self.failed += 1
        if len(self.received) < self.needed:
            return
        now = time.perf_counter()
        self.latencies.append(now - self.begun)
        self.received.clear()
        self.needed = 0
        if now < self.until:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def requests(url: str, body: str, connections: int, seconds: float) -> dict[str, float]:
    host, port, request = request_bytes(url, body)
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    begun = time.perf_counter()
    dones, protocols = [], []
    for _ in range(connections):
        done = loop.create_future()
        dones.append(done)
        _, protocol = await loop.create_connection(
            lambda done=done: Requests(request, begun + seconds, latencies, done), host, port
        )
        protocols.append(protocol)
    await asyncio.gather(*dones)
    lasted = time.perf_counter() - begun
    latencies.sort()
    return {
        "per_second": len(latencies) / lasted,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        "failed": sum(protocol.failed for protocol in protocols),
        "busy": time.process_time() / lasted,
    }


async def stream(host: str, port: int, request: bytes, gate: asyncio.Event) -> tuple[float, float, int]:
    """Seconds to the first token and to the end, and the number of tokens."""
    reader, writer = await asyncio.open_connection(host, port)
    await gate.wait()
    begun = time.perf_counter()
    writer.write(request)
    first, tokens, rest = 0.0, 0, b""
    while True:
        data = await reader.read(65536)
        now = time.perf_counter()
        # A token frame of ours, or a chunk of the model's own stream; its first one is empty and no token.
        text = rest + data
        cut = text.rfind(b"\n") + 1
        found = text[:cut].count(b'"event":"token"') + text[:cut].count(b'"event": "token"')
        found += text[:cut].count(b'"content":') - text[:cut].count(b'"content":""')
        rest = text[cut:]
        if found and not tokens:
            first = now - begun
        tokens += found
        ended = b'"event":"end"' in text or b'"event": "end"' in text or b"[DONE]" in text
        if not data or ended:
            break
    writer.close()
    return first, now - begun, tokens


async def streams(url: str, body: str, connections: int) -> dict[str, float]:
    host, port, request = request_bytes(url, body)
    gate = asyncio.Event()
    tasks = [asyncio.create_task(stream(host, port, request, gate)) for _ in range(connections)]
    await asyncio.sleep(0.3)
    gate.set()
    results = await asyncio.gather(*tasks)
    firsts = sorted(first for first, _, _ in results)
    totals = sorted(total for _, total, _ in results)
    return {
        "first_p50_ms": firsts[len(firsts) // 2] * 1000,
        "first_max_ms": firsts[-1] * 1000,
        "total_min_s": totals[0],
        "total_p50_s": totals[len(totals) // 2],
        "total_max_s": totals[-1],
        "tokens": sum(tokens for _, _, tokens in results),
        "failed": sum(tokens == 0 for _, _, tokens in results),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["requests", "streams"])
    parser.add_argument("url")
    parser.add_argument("body")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    try:
        from uvloop import run
    except ImportError:
        from asyncio import run
    if args.what == "requests":
        found = run(requests(args.url, args.body, args.connections, args.seconds))
    else:
        found = run(streams(args.url, args.body, args.connections))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
