from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.prompts import PromptComponent
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("Hello {name}!", {"name": "Ann"}, "Hello Ann!"),
        ("{a}{a}", {"a": "x"}, "xx"),
        ('{{"k": "{v}"}}', {"v": "1"}, '{"k": "1"}'),
        ("no variables", {}, "no variables"),
        ("", {}, ""),
        ("[{a}]", {"a": ""}, "[]"),
        ("[{a}]", {"a": None}, "[]"),
        ("{a}", {"a": "{b} {{c}}"}, "{b} {{c}}"),
        ("{a}", {"a": Message(text="from a message")}, "from a message"),
        ("{a}", {"a": Data({"text": "from data", "n": 1})}, "from data"),
        ("{a}", {"a": Data({"body": "x"}, text_key="body")}, "x"),
        ("{a}", {"a": Data({"n": 1})}, "{'n': 1}"),
        ("{a}", {"a": ["x", Message(text="y"), Data({"text": "z"})]}, "['x', 'y', 'z']"),
        ("{a}", {"a": Table([{"n": 1}])}, "| n |\n| :--- |\n| 1 |"),
        ("{a} {b}", {"a": 7, "b": True}, "7 True"),
        ("{a!r:>5}|", {"a": "x"}, "  'x'|"),
        ("{user name}", {"user name": "Ann"}, "Ann"),
    ],
)
async def test_variables_in_single_braces_are_filled(
    place: Any, template: str, values: dict[str, Any], text: str
) -> None:
    component = place(PromptComponent(template=template, **values))
    assert (await component.build_prompt()).text == text
    assert component.status == text


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("Hello {{name}}!", {"name": "Ann"}, "Hello Ann!"),
        ('{"k": "{{v}}", "w": {}}', {"v": "1"}, '{"k": "1", "w": {}}'),
        ("{{a}}", {"a": "{{b}}", "b": "no"}, "{{b}}"),
        ("[{{a}}]", {"a": None}, "[]"),
        ("{{a}}", {"a": Message(text="m")}, "m"),
        ("{{ open", {}, "{{ open"),
    ],
)
async def test_variables_in_double_braces_are_filled(
    place: Any, template: str, values: dict[str, Any], text: str
) -> None:
    component = place(PromptComponent(template=template, use_double_brackets=True, **values))
    assert (await component.build_prompt()).text == text


@pytest.mark.parametrize(
    "template",
    [
        "{{#a}}x{{/a}}",
        "{{^a}}",
        "{{>a}}",
        "{{!a}}",
        "{{&a}}",
        "{{.}}",
        "{{{a}}}",
        "{{a.b}}",
        "{{ a }}",
        "{{}}",
        "{{1a}}",
        "{{a\n}}",
    ],
)
async def test_anything_but_a_name_in_double_braces_is_refused(place: Any, template: str) -> None:
    with pytest.raises(ValueError, match=r"only \{\{name\}\} is supported|triple braces"):
        await place(PromptComponent(template=template, use_double_brackets=True, a="x")).build_prompt()


@pytest.mark.parametrize(
    ("template", "double", "named"),
    [
        ("{a} {missing}", False, r"\{missing\}.*'missing'.*literal braces"),
        ("{{missing}}", True, r"\{\{missing\}\}.*'missing'$"),
        ("{a.upper}", False, r"'a.upper'"),
        ("{a.__class__}", False, r"'a.__class__'"),
        ("{a[0]}", False, r"'a\[0\]'"),
        ('{"json": 1}', False, "literal braces"),
    ],
)
async def test_a_variable_without_a_field_is_an_error_naming_it(
    place: Any, template: str, double: bool, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        await place(PromptComponent(template=template, use_double_brackets=double, a="x")).build_prompt()


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{", "not well formed"),
        ("}", "not well formed"),
        ("{}", "without a name"),
        ("{a:{a}}", "not allowed"),
        ("{a:99999999}", "not allowed"),
        ("{a:.2f}", "does not suit"),
    ],
)
async def test_a_template_that_cannot_be_filled_is_an_error_saying_why(place: Any, template: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await place(PromptComponent(template=template, a="x")).build_prompt()


async def test_files_of_inserted_messages_ride_along_once(place: Any) -> None:
    one, two = Message(text="1", files=["a.png", "b.png"]), Message(text="2", files=["b.png", "c.png"])
    message = await place(
        PromptComponent(template="{x} {y}", x=one, y=[two], unused=Message(files=["d"]))
    ).build_prompt()
    assert message.files == ["a.png", "b.png", "c.png"]
