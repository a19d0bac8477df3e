"""What filters are made of: results with their paths, and the environment they run in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langflow_lite.components.jq.values import Budget, QueryError, items_of, shown

__all__ = ["NOWHERE", "Env", "Filter", "Path", "Result", "each", "made", "paths_of", "products", "step", "unplaced"]

Path = tuple[Any, ...] | None
Env = tuple[Any, Any] | None
Result = tuple[Any, Path]
Filter = Callable[[Env, Any, Path], Iterator[Result]]
"""Called with an environment, an input and the path of this input, or None where nobody asks for paths."""

NOWHERE: tuple[Any, ...] = ("nowhere",)
"""The path of a value that the program made itself."""


def unplaced(path: Path) -> Path:
    """The path of a value that is certainly new."""
    return None if path is None else NOWHERE


def step(path: Path, key: Any, value: Any) -> Path:
    """The path of what lies in a value under a key; raises `QueryError` where there is none."""
    if path is None:
        return None
    if path is NOWHERE:
        raise QueryError(f"Invalid path expression with result {shown(value)}")
    return (*path, key)


def made(path: Path, before: Any, value: Any) -> Path:
    """The path of a value the program made: as in jq, a scalar that equals the input is taken for the input."""
    if path is None:
        return None
    same = value is before or (
        not isinstance(value, (str, list, Mapping)) and type(value) is type(before) and value == before
    )
    return path if same else NOWHERE


def each(budget: Budget, value: Any, path: Path) -> Iterator[Result]:
    """`.[]`"""
    spend = budget.spend
    if path is None:
        for item in items_of(value):
            spend()
            yield item, None
        return
    items = items_of(value)
    for key, item in zip(value if isinstance(value, Mapping) else range(len(items)), items, strict=True):
        spend()
        yield item, step(path, key, value)


def paths_of(places: Filter, env: Env, value: Any) -> Iterator[tuple[Any, ...]]:
    """The paths of all results; raises `QueryError` for one that the program made itself."""
    for result, where in places(env, value, ()):
        if where is None or where is NOWHERE:
            raise QueryError(f"Invalid path expression with result {shown(result)}")
        yield where


def products(filters: Sequence[Filter], env: Env, value: Any) -> Iterator[tuple[Any, ...]]:
    """The values of several filters in all combinations; those of the first change fastest."""
    if not filters:
        yield ()
        return
    for last, _ in filters[-1](env, value, None):
        for before in products(filters[:-1], env, value):
            yield (*before, last)
