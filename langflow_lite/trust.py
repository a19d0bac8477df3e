"""What a flow brings along as code: which nodes' own code an operator could trust, and how it is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from langflow_lite.compat.trusted import TrustedCode
from langflow_lite.components.base import Component
from langflow_lite.components.registry import Registry
from langflow_lite.errors import NotFound
from langflow_lite.exported import code_hash, field_code, node_code, plain_lines
from langflow_lite.flow import Flow, decode_data
from langflow_lite.groups import ungroup

__all__ = ["Candidate", "candidates", "shown"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source in a flow. `nodes` are the ids of those that have it; `known` says that its type runs without it."""

    nodes: tuple[str, ...]
    type: str
    display_name: str
    code: str
    hash: str
    known: bool
    trusted: bool


def candidates(flow: Flow, registry: Registry, trusted: TrustedCode, nodes: Collection[str] = ()) -> list[Candidate]:
    """The sources of nodes whose type is unknown here or whose code was edited; else of the given nodes, each source once.

    Raises `NotFound` for a node that is not in the flow or has no code.
    """
    data = decode_data(flow.data)
    flat = ungroup(data.get("nodes") or [], data.get("edges") or [])
    found: dict[str, Candidate] = {}
    missing = set(nodes)
    for node in flat.nodes:
        inner = node.get("data") or {}
        described = inner.get("node") or {}
        id_, type_ = str(node.get("id")), str(inner.get("type"))
        component = registry.resolve(type_, described.get("metadata") or {})
        for code, known in _sources(node, component):
            if id_ not in nodes if nodes else known and described.get("edited") is not True:
                continue
            missing.discard(id_)
            hash_ = code_hash(code)
            earlier = found.get(hash_)
            found[hash_] = Candidate(
                nodes=(*(earlier.nodes if earlier else ()), id_),
                type=type_,
                display_name=str(described.get("display_name") or type_),
                code=plain_lines(code),
                hash=hash_,
                known=known,
                trusted=hash_ in trusted,
            )
    if missing:
        raise NotFound(f"There is no node with code named {', '.join(sorted(missing))} in this flow")
    return list(found.values())


def _sources(node: Mapping[str, Any], component: type[Component] | None) -> Iterator[tuple[str, bool]]:
    """The sources of a node, each with whether the node runs without it: its own, and those in its fields."""
    if (code := node_code(node)).strip():
        yield code, component is not None
    for name in component.code_fields if component is not None else ():
        code = field_code(node["data"]["node"].get("template"), name)
        if code.strip():
            yield code, False


def shown(candidate: Candidate) -> Iterator[str]:
    """The source for a person to read, numbered; what a terminal would obey or hide is written as its escape."""
    name = visible(candidate.display_name)
    yield f"{name} (type {visible(candidate.type)}, node {visible(', '.join(candidate.nodes))})"
    yield f"SHA-256 {candidate.hash}"
    if candidate.known:
        yield "Runs without this code, as the component of this server; once trusted, its own code runs."
    yield ""
    for number, line in enumerate(candidate.code.split("\n"), 1):
        yield f"{number:5}  {visible(line)}"
    yield ""


def visible(text: str) -> str:
    """The text with everything that is not printed as itself written as an escape, tabs left alone."""
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode() for char in text
    )
