"""The container in examples/docker: its files fit the project, and what the image does works without Docker."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from langflow_lite.cli import main
from langflow_lite.settings import Settings
from tests.serving import ROOT

FOLDER = ROOT / "examples" / "docker"
UID = 10001
VARIABLES = {info.env for info in Settings.describe()}


def instructions() -> list[tuple[str, str]]:
    """Instruction and the rest of it, of each line of the Dockerfile."""
    text = (FOLDER / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line and not line.startswith("#")]


def final(name: str) -> str:
    """What the image says, as opposed to the stage that builds it."""
    return next(rest for instruction, rest in reversed(instructions()) if instruction == name)


def image_environment() -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(final("ENV")))


def compose() -> Any:
    [service] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"].values()
    return service


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_every_command_of_the_image_is_one():
    health = final("HEALTHCHECK").partition(" CMD ")[2]
    for arguments in (json.loads(final("ENTRYPOINT")) + json.loads(final("CMD")), json.loads(health)):
        assert arguments[0] == "langflow-lite"
        assert arguments[1] in main.commands
    assert compose()["healthcheck"]["test"] == ["CMD", *json.loads(health)]


def test_every_variable_is_a_setting():
    example = (FOLDER / "langflow.env.example").read_text()
    named = {*image_environment(), *re.findall(r"^# (\w+)=", example, re.MULTILINE)}
    assert {name for name in named if name.startswith("LANGFLOW_")} <= VARIABLES
    assert {f"LANGFLOW_{name}" for name in ("HOST", "CONFIG_DIR")} <= image_environment().keys()


def test_the_image_agrees_with_the_project():
    environment = image_environment()
    assert final("VOLUME") == environment["LANGFLOW_CONFIG_DIR"]
    assert f" {final('VOLUME')}" in final("RUN")
    assert f"--owner={UID} --group={UID} " in final("RUN")
    assert final("USER") == f"{UID}:{UID}"
    assert int(final("EXPOSE")) == Settings(environ={}).port
    assert environment["PATH"].startswith(f"{final('COPY').split()[-1]}/bin:")
    assert {rest for name, rest in instructions() if name == "STOPSIGNAL"} == {"SIGTERM"}


def test_what_is_copied_exists_and_reaches_the_builder():
    _, *allowed = (FOLDER / "Dockerfile.dockerignore").read_text().split()
    sources = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {f"!{source}" for source in sources} == {pattern for pattern in allowed if pattern.startswith("!")}
    assert any(fnmatch("langflow_lite/__pycache__", pattern) for pattern in allowed)


def test_compose_leaves_the_server_time_to_stop_and_nothing_to_write_but_its_data():
    service = compose()
    assert seconds(service["stop_grace_period"]) > Settings(environ={}).shutdown_grace + 2
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == [f"data:{final('VOLUME')}"]
    assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == FOLDER / "Dockerfile"
    [variables] = service["env_file"]
    assert variables["required"] is False
    assert (FOLDER / f"{variables['path']}.example").exists()
    assert f"/examples/docker/{variables['path']}" in (ROOT / ".gitignore").read_text().split()
    [port] = service["ports"]
    assert port == f"127.0.0.1:{final('EXPOSE')}:{final('EXPOSE')}"


class Image:
    """What the image holds, as directories: the package installed from a wheel, and an empty volume of its user."""

    def __init__(self, folder: Path) -> None:
        self.installed = folder / "installed"
        self.data = folder / "data"
        self.as_user: dict[str, Any] = {}
        python = self._python()
        self._build(folder, python)
        self.data.mkdir(mode=0o700)
        if self.as_user:
            os.chown(self.data, UID, UID)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.environment = {
            **image_environment(),
            "PATH": f"{self.installed / 'bin'}:/usr/bin:/bin",
            "LANGFLOW_CONFIG_DIR": str(self.data),
            "LANGFLOW_PORT": str(port),
        }
        self.url = f"http://127.0.0.1:{port}"

    def _python(self) -> str:
        """An interpreter that the user of the image may run; root's own may lie where only root comes."""
        if os.getuid() == 0:
            user = {"user": UID, "group": UID, "extra_groups": []}
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
                try:
                    subprocess.run([python, "-c", ""], check=True, **user)
                except OSError:
                    continue
                self.as_user = user
                return python
        return sys.executable

    def _build(self, folder: Path, python: str) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
        subprocess.run([python, "-m", "venv", "--without-pip", self.installed], check=True)
        inside = self.installed / "bin" / "python"
        [wheel] = folder.glob("*.whl")
        subprocess.run([*pip, "--python", inside, "install", "--no-deps", "--no-index", wheel], check=True)
        # The dependencies are those of the tests, so that nothing has to be fetched; a .pth file in there is not heeded.
        packages = next(self.installed.glob("lib/python*/site-packages"))
        (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        for path in (self.installed, *self.installed.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.installed / "bin" / "langflow-lite", *arguments],
            cwd="/",
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **self.as_user,
        )

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.installed / "bin" / "langflow-lite", *json.loads(final("CMD"))],
            cwd="/",
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **self.as_user,
        )

    def contents(self) -> set[Path]:
        return set(self.installed.rglob("*"))


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    # Not pytest's directory for it, which is its own user's alone.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        image = Image(Path(name))
        yield image
        for path in (image.installed, *image.installed.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


@pytest.mark.timeout(300)
def test_a_container_lives_as_its_readme_says(image: Image):
    before = image.contents()
    where = [image.installed / "bin" / "python", "-c", "import langflow_lite; print(langflow_lite.__file__)"]
    found = subprocess.run(where, cwd="/", env=image.environment, capture_output=True, text=True, **image.as_user)
    assert found.stdout.startswith(str(image.installed))

    refused = image.run("run")
    assert refused.returncode == 1
    assert "langflow-lite api-key" in refused.stderr
    key = json.loads(image.run("api-key", "--json").stdout)["api_key"]
    assert image.run("health").returncode == 1

    process = image.start()
    assert process.stdout is not None
    assert f"listening on {image.url}" in process.stdout.readline()
    health = json.loads(final("HEALTHCHECK").partition(" CMD ")[2])
    well = image.run(*health[1:])
    assert (well.returncode, well.stdout) == (0, "ok\n"), well.stderr
    request = urllib.request.Request(
        f"{image.url}/api/v1/run/echo",
        data=b'{"input_value": "Hello!"}',
        headers={"content-type": "application/json", "x-api-key": key},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b"Hello!" in answer.read()

    begun = time.monotonic()
    process.send_signal(getattr(signal, final("STOPSIGNAL")))
    _, complaints = process.communicate(timeout=seconds(compose()["stop_grace_period"]))
    assert (process.returncode, complaints) == (0, "")
    assert time.monotonic() - begun < seconds(compose()["stop_grace_period"])
    assert image.contents() == before
    if image.as_user:
        assert {path.stat().st_uid for path in image.data.rglob("*")} == {UID}
