"""Graph: the immutable plan compiled from a flow's data. Tolerant of every export from 1.0 to 1.13."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

from langflow_lite.errors import GraphError
from langflow_lite.exported import code_hash, is_note, mapping, node_code, source_handle, strings, target_handle
from langflow_lite.groups import Ungrouped, ungroup

__all__ = [
    "MAX_EDGES",
    "MAX_NODES",
    "DeclaredOutput",
    "Edge",
    "Graph",
    "Vertex",
    "compile_graph",
    "duplicate_ids",
    "read_vertex",
]

MAX_NODES = 5_000
MAX_EDGES = 20_000

INPUT_TYPES = ("ChatInput", "TextInput", "Webhook")
OUTPUT_TYPES = ("ChatOutput", "TextOutput", "DataOutput")


@dataclass(frozen=True, slots=True)
class DeclaredOutput:
    """An output as the file declares it; the component's own declaration may differ."""

    name: str
    method: str | None
    types: tuple[str, ...]
    allows_loop: bool


@dataclass(frozen=True, slots=True)
class Vertex:
    """One node that can run. `template` is the exported one: field name to field description.

    `code_hash` is the hash of the source inside the node, empty when there is none; the source itself is left out.
    """

    id: str
    type: str
    display_name: str
    template: Mapping[str, Any]
    outputs: tuple[DeclaredOutput, ...]
    metadata: Mapping[str, Any]
    frozen: bool
    is_input: bool
    is_output: bool
    tool_mode: bool
    code_hash: str = ""

    @property
    def has_session(self) -> bool:
        """Whether the template has a `session_id` field, which takes the run's session."""
        return "session_id" in self.template


@dataclass(frozen=True, slots=True)
class Edge:
    """One connection. `output` is the handle's output name; None means the source's only or best-typed one.

    A `closes_loop` edge carries the result of an iteration back to the output `field` of a loop; it feeds no input.
    """

    source: str
    output: str | None
    output_types: tuple[str, ...]
    target: str
    field: str
    closes_loop: bool = False


@dataclass(frozen=True)
class Graph:
    """The compiled flow, shared by all its runs. Vertices and edges are in file order, group children at the end.

    `groups` maps a group's id to the ids of its children; `proxies` maps a group's id and field to the child and field
    behind it. `signals` are pairs of vertices the second of which waits for the first although no edge joins them.
    `warnings` says what was left out (dangling edges, notes with edges).
    """

    vertices: Mapping[str, Vertex]
    edges: tuple[Edge, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proxies: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    signals: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()

    def with_signals(self, pairs: Iterable[tuple[str, str]]) -> Graph:
        """This graph with signals. Those that take part in a cycle are left out: nobody could ever hear them.

        Raises `GraphError` when there are too many.
        """
        signals = tuple(islice(pairs, MAX_EDGES + 1))
        if len(signals) > MAX_EDGES:
            raise GraphError(f"this flow has more than {MAX_EDGES} pairs of components that wait for each other's key")
        if not signals:
            return self
        graph = replace(self, signals=signals)
        if core := _cyclic(graph):
            kept = tuple(pair for pair in signals if not core.issuperset(pair))
            graph = replace(self, signals=kept)
        return graph

    @cached_property
    def incoming(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges that feed inputs, by target."""
        return self._by(lambda edge: edge.target, (edge for edge in self.edges if not edge.closes_loop))

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges that feed inputs, by source."""
        return self._by(lambda edge: edge.source, (edge for edge in self.edges if not edge.closes_loop))

    @cached_property
    def closing(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges that close a loop, by the loop's id."""
        return self._by(lambda edge: edge.target, (edge for edge in self.edges if edge.closes_loop))

    @cached_property
    def closed_by(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges that close a loop, by the vertex whose result they carry."""
        return self._by(lambda edge: edge.source, (edge for edge in self.edges if edge.closes_loop))

    def _by(self, key: Callable[[Edge], str], edges: Iterable[Edge]) -> dict[str, tuple[Edge, ...]]:
        grouped: dict[str, list[Edge]] = {}
        for edge in edges:
            grouped.setdefault(key(edge), []).append(edge)
        return {id_: tuple(grouped.get(id_, ())) for id_ in self.vertices}

    @cached_property
    def signalled_by(self) -> Mapping[str, tuple[str, ...]]:
        """The sources of signals, by target; only targets of signals are in it."""
        return _grouped((target, source) for source, target in self.signals)

    @cached_property
    def signals_to(self) -> Mapping[str, tuple[str, ...]]:
        """The targets of signals, by source; only sources of signals are in it."""
        return _grouped(self.signals)

    def descendants(self, ids: Iterable[str], *, signals: bool = True) -> set[str]:
        """The given vertices and everything behind them, without `signals` only what edges lead to."""
        heard = self.signals_to if signals else {}
        return self._reach(ids, lambda id_: (*(edge.target for edge in self.outgoing[id_]), *heard.get(id_, ())))

    def ancestors(self, ids: Iterable[str]) -> set[str]:
        """The given vertices and everything they need, the bodies of loops among it included."""
        return self._reach(
            ids,
            lambda id_: (
                *(edge.source for edge in (*self.incoming[id_], *self.closing[id_])),
                *self.signalled_by.get(id_, ()),
            ),
        )

    def _reach(self, ids: Iterable[str], step: Callable[[str], Iterable[str]]) -> set[str]:
        seen: set[str] = set()
        pending = [id_ for id_ in ids if id_ in self.vertices]
        while pending:
            id_ = pending.pop()
            if id_ not in seen:
                seen.add(id_)
                pending.extend(step(id_))
        return seen

    def members(self, id_: str) -> tuple[str, ...]:
        """The vertices an id means: itself, or a group's children; none when unknown."""
        return (id_,) if id_ in self.vertices else self.groups.get(id_, ())

    @cached_property
    def entry(self) -> frozenset[str]:
        """The vertices that `/run` and the webhook run: all that is connected with the first webhook or chat input.

        The whole graph when there is no such input, or when no output would run otherwise.
        """
        everything = frozenset(self.vertices)
        start = self._first_input("webhook") or self._first_input("chat")
        if start is None:
            return everything
        chosen = frozenset(self.ancestors(self.descendants([start])))
        if any(self.vertices[id_].is_output for id_ in chosen):
            return chosen
        return everything if any(vertex.is_output for vertex in self.vertices.values()) else chosen

    def _first_input(self, word: str) -> str | None:
        for vertex in self.vertices.values():
            if vertex.is_input and (word in vertex.id.lower() or word in vertex.type.lower()):
                return vertex.id
        return None

    def partial(self, start: str | None, stop: str | None) -> frozenset[str]:
        """The vertices of a run between a start and a stop component; empty when either is unknown.

        Start: everything behind it and what that needs. Stop: it and what it needs.
        """
        chosen = set(self.vertices)
        if stop is not None:
            chosen &= self.ancestors(self.members(stop))
        if start is not None:
            chosen &= self.ancestors(self.descendants(self.members(start)))
        return frozenset(chosen)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    grouped: dict[str, list[str]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in grouped.items()}


def duplicate_ids(data: Mapping[str, Any]) -> list[str]:
    """Node ids that occur more than once, in file order; such a flow is refused when it is saved."""
    seen: set[str] = set()
    repeated: dict[str, None] = {}
    for node in data.get("nodes") or ():
        id_ = node.get("id") if isinstance(node, Mapping) else None
        if isinstance(id_, str):
            if id_ in seen:
                repeated[id_] = None
            seen.add(id_)
    return list(repeated)


def compile_graph(data: Mapping[str, Any]) -> Graph:
    """Compile the `data` of a flow, or a whole exported document that holds it.

    Raises `GraphError` naming the place: no node list, too many nodes or edges, a node without an id, a cycle that is
    not a loop's. Notes are left out and dangling edges dropped with a warning; types of handles are never a reason
    to refuse, values are converted when they arrive.
    """
    if "nodes" not in data and isinstance(data.get("data"), Mapping):
        data = data["data"]
    nodes, edges = _list(data, "nodes"), _list(data, "edges")
    if len(nodes) > MAX_NODES or len(edges) > MAX_EDGES:
        raise GraphError(
            f"this flow has {len(nodes)} nodes and {len(edges)} edges; at most {MAX_NODES} and {MAX_EDGES} can be run"
        )
    flat = ungroup(nodes, edges)
    if len(flat.nodes) > MAX_NODES:
        raise GraphError(f"this flow has more than {MAX_NODES} nodes once its groups are expanded")
    warnings = list(flat.warnings)
    vertices: dict[str, Vertex] = {}
    notes: set[str] = set()
    for node in flat.nodes:
        if is_note(node):
            notes.add(str(node.get("id")))
            continue
        vertex = read_vertex(node)
        vertices[vertex.id] = vertex
    graph = Graph(
        vertices=vertices,
        edges=tuple(_edges(flat, vertices, notes, warnings)),
        groups=flat.groups,
        proxies=flat.proxies,
        warnings=tuple(warnings),
    )
    _refuse_cycles(graph)
    return graph


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list):
        raise GraphError(f"this flow cannot be run: its data has no list of {key}")
    return value


def read_vertex(node: Mapping[str, Any]) -> Vertex:
    """One exported node as a vertex; raises `GraphError` when it has no id or no type."""
    inner = mapping(node.get("data"))
    described = mapping(inner.get("node"))
    id_ = node.get("id", inner.get("id"))
    type_ = inner.get("type")
    if not isinstance(id_, str) or not id_:
        raise GraphError("this flow cannot be run: a node has no id")
    if not isinstance(type_, str) or not type_:
        raise GraphError(f"this flow cannot be run: node {id_} has no type", [id_])
    prefix = id_.partition("-")[0]
    outputs = described.get("outputs")
    return Vertex(
        id=id_,
        type=type_,
        display_name=str(described.get("display_name") or inner.get("display_name") or type_),
        template=_template(described.get("template")),
        outputs=tuple(map(_declared, filter(_is_mapping, outputs if isinstance(outputs, list) else ()))),
        metadata=mapping(described.get("metadata")),
        frozen=described.get("frozen") is True,
        is_input=described.get("is_input") is True or type_ in INPUT_TYPES or prefix in INPUT_TYPES,
        is_output=described.get("is_output") is True or type_ in OUTPUT_TYPES or prefix in OUTPUT_TYPES,
        tool_mode=described.get("tool_mode") is True,
        code_hash=code_hash(node_code(node)),
    )


def _template(value: Any) -> dict[str, Any]:
    # The component's source, often most of the file, is never used: keep only that there is such a field.
    return {
        key: {"type": "code"} if key == "code" and isinstance(entry, Mapping) else entry
        for key, entry in mapping(value).items()
    }


def _declared(output: Mapping[str, Any]) -> DeclaredOutput:
    method = output.get("method")
    return DeclaredOutput(
        name=str(output.get("name") or ""),
        method=method if isinstance(method, str) else None,
        types=strings(output.get("types")),
        allows_loop=output.get("allows_loop") is True,
    )


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _edges(flat: Ungrouped, vertices: Mapping[str, Vertex], notes: set[str], warnings: list[str]) -> Iterator[Edge]:
    seen: set[Edge] = set()
    for raw in flat.edges:
        source, target = raw.get("source"), raw.get("target")
        missing = [str(end) for end in (source, target) if not isinstance(end, str) or end not in vertices]
        if missing:
            what = "is a note" if missing[0] in notes else "is not in the flow"
            warnings.append(f"edge from {source} to {target} dropped: {missing[0]} {what}")
            continue
        edge = _edge(str(source), str(target), source_handle(raw), target_handle(raw))
        if edge is None:
            warnings.append(f"edge from {source} to {target} dropped: its target handle names no field")
        elif edge not in seen:
            seen.add(edge)
            yield edge


def _edge(source: str, target: str, out: Mapping[str, Any], into: Mapping[str, Any]) -> Edge | None:
    output = out.get("name")
    types = strings(out.get("output_types")) or strings(out.get("baseClasses"))
    field_name = into.get("fieldName")
    # The edge that closes a loop ends at the loop's output, so its target handle has the shape of a source handle.
    closes_loop = not isinstance(field_name, str) and isinstance(into.get("name"), str)
    name = into.get("name") if closes_loop else field_name
    if not isinstance(name, str):
        return None
    return Edge(source, output if isinstance(output, str) else None, types, target, name, closes_loop)


def _refuse_cycles(graph: Graph) -> None:
    core = _cyclic(graph)
    if not core:
        return
    named = [id_ for id_ in graph.vertices if id_ in core]
    shown = ", ".join(named[:20]) + (f" and {len(named) - 20} more" if len(named) > 20 else "")
    raise GraphError(
        f"this flow has a cycle through {shown}; only the body of a Loop component may lead back to it", named
    )


def _cyclic(graph: Graph) -> set[str]:
    """The vertices of the cycles and what joins these; empty when there is none."""

    def before(id_: str) -> list[str]:
        return [*(edge.source for edge in graph.incoming[id_]), *graph.signalled_by.get(id_, ())]

    def after(id_: str) -> list[str]:
        return [*(edge.target for edge in graph.outgoing[id_]), *graph.signals_to.get(id_, ())]

    # Peeling from the far end as well leaves the cycles, not everything behind them.
    return _peel(_peel(set(graph.vertices), before, after), after, before)


def _peel(left: set[str], before: Callable[[str], list[str]], after: Callable[[str], list[str]]) -> set[str]:
    """Take away, again and again, whatever has nothing left before it."""
    degrees = {id_: sum(other in left for other in before(id_)) for id_ in left}
    free = deque(id_ for id_, count in degrees.items() if count == 0)
    while free:
        id_ = free.popleft()
        left.discard(id_)
        for other in after(id_):
            if other in left:
                degrees[other] -= 1
                if degrees[other] == 0:
                    free.append(other)
    return left
