"""jq's dates: seconds since 1970, and "broken down" lists of year, month from 0, day, hours, minutes, seconds, weekday
from Sunday and day of the year from 0. All times are UTC."""

from __future__ import annotations

import calendar
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from langflow_lite.components.jq.values import QueryError, kind, shown, whole

__all__ = ["gmtime", "mktime", "now", "strftime", "strptime"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_FORMAT = 1_000


def now() -> float:
    """`now`"""
    return time.time()


def gmtime(value: Any) -> list[Any]:
    """`gmtime`: seconds to a broken down time, whose seconds keep their fraction. Raises `QueryError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise QueryError("gmtime() requires a number")
    try:
        moment = _EPOCH + timedelta(seconds=value // 1)
    except (OverflowError, ValueError):
        raise QueryError("error converting number of seconds since epoch to datetime") from None
    parts = _broken_down(moment)
    parts[5] = whole(parts[5] + value % 1)
    return parts


def _broken_down(moment: datetime) -> list[Any]:
    day = moment.timetuple()
    return [day.tm_year, day.tm_mon - 1, day.tm_mday, day.tm_hour, day.tm_min, day.tm_sec, *_days(day)]


def _days(day: time.struct_time) -> tuple[int, int]:
    return (day.tm_wday + 1) % 7, day.tm_yday - 1


def _fields(value: Any, name: str) -> list[int]:
    fits = isinstance(value, list) and len(value) >= 6
    if not fits or not all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in value):
        raise QueryError(f"{name} requires array of 6 numbers" if name == "mktime" else f"{name} requires a datetime")
    return [int(part) for part in value]


def mktime(value: Any) -> int:
    """`mktime`: a broken down time to whole seconds. Raises `QueryError`."""
    year, month, *rest = _fields(value, "mktime")
    try:
        return calendar.timegm((year, month + 1, *rest[:4]))
    except (OverflowError, ValueError):
        raise QueryError("invalid gmtime representation") from None


def strftime(value: Any, layout: Any) -> str:
    """`strftime(layout)` of seconds or of a broken down time. Raises `QueryError`."""
    if not isinstance(layout, str) or len(layout) > _MAX_FORMAT:
        raise QueryError("strftime/1 requires a string format")
    year, month, day, hour, minute, second, *_ = _fields(
        gmtime(value) if isinstance(value, (int, float)) else value, "strftime/1"
    )
    try:
        moment = datetime(year, month + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
        return moment.strftime(layout.replace("%s", str(mktime(value) if isinstance(value, list) else int(value))))
    except (OverflowError, ValueError):
        raise QueryError("strftime/1: unknown system failure") from None


def strptime(value: Any, layout: Any) -> list[Any]:
    """`strptime(layout)`: a text to a broken down time. Raises `QueryError`."""
    if not isinstance(value, str) or not isinstance(layout, str):
        raise QueryError(f"strptime/1 requires string inputs and arguments, got {kind(value)} ({shown(value)})")
    try:
        moment = datetime.strptime(value, layout.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d"))
    except (ValueError, OverflowError):
        raise QueryError(f'date "{value[:80]}" does not match format "{layout[:80]}"') from None
    if moment.tzinfo is not None:
        # jq reads an offset and forgets it.
        moment = moment.replace(tzinfo=None)
    return _broken_down(moment)
