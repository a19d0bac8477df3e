"""Code inside a flow is data: whatever its fields hold, serving it compiles, spawns and unpickles nothing."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.audited import ARMED
from tests.compat.sources import DATA, SHOUT
from tests.corpus.fetch import VERSIONS, cached
from tests.flows import edge, flow, node
from tests.serving import ROOT, Server, clean_environment, running_server
from tests.standin import running_standin

PAYLOADS = (
    "__import__('os').system('touch {mark}')",
    "import subprocess\nsubprocess.run(['touch', '{mark}'])\nclass Component: pass",
    "{{{{ ''.__class__.__mro__[1].__subclasses__() }}}} {{x.__init__.__globals__}}",
    "base64:" + base64.b64encode(b"cposix\nsystem\n(S'touch {mark}'\ntR.").decode(),
    "!!python/object/apply:os.system ['touch {mark}']",
    "lambda: exec(compile('open(\"{mark}\", \"w\")', 'x', 'exec'))",
)
# Kept in the second pass, so that components get as far as using the rest.
_STRUCTURE = {
    "id",
    "type",
    "source",
    "target",
    "sourceHandle",
    "targetHandle",
    "fieldName",
    "name",
    "_input_type",
    "output_types",
}
_STRUCTURE |= {
    "method",
    "selected",
    "types",
    "input_types",
    "inputTypes",
    "baseClasses",
    "dataType",
    "key",
    "field_order",
}


def documents() -> Iterator[Any]:
    for file in sorted((ROOT / "examples" / "flows").glob("*.json")):
        yield json.loads(file.read_text())
    for code, type_, field, output in (
        (SHOUT, "Shout", "text", "louder"),
        (DATA, "CustomComponent", "input_value", "record"),
    ):
        mine = node("Mine-1", type_, fields={"code": {"type": "code", "value": code}}, **{field: ""})
        nodes = [node("ChatInput-1", "ChatInput"), mine, node("ChatOutput-1", "ChatOutput")]
        edges = [edge("ChatInput-1.message", f"Mine-1.{field}"), edge(f"Mine-1.{output}", "ChatOutput-1.input_value")]
        yield flow(nodes, edges)
    for type_ in (
        "PythonREPLComponent",
        "PythonFunction",
        "PythonCodeStructuredTool",
        "CalculatorComponent",
        "LambdaFilterComponent",
    ):
        nodes = [
            node(
                "X-1", type_, python_code="1", function_code="1", expression="1", filter_instruction="1", tool_code="1"
            )
        ]
        yield flow([*nodes, node("ChatOutput-1", "ChatOutput")], [edge("X-1.results", "ChatOutput-1.input_value")])
    for version in VERSIONS:
        for file in cached(version):
            yield json.loads(file.read_text())


def replaced(value: Any, payload: Callable[[], str], keep: frozenset[str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: replaced(item, payload, keep, name) for name, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, payload, keep, key) for item in value]
    return payload() if isinstance(value, str) and key not in keep else value


def serve(server: Server, data: Any, text: str, number: int) -> list[int]:
    """Store a flow and run it in every way; the statuses."""
    status, stored = server.request("POST", "/api/v1/flows/", {"name": f"flow {number}", "data": data})
    if status != 201:
        return [status]
    id_ = stored["id"]
    body = {"input_value": text, "output_type": "any", "tweaks": {"code": text, "ChatInput-1": {"code": text}}}
    run, _ = server.request("POST", f"/api/v1/run/{id_}", {**body, "tweaks": {}})
    tweaked, _ = server.request("POST", f"/api/v1/run/{id_}", body)
    workflow, _ = server.request(
        "POST", "/api/v2/workflows", {"flow_id": id_, "inputs": {"ChatInput-1.input_value": text}}
    )
    server.request("DELETE", f"/api/v1/flows/{id_}")
    return [status, run, tweaked, workflow]


@pytest.mark.timeout(300)
def test_nothing_in_a_flow_is_ever_compiled_spawned_or_unpickled(tmp_path: Path):
    mark, log = tmp_path / "mark", tmp_path / "audit.log"
    texts = cycle(payload.replace("{mark}", str(mark)) for payload in PAYLOADS)
    keep = (frozenset(), frozenset(_STRUCTURE), frozenset(_STRUCTURE) | {"model_name", "provider", "api_key", "value"})
    with running_standin() as models:
        environ = {"AUDIT_LOG": str(log), "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": models.url}
        with running_server(tmp_path / "data", module="tests.audited", **environ) as server:
            flows = list(documents())
            for number, document in enumerate(flows):
                serve(server, document["data"], "Hello", number)
            server.process.send_signal(signal.SIGUSR1)
            statuses: list[int] = []
            for kept in keep:
                for number, document in enumerate(flows):
                    hostile = replaced(document["data"], lambda: next(texts), kept)
                    statuses += serve(server, hostile, next(texts), number)
            assert server.request("GET", "/health")[0] == 200
    assert log.read_text().splitlines() == [ARMED]
    assert not mark.exists()
    assert {200, 201, 422} <= set(statuses) <= {200, 201, 400, 422, 500}, sorted(set(statuses))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("exec('1')", "compile"),
        ("eval(compile('1', 'x', 'eval'))", "compile"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("import pickle; pickle.loads(b'cposix\\nsystem\\n.')", "pickle.find_class"),
        ("import wave", ""),
    ],
)
def test_the_watch_sees_what_it_is_for(statement: str, found: str, tmp_path: Path):
    log = tmp_path / "log"
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys, pathlib\nfrom tests.audited import watch\nwatch(pathlib.Path(sys.argv[1]))()\n{statement}\n"
    )
    subprocess.run([sys.executable, script, log], cwd=ROOT, env=clean_environment(), check=True)
    armed, *findings = log.read_text().splitlines()
    assert armed == ARMED
    assert [finding.split()[0] for finding in findings][:1] == ([found] if found else [])
