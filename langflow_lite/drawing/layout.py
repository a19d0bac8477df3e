"""Layout: where every box, note and wire of a scene goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from langflow_lite.drawing.scene import Box, Note, Scene

__all__ = ["HEADER", "ROW", "Layout", "Place", "lay_out", "port_rows"]

HEADER = 68.0
"""Height of the part of a box that has its name and type."""

ROW = 26.0
"""Height of a line with the names of a field and an output."""

_WIDTH = 320.0
_WIDTHS = (200.0, 560.0)
_NOTE_SIZE = (324.0, 200.0)
_NOTE_LIMIT = 4_000.0
_FOOT = 8.0
_MAX_ROWS = 40
_COLUMN_GAP = 150.0
_ROW_GAP = 60.0
_SWEEPS = 4
_MARGIN = 64.0


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle, its upper left corner first."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of the boxes and notes, in the scene's order, and of everything: x, y, width, height."""

    boxes: Sequence[Place]
    notes: Sequence[Place]
    whole: Place


def port_rows(box: Box) -> int:
    """How many lines of ports a box shows; what is beyond `_MAX_ROWS` shares the last one."""
    return 0 if box.minimized else min(max(len(box.inputs), len(box.outputs)), _MAX_ROWS)


def lay_out(scene: Scene) -> Layout:
    """Place everything where the author put it; in layers from left to right when some positions are missing or equal."""
    sizes = [_box_size(box) for box in scene.boxes]
    at = [box.at for box in scene.boxes if box.at is not None]
    as_exported = len(set(at)) == len(scene.boxes)
    corners = at if as_exported else _layered(scene, sizes)
    boxes = [Place(x, y, *size) for (x, y), size in zip(corners, sizes, strict=True)]
    _order_ports(scene, boxes)
    notes = _place_notes(scene.notes, boxes, as_exported=as_exported)
    return Layout(boxes, notes, _around([*boxes, *notes]))


def _order_ports(scene: Scene, places: Sequence[Place]) -> None:
    """Have the ports on each side of a box in the order in which the boxes they lead to stand, so that few wires cross."""
    heights = {id(box): place.y for box, place in zip(scene.boxes, places, strict=True)}
    ends: dict[int, list[float]] = {}
    for wire in scene.wires:
        ends.setdefault(id(wire.source.outputs[wire.output]), []).append(heights[id(wire.target)])
        ends.setdefault(id(wire.target.inputs[wire.field]), []).append(heights[id(wire.source)])
    for box in scene.boxes:
        for ports in (box.inputs, box.outputs):
            wanted = sorted(ports.values(), key=lambda port: (_mean(ends[id(port)], 0.0), port.row))
            for row, port in enumerate(wanted):
                port.row = row


def _box_size(box: Box) -> tuple[float, float]:
    exported = box.size[0] if box.size else _WIDTH
    rows = port_rows(box)
    height = HEADER + (rows * ROW + 2 * _FOOT if rows else 0.0) + (0.0 if box.runnable else ROW)
    return min(max(exported, _WIDTHS[0]), _WIDTHS[1]), height


def _place_notes(notes: Sequence[Note], boxes: Sequence[Place], *, as_exported: bool) -> list[Place]:
    """The notes where they were; above the boxes in a row when their places mean nothing."""
    sizes = [_note_size(note) for note in notes]
    if as_exported and all(note.at is not None for note in notes):
        return [Place(*note.at, *size) for note, size in zip(notes, sizes, strict=True) if note.at is not None]
    x, y = min((place.x for place in boxes), default=0.0), min((place.y for place in boxes), default=0.0)
    placed = []
    for width, height in sizes:
        placed.append(Place(x, y - _ROW_GAP - height, width, height))
        x += width + _ROW_GAP
    return placed


def _note_size(note: Note) -> tuple[float, float]:
    width, height = note.size or _NOTE_SIZE
    return min(max(width, 80.0), _NOTE_LIMIT), min(max(height, 40.0), _NOTE_LIMIT)


def _around(places: Iterable[Place]) -> Place:
    known = list(places) or [Place(0.0, 0.0, _WIDTH, HEADER)]
    left, top = min(place.x for place in known) - _MARGIN, min(place.y for place in known) - _MARGIN
    right = max(place.x + place.width for place in known) + _MARGIN
    bottom = max(place.y + place.height for place in known) + _MARGIN
    return Place(left, top, right - left, bottom - top)


def _layered(scene: Scene, sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Columns by the longest way from a start; in each, boxes near those that they are connected with."""
    numbers = {id(box): number for number, box in enumerate(scene.boxes)}
    forward = _forward(len(scene.boxes), [(numbers[id(w.source)], numbers[id(w.target)]) for w in scene.wires])
    column = _columns(len(scene.boxes), forward)
    columns: dict[int, list[int]] = {}
    for number in range(len(scene.boxes)):
        columns.setdefault(column[number], []).append(number)
    _sort_columns(columns, forward)
    corners: dict[int, tuple[float, float]] = {}
    x = 0.0
    for _, members in sorted(columns.items()):
        y = -sum(sizes[number][1] + _ROW_GAP for number in members) / 2
        for number in members:
            corners[number] = (x, y)
            y += sizes[number][1] + _ROW_GAP
        x += max(sizes[number][0] for number in members) + _COLUMN_GAP
    return [corners[number] for number in range(len(scene.boxes))]


def _forward(count: int, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The connections without those that lead back to where a walk came from."""
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in pairs:
        after[source].append(target)
    begun, done = [False] * count, [False] * count
    kept: list[tuple[int, int]] = []
    for start in range(count):
        # A walk of its own instead of recursion: a chain may be longer than the stack is deep.
        stack = [] if begun[start] else [(start, iter(after[start]))]
        begun[start] = True
        while stack:
            source, targets = stack[-1]
            for target in targets:
                if not begun[target]:
                    kept.append((source, target))
                    begun[target] = True
                    stack.append((target, iter(after[target])))
                    break
                if done[target]:
                    kept.append((source, target))
            else:
                done[source] = True
                stack.pop()
    return kept


def _columns(count: int, forward: Sequence[tuple[int, int]]) -> list[int]:
    column, waits = [0] * count, [0] * count
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in forward:
        after[source].append(target)
        waits[target] += 1
    free = [number for number in range(count) if not waits[number]]
    for source in free:
        for target in after[source]:
            column[target] = max(column[target], column[source] + 1)
            waits[target] -= 1
            if not waits[target]:
                free.append(target)
    return column


def _sort_columns(columns: Mapping[int, list[int]], forward: Sequence[tuple[int, int]]) -> None:
    """Sort each column by where its boxes' neighbours stand, there and back, which keeps most wires from crossing."""
    before: dict[int, list[int]] = {}
    behind: dict[int, list[int]] = {}
    for source, target in forward:
        behind.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    rank = {number: float(at) for members in columns.values() for at, number in enumerate(members)}
    for sweep in range(_SWEEPS):
        neighbours = behind if sweep % 2 else before
        for key in sorted(columns, reverse=bool(sweep % 2)):
            members = columns[key]
            wish = {n: _mean([rank[other] for other in neighbours.get(n, ())], rank[n]) for n in members}
            members.sort(key=lambda number, wish=wish: (wish[number], number))  # type: ignore[misc]
            for at, number in enumerate(members):
                rank[number] = float(at) - len(members) / 2


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
