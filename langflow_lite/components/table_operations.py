"""What Operations does with tables: filter, sort, cut, merge and change columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

from langflow_lite.components.base import Component
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.shaping import TEXT_COMPARISONS, records_in, texts_in
from langflow_lite.values import Table, to_text

__all__ = ["TABLE_OPERATIONS", "TableOperations"]

TABLE_OPERATIONS = (
    "Add Column",
    "Concatenate",
    "Drop Column",
    "Filter",
    "Head",
    "Merge",
    "Rename Column",
    "Replace Value",
    "Select Columns",
    "Sort",
    "Tail",
    "Drop Duplicates",
)

_OPERATORS = (*TEXT_COMPARISONS, "greater than", "less than")


class TableOperations(Component):
    """The fields of table operations, and the operations themselves."""

    df: Any = field(Kind.DATAFRAME, "Table", is_list=True, info="The table to work on; several only for Concatenate.")
    column_name: str = field(Kind.TEXT, "Column Name", info="The column that the operation is about.")
    filter_value: str = field(Kind.TEXT, "Filter Value", info="What cells are compared with.")
    filter_operator: str = field(Kind.DROPDOWN, "Filter Operator", "equals", options=_OPERATORS)
    ascending: bool = field(Kind.BOOL, "Sort Ascending", True)
    new_column_name: str = field(Kind.TEXT, "New Column Name")
    new_column_value: Any = field(Kind.TEXT, "New Column Value", info="Put into every row.")
    columns_to_select: Any = field(Kind.TEXT, "Columns to Select", is_list=True)
    num_rows: int = field(Kind.INT, "Number of Rows", 5, info="For Head and Tail.")
    replace_value: str = field(Kind.TEXT, "Value to Replace")
    replacement_value: str = field(Kind.TEXT, "Replacement Value")
    left_dataframe: Any = field(Kind.DATAFRAME, "Left Table", info="For Merge.")
    right_dataframe: Any = field(Kind.DATAFRAME, "Right Table", info="For Merge.")
    merge_on_column: str = field(Kind.TEXT, "Merge On Column", info="Empty: rows are matched by their position.")
    merge_how: str = field(Kind.DROPDOWN, "Merge Type", "inner", options=("inner", "outer", "left", "right"))

    def table_result(self, operation: str) -> Table:
        """The result of a table operation; raises `ValueError` for a name that is none of them."""
        if operation == "Merge":
            return self._merged()
        tables = self._tables()
        if operation == "Concatenate":
            return Table(row for table in tables for row in table)
        table = tables[0] if tables else Table()
        operations: dict[str, Callable[[Table], Table]] = {
            "Add Column": lambda t: Table({**row, self.new_column_name: self.new_column_value} for row in t),
            "Drop Column": self._dropped,
            "Filter": self._filtered,
            "Head": lambda t: Table(t.rows[: self.num_rows]),
            "Tail": lambda t: Table(
                t.rows[max(0, len(t) - self.num_rows) :] if self.num_rows >= 0 else t.rows[-self.num_rows :]
            ),
            "Rename Column": self._renamed,
            "Replace Value": self._replaced,
            "Select Columns": self._selected,
            "Sort": self._sorted,
            "Drop Duplicates": self._without_duplicates,
        }
        if operation not in operations:
            raise ValueError(f"Unsupported operation: {operation}")
        return operations[operation](table)

    def _tables(self) -> list[Table]:
        value = self.df
        items = value if isinstance(value, (list, tuple)) else [value]
        if items and all(isinstance(item, Table) for item in items):
            return list(items)
        rows = list(records_in(value))
        return [Table(rows)] if rows else []

    def _column(self, table: Table, name: str) -> list[Any]:
        if name not in table.columns:
            known = ", ".join(map(repr, table.columns)) or "none"
            raise ValueError(f"The table has no column {name!r}; it has {known}")
        return [row.get(name) for row in table]

    def _filtered(self, table: Table) -> Table:
        column = self._column(table, self.column_name)
        matches = _matcher(self.filter_operator, self.filter_value, column)
        return Table(row for row, cell in zip(table, column, strict=True) if matches(cell))

    def _sorted(self, table: Table) -> Table:
        column = self._column(table, self.column_name)
        filled = [(cell, row) for cell, row in zip(column, table, strict=True) if cell is not None]
        filled.sort(key=lambda pair: _rank(pair[0]), reverse=not self.ascending)
        empty = [row for cell, row in zip(column, table, strict=True) if cell is None]
        return Table([*(row for _, row in filled), *empty])

    def _dropped(self, table: Table) -> Table:
        self._column(table, self.column_name)
        return Table({key: cell for key, cell in row.items() if key != self.column_name} for row in table)

    def _renamed(self, table: Table) -> Table:
        old, new = self.column_name, self.new_column_name
        return Table({new if key == old else key: cell for key, cell in row.items()} for row in table)

    def _selected(self, table: Table) -> Table:
        names = texts_in(self.columns_to_select)
        for name in names:
            self._column(table, name)
        return Table({name: row.get(name) for name in names} for row in table)

    def _replaced(self, table: Table) -> Table:
        name = self.column_name
        column = self._column(table, name)
        old, new = _as_cell(self.replace_value, column), _as_cell(self.replacement_value, column)
        return Table({**row, name: new} if name in row and _same(row[name], old) else row for row in table)

    def _without_duplicates(self, table: Table) -> Table:
        seen = set()
        rows = []
        for row, cell in zip(table, self._column(table, self.column_name), strict=True):
            key = (type(cell).__name__, to_text(cell))
            if key not in seen:
                seen.add(key)
                rows.append(row)
        return Table(rows)

    def _merged(self) -> Table:
        if self.left_dataframe is None:
            return Table()
        left = _as_table(self.left_dataframe)
        if self.right_dataframe is None:
            return left
        right = _as_table(self.right_dataframe)
        on = self.merge_on_column
        for side, table in (("left", left), ("right", right)):
            if on and on not in table.columns:
                raise ValueError(f"Column '{on}' not found in {side} DataFrame. Available: {table.columns}")
        columns = dict.fromkeys([*left.columns, *right.columns])
        pairs = (
            _pairs_by_column(left, right, on, self.merge_how) if on else _pairs_by_place(left, right, self.merge_how)
        )
        return Table(
            {name: a[name] if a and a.get(name) is not None else (b or {}).get(name) for name in columns}
            for a, b in pairs
        )


_Row = dict[str, Any] | None


def _pairs_by_place(left: Table, right: Table, how: str) -> Iterator[tuple[_Row, _Row]]:
    for a, b in zip_longest(left, right):
        if (a is not None or how in ("outer", "right")) and (b is not None or how in ("outer", "left")):
            yield a, b


def _pairs_by_column(left: Table, right: Table, on: str, how: str) -> Iterator[tuple[_Row, _Row]]:
    if how == "right":
        yield from ((a, b) for b, a in _pairs_by_column(right, left, on, "left"))
        return
    partners: dict[Any, list[dict[str, Any]]] = {}
    for row in right:
        partners.setdefault(_key(row.get(on)), []).append(row)
    matched = set()
    for row in left:
        key = _key(row.get(on))
        matched.add(key)
        found = partners.get(key)
        if found:
            yield from ((row, partner) for partner in found)
        elif how in ("outer", "left"):
            yield row, None
    if how == "outer":
        yield from ((None, row) for row in right if _key(row.get(on)) not in matched)


def _key(cell: Any) -> Any:
    return cell if isinstance(cell, (str, int, float, bool, type(None))) else to_text(cell)


def _as_table(value: Any) -> Table:
    return value if isinstance(value, Table) else Table(records_in(value))


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _as_cell(text: str, column: list[Any]) -> Any:
    """A field's text as the column's kind: a number when all its cells are numbers."""
    filled = [cell for cell in column if cell is not None]
    if text == "" or not filled or not all(map(_is_number, filled)):
        return text
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and "." not in text else number


def _same(cell: Any, wanted: Any) -> bool:
    if isinstance(cell, bool) and isinstance(wanted, str):
        return str(cell) == wanted
    return bool(cell == wanted)


def _matcher(operator: str, text: str, column: list[Any]) -> Callable[[Any], bool]:
    if operator in ("greater than", "less than"):
        number = _number(text)
        above = operator == "greater than"

        def beyond(cell: Any) -> bool:
            if number is not None and _is_number(cell):
                return bool(cell > number if above else cell < number)
            if cell is None or number is not None:
                return False
            return to_text(cell) > text if above else to_text(cell) < text

        return beyond
    if operator in ("contains", "not contains", "starts with", "ends with"):
        comparison = TEXT_COMPARISONS[operator]
        return lambda cell: comparison("" if cell is None else str(cell), text)
    wanted = _as_cell(text, column)
    if operator == "not equals":
        return lambda cell: not _same(cell, wanted)
    return lambda cell: _same(cell, wanted)


def _rank(cell: Any) -> tuple[int, Any]:
    return (0, cell) if isinstance(cell, (int, float)) else (1, to_text(cell))
