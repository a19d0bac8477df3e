"""Functions of jq on numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from langflow_lite.components.jq.arguments import Native, number
from langflow_lite.components.jq.values import Budget, QueryError, kind, shown, whole

__all__ = ["NUMBER_NATIVES"]


def _abs(budget: Budget, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise QueryError(f"{kind(value)} ({shown(value)}) has no absolute value")
    return abs(value)


def _math(function: Callable[..., float]) -> Native:
    def compute(budget: Budget, value: Any, *arguments: Any) -> Any:
        numbers = [float(whole(number(given))) for given in arguments or (value,)]
        try:
            return whole(float(function(*numbers)))
        except (ValueError, ZeroDivisionError):
            return math.nan
        except OverflowError:
            # What a rounding function cannot make an integer of is infinite already.
            return numbers[0] if math.isinf(numbers[0]) else math.inf

    return compute


def _round(number: float) -> float:
    # Halves away from zero, where Python has them go to the even number.
    return math.copysign(math.floor(abs(number) + 0.5), number)


def _log(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda number: -math.inf if number == 0 else function(number)


NUMBER_NATIVES: dict[tuple[str, int], Native] = {
    ("infinite", 0): lambda budget, value: math.inf,
    ("nan", 0): lambda budget, value: math.nan,
    ("isinfinite", 0): lambda budget, value: math.isinf(number(value)),
    ("isnan", 0): lambda budget, value: math.isnan(number(value)),
    ("isnormal", 0): lambda budget, value: math.isfinite(number(value)) and value != 0,
    ("abs", 0): _abs,
    ("fabs", 0): _math(math.fabs),
    ("floor", 0): _math(math.floor),
    ("ceil", 0): _math(math.ceil),
    ("round", 0): _math(_round),
    ("trunc", 0): _math(math.trunc),
    ("sqrt", 0): _math(math.sqrt),
    ("cbrt", 0): _math(math.cbrt),
    ("pow", 2): _math(math.pow),
    ("exp", 0): _math(math.exp),
    ("exp2", 0): _math(math.exp2),
    ("exp10", 0): _math(lambda number: math.pow(10, number)),
    ("log", 0): _math(_log(math.log)),
    ("log2", 0): _math(_log(math.log2)),
    ("log10", 0): _math(_log(math.log10)),
    ("sin", 0): _math(math.sin),
    ("cos", 0): _math(math.cos),
    ("tan", 0): _math(math.tan),
    ("asin", 0): _math(math.asin),
    ("acos", 0): _math(math.acos),
    ("atan", 0): _math(math.atan),
    ("atan2", 2): _math(math.atan2),
    ("fmin", 2): _math(min),
    ("fmax", 2): _math(max),
    ("fmod", 2): _math(math.fmod),
}
