"""Building exported flows in tests, in the shape the visual editor saves."""

from __future__ import annotations

from typing import Any


def node(
    id_: str,
    type_: str,
    *,
    display_name: str | None = None,
    outputs: list[dict[str, Any]] | None = None,
    fields: dict[str, dict[str, Any]] | None = None,
    frozen: bool = False,
    tool_mode: bool = False,
    **values: Any,
) -> dict[str, Any]:
    """A node whose template holds `values`, plus `fields` given as whole template entries."""
    template: dict[str, Any] = {"_type": "Component", "code": {"type": "code", "value": "raise SystemExit"}}
    for name, value in values.items():
        template[name] = {
            "type": _type(value),
            "value": value,
            "name": name,
            "show": True,
            "list": isinstance(value, list),
        }
    template.update(fields or {})
    return {
        "id": id_,
        "type": "genericNode",
        "position": {"x": 0, "y": 0},
        "data": {
            "id": id_,
            "type": type_,
            "node": {
                "template": template,
                "display_name": display_name or type_,
                "outputs": outputs if outputs is not None else [],
                "frozen": frozen,
                "tool_mode": tool_mode,
            },
        },
    }


def _type(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float", dict: "dict"}.get(type(value), "str")


def edge(source: str, target: str) -> dict[str, Any]:
    """An edge from `id.output` to `id.field`; a target `id.>output` closes a loop at that output."""
    source_id, _, output = source.rpartition(".")
    target_id, _, field = target.rpartition(".")
    source_handle = {
        "dataType": source_id.partition("-")[0],
        "id": source_id,
        "name": output,
        "output_types": ["Message"],
    }
    if field.startswith(">"):
        target_handle: dict[str, Any] = {
            "dataType": "LoopComponent",
            "id": target_id,
            "name": field[1:],
            "output_types": ["Data"],
        }
    else:
        target_handle = {"fieldName": field, "id": target_id, "inputTypes": ["Message"], "type": "str"}
    return {
        "id": f"{source}-{target}",
        "source": source_id,
        "target": target_id,
        "data": {"sourceHandle": source_handle, "targetHandle": target_handle},
    }


def flow(nodes: list[dict[str, Any]], edges: list[dict[str, Any]], **keys: Any) -> dict[str, Any]:
    """An exported document."""
    return {
        "name": "Test flow",
        **keys,
        "data": {"nodes": nodes, "edges": edges, "viewport": {"x": 0, "y": 0, "zoom": 1}},
    }
