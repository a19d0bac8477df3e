"""Parser, Parse Data and Parse DataFrame: data and tables to text through a template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, coerce, field
from langflow_lite.components.templates import data_to_text, fill, record_of, record_value
from langflow_lite.values import Data, Message, Table, to_text

__all__ = ["ParseDataComponent", "ParseDataFrameComponent", "ParserComponent"]


def _rows_to_text(template: str, table: Table) -> list[str]:
    """The template filled once per row; a column that the table does not have is an error naming it."""
    columns = table.columns

    def missing(name: str) -> Any:
        if name in columns:
            return ""
        raise ValueError(f"the table has no column {name!r}; it has {', '.join(map(repr, columns)) or 'none'}")

    return [fill(template, record_value(row, missing=missing)) for row in table]


def _as_items(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    values = value if isinstance(value, (list, tuple)) else [value]
    return [item for part in values for item in (part if isinstance(part, Table) else [part])]


class ParserComponent(Component):
    """Turns data or a table into text, through a template or as it is."""

    name = "ParserComponent"
    aliases = ("parser", "Parser")
    display_name = "Parser"
    category = "processing"
    icon = "braces"

    input_data: Any = field(
        Kind.HANDLE,
        "JSON or Table",
        required=True,
        input_types=("DataFrame", "Table", "Data", "JSON"),
        info="A table, a record or a list of records.",
    )
    mode: str = field(
        Kind.TAB, "Mode", "Parser", options=("Parser", "Stringify"), info="Stringify shows the data without a template."
    )
    pattern: str = field(
        Kind.MULTILINE,
        "Template",
        "Text: {text}",
        required=True,
        info="One text per row or record; {name} stands for a column or key.",
    )
    sep: str = field(Kind.TEXT, "Separator", "\n", advanced=True, info="Put between the texts.")

    @output("parsed_text", "Parsed Text")
    async def parse_combined_text(self) -> Message:
        """The template filled once per row or record, or the data as text."""
        text = self._stringified() if self.mode == "Stringify" else self.sep.join(self._lines())
        self.status = text
        return Message(text=text)

    def _stringified(self) -> str:
        # Releases that can clean show the field; in the others nothing is cleaned.
        clean = coerce(Kind.BOOL, self.extras.get("clean_data"))
        text = to_text(self.input_data, clean=clean)
        self.log(f"Converted to text of {len(text)} characters")
        return text

    def _lines(self) -> list[str]:
        value = self.input_data
        if isinstance(value, Mapping) and "data" in value:
            value = _structured(value)
        if isinstance(value, Table):
            return _rows_to_text(self.pattern, value)
        if isinstance(value, (Data, Message)):
            value = [value]
        if isinstance(value, (list, tuple)) and all(isinstance(item, (Data, Message)) for item in value):
            return [_fill_record(self.pattern, item) for item in value]
        raise ValueError(f"Unsupported input type: {_type_of(value)}. Expected a table, a record or a list of records.")


def _fill_record(template: str, item: Data | Message) -> str:
    default = item.default_value if isinstance(item, Data) else ""
    return fill(template, record_value(record_of(item), missing=lambda name: default))


def _structured(value: Mapping[str, Any]) -> Any:
    """A Data or a table that arrives in its JSON form."""
    data = value["data"]
    columns = value.get("columns")
    if isinstance(columns, list) and isinstance(data, list):
        return Table(row if isinstance(row, Mapping) else dict(zip(columns, row, strict=False)) for row in data)
    if isinstance(data, Mapping):
        return Data(data, text_key=value.get("text_key", "text"), default_value=value.get("default_value", ""))
    return value


def _type_of(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "a list of " + (", ".join(sorted({type(item).__name__ for item in value})) or "nothing")
    return "nothing" if value is None else type(value).__name__


class ParseDataComponent(Component):
    """Turns records into one text, or gives each a text made from a template."""

    name = "ParseData"
    aliases = ("Parse Data", "Data to Message")
    display_name = "Data to Message"
    category = "processing"
    icon = "message-square"
    legacy = True

    data: Any = field(Kind.DATA, "JSON", is_list=True, required=True, info="The records to turn into text.")
    template: str = field(
        Kind.MULTILINE,
        "Template",
        "{text}",
        required=True,
        info="{text}, {data} or any key of the records; a key that a record lacks stays empty.",
    )
    sep: str = field(Kind.STR, "Separator", "\n", advanced=True)

    @output("text", "Message")
    async def parse_data(self) -> Message:
        """The texts of all records, joined by the separator."""
        text = self.sep.join(data_to_text(self.template, _as_items(self.data)))
        self.status = text
        return Message(text=text)

    @output("data_list", "JSON List")
    async def parse_data_as_list(self) -> list[Data]:
        """The records, each with its text replaced by the filled template."""
        items = _as_items(self.data)
        texts = data_to_text(self.template, items)
        parsed = [_with_text(item, text) for item, text in zip(items, texts, strict=True)]
        self.status = parsed
        return parsed


def _with_text(item: Any, text: str) -> Data:
    text_key = item.text_key if isinstance(item, Data) else "text"
    return Data({**record_of(item), text_key: text}, text_key=text_key)


class ParseDataFrameComponent(Component):
    """Turns the rows of a table into one text through a template."""

    name = "ParseDataFrame"
    aliases = ("Parse DataFrame",)
    display_name = "Parse DataFrame"
    category = "processing"
    icon = "braces"
    legacy = True

    df: Any = field(Kind.DATAFRAME, "Table", info="The table to turn into text.")
    template: str = field(Kind.MULTILINE, "Template", "{text}", info="One text per row; {name} stands for a column.")
    sep: str = field(Kind.STR, "Separator", "\n", advanced=True, info="Put between the texts.")

    @output("text", "Text")
    async def parse_data(self) -> Message:
        """The template filled once per row, joined by the separator."""
        rows = self.df if isinstance(self.df, Table) else Table(record_of(item) for item in _as_items(self.df))
        text = (self.sep or "\n").join(_rows_to_text(self.template or "{text}", rows))
        self.status = text
        return Message(text=text)
