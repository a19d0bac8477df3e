from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.sql import SQLComponent

pytestmark = pytest.mark.anyio


class FakeDatabases:
    async def query(self, address: str, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        if sql != "SELECT":
            raise ValueError("no such thing")
        return ["name", "raw"], [("cod", b"\x01\xff")]


@pytest.fixture(autouse=True)
def databases(ctx: Any) -> None:
    ctx.databases = FakeDatabases()


async def test_rows_come_as_a_table(place: Any) -> None:
    component = place(SQLComponent(database_url="sqlite:///x", query="SELECT"))
    assert (await component.run_sql_query()).rows == [{"name": "cod", "raw": "01ff"}]


async def test_a_failing_query_is_an_error(place: Any) -> None:
    with pytest.raises(ValueError, match="An error occurred while running the SQL Query: no such thing"):
        await place(SQLComponent(query="x")).run_sql_query()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"query": "SELECT"}, "[{'name': 'cod', 'raw': '01ff'}]"),
        ({"query": "SELECT", "include_columns": False}, "[('cod', '01ff')]"),
        ({"query": "x", "passthrough": True}, "x"),
        (
            {"query": "x", "add_error": True},
            "An error occurred while running the SQL Query: no such thing\n\nQuery: x",
        ),
    ],
)
async def test_older_exports_get_text(place: Any, fields: dict[str, Any], text: str) -> None:
    assert (await place(SQLComponent(**fields)).build_component()).text == text
