from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from langflow_lite.components.registry import Registry
from langflow_lite.engine.plan import Plan
from langflow_lite.flow import decode_data
from langflow_lite.graph import compile_graph
from langflow_lite.loading import example_files, read_flows
from tests.serving import ROOT, Server, clean_environment

EXAMPLES = ROOT / "examples"
ANSWERS = [
    ("echo", "Hello!", "Hello!"),
    ("prompt-chain", "rain", "Rewrite this for a child: Write one sentence about rain."),
    ("router-loop", "apples, pears, plums", "* apples\n* pears\n* plums"),
    ("router-loop", "apples", "Only one thing: apples"),
]
CALLERS = {
    "python": ([sys.executable, "call_flow.py", "--flow"], "--stream"),
    "node": (["node", "call_flow.mjs", "--flow"], "--stream"),
    "shell": (["sh", "call_flow.sh", "-f"], "-s"),
}


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> str:
    program = CALLERS[request.param][0][0]
    if shutil.which(program) is None or (request.param == "shell" and shutil.which("curl") is None):
        pytest.skip(f"{program} is not installed")
    return str(request.param)


def call(caller: str, server: Server, flow: str, text: str, *, stream: bool = False, **variables: str) -> str:
    command, flag = CALLERS[caller]
    done = subprocess.run(
        [*command, flow, *([flag] if stream else []), text],
        cwd=EXAMPLES,
        env=clean_environment(**{"LANGFLOW_URL": server.url, **variables}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise ChildProcessError(done.stdout + done.stderr)
    return done.stdout


def texts_of(result: dict) -> str:
    results = [output["results"] for run in result["outputs"] for output in run["outputs"]]
    return "\n".join(message["text"] for found in results for message in found.values())


@pytest.mark.parametrize(("flow", "text", "answer"), ANSWERS)
def test_example_flows_answer(server: Server, flow: str, text: str, answer: str):
    assert server.run(flow, text) == answer


@pytest.mark.parametrize(("flow", "text", "answer"), ANSWERS)
def test_scripts_print_the_answer(server: Server, caller: str, flow: str, text: str, answer: str):
    printed = call(caller, server, flow, text)
    if caller == "shell":
        assert texts_of(json.loads(printed)) == answer
    else:
        assert printed == answer + "\n"


@pytest.mark.parametrize(("flow", "text", "answer"), ANSWERS)
def test_scripts_follow_a_stream(server: Server, caller: str, flow: str, text: str, answer: str):
    printed = call(caller, server, flow, text, stream=True)
    if caller == "shell":
        events = [json.loads(line) for line in printed.split("\n\n") if line.strip()]
        assert events[-1]["event"] == "end"
        assert events[-1]["data"]["result"]["message"] == answer
    else:
        assert printed == answer + "\n"


def test_scripts_send_quotes_backslashes_and_line_breaks_as_they_are(server: Server, caller: str):
    text = 'say "a\\b"\nand ü'
    printed = call(caller, server, "echo", text)
    assert (texts_of(json.loads(printed)) if caller == "shell" else printed.removesuffix("\n")) == text


def test_scripts_tell_why_a_call_failed(server: Server, caller: str):
    with pytest.raises(ChildProcessError, match="Flow identifier nowhere not found"):
        call(caller, server, "nowhere", "x")


def test_scripts_send_the_key(server: Server, caller: str):
    with pytest.raises(ChildProcessError, match="403"):
        call(caller, server, "echo", "x", LANGFLOW_API_KEY="sk-wrong")


def test_scripts_name_a_server_that_is_not_there(server: Server, caller: str):
    with pytest.raises(ChildProcessError, match=r"^(http://127\.0\.0\.1:9 cannot be reached: |curl: .* connect )"):
        call(caller, server, "echo", "x", LANGFLOW_URL="http://127.0.0.1:9")


def run_job(url: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "background_job.py", *arguments],
        cwd=EXAMPLES,
        env=clean_environment(LANGFLOW_URL=url, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("flow", "text", "answer"), ANSWERS)
def test_the_background_script_prints_the_answer_and_how_the_job_ended(
    server: Server, flow: str, text: str, answer: str
):
    done = run_job(server.url, "--flow", flow, text)
    assert done.returncode == 0, done.stderr
    assert f"\n{answer}\nJob " in done.stdout
    assert done.stdout.endswith(" completed.\n")


def test_the_background_script_starts_one_job_for_one_key_and_stops_jobs(server: Server):
    done = [run_job(server.url, "--key", "example-key", "once") for _ in range(2)]
    [job_id] = {run.stdout.split()[-2] for run in done}
    stopped = run_job(server.url, "--stop", job_id)
    assert stopped.stdout == f"Job {job_id} already finished (completed).\n"


def test_the_background_script_tells_why_it_cannot(server: Server):
    assert "does not exist" in run_job(server.url, "--flow", "nowhere").stderr
    assert run_job(server.url, "x", LANGFLOW_API_KEY="sk-wrong").stderr.startswith("401: ")
    assert "cannot be reached" in run_job("http://127.0.0.1:9").stderr


def test_the_background_script_takes_up_a_stream_that_broke(server: Server):
    whole = run_job(server.url, "--flow", "prompt-chain", "rain").stdout
    with BreakingProxy(server.url) as proxy:
        done = run_job(proxy.url, "--flow", "prompt-chain", "rain")
    assert (done.returncode, proxy.broken) == (0, 2), done.stderr
    assert done.stdout.partition("Job ")[0] == whole.partition("Job ")[0]


class BreakingProxy:
    """Passes requests on, and hangs up in the middle of the first two streams of events."""

    def __init__(self, target: str) -> None:
        proxy = self
        self.broken = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                passed = {k: v for k in ("Content-Type", "Last-Event-ID") if (v := self.headers.get(k))}
                request = urllib.request.Request(
                    target + self.path, self.rfile.read(length) or None, passed, method=self.command
                )
                with urllib.request.urlopen(request, timeout=30) as answer:
                    body = answer.read()
                if self.path.endswith("/events") and proxy.broken < 2:
                    proxy.broken += 1
                    shown = body[: len(body) * proxy.broken // 3]
                else:
                    shown = body
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(shown)
                self.close_connection = True

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self) -> BreakingProxy:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.mark.parametrize("path", example_files(), ids=lambda path: path.stem)
def test_example_flows_compile_without_a_warning(path: Path):
    [flow] = read_flows(path.read_bytes(), path.stem)
    graph = compile_graph(decode_data(flow.data))
    assert graph.warnings == ()
    assert Plan.of(graph, Registry()).unsupported == {}
    assert flow.endpoint_name
    assert flow.description


def test_there_is_an_echo_a_chain_and_a_loop():
    assert [path.stem for path in example_files()] == ["echo_chat", "prompt_chain", "router_and_loop"]
