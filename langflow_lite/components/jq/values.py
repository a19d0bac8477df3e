"""JSON values as jq sees them: their order, their arithmetic, and what working with them costs."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = [
    "Budget",
    "QueryError",
    "arithmetic",
    "at_index",
    "bounds",
    "compared",
    "equal",
    "items_of",
    "kind",
    "plain",
    "shown",
    "sort_key",
    "to_json",
    "tree",
    "truthy",
    "whole",
]

_MAX_STEPS = 2_000_000
_MAX_SECONDS = 5.0
_LOOK_EVERY = 4096
_MAX_SIZE = 20_000_000
_EXACT = 2**53
_INTMAX = 2**63 - 1
_KINDS = ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"))


class QueryError(ValueError):
    """An error that a program can catch; `value` is what it then sees."""

    def __init__(self, value: Any) -> None:
        super().__init__(value if isinstance(value, str) else f"{kind(value)} ({shown(value)}) (not a string)")
        self.value = value


class Budget:
    """What one query may still spend: steps, of which long values cost more than one, and time."""

    def __init__(self) -> None:
        self._left = _MAX_STEPS
        self._look_at = _MAX_STEPS - _LOOK_EVERY
        self._until = time.monotonic() + _MAX_SECONDS

    def spend(self, steps: int = 1) -> None:
        """Take some steps. Raises `ValueError`, which no program can catch, when there are none left."""
        self._left -= steps
        if self._left < self._look_at:
            if self._left < 0:
                raise ValueError("the query takes too many steps on this value")
            if time.monotonic() > self._until:
                raise ValueError(f"the query takes longer than {_MAX_SECONDS:g} seconds on this value")
            self._look_at = self._left - _LOOK_EVERY

    def hold(self, size: int) -> None:
        """Pay for a new list, object or text of this length; raises `ValueError` for one that is too large."""
        if size > _MAX_SIZE:
            raise ValueError("the query makes a value that is too large")
        self.spend(1 + size // 16)


def kind(value: Any) -> str:
    """jq's name of a value's type."""
    if value is None:
        return "null"
    return next((name for types, name in _KINDS if isinstance(value, types)), "object")


def truthy(value: Any) -> bool:
    """Everything but null and false."""
    return value is not None and value is not False


def shown(value: Any) -> str:
    """A value as error messages show it, cut to a few characters."""
    # Only the beginning is wanted, of a value of any size.
    text = "".join(_beginning(value, 4))
    return text if len(text) <= 11 else text[:10] + "..."


def _beginning(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, (list, Mapping)) and depth == 0:
        yield "..."
    elif isinstance(value, list):
        yield "["
        for index, item in enumerate(value[:6]):
            yield "," if index else ""
            yield from _beginning(item, depth - 1)
        yield "]"
    elif isinstance(value, Mapping):
        yield "{"
        for index, (key, item) in enumerate(list(value.items())[:6]):
            yield ("," if index else "") + json.dumps(key[:20], ensure_ascii=False) + ":"
            yield from _beginning(item, depth - 1)
        yield "}"
    else:
        yield json.dumps(plain(value[:20] if isinstance(value, str) else value), ensure_ascii=False)


def whole(number: float) -> Any:
    """A number without a useless fraction; beyond 2^53 it is a float, as all of jq's numbers are."""
    if isinstance(number, int):
        return number if -_EXACT <= number <= _EXACT else _rounded(number)
    return int(number) if number.is_integer() and -_EXACT <= number <= _EXACT else number


def _rounded(number: Any) -> Any:
    """A number that arithmetic is done with: an integer from outside may have any number of digits."""
    if isinstance(number, float) or -_EXACT <= number <= _EXACT:
        return number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def plain(value: Any) -> Any:
    """A number as JSON can have it: not-a-number is null, infinity the largest number; anything else unchanged."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else math.copysign(sys.float_info.max, value)
    return value


def tree(value: Any, budget: Budget) -> Any:
    """A copy of a value, with plain numbers. Every place counts: a value may share its parts and be huge when written."""
    budget.spend()
    if isinstance(value, list):
        return [tree(item, budget) for item in value]
    if isinstance(value, Mapping):
        return {str(key): tree(item, budget) for key, item in value.items()}
    if isinstance(value, str):
        budget.spend(len(value) // 64)
    return plain(value)


def to_json(value: Any, budget: Budget) -> str:
    """A value as one line of JSON."""
    return json.dumps(tree(value, budget), ensure_ascii=False, separators=(",", ":")).replace("\x7f", "\\u007f")


def sort_key(value: Any, budget: Budget) -> tuple[Any, ...]:
    """What sorts as jq does: null, false, true, numbers, strings, lists, objects (by keys, then by values)."""
    budget.spend()
    match value:
        case None:
            return (0,)
        case bool():
            return (1, value)
        case int() | float():
            # Not-a-number is less than every number.
            return (2, -math.inf, 0) if value != value else (2, value, 1)
        case str():
            budget.spend(len(value) // 64)
            return (3, value)
        case list():
            return (4, [sort_key(item, budget) for item in value])
        case _:
            keys = sorted(value)
            return (5, keys, [sort_key(value[key], budget) for key in keys])


def equal(a: Any, b: Any, budget: Budget) -> bool:
    """Whether two values are the same; 1 is 1.0, but true is not 1."""
    if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
        return bool(a == b)
    return sort_key(a, budget) == sort_key(b, budget) and not _is_nan(a)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def compared(op: str, a: Any, b: Any, budget: Budget) -> bool:
    """One of the six comparisons."""
    if op in ("==", "!="):
        return equal(a, b, budget) is (op == "==")
    left, right = sort_key(a, budget), sort_key(b, budget)
    if _is_nan(a) and _is_nan(b):
        # Not-a-number is less than everything, itself included.
        return op in ("<", "<=")
    match op:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def items_of(value: Any) -> list[Any]:
    """What `.[]` gives; raises `QueryError`."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        return list(value.values())
    raise QueryError(f"Cannot iterate over {kind(value)} ({shown(value)})")


def at_index(value: Any, key: Any, budget: Budget) -> Any:
    """What `.[key]` gives; raises `QueryError`."""
    match key:
        case str() if isinstance(value, Mapping):
            return value.get(key)
        case str() | int() | float() | {} if value is None and not isinstance(key, bool):
            return None
        case bool():
            pass
        case int() | float() if isinstance(value, list):
            index = math.floor(key) if math.isfinite(key) else len(value)
            return value[index] if -len(value) <= index < len(value) else None
        case list() if isinstance(value, list):
            return _places(value, key, budget)
        case Mapping() if isinstance(value, (list, str)):
            start, stop = bounds(len(value), key)
            budget.hold(stop - start)
            return value[start:stop]
    name = {"string": "string", "number": "number"}.get(kind(key), kind(key))
    raise QueryError(f"Cannot index {kind(value)} with {name} ({shown(key)})")


def bounds(length: int, part: Mapping[str, Any]) -> tuple[int, int]:
    """The first index and the one behind the last of `{"start": ..., "end": ...}`; raises `QueryError`."""
    ends = []
    for name, default, rounded in (("start", 0, math.floor), ("end", length, math.ceil)):
        value = part.get(name)
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise QueryError("Start and end indices of an array slice must be numbers")
        index = rounded(value) if math.isfinite(value) else length if value > 0 else 0
        ends.append(min(max(index + length if index < 0 else index, 0), length))
    return ends[0], max(ends)


def _places(value: list[Any], part: list[Any], budget: Budget) -> list[int]:
    if not part:
        return []
    budget.spend(len(value))
    return [
        at
        for at in range(len(value) - len(part) + 1)
        if all(equal(value[at + offset], item, budget) for offset, item in enumerate(part))
    ]


def _add(a: Any, b: Any, budget: Budget) -> Any:
    if a is None or b is None:
        return b if a is None else a
    match kind(a), kind(b):
        case "number", "number":
            return whole(_rounded(a) + _rounded(b))
        case ("string", "string") | ("array", "array"):
            budget.hold(len(a) + len(b))
            return a + b
        case "object", "object":
            budget.hold(len(a) + len(b))
            return {**a, **b}
    raise _unfit(a, b, "added")


def _subtract(a: Any, b: Any, budget: Budget) -> Any:
    match kind(a), kind(b):
        case "number", "number":
            return whole(_rounded(a) - _rounded(b))
        case "array", "array":
            budget.spend(len(a) * len(b))
            return [item for item in a if not any(equal(item, other, budget) for other in b)]
    raise _unfit(a, b, "subtracted")


def _multiply(a: Any, b: Any, budget: Budget) -> Any:
    match kind(a), kind(b):
        case "number", "number":
            return whole(_rounded(a) * _rounded(b))
        case ("string", "number") | ("number", "string"):
            text, times = (a, b) if isinstance(a, str) else (b, a)
            if not times >= 0:
                return None
            count = math.floor(min(times, _MAX_SIZE + 1))
            budget.hold(len(text) * count)
            return text * count
        case "object", "object":
            return _merged(a, b, budget)
    raise _unfit(a, b, "multiplied")


def _merged(a: Mapping[str, Any], b: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
    budget.hold(len(a) + len(b))
    merged = dict(a)
    for key, value in b.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(known, value, budget) if both else value  # type: ignore[arg-type]
    return merged


def _divide(a: Any, b: Any, budget: Budget) -> Any:
    match kind(a), kind(b):
        case "number", "number":
            if b == 0:
                raise _unfit(a, b, "divided because the divisor is zero")
            return whole(_rounded(a) / _rounded(b))
        case "string", "string":
            budget.hold(len(a))
            return (a.split(b) if b else list(a)) if a else []
    raise _unfit(a, b, "divided")


def _remainder(a: Any, b: Any, budget: Budget) -> Any:
    if kind(a) != "number" or kind(b) != "number":
        raise _unfit(a, b, "divided")
    if _is_nan(a) or _is_nan(b):
        return math.nan
    # What C's intmax_t cannot hold is the nearest it can.
    dividend, divisor = (_INTMAX if x > _INTMAX else ~_INTMAX if x < ~_INTMAX else int(x) for x in (a, b))
    if divisor == 0:
        raise _unfit(a, b, "divided because the divisor is zero")
    # Of the dividend's sign, where Python's has the divisor's.
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _unfit(a: Any, b: Any, what: str) -> QueryError:
    return QueryError(f"{kind(a)} ({shown(a)}) and {kind(b)} ({shown(b)}) cannot be {what}")


_ARITHMETIC: dict[str, Callable[[Any, Any, Budget], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _remainder,
}


def arithmetic(op: str, a: Any, b: Any, budget: Budget) -> Any:
    """`a op b`; raises `QueryError` for values that do not fit."""
    return _ARITHMETIC[op](a, b, budget)
