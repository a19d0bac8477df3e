"""How things are shown in a terminal: tables, lengths of time, and the events of a job as lines."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from langflow_lite.terminal import printable

__all__ = ["EventLines", "age", "duration", "styled_status", "table", "took"]

_COLOURS = {
    "completed": "green",
    "failed": "red",
    "timed_out": "red",
    "cancelled": "yellow",
    "suspended": "magenta",
    "in_progress": "cyan",
    "end": "green",
    "error": "red",
    "warning": "yellow",
    "token": "cyan",
    "output": "blue",
}
_GAP = "  "
_NARROWEST = 8


def width() -> int | None:
    """Columns of the terminal, None where the output goes elsewhere and nothing has to be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(header: Sequence[str], rows: Sequence[Sequence[str]], flexible: int) -> None:
    """Print rows under a header. Where they are too wide, the column `flexible` is cut."""
    cells = [[printable(cell) for cell in row] for row in [header, *rows]]
    widths = [max(_columns(row[number]) for row in cells) for number in range(len(header))]
    if (limit := width()) is not None:
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - limit
        widths[flexible] -= max(0, min(excess, widths[flexible] - _NARROWEST))
    for number, row in enumerate(cells):
        padded = [_fit(cell, columns) for cell, columns in zip(row, widths, strict=True)]
        if number == 0:
            click.secho(_GAP.join(padded).rstrip(), bold=True)
        else:
            shown = [styled_status(cell, text) for cell, text in zip(row, padded, strict=True)]
            click.echo(_GAP.join([*shown[:-1], shown[-1].rstrip()]))


def styled_status(status: str, text: str) -> str:
    """The text in the colour of a job's status or an event's name."""
    return click.style(text, fg=_COLOURS[status]) if status in _COLOURS else text


def _columns(text: str) -> int:
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fit(text: str, columns: int) -> str:
    excess = _columns(text) - columns
    if excess > 0:
        kept, room = "", columns - 1
        for char in text:
            room -= _cells(char)
            if room < 0:
                break
            kept += char
        text = kept + "…"
    return text + " " * (columns - _columns(text))


def duration(seconds: float) -> str:
    """How long something took: `8 ms`, `2.5 s`, `3 min`, `5 h`, `2 d`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else _whole(seconds)


def took(begun: str | None, ended: str | None) -> str:
    """How long it took between two ISO times, or takes up to now; nothing when it has not begun."""
    return "" if begun is None else duration(_between(begun, ended))


def age(moment: str) -> str:
    """How long ago an ISO time is: `5 s`, `3 min`, `5 h`, `2 d`."""
    return _whole(_between(moment, None))


def _whole(seconds: float) -> str:
    size, unit = next(((s, u) for s, u in ((86400, "d"), (3600, "h"), (60, "min")) if seconds >= s), (1, "s"))
    return f"{seconds // size:.0f} {unit}"


def _between(begun: str, ended: str | None) -> float:
    first = datetime.fromisoformat(begun)
    last = datetime.now(first.tzinfo) if ended is None else datetime.fromisoformat(ended)
    return max(0.0, (last - first).total_seconds())


class EventLines:
    """Prints the events of a job, a line each; the tokens of a message stand in one line, as they come."""

    def __init__(self) -> None:
        self._growing: Any = None
        self._room = width()

    def show(self, event: dict[str, Any]) -> None:
        """Print one event."""
        name, data = event["event"], event["data"]
        if name == "token":
            if self._growing != data["id"]:
                self.finish()
                self._growing = data["id"]
                click.echo(_head(event), nl=False)
            click.echo(printable(data["chunk"]), nl=False)
            return
        self.finish()
        text = printable(_text(name, data))
        if self._room is not None:
            text = _fit(text, max(_NARROWEST, self._room - _HEAD)).rstrip()
        click.echo(_head(event) + text)

    def finish(self) -> None:
        """End a line of tokens."""
        if self._growing is not None:
            click.echo()
            self._growing = None


_NAME = 15
_HEAD = 4 + 1 + _NAME + 1


def _head(event: dict[str, Any]) -> str:
    name = printable(event["event"])
    return f"{event['sequence_id']:>4} {styled_status(name, f'{name:<{_NAME}}')} "


def _text(name: str, data: dict[str, Any]) -> str:
    """What an event says, in words."""
    match name:
        case "vertices_sorted":
            return f"{len(data['to_run'])} components: {', '.join(data['to_run'])}"
        case "build_start" | "build_end":
            return str(data.get("id", ""))
        case "add_message":
            return f"{data['sender_name']}: {data['text'] or '...'}"
        case "end_vertex":
            build = data["build_data"]
            return f"{build['id']} {build['data']['duration'] if build['valid'] else 'failed: ' + build['params']}"
        case "output":
            return f"{data['display_name']}: {_plain(data['content'])}"
        case "log":
            return f"{data['component_id']}: {_plain(data.get('message', ''))}"
        case "error":
            return (
                str(data["error"]) if isinstance(data.get("error"), str) else f"{data['sender_name']}: {data['text']}"
            )
        case "human_input_required":
            return f"{data['prompt']} [{', '.join(data['allowed_decisions'])}]"
        case "cancelled":
            return str(data.get("reason", ""))
        case "end":
            return duration(data["build_duration"]) if "build_duration" in data else ""
        case _:
            return _plain(data)


def _plain(value: Any) -> str:
    from langflow_lite.values import to_json

    return value if isinstance(value, str) else to_json(value).decode()
