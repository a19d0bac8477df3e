"""How values are written in columns: times as microseconds, structures as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from langflow_lite.values import to_json

__all__ = ["blob_column", "from_micros", "json_column", "to_micros", "well_formed"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def json_column(value: Any) -> bytearray:
    """Compact JSON of a value, as `blob_column` has it."""
    return bytearray(to_json(value))


def blob_column(value: bytes) -> bytearray:
    """The bytes in the type that sqlite3 writes at once.

    Of bytes, as of None and booleans, it looks for an adapter first, and that takes longer than to write them.
    """
    return bytearray(value)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware time in UTC that so many microseconds since 1970 are."""
    return _EPOCH + timedelta(microseconds=micros)


def well_formed(text: str) -> str:
    """The text with lone surrogates, which SQLite cannot hold, replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
