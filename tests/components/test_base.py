from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Data, Message, Table


class Sample(Component):
    """Stands for any component.

    Further lines are for readers of the code.
    """

    name = "Sample"
    display_name = "Sample"
    category = "samples"
    text: str = field(Kind.TEXT, "Text", "default", aliases=("old_text",))
    many: Any = field(Kind.DATA, "Many", is_list=True)
    model_name: str = field(Kind.TEXT, "Model Name", "some-model")

    @output("text", "Text", aliases=("older",))
    async def make_text(self) -> Message:
        return Message(text=self.text)

    @output("rows", "Rows", hidden=True)
    def make_rows(self) -> Table | None:
        return None

    @output("records", "Records")
    def make_records(self) -> list[Data]:
        return []


class Heir(Sample):
    """Adds to what it inherits."""

    name = "Heir"
    text: str = field(Kind.MULTILINE, "Text", "mine")

    @output("text", "Better Text")
    async def make_text(self) -> Message:
        return Message(text="better")


def test_fields_start_with_their_defaults_and_take_values_as_their_kind_does() -> None:
    assert (Sample().text, Sample().many, Sample().model_name) == ("default", (), "some-model")
    given = Sample(text=Message(text="m"), many=[Data({"a": 1})], unknown=7)
    assert (given.text, given.many, given.extras) == ("m", [Data({"a": 1})], {"unknown": 7})
    assert Sample().extras == {}


def test_older_field_names_lead_to_the_field() -> None:
    assert Sample.field_names == {"old_text": "text", "text": "text", "many": "many", "model_name": "model_name"}


def test_types_of_outputs_come_from_the_methods() -> None:
    types = {name: spec.types for name, spec in Sample.outputs.items()}
    assert types == {"text": ("Message",), "rows": ("Table",), "records": ("JSON",)}
    assert [spec.is_async for spec in Sample.outputs.values()] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "method", "types", "found"),
    [
        ("text", None, (), "text"),
        ("gone", "make_rows", (), "rows"),
        ("make_records", None, (), "records"),
        ("older", None, (), "text"),
        ("gone", "older", (), "text"),
        (None, None, ("Table",), "rows"),
        (None, None, ("object", "str", "Text"), "text"),
        (None, None, ("Record",), None),
        ("gone", "gone", ("Message", "JSON"), None),
        (None, None, (), None),
    ],
)
def test_an_exported_output_is_found_by_name_method_alias_or_type(
    name: str | None, method: str | None, types: tuple[str, ...], found: str | None
) -> None:
    spec = Sample.find_output(name, method, types)
    assert (spec and spec.name) == found


def test_the_description_of_a_component_offers_what_is_not_hidden() -> None:
    described = Sample.describe()
    assert described["description"] == "Stands for any component."
    assert described["field_order"] == ["text", "many", "model_name"]
    assert described["base_classes"] == ["Message", "JSON"]
    assert [offered["name"] for offered in described["outputs"]] == ["text", "records"]


def test_a_subclass_inherits_and_replaces_fields_and_outputs() -> None:
    assert list(Heir.inputs) == ["text", "many", "model_name"]
    assert (Heir().text, Sample().text) == ("mine", "default")
    assert Heir.outputs["text"].display_name == "Better Text"
    assert Sample.outputs["text"].display_name == "Text"


def test_logs_are_kept_and_told_to_followers(place: Any, followed: Any, ctx: Any) -> None:
    component = place(Sample())
    component.log("first")
    component.log({"n": 2}, name="Second")
    assert [(entry["name"], entry["message"]) for entry in component.logs] == [("Log 1", "first"), ("Second", {"n": 2})]
    assert [(name, data["component_id"]) for name, data in followed.events] == [("log", "Node-aaaaa")] * 2
    ctx.emit = None
    component.log("third")
    assert len(component.logs) == 3
    assert len(followed.events) == 2


def test_stopped_outputs_are_remembered() -> None:
    component = Sample()
    component.stop("text", "rows")
    component.stop("text")
    assert component.stopped == {"text", "rows"}
    assert Sample().stopped == set()
