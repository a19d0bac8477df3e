from __future__ import annotations

import json
from pathlib import Path

from tests.flows import edge, flow, node
from tests.serving import ROOT, run_command, running_server

COMPONENTS = ROOT / "examples" / "components"
DOCUMENT = flow(
    [
        node("ChatInput-1", "ChatInput"),
        node("WordCount-1", "WordCount", longest=1),
        node("ChatOutput-1", "ChatOutput"),
    ],
    [edge("ChatInput-1.message", "WordCount-1.text"), edge("WordCount-1.summary", "ChatOutput-1.input_value")],
    name="Counting",
    endpoint_name="counting",
)


def test_the_example_component_runs_in_a_server_and_is_in_its_catalogue(tmp_path: Path):
    with running_server(tmp_path / "data", "--components-path", COMPONENTS) as server:
        assert server.request("POST", "/api/v1/flows/", DOCUMENT)[0] == 201
        assert server.run("counting", "to be or perhaps not") == "5 words, the longest are perhaps"
        _, catalogue = server.request("GET", "/api/v1/all")
    described = catalogue["processing"]["WordCount"]
    assert described["description"] == "Counts the words of a text."
    assert [output["name"] for output in described["outputs"]] == ["counts", "summary"]


def test_the_example_component_runs_without_a_server(tmp_path: Path):
    (tmp_path / "flow.json").write_text(json.dumps(DOCUMENT))
    arguments = ("--input", "to be", "--output-component", "WordCount-1", "--components-path", COMPONENTS)
    done = run_command("run-flow", "flow.json", *arguments, cwd=tmp_path)
    assert done.stdout == "2 words, the longest are be\n"
