"""A server whose process is watched: once armed by SIGUSR1, whatever it compiles, runs, spawns or unpickles is written down.

`python -m tests.audited run ...` is `langflow-lite run ...` with the watch; the file that AUDIT_LOG names gets a line for
each finding. What an import of an installed module does is no finding.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ARMED = "armed"
_SPAWNS = ("subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "os.startfile", "pty.spawn")
_ALWAYS = ("pickle.find_class", "ctypes.dlopen", "code.__new__")


def watch(log: Path) -> Callable[[], None]:
    """Install the watch; the function it returns arms it."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    armed = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if armed and (finding := _finding(event, arguments)):
            os.write(file, f"{finding}\n".encode(errors="replace"))

    def arm() -> None:
        nonlocal armed
        armed = True
        os.write(file, f"{ARMED}\n".encode())

    sys.addaudithook(hook)
    return arm


def _finding(event: str, arguments: tuple[Any, ...]) -> str:
    if event.startswith(_SPAWNS) or event in _ALWAYS:
        return "" if _importing() else f"{event} {arguments!r}"[:300]
    if event == "compile":
        source, filename = arguments
        return "" if _importing() else f"compile {filename!r} {source!r}"[:300]
    if event == "exec":
        return "" if _importing() else f"exec {arguments[0]!r}"[:300]
    return ""


def _importing() -> bool:
    frame: Any = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def main() -> None:
    arm = watch(Path(os.environ["AUDIT_LOG"]))
    signal.signal(signal.SIGUSR1, lambda *_: arm())
    from langflow_lite.cli import main

    main()


if __name__ == "__main__":
    main()
