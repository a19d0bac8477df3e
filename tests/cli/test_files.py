"""What the commands on files say about wrong ones: one line, with the file and what is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from langflow_lite.cli import main

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


def test_a_folder_without_flows_is_not_a_folder_whose_flows_can_run(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    done = command(tmp_path, "check", str(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: The folder {tmp_path} holds no *.json files\n"
