"""What a run shows of a vertex: the result objects of `/run` and of vertex events (contract: *RunOutput*, *VertexEnd*)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from langflow_lite.engine.yaml_text import yaml_list_of
from langflow_lite.graph import Graph, Vertex
from langflow_lite.values import Data, Message, Table, dump_message, event_time, result_time, to_text

__all__ = [
    "VertexResult",
    "cut_long",
    "duration_text",
    "failed_data",
    "output_values",
    "params_text",
    "run_output",
    "select_results",
    "vertex_data",
    "workflow_output",
]

_CHAT = frozenset({"ChatInput", "ChatOutput"})
_MAX_TEXT = 6000
_MAX_ITEMS = 1000


class VertexResult(msgspec.Struct, kw_only=True):
    """What came out of one execution of a vertex. `outputs` is keyed by the output's name in the file.

    `seconds` is the wall time it took; `usage` the tokens of a model component; `model_name` that model.
    """

    vertex: Vertex
    outputs: dict[str, Any]
    logs: dict[str, list[dict[str, Any]]] = {}
    usage: dict[str, int] | None = None
    model_name: str | None = None
    seconds: float = 0.0
    frozen: bool = False

    @property
    def message(self) -> Message | None:
        """The chat message of an input or output vertex."""
        if self.vertex.is_input or self.vertex.is_output:
            for value in self.outputs.values():
                if isinstance(value, Message):
                    return value
        return None


def select_results(
    graph: Graph, results: Mapping[str, VertexResult], output_type: str, output_component: str
) -> list[VertexResult]:
    """The results an answer holds, in file order (engine rules: *Selection for /run*).

    `output_component` is an id or display name and wins; else "debug" is every vertex, "any" every output vertex, and
    "chat" or "text" the output vertices of that sort, all of them when there is none of that sort.
    """
    chosen = list(graph.vertices.values())
    if output_component:
        members = set(graph.members(output_component))
        chosen = [v for v in chosen if v.id in members or v.display_name == output_component]
    elif output_type != "debug":
        chosen = [v for v in chosen if v.is_output]
        if output_type != "any":
            word = output_type.lower()
            chosen = [v for v in chosen if word in v.id.lower() or word in v.type.lower()] or chosen
    return [results[v.id] for v in chosen if v.id in results]


def run_output(result: VertexResult) -> dict[str, Any]:
    """One entry of `outputs[].outputs` in a `/run` answer; keys in the order clients were recorded with."""
    vertex = result.vertex
    shown = {name: _shown(value) for name, value in result.outputs.items()}
    return {
        "results": _messages_by_output(result, result_time, component_id=True),
        "artifacts": _artifacts(result, shown),
        "outputs": _outputs(result, shown),
        "logs": {name: result.logs.get(name, []) for name in result.outputs},
        "messages": _chat_messages(result),
        "timedelta": None,
        "duration": None,
        "component_display_name": vertex.display_name,
        "component_id": vertex.id,
        "used_frozen_result": result.frozen,
        "token_usage": result.usage,
    }


def output_values(result: VertexResult) -> dict[str, Any]:
    """What came out of a vertex, by output: `{"message", "type"}`."""
    return _outputs(result, {name: _shown(value) for name, value in result.outputs.items()})


def vertex_data(result: VertexResult, *, chat_objects: bool = False) -> dict[str, Any]:
    """`data` of an `end_vertex` event; long texts and lists are cut (contract: *VertexEnd*).

    Records of builds show chat messages whole (`chat_objects`, seed document 5), events only their text.
    """
    shown = {name: _shown(value) for name, value in result.outputs.items()}
    artifacts = cut_long(_artifacts(result, shown))
    outputs = cut_long(_outputs(result, shown))
    results = _messages_by_output(result, event_time)
    if chat_objects and result.vertex.type in _CHAT:
        outputs |= {name: {"message": dump["data"], "type": "object"} for name, dump in results.items()}
    return {
        "results": results,
        "outputs": outputs,
        "logs": {name: result.logs.get(name, []) for name in result.outputs},
        "message": artifacts,
        "artifacts": artifacts,
        "timedelta": result.seconds,
        "duration": duration_text(result.seconds),
        "used_frozen_result": result.frozen,
        "token_usage": result.usage,
    }


def failed_data(output: str, reason: str) -> dict[str, Any]:
    """`data` of the `end_vertex` event of a vertex that failed; `output` is the name of its first output."""
    return {
        "results": {},
        "outputs": {output: {"message": {"errorMessage": reason, "stackTrace": ""}, "type": "error"}},
        "logs": {},
        "message": {},
        "artifacts": {},
        "timedelta": 0.0,
        "duration": duration_text(0),
        "used_frozen_result": False,
        "token_usage": None,
    }


_WORKFLOW_TYPES = {"json": "data", "dataframe": "data", "table": "data", "str": "message", "text": "message"}


def workflow_output(result: VertexResult) -> dict[str, Any]:
    """The output of a vertex at an end of the graph, as the Workflow API shows it (contract: *Output (v2)*)."""
    vertex = result.vertex
    name, value = next(iter(result.outputs.items()), ("", None))
    declared = next((spec.types for spec in vertex.outputs if spec.name == name and spec.types), ())
    kind = declared[0].lower() if declared else _kind_word(value)
    if isinstance(value, Message):
        content: Any = value.text
    elif isinstance(value, (str, dict)):
        content = value
    elif isinstance(value, Data):
        content = value.data
    elif isinstance(value, (Table, list)):
        content = [item.data if isinstance(item, Data) else item for item in value]
    else:
        content = None
    return {
        "type": _WORKFLOW_TYPES.get(kind, kind),
        "component_id": vertex.id,
        "status": "completed",
        "display_name": vertex.display_name,
        "content": content,
        "metadata": {"component_type": vertex.type},
    }


def _kind_word(value: Any) -> str:
    return "message" if isinstance(value, (Message, str)) else "data"


def params_text(artifacts: Mapping[str, Any]) -> str:
    """`params` of a vertex event: the artifacts of a chat vertex as a YAML list of one mapping, else `None`."""
    if "sender_name" not in artifacts:
        return "None"
    return yaml_list_of({key.replace("_", " ").title(): value for key, value in artifacts.items()})


def duration_text(seconds: float) -> str:
    """`7 ms`, `1.6 seconds`, `1 minute, 5.0 seconds`."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest:.1f} seconds"
    return f"{int(minutes)} minute{'s' if minutes >= 2 else ''}, {rest:.1f} seconds"


def _outputs(result: VertexResult, shown: Mapping[str, tuple[Any, str, Any, str]]) -> dict[str, Any]:
    outputs = {name: {"message": message, "type": kind} for name, (message, kind, _, _) in shown.items()}
    # Seed document 5 shows an output that nothing asked for, too.
    for spec in result.vertex.outputs:
        if spec.name not in outputs:
            outputs[spec.name] = {"message": "", "type": "unknown"}
    return outputs


def _messages_by_output(
    result: VertexResult, time: Callable[[datetime], str], *, component_id: bool = False
) -> dict[str, Any]:
    if not (result.vertex.is_input or result.vertex.is_output):
        return {}
    dumps: dict[str, Any] = {}
    for name, value in result.outputs.items():
        if isinstance(value, Message):
            dumps[name] = dump_message(value, time(value.timestamp))
            if component_id:
                dumps[name]["component_id"] = result.vertex.id
    return dumps


def _artifacts(result: VertexResult, shown: Mapping[str, tuple[Any, str, Any, str]]) -> dict[str, Any]:
    message = result.message
    if message is not None and result.vertex.type in _CHAT and not result.frozen:
        return {
            "message": message.text,
            "sender": message.sender,
            "sender_name": message.sender_name,
            "files": message.files,
            "type": "object",
        }
    return {name: {"repr": _repr(raw, kind), "raw": raw, "type": kind} for name, (_, _, raw, kind) in shown.items()}


def _chat_messages(result: VertexResult) -> list[dict[str, Any]]:
    message = result.message
    if message is None or not message.text:
        return []
    return [
        {
            "message": message.text,
            "sender": message.sender or "Machine",
            "sender_name": message.sender_name or "AI",
            "session_id": message.session_id,
            "stream_url": None,
            "component_id": result.vertex.id,
            "files": message.files,
            "type": "text",
        }
    ]


_BUILT = "Built Successfully ✨"


def _shown(value: Any) -> tuple[Any, str, Any, str]:
    """A value as `outputs` shows it (message, type) and as `artifacts` do (raw, type)."""
    if isinstance(value, Message):
        return value.text, "text", value.text, "text"
    if isinstance(value, str):
        return value, "text", value, "text"
    if isinstance(value, Data):
        return value.data, "data", value.data, "object"
    if isinstance(value, dict):
        return value, "object", value, "object"
    if isinstance(value, Table):
        return value.rows, "array", value.rows, "array"
    if isinstance(value, (list, tuple)):
        items = list(value)
        raw = [
            item.data if isinstance(item, Data) else item if isinstance(item, dict) else to_text(item) for item in items
        ]
        return items, "array", raw, "array"
    return "", "unknown", None if value is None else _BUILT, "unknown"


def _repr(raw: Any, kind: str) -> Any:
    return raw if kind == "text" or raw is None else to_text(raw) if kind == "array" else str(raw)


def cut_long(value: Any) -> Any:
    """The value with texts cut at 6000 characters and lists at 1000 items, for events and records of them."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else value[:_MAX_TEXT] + "..."
    if isinstance(value, dict):
        return {key: cut_long(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [cut_long(item) for item in value[:_MAX_ITEMS]]
    return value
