"""What travels along edges: Message, Data and Table, how they become text, and how they are written as JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

__all__ = [
    "Data",
    "Message",
    "Properties",
    "Source",
    "Table",
    "data_fields",
    "dump_message",
    "event_time",
    "result_time",
    "stored_time",
    "to_json",
    "to_text",
    "token_time",
    "utc_now",
]


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def result_time(moment: datetime) -> str:
    """Time as `/run` results print it: ISO 8601 with offset (seed document 4)."""
    return moment.isoformat()


def event_time(moment: datetime) -> str:
    """Time as message events print it: ISO 8601 in UTC without offset (seed documents 4 and 5)."""
    return moment.replace(tzinfo=None).isoformat()


def stored_time(moment: datetime) -> str:
    """Time as lists of stored messages print it: `2024-12-23 19:20:11.000000 UTC` (seed document 5)."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def token_time() -> str:
    """Now, to the second, as tokens print it: `2024-12-23 19:20:11 UTC` (seed document 5)."""
    return _second(int(time.time()))


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    # Writing it out again for each token would take longer than encoding the token.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


class Source(msgspec.Struct):
    """Where a message came from: the component's id and display name, and the model's name if it was one."""

    id: str | None = None
    display_name: str | None = None
    source: str | None = None


class Properties(msgspec.Struct):
    """How a message is shown, whether it is still growing (`state`), and what it cost (`usage`, tokens)."""

    text_color: str = ""
    background_color: str = ""
    edited: bool = False
    source: Source = msgspec.field(default_factory=Source)
    icon: str = ""
    allow_markdown: bool = False
    positive_feedback: bool | None = None
    state: str = "complete"
    targets: list[Any] = []
    usage: dict[str, int] | None = None
    build_duration: float | None = None


class Message(msgspec.Struct, kw_only=True):
    """A chat message: text with its sender, session and attachments.

    `files` are paths as the files API returns them. `timestamp` is aware. `id` is None until the message is stored.
    """

    text: str = ""
    sender: str | None = None
    sender_name: str | None = None
    session_id: str = ""
    context_id: str = ""
    files: list[str] = []
    timestamp: datetime = msgspec.field(default_factory=utc_now)
    flow_id: str | None = None
    id: str | None = None
    run_id: str | None = None
    error: bool = False
    edit: bool = False
    properties: Properties = msgspec.field(default_factory=Properties)
    category: str = "message"
    content_blocks: list[Any] = []
    duration: float | None = None
    session_metadata: dict[str, Any] | None = None


def dump_message(message: Message, time: str) -> dict[str, Any]:
    """The message as clients read it: flat, and once more under `data` (contract: *Message*).

    `time` is `message.timestamp` in the format of the place it is printed.
    """
    flat = {
        "timestamp": time,
        "sender": message.sender,
        "sender_name": message.sender_name,
        "session_id": message.session_id,
        "context_id": message.context_id,
        "text": message.text,
        "files": message.files,
        "error": message.error,
        "edit": message.edit,
        "properties": message.properties,
        "category": message.category,
        "content_blocks": message.content_blocks,
        "session_metadata": message.session_metadata,
        "id": message.id,
        "flow_id": message.flow_id,
        "run_id": message.run_id,
        "duration": message.duration,
    }
    return {"text_key": "text", "data": flat, "default_value": "", **flat}


class Data:
    """A record: a dict with a designated text key. Called JSON in flows exported since 1.9.

    Keyword arguments join the dict; unknown attributes read and write it.
    """

    __slots__ = ("data", "default_value", "text_key")

    data: dict[str, Any]
    text_key: str
    default_value: str

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        text_key: str = "text",
        default_value: str = "",
        **fields: Any,
    ) -> None:
        object.__setattr__(self, "data", {**(data or {}), **fields})
        object.__setattr__(self, "text_key", text_key)
        object.__setattr__(self, "default_value", default_value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self.data[name]
        except KeyError:
            raise AttributeError(f"this Data has no key {name!r}; it has {', '.join(map(repr, self.data))}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Data.__slots__:
            object.__setattr__(self, name, value)
        else:
            self.data[name] = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Data) and self.data == other.data and self.text_key == other.text_key

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Data({self.data!r})"

    def get_text(self) -> str:
        """The value under the text key as text, else the default value."""
        return str(self.data.get(self.text_key, self.default_value))


class Table(Sequence[dict[str, Any]]):
    """Rows of dicts; columns in the order of first appearance. Called DataFrame before 1.9."""

    __slots__ = ("rows", "text_key")

    def __init__(self, rows: Iterable[Mapping[str, Any]] = (), *, text_key: str = "text") -> None:
        self.rows: list[dict[str, Any]] = [dict(row) for row in rows]
        self.text_key = text_key

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.rows == other.rows

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Table({self.rows!r})"

    @property
    def columns(self) -> list[str]:
        """Column names in the order of first appearance."""
        return list(dict.fromkeys(key for row in self.rows for key in row))

    def to_markdown(self) -> str:
        """The table in Markdown, empty without columns; newlines in cells become `<br/>` and bars are escaped."""
        columns = self.columns
        if not columns:
            return ""
        lines = [_markdown_row(columns), _markdown_row([":---"] * len(columns))]
        lines += [_markdown_row([_cell(row.get(column)) for column in columns]) for row in self.rows]
        return "\n".join(lines)


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else to_text(value)
    return text.replace("|", "\\|").replace("\r\n", "\n").replace("\n", "<br/>")


def data_fields(value: Message) -> dict[str, Any]:
    """All fields of a message as a plain dict, for components that turn messages into Data."""
    fields: dict[str, Any] = msgspec.to_builtins(value)
    fields["timestamp"] = stored_time(value.timestamp)
    return fields


def _encode_extra(value: Any) -> Any:
    if isinstance(value, Data):
        return {"text_key": value.text_key, "data": value.data, "default_value": value.default_value}
    if isinstance(value, Table):
        return value.rows
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    return str(value)


_encoder = msgspec.json.Encoder(enc_hook=_encode_extra)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON of anything a run can hold. Never raises for a value's content.

    Lone surrogates, which no UTF-8 text can hold, become U+FFFD; NaN and infinities become null.
    """
    try:
        return _encoder.encode(value)
    except (UnicodeEncodeError, TypeError):
        return _encoder.encode(_mend(value))


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_mend(str(k)): _mend(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_mend(v) for v in value]
    if isinstance(value, Data):
        return Data(_mend(value.data), text_key=value.text_key, default_value=value.default_value)
    if isinstance(value, Table):
        return Table([_mend(row) for row in value.rows])
    if isinstance(value, msgspec.Struct):
        return {name: _mend(getattr(value, name)) for name in value.__struct_fields__}
    return value if value is None or isinstance(value, (bool, int, float, datetime)) else _mend(str(value))


_BLANK_LINES = re.compile(r"^[ \t\r\f\v]+$", re.MULTILINE)
_MANY_NEWLINES = re.compile(r"\n{3,}")


def to_text(value: Any, *, clean: bool = False) -> str:
    """Any value as text, the way ChatOutput and Stringify show it.

    Data becomes a fenced JSON block, a Table a Markdown table, a list its items joined by newlines. `clean` empties
    blank lines and shortens runs of newlines in plain text, and drops empty rows of tables.
    """
    if isinstance(value, str):
        return _MANY_NEWLINES.sub("\n\n", _BLANK_LINES.sub("", value)) if clean else value
    if isinstance(value, Message):
        return value.text
    if isinstance(value, (Data, dict)):
        record = value.data if isinstance(value, Data) else value
        pretty = msgspec.json.format(to_json(record), indent=2).decode()
        return f"```json\n{pretty}\n```"
    if isinstance(value, Table):
        rows = [row for row in value if any(v not in (None, "") for v in row.values())] if clean else value
        return Table(rows).to_markdown()
    if isinstance(value, (list, tuple)):
        return "\n".join(to_text(item, clean=clean) for item in value)
    return "" if value is None else str(value)
