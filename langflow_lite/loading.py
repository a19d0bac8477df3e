"""Flows from files: the documents people export, and what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from langflow_lite.errors import LangflowError
from langflow_lite.flow import Flow, flow_version
from langflow_lite.graph import duplicate_ids
from langflow_lite.ids import new_id

__all__ = ["FLAGS", "TEXTS", "UnreadableFlow", "example_files", "flow_files", "read_flows"]

_PACKAGE = Path(__file__).parent
TEXTS = ("description", "icon", "icon_bg_color", "gradient", "endpoint_name")
"""Keys of an exported flow that hold a text, beside its name."""
FLAGS = ("is_component", "webhook", "locked")
"""Keys of an exported flow that are true or false."""
# What the server decides itself, whatever the file says.
_OURS = frozenset(Flow.__struct_fields__)


class UnreadableFlow(LangflowError):
    """A file does not hold a flow; the message says what it holds instead, the caller names the file."""

    status = 422
    code = "FLOW_UNREADABLE"


def example_files() -> list[Path]:
    """The example flows: inside the installed package, else in the source checkout around it."""
    for folder in (_PACKAGE / "examples", _PACKAGE.parent / "examples" / "flows"):
        if files := sorted(folder.glob("*.json")):
            return files
    return []


def flow_files(folder: Path) -> list[Path]:
    """The `*.json` files directly in a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*.json") if path.is_file())


def read_flows(raw: bytes, name: str) -> list[Flow]:
    """The flows of an exported document: one flow, a list of them, `{"flows": [...]}`, or bare `{nodes, edges}`.

    `name` is for flows that have none. Each gets the id it was exported with, else a new one; keys that this server
    does not know are kept in `extra`. Raises `UnreadableFlow`.
    """
    try:
        return [_flow(entry, name) for entry in _entries(msgspec.Raw(raw.removeprefix(b"\xef\xbb\xbf")))]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableFlow(f"this is not JSON: {_with_place(error, raw)}") from error
    except RecursionError:
        raise UnreadableFlow("this JSON is nested too deeply") from None


def _with_place(error: Exception, raw: bytes) -> str:
    """What is wrong and where, as an editor counts."""
    text, _, byte = str(error).removesuffix(")").partition(" (byte ")
    if not raw.strip():
        return "it is empty"
    if text == "Input data was truncated":
        text, byte = "it ends in the middle", str(len(raw))
    if not byte.isdigit():
        return str(error)
    before = raw[: int(byte)]
    return f"{text} (line {before.count(10) + 1}, column {len(before) - before.rfind(10)})"


def _entries(document: msgspec.Raw) -> list[msgspec.Raw]:
    found = msgspec.json.decode(document, type=dict[str, msgspec.Raw] | list[msgspec.Raw] | str | float | bool | None)
    if isinstance(found, dict) and "flows" in found and "data" not in found:
        found = msgspec.json.decode(found["flows"], type=list[msgspec.Raw])
    return found if isinstance(found, list) else [document]


def _flow(document: msgspec.Raw, name: str) -> Flow:
    entry = msgspec.json.decode(document)
    if not isinstance(entry, dict):
        raise UnreadableFlow("this is not an exported flow: it is JSON, but not an object")
    if "data" not in entry and isinstance(entry.get("nodes"), list):
        entry, raw = {"data": entry}, document
    else:
        raw = msgspec.json.decode(document, type=dict[str, msgspec.Raw]).get("data", msgspec.Raw())
    data = entry.get("data")
    if not isinstance(data, dict):
        raise UnreadableFlow("this is not an exported flow: it has no `data` with nodes and edges")
    if repeated := duplicate_ids(data):
        raise UnreadableFlow(f"these node ids occur more than once: {', '.join(repeated)}")
    texts = {key: entry[key] for key in TEXTS if isinstance(entry.get(key), str)}
    flags = {key: entry[key] for key in FLAGS if isinstance(entry.get(key), bool)}
    tags = entry.get("tags")
    return Flow(
        id=_uuid(entry.get("id")) or new_id(),
        name=entry["name"] if isinstance(entry.get("name"), str) and entry["name"] else name,
        data=raw,
        version=flow_version(raw),
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else None,
        extra={key: value for key, value in entry.items() if key not in _OURS},
        **texts,
        **flags,
    )


def _uuid(value: Any) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None
