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
    not. A key without a dot is a tweak like any other. Raises `InvalidRequest` for a session that is no text, for two
    different ones, and for a component that is given both alone and with parameters.
    """
    tweaks: dict[str, Any] = {key: value for key, value in inputs.items() if "." not in key}
    split: dict[str, dict[str, Any]] = {}
    session_id: str | None = None
    for key, value in inputs.items():
        component, dot, parameter = key.partition(".")
        vertex = graph.vertices.get(component)
        is_input = vertex is not None and vertex.is_input
        if component in tweaks and dot:
            raise _problem(key, f"{component} is also given without a parameter")
        if is_input and parameter == "session_id":
            if not isinstance(value, str):
                raise _problem(key, "a session id is text")
            if session_id and value and session_id != value:
                raise _problem(key, "a run has one session")
            session_id = session_id or value or None
        elif dot and not (is_input and parameter == "input_type"):
            split.setdefault(component, {})[parameter] = value
    return DottedInputs(tweaks | split, session_id)


def _problem(key: str, message: str) -> InvalidRequest:
    return InvalidRequest(Problem("value_error", ("body", "inputs", key), message))


def dotted_text(inputs: Mapping[str, Any]) -> str | None:
    """The first input value among inputs, with a component or without one."""
    return next((v for k, v in inputs.items() if f".{k}".endswith(".input_value") and isinstance(v, str)), None)
