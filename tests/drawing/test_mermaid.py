from __future__ import annotations

import re

import pytest

from langflow_lite.drawing.mermaid import draw_mermaid
from langflow_lite.drawing.scene import read_scene
from langflow_lite.errors import GraphError
from tests.drawing.test_svg import HOSTILE
from tests.flows import edge, flow, node


def test_boxes_edges_groups_and_what_is_missing():
    group = node("g", "GroupNode", display_name="Both")
    group["data"]["node"]["flow"] = {"data": {"nodes": [node("x", "Known")]}}
    nodes = [node("a-1", "Known", display_name="First (one)"), group, node("s", "Strange")]
    edges = [edge("a-1.out", "g.in"), edge("g.out", "s.in"), edge("s.out", "a-1.>item")]
    drawn = draw_mermaid(
        read_scene(flow(nodes, edges)["data"], lambda n: n["data"]["type"] == "Known"), "My flow"
    ).splitlines()
    assert drawn == [
        "%% My flow",
        "flowchart LR",
        '    n0["First (one)"]',
        '    n1[["Both"]]',
        '    n2["Strange<br>not available here"]',
        '    n0 -->|"Message"| n1',
        '    n1 -->|"Message"| n2',
        '    n2 -.->|"Message"| n0',
        "    classDef missing stroke-dasharray: 5 5",
        "    class n2 missing",
    ]


@pytest.mark.parametrize("text", [*HOSTILE, '"]; click n0 call x()', "a\nend\n%%{init: {}}%%", "`**md**`", "end"])
def test_no_name_can_leave_its_label(text: str):
    drawn = draw_mermaid(read_scene(flow([node("a", "T", display_name=text)], [])["data"]), text)
    first, second, shape = drawn.splitlines()
    assert first.startswith("%% ")
    assert second == "flowchart LR"
    assert re.fullmatch(r'    n0\["[^"<>`\[\]{}|]*"\]', shape)
    assert len(shape) < 600


def test_a_flow_that_is_too_large_is_refused_with_its_size():
    with pytest.raises(GraphError, match="10000 nodes and 0 edges; at most 2000"):
        read_scene(flow([node(str(i), "T") for i in range(10_000)], [])["data"])
