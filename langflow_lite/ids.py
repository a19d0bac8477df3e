"""Identifiers: version 7 UUIDs (RFC 9562), which sort by the time they were made."""

from __future__ import annotations

import os
import time

__all__ = ["new_id"]

_POOL = 4096
_RANDOM_BYTES = 10
_VERSION_AND_VARIANT = 0x7000 << 64 | 0x8000 << 48
_RANDOM_BITS = 0x0FFF << 64 | 0x3FFF_FFFF_FFFF_FFFF
_pool = b""
_at = _POOL


def new_id() -> str:
    """A new UUID as text: milliseconds since 1970, then 74 random bits. Call it from the event loop's thread.

    Rows of one time lie beside each other in an index, so a commit writes few pages. The random bits come from a pool:
    asking the kernel each time lets go of the interpreter lock, which costs a busy server more than the rest.
    """
    global _pool, _at
    if _at + _RANDOM_BYTES > _POOL:
        _pool = os.urandom(_POOL)
        _at = 0
    random = int.from_bytes(_pool[_at : _at + _RANDOM_BYTES])
    _at += _RANDOM_BYTES
    chosen = time.time_ns() // 1_000_000 << 80 | random & _RANDOM_BITS | _VERSION_AND_VARIANT
    text = f"{chosen:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
