"""The kinds of component inputs: how each is declared, described in the catalogue, and what it accepts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from langflow_lite.values import Data, Message, Table, data_fields, to_text

__all__ = ["Input", "Kind", "coerce", "field", "kind_of"]

_TRUE_WORDS = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE_WORDS = frozenset({"0", "false", "no", "off", "n", "f", "none", "null", ""})


class _KindInfo(NamedTuple):
    input_class: str
    type: str
    input_types: tuple[str, ...]
    empty: Any


class Kind(Enum):
    """What a field holds. The value names the exported input class, the field's `type` and what an edge may bring."""

    STR = _KindInfo("StrInput", "str", (), "")
    TEXT = _KindInfo("MessageTextInput", "str", ("Message",), "")
    MULTILINE = _KindInfo("MultilineInput", "str", ("Message",), "")
    QUERY = _KindInfo("QueryInput", "query", ("Message",), "")
    MESSAGE = _KindInfo("MessageInput", "str", ("Message",), "")
    SECRET = _KindInfo("SecretStrInput", "str", (), "")
    DROPDOWN = _KindInfo("DropdownInput", "str", (), "")
    MULTISELECT = _KindInfo("MultiselectInput", "str", (), ())
    TAB = _KindInfo("TabInput", "tab", (), "")
    INT = _KindInfo("IntInput", "int", (), 0)
    FLOAT = _KindInfo("FloatInput", "float", (), 0.0)
    SLIDER = _KindInfo("SliderInput", "slider", (), 0.0)
    BOOL = _KindInfo("BoolInput", "bool", (), False)
    DICT = _KindInfo("DictInput", "dict", (), {})
    NESTED_DICT = _KindInfo("NestedDictInput", "NestedDict", (), {})
    TABLE = _KindInfo("TableInput", "table", (), ())
    DATA = _KindInfo("DataInput", "other", ("JSON", "Data"), None)
    DATAFRAME = _KindInfo("DataFrameInput", "other", ("Table", "DataFrame"), None)
    HANDLE = _KindInfo("HandleInput", "other", (), None)
    PROMPT = _KindInfo("PromptInput", "prompt", (), "")
    FILE = _KindInfo("FileInput", "file", (), "")
    MODEL = _KindInfo("ModelInput", "model", ("LanguageModel",), None)
    SORTABLE_LIST = _KindInfo("SortableListInput", "sortableList", (), ())
    CODE = _KindInfo("CodeInput", "code", (), "")

    # There is one object of each, and the hash of an enumeration is code that takes longer than what is looked up.
    __hash__ = object.__hash__

    @property
    def edge_only(self) -> bool:
        """Whether the field has no literal and is filled by edges alone."""
        return self in (Kind.DATA, Kind.DATAFRAME, Kind.HANDLE)


_BY_CLASS = {kind.value.input_class: kind for kind in Kind}
_BY_TYPE = {
    "str": Kind.TEXT,
    "int": Kind.INT,
    "float": Kind.FLOAT,
    "slider": Kind.SLIDER,
    "bool": Kind.BOOL,
    "dict": Kind.DICT,
    "NestedDict": Kind.NESTED_DICT,
    "table": Kind.TABLE,
    "tools": Kind.TABLE,
    "file": Kind.FILE,
    "prompt": Kind.PROMPT,
    "mustache": Kind.PROMPT,
    "query": Kind.QUERY,
    "tab": Kind.TAB,
    "sortableList": Kind.SORTABLE_LIST,
    "model": Kind.MODEL,
    "code": Kind.CODE,
    "other": Kind.HANDLE,
}


def kind_of(template_field: Mapping[str, Any]) -> Kind | None:
    """The kind an exported template field declares; None when it is unknown and its value passes through unchanged."""
    kind = _BY_CLASS.get(template_field.get("_input_type", ""))
    if kind is not None:
        return kind
    # Exports of 1.0 carry no input class on most fields.
    name = template_field.get("type")
    if name == "str" and template_field.get("password"):
        return Kind.SECRET
    return _BY_TYPE.get(name) if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Input:
    """One declared input of a component. Made with `field`; the name is the class attribute's."""

    kind: Kind
    display_name: str
    default: Any
    info: str = ""
    is_list: bool = False
    required: bool = False
    advanced: bool = False
    tool_mode: bool = False
    load_from_db: bool = False
    options: tuple[str, ...] = ()
    input_types: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    show: bool = True
    extra: Mapping[str, Any] | None = None

    def template(self, name: str) -> dict[str, Any]:
        """The field as `/api/v1/all` and exported flows describe it."""
        kind = self.kind.value
        template: dict[str, Any] = {
            "_input_type": kind.input_class,
            "type": kind.type,
            "name": name,
            "display_name": self.display_name,
            "info": self.info,
            "value": list(self.default) if isinstance(self.default, tuple) else self.default,
            "list": self.is_list,
            "required": self.required,
            "advanced": self.advanced,
            "show": self.show,
            "dynamic": False,
            "placeholder": "",
            "title_case": False,
            "tool_mode": self.tool_mode,
            "load_from_db": self.load_from_db,
            "input_types": list(self.input_types or kind.input_types),
        }
        if self.options:
            template["options"] = list(self.options)
        if self.kind is Kind.SECRET:
            template["password"] = True
        if self.kind is Kind.MULTILINE:
            template["multiline"] = True
        if self.kind is Kind.FILE:
            template["file_path"] = ""
        return {**template, **(self.extra or {})}


_UNSET: Any = object()


def field(
    kind: Kind,
    display_name: str,
    default: Any = _UNSET,
    *,
    info: str = "",
    is_list: bool = False,
    required: bool = False,
    advanced: bool = False,
    tool_mode: bool = False,
    load_from_db: bool = False,
    options: Sequence[str] = (),
    input_types: Sequence[str] = (),
    aliases: Sequence[str] = (),
    show: bool = True,
    **extra: Any,
) -> Any:
    """Declare an input as a class attribute: `delimiter: str = field(Kind.TEXT, "Delimiter", " ")`.

    `default` applies when a flow leaves the field out. `aliases` are the names that older releases gave the field.
    `extra` goes into the catalogue's template entry as it is (`range_spec`, `table_schema`, ...).
    """
    if default is _UNSET:
        default = () if is_list else kind.value.empty
    return Input(
        kind=kind,
        display_name=display_name,
        default=default,
        info=info,
        is_list=is_list,
        required=required,
        advanced=advanced,
        tool_mode=tool_mode,
        load_from_db=load_from_db,
        options=tuple(options),
        input_types=tuple(input_types),
        aliases=tuple(aliases),
        show=show,
        extra=extra or None,
    )


def coerce(kind: Kind, value: Any) -> Any:
    """One value, from a template or an edge, as a field of this kind holds it.

    Raises `ValueError` with one line saying what was expected. Numbers in text fields become text and words such as
    "false" are read as booleans, where Langflow drops or misreads them.
    """
    convert = _CONVERSIONS.get(kind)
    return value if convert is None else convert(value)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Message):
        return value.text
    if isinstance(value, Data):
        return _text_key(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Mapping):
        fields, key = _written_out(value)
        if isinstance(text := fields.get(key), str):
            return text
    if isinstance(value, Table):
        return value.to_markdown()
    raise ValueError(f"expected text, got {_kind_name(value)}")


def _written_out(value: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The fields of a message or record in an export, and the key of its text: flat, or under `data` beside `text_key`."""
    fields, key = value.get("data"), value.get("text_key")
    return (fields, key) if isinstance(fields, Mapping) and isinstance(key, str) else (value, "text")


def _text_key(value: Data) -> str:
    if value.text_key not in value.data:
        keys = ", ".join(map(repr, value.data)) or "no keys"
        raise ValueError(f"this Data has no text under {value.text_key!r}; it has {keys}")
    return to_text(value.data[value.text_key])


def _as_message(value: Any) -> Message | str:
    if isinstance(value, Message):
        return value
    if isinstance(value, str):
        return Message(text=value) if value else ""
    if value is None:
        return ""
    if isinstance(value, Data):
        return Message(text=value.get_text())
    if isinstance(value, Mapping):
        try:
            fields, _ = _written_out(value)
            untimed = {key: field for key, field in fields.items() if key != "timestamp"}
            return msgspec.convert(untimed, Message, strict=False)
        except msgspec.ValidationError as error:
            raise ValueError(f"this is not a message: {error}") from error
    return Message(text=_as_text(value))


def _as_number(value: Any) -> float:
    number = value if isinstance(value, (int, float)) else _parse_number(_as_text(value).strip())
    if not -sys.float_info.max <= number <= sys.float_info.max:
        raise ValueError("expected a finite number")
    return number


def _parse_number(text: str) -> float:
    if not text:
        return 0
    try:
        # Whole numbers keep all their digits: a float holds no more than 15.
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise ValueError(f"expected a number, got {text[:80]!r}") from None


def _as_bool(value: Any) -> bool:
    if isinstance(value, (bool, int, float)):
        return bool(value)
    word = _as_text(value).strip().lower()
    if word in _TRUE_WORDS:
        return True
    if word in _FALSE_WORDS:
        return False
    raise ValueError(f"expected true or false, got {word[:80]!r}")


def _as_dict(value: Any) -> dict[str, Any]:
    if value is None or value == "" or value == []:
        return {}
    if isinstance(value, Message):
        value = value.text
    if isinstance(value, Data):
        return dict(value.data)
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("expected a JSON object") from None
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (list, tuple)) and all(isinstance(item, Mapping) for item in value):
        merged: dict[str, Any] = {}
        for item in value:
            merged.update({str(item["key"]): item.get("value")} if set(item) == {"key", "value"} else item)
        return merged
    raise ValueError(f"expected an object, got {_kind_name(value)}")


def _as_rows(value: Any) -> list[dict[str, Any]]:
    if value is None or value == "":
        return []
    if isinstance(value, Table):
        return value.rows
    if isinstance(value, Data):
        return [dict(value.data)]
    if isinstance(value, Message):
        return [data_fields(value)]
    if isinstance(value, Mapping):
        columns = {key: column for key, column in value.items() if isinstance(column, list)}
        if columns and len(columns) == len(value):
            return [dict(zip(columns, cells, strict=False)) for cells in zip(*columns.values(), strict=False)]
        return [dict(value)]
    if isinstance(value, (list, tuple)):
        rows = [item.data if isinstance(item, Data) else item for item in value]
        if all(isinstance(row, Mapping) for row in rows):
            return [dict(row) for row in rows]
    raise ValueError(f"expected a list of rows, got {_kind_name(value)}")


def _as_paths(value: Any) -> Any:
    if isinstance(value, Message):
        return list(value.files)
    if isinstance(value, Data):
        return value.data.get("file_path", "")
    for path in value if isinstance(value, (list, tuple)) else (value,):
        if path is not None and not isinstance(path, str):
            raise ValueError(f"expected the path of an uploaded file, got {_kind_name(path)}")
    return value


def _kind_name(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, Mapping):
        return "an object"
    return _JSON_WORDS.get(type(value)) or f"a {type(value).__name__}"


_JSON_WORDS = {bool: "a boolean", int: "a number", float: "a number"}


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


_CONVERSIONS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.STR: _as_text,
    Kind.TEXT: _as_text,
    Kind.MULTILINE: _as_text,
    Kind.QUERY: _as_text,
    Kind.SECRET: _as_text,
    Kind.PROMPT: _as_text,
    Kind.DROPDOWN: _as_text,
    Kind.TAB: _as_text,
    Kind.MESSAGE: _as_message,
    Kind.INT: lambda value: int(_as_number(value)),
    Kind.FLOAT: lambda value: float(_as_number(value)),
    Kind.SLIDER: lambda value: float(_as_number(value)),
    Kind.BOOL: _as_bool,
    Kind.DICT: _as_dict,
    Kind.NESTED_DICT: _as_dict,
    Kind.TABLE: _as_rows,
    Kind.FILE: _as_paths,
    Kind.MULTISELECT: _as_list,
}
