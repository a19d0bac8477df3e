"""A run as a person at a terminal sees it: the answer as it grows, and how far a long run is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TextIO

from langflow_lite.events import EventName

if TYPE_CHECKING:
    from langflow_lite.local import Answer

__all__ = ["Terminal", "printable"]

_QUIET_SECONDS = 1.0
_CLEAR_LINE = "\r\x1b[K"
_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


class Terminal:
    """Shows one run. Tokens and the answer go to `out`; `notes` gets the progress, once the run has taken a second.

    On a terminal the progress is one line that is written over, elsewhere a line per component; and what a terminal would
    obey is left out of the answer there, for it comes from a model.
    """

    def __init__(self, out: TextIO, notes: TextIO) -> None:
        self._out = out
        self._notes = notes
        self._rewrites = notes.isatty()
        self._obeys = out.isatty()
        self._begin = time.monotonic()
        self._has_line = False
        self._streamed = ""
        self._message: Any = None

    def progress(self, done: int, total: int, name: str) -> None:
        """Show that a component begins."""
        if self._streamed or time.monotonic() - self._begin < _QUIET_SECONDS:
            return
        text = f"[{done + 1}/{total}] {printable(name)} ..."
        if self._rewrites:
            self._notes.write(_CLEAR_LINE + text)
            self._has_line = True
        else:
            self._notes.write(text + "\n")
        self._notes.flush()

    def emit(self, name: str, data: Any) -> None:
        """Show the tokens of an answer as they come."""
        if name != EventName.TOKEN or not data["chunk"]:
            return
        self._clear()
        if self._message not in (None, data["id"]):
            self._out.write("\n")
            self._streamed = ""
        self._message = data["id"]
        self._streamed += data["chunk"]
        self._write(data["chunk"])
        self._out.flush()

    def finish(self, answer: Answer) -> None:
        """Show the answer, unless its tokens have been shown already."""
        self._clear()
        if self._streamed:
            self._out.write("\n")
        if answer.text.strip() != self._streamed.strip():
            self._write(answer.text + "\n")
        self._out.flush()

    def abandon(self) -> None:
        """End an open line, so that what follows stands by itself."""
        self._clear()
        if self._streamed:
            self._out.write("\n")
            self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(text.translate(_CONTROLS) if self._obeys else text)

    def _clear(self) -> None:
        if self._has_line:
            self._notes.write(_CLEAR_LINE)
            self._notes.flush()
            self._has_line = False


def printable(text: str) -> str:
    """The text in one line and without anything that a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)
