from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.files import FileComponent, FileContentRetrieverComponent, MergeFlowsComponent
from langflow_lite.components.tools import component_tools
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio

FILES = {
    "flow-1/a.txt": b"first",
    "flow-1/b.md": b"second",
    "flow-1/t.csv": b"name,n\ncod,3\n",
    "flow-1/o.json": b'{"a": 1}',
    "flow-1/l.json": b'[{"a": 1}, {"a": 2}]',
    "flow-1/x.exe": b"MZ",
    "flow-1/p.png": b"PNG",
    "flow-1/bad.json": b"{",
}


@pytest.fixture
def stored(ctx: Any) -> None:
    ctx.files.contents.update(FILES)


pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("stored")]


async def test_the_texts_of_all_files_are_joined(place: Any) -> None:
    component = place(FileComponent(path=["flow-1/a.txt", "flow-1/b.md"]))
    assert (await component.load_files_message()).text == "first\n\nsecond"
    assert (await component.load_files()).rows == [
        {"file_path": "flow-1/a.txt", "text": "first"},
        {"file_path": "flow-1/b.md", "text": "second"},
    ]
    assert (await component.load_files_path()).text == "flow-1/a.txt\nflow-1/b.md"


async def test_the_rows_of_a_table_are_read(place: Any) -> None:
    table = await place(FileComponent(path=["flow-1/t.csv"])).load_files()
    assert table.rows == [{"name": "cod", "n": 3}]


@pytest.mark.parametrize(("name", "data"), [("o", {"a": 1}), ("l", {"results": [{"a": 1}, {"a": 2}]})])
async def test_json_is_read_as_a_record(place: Any, name: str, data: dict[str, Any]) -> None:
    assert (await place(FileComponent(path=[f"flow-1/{name}.json"])).load_files_json()).data == data


async def test_exports_of_1_1_get_a_record_per_file(place: Any) -> None:
    one = await place(FileComponent(path=["flow-1/a.txt"])).load_files_data()
    assert one == Data({"file_path": "flow-1/a.txt", "text": "first"})
    two = await place(FileComponent(path=["flow-1/a.txt", "flow-1/b.md"])).load_files_data()
    assert [record.get_text() for record in two] == ["first", "second"]


@pytest.mark.parametrize(
    "value",
    [
        Data({"file_path": "flow-1/a.txt"}),
        [Data({"file_path": ["flow-1/a.txt"]}), Data({"other": 1})],
        Message(files=["flow-1/a.txt"]),
        Message(text="flow-1/a.txt"),
        {"file_path": "flow-1/a.txt"},
        "flow-1\\a.txt",
    ],
)
async def test_files_may_come_over_an_edge(place: Any, value: Any) -> None:
    component = place(FileComponent(file_path=value))
    assert (await component.load_files_message()).text == "first"


async def test_nothing_chosen_is_nothing_read(place: Any) -> None:
    component = place(FileComponent())
    assert (await component.load_files_message()).text == ""
    assert (await component.load_files()).rows == []
    assert (await component.load_files_json()).data == {}


async def test_a_missing_file_is_an_error_saying_how_to_give_it(place: Any) -> None:
    component = FileComponent(path=["flow-9/2025-01-06_10-00-00_report.txt"])
    with pytest.raises(ValueError, match=r'Upload report\.txt .*"Node-aaaaa": \{"path"'):
        await place(component).load_files_message()


@pytest.mark.parametrize(
    ("path", "fields", "problem"),
    [
        ("flow-1/bad.json", {}, r"Error loading file flow-1/bad\.json: it is not well-formed JSON"),
        (
            "flow-1/x.exe",
            {"ignore_unsupported_extensions": False},
            r"its kind \.exe is not supported; these are: .*csv",
        ),
        ("flow-1/p.png", {}, "images are read by the advanced parser only"),
        ("flow-1/a.txt", {"advanced_mode": True}, "needs Docling"),
        ("flow-1/a.txt", {"storage_location": [{"name": "Google Drive"}]}, "Files on Google Drive are not supported"),
        ("flow-1/a.txt", {"text_encoding": "nonsense"}, "cannot be read as nonsense"),
    ],
)
async def test_what_cannot_be_read_is_an_error_saying_why(
    place: Any, path: str, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        await place(FileComponent(path=[path], **fields)).load_files_message()


async def test_files_that_cannot_be_read_may_be_left_out(place: Any) -> None:
    component = place(FileComponent(path=["flow-1/bad.json", "flow-1/none", "flow-1/a.txt"], silent_errors=True))
    assert (await component.load_files_message()).text == "first"
    assert len(component.logs) == 2
    other = place(FileComponent(path=["flow-1/x.exe", "flow-1/a.txt"], storage_location=[{"name": "Local"}]))
    assert (await other.load_files_message()).text == "first"


async def test_a_connected_file_is_found_by_path_or_name(place: Any) -> None:
    table = Table([{"file_path": "flow-1/a.txt", "text": "first"}, {"file_path": "flow-1/t.csv", "text": "n\n3\n"}])
    for path in ("flow-1/a.txt", " a.txt "):
        component = place(FileContentRetrieverComponent(file_data=[table], file_path=path))
        assert (await component.retrieve_content()).text == "first"
        assert (await component.retrieve_content_as_dataframe()).rows == [table[0]]
    component = place(FileContentRetrieverComponent(file_data=table, file_path="t.csv"))
    assert (await component.retrieve_content_as_dataframe()).rows == [{"n": 3}]
    with pytest.raises(ValueError, match=r"'z' is not among the connected files: flow-1/a\.txt, flow-1/t\.csv"):
        await place(FileContentRetrieverComponent(file_data=table, file_path="z")).retrieve_content()


async def test_as_a_tool_it_takes_no_arguments_and_names_its_files(place: Any, ctx: Any) -> None:
    ctx.files.contents["flow-1/2025-01-06_10-00-00_report.txt"] = b"sales"
    [tool] = component_tools(place(FileComponent(path=["flow-1/2025-01-06_10-00-00_report.txt"])))
    assert (tool.name, tool.spec.parameters["properties"]) == ("load_files_message", {})
    assert "report.txt" in tool.description
    assert (await tool.call({})).text == "sales"


@pytest.mark.parametrize(
    ("value", "text"), [([Message(text="a"), Data()], "2 inputs have arrived."), ([Table()], "1 input has arrived.")]
)
async def test_merging_waits_for_all_inputs(place: Any, value: Any, text: str) -> None:
    assert (await place(MergeFlowsComponent(inputs_to_wait_for=value)).merge()).text == text
    assert MergeFlowsComponent.field_names["inputs"] == "inputs_to_wait_for"
