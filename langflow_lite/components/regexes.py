"""Regular expressions that users wrote, matched within a bounded time and memory."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable
from typing import Any

import anyio.to_thread

__all__ = ["InvalidRegex", "RegexRefused", "find_all", "match_spans", "matches_start", "replace_all"]

TIME_LIMIT = 0.25
"""Seconds one match may take."""

SIZE_LIMIT = 500_000
"""Most that a pattern may expand to: its length times all its minimum repeat counts."""

_COUNT = re.compile(r"\{\s*(\d+)")
_RECURSION = re.compile(r"\(\?(?:R|&|P>|[+-]?\d)")


class InvalidRegex(ValueError):
    """The pattern, or what is to replace its matches, is not well formed."""


class RegexRefused(ValueError):
    """The pattern is too large, calls itself, or takes too long on this text."""


async def matches_start(pattern: str, text: str) -> bool:
    """Whether the pattern matches at the start of the text, as `re.match` does; a pattern that is not valid never does.

    Raises `RegexRefused` beyond the limits.
    """
    try:
        return bool(await _bounded(pattern, lambda regex, limits: regex.match(pattern, text, **limits) is not None))
    except InvalidRegex:
        return False


async def find_all(pattern: str, text: str) -> list[Any]:
    """All matches, as `re.findall` gives them; raises `InvalidRegex`, and `RegexRefused` beyond the limits."""
    found: list[Any] = await _bounded(pattern, lambda regex, limits: regex.findall(pattern, text, **limits))
    return found


async def replace_all(pattern: str, replacement: str, text: str) -> str:
    """The text with all matches replaced, as `re.sub` does; raises `InvalidRegex`, and `RegexRefused` beyond the limits."""
    return str(await _bounded(pattern, lambda regex, limits: regex.sub(pattern, replacement, text, **limits)))


def match_spans(pattern: str, text: str, flags: str) -> list[tuple[tuple[int, int], list[tuple[str | None, int, int]]]]:
    """Where the pattern matches, and name, start and end of each group (-1 where it took no part), as jq's `match` wants.

    Of the flags `g` asks for all matches, `n` leaves empty ones out, `i`, `x`, `s` and `l` change how it matches (jq's
    manual, *Regular expressions*). Blocks, for a bounded time. Raises `InvalidRegex`, and `RegexRefused` beyond the limits.
    """
    _check_size(pattern)

    def work(regex: Any, limits: dict[str, Any]) -> list[Any]:
        chosen = {"i": regex.I, "x": regex.X, "s": regex.S, "p": regex.S, "l": regex.POSIX}
        compiled = regex.compile(pattern, functools.reduce(operator.or_, (chosen.get(flag, 0) for flag in flags), 0))
        names = {number: name for name, number in compiled.groupindex.items()}
        found = []
        for match in compiled.finditer(text, **limits):
            if "n" in flags and match.start() == match.end():
                continue
            found.append((match.span(), [(names.get(at), *match.span(at)) for at in range(1, compiled.groups + 1)]))
            if "g" not in flags:
                break
        return found

    spans: list[tuple[tuple[int, int], list[tuple[str | None, int, int]]]] = _run(work)
    return spans


async def _bounded(pattern: str, work: Callable[[Any, dict[str, Any]], Any]) -> Any:
    _check_size(pattern)
    return await anyio.to_thread.run_sync(_run, work)


def _check_size(pattern: str) -> None:
    # `re` cannot be interrupted and holds the interpreter lock while it backtracks, so neither a thread nor a limit on
    # lengths would protect the event loop from a pattern such as `(a|aa)+$`; `regex` gives the lock up and has a time
    # limit. It copies what is repeated a fixed number of times and follows recursive calls, hence the limits on those.
    counts = math.prod(max(int(count[:9]), 1) for count in _COUNT.findall(pattern))
    if len(pattern) * counts > SIZE_LIMIT:
        raise RegexRefused("the regular expression is too large: shorten it or lower its repeat counts")
    if _RECURSION.search(pattern):
        raise RegexRefused("the regular expression calls itself, which is not supported")


def _run(work: Callable[[Any, dict[str, Any]], Any]) -> Any:
    # Slower to import than all components together, and most flows need none.
    import regex  # type: ignore[import-untyped]

    try:
        return work(regex, {"timeout": TIME_LIMIT, "concurrent": True})
    except TimeoutError:
        raise RegexRefused(
            f"the regular expression took longer than {TIME_LIMIT} seconds on this text: "
            "avoid repeats within repeats, such as (a+)+"
        ) from None
    except (regex.error, RecursionError, IndexError) as error:
        raise InvalidRegex(f"the regular expression is not valid: {error}") from None
