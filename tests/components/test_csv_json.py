from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.csv_json import CSVToDataComponent, JSONToDataComponent, MockDataGeneratorComponent
from langflow_lite.components.lenient_json import read_json
from langflow_lite.values import Data

pytestmark = pytest.mark.anyio


async def test_csv_becomes_records_of_text(place: Any) -> None:
    component = place(CSVToDataComponent(csv_string='name,n\ncod,3\n"eel, smoked"\n', text_key="name"))
    records = await component.load_csv_to_data()
    assert [record.data for record in records] == [{"name": "cod", "n": "3"}, {"name": "eel, smoked", "n": None}]
    assert records[1].get_text() == "eel, smoked"


async def test_json_becomes_records_and_small_mistakes_are_mended(place: Any) -> None:
    assert await place(JSONToDataComponent(json_string='{"a": 1,}')).convert_json_to_data() == Data({"a": 1})
    assert await place(JSONToDataComponent(json_string='[{"a": 1}, 2]')).convert_json_to_data() == [
        Data({"a": 1}),
        Data({"value": 2}),
    ]


async def test_the_source_may_be_a_file(place: Any, ctx: Any) -> None:
    ctx.files.contents.update({"flow-1/a.csv": b"a\n1\n", "flow-1/a.json": b'{"a": 1}'})
    assert await place(CSVToDataComponent(csv_file="flow-1/a.csv")).load_csv_to_data() == [Data({"a": "1"})]
    assert await place(JSONToDataComponent(json_path="flow-1/a.json")).convert_json_to_data() == Data({"a": 1})
    with pytest.raises(ValueError, match="File not found: /etc/passwd"):
        await place(CSVToDataComponent(csv_path="/etc/passwd")).load_csv_to_data()


@pytest.mark.parametrize("fields", [{}, {"csv_string": "a", "csv_path": "b"}, {"csv_file": "a", "csv_path": "b"}])
async def test_exactly_one_source_is_needed(place: Any, fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        await place(CSVToDataComponent(**fields)).load_csv_to_data()


async def test_mock_data_is_always_the_same(place: Any) -> None:
    component = place(MockDataGeneratorComponent())
    table = await component.generate_dataframe_output()
    assert len(table) == 50
    assert table == await component.generate_dataframe_output()
    assert (await component.generate_data_output()).data["records"] == table.rows[:3]
    assert (await component.generate_message_output()).text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here it is:\n```json\n{"a": [1, 2]}\n```\nDone', {"a": [1, 2]}),
        ("{'a': 'b', 'c': True, 'd': None}", {"a": "b", "c": True, "d": None}),
        ("{a: 1, b: two words, c: 3.5}", {"a": 1, "b": "two words", "c": 3.5}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ("[1, 2,, 3,]", [1, 2, 3]),
        ('{"a": [1, {"b": 2', {"a": [1, {"b": 2}]}),
        ('{"a": "unended', {"a": "unended"}),
        ('// note\n{"a": 1 /* x */}', {"a": 1}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        ('{"a": "say "hi" now", "b": 1}', {"a": 'say "hi" now', "b": 1}),
        ('{"a": "\\u00e9\\n\\q"}', {"a": "\u00e9\nq"}),
        ('{"a":}', {"a": None}),
        ('sure! {"a": -1e3}', {"a": -1000.0}),
        ("{]}:,", {}),
        ("[}{:", [{}]),
    ],
)
def test_json_with_mistakes_is_read(text: str, value: Any) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize("text", ["", "no json here", "[" * 5000])
def test_text_without_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no JSON|nested too deeply"):
        read_json(text)
