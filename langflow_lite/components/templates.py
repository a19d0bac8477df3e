"""Templates with `{fields}`, filled without ever touching an attribute of a value."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from langflow_lite.values import Data, Message, Table, data_fields, to_text

__all__ = ["data_to_text", "fill", "fill_mustache", "record_of", "record_value"]

_formatter = string.Formatter()
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^\[\]]+)\]")
_HUGE_WIDTH = re.compile(r"\d{5}")
_MUSTACHE_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_MUSTACHE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def fill(template: str, value_of: Callable[[str], Any]) -> str:
    """The template with every `{name}` replaced by `value_of(name)`; `{{` and `}}` stand for braces.

    Conversions (`!r`) and format specifications (`:.2f`) work as in Python; values are never expanded themselves.
    Raises `ValueError` for a template that is not well formed and for a specification that does not suit the value.
    """
    try:
        parts = list(_formatter.parse(template))
    except ValueError as error:
        raise ValueError(f"the template is not well formed: {error}; write {{{{ and }}}} for literal braces") from None
    pieces = []
    for literal, name, spec, conversion in parts:
        pieces.append(literal)
        if name is not None:
            if not name:
                raise ValueError("the template has {} without a name; write {{ and }} for literal braces")
            pieces.append(_present(name, value_of(name), spec or "", conversion))
    return "".join(pieces)


def _present(name: str, value: Any, spec: str, conversion: str | None) -> str:
    if conversion in ("r", "a"):
        value = repr(value) if conversion == "r" else ascii(value)
    if not spec:
        return _plain(value)
    if "{" in spec or _HUGE_WIDTH.search(spec):
        raise ValueError(f"the format {spec!r} of {{{name}}} is not allowed")
    try:
        return format(value if isinstance(value, (str, int, float)) else _plain(value), spec)
    except ValueError as error:
        raise ValueError(f"{{{name}:{spec}}} does not suit its value: {error}") from None


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return to_text(value) if isinstance(value, (Message, Data, Table)) else str(value)


def fill_mustache(template: str, value_of: Callable[[str], Any]) -> str:
    """The template with every `{{name}}` replaced by `value_of(name)`, in one pass; single braces are plain text.

    Raises `ValueError` for sections, partials, comments, unescaped variables and anything else that is not a name.
    """
    if "{{{" in template:
        raise ValueError("triple braces are not supported in a template with double brackets; write {{name}}")

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if not _MUSTACHE_NAME.fullmatch(name):
            raise ValueError(f"{match[0][:80]} is not a variable; only {{{{name}}}} is supported with double brackets")
        return str(value_of(name))

    return _MUSTACHE_TAG.sub(replace, template)


def record_value(record: Mapping[str, Any], *, missing: Callable[[str], Any]) -> Callable[[str], Any]:
    """For `fill`: the value of a key, or of a path into nested objects and lists (`a.b`, `items[0]`).

    `missing` answers for a name that leads nowhere.
    """

    def value_of(name: str) -> Any:
        if name in record:
            return record[name]
        head = re.match(r"[^.\[]+", name)
        if head is None or head[0] not in record:
            return missing(name)
        value = record[head[0]]
        rest = name[head.end() :]
        while rest:
            step = _STEP.match(rest)
            if step is None:
                return missing(name)
            key = step[1] or step[2]
            inner = value.data if isinstance(value, Data) else value
            if isinstance(inner, Mapping) and key in inner:
                value = inner[key]
            elif isinstance(inner, (list, tuple)) and key.isdecimal() and int(key[:9]) < len(inner):
                value = inner[int(key[:9])]
            else:
                return missing(name)
            rest = rest[step.end() :]
        return value

    return value_of


def record_of(item: Any) -> dict[str, Any]:
    """An item of a list as a plain dict: a Data's fields, a Message's fields, a dict itself, else `{"text": ...}`."""
    if isinstance(item, Data):
        return item.data
    if isinstance(item, Message):
        return data_fields(item)
    return dict(item) if isinstance(item, Mapping) else {"text": to_text(item)}


def data_to_text(template: str, items: Iterable[Any]) -> list[str]:
    """The template filled once per item (Data, Message, dict or text), keys that an item lacks left empty.

    `{data}` is the whole record; the keys of a nested `data` object are merged in; without one, the text of an `error`
    takes the place of `text`.
    """
    texts = []
    for item in items:
        record = record_of(item)
        fields = dict(record)
        nested = record.get("data")
        if isinstance(nested, Mapping):
            fields.update(nested)
        elif record.get("error"):
            fields["text"] = record["error"]
        fields["data"] = record
        texts.append(fill(template, record_value(fields, missing=lambda name: "")))
    return texts
