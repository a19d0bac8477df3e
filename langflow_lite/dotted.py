"""Workflow inputs: values addressed as `component.parameter` (seed document 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from langflow_lite.errors import InvalidRequest, Problem
from langflow_lite.graph import Graph

__all__ = ["DottedInputs", "dotted_text", "read_inputs"]


class DottedInputs(NamedTuple):
    """The same as tweaks by component id, and the session the inputs name, if they do."""

    tweaks: dict[str, Any]
    session_id: str | None


def read_inputs(graph: Graph, inputs: Mapping[str, Any]) -> DottedInputs:
    """Split every key at its first dot.

    The `session_id` of an input component is the run's session; its `input_type` says nothing that the component does
    not. A key without a dot is a tweak like any other. Raises `InvalidRequest` for a session that is no text.
    """
    tweaks: dict[str, Any] = {}
    session_id: str | None = None
    for key, value in inputs.items():
        component, dot, parameter = key.partition(".")
        vertex = graph.vertices.get(component)
        if not dot:
            tweaks[key] = value
        elif vertex is not None and vertex.is_input and parameter == "session_id":
            if not isinstance(value, str):
                raise InvalidRequest(Problem("string_type", ("body", "inputs", key), "a session id is text"))
            session_id = session_id or value or None
        elif not (vertex is not None and vertex.is_input and parameter == "input_type"):
            tweaks.setdefault(component, {})[parameter] = value
    return DottedInputs(tweaks, session_id)


def dotted_text(inputs: Mapping[str, Any]) -> str | None:
    """The first input value among dotted inputs."""
    return next((v for k, v in inputs.items() if k.endswith(".input_value") and isinstance(v, str)), None)
