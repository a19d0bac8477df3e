"""Functions of jq on strings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from langflow_lite.components.jq.arguments import Native, listed, number, string
from langflow_lite.components.jq.formats import text_of
from langflow_lite.components.jq.values import Budget, QueryError, arithmetic, kind, shown, to_json, whole
from langflow_lite.components.regexes import InvalidRegex, RegexRefused, match_spans

__all__ = ["TEXT_NATIVES", "captured", "matches"]


def _trimmed(start: bool, end: bool) -> Native:
    def trim(budget: Budget, value: Any, part: Any) -> Any:
        if not isinstance(value, str) or not isinstance(part, str):
            return value
        value = value.removeprefix(part) if start else value
        return value.removesuffix(part) if end else value

    return trim


def _stripped(strip: Callable[[str], str]) -> Native:
    def trim(budget: Budget, value: Any) -> str:
        if not isinstance(value, str):
            raise QueryError(f"{kind(value)} ({shown(value)}) cannot be trimmed")
        return strip(value)

    return trim


def _affix(test: Callable[[str, str], bool], name: str) -> Native:
    def check(budget: Budget, value: Any, part: Any) -> bool:
        if not isinstance(value, str) or not isinstance(part, str):
            raise QueryError(f"{name}() requires string inputs")
        return test(value, part)

    return check


def _cased(change: Callable[[str], str]) -> Native:
    def case(budget: Budget, value: Any) -> str:
        text = string(value, "ascii_case")
        budget.hold(len(text))
        return "".join(change(letter) if letter.isascii() else letter for letter in text)

    return case


def _split(budget: Budget, value: Any, separator: Any) -> Any:
    if not isinstance(value, str) or not isinstance(separator, str):
        raise QueryError("split input and separator must be strings")
    return arithmetic("/", value, separator, budget)


def _explode(budget: Budget, value: Any) -> list[int]:
    text = string(value, "explode")
    budget.hold(len(text))
    return [ord(letter) for letter in text]


def _implode(budget: Budget, value: Any) -> str:
    points = listed(value, "imploded")
    budget.hold(len(points))
    try:
        return "".join(chr(int(number(point))) for point in points)
    except (ValueError, OverflowError):
        raise QueryError("Invalid codepoint literal") from None


def matches(budget: Budget, value: Any, pattern: Any, flags: Any) -> list[dict[str, Any]]:
    """All matches, as jq's `match` shows them; only the first one without the flag `g`.

    Raises `QueryError`, and `ValueError`, which no program can catch, for a pattern beyond the limits.
    """
    if not isinstance(value, str):
        raise QueryError(f"{kind(value)} ({shown(value)}) cannot be matched, as it is not a string")
    if not isinstance(pattern, str):
        raise QueryError(f"{kind(pattern)} ({shown(pattern)}) cannot be matched, as it is not a string")
    if flags is not None and (not isinstance(flags, str) or set(flags) - set("gimnpslx")):
        raise QueryError(f"{shown(flags)} is not a valid modifier string")
    budget.hold(len(value))
    try:
        found = match_spans(pattern, value, flags or "")
    except RegexRefused as error:
        raise ValueError(str(error)) from None
    except InvalidRegex as error:
        raise QueryError(f"{pattern[:200]} (at offset 0) is not a valid regex: {error}") from None
    budget.spend(8 * len(found))
    return [_match(value, *spans) for spans in found]


def _match(text: str, span: tuple[int, int], groups: list[tuple[str | None, int, int]]) -> dict[str, Any]:
    return {
        **_place(text, *span),
        "captures": [{**_place(text, start, end), "name": name} for name, start, end in groups],
    }


def _place(text: str, start: int, end: int) -> dict[str, Any]:
    return {"offset": start, "length": max(end - start, 0), "string": text[start:end] if start >= 0 else None}


def _matched(budget: Budget, value: Any, pattern: Any, flags: Any, test: Any) -> Any:
    found = matches(budget, value, pattern, flags)
    return bool(found) if test else found


def captured(match: Mapping[str, Any]) -> dict[str, Any]:
    """The named groups of a match: name to text."""
    return {group["name"]: group["string"] for group in match["captures"] if group["name"]}


def _tonumber(budget: Budget, value: Any) -> Any:
    if isinstance(value, str):
        try:
            # Python takes "1_000", "nan" and full-width digits too.
            if value.isascii() and not set(value) - set("0123456789+-.eE"):
                return whole(int(value)) if value.lstrip("+-").isdigit() else whole(float(value))
        except ValueError:
            pass
        raise QueryError(f"string ({shown(value)}) cannot be parsed as a number")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise QueryError(f"{kind(value)} ({shown(value)}) cannot be parsed as a number")
    return value


def _fromjson(budget: Budget, value: Any) -> Any:
    text = string(value, "fromjson")
    budget.hold(len(text))
    try:
        return json.loads(text, parse_constant=lambda name: math.nan if name == "NaN" else None)
    except RecursionError:
        raise QueryError("Exceeds depth limit for parsing") from None
    except ValueError as error:
        raise QueryError(f"{error} (while parsing '{text[:40]}')") from None


def _to_string(budget: Budget, value: Any) -> str:
    return text_of(value, budget)


TEXT_NATIVES: dict[tuple[str, int], Native] = {
    ("utf8bytelength", 0): lambda budget, value: len(string(value, "utf8bytelength").encode("utf-8", "replace")),
    ("tostring", 0): _to_string,
    ("tonumber", 0): _tonumber,
    ("tojson", 0): lambda budget, value: to_json(value, budget),
    ("fromjson", 0): _fromjson,
    ("startswith", 1): _affix(str.startswith, "startswith"),
    ("endswith", 1): _affix(str.endswith, "endswith"),
    ("ltrimstr", 1): _trimmed(start=True, end=False),
    ("rtrimstr", 1): _trimmed(start=False, end=True),
    ("trimstr", 1): _trimmed(start=True, end=True),
    ("trim", 0): _stripped(str.strip),
    ("ltrim", 0): _stripped(str.lstrip),
    ("rtrim", 0): _stripped(str.rstrip),
    ("ascii_downcase", 0): _cased(str.lower),
    ("ascii_upcase", 0): _cased(str.upper),
    ("split", 1): _split,
    ("explode", 0): _explode,
    ("implode", 0): _implode,
    ("_match", 3): _matched,
    ("_captured", 0): lambda budget, value: captured(value),
}
