"""From an exported template to the values a component starts with, before edges arrive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langflow_lite.components.base import Component
from langflow_lite.components.inputs import Input, Kind, coerce, kind_of
from langflow_lite.graph import Vertex

__all__ = ["MISSING", "FieldPlan", "VertexParams", "bind_field", "plan_params"]

_EMPTY_MEANS_DEFAULT = frozenset({Kind.TAB, Kind.SORTABLE_LIST, Kind.MODEL, Kind.PROMPT, Kind.FILE})
_UNESCAPED = frozenset({Kind.STR, Kind.TEXT, Kind.MULTILINE, Kind.MESSAGE})
_VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_LOOSELY_JSON = ("kwargs", "config")

MISSING: Any = object()
"""Stands for "the component's own default applies"."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One template field bound to the component's input of that name, or to its extras when it declares none."""

    name: str
    spec: Input | None
    kind: Kind | None
    is_list: bool
    entry: Mapping[str, Any]

    def literal(self, entry: Mapping[str, Any], *, forced: bool = False) -> Any:
        """The value the entry holds, coerced; MISSING when the component's default applies.

        `forced` reads hidden fields too, which a tweak addresses on purpose. Raises `ValueError` for a value that the
        kind cannot hold.
        """
        if not forced and entry.get("show") is False and not entry.get("override_skip"):
            return MISSING
        value = entry.get("file_path") if self.kind is Kind.FILE else entry.get("value")
        if value is None or (value in ("", []) and self.kind in _EMPTY_MEANS_DEFAULT):
            return MISSING
        return self.coerced(value)

    def coerced(self, value: Any) -> Any:
        """A literal or variable's value as the field holds it."""
        kind = self.kind
        if kind is None:
            return value
        if kind.edge_only:
            return MISSING
        if kind in _UNESCAPED and isinstance(value, str) and "\\n" in value:
            value = value.replace("\\n", "\n")
        if self.spec is None and kind is not Kind.FILE and isinstance(value, str):
            return value
        if self.is_list:
            items = list(value) if isinstance(value, (list, tuple)) else [] if value == "" else [value]
            # A table is itself a list of rows.
            return coerce(kind, items) if kind in (Kind.TABLE, Kind.DICT) else [coerce(kind, item) for item in items]
        if kind in (Kind.INT, Kind.FLOAT, Kind.SLIDER) and value == "":
            return MISSING
        if isinstance(value, (list, tuple)) and kind not in _TAKES_LISTS:
            value = value[0] if len(value) == 1 else value
        return coerce(kind, value)

    def variable(self, entry: Mapping[str, Any]) -> str | None:
        """The global variable the entry names instead of holding a value, if it does."""
        value = entry.get("value")
        if not isinstance(value, str) or not value:
            return None
        if entry.get("load_from_db") is True or (self.kind is Kind.SECRET and _VARIABLE_NAME.match(value)):
            return value
        return None

    def unresolved(self, name: str) -> Any:
        """What the field holds when no such variable exists: nothing, or the text itself if it is no variable's name."""
        return MISSING if _VARIABLE_NAME.match(name) else self.coerced(name)


_TAKES_LISTS = frozenset(
    {Kind.DICT, Kind.NESTED_DICT, Kind.TABLE, Kind.MODEL, Kind.SORTABLE_LIST, Kind.FILE, Kind.MULTISELECT}
)


@dataclass(frozen=True, slots=True)
class VertexParams:
    """A vertex's parameters as far as the file alone decides them.

    `values` and `extras` are ready; `variables` are fields that wait for a global variable. `fields` binds every
    template field, for overrides and edges. A declared field whose stored value cannot be coerced is in `errors` and fails the
    vertex only when it runs with it. `copied` are the values and extras that are lists or dicts.
    """

    fields: Mapping[str, FieldPlan]
    values: Mapping[str, Any]
    extras: Mapping[str, Any]
    variables: Mapping[str, tuple[FieldPlan, str]]
    errors: Mapping[str, str]
    copied: tuple[str, ...]

    def own_values(self) -> dict[str, Any]:
        """The values for one run; lists and dicts are copies, because the stored ones belong to all runs."""
        return self._own(self.values)

    def own_extras(self) -> dict[str, Any]:
        """The extras for one run, likewise."""
        return self._own(self.extras)

    def _own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        own = dict(values)
        for name in self.copied:
            if name in own:
                own[name] = own[name].copy()
        return own


def plan_params(vertex: Vertex, component: type[Component]) -> VertexParams:
    """Read the template of a vertex against the component class that will run it."""
    fields: dict[str, FieldPlan] = {}
    values: dict[str, Any] = {}
    extras: dict[str, Any] = {}
    variables: dict[str, tuple[FieldPlan, str]] = {}
    errors: dict[str, str] = {}
    for key, entry in vertex.template.items():
        if key == "code" or key.startswith("_") or not isinstance(entry, Mapping) or not entry:
            continue
        plan = bind_field(key, entry, component)
        fields[key] = plan
        name = plan.variable(entry)
        if name is not None:
            variables[key] = (plan, name)
            continue
        try:
            value = plan.literal(entry)
        except ValueError as error:
            if plan.spec is None:
                # Nobody here says what it has to be: releases left fields behind that no component reads.
                extras[plan.name] = entry.get("value")
            else:
                errors[key] = str(error)
            continue
        if plan.spec is None:
            # A component tells a variable that is empty from one that the file does not know.
            extras[plan.name] = "" if value is MISSING else value
        elif value is not MISSING:
            values[plan.name] = value
    copied = tuple(name for name, value in (*values.items(), *extras.items()) if isinstance(value, (list, dict)))
    return VertexParams(fields, values, extras, variables, errors, copied)


def bind_field(key: str, entry: Mapping[str, Any], component: type[Component]) -> FieldPlan:
    """Bind a field to the component's input of that name or older name, else to its extras."""
    declared = component.field_names.get(key)
    if declared is not None:
        spec = component.inputs[declared]
        return FieldPlan(declared, spec, spec.kind, spec.is_list, entry)
    kind = kind_of(entry)
    if kind in (Kind.TEXT, Kind.STR) and any(word in key for word in _LOOSELY_JSON):
        kind = Kind.DICT if isinstance(entry.get("value"), dict) else kind
    return FieldPlan(key, None, kind, entry.get("list") is True, entry)
