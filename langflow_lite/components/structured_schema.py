"""Records that a model is to write: the schema a user drew as a table, and what the model made of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langflow_lite.components.inputs import Kind, coerce
from langflow_lite.errors import ComponentError, ProviderError
from langflow_lite.models.base import ChatMessage, LanguageModel, ToolSpec
from langflow_lite.values import to_json

__all__ = ["Column", "ask_for_records", "find_json", "fit", "object_schema", "read_schema"]

_TYPES: Mapping[str, tuple[str, Kind]] = {
    "str": ("string", Kind.TEXT),
    "text": ("string", Kind.TEXT),
    "string": ("string", Kind.TEXT),
    "int": ("integer", Kind.INT),
    "integer": ("integer", Kind.INT),
    "float": ("number", Kind.FLOAT),
    "number": ("number", Kind.FLOAT),
    "bool": ("boolean", Kind.BOOL),
    "boolean": ("boolean", Kind.BOOL),
    "dict": ("object", Kind.DICT),
    "object": ("object", Kind.DICT),
}
_LISTS = frozenset({"list", "array"})
_STARTS = 50
# Statuses by which providers say that a model knows no tools.
_NO_TOOLS = frozenset({400, 404, 405, 422, 501})


@dataclass(frozen=True, slots=True)
class Column:
    """One row of a schema table: a key of the records, and what it holds."""

    name: str
    description: str
    type: str
    multiple: bool


def read_schema(rows: Any) -> list[Column]:
    """The columns of a schema table; rows without a name are left out. Raises `ComponentError` for an unknown type."""
    columns = []
    for row in rows if isinstance(rows, (list, tuple)) else ():
        name = str(row.get("name") or "").strip() if isinstance(row, Mapping) else ""
        if not name:
            continue
        kind = str(row.get("type") or "str").strip().lower()
        if kind not in _TYPES and kind not in _LISTS:
            raise ComponentError(
                f"the output schema gives {name!r} the type {kind!r}; use one of {', '.join(_TYPES)} or list"
            )
        multiple = kind in _LISTS or coerce(Kind.BOOL, row.get("multiple") or False)
        columns.append(Column(name, str(row.get("description") or ""), "str" if kind in _LISTS else kind, multiple))
    return columns


def object_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """The JSON schema of one record."""
    properties: dict[str, Any] = {}
    for column in columns:
        item: dict[str, Any] = {"type": _TYPES[column.type][0]}
        described = {"type": "array", "items": item} if column.multiple else item
        if column.description:
            described["description"] = column.description
        properties[column.name] = described
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def fit(record: Any, columns: Sequence[Column]) -> dict[str, Any]:
    """A record as the columns want it, values converted and keys that are missing null.

    Raises `ValueError` when it is no record or a value cannot be converted.
    """
    if not isinstance(record, Mapping):
        raise ValueError("a record is not a JSON object")
    if columns and not any(column.name in record for column in columns):
        raise ValueError(f"a record has none of the keys {', '.join(column.name for column in columns)}")
    return {column.name: _value(column, record.get(column.name)) for column in columns}


def _value(column: Column, value: Any) -> Any:
    if column.multiple:
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [_single(column, item) for item in items]
    return None if value is None else _single(column, value)


def _single(column: Column, value: Any) -> Any:
    kind = _TYPES[column.type][1]
    if kind is Kind.TEXT and isinstance(value, (list, dict)):
        return to_json(value).decode()
    try:
        return coerce(kind, value)
    except ValueError as error:
        raise ValueError(f"the key {column.name!r}: {error}") from None


def find_json(text: str) -> Any:
    """The first JSON object or array in what a model wrote, code fences and remarks around it or not.

    Raises `ValueError` when there is none.
    """
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(_STARTS):
        starts = [found for found in (text.find("{", position), text.find("[", position)) if found >= 0]
        if not starts:
            break
        position = min(starts)
        try:
            return decoder.raw_decode(text, position)[0]
        except (ValueError, RecursionError):
            position += 1
    raise ValueError("there is no JSON in it")


async def ask_for_records(
    model: LanguageModel, messages: Sequence[ChatMessage], columns: Sequence[Column], name: str = "records"
) -> list[dict[str, Any]]:
    """Have a model write records, at least one.

    Its reply is held to the schema where the protocol knows how. Elsewhere, or when that brought nothing, it is made to
    call a tool of this schema; a model without tools, or one that wrote something else, is asked once more, in words.
    Raises `ComponentError` when that does not help and `ProviderError`.
    """
    item = object_schema(columns)
    schema = {
        "type": "object",
        "properties": {"objects": {"type": "array", "items": item}},
        "required": ["objects"],
        "additionalProperties": False,
    }
    held = model.with_schema(name, schema)
    if held is not None:
        with contextlib.suppress(ValueError):
            return _records(find_json((await held.complete(messages)).text), columns)
    spec = ToolSpec(name, "Hand over the records that were found, all of them.", schema)
    conversation = list(messages)
    said = ""
    complaint = ""
    try:
        reply = await model.complete(conversation, tools=[spec], tool_choice=spec.name)
    except ProviderError as error:
        if error.provider_status not in _NO_TOOLS:
            raise
    else:
        said = reply.text
        try:
            call = next((call for call in reply.tool_calls if not call.error), None)
            return _records(call.arguments if call is not None else find_json(reply.text), columns)
        except ValueError as error:
            complaint = f"That cannot be used: {error}. "
    if said.strip():
        conversation.append(ChatMessage(role="assistant", text=said))
    wanted = to_json(schema).decode()
    conversation.append(
        ChatMessage(
            role="user",
            text=f"{complaint}Answer with nothing but a JSON object that follows this JSON schema: {wanted}",
        )
    )
    reply = await model.complete(conversation)
    try:
        return _records(find_json(reply.text), columns)
    except ValueError as error:
        shown = reply.text.strip()[:200] or "nothing"
        raise ComponentError(f"No structured output returned: {error}. The model wrote: {shown}") from None


def _records(found: Any, columns: Sequence[Column]) -> list[dict[str, Any]]:
    if isinstance(found, Mapping) and isinstance(found.get("objects"), list):
        found = found["objects"]
    items = found if isinstance(found, list) else [found]
    if not items:
        raise ValueError("there is no record in it")
    return [fit(item, columns) for item in items]
