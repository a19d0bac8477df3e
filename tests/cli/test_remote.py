"""The commands that talk to a running server, as a person or a script uses them."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream
from click.testing import CliRunner, Result

from langflow_lite.cli import main, remote
from langflow_lite.job import JobStatus
from langflow_lite.settings import Settings
from tests.http.jobs import ECHO, GATED, TEXT, finished, gated_server, new_flow, submit
from tests.http.test_human_input import ASKING
from tests.serving import Server, clean_environment, run_command, running_server


def command(url: str, *arguments: str, input: str | None = None, **variables: str) -> Result:
    """Run `langflow-lite` in this process against a server."""
    env: Mapping[str, str | None] = {"LANGFLOW_URL": url, "LANGFLOW_API_KEY": None, **variables}
    return CliRunner().invoke(main, arguments, input=input, env=env)


def test_the_statuses_are_those_of_jobs():
    assert list(remote.STATUSES) == list(JobStatus)


def test_a_job_is_submitted_listed_and_shown(server: Server):
    made = command(server.url, "submit", "prompt-chain", "--input", "-", "--session", "s-1", input="rain\nand snow")
    job_id = made.output.strip()
    followed = command(server.url, "logs", "-f", job_id)
    assert followed.exit_code == 0
    assert f"Job {job_id} completed in " in followed.stderr
    lines = [line.split(maxsplit=2) for line in followed.stdout.splitlines()]
    assert [line[1] for line in lines[:3]] == ["vertices_sorted", "build_start", "add_message"]
    assert lines[2][2] == "User: rain and snow"
    [tokens] = [line[2] for line in lines if line[1] == "token"]
    assert tokens == "Rewrite this for a child: Write one sentence about rain and snow."
    assert lines[-1][1] == "end"
    assert command(server.url, "logs", job_id[:-1]).stdout == followed.stdout
    [header, row, *_] = command(
        server.url, "jobs", "--flow", "prompt-chain", "--status", "completed"
    ).stdout.splitlines()
    assert header.split() == ["JOB", "FLOW", "STATUS", "AGE", "TOOK"]
    assert row.split()[:3] == [job_id, "prompt-chain", "completed"]
    [listed] = json.loads(command(server.url, "jobs", "--limit", "1", "--flow", "prompt-chain", "--json").stdout)
    assert (listed["job_id"], listed["session_id"]) == (job_id, "s-1")
    events = [json.loads(line) for line in command(server.url, "logs", job_id, "--json").stdout.splitlines()]
    assert [event["sequence_id"] for event in events] == list(range(1, len(events) + 1))


def test_a_job_is_submitted_and_followed_in_one(server: Server):
    done = command(server.url, "submit", "echo", "--input", "hi", "--follow")
    assert done.exit_code == 0
    assert "output          Chat Output: hi\n" in done.stdout
    [*_, last] = command(server.url, "submit", "echo", "--input", "hi", "--follow", "--json").stdout.splitlines()
    assert json.loads(last)["event"] == "end"


def test_flows_are_listed(server: Server):
    header, *rows = command(server.url, "flows").stdout.splitlines()
    assert header.split() == ["ENDPOINT", "NAME", "ID", "CHANGED"]
    assert "router-loop" in [row.split()[0] for row in rows]
    assert "echo" in [flow["endpoint_name"] for flow in json.loads(command(server.url, "flows", "--json").stdout)]


def test_health_asks_without_a_key(server: Server):
    assert command(server.url, "health").output == "ok\n"
    done = command(server.url, "health", "--json", LANGFLOW_API_KEY="a wrong one")
    assert json.loads(done.output)["status"] == "ok"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["submit", "nix"], "Flow 'nix' does not exist"),
        (["jobs", "--flow", "nix"], "Flow 'nix' does not exist"),
        (["logs", "zz"], "No job's id begins with 'zz'; `langflow-lite jobs` lists them."),
        (["logs", "-f", "00000000-0000-7000-8000-000000000000"], "00000000-0000-7000-8000-000000000000"),
        (["stop", "zz"], "No job's id begins with 'zz'"),
        (["logs"], "LANGFLOW_ENABLE_LOG_RETRIEVAL=true"),
        (["logs", "-f"], "LANGFLOW_ENABLE_LOG_RETRIEVAL=true"),
        (["jobs", "--api-key", "wrong"], "does not accept this API key (of --api-key or LANGFLOW_API_KEY)"),
    ],
)
def test_what_cannot_be_is_one_line_and_status_one(server: Server, arguments: list[str], complaint: str):
    done = command(server.url, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["jobs", "--url", "localhost:7860"], "'localhost:7860' is not of the form http://host:port"),
        (["jobs", "--status", "asleep"], "'asleep' is not one of"),
        (["jobs", "--limit", "0"], "--limit"),
        (["jobs", "--api-key", "schlüssel"], "printable ASCII"),
        (["submit", "echo", "--tweaks", "[1]"], "not a JSON object"),
        (["logs", "--json"], "--json is for the events of a job"),
        (["stop"], "JOB_ID"),
    ],
)
def test_wrong_usage_is_status_two(server: Server, arguments: list[str], complaint: str):
    done = command(server.url, *arguments)
    assert done.exit_code == 2
    assert complaint in done.stderr


def test_without_a_server_the_fix_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for arguments in (["jobs"], ["flows"], ["logs", "-f"], ["logs", "-f", "00000000-0000-7000-8000-000000000000"]):
        done = run_command(*arguments, cwd=tmp_path, LANGFLOW_PORT=str(port))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        assert f"http://127.0.0.1:{port} " in done.stderr
        assert "langflow-lite run" in done.stderr


def test_the_server_and_the_key_are_found_in_the_env_file_of_the_place(tmp_path: Path):
    key = "k" * 32
    with running_server(
        tmp_path / "data", LANGFLOW_AUTO_LOGIN="false", LANGFLOW_API_KEY_SOURCE="env", LANGFLOW_API_KEY=key
    ) as server:
        place = tmp_path / "place"
        place.mkdir()
        (place / ".env").write_text(f"LANGFLOW_PORT={server.url.rsplit(':', 1)[1]}\n")
        asked = run_command("flows", cwd=place)
        assert "asks for an API key: give it with --api-key or LANGFLOW_API_KEY" in asked.stderr
        with (place / ".env").open("a") as file:
            file.write(f"LANGFLOW_API_KEY={key}\n")
        assert "prompt-chain" in run_command("flows", cwd=place).stdout


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=0, environ={}, load_examples=False, enable_log_retrieval=True)


@asynccontextmanager
async def following(client: Any, *arguments: str) -> AsyncIterator[Process]:
    """A command that goes on by itself, killed at the latest at the end of the test."""
    process = await anyio.open_process(
        [sys.executable, "-m", "langflow_lite", *arguments],
        env=clean_environment(LANGFLOW_URL=str(client.base_url)),
        stderr=subprocess.PIPE,
    )
    async with process:
        try:
            with anyio.fail_after(30):
                yield process
        finally:
            if process.returncode is None:
                process.kill()


async def read_until(stream: TextReceiveStream, text: str) -> str:
    read = ""
    while text not in read:
        read += await stream.receive()
    return read


@pytest.mark.anyio
@pytest.mark.parametrize(("stopped", "status"), [(False, 0), (True, 1)])
async def test_a_running_job_is_followed_as_it_goes_and_its_end_is_the_exit_status(
    settings: Settings, stopped: bool, status: int
):
    async with gated_server(settings) as (client, _, gate):
        job_id = await submit(client, await new_flow(client, GATED), TEXT)
        await gate.reached.wait()
        async with following(client, "logs", "-f", job_id[:-2]) as follower:
            await read_until(TextReceiveStream(follower.stdout), "wörd0 wörd1")
            if stopped:
                done = await anyio.to_thread.run_sync(lambda: command(str(client.base_url), "stop", job_id[:-1], "zz"))
                assert done.exit_code == 1
                assert done.stdout == f"Job {job_id} cancelled successfully.\n"
            else:
                gate.opened.set()
            assert await follower.wait() == status
            said = await TextReceiveStream(follower.stderr).receive()
            assert said.startswith(f"Job {job_id} {'cancelled' if stopped else 'completed'} in ")


@pytest.mark.anyio
async def test_a_job_that_asks_a_person_is_answered(settings: Settings):
    async with gated_server(settings) as (client, _, _):
        job_id = await submit(client, await new_flow(client, ASKING), "ship it?")

        async def told(*arguments: str) -> Result:
            return await anyio.to_thread.run_sync(lambda: command(str(client.base_url), *arguments))

        async with following(client, "logs", "-f", job_id) as follower:
            await read_until(TextReceiveStream(follower.stdout), "human_input_required ship it? [approve, ask_again]")
            assert (await told("resume", job_id)).output == "ship it?\n  approve  Approve\n  ask_again  Ask Again\n"
            assert "must be one of approve, ask_again" in (await told("resume", job_id, "burn")).stderr
            assert (await told("resume", job_id[:-1], "approve")).output == f"Job {job_id} goes on.\n"
            assert await follower.wait() == 0
        again = await told("resume", job_id, "approve")
        assert (again.exit_code, again.stderr) == (
            1,
            f"Error: Job {job_id} is completed and waits for nobody's decision.\n",
        )


@pytest.mark.anyio
async def test_ctrl_c_ends_a_follower_without_a_word(settings: Settings):
    async with gated_server(settings) as (client, _, gate):
        job_id = await submit(client, await new_flow(client, GATED), TEXT)
        async with following(client, "logs", "-f", job_id) as follower:
            await read_until(TextReceiveStream(follower.stdout), "build_start")
            follower.send_signal(signal.SIGINT)
            assert await follower.wait() == 130
            with pytest.raises(anyio.EndOfStream):
                await follower.stderr.receive()
        gate.opened.set()


@pytest.mark.anyio
async def test_the_log_of_the_server_is_shown_and_followed(settings: Settings):
    logger = logging.getLogger("langflow_lite.test")
    async with gated_server(settings) as (client, _, _):
        for number in range(3):
            logger.warning("number %d", number)
        done = await anyio.to_thread.run_sync(lambda: command(str(client.base_url), "logs", "-n", "2"))
        assert [line.split()[-1] for line in done.stdout.splitlines()] == ["1", "2"]
        async with following(client, "logs", "-f", "-n", "1") as follower:
            out = TextReceiveStream(follower.stdout)
            assert "number 1" not in await read_until(out, "number 2")
            logger.warning("number 3")
            await read_until(out, "number 3")


@pytest.mark.anyio
async def test_nothing_is_said_when_the_reader_of_a_pipe_has_gone(settings: Settings):
    async with gated_server(settings) as (client, runtime, _):
        flow_id = await new_flow(client, ECHO)
        for _ in range(20):
            last = await submit(client, flow_id)
        await finished(client, runtime, last)
        ours, theirs = os.pipe()
        os.close(ours)
        with os.fdopen(theirs, "wb") as gone:
            done = await anyio.run_process(
                [sys.executable, "-m", "langflow_lite", "jobs"],
                env=clean_environment(LANGFLOW_URL=str(client.base_url)),
                stdout=gone,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.stderr == b""


@pytest.mark.anyio
async def test_names_are_cut_to_the_terminal_and_cannot_command_it(settings: Settings):
    async with gated_server(settings) as (client, runtime, _):
        name = "\x1b[2J漢字" + "long " * 40
        flow_id = await new_flow(client, ECHO, name=name)
        job_id = await submit(client, flow_id, "\x1b]0;title\x07" + "word " * 60)
        await finished(client, runtime, job_id)
        for arguments in (["flows"], ["jobs"], ["logs", job_id]):
            ours, theirs = os.openpty()
            running = await anyio.open_process(
                [sys.executable, "-m", "langflow_lite", *arguments],
                env=clean_environment(LANGFLOW_URL=str(client.base_url), COLUMNS="80", NO_COLOR="1"),
                stdout=theirs,
            )
            os.close(theirs)
            assert await running.wait() == 0
            shown = os.read(ours, 65536).decode()
            os.close(ours)
            assert "\x1b" not in shown
            assert "\x07" not in shown
            assert "…" in shown
            assert max(len(line) for line in shown.splitlines()) <= 80
