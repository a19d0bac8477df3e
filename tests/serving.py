"""Servers as users run them: `python -m langflow_lite run` in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without anything that configures a server or a provider."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LANGFLOW_") and not name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE"))
    }
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def run_command(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `langflow-lite` with these arguments to its end."""
    return subprocess.run(
        [sys.executable, "-m", "langflow_lite", *map(str, arguments)],
        cwd=cwd,
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Server:
    """A server that answers. `printed` are the lines it has said about itself so far."""

    url: str
    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)
    errors: IO[str] | None = None

    def read_line(self) -> str:
        """The next line it prints; waits for it."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().rstrip("\n")
        self.printed.append(line)
        return line

    def complaints(self) -> str:
        """What it has written to standard error."""
        assert self.errors is not None
        self.errors.seek(0)
        return self.errors.read()

    def welcome(self) -> list[str]:
        """All lines of the start, down to the command to try."""
        while not self.printed[-1].startswith("Try it: "):
            self.read_line()
        return self.printed

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """Status and decoded body of one request."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def run(self, flow: str, text: str, **headers: str) -> str:
        """What a flow answers."""
        status, answer = self.request("POST", f"/api/v1/run/{flow}", {"input_value": text}, headers)
        assert status == 200, answer
        results = [output["results"] for run in answer["outputs"] for output in run["outputs"]]
        return "\n".join(message["text"] for result in results for message in result.values())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


@contextmanager
def running_server(
    data_dir: Path, *arguments: str | Path, module: str = "langflow_lite", **variables: str
) -> Iterator[Server]:
    """A server on a free port, from its first line to its end. Fails with what it said when it does not start."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "run", "--port", "0", "--data-dir", data_dir, *arguments],
            cwd=data_dir.parent,
            env=clean_environment(**variables),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            server = Server("", process, errors=errors)
            found = re.search(r"listening on (http://\S+)", server.read_line())
            if found is None:
                process.wait(timeout=60)
                errors.seek(0)
                raise AssertionError(f"the server did not start: {errors.read()}")
            server.url = found[1]
            yield server
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)
            assert process.stdout is not None
            process.stdout.close()
