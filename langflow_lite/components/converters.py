"""Type Convert, Message to Data and Create List: from one kind of value to another."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Data, Message, Table, data_fields, to_text

__all__ = ["CreateListComponent", "MessageToDataComponent", "TypeConverterComponent"]


class TypeConverterComponent(Component):
    """Converts between messages, records and tables."""

    name = "TypeConverterComponent"
    aliases = ("Type Convert",)
    display_name = "Type Convert"
    category = "processing"
    icon = "repeat"

    input_data: Any = field(
        Kind.HANDLE,
        "Input",
        required=True,
        input_types=("Message", "Data", "JSON", "DataFrame", "Table"),
        info="What to convert; of a list, the first item.",
    )
    auto_parse: bool = field(Kind.BOOL, "Auto Parse", advanced=True, info="Read JSON or CSV out of a message's text.")
    output_type: str = field(
        Kind.TAB, "Output Type", "Message", options=("Message", "JSON", "Table"), info="The output that is shown."
    )

    @output("message_output", "Message Output")
    async def convert_to_message(self) -> Message:
        """The input as a message: a record's text, a table in Markdown."""
        value = self._value()
        message = value if isinstance(value, Message) else Message(text=_text_of(value))
        self.status = message
        return message

    @output("data_output", "JSON Output")
    async def convert_to_data(self) -> Data:
        """The input as a record: a message's text, a table's rows under `results`."""
        value = self._value()
        if isinstance(value, Message):
            data = Data(_parsed(value.text) if self.auto_parse else {"text": value.text})
        else:
            data = Data({"results": value.rows}) if isinstance(value, Table) else value
        self.status = data
        return data

    @output("dataframe_output", "Table Output")
    async def convert_to_dataframe(self) -> Table:
        """The input as a table: one row, or the rows of a record's only key."""
        value = self._value()
        if isinstance(value, Message):
            value = Data(_parsed(value.text) if self.auto_parse else {"text": value.text})
        table = value if isinstance(value, Table) else Table(_rows_of(value))
        self.status = table
        return table

    def _value(self) -> Message | Data | Table:
        value = self.input_data
        if isinstance(value, (list, tuple)):
            value = value[0] if value else None
        if value is None:
            raise ValueError("There is nothing to convert: connect a message, a record or a table.")
        if isinstance(value, (Message, Data, Table)):
            return value
        return Data(value) if isinstance(value, dict) else Message(text=to_text(value))


def _text_of(value: Data | Table) -> str:
    if isinstance(value, Table):
        return value.to_markdown()
    return value.get_text() if value.text_key in value.data else str(value.data)


def _rows_of(value: Data) -> list[dict[str, Any]]:
    if len(value.data) == 1:
        (only,) = value.data.values()
        if isinstance(only, list) and only and all(isinstance(row, dict) for row in only):
            return only
    return [value.data]


def _parsed(text: str) -> dict[str, Any]:
    """A JSON object, `{"records": [...]}` for a list of objects or CSV with a header, else `{"text": ...}`."""
    stripped = text.lstrip("\ufeff").strip()
    try:
        value = msgspec.json.decode(stripped)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return {"records": value}
    header, _, body = stripped.partition("\n")
    if value is None and "," in header and body.strip():
        records = _csv_records(stripped)
        if records is not None:
            return {"records": records}
    return {"text": text}


def _csv_records(text: str) -> list[dict[str, Any]] | None:
    try:
        header, *lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
    except csv.Error:
        return None
    # A line with more cells than the header means that this is prose with commas, not a table.
    if any(len(line) > len(header) for line in lines):
        return None
    return [
        {name: _number_or_text(line[i]) if i < len(line) else None for i, name in enumerate(header)} for line in lines
    ]


def _number_or_text(cell: str) -> Any:
    for kind in (int, float):
        try:
            number = kind(cell)
        except ValueError:
            continue
        return number if cell.strip().lower().lstrip("+-") not in ("nan", "inf", "infinity") else cell
    return cell or None


class MessageToDataComponent(Component):
    """Turns a message into a record with all its fields."""

    name = "MessagetoData"
    aliases = ("Message to Data",)
    display_name = "Message to Data"
    category = "processing"
    icon = "message-square-share"
    legacy = True

    message: Any = field(Kind.MESSAGE, "Message", info="The message to convert.")

    @output("data", "JSON")
    async def convert_message_to_data(self) -> Data:
        """All fields of the message; `error` when there is none."""
        if isinstance(self.message, Message):
            return Data(data_fields(self.message))
        reason = "Error converting Message to Data: the input must be a message"
        self.status = reason
        return Data({"error": reason})


class CreateListComponent(Component):
    """Makes a list of records out of texts."""

    name = "CreateList"
    aliases = ("Create List",)
    display_name = "Create List"
    category = "processing"
    icon = "list"
    legacy = True

    texts: Any = field(Kind.STR, "Texts", is_list=True, info="One record per text.")

    @output("list", "JSON List")
    async def create_list(self) -> list[Data]:
        """A record per text."""
        items = [Data({"text": text}) for text in self._texts()]
        self.status = items
        return items

    @output("dataframe", "Table")
    async def as_dataframe(self) -> Table:
        """A row per text."""
        return Table({"text": text} for text in self._texts())

    def _texts(self) -> list[str]:
        return [to_text(text) for text in ([self.texts] if isinstance(self.texts, str) else self.texts)]
