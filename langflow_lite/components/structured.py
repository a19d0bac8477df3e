"""Structured Output: records out of free text."""

from __future__ import annotations

from typing import Any

from langflow_lite.components.base import output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.model_choice import ModelUser
from langflow_lite.components.structured_schema import ask_for_records, read_schema
from langflow_lite.components.tools import tool_name
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import ChatMessage
from langflow_lite.models.turns import turn_of
from langflow_lite.values import Data, Message, Table

__all__ = ["SCHEMA_COLUMNS", "StructuredOutputComponent"]

SCHEMA_COLUMNS = [
    {"name": "name", "display_name": "Name", "type": "str", "default": "field"},
    {"name": "description", "display_name": "Description", "type": "str", "default": ""},
    {"name": "type", "display_name": "Type", "type": "str", "default": "str"},
    {"name": "multiple", "display_name": "As List", "type": "boolean", "default": False},
]


class StructuredOutputComponent(ModelUser):
    """Has a language model turn text into records that follow a schema."""

    name = "StructuredOutput"
    aliases = ("StructuredOutputComponent", "Structured Output")
    display_name = "Structured Output"
    icon = "braces"

    input_value: Any = field(Kind.MESSAGE, "Input Message", required=True, tool_mode=True, info="The text to read.")
    system_prompt: str = field(
        Kind.MULTILINE,
        "Format Instructions",
        "Extract every record that the text contains and that fits the schema. "
        "Take values from the text only, and leave out what it does not say.",
        advanced=True,
    )
    schema_name: str = field(Kind.TEXT, "Schema Name", advanced=True, info="What one record is.")
    output_schema: Any = field(
        Kind.TABLE, "Output Schema", required=True, info="The keys of a record.", table_schema=SCHEMA_COLUMNS
    )
    multiple: bool | None = field(
        Kind.BOOL, "Generate Multiple", None, advanced=True, show=False, info="Up to 1.4: whether to give all records."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._records: list[dict[str, Any]] | None = None

    @output("structured_output", "Structured Output", types=("JSON", "Data"), info="Turn text into records.")
    async def build_structured_output(self) -> Data:
        """One record is the data itself, several are listed under `results` (up to 1.4 always under `objects`)."""
        records = await self._found()
        if self.multiple:
            data = Data({"objects": records})
        elif self.multiple is False or len(records) == 1:
            data = Data(records[0])
        else:
            data = Data({"results": records})
        self.status = data.data
        return data

    @output(
        "dataframe_output",
        "Structured Output",
        aliases=("structured_output_dataframe", "as_dataframe"),
        info="Turn text into the rows of a table.",
    )
    async def build_structured_dataframe(self) -> Table:
        """A row for each record."""
        return Table(await self._found())

    async def _found(self) -> list[dict[str, Any]]:
        if self._records is None:
            columns = read_schema(self.output_schema)
            if not columns:
                raise ComponentError("Output schema cannot be empty")
            given = self.input_value if isinstance(self.input_value, Message) else Message(text=str(self.input_value))
            messages = [await turn_of(given, self.ctx.files, "user")]
            if self.system_prompt.strip():
                messages.insert(0, ChatMessage(role="system", text=self.system_prompt))
            model = await self.language_model()
            name = tool_name(self.schema_name) if self.schema_name.strip() else "records"
            self._records = await ask_for_records(model, messages, columns, name)
        return self._records
