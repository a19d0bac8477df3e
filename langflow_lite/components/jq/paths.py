"""Places in a JSON value: reading, replacing and deleting what is there. The values given are never changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langflow_lite.components.jq.values import Budget, QueryError, at_index, bounds, kind, shown

__all__ = ["Rewriter", "delete_paths", "get_path"]

_MAX_INDEX = 1_000_000


def get_path(value: Any, path: Sequence[Any], budget: Budget) -> Any:
    """What is at a path; null when the way to it ends early. Raises `QueryError`."""
    for key in path:
        if value is None:
            return None
        budget.spend()
        value = at_index(value, key, budget)
    return value


class Rewriter:
    """A value in which one place after the other is replaced.

    Lists and objects on the way to a place are copied once and then changed where they are, as long as the places that
    follow each other lie in them; nobody else has seen these copies. So changing all items of a list takes time in
    proportion to their number.
    """

    def __init__(self, value: Any, budget: Budget) -> None:
        self.value = value
        self._budget = budget
        self._own: list[Any] = []

    def get(self, path: Sequence[Any]) -> Any:
        """What is at a path now."""
        # From here on somebody else may keep it, and everything below.
        del self._own[len(path) :]
        return get_path(self.value, path, self._budget)

    def set(self, path: Sequence[Any], new: Any) -> None:
        """Replace what is at a path; raises `QueryError`."""
        if not path:
            self.value, self._own = new, []
            return
        if any(isinstance(key, Mapping) for key in path):
            self.value, self._own = _replaced(self.value, path, new, self._budget), []
            return
        holder: Any = None
        for depth, key in enumerate(path):
            container = self.value if depth == 0 else holder[path[depth - 1]]
            if depth >= len(self._own) or self._own[depth] is not container:
                container = _copy_for(key, container, self._budget)
                del self._own[depth:]
                self._own.append(container)
                if depth == 0:
                    self.value = container
                else:
                    holder[path[depth - 1]] = container
            path = [*path[:depth], _place(container, key, self._budget), *path[depth + 1 :]]
            holder = container
        holder[path[-1]] = new


def _copy_for(key: Any, container: Any, budget: Budget) -> Any:
    if isinstance(key, str) and (container is None or isinstance(container, Mapping)):
        budget.hold(len(container or ()))
        return dict(container or {})
    if _is_index(key) and (container is None or isinstance(container, list)):
        budget.hold(len(container or ()))
        return list(container or ())
    raise _misplaced(key, container)


def _misplaced(key: Any, container: Any) -> QueryError:
    return QueryError(f"Cannot index {kind(container)} with {kind(key)} ({shown(key)})")


def _place(container: Any, key: Any, budget: Budget) -> Any:
    """The key as its own container has it; makes room for it."""
    budget.spend()
    if isinstance(container, dict):
        container.setdefault(key, None)
        return key
    index = int(key)
    if index < 0:
        index += len(container)
        if index < 0:
            raise QueryError("Out of bounds negative array index")
    if index > _MAX_INDEX:
        raise QueryError("Array index too large")
    if index >= len(container):
        budget.hold(index)
        container += [None] * (index + 1 - len(container))
    return index


def _is_index(key: Any) -> bool:
    return isinstance(key, (int, float)) and not isinstance(key, bool) and math.isfinite(key)


def _replaced(value: Any, path: Sequence[Any], new: Any, budget: Budget) -> Any:
    """A copy of the value in which the path, with slices in it, leads to something new."""
    if not path:
        return new
    key = path[0]
    inner = _replaced(None if value is None else at_index(value, key, budget), path[1:], new, budget)
    if not isinstance(key, Mapping):
        copy = _copy_for(key, value, budget)
        copy[_place(copy, key, budget)] = inner
        return copy
    if not isinstance(inner, list):
        raise QueryError("A slice of an array can only be assigned another array")
    if not isinstance(value, (list, type(None))):
        raise _misplaced(key, value)
    items = value or []
    start, stop = bounds(len(items), key)
    budget.hold(len(items) + len(inner))
    return [*items[:start], *inner, *items[stop:]]


def delete_paths(value: Any, paths: Iterable[Any], budget: Budget) -> Any:
    """A copy of the value without what is at the paths; raises `QueryError`."""
    listed = list(paths)
    if not all(isinstance(path, list) for path in listed):
        raise QueryError("Path must be specified as an array")
    return _without(value, listed, budget)


def _without(value: Any, paths: list[list[Any]], budget: Budget) -> Any:
    if not all(paths):
        return None
    if value is None or not paths:
        return value
    gone: set[Any] = set()
    below: dict[Any, list[list[Any]]] = {}
    for key, *rest in paths:
        budget.spend()
        for place, inside in _places(value, key, rest):
            if inside:
                below.setdefault(place, []).append(inside)
            else:
                gone.add(place)
    budget.hold(len(value))
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    kept = [
        (place, _without(item, below[place], budget) if place in below else item)
        for place, item in pairs
        if place not in gone
    ]
    return dict(kept) if isinstance(value, Mapping) else [item for _, item in kept]


def _places(value: Any, key: Any, rest: list[Any]) -> Iterable[tuple[Any, list[Any]]]:
    """What a step of a path means: keys or indices from 0, each with the steps that follow it."""
    if isinstance(key, str) and isinstance(value, Mapping):
        return [(key, rest)]
    if isinstance(value, list) and _is_index(key):
        index = int(key)
        return [(index + len(value) if index < 0 else index, rest)]
    if isinstance(value, list) and isinstance(key, Mapping):
        start, stop = bounds(len(value), key)
        inside = range(start, stop)
        if not rest:
            return [(index, []) for index in inside]
        first = rest[0]
        if _is_index(first) and -len(inside) <= int(first) < len(inside):
            return [(inside[int(first)], rest[1:])]
        return []
    where = "object" if isinstance(key, str) else "array"
    raise QueryError(f"Cannot delete field at {where} index of {kind(value)}")
