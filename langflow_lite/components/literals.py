"""Reading Python literals (numbers, strings, lists, dicts, constants) without Python's parser."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["read_literal"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<word>True|False|None)\b"
    r"|(?P<string>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")|(?P<mark>[\[\](){},:]))"
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "a": "\a", "v": "\v"}
_WORDS = {"True": True, "False": False, "None": None}
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_MAX_LENGTH = 1_000_000
_MAX_DEPTH = 100
_MAX_DIGITS = 400


def read_literal(text: str) -> Any:
    """The value a literal stands for, tuples as lists; raises `ValueError` when the text is not one literal."""
    if len(text) > _MAX_LENGTH:
        raise ValueError("the literal is too long")
    reader = _Reader(text)
    value = reader.value(0)
    reader.end()
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._at = 0

    def _next(self) -> tuple[str, str]:
        match = _TOKEN.match(self._text, self._at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"not a literal at position {self._at}")
        self._at = match.end()
        return match.lastgroup, match[match.lastgroup]

    def _skip(self, mark: str) -> bool:
        before = self._at
        if self._at < len(self._text) and self._next() == ("mark", mark):
            return True
        self._at = before
        return False

    def end(self) -> None:
        if self._at != len(self._text):
            raise ValueError(f"not a literal at position {self._at}")

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise ValueError("the literal is nested too deeply")
        kind, lexeme = self._next()
        if kind == "word":
            return _WORDS[lexeme]
        if kind == "string":
            return _ESCAPE.sub(_unescaped, lexeme[1:-1])
        if kind == "number":
            return _number(lexeme)
        if lexeme not in _CLOSING:
            raise ValueError(f"not a literal at position {self._at}")
        return self._dict(depth) if lexeme == "{" else self._list(_CLOSING[lexeme], depth)

    def _list(self, closing: str, depth: int) -> Any:
        items: list[Any] = []
        while not self._skip(closing):
            items.append(self.value(depth + 1))
            if not self._skip(","):
                if not self._skip(closing):
                    raise ValueError(f"not a literal at position {self._at}")
                # Brackets around one value without a comma are just brackets.
                return items[0] if closing == ")" and len(items) == 1 else items
        return items

    def _dict(self, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while not self._skip("}"):
            key = self.value(depth + 1)
            if isinstance(key, (list, dict)) or not self._skip(":"):
                raise ValueError(f"not a literal at position {self._at}")
            found[key] = self.value(depth + 1)
            if not self._skip(","):
                if not self._skip("}"):
                    raise ValueError(f"not a literal at position {self._at}")
                break
        return found


def _number(lexeme: str) -> int | float:
    if len(lexeme) > _MAX_DIGITS:
        raise ValueError("the number is too long")
    digits = lexeme.lstrip("+-")
    if digits.isdigit():
        if len(digits) > 1 and digits.startswith("0") and digits.strip("0"):
            raise ValueError("a whole number cannot start with 0")
        return int(lexeme)
    return float(lexeme)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    if code in "\"'\\\n":
        return "" if code == "\n" else code
    return _ESCAPES.get(code, "\\" + code)
