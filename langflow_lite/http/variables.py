"""The global variables area: /api/v1/variables. Values of credentials go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from langflow_lite.errors import BadRequest, Conflict, InvalidRequest, NotFound, Problem, StorageError
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.wire import NonEmpty
from langflow_lite.ids import normal_id
from langflow_lite.storage.variables import Variable, VariableStore, VariableType

__all__ = ["ENDPOINTS"]

Value = Annotated[str, msgspec.Meta(min_length=1, max_length=65536)]


class VariableIn(msgspec.Struct):
    """A variable to store."""

    name: NonEmpty
    value: Value
    type: VariableType | None = None
    default_fields: list[str] | None = None


class VariableChanges(msgspec.Struct):
    """The parts of a variable to change. `id` may be repeated here, and then has to be the one in the path."""

    id: str | UnsetType = UNSET
    name: NonEmpty | UnsetType | None = UNSET
    value: Value | UnsetType | None = UNSET
    type: VariableType | UnsetType | None = UNSET
    default_fields: list[str] | UnsetType | None = UNSET


class VariableOut(msgspec.Struct, kw_only=True):
    """A variable as the API shows it; `value` is null for credentials."""

    id: str
    name: str
    type: str
    value: str | None
    has_value: bool = True
    default_fields: list[str]
    is_owner: bool = True
    can_manage_shares: bool = True
    validation_error: str | None = None
    is_valid: bool | None = None


async def create_variable(call: Call) -> VariableOut:
    """Store a variable; a credential unless it says otherwise."""
    sent: VariableIn = call.body
    store = call.runtime.variables
    try:
        variable = await store.create(
            sent.name,
            sent.value,
            type=sent.type or VariableType.CREDENTIAL,
            default_fields=sent.default_fields or (),
        )
    except Conflict as error:
        # The status by which scripts for Langflow tell that a variable is there already.
        raise BadRequest(error.message) from None
    return await _shown(store, variable)


async def list_variables(call: Call) -> list[VariableOut]:
    """List all variables."""
    store = call.runtime.variables
    return [await _shown(store, variable) for variable in store.list()]


async def update_variable(call: Call) -> VariableOut:
    """Change those parts of a variable that are sent."""
    sent: VariableChanges = call.body
    variable_id = call.params["variable_id"]
    if sent.id is not UNSET and normal_id(sent.id) != variable_id:
        raise InvalidRequest(Problem("value_error", ("body", "id"), "This is not the id in the path"))
    fields: dict[str, Any] = {
        "name": sent.name,
        "value": sent.value,
        "type": sent.type,
        "default_fields": sent.default_fields,
    }
    # Clients send null for what they do not mean to change.
    changes = {name: value for name, value in fields.items() if value is not UNSET and value is not None}
    store = call.runtime.variables
    return await _shown(store, await store.update(variable_id, changes))


async def delete_variable(call: Call) -> None:
    """Delete a variable."""
    await call.runtime.variables.delete(call.params["variable_id"])


async def _shown(store: VariableStore, variable: Variable) -> VariableOut:
    shown = VariableOut(
        id=variable.id,
        name=variable.name,
        type=variable.type.value,
        value=None,
        default_fields=variable.default_fields,
    )
    if variable.type is VariableType.GENERIC:
        try:
            shown.value = await store.get_value(variable.name)
        except StorageError as error:
            # One value that cannot be decrypted any more must not hide the others.
            shown.is_valid, shown.validation_error = False, error.message
    return shown


_VARIABLE = "/api/v1/variables/{variable_id:uuid}"

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/variables/",
        handler=list_variables,
        summary="List global variables",
        tag="Variables",
        response=list[VariableOut],
    ),
    Endpoint(
        method="POST",
        path="/api/v1/variables/",
        handler=create_variable,
        summary="Create a global variable",
        tag="Variables",
        body=VariableIn,
        response=VariableOut,
        status=201,
        errors=(BadRequest,),
    ),
    Endpoint(
        method="PATCH",
        path=_VARIABLE,
        handler=update_variable,
        summary="Change parts of a global variable",
        tag="Variables",
        body=VariableChanges,
        needs_body=True,
        response=VariableOut,
        errors=(NotFound, Conflict),
    ),
    Endpoint(
        method="DELETE",
        path=_VARIABLE,
        handler=delete_variable,
        summary="Delete a global variable",
        tag="Variables",
        status=204,
        errors=(NotFound,),
    ),
)
