from __future__ import annotations

import base64
import hashlib
import re
import time
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from langflow_lite.drawing.scene import read_scene
from langflow_lite.drawing.svg import STYLE_HASH, draw_svg
from tests.flows import edge, flow, node
from tests.serving import ROOT

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    "]]> & <![CDATA[ \"quoted\" 'too'",
    "\x00\x07\x1b[31mcontrols\x85\ufffe\ud800",
    "\u202egnp.exe\u2066\u200f",
    "N" * 100_000,
    "&#x3C;svg onload=x&#x3E;",
    "</title></svg><script>",
    "Z" + "\u0301" * 500,
]


def at(x: float, y: float, built: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {**built, "position": {"x": x, "y": y}, **keys}


def draw(
    nodes: list[Any], edges: list[Any] | None = None, title: str = "A flow", **options: Any
) -> ElementTree.Element:
    return ElementTree.fromstring(draw_svg(read_scene(flow(nodes, edges or [])["data"], **options), title))


def texts(root: ElementTree.Element, class_: str = "") -> list[str]:
    return [e.text or "" for e in root.iter(f"{SVG}text") if class_ in e.get("class", "").split() or not class_]


def corners(root: ElementTree.Element) -> list[tuple[float, float]]:
    found = []
    for group in root.iter(f"{SVG}g"):
        if "node" in group.get("class", ""):
            x, y = re.findall(r"-?[\d.]+", group.get("transform", ""))
            found.append((float(x), float(y)))
    return found


def frame(root: ElementTree.Element) -> tuple[float, float, float, float]:
    left, top, width, height = map(float, root.get("viewBox", "").split())
    return left, top, left + width, top + height


def test_boxes_stand_where_the_author_put_them_with_their_names_and_types():
    root = draw([at(-40, 7.25, node("a", "ChatInput", display_name="Ask me")), at(900, -300, node("b", "Agent"))])
    assert corners(root) == [(-40, 7.2), (900, -300)]
    assert texts(root, "name") == ["Ask me", "Agent"]
    assert texts(root, "type") == ["ChatInput", "Agent"]
    left, top, right, bottom = frame(root)
    assert left < -40
    assert top < -300
    assert right > 900 + 320
    assert bottom > 7


def test_a_wire_leads_from_an_output_on_the_right_to_a_field_on_the_left():
    nodes = [at(0, 0, node("a", "ChatInput")), at(500, 100, node("b", "ChatOutput"))]
    nodes[1]["data"]["node"]["template"]["input_value"] = {"display_name": "Inputs"}
    root = draw(nodes, [edge("a.message", "b.input_value")])
    [wire] = [path for path in root.iter(f"{SVG}path") if "wire" in path.get("class", "")]
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", wire.get("d", ""))]
    assert numbers[0] == 320
    assert 480 < numbers[-2] < 500
    assert 0 < numbers[1] < 120
    assert 100 < numbers[-1] < 220
    assert texts(root, "port") == ["message", "Inputs"]


@pytest.mark.parametrize("position", [None, {}, {"x": 1}, {"x": float("nan"), "y": 0}, {"x": 10**400, "y": 1}, "here"])
def test_without_positions_a_flow_is_laid_out_from_left_to_right(position: Any):
    nodes = [{**node(name, "T"), "position": position} for name in "dcba"]
    root = draw(nodes, [edge(f"{a}.out", f"{b}.in") for a, b in pairwise("abcd")])
    x = [x for x, _ in corners(root)]
    assert sorted(x, reverse=True) == x
    assert len(set(x)) == 4


def test_boxes_that_would_hide_each_other_are_laid_out_anew():
    nodes = [at(5, 5, node(str(i), "T")) for i in range(6)]
    found = corners(draw(nodes, [edge("0.out", f"{i}.in") for i in range(1, 6)]))
    assert len(set(found)) == 6
    assert {x for x, _ in found[1:]} == {found[1][0]}


def test_cycles_loops_and_edges_to_oneself_are_drawn_inside_the_picture():
    nodes = [node(name, "LoopComponent") for name in "abc"]
    edges = [edge("a.item", "b.in"), edge("b.out", "a.>item"), edge("c.out", "c.in"), edge("b.out", "c.in")]
    root = draw(nodes, [*edges, edge("c.out", "b.in")])
    wires = [path for path in root.iter(f"{SVG}path") if "wire" in path.get("class", "")]
    assert len(wires) == 5
    assert sum("back" in wire.get("class", "").split() for wire in wires) == 1
    left, top, right, bottom = frame(root)
    for wire in wires:
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", wire.get("d", ""))]
        assert all(left <= x <= right for x in numbers[::2])
        assert all(top <= y <= bottom for y in numbers[1::2])


def test_a_chain_that_is_deeper_than_the_stack_is_laid_out():
    names = [str(i) for i in range(1900)]
    assert (
        len(corners(draw([node(n, "T") for n in names], [edge(f"{a}.o", f"{b}.i") for a, b in pairwise(names)])))
        == 1900
    )


def test_ports_stand_in_the_order_of_the_boxes_that_they_lead_to():
    nodes = [at(500, 0, node("agent", "Agent")), at(0, 400, node("low", "T")), at(0, -400, node("high", "T"))]
    root = draw(nodes, [edge("low.out", "agent.input"), edge("high.out", "agent.tools")])
    assert texts(root, "port")[:2] == ["tools", "input"]


def test_notes_show_their_text_wrapped_and_cut_to_their_size():
    written = "## Read me\n\n* **one** [link](https://example.org)\n" + "word " * 2000
    note = {
        "id": "n",
        "type": "noteNode",
        "position": {"x": 0, "y": 0},
        "width": 300,
        "height": 200,
        "data": {"type": "note", "node": {"description": written, "template": {"backgroundColor": "lime"}}},
    }
    root = draw([note, at(500, 0, node("a", "T"))])
    lines = texts(root, "head") + texts(root, "line")
    assert lines[:2] == ["Read me", "• one link"]
    assert lines[-1].endswith("…")
    assert len(lines) <= 9
    assert {g.get("class") for g in root.iter(f"{SVG}g")} == {"note n-lime", "node"}


def test_a_group_is_one_box_and_what_is_missing_here_is_marked():
    group = node("g", "GroupNode", display_name="Both")
    group["data"]["node"]["flow"] = {"data": {"nodes": [node("a", "Known"), node("b", "Strange")], "edges": []}}
    nodes = [at(0, 0, node("k", "Known")), at(400, 0, group), at(800, 0, node("s", "Strange"))]
    root = draw(nodes, runnable=lambda n: n["data"]["type"] == "Known")
    assert "group of 2" in texts(root, "type")
    assert [g.get("class") for g in root.iter(f"{SVG}g")] == ["node", "node missing", "node missing"]
    assert len(texts(root, "reason")) == 2


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text_and_short(text: str):
    nodes = [
        at(0, 0, node(f"a{text[:99]}", text, display_name=text)),
        at(500, 0, node("b", "T", display_name=text, fields={text: {"display_name": text}})),
    ]
    note = {
        "id": "n",
        "type": "noteNode",
        "data": {"node": {"description": text, "template": {"backgroundColor": text}}},
    }
    drawn = draw_svg(read_scene(flow([*nodes, note], [edge(f"a{text[:99]}.{text}", f"b.{text}")])["data"]), text)
    root = ElementTree.fromstring(drawn)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg", "title", "style", "rect", "g", "text", "path", "circle"
    }  # fmt: skip
    names = {name for e in root.iter() for name in e.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name or name == "style"}
    assert re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", drawn) is None
    assert len(drawn.encode()) < 30_000
    drawn.encode("utf-8")


def test_the_name_that_does_not_fit_is_cut_and_whole_in_the_tooltip():
    name = "A rather long name that nobody can read in a box of this width"
    root = draw([node("a", "T", display_name=name)])
    [shown] = texts(root, "name")
    assert shown.endswith("…")
    assert name.startswith(shown[:-1])
    assert any(name in (title.text or "") for title in root.iter(f"{SVG}title"))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"nodes": None, "edges": 7},
        {"nodes": [3, None, [], {}, {"id": {}, "data": []}, {"data": {"node": {"outputs": "x", "template": []}}}]},
        {"nodes": [node("a", "T")], "edges": [None, {}, {"source": "a"}, {"source": "a", "target": "a", "data": 3}]},
        {"data": {"nodes": [node("a", "T")]}},
    ],
)
def test_what_is_no_flow_is_drawn_as_far_as_it_goes(data: Any):
    assert ElementTree.fromstring(draw_svg(read_scene(data))).tag == f"{SVG}svg"


def test_an_empty_flow_says_so():
    assert texts(draw([])) == ["This flow is empty"]


def test_the_same_flow_gives_the_same_bytes():
    data = flow([node(n, "T") for n in "abcd"], [edge("a.o", "d.i"), edge("b.o", "d.i"), edge("c.o", "b.i")])["data"]
    assert draw_svg(read_scene(data), "x") == draw_svg(read_scene(data), "x")


def test_the_style_is_the_one_whose_hash_is_allowed_and_knows_dark_ground():
    [style] = draw([node("a", "T")]).iter(f"{SVG}style")
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    assert f"sha256-{digest}" == STYLE_HASH
    assert "prefers-color-scheme:dark" in (style.text or "")
    assert "url(" not in (style.text or "")


def test_the_largest_flow_that_is_drawn_takes_a_moment_only():
    nodes = [node(str(i), "T", display_name=f"Component {i}") for i in range(2000)]
    edges = [edge(f"{i}.out", f"{(i * 7 + 1) % 2000}.in") for i in range(2000)]
    began = time.process_time()
    drawn = draw_svg(read_scene(flow(nodes, edges)["data"]))
    assert time.process_time() - began < 3
    assert len(drawn) < 4_000_000


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "flows").glob("*.json")), ids=lambda path: path.stem)
def test_the_examples_are_drawn(path: Any):
    import json

    document = json.loads(path.read_text())
    root = ElementTree.fromstring(draw_svg(read_scene(document), document["name"]))
    assert len(texts(root, "name")) >= 2


def test_a_box_with_thousands_of_inputs_is_drawn_in_a_moment_and_shows_how_many_more_there_are():
    edges = [edge(f"a.out_{i}", f"b.field_{i}") for i in range(4000)]
    outputs = [{"name": f"out_{i}", "display_name": f"Out {i}"} for i in range(4000)]
    data = flow([node("a", "T", outputs=outputs), node("b", "T")], edges)["data"]
    began = time.process_time()
    drawn = draw_svg(read_scene(data))
    assert time.process_time() - began < 1
    root = ElementTree.fromstring(drawn)
    assert texts(root, "port")[38:41] == ["Out 38", "… 3961 more", "field 0"]
    assert len(texts(root, "port")) == 80
