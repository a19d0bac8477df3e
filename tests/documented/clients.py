"""The published clients, installed once into a cache."""

import fcntl
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.serving import ROOT

CACHE = ROOT / ".cache"
PACKAGES = ("openai", "langflow-sdk", "requests")
MODULES = ("@datastax/langflow-client", "axios")
INSTALL_SECONDS = 200
# An environment and what goes into it, once more while another process does the same.
patient = pytest.mark.timeout(4 * INSTALL_SECONDS)


def python_clients():
    """The interpreter of an environment with the Python clients; skips when they cannot be installed."""
    place = CACHE / "python-clients"
    python = place / "bin" / "python"
    with installing(place) as needed:
        if needed:
            run(sys.executable, "-m", "venv", "--clear", place)
            options = ("--quiet", "--disable-pip-version-check", "--timeout", "10", "--retries", "1")
            run(python, "-m", "pip", "install", *options, *PACKAGES)
    return python


def node_clients():
    """A folder that has the JavaScript clients in its node_modules; skips without Node.js or the registry."""
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    place = CACHE / "node-clients"
    with installing(place) as needed:
        if needed:
            run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", place, *MODULES)
    return place


@contextmanager
def installing(place):
    """Whether something has to be installed there, while no other process of the tests does the same."""
    place.mkdir(parents=True, exist_ok=True)
    with open(place.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        needed = not (place / "installed").exists()
        yield needed
        if needed:
            (place / "installed").touch()


def run(*command):
    line = [str(part) for part in command]
    try:
        result = subprocess.run(line, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the clients cannot be installed within {INSTALL_SECONDS} s")
    if result.returncode:
        reason = (result.stderr or result.stdout).strip().splitlines() or ["no reason given"]
        pytest.skip(f"the clients cannot be installed: {reason[-1]}")
