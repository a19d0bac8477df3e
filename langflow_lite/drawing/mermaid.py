"""A scene as Mermaid text, which many Markdown renderers show as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from langflow_lite.drawing.scene import Box, Scene
from langflow_lite.drawing.text import clean

__all__ = ["draw_mermaid"]

_MAX_LABEL = 80
# Whatever could mean something to Mermaid, Markdown or HTML, as a character code instead.
_SPECIAL = re.compile(r"[^\w .,:()/+*-]")


def draw_mermaid(scene: Scene, title: str = "") -> str:
    """The flowchart of a scene, from left to right. Notes are left out: a flowchart has no place for them.

    Edges are labelled with what travels along them; those that close a loop, and components that are not available
    here, are dashed.
    """
    return "\n".join(_lines(scene, title)) + "\n"


def _lines(scene: Scene, title: str) -> Iterator[str]:
    if name := clean(title, _MAX_LABEL):
        yield f"%% {_escape(name)}"
    yield "flowchart LR"
    names = {id(box): f"n{number}" for number, box in enumerate(scene.boxes)}
    for box in scene.boxes:
        yield f"    {names[id(box)]}{_shape(box)}"
    for wire in scene.wires:
        arrow = "-.->" if wire.closes_loop else "-->"
        label = f'|"{_escape(type_)}"|' if (type_ := clean(wire.type, 40)) else ""
        yield f"    {names[id(wire.source)]} {arrow}{label} {names[id(wire.target)]}"
    if missing := [names[id(box)] for box in scene.boxes if not box.runnable]:
        yield "    classDef missing stroke-dasharray: 5 5"
        yield f"    class {','.join(missing)} missing"


def _shape(box: Box) -> str:
    text = _escape(clean(box.name, _MAX_LABEL))
    if not box.runnable:
        text += "<br>not available here"
    return f'[["{text}"]]' if box.members else f'["{text}"]'


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", text)
