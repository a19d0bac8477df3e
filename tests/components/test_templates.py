from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.templates import data_to_text, fill, record_value
from langflow_lite.values import Data


class Secretive:
    """Shows its attributes to whoever formats it."""

    secret = "s3cret"

    def __format__(self, spec: str) -> str:
        return self.secret

    def __str__(self) -> str:
        return "plain"


@pytest.mark.parametrize("template", ["{x}", "{x:5}", "{x!s:5}", "{x.secret}", "{x[secret]}"])
def test_values_cannot_format_themselves_or_show_attributes(template: str) -> None:
    text = fill(template, record_value({"x": Secretive()}, missing=lambda name: ""))
    assert text.strip() in ("plain", "")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{n:>4}|", "   7|"),
        ("{n:03d}", "007"),
        ("{f:.1f}", "0.5"),
        ("{t!r}", "'t'"),
        ("{t!a}", "'t'"),
        ("{none}", "None"),
        ("{data}", '```json\n{\n  "a": 1\n}\n```'),
        ("{list}", "[1, 2]"),
        ("{list[1]} {list[5]}|{list[x]}|{data[a]}", "2 ||1"),
    ],
)
def test_values_are_shown_as_python_shows_them(template: str, text: str) -> None:
    record: dict[str, Any] = {"n": 7, "f": 0.5, "t": "t", "none": None, "data": Data({"a": 1}), "list": [1, 2]}
    assert fill(template, record_value(record, missing=lambda name: "")) == text


@pytest.mark.parametrize("template", ["{a", "a}", "{a!x", "{a!}"])
def test_a_template_that_is_not_well_formed_is_an_error(template: str) -> None:
    with pytest.raises(ValueError, match="not well formed"):
        fill(template, lambda name: "")


def test_a_nested_data_object_and_an_error_lend_their_text() -> None:
    items = [Data({"data": {"text": "inner"}}), Data({"error": "broken", "text": "t"}), {"text": "dict"}]
    assert data_to_text("{text}", items) == ["inner", "broken", "dict"]
