from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from langflow_lite.components.base import TOOLKIT, Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.tools import Tool, component_tools, edited, result_text, tool_name, unique_names
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio


class Probe(Component):
    """Tells what it was given."""

    name = "TestProbe"
    text: str = field(Kind.TEXT, "Text", tool_mode=True, required=True, info="What to tell.")
    words: list[str] = field(Kind.TEXT, "Words", is_list=True, tool_mode=True)
    size: str = field(Kind.DROPDOWN, "Size", "small", options=("small", "large"), tool_mode=True)
    count: int = field(Kind.INT, "Count", 0, tool_mode=True)
    hidden: str = field(Kind.TEXT, "Hidden", "kept")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.calls = 0

    @output("told", "Told", aliases=("older_told",), info="Tell it.")
    async def tell(self) -> Message:
        self.calls += 1
        await anyio.lowlevel.checkpoint()
        return Message(text=f"{self.text} {self.words} {self.size} {self.count} {self.hidden} {self.calls}")

    @output("blocking", "Blocking")
    def tell_slowly(self) -> Data:
        return Data({"text": self.text})

    @output("never", "Never", tool_mode=False)
    async def keep(self) -> Message:
        return Message()

    @output("former", "Former", hidden=True)
    async def tell_as_before(self) -> Message:
        return Message(text="before")


class Plain(Component):
    """Has no input that is marked for tools."""

    name = "TestPlain"
    shown: str = field(Kind.TEXT, "Shown", required=True)
    advanced: str = field(Kind.TEXT, "Advanced", advanced=True)
    key: str = field(Kind.SECRET, "Key")
    file: str = field(Kind.FILE, "File")

    @output("out", "Out")
    async def run(self) -> Message:
        return Message(text=self.shown)


def row(tag: str, **keys: Any) -> dict[str, Any]:
    return {"name": tag, "description": "", "tags": [tag], **keys}


async def test_each_output_meant_as_a_tool_becomes_one(place: Any) -> None:
    tools = await place(Probe()).to_toolkit()

    assert [(tool.name, tool.description) for tool in tools] == [
        ("tell", "Tell it."),
        ("tell_slowly", "Tells what it was given."),
    ]
    assert {tool.source for tool in tools} == {"Node-aaaaa"}


async def test_the_arguments_are_the_marked_inputs_with_the_nodes_values_as_defaults(place: Any) -> None:
    tool = component_tools(place(Probe(count=3, words=["a"])))[0]

    assert tool.parameters == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What to tell."},
            "words": {"type": "array", "items": {"type": "string"}, "description": "Words", "default": ["a"]},
            "size": {"type": "string", "enum": ["small", "large"], "description": "Size", "default": "small"},
            "count": {"type": "integer", "description": "Count", "default": 3},
        },
        "required": ["text"],
    }


async def test_without_marked_inputs_the_ones_a_user_sees_are_taken_and_never_secrets_or_files(place: Any) -> None:
    [tool] = component_tools(place(Plain()))

    assert list(tool.parameters["properties"]) == ["shown"]
    assert tool.name == "plain"


async def test_a_call_sets_its_arguments_on_a_copy(place: Any) -> None:
    component = place(Probe(text="own"))
    tool = component_tools(component)[0]

    first = await tool.call({"text": "one", "words": "w", "count": "2"})
    second = await tool.call({})

    assert result_text(first) == "one ['w'] small 2 kept 1"
    assert result_text(second) == "own () small 0 kept 1"
    assert component.calls == 0


async def test_calls_side_by_side_do_not_see_each_other(place: Any) -> None:
    tool = component_tools(place(Probe()))[0]
    results: dict[int, str] = {}

    async def call(number: int) -> None:
        results[number] = result_text(await tool.call({"text": str(number)}))

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(call, number)

    assert results == {number: f"{number} () small 0 kept 1" for number in range(5)}


async def test_a_method_that_blocks_runs_in_a_thread(place: Any) -> None:
    assert await component_tools(place(Probe()))[1].call({"text": "x"}) == Data({"text": "x"})


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [({"nothing": 1}, "no argument 'nothing'"), ({"count": "many"}, "'count' cannot be used: expected a number")],
)
async def test_arguments_that_do_not_fit_are_named(place: Any, arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        await component_tools(place(Probe()))[0].call(arguments)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([], ["tell", "tell_slowly"]),
        ([row("tell", name="say")], ["say"]),
        ([row("TestProbe-tell")], ["TestProbe-tell"]),
        ([row("None-tell", name="tell")], ["tell"]),
        ([row("older_told")], ["older_told"]),
        ([row("tell_as_before")], ["tell_as_before"]),
        ([row("tell", status=False), row("tell_slowly")], ["tell_slowly"]),
        ([row("tell", status=False)], []),
        ([row("gone")], ["tell", "tell_slowly"]),
        ("nonsense", ["tell", "tell_slowly"]),
        ([None, {"tags": "tell"}, {"name": "tell"}], ["tell"]),
    ],
    ids=["none", "renamed", "typed", "untyped", "alias", "hidden", "one off", "all off", "unknown", "text", "odd rows"],
)
async def test_the_users_edits_decide(place: Any, rows: Any, names: list[str]) -> None:
    assert [tool.name for tool in component_tools(place(Probe()), rows)] == names


def made(name: str, source: str = "") -> Tool:
    async def call(arguments: Mapping[str, Any]) -> str:
        return name

    return Tool(name, "", {"type": "object", "properties": {}}, call, source=source)


def test_names_that_collide_get_their_vertex_and_stay_within_the_limit() -> None:
    long = "n" * 64
    tools = [made("go", "Probe-A"), made("go", "Probe B"), made("own"), made(long, "X-1"), made(long, "X-2")]

    names = [tool.name for tool in unique_names(tools)]

    assert names[:3] == ["go_Probe_A", "go_Probe_B", "own"]
    assert names[3:] == ["n" * 60 + "_X_1", "n" * 60 + "_X_2"]


def test_two_tools_of_one_name_and_vertex_are_told_apart_too() -> None:
    assert [tool.name for tool in unique_names([made("go", "A"), made("go", "A"), made("go")])] == [
        "go_A",
        "go_A_2",
        "go",
    ]


@pytest.mark.parametrize(
    ("text", "name"), [("a b/c", "a-b-c"), ("ok_1-x", "ok_1-x"), ("Grüße", "Gr--e"), ("", "tool"), ("x" * 99, "x" * 64)]
)
def test_names_hold_only_what_providers_accept(text: str, name: str) -> None:
    assert tool_name(text) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (Message(text="said"), "said"),
        (Data({"a": 1}), '{"a":1}'),
        (Table([{"a": 1}]), "| a |\n| :--- |\n| 1 |"),
        ([Data({"a": 1}), Message(text="x")], '[{"a":1},"x"]'),
        (7, "7"),
        (None, ""),
    ],
)
def test_results_become_what_a_model_can_read(value: Any, text: str) -> None:
    assert result_text(value) == text


def test_every_component_has_a_toolkit_and_edges_of_type_tool_mean_it() -> None:
    assert Probe.find_output("component_as_tool") is TOOLKIT
    assert Probe.find_output(None, "to_toolkit") is TOOLKIT
    assert Probe.find_output("api_build_tool", "build_tool", ["Tool"]) is TOOLKIT
    assert Plain.find_output("anything", None, ["Message"]) is Plain.outputs["out"]


def test_edits_are_matched_by_the_first_tag() -> None:
    [tool] = edited([made("go")], [{"name": "went", "description": "Goes.", "tags": ["go", "other"]}])

    assert (tool.name, tool.description) == ("went", "Goes.")
