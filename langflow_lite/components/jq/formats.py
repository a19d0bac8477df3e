"""`@base64` and its like: how jq writes a value into a text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from langflow_lite.components.jq.values import Budget, QueryError, kind, shown, to_json

__all__ = ["FORMATS", "text_of"]

_ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;"})
_TABS = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def text_of(value: Any, budget: Budget) -> str:
    """`tostring`: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else to_json(value, budget)


def _row(value: Any, budget: Budget, name: str, written: Callable[[str], str], separator: str) -> str:
    if not isinstance(value, list):
        raise QueryError(f"{kind(value)} ({shown(value)}) cannot be {name}-formatted, only an array can be")
    cells = []
    for item in value:
        if isinstance(item, (list, dict)):
            raise QueryError(f"{kind(item)} ({shown(item)}) is not valid in a {name} row")
        cells.append("" if item is None else written(item) if isinstance(item, str) else to_json(item, budget))
    return separator.join(cells)


def _csv(value: Any, budget: Budget) -> str:
    return _row(value, budget, "csv", lambda text: '"' + text.replace('"', '""') + '"', ",")


def _tsv(value: Any, budget: Budget) -> str:
    return _row(value, budget, "tsv", lambda text: text.translate(_TABS), "\t")


def _sh(value: Any, budget: Budget) -> str:
    words = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, (list, dict)):
            raise QueryError(f"{kind(item)} ({shown(item)}) can not be escaped for shell")
        words.append("'" + item.replace("'", "'\\''") + "'" if isinstance(item, str) else to_json(item, budget))
    return " ".join(words)


def _from_base64(value: Any, budget: Budget) -> str:
    text = text_of(value, budget).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise QueryError(f"{kind(value)} ({shown(value)}) is not valid base64 data") from None


FORMATS: dict[str, Callable[[Any, Budget], str]] = {
    "@text": text_of,
    "@json": to_json,
    "@html": lambda value, budget: text_of(value, budget).translate(_ENTITIES),
    "@uri": lambda value, budget: quote(text_of(value, budget), safe="-_.~"),
    "@urid": lambda value, budget: unquote(text_of(value, budget)),
    "@csv": _csv,
    "@tsv": _tsv,
    "@sh": _sh,
    "@base64": lambda value, budget: base64.b64encode(text_of(value, budget).encode("utf-8", "replace")).decode(),
    "@base64d": _from_base64,
}
