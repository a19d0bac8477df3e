"""Loop: runs a part of the flow once per item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import LoopingComponent, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Data, Table, to_text

__all__ = ["LoopComponent"]


class LoopComponent(LoopingComponent):
    """Sends the items of a list or the rows of a table through a part of the flow, one after the other."""

    name = "LoopComponent"
    display_name = "Loop"
    category = "flow_controls"
    icon = "infinity"

    data: Any = field(
        Kind.HANDLE,
        "Inputs",
        input_types=("DataFrame", "Table", "Data", "Message"),
        info="A table, a list of records or a single one.",
    )

    @output("item", "Item", types=("Data", "JSON"), allows_loop=True, aliases=("item_output",))
    def items(self) -> list[Any]:
        """A record per row or item; a message becomes `{"text": ...}`."""
        value = self.data
        if value is None or value == "":
            return []
        return [
            item if isinstance(item, Data) else Data(_row_of(item))
            for part in (value if isinstance(value, (list, tuple)) else [value])
            for item in (part if isinstance(part, Table) else [part])
        ]

    @output("done", "Done", types=("DataFrame", "Table"), aliases=("done_output",))
    def collect(self, results: list[Any]) -> Table:
        """The results of all iterations as the rows of one table, in order."""
        return Table(row for result in results for row in _rows_of(result))


def _row_of(item: Any) -> dict[str, Any]:
    if isinstance(item, Data):
        return item.data
    return dict(item) if isinstance(item, Mapping) else {"text": to_text(item)}


def _rows_of(result: Any) -> list[dict[str, Any]]:
    if isinstance(result, Table):
        return result.rows
    if isinstance(result, (list, tuple)):
        return [row for item in result for row in _rows_of(item)]
    return [_row_of(result)]
