from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import langflow_lite
from langflow_lite import Flow, Settings
from langflow_lite.errors import ComponentsUnsupported, NotFound
from langflow_lite.loading import UnreadableFlow
from tests.flows import edge, flow, node
from tests.serving import ROOT, run_command
from tests.standin import Standin

pytestmark = pytest.mark.anyio

ECHO = ROOT / "examples" / "flows" / "echo_chat.json"
LOOP = ROOT / "examples" / "flows" / "router_and_loop.json"
BARE = Settings(environ={})


@pytest.fixture
def chat(tmp_path: Path, standin: Standin) -> Path:
    """A flow whose model says `w0 w1 ...`."""
    nodes = [
        node("ChatInput-1", "ChatInput"),
        node(
            "OpenAIModel-1", "OpenAIModel", model_name="words-4", api_key="k", openai_api_base=standin.url, stream=True
        ),
        node("ChatOutput-1", "ChatOutput"),
    ]
    edges = [
        edge("ChatInput-1.message", "OpenAIModel-1.input_value"),
        edge("OpenAIModel-1.text_output", "ChatOutput-1.input_value"),
    ]
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(flow(nodes, edges, name="Chat")))
    return path


async def test_a_flow_runs_where_it_is():
    answer = await Flow.load(ECHO).run("Hello!", session_id="s", settings=BARE)
    assert (answer.text, str(answer), answer.session_id) == ("Hello!", "Hello!", "s")
    [result] = answer.body["outputs"][0]["outputs"]
    assert result["results"]["message"]["text"] == "Hello!"
    assert any("Hello!" in str(value) for outputs in answer.values.values() for value in outputs.values())


async def test_the_same_flow_can_run_again_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data = tmp_path / "data"
    loaded = Flow.load(str(ECHO))
    settings = Settings(environ={}, data_dir=data)
    assert [(await loaded.run(text, settings=settings)).text for text in ("a", "b")] == ["a", "b"]
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_not_asynchronous_runs_a_flow_too():
    assert Flow.load(LOOP).run_sync("a,b", settings=BARE).text == "* a\n* b"


async def test_tweaks_and_tokens_and_progress(chat: Path):
    told: list[Any] = []
    steps: list[Any] = []
    answer = await Flow.load(chat).run(
        "Hi",
        tweaks={"OpenAIModel-1": {"model_name": "words-2"}},
        settings=BARE,
        emit=lambda name, data: told.append(data["chunk"]) if name == "token" else None,
        progress=lambda *step: steps.append(step),
    )
    assert answer.text == "w0 w1"
    assert "".join(told) == "w0 w1"
    assert steps == [(0, 3, "ChatInput"), (1, 3, "OpenAIModel"), (2, 3, "ChatOutput")]


async def test_a_component_inside_can_be_asked_for(chat: Path):
    loaded = Flow.load(chat)
    assert (await loaded.run("Hi", output_component="OpenAIModel-1", settings=BARE)).text == "w0 w1 w2 w3"
    with pytest.raises(NotFound, match="No component 'Nobody' has run"):
        await loaded.run("Hi", output_component="Nobody", settings=BARE)


async def test_a_missing_type_is_told_before_anything_runs(tmp_path: Path):
    nodes = [node("X-1", "Teleporter"), node("ChatOutput-1", "ChatOutput")]
    (tmp_path / "x.json").write_text(json.dumps(flow(nodes, [edge("X-1.out", "ChatOutput-1.input_value")])))
    with pytest.raises(ComponentsUnsupported, match="Teleporter"):
        await Flow.load(tmp_path / "x.json").run(settings=BARE)


def test_a_file_that_holds_no_flow_is_named(tmp_path: Path):
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(UnreadableFlow, match=r"x\.json: this is not an exported flow"):
        Flow.load(tmp_path / "x.json")
    with pytest.raises(NotFound, match=r"none\.json cannot be read"):
        Flow.load(tmp_path / "none.json")


def test_the_command_prints_the_answer(tmp_path: Path):
    done = run_command("run-flow", ECHO, "--input", "Hello!", cwd=tmp_path, HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "Hello!\n")
    # A run that takes longer than a second, on a busy machine, tells its progress.
    assert all(re.fullmatch(r"\[\d/2\] \w+ \.\.\.", line) for line in done.stderr.splitlines())
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_a_streamed_answer_once(chat: Path, tmp_path: Path):
    done = run_command("run-flow", chat, "--input", "Hi", cwd=tmp_path)
    assert done.stdout == "w0 w1 w2 w3\n"


def test_the_command_prints_json(chat: Path, tmp_path: Path):
    (tmp_path / "tweaks.json").write_text('{"model_name": "words-1"}')
    arguments = ("--input", "Hi", "--session", "s", "--tweaks", "@tweaks.json", "--json")
    done = run_command("run-flow", chat, *arguments, cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["session_id"] == "s"
    assert answer["outputs"][0]["outputs"][0]["results"]["message"]["text"] == "w0"


def test_the_progress_of_a_long_run_is_told_on_standard_error(chat: Path, tmp_path: Path):
    tweaks = json.dumps({"OpenAIModel-1": {"model_name": "slow-1300-1", "stream": False}})
    done = run_command("run-flow", chat, "--input", "Hi", "--tweaks", tweaks, "--json", cwd=tmp_path)
    assert done.stderr.endswith("[3/3] ChatOutput ...\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.json",), "Error: none.json cannot be read: No such file or directory\n"),
        ((ECHO, "--tweaks", "[]"), "this is not a JSON object"),
        ((ECHO, "--tweaks", "@none"), "none cannot be read"),
        ((ECHO, "--output-component", "Nobody"), "No component 'Nobody' has run"),
    ],
)
def test_the_command_says_in_a_line_what_is_wrong(arguments: Any, said: str, tmp_path: Path):
    done = run_command("run-flow", *arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_everything_public_can_be_had():
    for name in langflow_lite.__all__:
        assert getattr(langflow_lite, name) is not None
        assert name in dir(langflow_lite)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = langflow_lite.nothing


def test_importing_the_package_imports_nothing_heavy():
    script = "import sys, langflow_lite; print([m for m in sys.modules if m.split('.')[0] in ('anyio', 'msgspec')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
