"""Giving a component its inputs: stored values, then what the request changes, then what edges bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import Component
from langflow_lite.components.inputs import Kind, coerce
from langflow_lite.engine.params import MISSING, FieldPlan
from langflow_lite.engine.plan import Plan, VertexPlan
from langflow_lite.engine.scope import Scope
from langflow_lite.errors import ComponentError, InvalidRequest, Problem
from langflow_lite.overrides import Overrides
from langflow_lite.values import Data, Message, Table

__all__ = ["check_overrides", "fill"]


def check_overrides(plan: Plan, overrides: Overrides) -> None:
    """Raise `InvalidRequest` for a value that a request gives to a field which cannot hold it."""
    for id_, patches in overrides.patches.items():
        planned = plan.vertices.get(id_)
        if planned is None:
            continue
        for key, patch in patches.items():
            field = planned.params.fields[key]
            entry = {**field.entry, **patch}
            if field.name in planned.fed or field.variable(entry) is not None:
                continue
            try:
                field.literal(entry, forced=True)
            except ValueError as error:
                raise InvalidRequest(Problem("value_error", ("body", "tweaks", id_, key), str(error))) from None


async def fill(component: Component, planned: VertexPlan, scope: Scope) -> None:
    """Set every input of a component that is about to run.

    Raises `ComponentError` naming the field for a value it cannot hold, and for a required handle that nothing fills.
    """
    params = planned.params
    overrides = scope.overrides
    id_ = planned.vertex.id
    inputs = params.own_values()
    extras = params.own_extras()
    patches = overrides.patches.get(id_, {})
    fed = planned.fed
    for key, message in params.errors.items():
        if key not in patches and params.fields[key].name not in fed:
            raise _bad_value(params.fields[key], message)
    for key, (plan, name) in params.variables.items():
        if key not in patches and plan.name not in fed:
            _set(inputs, extras, plan, await _variable(scope, plan, name))
    for key, patch in patches.items():
        plan = params.fields[key]
        if plan.name not in fed:
            _set(inputs, extras, plan, await _patched(scope, plan, patch))
    if id_ in overrides.inputs and "input_value" not in fed:
        target = component.field_names.get("data" if planned.vertex.type == "Webhook" else "input_value")
        if target is not None:
            inputs[target] = overrides.input_value
    if planned.vertex.has_session and "session_id" not in patches:
        session = overrides.session_id or inputs.get("session_id") or scope.ctx.session_id
        inputs["session_id"] = session
    _take_edges(planned, scope, inputs, extras)
    for name in planned.needed:
        if inputs.get(name) is None and name not in fed:
            raise ComponentError(
                f"the input {component.inputs[name].display_name!r} is required, and nothing is connected"
            )
    component.__dict__.update(inputs)
    component.extras = extras


def _set(inputs: dict[str, Any], extras: dict[str, Any], plan: FieldPlan, value: Any) -> None:
    if plan.spec is None:
        extras[plan.name] = "" if value is MISSING else value
    elif value is MISSING:
        inputs.pop(plan.name, None)
    else:
        inputs[plan.name] = value


def _bad_value(plan: FieldPlan, message: str) -> ComponentError:
    shown = plan.spec.display_name if plan.spec is not None else plan.name
    return ComponentError(f"the input {shown!r} ({plan.name}) cannot be used: {message}")


async def _variable(scope: Scope, plan: FieldPlan, name: str) -> Any:
    try:
        value = await scope.ctx.variables.get(name, secret=plan.kind is Kind.SECRET)
        return plan.unresolved(name) if value is None else plan.coerced(value)
    except ValueError as error:
        raise _bad_value(plan, f"the global variable {name}: {error}") from None


async def _patched(scope: Scope, plan: FieldPlan, patch: Mapping[str, Any]) -> Any:
    entry = {**plan.entry, **patch}
    name = plan.variable(entry)
    if name is not None:
        return await _variable(scope, plan, name)
    try:
        return plan.literal(entry, forced=True)
    except ValueError as error:
        raise _bad_value(plan, str(error)) from None


def _take_edges(planned: VertexPlan, scope: Scope, inputs: dict[str, Any], extras: dict[str, Any]) -> None:
    lists: dict[str, list[Any]] = {}
    for feed in planned.feeds:
        try:
            value = scope.lookup(feed.source, feed.output)
        except KeyError:
            continue
        plan = feed.field
        try:
            if plan.is_list:
                lists.setdefault(plan.name, []).extend(_items(plan, value))
                value = lists[plan.name]
            elif plan.spec is not None:
                value = _delivered(plan.spec.kind, value, inputs.get(plan.name))
        except ValueError as error:
            raise _bad_value(plan, str(error)) from None
        _set(inputs, extras, plan, value)


def _items(plan: FieldPlan, value: Any) -> list[Any]:
    kind = plan.spec.kind if plan.spec is not None else None
    if kind is Kind.TABLE:
        return list(coerce(kind, value))
    if kind is Kind.DATA and isinstance(value, Table):
        return [Data(row) for row in value]
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    return items if kind is None else [coerce(kind, item) for item in items]


def _delivered(kind: Kind, value: Any, stored: Any) -> Any:
    # A dict field that was saved with one key takes the value under that key.
    if kind is Kind.DICT and isinstance(stored, dict) and len(stored) == 1 and isinstance(value, (str, Message)):
        return {next(iter(stored)): value.text if isinstance(value, Message) else value}
    return coerce(kind, value)
