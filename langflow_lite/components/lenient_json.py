"""Reading JSON that people and models write: quotes, commas and brackets that are missing or of the wrong kind."""

from __future__ import annotations

import re
from typing import Any

import msgspec

__all__ = ["read_json"]

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)```", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_WORDS = {"true": True, "false": False, "null": None, "none": None, "nan": None, "undefined": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_QUOTES = {'"': '"', "'": "'", "“": "”"}
_MAX_DEPTH = 200


def read_json(text: str) -> Any:
    """The value in a text that is JSON or nearly so; raises `ValueError` when there is none.

    Understood besides JSON: code fences, comments, single quotes, keys and words without quotes, missing and trailing
    commas, Python's names of constants, line breaks in strings, and brackets that are never closed.
    """
    fenced = _FENCE.search(text)
    source = (fenced[1] if fenced else text).strip().lstrip("\ufeff")
    try:
        return msgspec.json.decode(source)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    start = min((at for bracket in "{[" if (at := source.find(bracket)) >= 0), default=-1)
    if start < 0:
        raise ValueError("there is no JSON object or list in the text")
    return _Reader(source, start).value(0)


class _Reader:
    def __init__(self, source: str, at: int) -> None:
        self._source = source
        self._at = at

    def _peek(self) -> str:
        self._skip()
        return self._source[self._at] if self._at < len(self._source) else ""

    def _skip(self) -> None:
        source = self._source
        while self._at < len(source):
            if source[self._at].isspace():
                self._at += 1
            elif source.startswith(("//", "#"), self._at):
                end = source.find("\n", self._at)
                self._at = len(source) if end < 0 else end
            elif source.startswith("/*", self._at):
                end = source.find("*/", self._at)
                self._at = len(source) if end < 0 else end + 2
            else:
                return

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise ValueError("the JSON is nested too deeply")
        char = self._peek()
        if char == "{":
            return self._object(depth)
        if char == "[":
            return self._list(depth)
        return self._string() if char in _QUOTES else self._word(",}]")

    def _object(self, depth: int) -> dict[str, Any]:
        self._at += 1
        found: dict[str, Any] = {}
        while (char := self._peek()) not in ("", "}"):
            if char in ",]":
                self._at += 1
                continue
            key = self._string() if char in _QUOTES else str(self._word(":,}", convert=False))
            if self._peek() == ":":
                self._at += 1
                found[key] = self.value(depth + 1) if self._peek() not in ("", ",", "}") else None
            elif key:
                found[key] = None
        self._at += 1
        return found

    def _list(self, depth: int) -> list[Any]:
        self._at += 1
        found: list[Any] = []
        while (char := self._peek()) not in ("", "]"):
            if char in ",}:":
                self._at += 1
                continue
            found.append(self.value(depth + 1))
        self._at += 1
        return found

    def _string(self) -> str:
        source = self._source
        closing = _QUOTES[source[self._at]]
        self._at += 1
        out: list[str] = []
        while self._at < len(source):
            char = source[self._at]
            self._at += 1
            if char == closing:
                # A quote inside prose does not end the string: what ends one is followed by punctuation.
                rest = source[self._at : self._at + 64].lstrip()
                if not rest or rest[0] in ",:}]\n" or (rest[0] in _QUOTES and closing != "'"):
                    break
                out.append(char)
            elif char == "\\" and self._at < len(source):
                out.append(self._escape())
            else:
                out.append(char)
        return "".join(out)

    def _escape(self) -> str:
        char = self._source[self._at]
        self._at += 1
        if char == "u":
            digits = self._source[self._at : self._at + 4]
            if len(digits) == 4 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
                self._at += 4
                return chr(int(digits, 16))
        return _ESCAPES.get(char, char)

    def _word(self, ends: str, *, convert: bool = True) -> Any:
        source, start = self._source, self._at
        while self._at < len(source) and source[self._at] not in ends and source[self._at] != "\n":
            if source[self._at] == " " and source[self._at : self._at + 8].lstrip().startswith(('"', "//", "/*")):
                break
            self._at += 1
        word = source[start : self._at].strip()
        # Something must be consumed, or the caller would never end.
        if self._at == start:
            self._at += 1
        if not convert:
            return word.strip("\"'")
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
        if _NUMBER.match(word):
            number = float(word)
            return int(number) if word.lstrip("+-").isdigit() else number
        return word
