from __future__ import annotations

import errno
import json
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

import langflow_lite
from langflow_lite.cli import main
from langflow_lite.jobs.callbacks import signature, signing_key
from tests.flows import edge, node
from tests.serving import ROOT, Server, clean_environment, run_command, running_server
from tests.standin import running_standin

ECHO = ROOT / "examples" / "flows" / "echo_chat.json"


def flow_file(folder: Path, name: str, **changes: object) -> Path:
    flow = {**json.loads(ECHO.read_text()), "id": None, "endpoint_name": name, "name": name, **changes}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(flow))
    return path


def test_version_prints_the_version_and_imports_nothing_heavy(tmp_path: Path):
    done = run_command("version", cwd=tmp_path)
    assert done.stdout == f"langflow-lite {langflow_lite.__version__}\n"
    code = (
        "import sys\nfrom langflow_lite.cli import main\nmain(['version'], standalone_mode=False)\n"
        "heavy = {'starlette', 'uvicorn', 'anyio', 'msgspec', 'httpx2', 'aiosqlite', 'cryptography'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True)
    assert found.stderr.strip() == ""


def test_every_command_has_help(tmp_path: Path):
    _, _, listed = run_command("--help", cwd=tmp_path).stdout.partition("Commands:\n")
    assert [line.split()[0] for line in listed.splitlines()] == list(main.commands)
    assert "..." not in listed
    for command in ("run", "api-key", "check", "version"):
        done = run_command(command, "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert command in done.stdout


def test_first_start_says_where_it_is_what_it_loaded_and_a_command_that_works(tmp_path: Path):
    with running_server(tmp_path / "data") as server:
        lines = server.welcome()
        assert f"listening on {server.url}" in lines[0]
        assert lines[1:5] == [
            f"Page:   {server.url}/ (the API: {server.url}/docs)",
            f"Data:   {tmp_path / 'data'}",
            "Flows:  3, the examples: echo, prompt-chain, router-loop",
            "Access: this machine only, without a key",
        ]
        command = lines[-1].removeprefix("Try it: ")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30)
        assert json.loads(done.stdout)["outputs"][0]["outputs"][0]["results"]["message"]["text"] == "Hello!"


def test_a_server_whose_task_dies_ends_by_itself_with_the_reason_and_status_1(tmp_path: Path):
    with running_server(tmp_path / "data", module="tests.mortal") as server:
        assert server.run("echo", "hi") == "hi"
        server.process.send_signal(signal.SIGUSR1)
        assert server.process.wait(timeout=30) == 1
        [*_, last] = [line for line in server.complaints().splitlines() if "CRITICAL" in line]
        assert "The server ends with status 1, because it has failed: RuntimeError('the fault of a test')" in last


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_is_told_in_colour_unless_it_does_not_want_that(
    tmp_path: Path, variables: dict[str, str], coloured: bool
):
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "langflow_lite", "run", "--port", "0", "--data-dir", tmp_path / "data"],
        env=clean_environment(**{"TERM": "xterm", **variables}),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    said = b""
    while b"Try it" not in said:
        said += os.read(ours, 4096)
    process.terminate()
    assert process.wait(timeout=30) == 0
    os.close(ours)
    assert (b"\x1b[" in said) is coloured


def test_second_start_does_not_load_the_examples_again(tmp_path: Path):
    with running_server(tmp_path / "data") as server:
        flows = server.request("GET", "/api/v1/flows/?get_all=true")[1]
        [echo] = [flow["id"] for flow in flows if flow["endpoint_name"] == "echo"]
        assert server.request("DELETE", f"/api/v1/flows/{echo}")[0] == 200
    with running_server(tmp_path / "data") as server:
        assert "Flows:  2: prompt-chain, router-loop" in server.welcome()
        assert server.request("POST", "/api/v1/run/echo", {"input_value": "x"})[0] == 404


def test_examples_are_left_out_when_asked(tmp_path: Path):
    with running_server(tmp_path / "data", LANGFLOW_CREATE_STARTER_PROJECTS="false") as server:
        assert server.request("GET", "/api/v1/flows/?get_all=true") == (200, [])


def test_flows_of_a_folder_are_loaded_at_every_start_and_broken_ones_named(tmp_path: Path):
    folder = tmp_path / "flows"
    folder.mkdir()
    flow_file(folder, "mine", description="first")
    (folder / "broken.json").write_text('{"data": ')
    (folder / "notes.txt").write_text("not a flow")
    with running_server(tmp_path / "data", "--load-flows-path", folder) as server:
        assert f"Flows:  4, loaded from {folder}: mine" in server.welcome()
        assert server.run("mine", "hi") == "hi"
    flow_file(folder, "mine", description="second")
    with running_server(tmp_path / "data", LANGFLOW_LOAD_FLOWS_PATH=str(folder)) as server:
        flows = server.request("GET", "/api/v1/flows/?get_all=true&remove_example_flows=true")[1]
        assert [(flow["name"], flow["description"]) for flow in flows] == [("mine", "second")]


def test_a_folder_is_watched_while_the_server_runs(tmp_path: Path):
    folder = tmp_path / "flows"
    folder.mkdir()
    flow_file(folder, "first")
    with running_server(tmp_path / "data", "--load-flows-path", folder, "--reload-flows") as server:
        assert f"Flows:  4, loaded and watched from {folder}: first" in server.welcome()
        flow_file(folder, "second")
        until = time.monotonic() + 20
        while server.request("POST", "/api/v1/run/second", {"input_value": "hi"})[0] != 200:
            assert time.monotonic() < until


def test_watching_needs_a_folder(tmp_path: Path):
    line = one_line(run_command("run", "--reload-flows", "--data-dir", "data", cwd=tmp_path))
    assert "--load-flows-path" in line


def test_a_broken_flow_file_is_one_warning_line(tmp_path: Path):
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "broken.json").write_text("{\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "langflow_lite", "run", "--port", "0", "--data-dir", tmp_path / "data"],
        cwd=tmp_path,
        env=clean_environment(LANGFLOW_LOAD_FLOWS_PATH=str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    process.terminate()
    assert f"WARNING {folder / 'broken.json'} was not loaded: this is not JSON" in line
    assert process.communicate(timeout=30)[1] == ""


def test_ignored_variables_are_noted(tmp_path: Path):
    with running_server(tmp_path / "data", LANGFLOW_SUPERUSER="admin") as server:
        assert [line for line in server.welcome() if line.startswith("Note:   LANGFLOW_SUPERUSER is ignored: ")]


def test_settings_come_from_an_env_file(tmp_path: Path):
    env_file = tmp_path / "settings.env"
    env_file.write_text("LANGFLOW_CREATE_STARTER_PROJECTS=false\n")
    with running_server(tmp_path / "data", "--env-file", env_file) as server:
        assert server.request("GET", "/api/v1/flows/?get_all=true") == (200, [])


def test_components_of_a_folder_run(tmp_path: Path):
    folder = tmp_path / "components"
    folder.mkdir()
    (folder / "shout.py").write_text(
        "from langflow_lite.components.base import Component, output\n"
        "from langflow_lite.components.inputs import Kind, field\n"
        "from langflow_lite.values import Message\n"
        "class Shout(Component):\n"
        "    '''Says it louder.'''\n"
        "    name = 'Shout'\n"
        "    input_value: Message = field(Kind.MESSAGE, 'Input')\n"
        "    @output('text', 'Text')\n"
        "    async def shout(self) -> Message:\n"
        "        return Message(text=self.input_value.text.upper())\n"
    )
    nodes = [node("ChatInput-1", "ChatInput"), node("Shout-1", "Shout"), node("ChatOutput-1", "ChatOutput")]
    edges = [edge("ChatInput-1.message", "Shout-1.input_value"), edge("Shout-1.text", "ChatOutput-1.input_value")]
    flow = {"name": "shout", "endpoint_name": "shout", "data": {"nodes": nodes, "edges": edges}}
    with running_server(tmp_path / "data", "--components-path", folder) as server:
        assert server.request("POST", "/api/v1/flows/", flow)[0] == 201
        assert server.run("shout", "hello") == "HELLO"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_zero_and_no_complaint(tmp_path: Path, how: signal.Signals):
    with running_server(tmp_path / "data") as server:
        server.run("echo", "x")
        assert server.stop(how) == 0


def held_connection(server: Server) -> socket.socket:
    """A connection whose request has begun and does not end."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(
        b"POST /api/v1/run/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    )
    assert connection.recv(100).startswith(b"HTTP/1.1 100")
    return connection


def test_a_second_signal_ends_it_at_once(tmp_path: Path):
    with running_server(tmp_path / "data", LANGFLOW_SHUTDOWN_GRACE="60") as server, held_connection(server):
        server.process.send_signal(signal.SIGTERM)
        refused = False
        while not refused:
            try:
                socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))).close()
            except ConnectionError:
                refused = True
        begin = time.monotonic()
        assert server.stop(signal.SIGTERM) == -signal.SIGTERM
        assert time.monotonic() - begin < 30


def test_a_request_in_flight_gets_the_grace_it_was_promised_and_no_more(tmp_path: Path):
    with running_server(tmp_path / "data", LANGFLOW_SHUTDOWN_GRACE="1") as server, held_connection(server):
        begin = time.monotonic()
        assert server.stop() == 0
        assert 0.5 < time.monotonic() - begin < 20
        assert "Traceback" not in server.complaints()


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_taken_port_is_named(tmp_path: Path, server: Server):
    port = server.url.rsplit(":", 1)[1]
    line = one_line(run_command("run", "--port", port, "--data-dir", tmp_path / "data", cwd=tmp_path))
    assert f"Port {port} on 127.0.0.1 is taken" in line
    assert "--port" in line


def test_an_address_of_another_machine_is_refused(tmp_path: Path):
    done = run_command("run", "--host", "192.0.2.1", "--port", "0", "--data-dir", tmp_path / "data", cwd=tmp_path)
    line = one_line(done)
    assert "Cannot listen on 192.0.2.1" in line
    assert "--host takes an address or name of this machine" in line


def test_a_start_without_the_files_it_needs_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("langflow_lite.serve.serve", fail)
    done = CliRunner().invoke(main, ["run", "--data-dir", str(tmp_path / "data")])
    assert done.exit_code == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert "ulimit -n" in line


def test_a_server_may_have_as_many_files_open_as_the_system_lets_it(tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        with running_server(tmp_path / "data") as server:
            raised, _ = psutil.Process(server.process.pid).rlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert raised == (65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536))


def test_the_first_name_that_is_looked_up_needs_no_new_threads(tmp_path: Path):
    # Where threads are short, libuv would end the process instead.
    with running_standin() as standin, running_server(tmp_path / "data") as server:
        port = standin.url.rpartition(":")[2]
        process = psutil.Process(server.process.pid)
        counts = []
        for name, host in (("number", "127.0.0.1"), ("name", "localhost")):
            model = {"model_name": "words-1", "openai_api_base": f"http://{host}:{port}/v1", "api_key": "key"}
            nodes = [node("ChatInput-1", "ChatInput"), node("OpenAIModel-1", "OpenAIModel", input_value="", **model)]
            nodes.append(node("ChatOutput-1", "ChatOutput"))
            edges = [
                edge("ChatInput-1.message", "OpenAIModel-1.input_value"),
                edge("OpenAIModel-1.text_output", "ChatOutput-1.input_value"),
            ]
            document = {"name": name, "endpoint_name": name, "data": {"nodes": nodes, "edges": edges}}
            assert server.request("POST", "/api/v1/flows/", document)[0] == 201
            assert server.run(name, "hi") == "w0"
            counts.append(process.num_threads())
        # libuv's are four; Python may have made one for itself.
        assert counts[1] - counts[0] < 4


def test_a_directory_in_use_is_named_with_its_owner(tmp_path: Path):
    with running_server(tmp_path / "data") as server:
        for command in (["run", "--port", "0"], ["api-key"]):
            line = one_line(run_command(*command, "--data-dir", tmp_path / "data", cwd=tmp_path))
            assert str(tmp_path / "data") in line
            assert str(server.process.pid) in line
            assert "POST /api/v1/api_key/" in line


def test_a_file_that_is_no_database_stops_the_start_and_stays(tmp_path: Path):
    (tmp_path / "data").mkdir()
    database = tmp_path / "data" / "langflow_lite.db"
    database.write_text("letters to my aunt")
    line = one_line(run_command("run", "--port", "0", "--data-dir", tmp_path / "data", cwd=tmp_path))
    assert str(database) in line
    assert database.read_text() == "letters to my aunt"


def test_a_bad_setting_is_named(tmp_path: Path):
    done = run_command("run", cwd=tmp_path, LANGFLOW_PORT="eighty", LANGFLOW_CONFIG_DIR=str(tmp_path / "data"))
    assert "LANGFLOW_PORT: 'eighty'" in one_line(done)
    missing = run_command("run", "--env-file", tmp_path / "none.env", cwd=tmp_path)
    assert "none.env" in one_line(missing)


def test_listening_elsewhere_needs_a_key_and_says_how_to_get_one(tmp_path: Path):
    data = tmp_path / "my data"
    refused = run_command("run", "--host", "0.0.0.0", "--port", "0", "--data-dir", data, cwd=tmp_path)
    line = one_line(refused)
    hint = line[line.index("`") + 1 : line.rindex("`")]
    assert hint == f"langflow-lite api-key --data-dir '{data}'"
    made = run_command(*shlex.split(hint)[1:], "--name", "robot", cwd=tmp_path)
    key = made.stdout.removeprefix("API Key Created Successfully:\n\n").strip()
    assert key.startswith("sk-")
    with running_server(data, "--host", "0.0.0.0") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert "Access: other machines too, with an API key" in server.welcome()
        assert '-H "x-api-key: $LANGFLOW_API_KEY"' in server.printed[-1]
        assert server.request("POST", "/api/v1/run/echo", {"input_value": "x"})[0] == 403
        assert server.run("echo", "x", **{"x-api-key": key}) == "x"
        [listed] = server.request("GET", "/api/v1/api_key/", headers={"x-api-key": key})[1]["api_keys"]
        assert listed["name"] == "robot"


def test_the_callback_secret_verifies_what_a_running_server_sends(tmp_path: Path):
    received: list[tuple[Message, bytes]] = []
    told = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            told.set()

        def log_message(self, *_: object) -> None:
            pass

    data = tmp_path / "data"
    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver, running_server(data) as server:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{receiver.server_port}/"
        body = {"flow_id": "echo", "background": True, "input_value": "x", "callback_url": address}
        assert server.request("POST", "/api/v2/workflows", body)[0] == 200
        assert told.wait(30)
        receiver.shutdown()
        secret = run_command("callback-secret", "--data-dir", data, cwd=tmp_path).stdout.strip()
        shown = run_command("callback-secret", "--json", "--data-dir", data, cwd=tmp_path).stdout
    assert json.loads(shown) == {"secret": secret}
    [(headers, sent)] = received
    key = signing_key(secret)
    expected = signature(key, headers["webhook-id"], headers["webhook-timestamp"], sent)
    assert headers["webhook-signature"] == expected


def test_the_callback_secret_is_made_when_it_is_asked_for_first_and_the_settings_when_it_has_one(tmp_path: Path):
    first, again = (
        run_command("callback-secret", "--data-dir", tmp_path / "data", cwd=tmp_path).stdout for _ in range(2)
    )
    assert first == again
    assert first.startswith("whsec_")
    for secret in ("whsec_YSBzZWNyZXQ=", "a secret"):
        shown = run_command("callback-secret", cwd=tmp_path, LANGFLOW_CALLBACK_SECRET=secret).stdout
        assert shown == "whsec_YSBzZWNyZXQ=\n"


def test_the_callback_secret_is_not_invented_when_the_key_has_gone_missing(tmp_path: Path):
    data = tmp_path / "data"
    with running_server(data) as server:
        variable = {"name": "A", "value": "b", "type": "Credential", "default_fields": []}
        assert server.request("POST", "/api/v1/variables/", variable)[0] in (200, 201)
    (data / "secret_key").unlink()
    line = one_line(run_command("callback-secret", "--data-dir", data, cwd=tmp_path))
    assert "secret_key is missing" in line
    assert not (data / "secret_key").exists()


def test_a_key_of_the_environment_opens_the_door_and_is_kept_nowhere(tmp_path: Path):
    key = "a key from a secret store"
    variables = {"LANGFLOW_API_KEY_SOURCE": "env", "LANGFLOW_API_KEY": key}
    with running_server(tmp_path / "data", "--host", "0.0.0.0", **variables) as server:
        server.welcome()
        command = server.printed[-1].removeprefix("Try it: ")
        done = subprocess.run(["sh", "-c", command], env={**os.environ, **variables}, capture_output=True, timeout=30)
        assert json.loads(done.stdout)["outputs"]
        assert server.request("GET", "/api/v1/flows/", headers={"x-api-key": "a key of my own making"})[0] == 403
        headers = {"x-api-key": key}
        made = server.request("POST", "/api/v1/api_key/", {"name": "stored"}, headers)[1]["api_key"]
        assert server.run("echo", "x", **{"x-api-key": made}) == "x"
        assert [
            entry["name"] for entry in server.request("GET", "/api/v1/api_key/", headers=headers)[1]["api_keys"]
        ] == ["stored"]
    for file in (tmp_path / "data").iterdir():
        assert file.is_dir() or key.encode() not in file.read_bytes()


def test_a_key_in_the_environment_alone_opens_nothing(tmp_path: Path):
    done = run_command(
        "run", "--host", "0.0.0.0", "--port", "0", "--data-dir", "data", cwd=tmp_path, LANGFLOW_API_KEY="k" * 40
    )
    assert "LANGFLOW_API_KEY_SOURCE=env" in one_line(done)


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"LANGFLOW_API_KEY_SOURCE": "env"}, "it is not set"),
        ({"LANGFLOW_API_KEY_SOURCE": "env", "LANGFLOW_API_KEY": "short"}, "it has only 5"),
        ({"LANGFLOW_API_KEY_SOURCE": "vault"}, "must be db or env, not 'vault'"),
    ],
)
def test_a_key_source_without_a_usable_key_is_refused(tmp_path: Path, variables: dict[str, str], complaint: str):
    line = one_line(run_command("run", "--data-dir", "data", cwd=tmp_path, **variables))
    assert complaint in line
    assert "short" not in line


def test_a_key_is_shown_once_and_kept_nowhere(tmp_path: Path):
    made = run_command("api-key", "--data-dir", tmp_path / "data", cwd=tmp_path)
    assert made.returncode == 0
    key = made.stdout.removeprefix("API Key Created Successfully:").strip().encode()
    for file in (tmp_path / "data").iterdir():
        assert key not in file.read_bytes()


def test_a_wrong_key_is_in_no_log(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-m", "langflow_lite", "run", "--port", "0", "--log-level", "debug", "--data-dir", "data"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().split(" is listening on ")[1].split()[0]
    logged: list[str] = []
    reader = threading.Thread(target=lambda: logged.extend(process.stderr or ()))
    reader.start()
    server = Server(url, process)
    secret = "sk-this-is-a-secret"
    assert server.request("GET", f"/api/v1/flows/?x-api-key={secret}")[0] == 403
    assert server.request("GET", "/api/v1/flows/", headers={"x-api-key": secret})[0] == 403
    assert server.stop() == 0
    reader.join()
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    assert logged
    assert secret not in "".join(logged)


def test_graph_draws_a_flow_to_the_output_or_a_file(tmp_path: Path):
    def graph(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, ["graph", *map(str, arguments)])

    drawn = graph(ECHO)
    assert drawn.stdout.startswith("<svg ")
    assert "Chat Input" in drawn.stdout
    assert graph(ECHO, "--format", "mermaid").stdout.splitlines()[1] == "flowchart LR"
    assert graph(ECHO, "-o", tmp_path / "echo.mmd").output == ""
    assert "flowchart LR" in (tmp_path / "echo.mmd").read_text()
    for refused in (graph(ECHO, "-o", tmp_path / "nowhere" / "echo.svg"), graph(tmp_path / "nowhere.json")):
        assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
        assert "nowhere" in refused.stderr
