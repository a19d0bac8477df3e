"""Which variables and functions a part of a jq program sees, and where its environment has them."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from langflow_lite.components.jq.parser import parse_definitions
from langflow_lite.components.jq.prelude import PRELUDE
from langflow_lite.components.jq.streams import Env, Filter
from langflow_lite.components.jq.syntax import Def

__all__ = ["ROOT", "Function", "Scope", "Stopped", "name_of", "outer", "prelude"]


def name_of(definition: Def) -> str:
    """Name and number of parameters: functions that differ in one of them are different."""
    return f"{definition.name}/{len(definition.parameters)}"


class Stopped(Exception):
    """`break $name` on its way to its label."""

    def __init__(self, label: object) -> None:
        self.label = label


class Function:
    """A definition where it stands. `run` is there once something has called it."""

    __slots__ = ("definition", "run", "scope", "started")

    def __init__(self, definition: Def, scope: Scope) -> None:
        self.definition = definition
        self.scope = scope
        self.run: Filter | None = None
        self.started = False


class Scope(NamedTuple):
    """The names that a part of the program sees. `depth` is how many places the environment has there.

    `key` is a variable (`$name`), a label (`*name`) or a function (`name/2`); `found` is the place of the first two and
    of functions that are parameters.
    """

    depth: int
    key: str = ""
    found: int | Function = 0
    outer: Any = None

    def place(self, key: str) -> Scope:
        """The scope inside, with one more place in the environment."""
        return Scope(self.depth + 1, key, self.depth, self)

    def look_up(self, key: str) -> int | Function | None:
        """What a name means here; None if nothing."""
        scope: Scope | None = self
        while scope is not None:
            if scope.key == key:
                return scope.found
            scope = scope.outer
        return None


ROOT = Scope(0)


@cache
def prelude() -> dict[str, Def]:
    """The functions that are written in jq, by name and number of parameters."""
    return {name_of(each): each for each in parse_definitions(PRELUDE)}


def outer(env: Env, hops: int) -> Env:
    """The environment some places further out."""
    for _ in range(hops):
        assert env is not None
        env = env[1]
    return env
