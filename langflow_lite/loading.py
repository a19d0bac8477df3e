"""Flows from files: the documents people export, and the ones a server loads when it starts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from langflow_lite.errors import LangflowError
from langflow_lite.flow import Flow, flow_version
from langflow_lite.graph import duplicate_ids
from langflow_lite.ids import new_id
from langflow_lite.settings import Settings
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.meta import Meta

__all__ = ["Loaded", "UnreadableFlow", "example_files", "flow_files", "load_flows", "read_flows"]

logger = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parent
_TEXTS = ("description", "icon", "icon_bg_color", "gradient", "endpoint_name")
_FLAGS = ("is_component", "webhook", "locked")
# What the server decides itself, whatever the file says.
_OURS = frozenset(Flow.__struct_fields__)


class UnreadableFlow(LangflowError):
    """A file does not hold a flow; the message says what it holds instead, the caller names the file."""

    status = 422
    code = "FLOW_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a start brought in: new examples, and the flows of `load_flows_path` with what was wrong in it."""

    examples: tuple[Flow, ...] = ()
    flows: tuple[Flow, ...] = ()
    warnings: tuple[str, ...] = ()


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
        raise UnreadableFlow(f"this is not JSON: {error}") from error
    except RecursionError:
        raise UnreadableFlow("this JSON is nested too deeply") from None


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
    texts = {key: entry[key] for key in _TEXTS if isinstance(entry.get(key), str)}
    flags = {key: entry[key] for key in _FLAGS if isinstance(entry.get(key), bool)}
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


async def load_flows(settings: Settings, flows: FlowStore, meta: Meta) -> Loaded:
    """Bring in the example flows when the database is new, and everything in `load_flows_path` at every start.

    A file that cannot be used is a warning naming it, also in the log; it never stops the start.
    """
    examples: list[Flow] = []
    if settings.load_examples and not await meta.examples_loaded():
        shipped = [flow for path in example_files() for flow in read_flows(path.read_bytes(), path.stem)]
        examples = await flows.create_examples(shipped)
    stored: list[Flow] = []
    warnings: list[str] = []
    found = list(_files(settings.load_flows_path))
    # A flow that is one file's by its id is no other file's by its name.
    claimed = {flow.id for _, flow in found if isinstance(flow, Flow)}
    for path, result in found:
        if isinstance(result, Flow):
            try:
                flow = await _upsert(flows, result, claimed)
                claimed.add(flow.id)
                stored.append(flow)
            except LangflowError as error:
                result = error
        if isinstance(result, LangflowError):
            warnings.append(f"{path} was not loaded: {result.message}")
            logger.warning("%s", warnings[-1])
    return Loaded(tuple(examples), tuple(stored), tuple(warnings))


def _files(folder: Path | None) -> Iterator[tuple[Path, Flow | LangflowError]]:
    if folder is None:
        return
    if not folder.is_dir():
        yield folder, UnreadableFlow("there is no such folder (LANGFLOW_LOAD_FLOWS_PATH)")
        return
    for path in flow_files(folder):
        try:
            found = read_flows(path.read_bytes(), path.stem)
        except OSError as error:
            yield path, UnreadableFlow(f"it cannot be read: {error.strerror}")
        except LangflowError as error:
            yield path, error
        else:
            for flow in found:
                yield path, flow


async def _upsert(flows: FlowStore, flow: Flow, claimed: Collection[str]) -> Flow:
    """Store the flow, in the place of the one it is a newer state of if there is one."""
    known = _known(flows, flow, claimed)
    if known is None:
        return await flows.create(flow)
    changes = {
        key: value
        for key in (*_TEXTS, *_FLAGS, "name", "tags", "extra")
        if (value := getattr(flow, key)) not in (None, getattr(known, key))
    }
    if flow.version != known.version:
        changes["data"] = flow.data
    # A name that had to be changed when the flow was first stored stays changed.
    for unique in ("name", "endpoint_name"):
        if any(getattr(other, unique) == changes.get(unique) for other in flows.list()):
            changes.pop(unique, None)
    return await flows.update(known.id, changes) if changes else known


def _known(flows: FlowStore, flow: Flow, claimed: Collection[str]) -> Flow | None:
    """The stored flow with the same id, else endpoint name, else name; the last two only if no file has its id."""
    stored = {other.id: other for other in flows.list()}
    if flow.id in stored:
        return stored[flow.id]
    free = [other for other in stored.values() if other.id not in claimed]
    for same in ("endpoint_name", "name"):
        value = getattr(flow, same)
        if value and (found := next((other for other in free if getattr(other, same) == value), None)):
            return found
    return None
