from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.trust import visible
from tests.compat.sources import SHOUT
from tests.flows import edge, flow, node
from tests.serving import clean_environment, run_command, running_server

HASH = hashlib.sha256(SHOUT.encode()).hexdigest()


def document(code: str = SHOUT, type_: str = "Shout") -> dict[str, Any]:
    mine = node("Mine-1", type_, fields={"code": {"type": "code", "value": code}}, text="")
    nodes = [node("ChatInput-1", "ChatInput"), mine, node("ChatOutput-1", "ChatOutput")]
    edges = [edge("ChatInput-1.message", "Mine-1.text"), edge("Mine-1.louder", "ChatOutput-1.input_value")]
    return flow(nodes, edges, name="Mine", endpoint_name="mine")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document()))
    return path


def answering(words: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "langflow_lite", *map(str, arguments)],
        cwd=cwd,
        env=clean_environment(),
        input=words,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_code_is_shown_and_recorded_once_the_operator_says_yes(file: Path, tmp_path: Path):
    no = answering("n\n", "trust", file, "--data-dir", "data", cwd=tmp_path)
    assert no.returncode == 1
    assert f"SHA-256 {HASH}" in no.stdout
    assert "return Message(text=self.text.upper()" in no.stdout
    assert "Shout (type Shout, node Mine-1)" in no.stdout
    assert not (tmp_path / "data" / "trusted_code").exists()
    refused = run_command("run-flow", file, "--input", "a", "--data-dir", "data", cwd=tmp_path)
    assert refused.returncode == 1
    assert f"`langflow-lite trust FLOW.json` (SHA-256 {HASH})" in refused.stderr
    yes = answering("y\n", "trust", file, "--data-dir", "data", cwd=tmp_path)
    assert yes.returncode == 0
    assert [path.name for path in (tmp_path / "data" / "trusted_code").iterdir()] == [f"{HASH}.py"]
    assert run_command("run-flow", file, "--input", "a", "--data-dir", "data", cwd=tmp_path).stdout == "A!!\n"
    assert "trusted already" in run_command("trust", file, "--data-dir", "data", cwd=tmp_path).stdout
    assert run_command("check", file, "--data-dir", "data", cwd=tmp_path).returncode == 0


def test_code_of_a_known_type_is_not_shown_unless_its_node_is_named(tmp_path: Path):
    (tmp_path / "x.json").write_text(json.dumps(document("class Mine: ...", "TextOutput")))
    assert "nothing to trust" in run_command("trust", "x.json", "--data-dir", "d", cwd=tmp_path).stdout
    named = run_command("trust", "x.json", "--node", "Mine-1", "--yes", "--data-dir", "d", cwd=tmp_path)
    assert "Runs without this code" in named.stdout
    assert len(list((tmp_path / "d" / "trusted_code").iterdir())) == 1
    unknown = run_command("trust", "x.json", "--node", "Other-1", "--data-dir", "d", cwd=tmp_path)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no node with code named Other-1" in unknown.stderr


def test_a_server_that_runs_takes_notice_and_a_request_can_never_add_trust(file: Path, tmp_path: Path):
    with running_server(tmp_path / "data") as server:
        status, _ = server.request("POST", "/api/v1/flows/", document())
        assert status == 201
        tweaks = {"Mine-1": {"code": SHOUT}}
        for body in ({"input_value": "a"}, {"input_value": "a", "tweaks": tweaks}):
            status, answer = server.request("POST", "/api/v1/run/mine", body)
            assert status == 422, answer
        assert not (tmp_path / "data" / "trusted_code").exists()
        assert run_command("trust", file, "--yes", "--data-dir", tmp_path / "data", cwd=tmp_path).returncode == 0
        assert server.run("mine", "a") == "A!!"


def test_what_a_terminal_would_obey_or_hide_is_shown_as_an_escape():
    assert visible("a\x1b[2K\tb\u202ec\r") == "a\\x1b[2K\tb\\u202ec\\r"
