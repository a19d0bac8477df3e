from __future__ import annotations

import json
import shutil
import subprocess
import sys
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
    with pytest.raises(ChildProcessError):
        call(caller, server, "echo", "x", LANGFLOW_URL="http://127.0.0.1:9")


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
