"""Regular expressions that users wrote, matched within a bounded time and memory."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import anyio.to_thread

__all__ = ["InvalidRegex", "RegexRefused", "find_all", "matches_start", "replace_all"]

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


async def _bounded(pattern: str, work: Callable[[Any, dict[str, Any]], Any]) -> Any:
    # `re` cannot be interrupted and holds the interpreter lock while it backtracks, so neither a thread nor a limit on
    # lengths would protect the event loop from a pattern such as `(a|aa)+$`; `regex` gives the lock up and has a time
    # limit. It copies what is repeated a fixed number of times and follows recursive calls, hence the limits on those.
    counts = math.prod(max(int(count[:9]), 1) for count in _COUNT.findall(pattern))
    if len(pattern) * counts > SIZE_LIMIT:
        raise RegexRefused("the regular expression is too large: shorten it or lower its repeat counts")
    if _RECURSION.search(pattern):
        raise RegexRefused("the regular expression calls itself, which is not supported")
    return await anyio.to_thread.run_sync(_run, work)


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
