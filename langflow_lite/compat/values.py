"""Message, Data and DataFrame with the constructors and methods that users' components call, and the way in and out."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

import msgspec

from langflow_lite import values
from langflow_lite.compat.langchain import handed_in, handed_out
from langflow_lite.values import Properties, Source, to_text

__all__ = ["Data", "DataFrame", "Message", "brought_in", "taken_out"]

_MESSAGE_FIELDS = values.Message.__struct_fields__


class Data(values.Data):
    """A record with a text key."""

    __slots__ = ()

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        text_key: str = "text",
        default_value: str | None = "",
        **fields: Any,
    ) -> None:
        super().__init__(data, text_key=text_key, default_value=default_value or "", **fields)

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __add__(self, other: values.Data) -> Self:
        merged = dict(self.data)
        for key, value in other.data.items():
            if key in merged and isinstance(merged[key], str) and isinstance(value, str):
                merged[key] += value
            else:
                merged[key] = value
        return type(self)(data=merged, text_key=self.text_key)

    def __str__(self) -> str:
        return to_text(values.Data(self.data))

    def set_text(self, text: str | None) -> str:
        """Set the text, and return it."""
        self.data[self.text_key] = "" if text is None else str(text)
        return str(self.data[self.text_key])

    def model_dump(self, **_options: Any) -> dict[str, Any]:
        """The record as a plain dict."""
        return {"text_key": self.text_key, "data": dict(self.data), "default_value": self.default_value}

    dict = model_dump

    def model_copy(self, **_options: Any) -> Self:
        """A copy that shares nothing but the values."""
        return type(self)(data=self.data, text_key=self.text_key, default_value=self.default_value)

    copy = model_copy

    def to_data(self) -> Data:
        """This record."""
        return self

    def to_lc_document(self) -> Any:
        """The record as a document of LangChain; raises `ImportError` where that is not installed."""
        document = importlib.import_module("langchain_core.documents").Document
        metadata = {key: value for key, value in self.data.items() if key != self.text_key}
        return document(page_content=self.get_text(), metadata=metadata)

    def to_message(self) -> Message:
        """The text as a message; the whole record when it has none."""
        return Message(text=self.get_text() if self.text_key in self.data else str(self))

    def to_dataframe(self) -> DataFrame:
        """A table of this one row, or of the rows when the record is one list of them."""
        only = next(iter(self.data.values())) if len(self.data) == 1 else None
        rows = only if isinstance(only, list) and all(isinstance(row, Mapping) for row in only) else [self.data]
        return DataFrame(rows)


class Message(Data):
    """A chat message. Its fields are those of a record, as in Langflow."""

    __slots__ = ()

    def __init__(self, data: Mapping[str, Any] | None = None, **fields: Any) -> None:
        fields.pop("text_key", None)
        fields.pop("default_value", None)
        given = {**(data or {}), **fields}
        defaults = msgspec.structs.asdict(values.Message())
        super().__init__({**defaults, **{key: value for key, value in given.items() if value is not None}})

    @property
    def is_user(self) -> bool:
        """Whether the user said it."""
        return bool(self.data.get("sender") == "User")

    @classmethod
    def from_data(cls, data: values.Data) -> Message:
        """A message from a record."""
        return cls(**{**data.data, "text": data.get_text()})

    @classmethod
    async def create(cls, **fields: Any) -> Message:
        """A message; for code that builds them asynchronously."""
        return cls(**fields)

    def get_text(self) -> str:
        """The text."""
        text = self.data.get("text")
        return text if isinstance(text, str) else ""

    def format_text(self) -> str:
        """The text."""
        return self.get_text()

    def model_dump(self, **_options: Any) -> dict[str, Any]:
        """All fields as a plain dict."""
        return dict(self.data)

    dict = model_dump

    def model_copy(self, **_options: Any) -> Self:
        """A copy that shares nothing but the values."""
        return type(self)(data=self.data)

    copy = model_copy

    def to_data(self) -> Data:
        """The fields as a record."""
        return Data(data=self.data)

    def to_message(self) -> Message:
        """This message."""
        return self

    def __str__(self) -> str:
        return self.get_text()


class _Column(list[Any]):
    """One column of a table."""

    def tolist(self) -> list[Any]:
        """The values as a list."""
        return list(self)

    to_list = tolist

    def unique(self) -> list[Any]:
        """The different values, in the order of their first appearance."""
        return list(dict.fromkeys(self))


class _Rows:
    def __init__(self, table: DataFrame) -> None:
        self._table = table

    def __getitem__(self, index: Any) -> Any:
        rows = self._table.rows[index]
        return DataFrame(rows) if isinstance(rows, list) else Row(rows)


class Row(dict[str, Any]):
    """A row, whose columns are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this row has no column {name!r}") from None

    def to_dict(self) -> dict[str, Any]:
        """The row as a plain dict."""
        return dict(self)


class DataFrame(values.Table):
    """Rows of dicts, answering the calls of a pandas table that components commonly make."""

    __slots__ = ()

    def __init__(self, data: Any = (), *, text_key: str = "text", **_options: Any) -> None:
        super().__init__(_rows(data), text_key=text_key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self.columns:
            return self[name]
        raise AttributeError(f"this table does not have {name!r}; build a table of pandas from its `rows` for that")

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, str):
            if index not in self.columns:
                raise KeyError(index)
            return _Column(row.get(index) for row in self.rows)
        if isinstance(index, list):
            return DataFrame([{key: row.get(key) for key in index} for row in self.rows])
        return self.rows[index]

    def __setitem__(self, column: str, content: Any) -> None:
        cells = content if isinstance(content, (list, tuple)) else [content] * len(self.rows)
        for row, cell in zip(self.rows, cells, strict=True):
            row[column] = cell

    @property
    def empty(self) -> bool:
        """Whether there are no rows."""
        return not self.rows

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.columns)

    @property
    def iloc(self) -> _Rows:
        """Rows by number."""
        return _Rows(self)

    def iterrows(self) -> Iterator[tuple[int, Row]]:
        """Number and row, one after the other."""
        return ((number, Row(row)) for number, row in enumerate(self.rows))

    def to_dict(self, orient: str = "dict", **_options: Any) -> Any:
        """The rows as dicts (`records`), or the columns as lists (`list`) or dicts."""
        if orient == "records":
            return [dict(row) for row in self.rows]
        columns = {column: list(self[column]) for column in self.columns}
        return columns if orient == "list" else {column: dict(enumerate(cells)) for column, cells in columns.items()}

    def head(self, n: int = 5) -> DataFrame:
        """The first rows."""
        return DataFrame(self.rows[:n])

    def copy(self, **_options: Any) -> DataFrame:
        """A copy of the table and its rows."""
        return DataFrame(self.rows)

    def add_row(self, row: Any) -> DataFrame:
        """A table with one more row."""
        return self.add_rows([row])

    def add_rows(self, rows: Iterable[Any]) -> DataFrame:
        """A table with more rows."""
        return DataFrame([*self.rows, *_rows(list(rows))])

    def to_data_list(self) -> list[Data]:
        """A record for each row."""
        return [Data(data=row, text_key=self.text_key) for row in self.rows]

    def to_data(self) -> Data:
        """The table as one record."""
        return Data(data={"results": self.to_dict("records")})

    def to_message(self) -> Message:
        """The table as a message, in Markdown."""
        return Message(text=self.to_markdown())

    def to_markdown(self, **_options: Any) -> str:
        """The table in Markdown."""
        return super().to_markdown()


def _rows(data: Any) -> list[dict[str, Any]]:
    if data is None:
        return []
    if isinstance(data, values.Table):
        return [dict(row) for row in data.rows]
    if isinstance(data, values.Data):
        return [dict(data.data)]
    if isinstance(data, Mapping):
        columns = {key: cells if isinstance(cells, (list, tuple)) else [cells] for key, cells in data.items()}
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    if hasattr(data, "to_dict"):
        return list(data.to_dict("records"))
    return [
        dict(row.data) if isinstance(row, values.Data) else dict(row) if isinstance(row, Mapping) else {"value": row}
        for row in data
    ]


def brought_in(value: Any) -> Any:
    """A value of the flow as users' code knows it."""
    if isinstance(value, values.Message):
        return Message(data=msgspec.structs.asdict(value))
    if isinstance(value, values.Data) and not isinstance(value, Data):
        return Data(data=value.data, text_key=value.text_key, default_value=value.default_value)
    if isinstance(value, values.Table) and not isinstance(value, DataFrame):
        return DataFrame(value)
    if isinstance(value, list):
        return [brought_in(item) for item in value]
    return handed_in(value)


def taken_out(value: Any, types: tuple[str, ...] = (), source: str = "") -> Any:
    """What users' code returned as a value of the flow.

    `types` are those its output declares, `source` is the vertex it comes from.
    """
    declared = set(types)
    if isinstance(value, Message):
        return _message(value)
    if isinstance(value, Data):
        return values.Data(value.data, text_key=value.text_key, default_value=value.default_value)
    if isinstance(value, values.Table):
        return values.Table(value.rows, text_key=value.text_key)
    if type(value).__module__.startswith("pandas.") and hasattr(value, "to_dict"):
        return values.Table(value.to_dict("records"))
    if isinstance(value, (list, tuple)):
        items = [taken_out(item, source=source) for item in value]
        if declared and declared <= {"DataFrame", "Table"}:
            return values.Table(_rows(items))
        return items
    if isinstance(value, Mapping):
        return values.Data(value) if declared & {"Data", "JSON"} else dict(value)
    if declared & {"Message", "Text"} and not isinstance(value, values.Message):
        return values.Message(text=to_text(value))
    return handed_out(value, source)


def _message(message: Message) -> values.Message:
    fields = {key: value for key, value in message.data.items() if key in _MESSAGE_FIELDS}
    text = fields.get("text")
    if not isinstance(text, str):
        fields["text"] = "".join(map(to_text, text)) if isinstance(text, Iterator) else to_text(text)
    stamp = fields.get("timestamp")
    if not isinstance(stamp, datetime) or stamp.tzinfo is None:
        fields["timestamp"] = values.utc_now()
    if not isinstance(fields.get("properties"), Properties):
        fields["properties"] = _properties(fields.get("properties"))
    fields["files"] = [str(file) for file in fields.get("files") or ()]
    return values.Message(**fields)


def _properties(given: Any) -> Properties:
    try:
        return msgspec.convert(given or {}, Properties, strict=False, from_attributes=True)
    except msgspec.ValidationError:
        return Properties(source=Source())
