"""Getting real exported flows: the starter projects inside published langflow-base packages (MIT licence)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tests.serving import ROOT

CACHE = ROOT / ".cache" / "corpus"
VERSIONS = ("0.1.1", "0.5.1", "1.13.0")
"""Of langflow-base; they belong to Langflow 1.1, 1.5 and 1.13."""


def cached(version: str, cache: Path = CACHE) -> list[Path]:
    """The flows of a version that have been fetched before."""
    return sorted((cache / version).glob("*.json"))


def fetch(version: str, cache: Path = CACHE) -> list[Path]:
    """The flows of a version; the package is downloaded the first time. Nothing in it is imported or run."""
    if found := cached(version, cache):
        return found
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", directory, f"langflow-base=={version}"], check=True)
        [wheel] = Path(directory).glob("*.whl")
        flows = dict(starter_projects(wheel))
    (cache / version).mkdir(parents=True, exist_ok=True)
    for name, content in flows.items():
        (cache / version / name).write_bytes(content)
    return cached(version, cache)


def starter_projects(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """File name and content of every flow in a package."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if "/starter_projects/" in name and name.endswith(".json"):
                yield PurePosixPath(name).name, archive.read(name)
