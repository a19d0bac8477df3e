"""Global variables as a run sees them: its own, then stored ones, then permitted environment variables."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Protocol

__all__ = ["RunVariables", "StoredVariables", "permitted_environment"]

_SENSITIVE = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)


class StoredVariables(Protocol):
    """Where variables are kept."""

    async def get_value(self, name: str) -> str | None:
        """The decrypted value, None when there is no such variable."""

    def is_credential(self, name: str) -> bool:
        """Whether the stored variable is a credential."""


class RunVariables:
    """The `Variables` of one run. `environment` holds only the names that flows may read."""

    __slots__ = ("_environment", "_request", "_stored")

    def __init__(
        self,
        request: Mapping[str, str],
        stored: StoredVariables,
        environment: Mapping[str, str],
    ) -> None:
        self._request = request
        self._stored = stored
        self._environment = environment

    async def get(self, name: str, *, secret: bool = True) -> str | None:
        """The value of the variable, None when there is none.

        Raises `ValueError` when a credential is asked for by a field that would show it: a request that may choose
        field values must not be able to read a key through them.
        """
        if name in self._request:
            return self._request[name]
        stored = await self._stored.get_value(name)
        if stored is not None:
            if not secret and self._stored.is_credential(name):
                raise ValueError("a credential can be used in secret fields only")
            return stored
        value = self._environment.get(name)
        if value is not None and not secret and _SENSITIVE.search(name):
            raise ValueError("a credential of the environment can be used in secret fields only")
        return value

    def from_request(self, name: str) -> bool:
        """Whether the request itself brought the variable."""
        return name in self._request


def permitted_environment(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """The environment variables among `names` that are set and not empty."""
    return {name: environ[name] for name in names if environ.get(name)}
