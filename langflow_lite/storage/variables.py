"""VariableStore: global variables, encrypted at rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from langflow_lite.errors import Conflict, NotFound
from langflow_lite.ids import new_id
from langflow_lite.storage.columns import from_micros, to_micros
from langflow_lite.storage.database import Database
from langflow_lite.storage.secretbox import SecretBox
from langflow_lite.values import to_json, utc_now

__all__ = ["Variable", "VariableStore", "VariableType"]

_CHANGEABLE = frozenset({"name", "value", "type", "default_fields"})


class VariableType(StrEnum):
    """Whether a value may be shown again (`Generic`) or is write-only (`Credential`)."""

    CREDENTIAL = "Credential"
    GENERIC = "Generic"


class Variable(msgspec.Struct, kw_only=True):
    """A global variable without its value. `default_fields` are the input names that take it by default."""

    id: str
    name: str
    type: VariableType
    default_fields: list[str]
    created_at: datetime
    updated_at: datetime
    sealed: bytes = b""
    """The value as it is on disk."""


class VariableStore:
    """Variables by name, in memory as they are on disk: encrypted. Call `load` once before."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._opening = anyio.Lock()
        self._by_id: dict[str, Variable] = {}
        self._by_name: dict[str, Variable] = {}

    async def load(self) -> None:
        """Read all variables into memory."""
        for row in await self._database.fetch_all(
            "SELECT id, name, type, default_fields, created_at, updated_at, value FROM variables ORDER BY seq"
        ):
            self._keep(_variable(row))

    def list(self) -> Sequence[Variable]:
        """All variables, oldest first."""
        return list(self._by_id.values())

    def get(self, variable_id: str) -> Variable:
        """The variable with this id; raises `NotFound`."""
        variable = self._by_id.get(variable_id)
        if variable is None:
            raise NotFound("Variable not found")
        return variable

    async def get_value(self, name: str) -> str | None:
        """The value of the variable of this name, None when there is none.

        Raises `StorageError` when the key it was encrypted with is gone.
        """
        variable = self._by_name.get(name)
        if variable is None:
            return None
        await self.open_box()
        return self._box.unseal(variable.sealed, variable.id)

    def is_credential(self, name: str) -> bool:
        """Whether a variable of this name is stored as a credential."""
        variable = self._by_name.get(name)
        return variable is not None and variable.type is VariableType.CREDENTIAL

    async def create(
        self,
        name: str,
        value: str,
        *,
        type: VariableType = VariableType.CREDENTIAL,
        default_fields: Sequence[str] = (),
    ) -> Variable:
        """Store a variable. Raises `Conflict` when the name is taken."""
        await self.open_box()
        now = utc_now()
        variable_id = new_id()
        variable = Variable(
            id=variable_id,
            name=name,
            type=VariableType(type),
            default_fields=list(default_fields),
            created_at=now,
            updated_at=now,
            sealed=self._box.seal(value, variable_id),
        )

        def unit(connection: sqlite3.Connection) -> Variable:
            try:
                connection.execute(
                    "INSERT INTO variables (name, type, value, default_fields, created_at, updated_at, id) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    _row(variable),
                )
            except sqlite3.IntegrityError as error:
                raise _taken(name) from error
            return variable

        return await self._database.writer.commit(unit, self._keep)

    async def update(self, variable_id: str, changes: Mapping[str, Any]) -> Variable:
        """Change name, value, type or default fields. Raises `NotFound`, or `Conflict` when the name is taken."""
        if unknown := changes.keys() - _CHANGEABLE:
            raise ValueError(f"a variable has no changeable field {', '.join(sorted(unknown))}")
        fields = dict(changes)
        if "value" in fields:
            await self.open_box()
            fields["sealed"] = self._box.seal(fields.pop("value"), variable_id)
        if "type" in fields:
            fields["type"] = VariableType(fields["type"])

        def unit(connection: sqlite3.Connection) -> Variable:
            row = connection.execute(
                "SELECT id, name, type, default_fields, created_at, updated_at, value FROM variables WHERE id = ?",
                (variable_id,),
            ).fetchone()
            if row is None:
                raise NotFound("Variable not found")
            variable = msgspec.structs.replace(_variable(row), **fields, updated_at=utc_now())
            try:
                connection.execute(
                    "UPDATE variables SET name = ?, type = ?, value = ?, default_fields = ?, created_at = ?, "
                    "updated_at = ? WHERE id = ?",
                    _row(variable),
                )
            except sqlite3.IntegrityError as error:
                raise _taken(variable.name) from error
            return variable

        return await self._database.writer.commit(unit, self._keep)

    async def delete(self, variable_id: str) -> None:
        """Delete a variable. Raises `NotFound`."""

        def unit(connection: sqlite3.Connection) -> None:
            if not connection.execute("DELETE FROM variables WHERE id = ?", (variable_id,)).rowcount:
                raise NotFound("Variable not found")

        def after(_: None) -> None:
            del self._by_name[self._by_id.pop(variable_id).name]

        await self._database.writer.commit(unit, after)

    async def open_box(self) -> SecretBox:
        """The box that encrypts what is stored, ready to use. Raises `StorageError`: `KeyLost` when its key is gone."""
        if not self._box.is_open:
            async with self._opening:
                if not self._box.is_open:
                    may_create = not self._by_id
                    await anyio.to_thread.run_sync(lambda: self._box.open(may_create=may_create))
        return self._box

    def _keep(self, variable: Variable) -> None:
        if (old := self._by_id.get(variable.id)) is not None:
            del self._by_name[old.name]
        self._by_id[variable.id] = variable
        self._by_name[variable.name] = variable


def _taken(name: str) -> Conflict:
    return Conflict(f"There is already a variable called {name}.")


def _row(variable: Variable) -> tuple[Any, ...]:
    return (
        variable.name,
        variable.type.value,
        variable.sealed,
        to_json(variable.default_fields),
        to_micros(variable.created_at),
        to_micros(variable.updated_at),
        variable.id,
    )


def _variable(row: tuple[Any, ...]) -> Variable:
    return Variable(
        id=row[0],
        name=row[1],
        type=VariableType(row[2]),
        default_fields=msgspec.json.decode(row[3]),
        created_at=from_micros(row[4]),
        updated_at=from_micros(row[5]),
        sealed=bytes(row[6]),
    )
