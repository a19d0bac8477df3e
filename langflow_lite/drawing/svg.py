"""A scene as SVG: one self-contained document without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

from langflow_lite.drawing.layout import HEADER, ROW, Layout, Place, lay_out, port_rows
from langflow_lite.drawing.scene import Box, Note, Port, Scene, Wire
from langflow_lite.drawing.text import clean, fit, plain_markdown, width, wrap
from langflow_lite.drawing.theme import DARK, LIGHT, NOTE_TINTS, type_tint

__all__ = ["STYLE_HASH", "draw_svg"]

_NAME_SIZE, _TYPE_SIZE, _PORT_SIZE, _NOTE_SIZE = 18.0, 13.0, 13.0, 15.0
_BOLD = 1.1
_NOTE_LINE = 22.0
_NOTE_PADDING = 18.0
_MAX_NOTE = 6_000
_TEXT_LEFT = 66.0
_PADDING = 16.0
_ARROW = 9.0
_LANE, _TURN = 34.0, 52.0
_TINTS = ("slate", "indigo", "rose", "pink", "cyan", "violet", "emerald", "amber", "blue", "lime")
_MISSING = "not available here"


def _rules(palette: Mapping[str, str]) -> str:
    rules = [
        f".ground{{fill:{palette['ground']}}}",
        f".box{{fill:{palette['box']};stroke:{palette['line']}}}",
        f".rule{{stroke:{palette['line']}}}",
        f".name,.note text{{fill:{palette['text']}}}",
        f".type,.port,.empty{{fill:{palette['muted']}}}",
        f".missing .box{{stroke:{palette['warning']}}}",
        f".missing .reason{{fill:{palette['warning']}}}",
        f".dot{{stroke:{palette['box']}}}",
        f".n-neutral rect{{fill:{palette['muted']};stroke:{palette['muted']}}}",
    ]
    for tint in _TINTS:
        colour = palette[tint]
        rules += [
            f".t-{tint}{{stroke:{colour}}}",
            f".f-{tint}{{fill:{colour}}}",
            f".n-{tint} rect{{fill:{colour};stroke:{colour}}}",
        ]
    return "".join(rules)


_STYLE = (
    'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}'
    f".name{{font-size:{_NAME_SIZE:g}px;font-weight:600}}.type,.reason{{font-size:{_TYPE_SIZE:g}px}}"
    f".port{{font-size:{_PORT_SIZE:g}px}}.out{{text-anchor:end}}.empty{{font-size:18px;text-anchor:middle}}"
    f".note text{{font-size:{_NOTE_SIZE:g}px}}.note .head{{font-weight:700}}"
    ".box{stroke-width:1.5}.missing .box{stroke-dasharray:7 5}.tile{fill-opacity:.16}"
    ".initials{font-size:15px;font-weight:700;text-anchor:middle}"
    ".wire{fill:none;stroke-width:2.5;stroke-linecap:round;stroke-opacity:.85}.back{stroke-dasharray:9 6}"
    ".dot{stroke-width:2}.note rect{fill-opacity:.1;stroke-opacity:.35}.n-transparent rect{fill:none;stroke:none}"
    f"{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}"
)

STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
"""The hash of the one style sheet, as a Content Security Policy names it (CSP level 3, section 2.3.1)."""


def draw_svg(scene: Scene, title: str = "") -> str:
    """The picture of a scene. Equal scenes give equal text; it follows the light or dark ground of whoever shows it."""
    layout = lay_out(scene)
    whole = layout.whole
    view = " ".join(map(_n, (whole.x, whole.y, whole.width, whole.height)))
    name = escape(clean(title, 300) or "Flow")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(whole.width)}" height="{_n(whole.height)}" '
        f'viewBox="{view}" role="img"><title>{name}</title><style>{_STYLE}</style>',
        f'<rect class="ground" {_frame(whole)}/>',
    ]
    parts += (_draw_note(note, place) for note, place in zip(scene.notes, layout.notes, strict=True))
    placed = {id(box): place for box, place in zip(scene.boxes, layout.boxes, strict=True)}
    parts += (_draw_wire(wire, placed[id(wire.source)], placed[id(wire.target)]) for wire in scene.wires)
    parts += (_draw_box(box, place) for box, place in zip(scene.boxes, layout.boxes, strict=True))
    parts += _draw_arrows(scene, placed)
    if not scene.boxes and not scene.notes:
        parts.append(_empty(layout))
    parts.append("</svg>\n")
    return "".join(parts)


def _n(value: float) -> str:
    """A number as short as possible."""
    return f"{value:.1f}".removesuffix(".0")


def _frame(place: Place) -> str:
    return f'x="{_n(place.x)}" y="{_n(place.y)}" width="{_n(place.width)}" height="{_n(place.height)}"'


def _text(x: float, y: float, class_: str, text: str) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" class="{class_}">{escape(text)}</text>'


def _empty(layout: Layout) -> str:
    whole = layout.whole
    return _text(whole.x + whole.width / 2, whole.y + whole.height / 2, "empty", "This flow is empty")


def _draw_note(note: Note, place: Place) -> str:
    colour = note.colour if note.colour in NOTE_TINTS else NOTE_TINTS[0]
    lines = "".join(_note_lines(note, place))
    frame = f'width="{_n(place.width)}" height="{_n(place.height)}"'
    # The inner document cuts off what the estimate of a text's width did not foresee.
    return (
        f'<g class="note n-{colour}" transform="translate({_n(place.x)} {_n(place.y)})">'
        f'<rect {frame} rx="14"/><svg {frame}>{lines}</svg></g>'
    )


def _note_lines(note: Note, place: Place) -> Iterator[str]:
    room = place.width - 2 * _NOTE_PADDING
    y = _NOTE_PADDING + _NOTE_SIZE
    was_empty = True
    for line, heading in plain_markdown(note.text, _MAX_NOTE):
        if not line:
            y += 0.0 if was_empty else _NOTE_LINE / 2
            was_empty = True
            continue
        was_empty = False
        class_, size = ("head", _NOTE_SIZE * _BOLD) if heading else ("line", _NOTE_SIZE)
        for part in wrap(line, room, size):
            if y + _NOTE_LINE > place.height - _NOTE_PADDING / 2:
                # There is no room for another line, and this one may not be the last of the text.
                yield _text(_NOTE_PADDING, y, class_, fit(f"{part} …", room, size))
                return
            yield _text(_NOTE_PADDING, y, class_, part)
            y += _NOTE_LINE


def _draw_box(box: Box, place: Place) -> str:
    frame = f'width="{_n(place.width)}" height="{_n(place.height)}"'
    room = place.width - _TEXT_LEFT - _PADDING
    tint = type_tint(box.output_type)
    kind = f"group of {box.members}" if box.members else box.type
    about = f"{box.name}\n{kind}\n{box.id}" + ("" if box.runnable else f"\n{_MISSING}")
    parts = [
        f'<g class="node{"" if box.runnable else " missing"}" transform="translate({_n(place.x)} {_n(place.y)})">',
        f"<title>{escape(about)}</title>",
    ]
    if box.members:
        parts.append(f'<rect class="box" x="7" y="7" {frame} rx="14"/>')
    parts += [
        f'<rect class="box" {frame} rx="14"/>',
        f'<rect class="tile f-{tint}" x="16" y="16" width="36" height="36" rx="10"/>',
        f"<svg {frame}>",
        _text(34, 39.5, f"initials f-{tint}", _initials(box.name)),
        _text(_TEXT_LEFT, 32, "name", fit(box.name, room, _NAME_SIZE * _BOLD)),
        _text(_TEXT_LEFT, 51, "type", fit(kind, room, _TYPE_SIZE)),
    ]
    rows = port_rows(box)
    if rows:
        parts.append(f'<path class="rule" d="M0 {_n(HEADER)}H{_n(place.width)}"/>')
        parts += _port_names(box, place, rows)
    if not box.runnable:
        parts.append(_text(_PADDING, place.height - 11, "reason", f"⚠ {_MISSING}"))
    parts.append("</svg></g>")
    return "".join(parts)


def _initials(name: str) -> str:
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    return "".join(letters[:2]).upper() or "·"


def _port_names(box: Box, place: Place, rows: int) -> Iterator[str]:
    inputs, outputs = _rows(box.inputs, rows), _rows(box.outputs, rows)
    room = place.width - 2 * _PADDING
    for row in range(rows):
        y = _row_y(row) + 4.5
        left = inputs[row] if row < len(inputs) else ""
        right = outputs[row] if row < len(outputs) else ""
        share = room if not left or not right else (room - _PADDING) / 2
        if left and right:
            # What the one does not need is the other's.
            share = max(share, room - _PADDING - width(right, _PORT_SIZE))
        left = fit(left, share, _PORT_SIZE)
        if left:
            yield _text(_PADDING, y, "port", left)
        if right:
            taken = width(left, _PORT_SIZE) + _PADDING if left else 0.0
            yield _text(place.width - _PADDING, y, "port out", fit(right, room - taken, _PORT_SIZE))


def _rows(ports: Mapping[str, Port], rows: int) -> list[str]:
    labels = [port.label for port in sorted(ports.values(), key=lambda port: port.row)]
    return labels if len(labels) <= rows else [*labels[: rows - 1], f"… {len(labels) - rows + 1} more"]


def _row_y(row: int) -> float:
    return HEADER + 8 + ROW * (row + 0.5)


def _port_y(box: Box, port: Port, place: Place) -> float:
    if box.minimized:
        return place.y + place.height / 2
    return place.y + _row_y(min(port.row, port_rows(box) - 1))


def _ends(wire: Wire, source: Place, target: Place) -> tuple[float, float, float, float]:
    """Where a wire leaves its source, on the right, and where it arrives, on the left: x, y, x, y."""
    return (
        source.x + source.width,
        _port_y(wire.source, wire.source.outputs[wire.output], source),
        target.x,
        _port_y(wire.target, wire.target.inputs[wire.field], target),
    )


def _draw_wire(wire: Wire, source: Place, target: Place) -> str:
    x1, y1, x2, y2 = _ends(wire, source, target)
    end = x2 - _ARROW
    if end - x1 > 24 or _is_apart(source, target):
        reach = max(abs(end - x1) * 0.5, 44.0)
        path = f"M{_n(x1)} {_n(y1)}C{_n(x1 + reach)} {_n(y1)} {_n(end - reach)} {_n(y2)} {_n(end)} {_n(y2)}"
    else:
        path = _detour(x1, y1, end, y2, source, target)
    back = " back" if wire.closes_loop else ""
    return f'<path class="wire t-{type_tint(wire.type)}{back}" d="{path}"/>'


def _is_apart(source: Place, target: Place) -> bool:
    """Whether one stands so far below the other, about in the same column, that a curve fits between them."""
    below = max(target.y - source.y - source.height, source.y - target.y - target.height)
    return below > 60 and source.x - target.x < target.width / 2


def _detour(x1: float, y1: float, x2: float, y2: float, source: Place, target: Place) -> str:
    """A way from right to left, above both boxes if the first is the higher one, else below them."""
    if source.y < target.y:
        lane = min(source.y, target.y) - _LANE
    else:
        lane = max(source.y + source.height, target.y + target.height) + _LANE
    return (
        f"M{_n(x1)} {_n(y1)}C{_n(x1 + _TURN)} {_n(y1)} {_n(x1 + _TURN)} {_n(lane)} {_n(x1 - _TURN / 2)} {_n(lane)}"
        f"L{_n(x2 + _TURN / 2)} {_n(lane)}C{_n(x2 - _TURN)} {_n(lane)} {_n(x2 - _TURN)} {_n(y2)} {_n(x2)} {_n(y2)}"
    )


def _draw_arrows(scene: Scene, placed: Mapping[int, Place]) -> Iterator[str]:
    """What lies on top of the boxes' borders: a dot where a wire leaves, an arrow head where it arrives."""
    for wire in scene.wires:
        x1, y1, x2, y2 = _ends(wire, placed[id(wire.source)], placed[id(wire.target)])
        tint = type_tint(wire.type)
        yield (
            f'<circle class="dot f-{tint}" cx="{_n(x1)}" cy="{_n(y1)}" r="6"/>'
            f'<path class="f-{tint}" d="M{_n(x2)} {_n(y2)}l-{_n(_ARROW + 3)}-6.5v13z"/>'
        )
