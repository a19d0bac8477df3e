"""What the page draws of flows of every shape, and how it is moved about."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.flows import edge, flow, node
from tests.playground.support import TEXT, at, chat_flow, expect_ended, say, stored


def vertex(page: Page, id_: str):
    return page.locator(f'.vertex[data-id="{id_}"]')


def note(text: str, *, x: int = 0, colour: str = "") -> dict:
    return {
        "id": f"note-{x}", "type": "noteNode", "position": {"x": x, "y": -400}, "measured": {"width": 400, "height": 200},
        "data": {"id": f"note-{x}", "type": "note", "node": {"description": text, "template": {"backgroundColor": colour}}},
    }  # fmt: skip


def ends_at(page: Page, id_: str, label: str, side: str) -> bool:
    """Whether an edge ends at the height of a row of a box, on its left or right."""
    return page.evaluate(
        """([id, label, side]) => {
            const box = document.querySelector(`.vertex[data-id="${id}"]`);
            const row = [...box.querySelectorAll(".field .label, .out")].find((one) => one.textContent === label);
            const frame = row.closest(".field, .out").getBoundingClientRect();
            const outer = box.getBoundingClientRect();
            return [...document.querySelectorAll(".edges path")].some((path) => {
                const matrix = path.getScreenCTM();
                const point = path.getPointAtLength(side === "left" ? path.getTotalLength() : 0).matrixTransform(matrix);
                return Math.abs(point.y - (frame.top + frame.height / 2)) < 3 && Math.abs(point.x - outer[side]) < 3;
            });
        }""",
        [id_, label, side],
    )


def group_flow() -> dict:
    inside = chat_flow("gpt")["data"]
    model = inside["nodes"][1]
    grouped = node(
        "Group-grp01",
        "GroupNode",
        display_name="Answerer",
        outputs=[
            {
                **TEXT,
                "name": "OpenAIModel-mod01_text_output",
                "proxy": {"id": "OpenAIModel-mod01", "name": "text_output", "nodeDisplayName": "OpenAI"},
            }
        ],
    )
    grouped["data"]["node"]["flow"] = {
        "name": "Answerer",
        "data": {"nodes": [model], "edges": [], "viewport": {"x": 0, "y": 0, "zoom": 1}},
    }
    field = {
        "type": "str",
        "name": "input_value",
        "display_name": "Input",
        "show": True,
        "value": "",
        "proxy": {"id": "OpenAIModel-mod01", "field": "input_value"},
    }
    grouped["data"]["node"]["template"]["input_value_OpenAIModel-mod01"] = field
    chat_input, _, chat_output = inside["nodes"]
    into, out = inside["edges"]
    into = {
        **into,
        "target": "Group-grp01",
        "data": {
            **into["data"],
            "targetHandle": {
                "fieldName": "input_value_OpenAIModel-mod01",
                "id": "Group-grp01",
                "inputTypes": ["Message"],
                "type": "str",
                "proxy": field["proxy"],
            },
        },
    }
    out = {
        **out,
        "source": "Group-grp01",
        "data": {
            **out["data"],
            "sourceHandle": {
                "dataType": "GroupNode",
                "id": "Group-grp01",
                "name": "OpenAIModel-mod01_text_output",
                "output_types": ["Message"],
            },
        },
    }
    return flow([chat_input, at(grouped, 450), chat_output], [into, out], name="Grouped")  # fmt: skip


def test_a_group_is_one_box_that_stands_for_its_members(open_page, server, keep):
    page = open_page(f"#/flows/{stored(server, group_flow())}")
    expect(vertex(page, "Group-grp01")).to_contain_text("Group of 1")
    expect(page.locator(".edges path")).to_have_count(2)
    say(page, "hello")
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text("ANSWER[hello]")
    expect(vertex(page, "Group-grp01")).to_have_attribute("data-state", "done")
    expect(vertex(page, "Group-grp01").locator(".badge")).to_have_text(re.compile(r"^<?[\d.]+ m?s$"))
    vertex(page, "Group-grp01").click()
    expect(page.locator(".inspector")).to_contain_text("ANSWER[hello]")
    keep(page, "group")


def test_the_other_way_of_a_router_is_shown_as_not_taken(open_page, server, keep):
    flows = {found["endpoint_name"]: found["id"] for found in server.request("GET", "/api/v1/flows/")[1]}
    page = open_page(f"#/flows/{flows['router-loop']}")
    say(page, "no list")
    expect_ended(page)
    expect(page.locator('.vertex[data-state="inactive"] .badge').first).to_have_text("Not taken")
    assert page.locator('.edges path[data-state="off"]').count() > 0
    assert page.locator(".edges path.loop").count() == 1
    keep(page, "router")


def test_edges_end_at_their_rows(open_page, server):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt'))}")
    expect(page.locator(".edges path")).to_have_count(2)
    assert ends_at(page, "OpenAIModel-mod01", "input_value", "left")
    assert ends_at(page, "OpenAIModel-mod01", "Text", "right")
    assert ends_at(page, "ChatInput-in001", "Message", "right")


def as_text(handle: dict) -> str:
    return json.dumps(handle).replace('"', "œ")


@pytest.mark.parametrize("form", ["ligatures", "before 1.0"])
def test_edges_of_old_exports_are_drawn(open_page, server, form):
    document = chat_flow("gpt", name=form)
    for one in document["data"]["edges"]:
        handles = one.pop("data")
        if form == "ligatures":
            one |= {key: as_text(handle) for key, handle in handles.items()}
        else:
            one["sourceHandle"] = f"ChatInput|{one['source']}|Message|str"
            one["targetHandle"] = f"Message;str|{handles['targetHandle']['fieldName']}|{one['target']}"
    page = open_page(f"#/flows/{stored(server, document)}")
    expect(page.locator(".edges path")).to_have_count(2)
    assert ends_at(page, "OpenAIModel-mod01", "input_value", "left")


def test_notes_are_drawn_behind_the_boxes_with_their_markdown(open_page, server, keep):
    document = chat_flow("gpt")
    document["data"]["nodes"] += [
        note(
            "# Title\n\nSome **bold** text, `code`, a [link](https://example.com/).\n\n- one\n  - deeper\n- two",
            colour="blue",
        ),
        note("| a | b |\n|---|---|\n| 1 | 2 |", x=450, colour="transparent"),
        note("plain", x=900, colour="url(javascript:alert(1))"),
    ]
    page = open_page(f"#/flows/{stored(server, document)}")
    first, second, third = page.locator(".note").all()
    expect(first.locator(".heading")).to_have_text("Title")
    expect(first.locator("strong")).to_have_text("bold")
    expect(first.locator("li li")).to_have_text("deeper")
    expect(first.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")
    expect(second.locator("td")).to_have_text(["1", "2"])
    expect(third).to_have_class("note amber")
    keep(page, "notes")


def test_minimised_and_frozen_nodes_are_drawn_as_such(open_page, server):
    document = chat_flow("gpt")
    document["data"]["nodes"][2]["data"]["showNode"] = False
    document["data"]["nodes"][1]["data"]["node"]["frozen"] = True
    page = open_page(f"#/flows/{stored(server, document)}")
    expect(vertex(page, "ChatOutput-out01")).to_have_class("vertex minimized")
    expect(vertex(page, "ChatOutput-out01").locator(".field")).to_have_count(0)
    expect(vertex(page, "OpenAIModel-mod01")).to_contain_text("frozen")


def test_nodes_without_places_are_put_in_columns(open_page, server):
    document = chat_flow("gpt")
    for one in document["data"]["nodes"]:
        one["position"] = {"x": 0, "y": 0}
    page = open_page(f"#/flows/{stored(server, document)}")
    expect(page.locator(".vertex")).to_have_count(3)
    lefts = [
        vertex(page, id_).bounding_box()["x"] for id_ in ("ChatInput-in001", "OpenAIModel-mod01", "ChatOutput-out01")
    ]
    assert lefts == sorted(set(lefts))


def test_a_flow_without_nodes_says_so(open_page, server):
    page = open_page(f"#/flows/{stored(server, flow([], [], name='Nothing'))}")
    expect(page.get_by_text("This flow has no components.")).to_be_visible()


def test_the_graph_is_zoomed_moved_and_shown_whole_again(open_page, server):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt'))}")
    box = vertex(page, "OpenAIModel-mod01")
    whole = box.bounding_box()
    page.get_by_role("button", name="Zoom in").click()
    assert box.bounding_box()["width"] > whole["width"]
    graph = page.locator(".graph").bounding_box()
    page.mouse.move(graph["x"] + 20, graph["y"] + 20)
    page.mouse.wheel(0, 2000)
    expect(page.locator(".world.far")).to_have_count(1)
    page.mouse.down()
    page.mouse.move(graph["x"] + 120, graph["y"] + 60, steps=3)
    page.mouse.up()
    moved = box.bounding_box()
    # What was moved by hand stays when the window changes.
    page.set_viewport_size({"width": 1300, "height": 900})
    assert box.bounding_box()["width"] == moved["width"]
    page.set_viewport_size({"width": 1400, "height": 900})
    page.get_by_role("button", name="Show all").click()
    assert box.bounding_box()["width"] == pytest.approx(whole["width"], rel=0.01)


def test_the_graph_is_used_by_keyboard(open_page, server):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt'))}")
    page.locator(".graph").focus()
    page.keyboard.press("Enter")
    expect(vertex(page, "ChatInput-in001")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(vertex(page, "OpenAIModel-mod01")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".inspector")).to_contain_text("OpenAIModel-mod01")
    page.keyboard.press("Enter")
    expect(page.locator(".inspector")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".graph")).to_be_focused()


def test_a_graph_of_300_nodes_stays_responsive(open_page, server, keep):
    nodes, edges = [], []
    for i in range(300):
        nodes.append(
            at(
                node(
                    f"Prompt-n{i:04}",
                    "Prompt",
                    display_name=f"Prompt {i}",
                    outputs=[{"name": "prompt", "types": ["Message"]}],
                    template="{a}",
                    a="",
                    b="x",
                    c="y",
                ),
                420 * (i % 20),
                420 * (i // 20),
            )
        )
        if i:
            edges.append(edge(f"Prompt-n{i - 1:04}.prompt", f"Prompt-n{i:04}.a"))
    page = open_page(f"#/flows/{stored(server, flow(nodes, edges, name='Large'))}")
    expect(page.locator(".vertex")).to_have_count(300)
    keep(page, "large")
    # Thirty steps of panning; the usual one counts, since a busy machine may take its time over any.
    usual = page.evaluate(
        """async () => {
            const graph = document.querySelector(".graph");
            const times = [];
            for (let step = 0; step < 30; step++) {
                const began = performance.now();
                graph.dispatchEvent(new WheelEvent("wheel", { deltaY: step % 2 ? 120 : -120, clientX: 400, clientY: 400, cancelable: true, bubbles: true }));
                await new Promise(requestAnimationFrame);
                times.push(performance.now() - began);
            }
            return times.sort((a, b) => a - b)[15];
        }"""
    )  # fmt: skip
    assert usual < 500
    page.get_by_role("button", name="Run").click()
    expect_ended(page)
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(300)
