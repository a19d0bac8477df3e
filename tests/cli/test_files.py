"""What the commands on files say about wrong ones: one line, with the file and what is wrong in it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from langflow_lite.cli import main
from tests.flows import edge, flow, node
from tests.serving import clean_environment

COMMANDS = ["run-flow", "check", "trust", "graph"]
FILES = [
    ("empty.json", b"", "this is not JSON: it is empty"),
    ("broken.json", b'{\n  "name": "A",\n', "it ends in the middle (line 3, column 1)"),
    ("list.json", b"[1]", "this is not an exported flow: it is JSON, but not an object"),
    ("binary.json", b"\xff\xfe", "this is not JSON"),
]


def command(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--data-dir", str(folder / "data")])


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(("file", "content", "complaint"), FILES)
def test_a_file_that_holds_no_flow_is_named_with_the_reason(
    tmp_path: Path, name: str, file: str, content: bytes, complaint: str
):
    (tmp_path / file).write_bytes(content)
    done = command(tmp_path, name, str(tmp_path / file))
    assert done.exit_code == 1
    assert file in done.output
    assert complaint in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str):
    done = command(tmp_path, name, str(tmp_path / "none.json"))
    assert done.exit_code in (1, 2)
    assert "none.json" in done.stderr


def test_what_a_flow_calls_itself_cannot_command_the_terminal(tmp_path: Path):
    name = "\x1b]0;mine\x07\nruns  other"
    nodes = [node("X-1", "Teleporter\x1b[2J", display_name=name), node("ChatOutput-1", "ChatOutput")]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(flow(nodes, [edge("X-1.out", "ChatOutput-1.input_value")], name=name)))
    for arguments in (["check"], ["run-flow"], ["trust", "--node", "\x1b[2J"]):
        done = command(tmp_path, *arguments, str(path))
        assert done.exit_code == 1
        assert not {"\x1b", "\x07"} & set(done.output)


@pytest.mark.parametrize(("content", "complaint"), [(b"\xff", "not UTF-8 text"), (None, "no such file")])
def test_a_file_of_variables_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, complaint: str):
    path = tmp_path / "my.env"
    if content is not None:
        path.write_bytes(content)
    done = command(tmp_path, "run", "--env-file", str(path))
    assert done.exit_code == 1
    assert str(path) in done.stderr
    assert complaint in done.stderr


def test_ctrl_c_ends_a_run_without_a_word(tmp_path: Path):
    (tmp_path / "sleep.py").write_text(
        "import anyio\n"
        "from langflow_lite import Component, Message, output\n"
        "class Sleep(Component):\n"
        "    name = 'Sleep'\n"
        "    @output('out', 'Out')\n"
        "    async def sleep(self) -> Message:\n"
        "        print('begun', flush=True)\n"
        "        await anyio.sleep(60)\n"
    )
    nodes = [node("Sleep-1", "Sleep"), node("ChatOutput-1", "ChatOutput")]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(flow(nodes, [edge("Sleep-1.out", "ChatOutput-1.input_value")])))
    process = subprocess.Popen(
        [sys.executable, "-m", "langflow_lite", "run-flow", path, "--components-path", tmp_path],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=30)
    assert process.returncode == 130
    assert [line for line in complaints.splitlines() if not line.startswith("[")] == []


def test_a_folder_without_flows_is_not_a_folder_whose_flows_can_run(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    done = command(tmp_path, "check", str(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: The folder {tmp_path} holds no *.json files\n"
