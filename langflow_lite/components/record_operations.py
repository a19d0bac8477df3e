"""What Operations does with records: choose, rename, combine and look up keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import Component
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.jq import run_jq
from langflow_lite.components.literals import read_literal
from langflow_lite.components.shaping import compare, texts_in
from langflow_lite.values import Data

__all__ = ["RECORD_OPERATIONS", "RecordOperations"]

RECORD_OPERATIONS = (
    "Select Keys",
    "Literal Eval",
    "Combine",
    "Append or Update",
    "Remove Keys",
    "Rename Keys",
    "Path Selection",
    "JQ Expression",
)


class RecordOperations(Component):
    """The fields of record operations, and the operations themselves."""

    data: Any = field(Kind.DATA, "JSON", is_list=True, info="The record to work on; several only for Combine.")
    select_keys_input: Any = field(Kind.TEXT, "Select Keys", is_list=True, info="Keys to keep.")
    append_update_data: dict[str, Any] = field(Kind.DICT, "Append or Update", info="Keys and values to set.")
    remove_keys_input: Any = field(Kind.TEXT, "Remove Keys", is_list=True, info="Keys to remove, at any depth.")
    rename_keys_input: dict[str, Any] = field(Kind.DICT, "Rename Keys", info="Old names and new names, at any depth.")
    mapped_json_display: str = field(Kind.MULTILINE, "JSON to Map", info="Only helps to choose a path in an editor.")
    selected_key: str = field(Kind.DROPDOWN, "Select Path", info="A path such as .a.b[0].")
    query: str = field(
        Kind.TEXT,
        "JQ Expression",
        tool_mode=True,
        info="A jq expression, such as .items[] | select(.price > 10) | .name.",
    )
    filter_key: Any = field(Kind.TEXT, "Filter Key", is_list=True, info="The key whose list is filtered.")
    operator: str = field(Kind.DROPDOWN, "Comparison Operator", "equals", info="How values are compared.")
    filter_values: dict[str, Any] = field(Kind.DICT, "Filter Values", info="Keys and the values that items must have.")

    def record_result(self, operation: str) -> Data:
        """The result of a record operation; empty when the name is none of them.

        Raises `ValueError` without a record, and for several where the operation takes one.
        """
        records = self._records()
        if operation == "Combine":
            return _combined(records)
        if operation not in RECORD_OPERATIONS and operation != "Filter Values":
            return Data()
        if len(records) > 1:
            raise ValueError(
                f"{operation} operation is not supported for multiple data objects. Connect one, or use Combine."
            )
        if not records:
            raise ValueError(f"{operation} needs a record: connect one to the component")
        record = records[0]
        match operation:
            case "Select Keys":
                return _selected(record, texts_in(self.select_keys_input))
            case "Remove Keys":
                return Data(_without(record, frozenset(texts_in(self.remove_keys_input))))
            case "Rename Keys":
                return Data(_renamed(record, self.rename_keys_input))
            case "Append or Update":
                return Data({**record, **self.append_update_data})
            case "Literal Eval":
                return Data(_evaluated(record))
            case "Filter Values":
                return self._filtered_items(record)
            case "Path Selection":
                return self._selected_path(record)
            case _:
                return self._queried(record)

    def _records(self) -> list[dict[str, Any]]:
        items = self.data if isinstance(self.data, (list, tuple)) else [self.data]
        return [
            item.data if isinstance(item, Data) else dict(item) for item in items if isinstance(item, (Data, Mapping))
        ]

    def _filtered_items(self, record: Mapping[str, Any]) -> Data:
        keys = texts_in(self.filter_key)
        items = record.get(keys[0]) if keys else None
        if not isinstance(items, list):
            raise ValueError(f"Filter Values needs a key that holds a list; available keys: {list(record)}")
        kept = [
            item
            for item in items
            if isinstance(item, Mapping)
            and all(
                key in item and compare(str(item[key]), self.operator, str(wanted))
                for key, wanted in self.filter_values.items()
            )
        ]
        return Data({keys[0]: kept})

    def _selected_path(self, record: Mapping[str, Any]) -> Data:
        try:
            if not self.selected_key.strip():
                raise ValueError("Missing input data or selected key.")
            results = run_jq(self.selected_key, record)
            return _wrapped(results[0] if results else None)
        except ValueError as error:
            self.status = f"Error: {error}"
            self.log(self.status)
            return Data({"error": str(error)})

    def _queried(self, record: Mapping[str, Any]) -> Data:
        if not self.query.strip():
            raise ValueError("JSON Query is required and cannot be blank.")
        try:
            results = run_jq(self.query, record)
            if not results:
                raise ValueError("No result from JSON query.")
            result = results[0] if len(results) == 1 else results
            if result is None:
                raise ValueError("JSON query returned null. Check if the path exists in your data.")
        except ValueError as error:
            raise ValueError(f"JSON Query error: {error}") from error
        return _wrapped(result)


def _wrapped(result: Any) -> Data:
    return Data(result) if isinstance(result, Mapping) else Data({"result": result})


def _selected(record: Mapping[str, Any], keys: list[str]) -> Data:
    if keys == ["data"] and isinstance(record.get("data"), Mapping):
        return Data(record["data"])
    missing = [key for key in keys if key not in record]
    if missing:
        raise ValueError(f"Select key not found in data. Available keys: {list(record)}")
    return Data({key: value for key, value in record.items() if key in keys})


def _without(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item, keys) for key, item in value.items() if key not in keys}
    return [_without(item, keys) for item in value] if isinstance(value, list) else value


def _renamed(value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _combined(records: list[dict[str, Any]]) -> Data:
    if len(records) < 2:
        return Data(records[0] if records else {})
    combined: dict[str, Any] = {}
    for record in records:
        for key, value in record.items():
            if key not in combined:
                combined[key] = value
                continue
            known = combined[key]
            combined[key] = [
                *(known if isinstance(known, list) else [known]),
                *(value if isinstance(value, list) else [value]),
            ]
    return Data(combined)


def _evaluated(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _evaluated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluated(item) for item in value]
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not (
        text.startswith(("{", "[", "(", "'", '"'))
        or text in ("True", "False", "None")
        or text.replace(".", "").isdigit()
    ):
        return value
    try:
        return read_literal(text)
    except ValueError:
        return value
