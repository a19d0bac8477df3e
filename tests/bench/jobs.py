"""The load of background jobs, in a process of its own like `tests.bench.load`.

    python -m tests.bench.jobs submit URL FLOW_ID --jobs 2000 --clients 16
    python -m tests.bench.jobs follow URL FLOW_ID --jobs 200

Prints one JSON object. `submit` counts until every job has ended; `follow` has one follower on each job.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

from tests.bench.load import request_bytes, stream

API = "/api/v2/workflows"


class Connection:
    """One kept-alive connection; answers are read whole."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, request: bytes) -> Any:
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await self.reader.readexactly(length)
        assert head.startswith(b"http/1.1 200"), body
        return json.loads(body)


def get_request(url: str) -> bytes:
    _, _, request = request_bytes(url, "")
    return request.replace(b"POST ", b"GET ", 1)


async def submit(url: str, flow_id: str, jobs: int, clients: int) -> dict[str, float]:
    body = json.dumps({"flow_id": flow_id, "input_value": "Hello!", "session_id": "bench", "background": True})
    host, port, request = request_bytes(url + API, body)
    turns: Iterator[int] = iter(range(jobs))
    latencies: list[float] = []
    accepted: list[str] = []

    async def client() -> None:
        connection = Connection(*await asyncio.open_connection(host, port))
        for _ in turns:
            begun = time.perf_counter()
            accepted.append((await connection.ask(request))["job_id"])
            latencies.append(time.perf_counter() - begun)
        connection.writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    submitted = time.perf_counter() - begun
    gate = asyncio.Event()
    gate.set()
    # Jobs run in order, so the last ones to be accepted are among the last to end.
    last = [stream(host, port, get_request(f"{url}{API}/{id_}/events"), gate) for id_ in accepted[-64:]]
    await asyncio.gather(*last)
    lasted = time.perf_counter() - begun
    connection = Connection(*await asyncio.open_connection(host, port))
    status = await connection.ask(get_request(f"{url}{API}/jobs?limit=200&flow_id={flow_id}"))
    ended = {job["job_id"] for job in status["jobs"] if job["status"] == "completed"}
    while status["next"]:
        status = await connection.ask(
            get_request(f"{url}{API}/jobs?limit=200&flow_id={flow_id}&before={status['next']}")
        )
        ended.update(job["job_id"] for job in status["jobs"] if job["status"] == "completed")
    connection.writer.close()
    latencies.sort()
    return {
        "per_second": jobs / lasted,
        "submits_per_second": jobs / submitted,
        "p50_ms": latencies[jobs // 2] * 1000,
        "p99_ms": latencies[int(jobs * 0.99)] * 1000,
        "failed": len(set(accepted) - ended),
    }


async def follow(url: str, flow_id: str, jobs: int) -> dict[str, float]:
    body = json.dumps({"flow_id": flow_id, "input_value": "Hello!", "background": True})
    host, port, request = request_bytes(url + API, body)
    gate = asyncio.Event()
    gate.set()

    async def one() -> tuple[float, float, int]:
        connection = Connection(*await asyncio.open_connection(host, port))
        begun = time.perf_counter()
        job_id = (await connection.ask(request))["job_id"]
        connection.writer.close()
        accepted = time.perf_counter() - begun
        first, total, tokens = await stream(host, port, get_request(f"{url}{API}/{job_id}/events"), gate)
        return accepted + first, accepted + total, tokens

    results = await asyncio.gather(*(one() for _ in range(jobs)))
    firsts = sorted(first for first, _, _ in results)
    return {
        "first_p50_ms": firsts[jobs // 2] * 1000,
        "first_max_ms": firsts[-1] * 1000,
        "total_max_s": max(total for _, total, _ in results),
        "failed": sum(tokens != max(t for _, _, t in results) for _, _, tokens in results),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["submit", "follow"])
    parser.add_argument("url")
    parser.add_argument("flow_id")
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=16)
    args = parser.parse_args()
    try:
        from uvloop import run
    except ImportError:
        from asyncio import run
    if args.what == "submit":
        found = run(submit(args.url, args.flow_id, args.jobs, args.clients))
    else:
        found = run(follow(args.url, args.flow_id, args.jobs))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
