from __future__ import annotations

import io

import pytest

from langflow_lite.local import Answer
from langflow_lite.terminal import Terminal, printable


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


HOSTILE = "line 1\n\tline \x1b[2J2 \x9b31m\x07ü👩‍🚀"


@pytest.mark.parametrize(
    ("out", "shown"), [(Screen(), "line 1\n\tline [2J2 31mü👩‍🚀"), (io.StringIO(), HOSTILE)], ids=["terminal", "pipe"]
)
def test_an_answer_cannot_command_a_terminal_and_is_whole_in_a_pipe(out: io.StringIO, shown: str):
    terminal = Terminal(out, io.StringIO())
    terminal.emit("token", {"chunk": HOSTILE, "id": "1"})
    terminal.finish(Answer(text=HOSTILE, session_id="s", body={}, values={}, seconds=0.0))
    assert out.getvalue() == f"{shown}\n"
    terminal = Terminal(out, io.StringIO())
    terminal.finish(Answer(text=HOSTILE, session_id="s", body={}, values={}, seconds=0.0))
    assert out.getvalue() == f"{shown}\n" * 2


def test_what_is_printable_is_one_line():
    assert printable("a\nb\x1b[31mc\r\u2028d") == "a b [31mc  d"
