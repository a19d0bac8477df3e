"""Other ways to tell the events of a run: without the graph's state, and as AG-UI events (docs.ag-ui.com)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec

from langflow_lite.events import EventName, Frames
from langflow_lite.values import to_json

__all__ = ["AnyFrames", "agui_frames", "without_graph_state"]

_GRAPH_STATE = frozenset({EventName.VERTICES_SORTED, EventName.END_VERTEX, EventName.LOG})
_STEPS = frozenset({EventName.BUILD_START, EventName.BUILD_END})
_NO_SOURCE = {"id": None, "display_name": None, "source": None}

AnyFrames = AsyncIterator[tuple[int, bytes]] | AsyncIterator[Frames]


async def without_graph_state(frames: AnyFrames) -> AsyncIterator[tuple[int, bytes]]:
    """The frames that do not give the graph away: no vertices, steps or logs, and no component as a message's source."""
    async for number, event in _decoded(frames):
        name, data = event["event"], event["data"]
        if name in _GRAPH_STATE or (name in _STEPS and "id" in data):
            continue
        if name in (EventName.ADD_MESSAGE, EventName.ERROR):
            for holder in (data, data.get("data")):
                if isinstance(holder, dict) and "properties" in holder:
                    holder["properties"] = {**holder["properties"], "source": _NO_SOURCE}
        yield number, to_json(event)


async def agui_frames(frames: AnyFrames, thread_id: str, run_id: str) -> AsyncIterator[tuple[int, bytes]]:
    """The run as AG-UI events: its start, the machine's messages as they grow, and one event for how it ended.

    Events made from one frame share its number, so that a reader can go on after the last number it has seen.
    """
    run = {"threadId": thread_id, "runId": run_id}
    yield 0, to_json({"type": "RUN_STARTED", **run})
    growing: set[str] = set()
    finished: set[str] = set()
    failure: str | None = None
    async for number, event in _decoded(frames):
        name, data = event["event"], event["data"]
        if name == EventName.TOKEN:
            for made in _growth(data["id"], data["chunk"], growing):
                yield number, to_json(made)
        elif name == EventName.ADD_MESSAGE and data.get("sender") != "User" and data["id"] not in finished:
            for made in _message(data, growing, finished):
                yield number, to_json(made)
        elif name == EventName.REMOVE_MESSAGE and data["id"] in growing:
            growing.discard(data["id"])
            yield number, to_json({"type": "TEXT_MESSAGE_END", "messageId": data["id"]})
        elif name == EventName.ERROR and failure is None:
            failure = str(data.get("text") or data.get("error") or "The run failed").strip()
        elif name == EventName.CANCELLED:
            failure = failure or "The run was cancelled"
        if name in (EventName.END, EventName.CANCELLED) or (name == EventName.ERROR and "text" not in data):
            for id_ in growing:
                yield number, to_json({"type": "TEXT_MESSAGE_END", "messageId": id_})
            growing.clear()
            # Nothing may follow RUN_ERROR, so a failure that the run outlived is told at its end.
            ending = {"type": "RUN_FINISHED", **run} if failure is None else {"type": "RUN_ERROR", "message": failure}
            yield number, to_json(ending)


def _message(data: dict[str, Any], growing: set[str], finished: set[str]) -> Iterator[dict[str, Any]]:
    id_ = data["id"]
    if id_ not in growing:
        yield from _growth(id_, data["text"], growing)
    if data["properties"]["state"] == "complete":
        growing.discard(id_)
        finished.add(id_)
        yield {"type": "TEXT_MESSAGE_END", "messageId": id_}


def _growth(id_: str, text: str, growing: set[str]) -> Iterator[dict[str, Any]]:
    if id_ not in growing:
        growing.add(id_)
        yield {"type": "TEXT_MESSAGE_START", "messageId": id_, "role": "assistant"}
    if text:
        yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": id_, "delta": text}


async def _decoded(frames: AnyFrames) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    async for item in frames:
        for number, frame in [item] if isinstance(item, tuple) else item:
            yield number, msgspec.json.decode(frame)
