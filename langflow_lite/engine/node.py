"""What a running component may know of its place in the graph."""

from __future__ import annotations

from langflow_lite.engine.scope import Scope
from langflow_lite.graph import Vertex
from langflow_lite.values import Source

__all__ = ["Node"]


class Node:
    """The `NodeView` of one vertex in one scope."""

    __slots__ = ("_scope", "_vertex")

    def __init__(self, scope: Scope, vertex: Vertex) -> None:
        self._scope = scope
        self._vertex = vertex

    @property
    def id(self) -> str:
        """The vertex id."""
        return self._vertex.id

    @property
    def type(self) -> str:
        """The exported type name."""
        return self._vertex.type

    @property
    def display_name(self) -> str:
        """The name shown for the node."""
        return self._vertex.display_name

    def _chat_output(self) -> Vertex | None:
        graph = self._scope.plan.graph
        for edge in graph.outgoing[self._vertex.id]:
            target = graph.vertices[edge.target]
            if target.type == "ChatOutput":
                return target
        return None

    @property
    def feeds_chat_output(self) -> bool:
        """Whether an edge goes straight into a ChatOutput."""
        return self._chat_output() is not None

    @property
    def feeds_anything(self) -> bool:
        """Whether an edge leaves it."""
        return bool(self._scope.plan.graph.outgoing[self._vertex.id])

    @property
    def chat_sender_name(self) -> str:
        """The sender name of the ChatOutput this node feeds, else "AI"."""
        target = self._chat_output()
        entry = target.template.get("sender_name") if target is not None else None
        name = entry.get("value") if isinstance(entry, dict) else None
        return name if isinstance(name, str) and name else "AI"

    def _feeding(self, field: str) -> str | None:
        scope = self._scope
        found = None
        for feed in scope.plan.vertices[self._vertex.id].feeds:
            if feed.field.name == field and scope.result_of(feed.source) is not None:
                found = feed.source
        return found

    def source_of(self, field: str) -> Source | None:
        """The component that filled the field by an edge; None when nothing did."""
        id_ = self._feeding(field)
        if id_ is None:
            return None
        vertex = self._scope.plan.graph.vertices[id_]
        result = self._scope.result_of(id_)
        model = result.model_name if result is not None else None
        return Source(id_, vertex.display_name, model or vertex.display_name)

    def source_type(self, field: str) -> str:
        """The type of that component, an empty string when there is none."""
        id_ = self._feeding(field)
        return "" if id_ is None else self._scope.plan.graph.vertices[id_].type

    def usage_upstream(self) -> dict[str, int] | None:
        """Token counts summed over all model components in front of this one."""
        scope = self._scope
        total: dict[str, int] = {}
        for id_ in scope.plan.upstream(self._vertex.id):
            result = scope.result_of(id_)
            if result is not None and result.usage:
                for key, count in result.usage.items():
                    total[key] = total.get(key, 0) + count
        return total or None
