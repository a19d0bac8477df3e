"""Random identifiers: version 4 UUIDs (RFC 9562) from a pool of random bytes."""

from __future__ import annotations

import os

__all__ = ["new_id"]

_POOL = 4096
_pool = b""
_at = _POOL


def new_id() -> str:
    """A new UUID as text. Call it from the event loop's thread.

    `uuid.uuid4` asks the kernel each time and lets go of the interpreter lock while it does, which costs a busy
    server more than the identifier itself.
    """
    global _pool, _at
    if _at >= _POOL:
        _pool = os.urandom(_POOL)
        _at = 0
    chosen = int.from_bytes(_pool[_at : _at + 16]) & ~(0xF000 << 64 | 0xC000 << 48) | (0x4000 << 64 | 0x8000 << 48)
    _at += 16
    text = f"{chosen:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
