from __future__ import annotations

import json
import time

import pytest

from langflow_lite.errors import GraphError
from langflow_lite.graph import MAX_EDGES, Edge, compile_graph, duplicate_ids
from tests.flows import edge, flow, node


def ids(edges: tuple[Edge, ...]) -> list[tuple[str, str, str]]:
    return [(e.source, e.target, e.field) for e in edges]


def test_a_bare_graph_and_a_whole_document_compile_alike() -> None:
    document = flow([node("A-1", "A"), node("B-1", "B")], [edge("A-1.out", "B-1.text")])
    assert compile_graph(document).edges == compile_graph(document["data"]).edges


def test_handles_are_read_from_their_strings_when_the_edge_has_no_data() -> None:
    wire = edge("A-1.out", "B-1.text")
    handles = wire.pop("data")
    for key, handle in handles.items():
        wire[key] = json.dumps(handle, ensure_ascii=False).replace('"', "œ")
    graph = compile_graph(flow([node("A-1", "A"), node("B-1", "B")], [wire]))
    assert graph.edges == (Edge("A-1", "out", ("Message",), "B-1", "text"),)


def test_the_handle_form_from_before_1_0_is_understood() -> None:
    wire = {"source": "A-1", "target": "B-1", "sourceHandle": "A|A-1|Text", "targetHandle": "Text;str|text|B-1"}
    graph = compile_graph(flow([node("A-1", "A"), node("B-1", "B")], [wire]))
    assert graph.edges == (Edge("A-1", None, (), "B-1", "text"),)


def test_ends_of_an_edge_decide_not_the_ids_inside_its_handles() -> None:
    wire = edge("A-1.out", "B-1.text")
    wire["data"]["sourceHandle"]["id"] = "Other-1"
    wire["data"]["targetHandle"]["id"] = "Other-2"
    assert ids(compile_graph(flow([node("A-1", "A"), node("B-1", "B")], [wire])).edges) == [("A-1", "B-1", "text")]


def test_notes_are_no_vertices_and_dangling_edges_are_dropped_with_a_warning() -> None:
    note = {"id": "note-1", "type": "noteNode", "data": {"id": "note-1", "type": "note", "node": {"template": {}}}}
    graph = compile_graph(
        flow([node("A-1", "A"), note], [edge("A-1.out", "gone-1.text"), edge("note-1.out", "A-1.text")])
    )
    assert list(graph.vertices) == ["A-1"]
    assert graph.edges == ()
    assert [w.rpartition(": ")[2] for w in graph.warnings] == ["gone-1 is not in the flow", "note-1 is a note"]


@pytest.mark.parametrize("end", [{}, [], ["A-1"], 1, None])
def test_an_edge_that_ends_at_no_id_is_dropped_with_a_warning(end: object) -> None:
    wires = [{**edge("A-1.out", "B-1.text"), side: end} for side in ("source", "target")]
    graph = compile_graph(flow([node("A-1", "A"), node("B-1", "B")], wires))
    assert graph.edges == ()
    assert [w.rpartition(": ")[2] for w in graph.warnings] == [f"{end} is not in the flow"] * 2


def test_equal_edges_count_once() -> None:
    graph = compile_graph(flow([node("A-1", "A"), node("B-1", "B")], [edge("A-1.out", "B-1.text")] * 3))
    assert len(graph.edges) == 1


def test_of_nodes_with_one_id_the_last_counts_and_saving_can_name_them() -> None:
    document = flow([node("A-1", "A"), node("A-1", "B"), node("C-1", "C")], [])
    assert compile_graph(document).vertices["A-1"].type == "B"
    assert duplicate_ids(document["data"]) == ["A-1"]


def test_the_source_of_components_is_not_kept() -> None:
    vertex = compile_graph(flow([node("A-1", "A", text="x")], [])).vertices["A-1"]
    assert vertex.template["code"] == {"type": "code"}
    assert vertex.template["text"]["value"] == "x"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "no list of nodes"),
        ({"nodes": []}, "no list of edges"),
        ({"nodes": [3], "edges": []}, "node number 0 is not an object"),
        ({"nodes": [{"data": {"type": "A"}}], "edges": []}, "a node has no id"),
        ({"nodes": [{"id": "A-1", "data": {}}], "edges": []}, "node A-1 has no type"),
        ({"nodes": [{}] * 5001, "edges": []}, "5001 nodes"),
        ({"nodes": [], "edges": [{}] * 20001}, "20001 edges"),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_its_place(document: dict, told: str) -> None:
    with pytest.raises(GraphError, match=told):
        compile_graph(document)


def test_nodes_with_little_in_them_compile() -> None:
    graph = compile_graph({"nodes": [{"id": "A-1", "data": {"type": "A"}}], "edges": [None, {}, {"source": 1}]})
    vertex = graph.vertices["A-1"]
    assert (vertex.display_name, vertex.outputs, vertex.template) == ("A", (), {})


def test_a_cycle_is_refused_naming_its_vertices_only() -> None:
    nodes = [node(f"{n}-1", n) for n in "ABCDE"]
    edges = [
        edge("A-1.out", "B-1.text"),
        edge("B-1.out", "C-1.text"),
        edge("C-1.out", "D-1.text"),
        edge("D-1.out", "B-1.text2"),
        edge("D-1.out", "E-1.text"),
    ]
    with pytest.raises(GraphError, match="cycle through B-1, C-1, D-1;") as caught:
        compile_graph(flow(nodes, edges))
    assert caught.value.vertices == ["B-1", "C-1", "D-1"]


def test_a_vertex_that_feeds_itself_is_a_cycle() -> None:
    with pytest.raises(GraphError, match="cycle through A-1;"):
        compile_graph(flow([node("A-1", "A")], [edge("A-1.out", "A-1.text")]))


def test_the_edge_that_closes_a_loop_is_no_cycle() -> None:
    graph = compile_graph(
        flow(
            [node("L-1", "LoopComponent"), node("B-1", "B")],
            [edge("L-1.item", "B-1.text"), edge("B-1.out", "L-1.>item")],
        )
    )
    assert [e.field for e in graph.closing["L-1"]] == ["item"]
    assert ids(graph.incoming["B-1"]) == [("L-1", "B-1", "text")]


def test_a_long_chain_compiles_quickly_and_without_recursion() -> None:
    nodes = [node(f"A-{n}", "A") for n in range(5000)]
    edges = [edge(f"A-{n}.out", f"A-{n + 1}.text") for n in range(4999)]
    started = time.process_time()
    graph = compile_graph(flow(nodes, edges))
    assert len(graph.ancestors(["A-4999"])) == 5000
    assert time.process_time() - started < 5


def group(id_: str, children: list[dict], edges: list[dict], template: dict, outputs: list[dict] | None = None) -> dict:
    made = node(id_, "GroupNode", fields=template, outputs=outputs)
    made["data"]["node"]["flow"] = {"data": {"nodes": children, "edges": edges}}
    return made


def proxied(child: object, field: object, **entry: object) -> dict:
    return {"type": "str", "proxy": {"id": child, "field": field}, **entry}


def test_a_group_is_replaced_by_its_children_with_its_values_and_edges() -> None:
    inner = group(
        "Group-1",
        [node("B-1", "B", text="own"), node("C-1", "C")],
        [edge("B-1.out", "C-1.text")],
        {"text_b": proxied("B-1", "text", value="handed down"), "field_c": proxied("C-1", "other")},
    )
    into = edge("A-1.out", "Group-1.field_c")
    into["data"]["targetHandle"]["proxy"] = {"id": "C-1", "field": "other"}
    out = edge("Group-1.C-1_result", "D-1.text")
    graph = compile_graph(flow([node("A-1", "A"), inner, node("D-1", "D")], [into, out]))
    assert list(graph.vertices) == ["A-1", "D-1", "B-1", "C-1"]
    assert graph.vertices["B-1"].template["text"]["value"] == "handed down"
    assert set(ids(graph.edges)) == {("A-1", "C-1", "other"), ("C-1", "D-1", "text"), ("B-1", "C-1", "text")}
    assert graph.outgoing["C-1"][0].output == "result"
    assert graph.groups == {"Group-1": ("B-1", "C-1")}
    assert graph.proxies["Group-1"]["text_b"] == ("B-1", "text")


@pytest.mark.parametrize("wrong", [{}, [], 1, None])
def test_what_a_group_stands_for_may_be_nonsense(wrong: object) -> None:
    inner_edge = {**edge("B-1.out", "C-1.text"), "source": wrong}
    template = {"text": proxied(wrong, "text"), "field": proxied("B-1", wrong)}
    inner = group("Group-1", [node("B-1", "B"), node("C-1", "C")], [inner_edge], template)
    into, out = edge("A-1.out", "Group-1.text"), edge("Group-1.B-1_out", "D-1.text")
    into["data"]["targetHandle"]["proxy"] = out["data"]["sourceHandle"]["proxy"] = {"id": wrong, "field": wrong}
    graph = compile_graph(flow([node("A-1", "A"), inner, node("D-1", "D")], [into, out]))
    assert list(graph.vertices) == ["A-1", "D-1", "B-1", "C-1"]


def test_groups_nest_and_hand_frozen_down() -> None:
    inner = group("Group-2", [node("C-1", "C", text="x")], [], {"t": proxied("C-1", "text", value="deep")})
    outer = group("Group-1", [inner], [], {"t": proxied("Group-2", "t", value="deepest")})
    outer["data"]["node"]["frozen"] = True
    graph = compile_graph(flow([outer], []))
    assert graph.vertices["C-1"].template["text"]["value"] == "deepest"
    assert graph.groups["Group-1"] == ("C-1",)
    assert graph.proxies["Group-1"]["t"] == ("C-1", "text")


def test_the_document_a_graph_came_from_is_not_changed() -> None:
    document = flow([group("G-1", [node("B-1", "B", text="own")], [], {"t": proxied("B-1", "text", value="v")})], [])
    before = json.dumps(document)
    compile_graph(document)
    assert json.dumps(document) == before


def test_the_run_of_a_chat_is_what_is_connected_with_it() -> None:
    nodes = [
        node("ChatInput-1", "ChatInput"),
        node("A-1", "A"),
        node("S-1", "S"),
        node("ChatOutput-1", "ChatOutput"),
        node("X-1", "X"),
    ]
    edges = [
        edge("ChatInput-1.message", "A-1.text"),
        edge("S-1.out", "A-1.text2"),
        edge("A-1.out", "ChatOutput-1.input_value"),
    ]
    assert compile_graph(flow(nodes, edges)).entry == {"ChatInput-1", "A-1", "S-1", "ChatOutput-1"}


def test_a_webhook_comes_before_a_chat_and_no_output_means_everything() -> None:
    nodes = [node("ChatInput-1", "ChatInput"), node("Webhook-1", "Webhook"), node("ChatOutput-1", "ChatOutput")]
    both = flow(nodes, [edge("ChatInput-1.message", "ChatOutput-1.input_value")])
    assert compile_graph(both).entry == {"ChatInput-1", "Webhook-1", "ChatOutput-1"}
    both["data"]["edges"] = [edge("Webhook-1.output_data", "ChatOutput-1.input_value")]
    assert compile_graph(both).entry == {"Webhook-1", "ChatOutput-1"}


def test_signals_reach_like_edges_except_where_they_would_close_a_cycle() -> None:
    names = ["a", "b", "c", "d"]
    chain = flow([node(name, "X") for name in names], [edge("a.out", "b.text"), edge("c.out", "d.text")])
    graph = compile_graph(chain).with_signals([("b", "c"), ("d", "a")])
    assert graph.signals == ()
    graph = compile_graph(chain).with_signals([("b", "c")])
    assert graph.descendants(["a"]) == graph.ancestors(["d"]) == set(names)
    assert graph.descendants(["a"], signals=False) == {"a", "b"}


def test_signals_are_bounded() -> None:
    graph = compile_graph(flow([node("a", "X"), node("b", "X")], []))
    with pytest.raises(GraphError, match="wait for each other's key"):
        graph.with_signals([("a", "b")] * (MAX_EDGES + 1))
