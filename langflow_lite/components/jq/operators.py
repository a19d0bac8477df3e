"""Operators of jq between filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langflow_lite.components.jq.paths import Rewriter, delete_paths
from langflow_lite.components.jq.streams import Env, Filter, Path, Result, made, paths_of, unplaced
from langflow_lite.components.jq.values import Budget, QueryError, arithmetic, compared, truthy

__all__ = ["alternative", "assignment", "computation", "either"]


def computation(budget: Budget, op: str, left: Filter, right: Filter) -> Filter:
    """Arithmetic or a comparison, of all pairs of results; those on the left change fastest."""
    compute = arithmetic if op in "+-*/%" else compared

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for b, _ in right(env, value, None):
            for a, _ in left(env, value, None):
                budget.spend()
                result = compute(op, a, b, budget)
                yield result, made(path, value, result)

    return run


def either(settled: bool, left: Filter, right: Filter) -> Filter:
    """`or` if a true left side settles it, `and` if a false one does."""

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for a, _ in left(env, value, None):
            if truthy(a) is settled:
                yield settled, made(path, value, settled)
                continue
            for b, _ in right(env, value, None):
                yield truthy(b), made(path, value, truthy(b))

    return run


def alternative(left: Filter, right: Filter) -> Filter:
    """`left // right`: what is neither null nor false on the left, else the right side."""

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        found = False
        results = left(env, value, path)
        while True:
            try:
                result = next(results, None)
            except QueryError:
                result = None
            if result is None:
                break
            if truthy(result[0]):
                found = True
                yield result
        if not found:
            yield from right(env, value, path)

    return run


def assignment(budget: Budget, op: str, places: Filter, value_of: Filter) -> Filter:
    """`places op= value`; for `|=` the op is `|`, for `=` it is empty."""

    def update(env: Env, value: Any) -> Any:
        rewriter = Rewriter(value, budget)
        gone = []
        for where in paths_of(places, env, value):
            budget.spend()
            new = next(value_of(env, rewriter.get(where), None), None)
            if new is None:
                gone.append(list(where))
            else:
                rewriter.set(where, new[0])
        return delete_paths(rewriter.value, gone, budget) if gone else rewriter.value

    def assign(env: Env, value: Any, given: Any) -> Any:
        rewriter = Rewriter(value, budget)
        for where in paths_of(places, env, value):
            budget.spend()
            if op == "":
                rewriter.set(where, given)
            elif op == "//":
                known = rewriter.get(where)
                rewriter.set(where, known if truthy(known) else given)
            else:
                rewriter.set(where, arithmetic(op, rewriter.get(where), given, budget))
        return rewriter.value

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        made = unplaced(path)
        if op == "|":
            yield update(env, value), made
            return
        for given, _ in value_of(env, value, None):
            yield assign(env, value, given), made

    return run
