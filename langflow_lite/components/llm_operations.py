"""LLM operations: asking a model row by row, letting one choose a way or another model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from langflow_lite.components.base import Output, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.model_choice import ModelUser
from langflow_lite.errors import ComponentError
from langflow_lite.values import Message, Table, to_json, to_text

__all__ = ["BatchRunComponent", "SmartRouterComponent"]

_CATEGORY = re.compile(r"category_(\d+)_result\Z")
_NUMBER = re.compile(r"\d+")


class BatchRunComponent(ModelUser):
    """Asks a language model about each row of a table."""

    name = "BatchRunComponent"
    aliases = ("Batch Run", "BatchRun")
    display_name = "Batch Run"
    icon = "List"

    system_message: str = field(Kind.MULTILINE, "Instructions", info="What to do with each row.")
    df: Any = field(Kind.DATAFRAME, "Table", required=True, info="The rows.")
    column_name: str = field(Kind.TEXT, "Column Name", info="The column to send; empty: the whole row.")
    output_column_name: str = field(
        Kind.TEXT, "Output Column Name", "", advanced=True, info="Where the answers go.", value="model_response"
    )
    enable_metadata: bool = field(Kind.BOOL, "Enable Metadata", False, advanced=True, info="Add how each row went.")

    @output("batch_results", "Model Results", types=("Table", "DataFrame"))
    async def run_batch(self) -> Table:
        """The rows with the answers, `batch_index` and, if wanted, `metadata`; asked about beside each other.

        Raises `ComponentError` for what is no table and for a column that it lacks.
        """
        if not isinstance(self.df, Table):
            raise ComponentError(f"Expected DataFrame input, got {type(self.df).__name__}")
        table = self.df
        # A table without rows knows no columns, and there is nothing to ask about.
        if len(table) and self.column_name and self.column_name not in table.columns:
            raise ComponentError(
                f"Column '{self.column_name}' not found in the DataFrame. "
                f"Available columns: {', '.join(map(str, table.columns)) or 'none'}"
            )
        texts = [self._text_of(row) for row in table]
        answers = await self.ask_each(self.system_message, texts)
        return Table(
            self._row(row, text, answer, index)
            for index, (row, text, answer) in enumerate(zip(table, texts, answers, strict=True))
        )

    def _text_of(self, row: Mapping[str, Any]) -> str:
        if self.column_name:
            return to_text(row.get(self.column_name))
        return "\n".join(f"[{key}]\nvalue = {to_json(_plain(value)).decode()}\n" for key, value in row.items())

    def _row(self, row: Mapping[str, Any], text: str, answer: str, index: int) -> dict[str, Any]:
        # Exports of 1.2 name no output column and read the sent text under `text_input`.
        former = {} if self.output_column_name else {"text_input": text}
        made = {**row, **former, self.output_column_name or "model_response": answer, "batch_index": index}
        if self.enable_metadata:
            made["metadata"] = {
                "has_system_message": bool(self.system_message),
                "input_length": len(text),
                "response_length": len(answer),
                "processing_status": "success",
            }
        return made


class SmartRouterComponent(ModelUser):
    """Has a language model choose on which of several ways a message goes."""

    name = "SmartRouter"
    aliases = ("Smart Router",)
    display_name = "Smart Router"
    icon = "route"

    input_text: str = field(Kind.TEXT, "Input", required=True, info="The text to judge.")
    routes: Any = field(
        Kind.TABLE,
        "Routes",
        required=True,
        info="The ways, each with a category, when to take it, and what to send.",
        table_schema=[
            {"name": "route_category", "display_name": "Route Name", "type": "str"},
            {"name": "route_description", "display_name": "Route Description", "type": "str"},
            {"name": "output_value", "display_name": "Route Message (Optional)", "type": "str"},
        ],
    )
    message: Any = field(Kind.MESSAGE, "Override Output", advanced=True, info="Sent instead of the route's message.")
    enable_else_output: bool = field(
        Kind.BOOL, "Include Else Output", False, advanced=True, info="Have a way for what fits no category."
    )
    custom_prompt: str = field(
        Kind.MULTILINE, "Additional Instructions", advanced=True, info="May use {input_text} and {routes}."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._taken: str | None = None

    @output("category_1_result", "Route 1", types=("Message",))
    async def process_case(self) -> Message:
        """The message on the way that was chosen; the others are stopped. Raises `ComponentError` without routes."""
        rows = [row for row in self.routes if str(row.get("route_category") or "").strip()] if self.routes else []
        if self._taken is None:
            if not rows:
                raise ComponentError("the router has no routes: give each a name")
            self._taken = await self._choose(rows)
        self.stop(*(name for name in self._names(rows) if name != self._taken))
        message = self._message(rows)
        self.status = message.text
        return message

    @output("default_result", "Else", types=("Message",), hidden=True, aliases=("default_response",))
    async def default_response(self) -> Message:
        """The message when no category fits."""
        return await self.process_case()

    @classmethod
    def find_output(cls, name: str | None, method: str | None = None, types: Iterable[str] = ()) -> Output | None:
        """There is an output for each route, however many a flow has."""
        if match := _CATEGORY.match(name or ""):
            return Output(name or "", f"Route {match[1]}", "process_case", ("Message",), is_async=True)
        return super().find_output(name, method, types)

    @staticmethod
    def _names(rows: list[dict[str, Any]]) -> list[str]:
        return [*(f"category_{number}_result" for number in range(1, len(rows) + 1)), "default_result"]

    async def _choose(self, rows: list[dict[str, Any]]) -> str:
        listed = "\n".join(
            f"- {row['route_category']}" + (f": {row['route_description']}" if row.get("route_description") else "")
            for row in rows
        )
        system = (
            "Decide which one of these categories the text belongs to. "
            "Answer with the name of the category alone, or with NONE if it belongs to none.\n\n" + listed
        )
        if self.custom_prompt.strip():
            extra = self.custom_prompt.replace("{routes}", listed).replace("{input_text}", self.input_text)
            system += f"\n\n{extra}"
        answer = (await self.ask(system, self.input_text)).strip().strip("\"'`*. ").casefold()
        for number, row in enumerate(rows, 1):
            if str(row["route_category"]).strip().casefold() == answer:
                return f"category_{number}_result"
        return "default_result" if self.enable_else_output else ""

    def _message(self, rows: list[dict[str, Any]]) -> Message:
        if isinstance(self.message, Message) and (self.message.text or self.message.files):
            return self.message
        match = _CATEGORY.match(self._taken or "")
        if match:
            own = str(rows[int(match[1]) - 1].get("output_value") or "").strip()
            if own and own.casefold() != "none":
                return Message(text=own)
        return Message(text=self.input_text)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool, list, dict)) else to_text(value)
