"""Groups: nodes that hold a flow of their own, replaced by their children before a graph is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langflow_lite.errors import GraphError

__all__ = ["Ungrouped", "ungroup"]

_MAX_DEPTH = 16
_CARRIED = ("value", "load_from_db", "file_path")


@dataclass(slots=True)
class Ungrouped:
    """Nodes and edges without groups. `groups` and `proxies` say what the group ids stood for."""

    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    proxies: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def ungroup(nodes: list[Any], edges: list[Any]) -> Ungrouped:
    """Replace every group by its children, recursively; children come after all other nodes.

    A group's template fields carry `proxy: {id, field}` and hand their values to that child. Edges into a group are
    led to the child their handle's proxy names; edges out of it to the child its output names, else to the child
    without an outgoing edge. Raises `GraphError` for nodes that are not objects and for groups nested too deeply.
    """
    flat = Ungrouped()
    _expand(nodes, edges, flat, 0)
    return flat


def _expand(nodes: list[Any], edges: list[Any], flat: Ungrouped, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise GraphError(f"this flow cannot be run: groups are nested more than {_MAX_DEPTH} deep")
    groups: dict[str, dict[str, Any]] = {}
    for index, node in enumerate(nodes):
        if not isinstance(node, dict):
            raise GraphError(f"this flow cannot be run: node number {index} is not an object")
        if _inner_flow(node) is None:
            flat.nodes.append(node)
        else:
            groups[str(node.get("id"))] = node
    own_edges = [edge for edge in edges if isinstance(edge, dict)]
    for id_, group in groups.items():
        own_edges = _unfold(id_, group, own_edges, flat, depth)
    flat.edges.extend(own_edges)


def _inner_flow(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    described = _mapping(_mapping(node.get("data")).get("node"))
    inner = _mapping(_mapping(described.get("flow")).get("data"))
    return inner if isinstance(inner.get("nodes"), list) else None


def _unfold(
    id_: str, group: Mapping[str, Any], edges: list[dict[str, Any]], flat: Ungrouped, depth: int
) -> list[dict[str, Any]]:
    inner = _inner_flow(group) or {}
    described = _mapping(_mapping(group.get("data")).get("node"))
    children = {str(child.get("id")): _copy(child) for child in inner["nodes"] if isinstance(child, dict)}
    proxies: dict[str, tuple[str, str]] = {}
    for name, entry in _mapping(described.get("template")).items():
        proxy = _mapping(_mapping(entry).get("proxy"))
        child_id, child_field = proxy.get("id"), proxy.get("field")
        if isinstance(child_id, str) and child_id in children and isinstance(child_field, str):
            proxies[name] = (str(child_id), child_field)
            _hand_down(children[str(child_id)], child_field, entry)
    if described.get("frozen") is True:
        for child in children.values():
            _described(child)["frozen"] = True
    inner_edges = inner.get("edges")
    inner_edges = inner_edges if isinstance(inner_edges, list) else []
    last = _last_child(children, inner_edges)
    outer = [_retarget(edge, id_, children, proxies, last) for edge in edges]
    before = len(flat.nodes)
    known = set(flat.groups)
    _expand(list(children.values()), inner_edges, flat, depth + 1)
    nested = [child for name, members in flat.groups.items() if name not in known for child in members]
    added = [str(node.get("id")) for node in flat.nodes[before:]]
    flat.groups[id_] = tuple(dict.fromkeys([*added, *nested]))
    flat.proxies[id_] = {
        name: flat.proxies.get(child, {}).get(child_field, (child, child_field))
        for name, (child, child_field) in proxies.items()
    }
    return outer


def _retarget(
    edge: dict[str, Any],
    id_: str,
    children: Mapping[str, Any],
    proxies: Mapping[str, tuple[str, str]],
    last: str | None,
) -> dict[str, Any]:
    handles = _mapping(edge.get("data"))
    if edge.get("target") == id_:
        handle = _mapping(handles.get("targetHandle"))
        proxy = _mapping(handle.get("proxy"))
        found = (_text(proxy.get("id")), proxy.get("field")) if proxy else proxies.get(str(handle.get("fieldName")))
        if found and found[0] in children:
            edge = {**edge, "target": found[0], "data": {**handles, "targetHandle": {**handle, "fieldName": found[1]}}}
            edge["data"]["targetHandle"].pop("proxy", None)
            handles = edge["data"]
    if edge.get("source") == id_:
        handle = _mapping(handles.get("sourceHandle"))
        proxy = _mapping(handle.get("proxy"))
        child, name = _text(proxy.get("id")), proxy.get("name", handle.get("name"))
        if child not in children:
            child, name = _by_output_name(str(handle.get("name") or ""), children, last)
        if child is not None:
            edge = {**edge, "source": child, "data": {**handles, "sourceHandle": {**handle, "name": name}}}
    return edge


def _by_output_name(name: str, children: Mapping[str, Any], last: str | None) -> tuple[str | None, str | None]:
    for child in children:
        if name.startswith(f"{child}_"):
            return child, name[len(child) + 1 :]
    return last, name or None


def _last_child(children: Mapping[str, Any], edges: list[Any]) -> str | None:
    feeding = {_text(edge.get("source")) for edge in edges if isinstance(edge, dict)}
    ends = [child for child in children if child not in feeding]
    return ends[-1] if ends else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _hand_down(child: dict[str, Any], field_name: str, entry: Mapping[str, Any]) -> None:
    template = _described(child).get("template")
    if isinstance(template, dict) and isinstance(template.get(field_name), dict):
        template[field_name] |= {key: entry[key] for key in _CARRIED if key in entry}


def _described(node: dict[str, Any]) -> dict[str, Any]:
    inner = node.get("data")
    described = inner.get("node") if isinstance(inner, dict) else None
    return described if isinstance(described, dict) else {}


def _copy(node: dict[str, Any]) -> dict[str, Any]:
    # Deep enough that handing values down cannot reach into the decoded document.
    inner = node.get("data")
    if not isinstance(inner, dict) or not isinstance(inner.get("node"), dict):
        return dict(node)
    described = dict(inner["node"])
    template = described.get("template")
    if isinstance(template, dict):
        described["template"] = {k: dict(v) if isinstance(v, dict) else v for k, v in template.items()}
    return {**node, "data": {**inner, "node": described}}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
