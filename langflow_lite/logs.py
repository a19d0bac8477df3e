"""Logging of a server: one line per record on standard error, and in memory for those who may read it."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

__all__ = ["LineFormatter", "LogBuffer", "configure_logging", "redacted"]

# These tell every request with its address and every statement with its values, secrets included.
_TELLTALE = ("httpx2", "httpcore2", "aiosqlite")
_CHATTY = ("asyncio", "uvicorn.error")
_MASK = "********"
_NAMED_SECRET = re.compile(
    r"""(?P<name>(?:x-)?api[-_ ]?key|[\w-]*token|[\w-]*password|[\w-]*secret|authorization)
    (?P<between>["']?\s*[:=]\s*["']?)(?P<scheme>(?:bearer|basic)\s+)?(?P<value>[^\s"',;&)}\]]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{6,}|(?<=[Bb]earer )\S+")


def redacted(text: str) -> str:
    """The text without what looks like a key, token or password."""
    text = _NAMED_SECRET.sub(rf"\g<name>\g<between>\g<scheme>{_MASK}", text)
    return _KEY.sub(_MASK, text)


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
        return redacted(super().format(record)).replace("\r", "\\r").replace("\n", "\\n")


class LogBuffer(logging.Handler):
    """The newest `size` log lines, in memory, as `/logs` shows them (contract: *Logs*). Can be written by any thread.

    Each line has the milliseconds since 1970 as its key; lines of the same millisecond are told apart by moving the
    later one on.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._lines: deque[tuple[int, str]] = deque(maxlen=size)
        self._last = 0
        self.end = 0
        """How many lines have ever been written: the cursor of a reader who has seen them all."""
        self.closed = False
        """Whether readers are to leave, because the server is about to stop."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record (called with the handler's lock held)."""
        moment = datetime.fromtimestamp(record.created).astimezone()
        text = redacted(self.format(record)).replace("\r", "\\r").replace("\n", "\\n")
        self._last = max(self._last + 1, int(record.created * 1000))
        self._lines.append((self._last, f"{moment:%Y-%m-%dT%H:%M:%S.%f%z} {record.levelname} {text}\n"))
        self.end += 1

    def note(self, text: str) -> None:
        """Keep a line for the readers of this buffer alone, whatever the level of logging is."""
        self.handle(logging.LogRecord(__name__, logging.INFO, __file__, 0, text, None, None))

    def before(self, milliseconds: int | None, count: int) -> Sequence[tuple[int, str]]:
        """The last `count` lines, or the last ones until a time."""
        lines = [line for line in self._all() if milliseconds is None or line[0] <= milliseconds]
        return lines[-count:]

    def after(self, milliseconds: int, count: int) -> Sequence[tuple[int, str]]:
        """The first `count` lines from a time on."""
        return list(islice((line for line in self._all() if line[0] >= milliseconds), count))

    def since(self, cursor: int) -> tuple[Sequence[tuple[int, str]], int]:
        """The lines after a cursor that are still kept, and the cursor behind them."""
        with self.lock:  # type: ignore[union-attr]
            fresh = min(self.end - cursor, len(self._lines))
            return list(self._lines)[len(self._lines) - fresh :] if fresh else [], self.end

    def _all(self) -> list[tuple[int, str]]:
        with self.lock:  # type: ignore[union-attr]
            return list(self._lines)


def configure_logging(level: str) -> None:
    """Send all records from `level` (a name such as `info`) on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TELLTALE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    if level != "debug":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
