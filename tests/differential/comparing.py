"""What counts as the same answer."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["same_answer"]

_UNCOMPARED = frozenset({"timestamp", "properties"})
_RULE = re.compile(r":?-+:?")


def same_answer(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Whether two answers say the same.

    An error is an error, whatever its words. An output whose way is stopped does not count. A cell that is not there
    and one that is null are the same, as are 1 and 1.0, and two Markdown tables whose columns are padded differently.
    """
    if "error" in theirs or "error" in ours:
        return "error" in theirs and "error" in ours
    return _comparable(theirs) == _comparable(ours)


def _comparable(answer: dict[str, Any]) -> Any:
    outputs = {name: _plain(value) for name, value in answer["outputs"].items() if name not in answer["stopped"]}
    return outputs, answer["stopped"]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value.get("error"), str):
            return {"error": True}
        fields = {key: _plain(item) for key, item in value.items() if key not in _UNCOMPARED}
        return {key: item for key, item in fields.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        if value.startswith("Invalid regex pattern"):
            return True
        return "\n".join(map(_unpadded, value.split("\n")))
    return value


def _unpadded(line: str) -> str:
    if not (line.startswith("|") and line.endswith("|")):
        return line
    return "|".join(_RULE.sub("---", cell.strip()) for cell in line.split("|"))
