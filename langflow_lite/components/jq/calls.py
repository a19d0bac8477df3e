"""Calls of jq functions. An argument is not a value: it is a filter and the environment it runs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langflow_lite.components.jq.scope import Function, outer
from langflow_lite.components.jq.streams import Env, Filter, Path, Result, made, products
from langflow_lite.components.jq.values import Budget

__all__ = ["call_of_function", "call_of_native", "call_of_parameter"]


def call_of_parameter(budget: Budget, hops: int) -> Filter:
    """What the function around was called with, `hops` places further out."""
    spend = budget.spend

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        place = outer(env, hops)
        assert place is not None
        spend()
        inner, its_env = place[0]
        return inner(its_env, value, path)  # type: ignore[no-any-return]

    return run


def call_of_function(budget: Budget, function: Function, arguments: Sequence[Filter], hops: int) -> Filter:
    """A function that is written in jq; what it sees is the environment of its definition, `hops` places further out."""
    spend = budget.spend

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        spend()
        inner = outer(env, hops)
        for argument in arguments:
            inner = ((argument, env), inner)
        assert function.run is not None
        return function.run(inner, value, path)

    return run


def call_of_native(budget: Budget, native: Callable[..., Any], arguments: Sequence[Filter]) -> Filter:
    """A function that is written in Python, called with all combinations of its arguments' results."""

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for given in products(arguments, env, value):
            budget.spend()
            result = native(budget, value, *given)
            yield result, made(path, value, result)

    return run
