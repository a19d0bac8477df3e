"""Small helpers of the components that shape records: comparing values, lists of texts, lists of records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langflow_lite.values import Data, Message, Table, data_fields, to_text

__all__ = ["TEXT_COMPARISONS", "compare", "records_in", "texts_in"]

TEXT_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "not equals": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted in value,
    "not contains": lambda value, wanted: wanted not in value,
    "starts with": str.startswith,
    "ends with": str.endswith,
}


def compare(value: str, operator: str, wanted: str) -> bool:
    """Whether the comparison holds between two texts; False for an operator that does not exist.

    `greater than` and `less than` compare numbers where both are, else texts.
    """
    comparison = TEXT_COMPARISONS.get(operator)
    if comparison is not None:
        return comparison(value, wanted)
    if operator in ("greater than", "less than"):
        try:
            difference = float(value) - float(wanted)
        except ValueError:
            return value > wanted if operator == "greater than" else value < wanted
        return difference > 0 if operator == "greater than" else difference < 0
    return False


def texts_in(value: Any) -> list[str]:
    """The texts of a list field; a single value counts as a list, blanks are left out."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return [text for item in items if (text := to_text(item).strip())]


def records_in(value: Any) -> Iterator[dict[str, Any]]:
    """Everything a field or an edge brings as plain dicts: records, rows, messages, and texts as `{"text": ...}`."""
    if value is None or value == "":
        return
    if isinstance(value, Data):
        yield value.data
    elif isinstance(value, Message):
        yield data_fields(value)
    elif isinstance(value, Mapping):
        yield dict(value)
    elif isinstance(value, (list, tuple, Table)):
        for item in value:
            yield from records_in(item)
    else:
        yield {"text": to_text(value)}
