from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import click
import pytest

from langflow_lite.cli import main
from langflow_lite.http.routes import ENDPOINTS
from langflow_lite.jobs.callbacks import signature, signing_key
from tests.serving import ROOT, Server, clean_environment
from tests.test_layering import LAYERS

README = (ROOT / "README.md").read_text()

# Every endpoint that the published documents name: asynchronous processing (0.5), the flow trigger endpoints and the
# API examples (1.1), the Workflow API (1.8). Health and the API pages are documented beside them.
DOCUMENTED = """
POST /api/v1/process/{} GET /api/v1/task/{} POST /api/v1/predict/{}
POST /api/v2/workflows GET /api/v2/workflows POST /api/v2/workflows/stop GET /api/v2/workflows/{}/events
POST /api/v1/run/{} POST /api/v1/webhook/{}
POST /api/v1/build/{}/flow GET /api/v1/build/{}/events POST /api/v1/build/{}/cancel
GET /api/v1/flows/ POST /api/v1/flows/ DELETE /api/v1/flows/
GET /api/v1/flows/{} PATCH /api/v1/flows/{} DELETE /api/v1/flows/{}
POST /api/v1/flows/batch/ POST /api/v1/flows/upload/ POST /api/v1/flows/download/ GET /api/v1/flows/basic_examples/
GET /api/v1/folders/ POST /api/v1/folders/
GET /api/v1/folders/{} PATCH /api/v1/folders/{} DELETE /api/v1/folders/{}
GET /api/v1/folders/download/{} POST /api/v1/folders/upload/
GET /api/v1/monitor/builds DELETE /api/v1/monitor/builds GET /api/v1/monitor/transactions
GET /api/v1/monitor/messages DELETE /api/v1/monitor/messages PUT /api/v1/monitor/messages/{}
GET /api/v1/monitor/messages/sessions
PATCH /api/v1/monitor/messages/session/{} DELETE /api/v1/monitor/messages/session/{}
POST /api/v1/files/upload/{} GET /api/v1/files/list/{} GET /api/v1/files/download/{}/{}
GET /api/v1/files/images/{}/{} DELETE /api/v1/files/delete/{}/{} POST /api/v1/upload/{}
GET /api/v1/variables/ POST /api/v1/variables/ PATCH /api/v1/variables/{} DELETE /api/v1/variables/{}
GET /api/v1/api_key/ POST /api/v1/api_key/ DELETE /api/v1/api_key/{}
GET /api/v1/all GET /api/v1/version GET /api/v1/config GET /health GET /health_check
GET /logs GET /logs-stream GET /docs GET /openapi.json
"""


def plain(method: str, path: str) -> str:
    """Method and path with nameless parameters and no last slash."""
    return f"{method} {re.sub(r'{[^}]*}', '{}', path).rstrip('/')}"


def documented() -> set[str]:
    return {plain(method, path) for method, path in re.findall(r"([A-Z]+) (/\S+)", DOCUMENTED)}


def table() -> dict[str, str]:
    """Endpoint to status, as the README has it."""
    rows = re.findall(r"^\| `([A-Z]+) (/\S+)` \| ([a-z ]+) \|$", README, re.MULTILINE)
    found = {plain(method, path): status for method, path, status in rows}
    assert len(found) == len(rows), "an endpoint is listed twice"
    return found


def served() -> set[str]:
    return {plain(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}


def test_the_compatibility_table_lists_what_is_documented_and_nothing_else():
    assert table().keys() == documented()


def test_the_compatibility_table_tells_the_truth():
    truth = {endpoint: "served" if endpoint in served() else "not yet" for endpoint in documented()}
    assert table() == truth


def test_endpoints_that_langflow_does_not_document_are_listed_apart():
    rows = re.findall(r"^\| `([A-Z]+) (/\S+)` \| [A-Z].*\. \|$", README, re.MULTILINE)
    listed = {plain(method, path) for method, path in rows}
    assert {"GET /api/v1/flows/{}/graph.svg", "GET /api/v1/flows/{}/graph.mmd"} <= listed
    assert listed <= served() - documented()


def test_every_relative_link_leads_to_a_file():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_commands_and_their_options_are_listed():
    rows = dict(re.findall(r"^\| `langflow-lite ([\w-]+)[^`]*` \| (.+) \|$", README, re.MULTILINE))
    assert rows.keys() == main.commands.keys()
    for name, command in main.commands.items():
        options = {param.opts[0] for param in command.params if isinstance(param, click.Option)}
        assert set(re.findall(r"--[\w-]+", rows[name])) <= options
    assert set(re.findall(r"--[\w-]+", rows["run"])) == {param.opts[0] for param in main.commands["run"].params}


def test_the_layers_are_those_that_are_tested():
    rows = re.findall(r"^\| (\d) \| (.+?) \| .*\|$", README, re.MULTILINE)
    shown = [{room.rstrip("/") for room in re.findall(r"`([\w/]+)`", rooms)} for _, rooms in rows]
    assert shown == [{room for room in rooms if room not in ("__main__", "playground")} for rooms in LAYERS]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def at(text: str, server: Server) -> str:
    return text.replace("http://127.0.0.1:7860", server.url)


def test_the_first_call_with_curl_works_as_printed(server: Server):
    command = next(block for block in blocks("sh") if "run/echo" in block)
    done = subprocess.run(["sh", "-c", at(command, server)], capture_output=True, text=True, timeout=30)
    assert json.loads(done.stdout)["session_id"] == "chat-123"


def test_the_first_call_in_python_works_as_printed(server: Server):
    code = next(block for block in blocks("python") if "run/echo" in block)
    done = subprocess.run([sys.executable, "-c", at(code, server)], capture_output=True, text=True, timeout=30)
    assert done.stdout == "Hello!\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_first_call_in_javascript_works_as_printed(server: Server):
    code = at(blocks("js")[0], server)
    command = ["node", "--input-type=module", "-e", code]
    assert subprocess.run(command, capture_output=True, text=True, timeout=30).stdout == "Hello!\n"


def test_the_stream_with_curl_works_as_printed(server: Server):
    command = next(block for block in blocks("sh") if "stream=true" in block)
    done = subprocess.run(["sh", "-c", at(command, server)], capture_output=True, text=True, timeout=30)
    events = [json.loads(frame)["event"] for frame in done.stdout.split("\n\n") if frame]
    assert (events[0], events[-1]) == ("add_message", "end")
    assert "token" in events


def test_the_background_run_with_curl_works_as_printed(server: Server):
    command = next(block for block in blocks("sh") if "background" in block)
    done = subprocess.run(["sh", "-c", at(command, server)], capture_output=True, text=True, timeout=30)
    job = json.loads(done.stdout)["job_id"]
    status = "queued"
    while status in ("queued", "in_progress"):
        code, answer = server.request("GET", f"/api/v2/workflows?job_id={job}")
        assert code == 200
        status = answer["status"]
    assert status == "completed"
    assert "Hello!" in json.dumps(answer["outputs"])


def test_a_job_is_read_followed_and_stopped_with_curl_as_printed(server: Server):
    command = next(block for block in blocks("sh") if "Last-Event-ID" in block)
    asked = {"flow_id": "echo", "background": True, "stream": True, "input_value": "Hello!"}
    body = json.dumps(asked).encode()
    submission = urllib.request.Request(server.url + "/api/v2/workflows", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(submission, timeout=30) as stream:
        job_id = stream.headers["Content-Location"].split("/")[-2]
        assert b"id: 3\n" in stream.read()
    done = subprocess.run(
        ["sh", "-ec", at(command, server)],
        env=clean_environment(JOB_ID=job_id),
        capture_output=True,
        text=True,
        timeout=30,
    )
    state, end = json.JSONDecoder().raw_decode(done.stdout)
    events, _, message = done.stdout[end:].rpartition("\n\n")
    assert (state["job_id"], state["status"]) == (job_id, "completed")
    assert events.startswith("id: 4\n")
    assert json.loads(message)["message"] == f"Job {job_id} already finished (completed)."


def test_a_job_is_waited_for_in_python_as_printed(server: Server):
    code = next(block for block in blocks("python") if '"background": True' in block)
    done = subprocess.run([sys.executable, "-c", at(code, server)], capture_output=True, text=True, timeout=30)
    assert done.stdout == "completed Hello!\n"


@pytest.mark.parametrize("secret", ["a secret", "whsec_YSBzZWNyZXQ="])
def test_a_callback_is_checked_as_printed(secret: str):
    code = next(block for block in blocks("python") if "is_genuine" in block)
    body = b'{"status": "completed"}'
    headers = {"webhook-id": "job", "webhook-timestamp": "1700000000"}
    headers["webhook-signature"] = signature(signing_key(secret), "job", "1700000000", body)
    code += f"\nfor told in ({body!r}, b'other'):\n    print(is_genuine({headers!r}, told, {secret!r}))\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "True\nFalse\n", done.stderr


def test_the_upload_with_curl_works_as_printed(server: Server, tmp_path: Path):
    command = next(line for line in "\n".join(blocks("sh")).splitlines() if "flows/upload" in line)
    shutil.copy(ROOT / "examples" / "flows" / "echo_chat.json", tmp_path / "my-flow.json")
    done = subprocess.run(["sh", "-c", at(command, server)], capture_output=True, text=True, timeout=30, cwd=tmp_path)
    [stored] = json.loads(done.stdout)
    assert server.request("DELETE", f"/api/v1/flows/{stored['id']}")[0] == 200


def test_the_application_around_it_serves_as_printed(tmp_path: Path):
    code = next(block for block in blocks("python") if "Mount(" in block)
    code += """
import anyio, httpx2

async def ask():
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 1))
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport) as client:
        print((await client.get("http://localhost/flows/health")).json())

anyio.run(ask)
"""
    environment = clean_environment(LANGFLOW_CONFIG_DIR=str(tmp_path / "data"))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout == "{'status': 'ok'}\n", done.stderr


def test_the_component_is_one_that_loads(tmp_path: Path):
    (tmp_path / "shout.py").write_text(next(block for block in blocks("python") if "class Shout" in block))
    code = (
        "import sys; from pathlib import Path; from langflow_lite.components.registry import Registry\n"
        "print(Registry([Path(sys.argv[1])]).resolve('Shout').display_name or 'Shout')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], env=clean_environment(), capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "Shout\n", done.stderr
