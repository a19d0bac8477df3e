"""Measure the server beside a bare Starlette endpoint, in one run of about a minute, and print a table.

    python -m tests.bench [--quick] [--no-install]

Servers are tied to one processor core and the load to another one, where there are two. With LANGFLOW_URL the same
requests go to a Langflow that is running there (LANGFLOW_API_KEY is sent along).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import psutil

from tests.flows import edge, flow
from tests.serving import ROOT, clean_environment

CONNECTIONS = (1, 16, 64)
STREAMS = 100
TOKENS = 50
PACE_MS = 30
MODEL = f"slow-{PACE_MS}-{TOKENS}"


def tied(core: int) -> list[str]:
    """The beginning of a command that is to run on one core."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        return [sys.executable]
    pin = f"import os, runpy, sys; os.sched_setaffinity(0, [{cores[core]}]); sys.argv = sys.argv[1:]; "
    return [sys.executable, "-c", pin + "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"]


@contextmanager
def started(*command: str, core: int = 0, **variables: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server process and the address it printed."""
    prefix = tied(core)
    process = subprocess.Popen(
        [*prefix, *(["-m"] if len(prefix) == 1 else []), *command],
        env=clean_environment(**variables),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line.split(" is listening on ")[1].split()[0], process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextmanager
def started_standin() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    prefix = tied(1)
    process = subprocess.Popen(
        [*prefix, *(["-m"] if len(prefix) == 1 else []), "tests.standin", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    while True:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.01)


def load(what: str, url: str, body: Any, connections: int, seconds: float = 2.0) -> dict[str, float]:
    prefix = tied(1)
    done = subprocess.run(
        [
            *prefix,
            *(["-m"] if len(prefix) == 1 else []),
            "tests.bench.load",
            what,
            url,
            json.dumps(body),
            f"--connections={connections}",
            f"--seconds={seconds}",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return dict(json.loads(done.stdout))


def ask(method: str, url: str, body: Any = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("LANGFLOW_API_KEY"):
        headers["x-api-key"] = key
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as response:
        return json.loads(response.read() or b"null")


def flows_of(url: str, model_url: str) -> tuple[str, str]:
    """Ids of an echo flow and of one that asks the stand-in, stored on the server from its own catalogue."""
    catalogue = {name: made for category in ask("GET", f"{url}/api/v1/all").values() for name, made in category.items()}

    def made(id_: str, **values: Any) -> dict[str, Any]:
        type_ = id_.partition("-")[0]
        node = deepcopy(catalogue[type_])
        for name, value in values.items():
            if name in node["template"]:
                node["template"][name].update(value=value, load_from_db=False)
        place = {"x": 0, "y": 0}
        return {"id": id_, "type": "genericNode", "position": place, "data": {"id": id_, "type": type_, "node": node}}

    echo = flow(
        [made("ChatInput-b"), made("ChatOutput-b")],
        [edge("ChatInput-b.message", "ChatOutput-b.input_value")],
        name="bench echo",
    )
    base = f"{model_url}/v1"
    model = made(
        "OpenAIModel-b", model_name=MODEL, api_key="sk-bench", base_url=base, openai_api_base=base, stream=True
    )
    asking = flow(
        [made("ChatInput-b"), model, made("ChatOutput-b")],
        [
            edge("ChatInput-b.message", "OpenAIModel-b.input_value"),
            edge("OpenAIModel-b.text_output", "ChatOutput-b.input_value"),
        ],
        name="bench model",
    )
    return ask("POST", f"{url}/api/v1/flows/", echo)["id"], ask("POST", f"{url}/api/v1/flows/", asking)["id"]


def measure_bare(seconds: float) -> dict[int, dict[str, float]]:
    body = {"input_value": "Hello!", "session_id": "bench"}
    with started("tests.bench.bare") as (url, _):
        load("requests", f"{url}/run", body, 4, 0.5)
        return {n: load("requests", f"{url}/run", body, n, seconds) for n in CONNECTIONS}


def measure_server(url: str, model_url: str, seconds: float) -> tuple[dict[int, dict[str, float]], dict[str, float]]:
    echo, model = flows_of(url, model_url)
    body = {"input_value": "Hello!", "session_id": "bench", "input_type": "chat", "output_type": "chat"}
    try:
        load("requests", f"{url}/api/v1/run/{echo}", body, 4, 0.5)
        runs = {n: load("requests", f"{url}/api/v1/run/{echo}", body, n, seconds) for n in CONNECTIONS}
        load("streams", f"{url}/api/v1/run/{model}?stream=true", body, 2)
        streams = load("streams", f"{url}/api/v1/run/{model}?stream=true", body, STREAMS)
    finally:
        for id_ in (echo, model):
            ask("DELETE", f"{url}/api/v1/flows/{id_}")
    return runs, streams


def measure_start() -> tuple[float, float]:
    """Seconds from the start of the process until `/health` answers, and MB it then occupies when left alone."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "langflow_lite", "run", f"--port={port}", f"--data-dir={folder}"],
            env=clean_environment(),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        try:
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    if connection.recv(64).startswith(b"HTTP/1.1 200"):
                        break
                time.sleep(0.005)
            lasted = time.perf_counter() - begun
            time.sleep(0.5)
            return lasted, psutil.Process(process.pid).memory_info().rss / 2**20
        finally:
            process.terminate()
            process.wait()


def measure_install() -> tuple[int, float]:
    """Number and MB of everything that `pip install .` puts into a new environment, pip itself left out."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", ROOT]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        listing = "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"
        names = set(json.loads(subprocess.run([python, "-c", listing], check=True, capture_output=True).stdout))
        site = next((Path(folder) / "lib").glob("python*/site-packages"))
        not_ours = [
            *site.glob("pip*"),
            *site.glob("setuptools*"),
            *site.glob("_distutils_hack"),
            *site.glob("pkg_resources"),
        ]
        files = [
            file for file in site.rglob("*") if file.is_file() and not any(part in file.parents for part in not_ours)
        ]
        size = sum(file.stat().st_size for file in files if file.suffix != ".pyc")
        return len(names - {"pip", "setuptools"}), size / 2**20


def row(*cells: object) -> None:
    print("  {:<38}{:>12}{:>12}{:>12}{:>14}".format(*cells), flush=True)


def print_runs(title: str, runs: dict[int, dict[str, float]], bare: dict[int, dict[str, float]]) -> None:
    for n, found in runs.items():
        ratio = f"{found['per_second'] / bare[n]['per_second']:.0%}"
        failed = f" {found['failed']} FAILED" if found["failed"] else ""
        row(
            f"{title}, {n} connection{'s' if n > 1 else ''}{failed}",
            f"{found['per_second']:,.0f}/s",
            f"{found['p50_ms']:.2f} ms",
            f"{found['p99_ms']:.2f} ms",
            ratio,
        )


def print_streams(title: str, found: dict[str, float]) -> None:
    pace = TOKENS * PACE_MS / 1000
    failed = f" {found['failed']} FAILED" if found["failed"] else ""
    row(
        f"{title}{failed}",
        f"{found['first_p50_ms']:.0f} ms",
        f"{found['first_max_ms']:.0f} ms",
        f"{found['total_max_s']:.2f} s",
        f"{found['total_max_s'] / pace:.2f} x pace",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a second per measurement instead of two")
    parser.add_argument("--no-install", action="store_true", help="leave out the fresh environment")
    args = parser.parse_args()
    seconds = 0.5 if args.quick else 2.0
    other = os.environ.get("LANGFLOW_URL", "").rstrip("/")

    print("\nRequests: JSON in, JSON out; /run stores two chat messages")
    row("", "throughput", "median", "99 %", "of bare")
    bare = measure_bare(seconds)
    print_runs("bare Starlette endpoint", bare, bare)
    with tempfile.TemporaryDirectory() as folder, started_standin() as model_url:
        body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "Hello!"}]}
        paced = load("streams", f"{model_url}/v1/chat/completions", body, STREAMS)
        with started("langflow_lite", "run", "--port=0", f"--data-dir={folder}/data") as (url, process):
            runs, streams = measure_server(url, model_url, seconds)
            used = psutil.Process(process.pid).memory_info().rss / 2**20
        print_runs("/run of an echo flow", runs, bare)
        theirs = measure_server(other, model_url, seconds) if other else None
        if theirs:
            print_runs(f"the same at {other}", theirs[0], bare)

        print(f"\nStreams: {STREAMS} at once, {TOKENS} tokens, one each {PACE_MS} ms")
        row("", "first token", "slowest", "longest", "of the pace")
        print_streams("the model itself", paced)
        print_streams("/run?stream=true", streams)
        if theirs:
            print_streams(f"the same at {other}", theirs[1])

    starts = [measure_start() for _ in range(3 if args.quick else 5)]
    print("\nFootprint")
    print(f"  from the command until /health answers  {statistics.median(lasted for lasted, _ in starts):.2f} s")
    print(f"  memory when idle                        {statistics.median(memory for _, memory in starts):.0f} MB")
    print(f"  memory after all of the above           {used:.0f} MB")
    if not args.no_install:
        count, size = measure_install()
        print(f"  installed distributions                 {count}, {size:.0f} MB")
    print()


if __name__ == "__main__":
    main()
