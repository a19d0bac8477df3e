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
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import psutil

from tests.flows import edge, flow
from tests.serving import ROOT, clean_environment

CONNECTIONS = (1, 16, 64)
STREAMS = 100
JOBS = 2000
JOB_CLIENTS = 16
FOLLOWERS = 200
TOKENS = 50
PACE_MS = 30
MODEL = f"slow-{PACE_MS}-{TOKENS}"
BARE = "bare Starlette endpoint"
OURS = "/run of an echo flow"
MODEL_ITSELF = "the model itself"
OUR_STREAM = "/run?stream=true"


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
    options = (f"--connections={connections}", f"--seconds={seconds}")
    return loaded("tests.bench.load", what, url, json.dumps(body), *options)


def loaded(*command: str) -> dict[str, float]:
    prefix = tied(1)
    done = subprocess.run(
        [*prefix, *(["-m"] if len(prefix) == 1 else []), *command],
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


def flows_of(url: str, model_url: str) -> list[str]:
    """Ids of an echo flow and of one that asks the stand-in, stored on the server from its own catalogue.

    The second is left out where the catalogue has no model component whose address can be chosen.
    """
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
    stored = [ask("POST", f"{url}/api/v1/flows/", echo)["id"]]
    if "OpenAIModel" not in catalogue:
        return stored
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
    return [*stored, ask("POST", f"{url}/api/v1/flows/", asking)["id"]]


Runs = dict[int, dict[str, float]]


def measure_requests(targets: dict[str, tuple[str, Any]], seconds: float) -> dict[str, Runs]:
    """Throughput of each target at each number of connections.

    The targets take turns and the best of three turns counts: what else the machine does must not decide the ratio.
    """
    found: dict[str, Runs] = {name: {} for name in targets}
    for url, body in targets.values():
        load("requests", url, body, 4, 0.5)
    for n in CONNECTIONS:
        turns = [
            {name: load("requests", url, body, n, seconds / 3) for name, (url, body) in targets.items()}
            for _ in range(3)
        ]
        for name in targets:
            found[name][n] = max((turn[name] for turn in turns), key=lambda result: result["per_second"])
    return found


def measure_streams(targets: dict[str, tuple[str, Any]], turns: int) -> dict[str, dict[str, float]]:
    """Streams of each target, all begun at once. They take turns, and of each the turn with the earliest tokens counts."""
    for url, body in targets.values():
        load("streams", url, body, STREAMS)
    found = [{name: load("streams", url, body, STREAMS) for name, (url, body) in targets.items()} for _ in range(turns)]
    return {name: min((turn[name] for turn in found), key=lambda result: result["first_p50_ms"]) for name in targets}


@contextmanager
def bench_flows(url: str, model_url: str) -> Iterator[tuple[str, str]]:
    """Addresses that run the echo flow and, streamed, the one with a model (empty without it); deleted afterwards."""
    flows = flows_of(url, model_url)
    try:
        yield f"{url}/api/v1/run/{flows[0]}", f"{url}/api/v1/run/{flows[1]}?stream=true" if flows[1:] else ""
    finally:
        for id_ in flows:
            ask("DELETE", f"{url}/api/v1/flows/{id_}")


def measure_jobs(url: str, model_url: str) -> tuple[dict[str, float], dict[str, float]]:
    """What submitting background jobs comes to, and the best of three turns of following some."""
    echo, model = flows_of(url, model_url)
    loaded("tests.bench.jobs", "submit", url, echo, "--jobs=200")
    submitted = loaded("tests.bench.jobs", "submit", url, echo, f"--jobs={JOBS}", f"--clients={JOB_CLIENTS}")
    loaded("tests.bench.jobs", "follow", url, model, "--jobs=2")
    turns = [loaded("tests.bench.jobs", "follow", url, model, f"--jobs={FOLLOWERS}") for _ in range(3)]
    return submitted, min(turns, key=lambda result: result["total_max_s"])


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


def print_runs(title: str, runs: Runs, bare: Runs) -> None:
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
    parser.add_argument("--quick", action="store_true", help="half a second per measurement instead of three")
    parser.add_argument("--no-install", action="store_true", help="leave out the fresh environment")
    args = parser.parse_args()
    seconds = 0.6 if args.quick else 3.0
    other = os.environ.get("LANGFLOW_URL", "").rstrip("/")

    body = {"input_value": "Hello!", "session_id": "bench", "input_type": "chat", "output_type": "chat"}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        model_url = stack.enter_context(started_standin())
        bare_url, _ = stack.enter_context(started("tests.bench.bare"))
        url, process = stack.enter_context(started("langflow_lite", "run", "--port=0", f"--data-dir={folder}/data"))
        echo_url, stream_url = stack.enter_context(bench_flows(url, model_url))
        targets = {BARE: (f"{bare_url}/run", body), OURS: (echo_url, body)}
        if other:
            other_echo_url, other_stream_url = stack.enter_context(bench_flows(other, model_url))
            targets[f"the same at {other}"] = (other_echo_url, body)

        print("\nRequests: JSON in, JSON out; /run stores two chat messages")
        row("", "throughput", "median", "99 %", "of bare")
        runs = measure_requests(targets, seconds)
        for name, found in runs.items():
            print_runs(name, found, runs[BARE])

        print(f"\nStreams: {STREAMS} at once, {TOKENS} tokens, one each {PACE_MS} ms")
        row("", "first token", "slowest", "longest", "of the pace")
        asked = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "Hello!"}]}
        streamed = {MODEL_ITSELF: (f"{model_url}/v1/chat/completions", asked), OUR_STREAM: (stream_url, body)}
        if other and other_stream_url:
            streamed[f"the same at {other}"] = (other_stream_url, body)
        found_streams = measure_streams(streamed, 2 if args.quick else 5)
        for name, found in found_streams.items():
            print_streams(name, found)
        model, ours = found_streams[MODEL_ITSELF], found_streams[OUR_STREAM]
        row(
            "behind the model's",
            f"{ours['first_p50_ms'] - model['first_p50_ms']:.0f} ms",
            f"{ours['first_max_ms'] - model['first_max_ms']:.0f} ms",
            f"{ours['total_max_s'] - model['total_max_s']:.2f} s",
            "",
        )
        if other and not other_stream_url:
            print(f"  {other} has no model component whose address can be chosen")
        used = psutil.Process(process.pid).memory_info().rss / 2**20

    with (
        tempfile.TemporaryDirectory() as folder,
        started_standin() as model_url,
        started(
            "langflow_lite",
            "run",
            "--port=0",
            f"--data-dir={folder}/data",
            LANGFLOW_MAX_CONCURRENT_JOBS=str(FOLLOWERS),
        ) as (url, _),
    ):
        submitted, followed = measure_jobs(url, model_url)
    print(f"\nBackground jobs: {JOBS} of an echo flow from {JOB_CLIENTS} clients, until every one has ended")
    row("", "jobs", "accepted in", "99 %", "accepted")
    failed = f" {submitted['failed']} FAILED" if submitted["failed"] else ""
    row(
        f"/api/v2/workflows, background{failed}",
        f"{submitted['per_second']:,.0f}/s",
        f"{submitted['p50_ms']:.1f} ms",
        f"{submitted['p99_ms']:.1f} ms",
        f"{submitted['submits_per_second']:,.0f}/s",
    )
    print(f"\nFollowers: {FOLLOWERS} on {FOLLOWERS} jobs, {TOKENS} tokens, one each {PACE_MS} ms")
    row("", "first token", "slowest", "longest", "of the pace")
    print_streams("/api/v2/workflows/{job_id}/events", followed)

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
