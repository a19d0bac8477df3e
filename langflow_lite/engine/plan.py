"""Plan: a graph bound to the components of this server. Made once per flow version and shared by its runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langflow_lite.compat.errors import CodeUntrusted, CustomCodeError
from langflow_lite.compat.trusted import TrustedCode
from langflow_lite.components.base import TOOLKIT, Component, LoopingComponent, Output
from langflow_lite.components.registry import Registry
from langflow_lite.engine.params import FieldPlan, VertexParams, bind_field, plan_params
from langflow_lite.errors import ComponentsUnsupported, GraphError
from langflow_lite.exported import code_hash, field_code
from langflow_lite.graph import Edge, Graph, Vertex, read_vertex

__all__ = ["Feed", "LoopPlan", "Plan", "Schedule", "VertexPlan", "has_component"]


@dataclass(frozen=True, slots=True)
class Feed:
    """An edge as its target sees it: which value of which source goes into which field."""

    source: str
    output: str
    field: FieldPlan


@dataclass(frozen=True, slots=True)
class VertexPlan:
    """How one vertex runs: its component class, its parameters, what feeds it and the outputs that somebody wants.

    `outputs` maps the name an output has in the file, under which results and edges know it, to the component's own.
    `lacking` are outputs that edges name and the component does not have. `needed` are required handles, `fed` the
    fields that edges go into. `frozen` says that the result of an earlier run will do; tools belong to their own run.
    """

    vertex: Vertex
    component: type[Component]
    params: VertexParams
    feeds: tuple[Feed, ...]
    outputs: Mapping[str, Output]
    lacking: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    fed: frozenset[str] = frozenset()
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """The body of a loop, and the edge that brings back the result of an iteration (None: there is nothing to run)."""

    body: frozenset[str]
    closing: Edge | None


@dataclass(frozen=True)
class Plan:
    """A graph with everything a run can know beforehand. Build it with `Plan.of`.

    `unsupported` describes the vertices whose type this server does not have; `warnings` are the graph's own and more.
    """

    graph: Graph
    vertices: Mapping[str, VertexPlan]
    loops: Mapping[str, LoopPlan]
    unsupported: Mapping[str, Mapping[str, str]]
    warnings: tuple[str, ...]
    _schedules: dict[frozenset[str], Schedule] = field(default_factory=dict, repr=False)
    _bodies: dict[str, Schedule] = field(default_factory=dict, repr=False)
    _upstream: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, graph: Graph, registry: Registry, trusted: TrustedCode | None = None) -> Plan:
        """Bind a graph: each vertex to its own code if that is trusted, else to the component of its type.

        Never fails for an unknown type: that matters only to a run that includes it.
        """
        components: dict[str, type[Component]] = {}
        unsupported: dict[str, Mapping[str, str]] = {}
        warnings = list(graph.warnings)
        for vertex in graph.vertices.values():
            try:
                component = _component(vertex, registry, trusted)
            except CustomCodeError as error:
                unsupported[vertex.id] = _unsupported(vertex, "user_code_unusable", error.message)
                continue
            if component is not None:
                if refusal := _untrusted_field(graph, vertex, component, trusted):
                    unsupported[vertex.id] = _unsupported(vertex, "user_code_untrusted", refusal)
                else:
                    components[vertex.id] = component
                    if _written_by_model(vertex, component):
                        warnings.append(
                            f"{vertex.display_name} (node {vertex.id}) runs no code that a model writes; "
                            "a model that calls it is told so"
                        )
                continue
            unsupported[vertex.id] = _unsupported(vertex, *_missing(vertex, registry))
        graph = graph.with_signals(_signals(graph, components))
        vertices = {id_: _plan_vertex(graph, graph.vertices[id_], components) for id_ in components}
        loops = {
            id_: _plan_loop(graph, id_, planned.component)
            for id_, planned in vertices.items()
            if issubclass(planned.component, LoopingComponent)
        }
        return cls(graph, vertices, loops, unsupported, tuple(warnings))

    def schedule(self, chosen: frozenset[str]) -> Schedule:
        """The order of a run over the chosen vertices; raises `ComponentsUnsupported` naming every type it lacks."""
        known = self._schedules.get(chosen)
        if known is None:
            known = Schedule.of(self, chosen)
            # Partial runs of one flow are few; a client cannot make this grow without bound.
            if len(self._schedules) < 64:
                self._schedules[chosen] = known
        return known

    def body_schedule(self, loop: str) -> Schedule:
        """The order of one iteration of a loop's body."""
        known = self._bodies.get(loop)
        if known is None:
            known = self._bodies[loop] = Schedule.of(self, self.loops[loop].body, inside=loop)
        return known

    def output_name(self, edge: Edge) -> str:
        """The name under which the value of an edge is kept, for handles that name no output too."""
        if edge.output is not None:
            return edge.output
        planned = self.vertices[edge.source]
        found = _output_of(edge, planned.vertex, planned.component)
        return found.name if found is not None else ""

    def is_stranded(self, id_: str) -> bool:
        """Whether a vertex needs what an edge would bring, and no edge goes to it or from it."""
        planned = self.vertices.get(id_)
        if planned is None or self.graph.incoming[id_] or self.graph.outgoing[id_]:
            return False
        return any(planned.params.values.get(name) is None for name in planned.needed)

    def upstream(self, id_: str) -> tuple[str, ...]:
        """Everything in front of a vertex."""
        known = self._upstream.get(id_)
        if known is None:
            known = self._upstream[id_] = tuple(self.graph.ancestors([id_]) - {id_})
        return known


def _missing(vertex: Vertex, registry: Registry) -> tuple[str, str]:
    """Why there is no component for a vertex, in a word, and what to do about it."""
    reason, suggestion = registry.explain(vertex.type, vertex.metadata)
    if not vertex.code_hash:
        if reason == "unknown_type" and not vertex.outputs:
            suggestion = (
                "flows of releases before 1.0 are made of components that are gone: build it anew in a later Langflow, "
                f"or {suggestion}"
            )
        return reason, suggestion
    trust = "trust it with `langflow-lite trust FLOW.json`"
    if reason in ("unknown_type", "user_code_untrusted"):
        suggestion = (
            f"its code came with the flow; look at it and {trust} (SHA-256 {vertex.code_hash}), or {suggestion}"
        )
        return "user_code_untrusted", suggestion
    return reason, f"{suggestion}; its code came with the flow too: install what that imports and {trust}"


def _untrusted_field(
    graph: Graph, vertex: Vertex, component: type[Component], trusted: TrustedCode | None
) -> str | None:
    """Why code in the fields of a vertex will not run."""
    for name in component.code_fields:
        if any(edge.field == name for edge in graph.incoming[vertex.id]):
            return "code that another component writes is never run; write it into the node and trust it there"
        if _written_by_model(vertex, component):
            continue
        hash_ = code_hash(field_code(vertex.template, name))
        if hash_ and (trusted is None or hash_ not in trusted):
            return CodeUntrusted(hash_).message
    return None


def _written_by_model(vertex: Vertex, component: type[Component]) -> bool:
    return vertex.tool_mode and any(component.inputs[name].tool_mode for name in component.code_fields)


def _signals(graph: Graph, components: Mapping[str, type[Component]]) -> Iterator[tuple[str, str]]:
    """The vertices that announce something under a key, each with those that wait for that key."""
    announced = [(id_, _key(graph.vertices[id_], cls, cls.announces)) for id_, cls in components.items()]
    awaited = [(id_, _key(graph.vertices[id_], cls, cls.awaits)) for id_, cls in components.items()]
    for source, key in announced:
        if key:
            yield from ((source, target) for target, other in awaited if other == key)


def _key(vertex: Vertex, component: type[Component], name: str) -> str:
    if not name:
        return ""
    return str(plan_params(vertex, component).values.get(name, "")).strip()


def has_component(node: Mapping[str, Any], registry: Registry, trusted: TrustedCode | None = None) -> bool:
    """Whether there is something here that runs an exported node."""
    try:
        return _component(read_vertex(node), registry, trusted) is not None
    except (GraphError, CustomCodeError):
        return False


def _component(vertex: Vertex, registry: Registry, trusted: TrustedCode | None) -> type[Component] | None:
    own = None if trusted is None else trusted.component(vertex.code_hash, vertex.type, vertex.metadata)
    return own or registry.resolve(vertex.type, vertex.metadata)


def _unsupported(vertex: Vertex, reason: str, suggestion: str) -> dict[str, str]:
    return {
        "id": vertex.id,
        "type": vertex.type,
        "display_name": vertex.display_name,
        "reason": reason,
        "suggestion": suggestion,
    }


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a scope of vertices waits for. A scope is a whole run, or the body of a loop for one iteration.

    `waits` counts the edges and signals each vertex waits for, `after` names who is told when a vertex is done (once
    for each of them), `first` are the vertices that can start at once, inputs before all others. `listed` is every
    vertex of the run including loop bodies, in file order. `pausing` are those at which it will wait for a person.
    """

    scope: frozenset[str]
    waits: Mapping[str, int]
    after: Mapping[str, tuple[str, ...]]
    first: tuple[str, ...]
    listed: tuple[str, ...]
    pausing: tuple[Vertex, ...]

    @classmethod
    def of(cls, plan: Plan, chosen: Iterable[str], *, inside: str | None = None) -> Schedule:
        """The schedule of the chosen vertices; `inside` names the loop whose body they are."""
        graph = plan.graph
        # A flow of nothing but tools is tried out by running them.
        run = {id_ for id_ in chosen if not _is_idle_tool(graph, id_)} or set(chosen)
        for id_, loop in plan.loops.items():
            if id_ in run or (inside is None and run & loop.body):
                run |= loop.body | {id_}
        _refuse_unsupported(plan, run)
        owner = _owners(plan, run, inside)
        scope = [id_ for id_ in graph.vertices if id_ in run and id_ not in owner]
        waits = dict.fromkeys(scope, 0)
        after: dict[str, list[str]] = {id_: [] for id_ in scope}
        edges = [(edge.source, edge.target) for edge in graph.edges if not edge.closes_loop]
        for source, end in (*edges, *graph.signals):
            # A loop's vertex stands for its body, so it waits for whatever the body needs from outside.
            target = owner.get(end, end)
            if source in after and target in waits and target != source:
                waits[target] += 1
                after[source].append(target)
        ready = [id_ for id_ in scope if waits[id_] == 0]
        ready.sort(key=lambda id_: not graph.vertices[id_].is_input)
        listed = tuple(id_ for id_ in graph.vertices if id_ in run)
        return cls(
            scope=frozenset(scope),
            waits=waits,
            after={id_: tuple(targets) for id_, targets in after.items()},
            first=tuple(ready),
            listed=listed,
            pausing=tuple(
                graph.vertices[id_] for id_ in listed if plan.vertices[id_].component.pauses and graph.outgoing[id_]
            ),
        )


def _owners(plan: Plan, run: set[str], inside: str | None) -> dict[str, str]:
    """The loop in this scope that runs each body vertex; of nested loops, the outermost."""
    loops = [id_ for id_ in plan.loops if id_ in run and id_ != inside]
    outermost = [id_ for id_ in loops if not any(id_ in plan.loops[other].body for other in loops if other != id_)]
    return {member: id_ for id_ in outermost for member in plan.loops[id_].body if member in run}


def _is_idle_tool(graph: Graph, id_: str) -> bool:
    vertex = graph.vertices[id_]
    return vertex.tool_mode and not graph.outgoing[id_] and not vertex.is_output


def _refuse_unsupported(plan: Plan, run: set[str]) -> None:
    """Take out of a run what cannot run and need not; raise `ComponentsUnsupported` for what has to."""
    graph = plan.graph
    nothing_else = run <= plan.unsupported.keys()
    refused = [
        description
        for id_, description in plan.unsupported.items()
        if id_ in run and (graph.incoming[id_] or graph.outgoing[id_] or nothing_else)
    ]
    for id_, planned in plan.vertices.items():
        if id_ in run and planned.lacking:
            refused.append(_lacking(planned))
    if refused:
        raise ComponentsUnsupported(refused)
    # One that is connected with nothing cannot change an answer.
    run.difference_update(plan.unsupported)
    if (stranded := {id_ for id_ in run if plan.is_stranded(id_)}) < run:
        run.difference_update(stranded)


def _lacking(planned: VertexPlan) -> dict[str, str]:
    vertex = planned.vertex
    names = ", ".join(planned.lacking)
    advice = f"this server's {planned.component.display_name} has no output {names}; connect another one"
    return _unsupported(vertex, "unknown_output", advice)


def _plan_vertex(graph: Graph, vertex: Vertex, components: Mapping[str, type[Component]]) -> VertexPlan:
    component = components[vertex.id]
    declared = {spec.name: spec for spec in vertex.outputs}
    wanted: dict[str, Output] = {}
    lacking: dict[str, None] = {}
    for edge in (*graph.outgoing[vertex.id], *graph.closed_by[vertex.id]):
        found = _output_of(edge, vertex, component)
        if found is None:
            lacking[edge.output or "of a matching type"] = None
        else:
            wanted[edge.output or found.name] = found
    if not wanted and not lacking:
        for spec in declared.values():
            found = component.find_output(spec.name, spec.method, spec.types)
            if found is not None:
                wanted[spec.name] = found
        wanted = wanted or {name: spec for name, spec in component.outputs.items() if not spec.hidden}
    params = plan_params(vertex, component)
    # What a tool lacks now the model may bring when it calls it.
    only_tools = all(spec is TOOLKIT for spec in wanted.values())
    needed = () if only_tools else component.inputs.items()
    feeds = tuple(_feeds(graph, vertex, components, params))
    return VertexPlan(
        vertex,
        component,
        params,
        feeds,
        wanted,
        tuple(lacking),
        tuple(name for name, spec in needed if spec.required and spec.kind.edge_only),
        frozenset(feed.field.name for feed in feeds),
        vertex.frozen
        and not issubclass(component, LoopingComponent)
        and not any("Tool" in spec.types for spec in wanted.values()),
    )


def _output_of(edge: Edge, source: Vertex, component: type[Component]) -> Output | None:
    method = next((spec.method for spec in source.outputs if spec.name == edge.output), None)
    return component.find_output(edge.output, method, edge.output_types)


def _feeds(
    graph: Graph, vertex: Vertex, components: Mapping[str, type[Component]], params: VertexParams
) -> Iterator[Feed]:
    for edge in graph.incoming[vertex.id]:
        source = components.get(edge.source)
        if source is None:
            continue
        found = _output_of(edge, graph.vertices[edge.source], source)
        bound = params.fields.get(edge.field) or bind_field(edge.field, {}, components[vertex.id])
        if found is not None:
            yield Feed(edge.source, edge.output or found.name, bound)


def _plan_loop(graph: Graph, id_: str, component: type[LoopingComponent]) -> LoopPlan:
    closing = next((edge for edge in graph.closing[id_] if edge.field == component.loop_output), None)
    starts = [edge.target for edge in graph.outgoing[id_] if edge.output == component.loop_output]
    behind = [edge.target for edge in graph.outgoing[id_] if edge.output != component.loop_output]
    body = frozenset(graph.descendants(starts) - graph.descendants(behind) - {id_})
    return LoopPlan(body, closing if closing is not None and closing.source in body else None)
