"""Scene: what there is to see of a flow. Read from the exported data, tolerant of everything that is not as expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langflow_lite.drawing.text import clean
from langflow_lite.errors import GraphError
from langflow_lite.exported import is_note, source_handle, target_handle

__all__ = ["MAX_BOXES", "MAX_WIRES", "Box", "Note", "Port", "Runnable", "Scene", "Wire", "read_scene"]

MAX_BOXES = 2_000
MAX_WIRES = 8_000

_MAX_NAME = 300
_MAX_TYPES = 8
_FARTHEST = 1e6

Point = tuple[float, float]

Runnable = Callable[[Mapping[str, Any]], bool]
"""Whether this server has a component for an exported node."""


@dataclass(slots=True)
class Port:
    """A field or an output of a box that an edge ends at; `row` counts those on its side of the box from above."""

    label: str
    row: int


@dataclass(slots=True)
class Box:
    """A component, or a group of `members` components. `at` is its exported position, None when it has none.

    `inputs` and `outputs` are the connected ones, in the order of the edges. `minimized` ones show their name only.
    """

    id: str
    name: str
    type: str
    at: Point | None
    size: tuple[float, float] | None
    output_type: str = ""
    members: int = 0
    minimized: bool = False
    runnable: bool = True
    inputs: dict[str, Port] = field(default_factory=dict)
    outputs: dict[str, Port] = field(default_factory=dict)


@dataclass(slots=True)
class Note:
    """A note of the author: Markdown, and the name of its colour."""

    text: str
    at: Point | None
    size: tuple[float, float] | None
    colour: str


@dataclass(slots=True)
class Wire:
    """An edge from an output of a box to a field of another. One that `closes_loop` carries an iteration's result back."""

    source: Box
    output: str
    target: Box
    field: str
    type: str
    closes_loop: bool


@dataclass(slots=True)
class Scene:
    """The boxes, notes and wires of a flow, in file order."""

    boxes: list[Box]
    notes: list[Note]
    wires: list[Wire]


def read_scene(data: Mapping[str, Any], runnable: Runnable = lambda _: True) -> Scene:
    """What is seen of a flow's `data`, or of a whole exported document. Groups are one box each.

    A flow that cannot be run can still be looked at: nodes and edges that make no sense are left out. Raises
    `GraphError` for one that is too large to be drawn.
    """
    if "nodes" not in data:
        data = _mapping(data.get("data"))
    nodes, edges = _objects(data.get("nodes")), _objects(data.get("edges"))
    if len(nodes) > MAX_BOXES or len(edges) > MAX_WIRES:
        raise GraphError(
            f"this flow has {len(nodes)} nodes and {len(edges)} edges; at most {MAX_BOXES} and {MAX_WIRES} can be drawn"
        )
    notes = [_note(node) for node in nodes if is_note(node)]
    shown = {str(node.get("id")): node for node in nodes if not is_note(node)}
    boxes = {id_: _box(id_, node, runnable) for id_, node in shown.items()}
    wires = list(_wires(edges, boxes, shown))
    return Scene(list(boxes.values()), notes, wires)


def _box(id_: str, node: Mapping[str, Any], runnable: Runnable) -> Box:
    inner = _mapping(node.get("data"))
    described = _mapping(inner.get("node"))
    type_ = _text(inner.get("type")) or _text(node.get("type")) or "?"
    members = _members(described)
    outputs = _objects(described.get("outputs"))
    declared = next((types for output in outputs if (types := _strings(output.get("types")))), None)
    return Box(
        id=clean(id_, _MAX_NAME),
        name=clean(_text(described.get("display_name")) or _text(inner.get("display_name")) or type_, _MAX_NAME) or "?",
        type=clean(type_, _MAX_NAME),
        at=_position(node),
        size=_size(node),
        output_type=(declared or _strings(described.get("base_classes")) or [""])[0],
        members=len(members),
        minimized=inner.get("showNode") is False,
        runnable=all(map(runnable, members)) if members else runnable(node),
    )


def _members(described: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The components inside a group, those of groups inside it included; none when it is no group."""
    found: list[Mapping[str, Any]] = []
    pending = [described]
    while pending and len(found) <= MAX_BOXES:
        inner = _mapping(_mapping(pending.pop().get("flow")).get("data"))
        for node in _objects(inner.get("nodes")):
            described = _mapping(_mapping(node.get("data")).get("node"))
            if _objects(_mapping(_mapping(described.get("flow")).get("data")).get("nodes")):
                pending.append(described)
            elif not is_note(node):
                found.append(node)
    return found[:MAX_BOXES]


def _note(node: Mapping[str, Any]) -> Note:
    described = _mapping(_mapping(node.get("data")).get("node"))
    colour = _text(_mapping(described.get("template")).get("backgroundColor"))
    return Note(_text(described.get("description")), _position(node), _size(node), colour)


def _wires(
    edges: Iterable[Mapping[str, Any]], boxes: Mapping[str, Box], nodes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Wire]:
    seen: set[tuple[str, str, str, str]] = set()
    declared = {id_: _output_names(node) for id_, node in nodes.items()}
    for edge in edges:
        from_, to = str(edge.get("source")), str(edge.get("target"))
        if from_ not in boxes or to not in boxes:
            continue
        out, into = source_handle(edge), target_handle(edge)
        field_name, back = _text(into.get("fieldName")), _text(into.get("name"))
        output = _text(out.get("name"))
        closes_loop = not field_name and bool(back)
        key = (from_, output, to, field_name or back)
        if key in seen:
            continue
        seen.add(key)
        source, target = boxes[from_], boxes[to]
        found = _strings(out.get("output_types")) or _strings(out.get("baseClasses"))
        type_ = (found or [source.output_type])[0]
        if output not in source.outputs:
            source.outputs[output] = Port(_label(declared[from_].get(output), output), len(source.outputs))
        name = f"\0{back}" if closes_loop else field_name
        if name not in target.inputs:
            shown = declared[to].get(back) if closes_loop else _field_name(nodes[to], field_name)
            target.inputs[name] = Port(_label(shown, field_name or back), len(target.inputs))
        yield Wire(source, output, target, name, type_, closes_loop)


def _output_names(node: Mapping[str, Any]) -> dict[str, Any]:
    """The shown name of each output that a node declares."""
    described = _mapping(_mapping(node.get("data")).get("node"))
    return {_text(output.get("name")): output.get("display_name") for output in _objects(described.get("outputs"))}


def _field_name(node: Mapping[str, Any], name: str) -> Any:
    template = _mapping(_mapping(_mapping(node.get("data")).get("node")).get("template"))
    return _mapping(template.get(name)).get("display_name")


def _label(shown: Any, name: str) -> str:
    return clean(_text(shown) or name.replace("_", " "), _MAX_NAME)


def _position(node: Mapping[str, Any]) -> Point | None:
    position = _mapping(node.get("position"))
    x, y = _number(position.get("x")), _number(position.get("y"))
    return None if x is None or y is None else (x, y)


def _size(node: Mapping[str, Any]) -> tuple[float, float] | None:
    for place in (node.get("measured"), node, node.get("style")):
        measured = _mapping(place)
        w, h = _number(measured.get("width")), _number(measured.get("height"))
        if w and h and w > 0 and h > 0:
            return w, h
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # NaN is not within any bound, and an integer too large for a float is not made one.
    return float(value) if abs(value) <= _FARTHEST else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    return [item for item in value[:_MAX_TYPES] if isinstance(item, str)] if isinstance(value, list) else []
