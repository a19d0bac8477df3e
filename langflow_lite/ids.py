"""Identifiers: version 7 UUIDs (RFC 9562), which sort by the time they were made."""

from __future__ import annotations

import os
import time
from uuid import UUID

__all__ = ["new_id", "normal_id"]

_POOL = 4096
_RANDOM_DIGITS = 19
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_pool = ""
_at = 0
_millisecond = 0
_time = ""


def new_id() -> str:
    """A new UUID as text: milliseconds since 1970, then 74 random bits. Call it from the event loop's thread.

    Rows of one time lie beside each other in an index, so a commit writes few pages. The random bits come from a pool:
    asking the kernel each time lets go of the interpreter lock, which costs a busy server more than the rest.
    """
    global _pool, _at, _millisecond, _time
    start, _at = _at, _at + _RANDOM_DIGITS
    if _at > len(_pool):
        _pool = os.urandom(_POOL).hex()
        start, _at = 0, _RANDOM_DIGITS
    now = time.time_ns() // 1_000_000
    if now != _millisecond:
        text = f"{now:012x}"
        _millisecond, _time = now, f"{text[:8]}-{text[8:]}-7"
    random = _pool[start:_at]
    return f"{_time}{random[:3]}-{_VARIANTS[random[3]]}{random[4:7]}-{random[7:]}"


def normal_id(text: str) -> str:
    """The UUID in the one spelling in which ids are stored: small letters and hyphens. Text that is none stays as it is."""
    try:
        return str(UUID(text))
    except ValueError:
        return text
