"""SQL Database: queries on SQLite files that the operator has listed."""

from __future__ import annotations

from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Message, Table

__all__ = ["SQLComponent"]


class SQLComponent(Component):
    """Queries a SQLite database of this machine."""

    name = "SQLComponent"
    aliases = ("SQLExecutor", "SQL Database", "SQL Query")
    display_name = "SQL Database"
    category = "data_source"
    icon = "database"

    database_url: str = field(
        Kind.TEXT, "Database URL", required=True, info="sqlite:/// and the path of a file in LANGFLOW_SQL_DATABASES."
    )
    query: str = field(Kind.MULTILINE, "SQL Query", required=True, tool_mode=True, info="A query that only reads.")
    include_columns: bool = field(
        Kind.BOOL, "Include Columns", True, advanced=True, tool_mode=True, info="Name the columns in the text result."
    )
    add_error: bool = field(
        Kind.BOOL,
        "Add Error",
        advanced=True,
        tool_mode=True,
        info="Put the error into the text result instead of failing.",
    )
    passthrough: bool = field(
        Kind.BOOL, "Passthrough", show=False, info="In releases before 1.4: give the query back when it fails."
    )

    @output("run_sql_query", "Result Table")
    async def run_sql_query(self) -> Table:
        """A row per result row."""
        table = await self._query()
        self.status = table
        return table

    @output("result", "Result Text", aliases=("text",), hidden=True)
    async def build_component(self) -> Message:
        """The rows as text; a failure is text too, the query itself unless `add_error` is set."""
        try:
            rows = (await self._query()).rows
        except ValueError as error:
            cause = str(error)
            if not (self.add_error or self.passthrough):
                raise
            text = f"{cause}\n\nQuery: {self.query}" if self.add_error else self.query
        else:
            text = str(rows if self.include_columns else [tuple(row.values()) for row in rows])
        self.status = text
        return Message(text=text)

    async def _query(self) -> Table:
        if self.ctx.databases is None:
            raise ValueError("this run has no databases")
        try:
            columns, rows = await self.ctx.databases.query(self.database_url, self.query)
        except ValueError as error:
            raise ValueError(f"An error occurred while running the SQL Query: {error}") from error
        return Table(dict(zip(columns, (_shown(cell) for cell in row), strict=True)) for row in rows)


def _shown(cell: Any) -> Any:
    return cell.hex() if isinstance(cell, bytes) else cell
