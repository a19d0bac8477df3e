"""`as`: taking values apart, binding the parts to variables, and the three forms of the language that do so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from langflow_lite.components.jq.scope import Scope
from langflow_lite.components.jq.streams import Env, Filter, Path, Result, unplaced
from langflow_lite.components.jq.syntax import Node, Pattern
from langflow_lite.components.jq.values import Budget, QueryError, at_index, kind, shown

__all__ = ["Binding", "bindings_of", "bound", "iteration", "reduction"]

Binding = Callable[[Env, Any, Any], Iterator[Env]]
"""Called with an environment, an input and what is taken apart: the environments inside."""

_Compile = Callable[[Node, Scope], Filter]


def bindings_of(
    patterns: tuple[Pattern, ...], scope: Scope, compile_: _Compile, budget: Budget
) -> tuple[list[Binding], Scope]:
    """For each pattern what it adds to an environment, and the scope that then holds."""
    names = list(dict.fromkeys(name for pattern in patterns for name in _names(pattern)))
    inner = scope
    for name in names:
        inner = inner.place(f"${name}")
    return [_binding(_taking(pattern, scope, compile_, budget), names) for pattern in patterns], inner


def _names(pattern: Pattern) -> Iterator[str]:
    if pattern.variable:
        yield pattern.variable
    for _, inner in pattern.inner:
        yield from _names(inner)


_Take = Callable[[Env, Any, Any], Iterator[dict[str, Any]]]


def _binding(take: _Take, names: list[str]) -> Binding:
    def bind(env: Env, value: Any, taken: Any) -> Iterator[Env]:
        for found in take(env, value, taken):
            bound = env
            for name in names:
                # Those of another pattern after `?//` are null.
                bound = (found.get(name), bound)
            yield bound

    return bind


def _taking(pattern: Pattern, scope: Scope, compile_: _Compile, budget: Budget) -> _Take:
    """The values of a pattern's variables in a value."""
    if pattern.variable:
        return lambda env, value, taken: iter(({pattern.variable: taken},))
    inner = [(compile_(key, scope), _taking(part, scope, compile_, budget)) for key, part in pattern.inner]

    def take(env: Env, value: Any, taken: Any, at: int = 0) -> Iterator[dict[str, Any]]:
        if at == len(inner):
            yield {}
            return
        key_of, part = inner[at]
        for key, _ in key_of(env, value, None):
            if pattern.is_object and not isinstance(key, str):
                raise QueryError(f"Cannot index {kind(taken)} with {kind(key)} ({shown(key)})")
            for found in part(env, value, at_index(taken, key, budget)):
                for rest in take(env, value, taken, at + 1):
                    yield {**found, **rest}

    return take


def bound(budget: Budget, source: Filter, bindings: list[Binding], body: Filter) -> Filter:
    """`source as $x | body`, with further patterns behind `?//`."""
    last = len(bindings) - 1
    spend = budget.spend

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for taken, _ in source(env, value, None):
            for number, bind in enumerate(bindings):
                try:
                    for inner in bind(env, value, taken):
                        spend()
                        yield from body(inner, value, path)
                    break
                except QueryError:
                    # What follows `?//` is tried when a pattern, or what is done with it, fails.
                    if number == last:
                        raise

    return run


def reduction(budget: Budget, source: Filter, bindings: list[Binding], start: Filter, update: Filter) -> Filter:
    """`reduce source as $x (start; update)`; of an update's results the last one counts, and null where there is none."""
    spend = budget.spend

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for first in start(env, value, path):
            state = first
            for taken, _ in source(env, value, None):
                for inner in _first_fit(bindings, env, value, taken):
                    spend()
                    after: Result = (None, unplaced(path))
                    for result in update(inner, *state):
                        spend()
                        after = result
                    state = after
            yield state

    return run


def iteration(
    budget: Budget, source: Filter, bindings: list[Binding], start: Filter, update: Filter, extract: Filter
) -> Filter:
    """`foreach source as $x (start; update; extract)`."""
    spend = budget.spend

    def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
        for first in start(env, value, path):
            state = first
            for taken, _ in source(env, value, None):
                for inner in _first_fit(bindings, env, value, taken):
                    before = state
                    for state in update(inner, *before):
                        spend()
                        yield from extract(inner, *state)

    return run


def _first_fit(bindings: list[Binding], env: Env, value: Any, taken: Any) -> Iterable[Env]:
    """The environments of the first pattern that the value fits."""
    for bind in bindings[:-1]:
        try:
            return list(bind(env, value, taken))
        except QueryError:
            continue
    return bindings[-1](env, value, taken)
