"""Scope: a set of vertices that run together, and what has come of them so far."""

from __future__ import annotations

from typing import Any

from langflow_lite.context import RunContext
from langflow_lite.engine.plan import Plan, Schedule
from langflow_lite.engine.results import VertexResult
from langflow_lite.overrides import Overrides

__all__ = ["Scope"]


class Scope:
    """The vertices of a whole run, or of one iteration of a loop's body; then `outer` is the scope it is in.

    Values are keyed by vertex id and output name. `dead` are the vertices on stopped branches.
    """

    def __init__(
        self, plan: Plan, schedule: Schedule, ctx: RunContext, overrides: Overrides, outer: Scope | None = None
    ) -> None:
        self.plan = plan
        self.schedule = schedule
        self.ctx = ctx
        self.overrides = overrides
        self.outer = outer
        self.values: dict[tuple[str, str], Any] = {}
        self.results: dict[str, VertexResult] = {}
        self.dead: set[str] = set()

    def lookup(self, source: str, output: str) -> Any:
        """The value on an edge, from this scope or one around it; raises KeyError when the source is dead or unrun."""
        scope: Scope | None = self
        while scope is not None:
            if (source, output) in scope.values:
                return scope.values[source, output]
            scope = scope.outer
        raise KeyError(source)

    def result_of(self, id_: str) -> VertexResult | None:
        """The latest result of a vertex in this scope or one around it."""
        scope: Scope | None = self
        while scope is not None:
            if id_ in scope.results:
                return scope.results[id_]
            scope = scope.outer
        return None

    def inactive(self) -> list[str]:
        """The dead vertices so far, in file order."""
        return [id_ for id_ in self.plan.graph.vertices if id_ in self.dead] if self.dead else []
