"""Functions of jq that are computed from their input and the values of their arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from langflow_lite.components.jq import dates
from langflow_lite.components.jq.arguments import Native, listed, number
from langflow_lite.components.jq.formats import text_of
from langflow_lite.components.jq.numbers import NUMBER_NATIVES
from langflow_lite.components.jq.paths import Rewriter, delete_paths
from langflow_lite.components.jq.texts import TEXT_NATIVES
from langflow_lite.components.jq.values import (
    Budget,
    QueryError,
    arithmetic,
    at_index,
    equal,
    items_of,
    kind,
    shown,
    sort_key,
    truthy,
)

__all__ = ["NATIVES"]


def _length(budget: Budget, value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool):
        raise QueryError(f"boolean ({shown(value)}) has no length")
    return abs(value) if isinstance(value, (int, float)) else len(value)


def _keys(budget: Budget, value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        budget.hold(len(value))
        return sorted(value)
    if isinstance(value, list):
        budget.hold(len(value))
        return list(range(len(value)))
    raise QueryError(f"{kind(value)} ({shown(value)}) has no keys")


def _has(budget: Budget, value: Any, key: Any) -> bool:
    if isinstance(value, Mapping) and isinstance(key, str):
        return key in value
    if isinstance(value, list) and isinstance(key, (int, float)) and not isinstance(key, bool):
        return 0 <= key < len(value)
    raise QueryError(f"Cannot check whether {kind(value)} has a {kind(key)} key")


def _contains(budget: Budget, value: Any, part: Any) -> bool:
    budget.spend()
    if isinstance(value, Mapping) and isinstance(part, Mapping):
        return all(key in value and _contains(budget, value[key], item) for key, item in part.items())
    if isinstance(value, list) and isinstance(part, list):
        return all(any(_fits(budget, known, item) for known in value) for item in part)
    if isinstance(value, str) and isinstance(part, str):
        budget.spend(len(value) // 64)
        return part in value
    if kind(value) == kind(part):
        return equal(value, part, budget)
    raise QueryError(
        f"{kind(value)} ({shown(value)}) and {kind(part)} ({shown(part)}) cannot have their containment checked"
    )


def _fits(budget: Budget, value: Any, part: Any) -> bool:
    return kind(value) == kind(part) and _contains(budget, value, part)


def _added(budget: Budget, value: Any) -> Any:
    items = [item for item in items_of(value) if item is not None]
    budget.hold(len(items))
    if items and all(isinstance(item, str) for item in items):
        budget.hold(sum(map(len, items)))
        return "".join(items)
    if items and all(isinstance(item, list) for item in items):
        budget.hold(sum(map(len, items)))
        return [part for item in items for part in item]
    if items and all(isinstance(item, Mapping) for item in items):
        budget.hold(sum(map(len, items)))
        return {key: part for item in items for key, part in item.items()}
    total = None
    for item in items:
        total = arithmetic("+", total, item, budget)
    return total


def _joined(budget: Budget, value: Any, separator: Any) -> Any:
    items = items_of(value)
    texts: list[str] = []
    for item in items:
        if isinstance(item, (list, Mapping)) or (len(items) > 1 and not isinstance(separator, str)):
            unfit = item if isinstance(item, (list, Mapping)) else separator
            raise QueryError(f"string ({shown(''.join(texts))}) and {kind(unfit)} ({shown(unfit)}) cannot be added")
        texts.append("" if item is None else text_of(item, budget))
    if len(texts) < 2:
        return "".join(texts)
    budget.hold(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _flattened(budget: Budget, value: Any, depth: Any = math.inf) -> list[Any]:
    if number(depth) < 0:
        raise QueryError("flatten depth must not be negative")
    return list(_flat(budget, items_of(value), depth))


def _flat(budget: Budget, items: Iterable[Any], depth: float) -> Iterator[Any]:
    for item in items:
        budget.spend()
        if isinstance(item, list) and depth > 0:
            yield from _flat(budget, item, depth - 1)
        else:
            yield item


def _sorted(budget: Budget, value: Any) -> list[Any]:
    return sorted(listed(value, "sorted"), key=lambda item: sort_key(item, budget))


def _unique(budget: Budget, value: Any) -> list[Any]:
    keyed = sorted(((sort_key(item, budget), item) for item in listed(value, "sorted")), key=lambda pair: pair[0])
    return [item for at, (key, item) in enumerate(keyed) if at == 0 or key != keyed[at - 1][0]]


def _extreme(pick: Callable[..., Any]) -> Native:
    def find(budget: Budget, value: Any) -> Any:
        items = listed(value, "searched")
        # Of equal ones min takes the first and max the last.
        ordered = items if pick is min else items[::-1]
        return pick(ordered, key=lambda item: sort_key(item, budget)) if items else None

    return find


def _reversed(budget: Budget, value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, str):
        budget.hold(len(value))
        return value[::-1]
    budget.hold(len(listed(value, "reversed")))
    return value[::-1]


def _to_entries(budget: Budget, value: Any) -> list[Any]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(listed(value, "turned into entries"))
    budget.hold(2 * len(value))
    return [{"key": key, "value": item} for key, item in pairs]


def _from_entries(budget: Budget, value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for entry in items_of(value):
        budget.spend()
        names = ("key", "k", "name", "Name", "Key", "K")
        key = next((found for name in names if (found := at_index(entry, name, budget)) is not None), None)
        if isinstance(key, (list, Mapping)):
            raise QueryError(f"Cannot use {kind(key)} ({shown(key)}) as object key")
        known = next((name for name in ("value", "v", "Value", "V") if _has(budget, entry, name)), None)
        made[text_of(key, budget)] = None if known is None else entry[known]
    return made


def _indices(budget: Budget, value: Any, part: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str) and isinstance(part, str):
        budget.hold(len(value))
        found, at = [], value.find(part) if part else -1
        while at >= 0:
            found.append(at)
            at = value.find(part, at + 1)
        return found
    return at_index(value, part if isinstance(part, list) else [part], budget)


def _one_index(which: int) -> Native:
    def find(budget: Budget, value: Any, part: Any) -> Any:
        found = _indices(budget, value, part)
        return found[which] if found else None

    return find


def _transposed(budget: Budget, value: Any) -> list[Any]:
    rows = [listed(row, "transposed") for row in listed(value, "transposed")]
    width = max(map(len, rows), default=0)
    budget.hold(width * len(rows))
    return [[row[at] if at < len(row) else None for row in rows] for at in range(width)]


def _bsearch(budget: Budget, value: Any, wanted: Any) -> int:
    items = listed(value, "searched from")
    key = sort_key(wanted, budget)
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if sort_key(items[middle], budget) < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(items) and equal(items[low], wanted, budget) else -1 - low


def _set(budget: Budget, value: Any, path: Any, new: Any) -> Any:
    if not isinstance(path, list):
        raise QueryError("Path must be specified as an array")
    rewriter = Rewriter(value, budget)
    rewriter.set(path, new)
    return rewriter.value


def _deleted(budget: Budget, value: Any, paths: Any) -> Any:
    if not isinstance(paths, list):
        raise QueryError("Paths must be specified as an array")
    return delete_paths(value, paths, budget)


NATIVES: dict[tuple[str, int], Native] = {
    **NUMBER_NATIVES,
    **TEXT_NATIVES,
    ("not", 0): lambda budget, value: not truthy(value),
    ("length", 0): _length,
    ("type", 0): lambda budget, value: kind(value),
    ("keys", 0): _keys,
    ("keys_unsorted", 0): lambda budget, value: list(value) if isinstance(value, Mapping) else _keys(budget, value),
    ("has", 1): _has,
    ("contains", 1): _contains,
    ("add", 0): _added,
    ("join", 1): _joined,
    ("flatten", 0): _flattened,
    ("flatten", 1): _flattened,
    ("sort", 0): _sorted,
    ("unique", 0): _unique,
    ("min", 0): _extreme(min),
    ("max", 0): _extreme(max),
    ("reverse", 0): _reversed,
    ("to_entries", 0): _to_entries,
    ("from_entries", 0): _from_entries,
    ("indices", 1): _indices,
    ("_indices", 1): _indices,
    ("index", 1): _one_index(0),
    ("rindex", 1): _one_index(-1),
    ("toarray", 0): lambda budget, value: value if isinstance(value, list) else [value],
    ("transpose", 0): _transposed,
    ("bsearch", 1): _bsearch,
    ("setpath", 2): _set,
    ("delpaths", 1): _deleted,
    ("now", 0): lambda budget, value: dates.now(),
    ("gmtime", 0): lambda budget, value: dates.gmtime(value),
    ("mktime", 0): lambda budget, value: dates.mktime(value),
    ("strftime", 1): lambda budget, value, layout: dates.strftime(value, layout),
    ("strptime", 1): lambda budget, value, layout: dates.strptime(value, layout),
    ("have_literal_numbers", 0): lambda budget, value: True,
    ("have_decnum", 0): lambda budget, value: False,
}
