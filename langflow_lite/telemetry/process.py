"""Process: what the operating system knows of this one."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["Process"]

_STATM = Path("/proc/self/statm")
_STAT = Path("/proc/self/stat")
_BOOT = Path("/proc/stat")


class Process:
    """Processor time, memory and start of this process; what can only be had from /proc is None elsewhere."""

    def __init__(self) -> None:
        self.started = _started()

    def cpu_seconds(self) -> float:
        """Processor time in user and system mode."""
        return time.process_time()

    def resident_bytes(self) -> int | None:
        """Memory that is in RAM (proc_pid_statm(5), second field, in pages)."""
        try:
            return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return None


def _started() -> float | None:
    """Unix time of the start (proc_pid_stat(5), field 22, in clock ticks since the boot)."""
    try:
        # The name of the program stands in front, in parentheses, and may hold anything.
        ticks = int(_STAT.read_text().rpartition(")")[2].split()[19])
        boot = next(line for line in _BOOT.read_text().splitlines() if line.startswith("btime "))
        return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
