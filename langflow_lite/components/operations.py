"""Operations and the components it succeeds: one operation on a text, a record or a table, chosen from a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.record_operations import RECORD_OPERATIONS, RecordOperations
from langflow_lite.components.table_operations import TABLE_OPERATIONS, TableOperations
from langflow_lite.components.text_operations import TEXT_OPERATIONS, TextOperations
from langflow_lite.values import Data, Message, Table

__all__ = [
    "DataFrameOperationsComponent",
    "DataOperationsComponent",
    "OperationsComponent",
    "TextOperationsComponent",
]


def _chosen(value: Any) -> str:
    """The one chosen operation: of a list the only entry's name, or a plain text; empty when none or several are."""
    if isinstance(value, (list, tuple)):
        value = value[0] if len(value) == 1 else ""
    name = value.get("name") if isinstance(value, Mapping) else value
    return name if isinstance(name, str) else ""


def _options(*names: str) -> dict[str, Any]:
    return {"options": [{"name": name} for name in names], "limit": 1}


class OperationsComponent(RecordOperations, TableOperations, TextOperations):
    """Works on a text, a record or a table with one operation of many."""

    name = "Operations"
    display_name = "Operations"
    category = "processing"
    icon = "wrench"

    input_type: str = field(Kind.TAB, "Input Type", "Text", options=("Text", "JSON", "Table"), info="What to work on.")
    operation: Any = field(
        Kind.SORTABLE_LIST, "Operation", **_options(*TEXT_OPERATIONS, *RECORD_OPERATIONS, *TABLE_OPERATIONS)
    )

    @output("message_output", "Message", aliases=("text_output", "as_text"))
    async def as_message(self) -> Message:
        """The result of a text operation."""
        text = await self.text_result(_chosen(self.operation))
        self.status = text
        return Message(text=text)

    @output("data_output", "JSON")
    def as_data(self) -> Data:
        """The result of a record operation, or the counts of Word Count."""
        operation = _chosen(self.operation)
        data = Data(self.counts()) if operation == "Word Count" else self.record_result(operation)
        self.status = data
        return data

    @output("dataframe_output", "Table")
    def as_dataframe(self) -> Table:
        """The result of a table operation, or the text as a table."""
        operation = _chosen(self.operation)
        if operation in TABLE_OPERATIONS:
            table = self.table_result(operation)
        else:
            table = self.parsed_table() if operation == "Text to DataFrame" else Table()
        self.status = table
        return table


class DataOperationsComponent(RecordOperations):
    """Works on a record: selects, renames, removes, combines or looks up keys."""

    name = "DataOperations"
    aliases = ("Data Operations", "JSON Operations")
    display_name = "JSON Operations"
    category = "processing"
    icon = "file-json"

    operations: Any = field(Kind.SORTABLE_LIST, "Operations", **_options(*RECORD_OPERATIONS))

    @output("data_output", "JSON")
    def as_data(self) -> Data:
        """The result; empty without exactly one operation."""
        data = self.record_result(_chosen(self.operations))
        self.status = data
        return data


class DataFrameOperationsComponent(TableOperations):
    """Works on a table: filters, sorts, cuts, merges or changes its columns."""

    name = "DataFrameOperations"
    aliases = ("DataFrame Operations", "Table Operations")
    display_name = "Table Operations"
    category = "processing"
    icon = "table"

    operation: Any = field(Kind.SORTABLE_LIST, "Operation", **_options(*TABLE_OPERATIONS))

    @output("output", "Table")
    def perform_operation(self) -> Table:
        """The result; empty without an operation."""
        operation = _chosen(self.operation)
        table = self.table_result(operation) if operation else Table()
        self.status = table
        return table


class TextOperationsComponent(TextOperations):
    """Works on a text: counts, cuts, replaces, extracts or cleans."""

    name = "TextOperations"
    aliases = ("Text Operations",)
    display_name = "Text Operations"
    category = "processing"
    icon = "type"

    operation: Any = field(Kind.SORTABLE_LIST, "Operation", aliases=("operations",), **_options(*TEXT_OPERATIONS))

    @output("message", "Message", aliases=("text", "get_text"))
    async def get_message(self) -> Message:
        """The result as text."""
        text = await self.text_result(_chosen(self.operation))
        self.status = text
        return Message(text=text)

    @output("data", "JSON")
    async def get_data(self) -> Data:
        """The counts of Word Count, or the result under `result`."""
        operation = _chosen(self.operation)
        data = Data(self.counts()) if operation == "Word Count" else Data({"result": await self.text_result(operation)})
        self.status = data
        return data

    @output("dataframe", "Table")
    def get_dataframe(self) -> Table:
        """The text as a table."""
        table = self.parsed_table()
        self.status = table
        return table
