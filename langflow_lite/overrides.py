"""What one request changes about a flow: tweaks and the input value, resolved to changes of single fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from langflow_lite.errors import BadRequest, InvalidRequest, Problem, TweaksRefused
from langflow_lite.graph import Graph, Vertex

__all__ = ["Overrides", "resolve_overrides"]

Patch = Mapping[str, Any]
"""Keys of a template field that replace the stored ones: `value`, `load_from_db` or `file_path`."""

_PATCHED = ("value", "load_from_db", "file_path")
_PROTECTED_FIELDS = frozenset({"code"})
_PROTECTED_KINDS = frozenset({"code"})
_INPUT_TYPES = {
    "chat": ("ChatInput",),
    "text": ("TextInput",),
    "webhook": ("Webhook",),
    "any": ("ChatInput", "TextInput", "Webhook"),
}


class Overrides(msgspec.Struct, frozen=True):
    """Per-run changes. `patches` maps vertex id and field name to the template keys that change.

    `input_value` goes to the vertices in `inputs`, unless an edge feeds them. `session_id` is the request's, None when
    it gave none. `warnings` names tweaks that met nothing.
    """

    patches: Mapping[str, Mapping[str, Patch]] = {}
    input_value: str | None = None
    inputs: frozenset[str] = frozenset()
    session_id: str | None = None
    warnings: tuple[str, ...] = ()


def resolve_overrides(
    graph: Graph,
    *,
    tweaks: Mapping[str, Any] | None = None,
    input_value: str | None = None,
    input_type: str = "chat",
    session_id: str | None = None,
    files: Sequence[str] = (),
) -> Overrides:
    """Resolve a request against a graph.

    A tweak's key is a vertex id, else a display name (of every vertex that has it), else, when its value is no object,
    a bare field name of every vertex that has the field (seed document 5). The more exact form wins. `input_type` is
    "chat", "text" or "any" and picks the inputs that `input_value` goes to; `files` go to chat inputs.

    Raises `TweaksRefused` for protected fields, `InvalidRequest` for an unknown `input_type`, and `BadRequest` when a
    value is given for the same input twice.
    """
    types = _INPUT_TYPES.get(input_type)
    if types is None:
        raise InvalidRequest(Problem("literal_error", ("body", "input_type"), "must be chat, text or any"))
    inputs: frozenset[str] = frozenset()
    if input_value is not None:
        inputs = frozenset(vertex.id for vertex in graph.vertices.values() if vertex.type in types)
    if not tweaks and not files:
        return Overrides(input_value=input_value, inputs=inputs, session_id=session_id or None)
    patches, warnings = _resolve_tweaks(graph, tweaks or {})
    for vertex in graph.vertices.values():
        if files and vertex.type == "ChatInput" and "files" in vertex.template:
            patches.setdefault(vertex.id, {}).setdefault("files", {"file_path": list(files)})
    for id_ in inputs:
        if "input_value" in patches.get(id_, ()):
            kind = "chat" if graph.vertices[id_].type == "ChatInput" else "text"
            raise BadRequest(
                f"If you pass an input_value to the {kind} input, you cannot pass a tweak with the same name."
            )
    return Overrides(patches, input_value, inputs, session_id or None, tuple(warnings))


def _resolve_tweaks(graph: Graph, tweaks: Mapping[str, Any]) -> tuple[dict[str, dict[str, Patch]], list[str]]:
    bare: dict[str, dict[str, Patch]] = {}
    named: dict[str, dict[str, Patch]] = {}
    exact: dict[str, dict[str, Patch]] = {}
    warnings: list[str] = []
    refused: list[str] = []
    for key, value in tweaks.items():
        if key in graph.vertices and isinstance(value, Mapping):
            _patch(graph.vertices[key], value, exact, warnings, refused)
        elif key in graph.groups and isinstance(value, Mapping):
            _patch_group(graph, key, value, exact, warnings, refused)
        elif isinstance(value, Mapping):
            matching = [vertex for vertex in graph.vertices.values() if vertex.display_name == key]
            for vertex in matching:
                _patch(vertex, value, named, warnings, refused)
            if not matching:
                warnings.append(f"tweak {key!r} met no component of that id or display name")
        else:
            _patch_everywhere(graph, key, value, bare, warnings, refused)
    if refused:
        raise TweaksRefused(sorted(set(refused)))
    return _layered(bare, named, exact), warnings


def _layered(*layers: Mapping[str, Mapping[str, Patch]]) -> dict[str, dict[str, Patch]]:
    merged: dict[str, dict[str, Patch]] = {}
    for layer in layers:
        for id_, fields in layer.items():
            merged.setdefault(id_, {}).update(fields)
    return merged


def _patch(
    vertex: Vertex,
    fields: Mapping[str, Any],
    into: dict[str, dict[str, Patch]],
    warnings: list[str],
    refused: list[str],
) -> None:
    for name, value in fields.items():
        if name in _PROTECTED_FIELDS or _kind(vertex, name) in _PROTECTED_KINDS:
            refused.append(name)
        elif name in vertex.template:
            into.setdefault(vertex.id, {})[name] = _patch_of(vertex.template[name], value)
        else:
            warnings.append(f"tweak of {vertex.id} met no field {name!r}")


def _patch_group(
    graph: Graph,
    id_: str,
    fields: Mapping[str, Any],
    into: dict[str, dict[str, Patch]],
    warnings: list[str],
    refused: list[str],
) -> None:
    proxies = graph.proxies.get(id_, {})
    for name, value in fields.items():
        child, child_field = proxies.get(name, ("", ""))
        if child in graph.vertices:
            _patch(graph.vertices[child], {child_field: value}, into, warnings, refused)
        else:
            warnings.append(f"tweak of group {id_} met no field {name!r}")


def _patch_everywhere(
    graph: Graph,
    name: str,
    value: Any,
    into: dict[str, dict[str, Patch]],
    warnings: list[str],
    refused: list[str],
) -> None:
    matching = list(_having(graph, name))
    for vertex in matching:
        _patch(vertex, {name: value}, into, warnings, refused)
    if not matching:
        if name in _PROTECTED_FIELDS:
            refused.append(name)
        warnings.append(f"tweak {name!r} met no field of that name")


def _having(graph: Graph, name: str) -> Iterator[Vertex]:
    for vertex in graph.vertices.values():
        if isinstance(vertex.template.get(name), Mapping):
            yield vertex


def _kind(vertex: Vertex, name: str) -> Any:
    entry = vertex.template.get(name)
    return entry.get("type") if isinstance(entry, Mapping) else None


def _patch_of(entry: Any, value: Any) -> Patch:
    kind = entry.get("type") if isinstance(entry, Mapping) else None
    if isinstance(value, Mapping):
        given = {key: value[key] for key in _PATCHED if key in value}
        is_dict = kind in ("dict", "NestedDict")
        if given and not (is_dict and set(value) != {"value"}):
            return {"load_from_db": False, **given}
    if kind == "file":
        return {"file_path": value}
    return {"value": value, "load_from_db": False}
