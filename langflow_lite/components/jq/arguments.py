"""What functions of jq ask of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langflow_lite.components.jq.values import QueryError, kind, shown

__all__ = ["Native", "listed", "number", "string"]

Native = Callable[..., Any]
"""A function that is called with the budget, its input and the values of its arguments."""


def string(value: Any, name: str) -> str:
    """The value, if it is a string; raises `QueryError`."""
    if not isinstance(value, str):
        raise QueryError(f"{name} input must be a string")
    return value


def listed(value: Any, what: str) -> list[Any]:
    """The value, if it is a list; raises `QueryError`."""
    if not isinstance(value, list):
        raise QueryError(f"{kind(value)} ({shown(value)}) cannot be {what}, as it is not an array")
    return value


def number(value: Any) -> Any:
    """The value, if it is a number; raises `QueryError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise QueryError(f"{kind(value)} ({shown(value)}) number required")
    return value
