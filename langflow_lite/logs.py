"""Logging of a server: one line per record on standard error."""

from __future__ import annotations

import logging
import sys
import time

__all__ = ["LineFormatter", "configure_logging"]

# These tell every request with its address, and addresses may hold keys.
_CHATTY = ("httpx2", "httpcore2", "aiosqlite", "asyncio", "uvicorn.error")


class LineFormatter(logging.Formatter):
    """`time level message`, the time in UTC. Line breaks are written as `\\n`, so that a record is always one line.

    That keeps text from outside (a node's name, a provider's error) from passing itself off as another record.
    """

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, its traceback included."""
        return super().format(record).replace("\r", "\\r").replace("\n", "\\n")


def configure_logging(level: str) -> None:
    """Send all records from `level` (a name such as `info`) on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    if level != "debug":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
