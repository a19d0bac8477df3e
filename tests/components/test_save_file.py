from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.documents import Document, read_rows
from langflow_lite.components.save_file import SaveToFileComponent
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio

TABLE = Table([{"name": "cod, fresh", "n": 3}, {"name": "eel", "tags": ["a"]}])


async def saved(place: Any, **fields: Any) -> tuple[str, str]:
    component = place(SaveToFileComponent(**{"file_name": "report", **fields}))
    sentence = (await component.save_to_file()).text
    path = sentence.rpartition("'")[0].rpartition("'")[2]
    return sentence, component.ctx.files.contents[path].decode()


@pytest.mark.parametrize(
    ("fields", "name", "content"),
    [
        ({"input": Message(text="hi")}, "report.json", '{\n  "message": "hi"\n}'),
        ({"input": Message(text="hi"), "local_format": "txt"}, "report.txt", "hi"),
        ({"input": Message(text="hi"), "file_format": "markdown", "local_format": "txt"}, "report.markdown", "**Message:**\n\nhi"),
        ({"input": Message(text="<hi>"), "file_format": "html"}, "report.html", "<pre>&lt;hi&gt;</pre>"),
        ({"input": Data({"a": 1})}, "report.json", '{\n  "a": 1\n}'),
        ({"input": Data({"a": 1}), "local_format": "csv"}, "report.csv", "a\r\n1\r\n"),
        ({"input": TABLE}, "report.csv", 'name,n,tags\r\n"cod, fresh",3,\r\neel,,"[""a""]"\r\n'),
        ({"input": Table([{"a": 1}]), "local_format": "json"}, "report.json", '[\n  {\n    "a": 1\n  }\n]'),
        ({"input": Table([{"a": 1}]), "file_format": "md"}, "report.markdown", "| a |\n| :--- |\n| 1 |"),
        ({"input": "plain", "file_format": "txt"}, "report.txt", "plain"),
        ({"input": '[{"a": 1}]'}, "report.csv", "a\r\n1\r\n"),
        ({"input": [Data({"a": 1}), Data({"a": 2})]}, "report.csv", "a\r\n1\r\n2\r\n"),
        ({"input": TABLE, "file_name": "report.csv"}, "report.csv", 'name,n,tags\r\n"cod, fresh",3,\r\neel,,"[""a""]"\r\n'),
        ({"df": Table([{"a": 1}]), "input_type": "DataFrame", "file_format": "csv"}, "report.csv", "a\r\n1\r\n"),
    ],
)  # fmt: skip
async def test_content_is_written_in_its_format(place: Any, fields: dict[str, Any], name: str, content: str) -> None:
    sentence, written = await saved(place, **fields)
    assert sentence.endswith(f"saved successfully as 'flow-1/{name}'")
    assert written == content


@pytest.mark.parametrize(
    ("first", "second", "format_", "content"),
    [
        (Message(text="a"), Message(text="b"), "txt", "a\nb"),
        (Table([{"a": 1}]), Table([{"a": 2}]), "csv", "a\r\n1\r\n2\r\n"),
        (Table([{"a": 1}]), Data({"a": 2}), "json", '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]'),
    ],
)
async def test_content_may_be_appended(place: Any, first: Any, second: Any, format_: str, content: str) -> None:
    await saved(place, input=first, local_format=format_, append_mode=True)
    sentence, written = await saved(place, input=second, local_format=format_, append_mode=True)
    assert "appended to" in sentence
    assert written == content


async def test_excel_is_written(place: Any) -> None:
    component = place(SaveToFileComponent(input=TABLE, file_name="r", local_format="excel"))
    await component.save_to_file()
    rows = read_rows(Document("r.xlsx", component.ctx.files.contents["flow-1/r.xlsx"]))
    assert rows[0] == {"name": "cod, fresh", "n": 3, "tags": None}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"file_name": " "}, "File name must be provided"),
        ({"file_name": "../up"}, "without folders"),
        ({"file_name": "a\\b"}, "without folders"),
        ({"file_name": ".."}, "without folders"),
        ({"input": None}, "nothing to write"),
        ({"input": Message(text="x"), "local_format": "csv"}, "A message cannot be written as csv; choose one of txt"),
        (
            {"input": Message(text="x"), "storage_location": [{"name": "Google Drive"}]},
            "Writing to Google Drive is not supported",
        ),
    ],
)
async def test_what_cannot_be_written_is_an_error_saying_why(place: Any, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await saved(place, **{"input": "x", **fields})


async def test_the_path_that_releases_before_1_5_had_may_name_the_present_folder(place: Any) -> None:
    component = place(SaveToFileComponent(input=Message(text="x"), file_name="./news.txt", file_format="txt"))
    assert "/news.txt'" in (await component.save_to_file()).text
