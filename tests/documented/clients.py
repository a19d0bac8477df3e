"""The published clients, installed once into a cache."""

import shutil
import subprocess
import sys

import pytest

from tests.serving import ROOT

CACHE = ROOT / ".cache"
PACKAGES = ("openai", "langflow-sdk", "requests")
MODULES = ("@datastax/langflow-client", "axios")


def python_clients():
    """The interpreter of an environment with the Python clients; skips when they cannot be installed."""
    place = CACHE / "python-clients"
    python = place / "bin" / "python"
    if not (place / "installed").exists():
        run(sys.executable, "-m", "venv", "--clear", place)
        pip = (
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--timeout",
            "10",
            "--retries",
            "1",
        )
        run(*pip, *PACKAGES)
        (place / "installed").touch()
    return python


def node_clients():
    """A folder that has the JavaScript clients in its node_modules; skips without Node.js or the registry."""
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    place = CACHE / "node-clients"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "installed").exists():
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", place, *MODULES)
        (place / "installed").touch()
    return place


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, check=False)
    if result.returncode:
        reason = (result.stderr or result.stdout).strip().splitlines() or ["no reason given"]
        pytest.skip(f"the clients cannot be installed: {reason[-1]}")
