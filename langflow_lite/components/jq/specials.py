"""Functions of jq that decide themselves how often, and on what, their arguments run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langflow_lite.components.jq.paths import get_path
from langflow_lite.components.jq.streams import (
    Env,
    Filter,
    Path,
    Result,
    each,
    made,
    paths_of,
    products,
    step,
    unplaced,
)
from langflow_lite.components.jq.texts import captured, matches
from langflow_lite.components.jq.values import Budget, QueryError, kind, shown, sort_key, truthy, whole

__all__ = ["SPECIALS"]

_MAX_DEPTH = 100_000


def _empty(budget: Budget) -> Filter:
    return lambda env, value, path: iter(())


def _error(budget: Budget, message: Filter | None = None) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for raised, _ in message(env, value, None) if message is not None else ((value, None),):
            raise QueryError(raised)
        yield from ()

    return run


def _select(budget: Budget, condition: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for holds, _ in condition(env, value, None):
            if truthy(holds):
                yield value, path

    return run


def _path(budget: Budget, places: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for where in paths_of(places, env, value):
            yield list(where), unplaced(path)

    return run


def _getpath(budget: Budget, where: Filter) -> Filter:

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for steps, _ in where(env, value, None):
            if not isinstance(steps, list):
                raise QueryError("Path must be specified as an array")
            place = path
            for key in steps:
                place = step(place, key, value)
            yield get_path(value, steps, budget), place

    return run


def _first(budget: Budget, inner: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for result in inner(env, value, path):
            yield result
            return

    return run


def _last(budget: Budget, inner: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        found: tuple[Result, ...] = ()
        for result in inner(env, value, path):
            found = (result,)
        yield from found

    return run


def _isempty(budget: Budget, inner: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        nothing = next(inner(env, value, None), None) is None
        yield nothing, made(path, value, nothing)

    return run


def _limit(budget: Budget, count_of: Filter, inner: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for count, _ in count_of(env, value, None):
            left = _count(count, "limit")
            if left <= 0:
                continue
            for result in inner(env, value, path):
                yield result
                left -= 1
                if left <= 0:
                    break

    return run


def _skip(budget: Budget, count_of: Filter, inner: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for count, _ in count_of(env, value, None):
            left = _count(count, "skip")
            for result in inner(env, value, path):
                if left > 0:
                    left -= 1
                else:
                    yield result

    return run


def _range(budget: Budget, *bounds: Filter) -> Filter:
    spend = budget.spend

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        # Of `range` alone the first argument changes slowest.
        for given in products(bounds[::-1], env, value):
            start, stop, by = {1: (0, *given, 1), 2: (*given[::-1], 1)}.get(len(given), given[::-1])
            if any(kind(number) != "number" for number in (start, stop, by)):
                raise QueryError("Range bounds must be numeric")
            at = start
            while at < stop if by > 0 else at > stop if by < 0 else False:
                spend()
                yield at, unplaced(path)
                at = whole(at + by)

    return run


def _recurse(budget: Budget, inner: Filter | None = None) -> Filter:
    spend = budget.spend

    def below(env: Env, value: Any, path: Path) -> Iterator[Result]:
        if inner is not None:
            return inner(env, value, path)
        return each(budget, value, path) if isinstance(value, (list, Mapping)) else iter(())

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        levels: list[Iterator[Result]] = [iter(((value, path),))]
        while levels:
            result = next(levels[-1], None)
            if result is None:
                levels.pop()
                continue
            spend()
            yield result
            _check_depth(levels)
            levels.append(below(env, *result))

    return run


def _repeat(budget: Budget, inner: Filter) -> Filter:
    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        while True:
            budget.spend()
            yield from inner(env, value, path)

    return run


def _until(budget: Budget, condition: Filter, update: Filter) -> Filter:
    spend = budget.spend

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        levels: list[Iterator[Result]] = [iter(((value, path),))]
        while levels:
            result = next(levels[-1], None)
            if result is None:
                levels.pop()
                continue
            spend()
            for holds, _ in condition(env, result[0], None):
                if truthy(holds):
                    yield result
                else:
                    _check_depth(levels)
                    levels.append(update(env, *result))

    return run


def _sub(budget: Budget, pattern: Filter, text: Filter, flags: Filter) -> Filter:

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for regex, given in products([pattern, flags], env, value):
            found = matches(budget, value, regex, given)
            if not found:
                yield value, path
                continue
            replacements = [[new for new, _ in text(env, captured(match), None)] for match in found]
            for chosen in zip(*replacements, strict=False):
                made = _substituted(value, found, chosen)
                budget.hold(len(made))
                yield made, unplaced(path)

    return run


def _by_key(arrange: Callable[[list[tuple[Any, Any]]], Any]) -> Callable[[Budget, Filter], Filter]:
    """A function that arranges a list by what a filter says of each item."""

    def special(budget: Budget, key_of: Filter) -> Filter:
        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            if not isinstance(value, list):
                raise QueryError(f"Cannot index {kind(value)} with number")
            keyed = []
            for item in value:
                budget.spend()
                key = [found for found, _ in key_of(env, item, None)]
                keyed.append((sort_key(key, budget), item))
            yield arrange(keyed), unplaced(path)

        return run

    return special


def _count(count: Any, name: str) -> Any:
    if kind(count) != "number":
        raise QueryError(f"{kind(count)} ({shown(count)}) cannot be counted to")
    if count < 0:
        raise QueryError(f"{name} doesn't support negative count")
    return count


def _check_depth(levels: list[Any]) -> None:
    if len(levels) > _MAX_DEPTH:
        raise ValueError("the query or its value is nested too deeply")


def _substituted(value: str, found: list[dict[str, Any]], texts: tuple[Any, ...]) -> str:
    parts: list[str] = []
    at = 0
    for match, text in zip(found, texts, strict=True):
        if not isinstance(text, str):
            raise QueryError(f"string ({shown(value)}) and {kind(text)} ({shown(text)}) cannot be added")
        parts += [value[at : match["offset"]], text]
        at = match["offset"] + match["length"]
    return "".join([*parts, value[at:]])


def _grouped(keyed: list[tuple[Any, Any]]) -> list[list[Any]]:
    groups: list[list[Any]] = []
    last: Any = None
    for key, item in sorted(keyed, key=_key):
        if not groups or key != last:
            groups.append([])
        groups[-1].append(item)
        last = key
    return groups


def _key(pair: tuple[Any, Any]) -> Any:
    return pair[0]


SPECIALS: dict[str, Callable[..., Filter]] = {
    "empty/0": _empty,
    "error/0": _error,
    "error/1": _error,
    "select/1": _select,
    "path/1": _path,
    "getpath/1": _getpath,
    "first/1": _first,
    "last/1": _last,
    "isempty/1": _isempty,
    "limit/2": _limit,
    "skip/2": _skip,
    "range/1": _range,
    "range/2": _range,
    "range/3": _range,
    "recurse/0": _recurse,
    "recurse/1": _recurse,
    "repeat/1": _repeat,
    "until/2": _until,
    "sub/3": _sub,
    "sort_by/1": _by_key(lambda keyed: [item for _, item in sorted(keyed, key=_key)]),
    "group_by/1": _by_key(_grouped),
    "unique_by/1": _by_key(lambda keyed: [group[0] for group in _grouped(keyed)]),
    "min_by/1": _by_key(lambda keyed: min(keyed, key=_key)[1] if keyed else None),
    "max_by/1": _by_key(lambda keyed: max(reversed(keyed), key=_key)[1] if keyed else None),
}
