"""Words of jq: from the text of a program to tokens."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

__all__ = ["KEYWORDS", "QuerySyntaxError", "Token", "tokens_of"]

_MAX_NESTING = 50
_SPACE = re.compile(r"(?:\s|#[^\n]*)+")
_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<field>\.[A-Za-z_]\w*)"
    r"|(?P<variable>\$(?:\w+::)*[A-Za-z_]\w*)"
    r"|(?P<format>@\w+)"
    r"|(?P<word>(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*)"
    r"|(?P<op>\?//|//=|\|=|[-+*/%]=|==|!=|<=|>=|//|\.\.|[][.{}()|,:;=<>+*/%?$-])",
    re.ASCII,
)
_PLAIN = re.compile(r'[^"\\]+')
_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
KEYWORDS = frozenset(
    [
        "def",
        "if",
        "then",
        "elif",
        "else",
        "end",
        "as",
        "reduce",
        "foreach",
        "try",
        "catch",
        "label",
        "import",
        "include",
        "and",
        "or",
    ]
)


class QuerySyntaxError(ValueError):
    """The program is not jq, or uses what is refused here."""


class Token(NamedTuple):
    """A word of the program. `kind` is number, field, variable, format, word, op, string or end.

    The `parts` of a string are texts and, for `\\(...)` in it, the tokens inside.
    """

    kind: str
    text: str
    parts: tuple[str | tuple[Token, ...], ...] = ()


def tokens_of(program: str) -> tuple[Token, ...]:
    """All tokens of a program; raises `QuerySyntaxError`."""
    tokens, _ = _tokens(program, 0, 0)
    return tokens


def _tokens(program: str, at: int, nesting: int) -> tuple[tuple[Token, ...], int]:
    """The tokens from a place up to the end, or inside a string (`nesting` > 0) up to the bracket that closes it."""
    if nesting > _MAX_NESTING:
        raise QuerySyntaxError("the query is nested too deeply")
    found: list[Token] = []
    depth = 0
    while True:
        if space := _SPACE.match(program, at):
            at = space.end()
        if at >= len(program):
            if nesting:
                raise QuerySyntaxError("a string in the query is not closed")
            return tuple(found), at
        if program[at] == '"':
            string, at = _string(program, at + 1, nesting)
            found.append(string)
            continue
        match = _TOKEN.match(program, at)
        if match is None or match.lastgroup is None:
            raise QuerySyntaxError(f"{program[at : at + 20].strip()!r} is not understood in the query")
        at = match.end()
        text = match[0]
        depth += (text == "(") - (text == ")")
        if nesting and depth < 0:
            return tuple(found), at
        found.append(Token(match.lastgroup, text))


def _string(program: str, at: int, nesting: int) -> tuple[Token, int]:
    parts: list[str | tuple[Token, ...]] = []
    text = ""
    while at < len(program):
        if plain := _PLAIN.match(program, at):
            text += plain[0]
            at = plain.end()
        elif program[at] == '"':
            return Token("string", "", (*parts, text)), at + 1
        elif program.startswith("\\(", at):
            inside, at = _tokens(program, at + 2, nesting + 1)
            parts += [text, inside]
            text = ""
        elif escape := _ESCAPE.match(program, at):
            end = escape.end()
            if escape[0].startswith("\\ud") and (low := _ESCAPE.match(program, end)) and low[0].startswith("\\ud"):
                end = low.end()
            text += json.loads(f'"{program[at:end]}"').encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            at = end
        else:
            raise QuerySyntaxError(f"{program[at : at + 2]!r} is no escape that a string of the query may have")
    raise QuerySyntaxError("a string in the query is not closed")
