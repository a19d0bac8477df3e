"""Results of frozen vertices, kept between runs."""

from __future__ import annotations

from collections import OrderedDict

from langflow_lite.engine.results import VertexResult

__all__ = ["FrozenCache"]


class FrozenCache:
    """The last result of each frozen vertex, by flow id and vertex id; the least recently used are let go."""

    def __init__(self, size: int = 512) -> None:
        self._size = size
        self._results: OrderedDict[tuple[str, str], VertexResult] = OrderedDict()

    def get(self, flow_id: str, vertex_id: str) -> VertexResult | None:
        """The kept result, marked as frozen, or None."""
        result = self._results.get((flow_id, vertex_id))
        if result is not None:
            self._results.move_to_end((flow_id, vertex_id))
        return result

    def put(self, flow_id: str, vertex_id: str, result: VertexResult) -> None:
        """Keep a result for later runs."""
        kept = VertexResult(vertex=result.vertex, outputs=dict(result.outputs), frozen=True)
        self._results[flow_id, vertex_id] = kept
        if len(self._results) > self._size:
            self._results.popitem(last=False)

    def forget(self, flow_id: str) -> None:
        """Drop everything kept for a flow, because it has changed."""
        for key in [key for key in self._results if key[0] == flow_id]:
            del self._results[key]
