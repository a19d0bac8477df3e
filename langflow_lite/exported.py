"""Reading exported nodes and edges as they lie in a file, before there is a graph of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = [
    "code_hash",
    "field_code",
    "is_note",
    "mapping",
    "node_code",
    "plain_lines",
    "source_handle",
    "strings",
    "target_handle",
]


def is_note(node: Mapping[str, Any]) -> bool:
    """Whether an exported node is a note of the author's, which never runs."""
    inner = node.get("data")
    return node.get("type") == "noteNode" or (isinstance(inner, Mapping) and inner.get("type") in ("note", "noteNode"))


def node_code(node: Mapping[str, Any]) -> str:
    """The source inside an exported node; empty when there is none."""
    return field_code(mapping(mapping(node.get("data")).get("node")).get("template"), "code")


def field_code(template: Any, name: str) -> str:
    """The text in a field of an exported template; empty when there is none."""
    value = mapping(mapping(template).get(name)).get("value")
    return value if isinstance(value, str) else ""


def code_hash(code: str) -> str:
    """SHA-256, in hex, of a source with its line ends as newlines; empty for an empty source."""
    return hashlib.sha256(plain_lines(code).encode("utf-8", "surrogatepass")).hexdigest() if code.strip() else ""


def plain_lines(code: str) -> str:
    """The source with its line ends as newlines: what is hashed, shown and trusted."""
    return code.replace("\r\n", "\n").replace("\r", "\n")


def source_handle(edge: Mapping[str, Any]) -> Mapping[str, Any]:
    """The source handle of an exported edge: the object form, else the decoded string form."""
    return _handle(edge, "sourceHandle")


def target_handle(edge: Mapping[str, Any]) -> Mapping[str, Any]:
    """The target handle of an exported edge; the form `Type;Type|field|id` from before 1.0 is understood too."""
    handle = _handle(edge, "targetHandle")
    text = edge.get("targetHandle")
    if not handle and isinstance(text, str) and text.count("|") >= 1:
        return {"fieldName": text.split("|")[1]}
    return handle


def _handle(edge: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    handle = mapping(edge.get("data")).get(key, edge.get(key))
    if isinstance(handle, str):
        try:
            # The editor writes the JSON of a handle with every quote as an oe ligature.
            handle = msgspec.json.decode(handle.replace("œ", '"'))
        except (msgspec.DecodeError, RecursionError):
            return {}
    return mapping(handle)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one: exports of any release may lack it."""
    return value if isinstance(value, Mapping) else {}


def strings(value: Any) -> tuple[str, ...]:
    """The texts in a list; none if it is no list."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
