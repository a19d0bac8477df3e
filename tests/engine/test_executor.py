from __future__ import annotations

import anyio
import pytest

from langflow_lite.errors import ComponentError, ComponentsUnsupported
from langflow_lite.values import Message, Table
from tests.engine.conftest import Ask, Bench, Gate, Text, texts
from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio

CHAT = [node("ChatInput-a", "ChatInput", input_value="saved"), node("ChatOutput-z", "ChatOutput")]


async def test_a_chain_passes_its_value_along(bench: Bench) -> None:
    outcome = await bench.run(
        flow(
            [*CHAT, node("Text-1", "Text")],
            [edge("ChatInput-a.message", "Text-1.text"), edge("Text-1.out", "ChatOutput-z.input_value")],
        ),
        input_value="hi",
    )
    assert texts(outcome)["ChatOutput-z"] == "Text-1(hi,-)"
    assert bench.messages.flushed == 1


async def test_a_vertex_starts_when_its_own_inputs_are_there_not_when_a_layer_is_done(bench: Bench) -> None:
    # Gate-slow ends only after Text-2, two steps further on the other branch, has run.
    document = flow(
        [
            *CHAT,
            node("Gate-slow", "Gate", waits="opened"),
            node("Text-1", "Text"),
            node("Gate-2", "Gate", opens="opened"),
        ],
        [
            edge("ChatInput-a.message", "Gate-slow.text"),
            edge("ChatInput-a.message", "Text-1.text"),
            edge("Text-1.out", "Gate-2.text"),
            edge("Gate-2.out", "ChatOutput-z.input_value"),
        ],
    )
    with anyio.fail_after(30):
        outcome = await bench.run(document, input_value="x")
    assert texts(outcome)["ChatOutput-z"] == "Gate-2:Text-1(x,-)"
    assert texts(outcome)["Gate-slow"] == "Gate-slow:x"


async def test_independent_sources_run_beside_each_other(bench: Bench) -> None:
    document = flow(
        [
            node("Gate-1", "Gate", opens="one", waits="two"),
            node("Gate-2", "Gate", opens="two", waits="one"),
            node("Text-1", "Text"),
        ],
        [edge("Gate-1.out", "Text-1.text"), edge("Gate-2.out", "Text-1.text2")],
    )
    with anyio.fail_after(30):
        outcome = await bench.run(document)
    assert texts(outcome)["Text-1"] == "Text-1(Gate-1:,Gate-2:)"


async def test_synchronous_code_runs_in_a_worker_thread(bench: Bench) -> None:
    outcome = await bench.run(flow([node("Blocking-1", "Blocking", text="a")], []))
    assert texts(outcome) == {"Blocking-1": "thread a"}


async def test_list_fields_collect_edges_in_file_order(bench: Bench) -> None:
    nodes = [node("Text-t", "Text", texts=["saved"]), *(node(f"Text-{n}", "Text", text=str(n)) for n in (3, 1, 2))]
    edges = [edge(f"Text-{n}.out", "Text-t.texts") for n in (2, 3, 1)]
    outcome = await bench.run(flow(nodes, edges))
    assert texts(outcome)["Text-t"] == "Text-t(,-,Text-2(2,-),Text-3(3,-),Text-1(1,-))"


async def test_of_two_edges_into_a_plain_field_the_last_in_the_file_wins(bench: Bench) -> None:
    nodes = [node("Text-1", "Text"), node("Text-2", "Text"), node("Text-t", "Text")]
    outcome = await bench.run(flow(nodes, [edge("Text-2.out", "Text-t.text"), edge("Text-1.out", "Text-t.text")]))
    assert texts(outcome)["Text-t"] == "Text-t(Text-1(,-),-)"


def routed(*nodes: dict, edges: list[dict], yes: bool = False) -> dict:
    return flow(
        [
            *CHAT,
            node("Router-r", "Router", yes=yes),
            node("Text-T", "Text"),
            node("Text-F", "Text"),
            *nodes,
        ],
        [
            edge("ChatInput-a.message", "Router-r.text"),
            edge("Router-r.yes_out", "Text-T.text"),
            edge("Router-r.no_out", "Text-F.text"),
            *edges,
        ],
    )


async def test_a_merge_of_both_branches_runs_with_the_live_one(bench: Bench) -> None:
    document = routed(
        node("Text-M", "Text", text="unset", text2="unset2"),
        edges=[
            edge("Text-T.out", "Text-M.text"),
            edge("Text-F.out", "Text-M.text2"),
            edge("Text-M.out", "ChatOutput-z.input_value"),
        ],
    )
    outcome = await bench.run(document, input_value="q")
    assert texts(outcome)["Text-M"] == "Text-M(unset,Text-F(q,-))"
    assert "Text-T" not in outcome.results


async def test_a_dead_edge_adds_nothing_to_a_list(bench: Bench) -> None:
    document = routed(
        node("Text-M", "Text"),
        edges=[edge("Text-T.out", "Text-M.texts"), edge("Text-F.out", "Text-M.texts")],
    )
    outcome = await bench.run(document, input_value="q")
    assert texts(outcome)["Text-M"] == "Text-M(,-,Text-F(q,-))"


@pytest.mark.parametrize("order", [("T", "F"), ("F", "T")])
async def test_a_dead_edge_never_overwrites_a_live_one(bench: Bench, order: tuple[str, str]) -> None:
    document = routed(
        node("Text-M", "Text"),
        edges=[edge(f"Text-{side}.out", "Text-M.text") for side in order],
    )
    outcome = await bench.run(document, input_value="q")
    assert texts(outcome)["Text-M"] == "Text-M(Text-F(q,-),-)"


async def test_a_target_of_the_stopped_side_is_dead_although_another_input_lives(bench: Bench) -> None:
    document = routed(
        edges=[edge("ChatInput-a.message", "Text-T.text2"), edge("Text-T.out", "ChatOutput-z.input_value")]
    )
    outcome = await bench.run(document, input_value="q")
    assert set(outcome.results) == {"ChatInput-a", "Router-r", "Text-F"}
    assert outcome.answer(_request())["outputs"][0]["outputs"] == []


async def test_a_join_behind_a_dead_vertex_is_dead_although_another_input_lives(bench: Bench) -> None:
    document = routed(
        node("Text-Z", "Text"),
        edges=[
            edge("Text-T.out", "Text-Z.text"),
            edge("ChatInput-a.message", "Text-Z.text2"),
            edge("Text-Z.out", "ChatOutput-z.input_value"),
        ],
    )
    outcome = await bench.run(document, input_value="q")
    assert "Text-Z" not in outcome.results
    assert len(Ask.seen) == 1


async def test_what_two_routers_starve_between_them_is_dead(bench: Bench) -> None:
    # Text-M survives the first router through Router-2, whose own choice then cuts the last way to it.
    document = routed(
        node("Router-2", "Router", yes=True),
        node("Text-M", "Text"),
        edges=[
            edge("Router-r.no_out", "Router-2.text"),
            edge("Router-r.yes_out", "Text-M.text"),
            edge("Router-2.no_out", "Text-M.text2"),
        ],
    )
    outcome = await bench.run(document, input_value="q")
    assert "Text-M" not in outcome.results


async def test_a_failing_component_is_named_and_the_rest_is_cancelled(bench: Bench) -> None:
    document = flow(
        [
            node("Fails-1", "Fails", display_name="Breaker"),
            node("Gate-1", "Gate", waits="never"),
            node("Text-1", "Text"),
        ],
        [edge("Fails-1.out", "Text-1.text"), edge("Gate-1.out", "Text-1.text2")],
    )
    with anyio.fail_after(30), pytest.raises(ComponentError) as caught:
        await bench.run(document, listen=True)
    assert caught.value.message == "Error building Component Breaker: \n\nit broke"
    assert caught.value.component_id == "Fails-1"
    assert Gate.cancelled == ["Gate-1"]
    assert [name for name, _ in bench.events] == ["error"]
    stored = bench.messages.stored[-1]
    assert (stored.sender, stored.text, stored.category, stored.error) == ("Breaker", "it broke\n", "error", True)


@pytest.mark.parametrize(("how", "told"), [("exit", "tried to exit"), ("group", "several")])
async def test_a_component_cannot_take_the_server_down(bench: Bench, how: str, told: str) -> None:
    with pytest.raises(ComponentError, match=told):
        await bench.run(flow([node("Fails-1", "Fails", how=how)], []))


async def test_unknown_types_are_all_named_before_anything_runs(bench: Bench) -> None:
    document = flow(
        [*CHAT, node("X-1", "Alpha", display_name="First"), node("X-2", "Beta")],
        [
            edge("ChatInput-a.message", "X-1.text"),
            edge("X-1.out", "X-2.text"),
            edge("X-2.out", "ChatOutput-z.input_value"),
        ],
    )
    with pytest.raises(ComponentsUnsupported) as caught:
        await bench.run(document, input_value="hi")
    assert [(c["id"], c["type"]) for c in caught.value.components] == [("X-1", "Alpha"), ("X-2", "Beta")]
    assert Ask.seen == []


async def test_unknown_types_that_are_connected_with_nothing_are_left_out(bench: Bench) -> None:
    nodes = [node("Text-1", "Text"), node("X-1", "Alpha"), node("X-2", "Beta")]
    assert list((await bench.run(flow(nodes, []))).results) == ["Text-1"]


async def test_what_needs_a_connection_and_has_none_is_left_out(bench: Bench) -> None:
    nodes = [*CHAT, node("ChatOutput-y", "ChatOutput"), node("Needy-1", "Needy")]
    outcome = await bench.run(flow(nodes, [edge("ChatInput-a.message", "ChatOutput-z.input_value")]), input_value="hi")
    assert texts(outcome)["ChatOutput-z"] == "hi"
    assert "Needy-1" not in outcome.results


async def test_a_flow_of_nothing_but_unknown_types_is_refused(bench: Bench) -> None:
    with pytest.raises(ComponentsUnsupported, match=r"Alpha.*Beta"):
        await bench.run(flow([node("X-1", "Alpha"), node("X-2", "Beta")], []))


async def test_tools_that_nobody_holds_run_only_where_there_is_nothing_else(bench: Bench) -> None:
    tool = node("Many-1", "Many", tool_mode=True)
    assert list((await bench.run(flow([tool], []))).results) == ["Many-1"]
    assert list((await bench.run(flow([tool, node("Text-1", "Text")], []))).results) == ["Text-1"]
    with pytest.raises(ComponentsUnsupported, match="Alpha"):
        await bench.run(flow([node("X-1", "Alpha", tool_mode=True)], []))


async def test_an_unknown_type_that_is_not_part_of_the_run_does_no_harm(bench: Bench) -> None:
    document = flow(
        [*CHAT, node("X-1", "Alpha"), node("X-2", "Beta")],
        [edge("ChatInput-a.message", "ChatOutput-z.input_value"), edge("X-1.out", "X-2.text")],
    )
    assert texts(await bench.run(document, input_value="hi"))["ChatOutput-z"] == "hi"


async def test_an_output_the_component_lacks_is_named(bench: Bench) -> None:
    wire = edge("Many-1.elsewhere", "Text-1.text")
    wire["data"]["sourceHandle"]["output_types"] = ["Retriever"]
    document = flow([node("Many-1", "Many"), node("Text-1", "Text")], [wire])
    with pytest.raises(ComponentsUnsupported, match="Many") as caught:
        await bench.run(document)
    assert "elsewhere" in caught.value.components[0]["suggestion"]


async def test_only_connected_outputs_are_computed_and_all_of_an_end(bench: Bench) -> None:
    end = await bench.run(flow([node("Many-1", "Many")], []))
    assert list(end.results["Many-1"].outputs) == ["data", "table", "list", "plain", "nothing"]
    wired = await bench.run(
        flow([node("Many-1", "Many"), node("Needy-1", "Needy")], [edge("Many-1.data", "Needy-1.data")])
    )
    assert list(wired.results["Many-1"].outputs) == ["data"]


async def test_a_required_handle_that_nothing_feeds_is_an_error_naming_it(bench: Bench) -> None:
    with pytest.raises(ComponentError, match="'Source' is required"):
        await bench.run(flow([node("Needy-1", "Needy")], []))


async def test_a_value_that_cannot_be_used_names_the_field(bench: Bench) -> None:
    with pytest.raises(ComponentError, match=r"'Number' \(number\) cannot be used: expected a number, got 'abc'"):
        await bench.run(flow([node("Text-1", "Text", fields={"number": {"type": "int", "value": "abc"}})], []))


async def test_a_value_that_no_component_reads_does_no_harm(bench: Bench) -> None:
    left_behind = {"allowed_special": {"type": "str", "value": ["all"]}, "text": {"type": "str", "value": "hi"}}
    outcome = await bench.run(flow([node("Text-1", "Text", fields=left_behind)], []))
    assert texts(outcome)["Text-1"].startswith("Text-1(hi")


async def test_each_loop_turn_runs_the_body_on_its_item_in_order(bench: Bench) -> None:
    outcome = await bench.run(looping(), listen=True)
    done = outcome.results["LoopComponent-l"].outputs["done"]
    assert done == Table([{"text": f"Text-b(row {n},Text-s(x,-))"} for n in range(3)])
    assert Text.calls == 1 + 3
    told = [(name, data.get("id") or data["build_data"]["id"]) for name, data in bench.events]
    assert told == [("build_start", "Text-b"), ("end_vertex", "Text-b")] * 3


def looping(count: int = 3, body: dict | None = None) -> dict:
    return flow(
        [
            node("Rows-1", "Rows", count=count),
            node("LoopComponent-l", "LoopComponent"),
            body or node("Text-b", "Text"),
            node("Text-s", "Text", text="x"),
            node("ChatOutput-z", "ChatOutput"),
        ],
        [
            edge("Rows-1.out", "LoopComponent-l.data"),
            edge("LoopComponent-l.item", "Text-b.text"),
            edge("Text-s.out", "Text-b.text2"),
            edge("Text-b.out", "LoopComponent-l.>item"),
            edge("LoopComponent-l.done", "ChatOutput-z.input_value"),
        ],
    )


async def test_a_loop_over_nothing_runs_what_is_behind_it(bench: Bench) -> None:
    outcome = await bench.run(looping(count=0))
    assert outcome.results["LoopComponent-l"].outputs["done"] == Table([])
    assert "ChatOutput-z" in outcome.results
    assert "Text-b" not in outcome.results


async def test_an_error_in_a_turn_fails_the_loop_and_names_both(bench: Bench) -> None:
    with pytest.raises(ComponentError) as caught:
        await bench.run(looping(body=node("Text-b", "Fails", display_name="Body")), listen=True)
    assert caught.value.message == (
        "Error building Component LoopComponent: \n\nError building Component Body: \n\nit broke"
    )
    assert [name for name, _ in bench.events if name == "error"] == ["error", "error"]


async def test_a_loop_with_too_many_items_is_refused(bench: Bench) -> None:
    with pytest.raises(ComponentError, match="1001 items, more than the 1000"):
        await bench.run(looping(count=1001))


async def test_a_router_in_a_loop_decides_for_its_turn_only(bench: Bench) -> None:
    document = looping()
    document["data"]["nodes"] += [node("Router-r", "Router", yes=False), node("Text-never", "Text")]
    document["data"]["edges"] += [edge("Text-b.out", "Router-r.text"), edge("Router-r.yes_out", "Text-never.text")]
    outcome = await bench.run(document)
    assert len(outcome.results["LoopComponent-l"].outputs["done"]) == 3
    assert "Text-never" not in outcome.results


async def test_a_frozen_vertex_reuses_its_result_within_its_flow_only(bench: Bench) -> None:
    plan = bench.plan(flow([node("Text-1", "Text", text="a", frozen=True)], []))
    first = await bench.run(plan)
    second = await bench.run(plan)
    assert (first.results["Text-1"].frozen, second.results["Text-1"].frozen) == (False, True)
    assert Text.calls == 1
    await bench.run(plan, flow_id="flow-2")
    assert Text.calls == 2


async def test_start_and_stop_components_narrow_the_run(bench: Bench) -> None:
    document = flow(
        [*CHAT, node("Text-1", "Text"), node("Text-2", "Text")],
        [
            edge("ChatInput-a.message", "Text-1.text"),
            edge("Text-1.out", "Text-2.text"),
            edge("Text-2.out", "ChatOutput-z.input_value"),
        ],
    )
    stopped = await bench.run(document, input_value="x", stop_component_id="Text-1")
    assert list(stopped.results) == ["ChatInput-a", "Text-1"]
    started = await bench.run(document, input_value="x", start_component_id="Text-2")
    assert "ChatOutput-z" in started.results
    nothing = await bench.run(document, input_value="x", stop_component_id="unknown")
    assert nothing.results == {}


async def test_disconnected_parts_do_not_run_beside_a_chat(bench: Bench) -> None:
    document = flow([*CHAT, node("Text-alone", "Text")], [edge("ChatInput-a.message", "ChatOutput-z.input_value")])
    outcome = await bench.run(document, input_value="x")
    assert set(outcome.results) == {"ChatInput-a", "ChatOutput-z"}


async def test_the_source_of_a_chat_output_is_what_feeds_it(bench: Bench) -> None:
    outcome = await bench.run(flow([*CHAT], [edge("ChatInput-a.message", "ChatOutput-z.input_value")]), input_value="x")
    message = outcome.results["ChatOutput-z"].outputs["message"]
    assert isinstance(message, Message)
    source = message.properties.source
    assert (source.id, source.display_name, source.source) == ("ChatInput-a", "ChatInput", "ChatInput")


async def test_a_cancelled_run_cancels_its_components(bench: Bench) -> None:
    document = flow([node("Gate-1", "Gate", waits="never"), node("Gate-2", "Gate", opens="up", waits="never")], [])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.run, document)
        with anyio.fail_after(30):
            await Gate.events.setdefault("up", anyio.Event()).wait()
        tasks.cancel_scope.cancel()
    assert sorted(Gate.cancelled) == ["Gate-1", "Gate-2"]


def _request():
    from langflow_lite.job import RunRequest

    return RunRequest()
