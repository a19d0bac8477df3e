"""Astra DB over HTTP: commands of the Data API to a collection, and rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from langflow_lite.components.fetching import Fetched, FetchFailed, fetch
from langflow_lite.context import RunContext

__all__ = ["AstraAPI"]

_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AstraAPI:
    """One keyspace of a database. `endpoint` is the address of the database, as its owner is shown it."""

    ctx: RunContext
    token: str = field(repr=False)
    endpoint: str
    keyspace: str = ""

    async def command(self, collection: str, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a command to a collection.

        Raises `FetchFailed` with Astra DB's own words, and `ValueError` for an address of others.
        """
        place = f"{self._quoted_keyspace()}/{quote(collection.strip(), safe='')}"
        answer = await self._send("POST", f"/api/json/v1/{place}", {"Token": self.token}, json={name: body})
        try:
            said = msgspec.json.decode(answer.content, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            said = {"errors": [{"message": f"status {answer.status}: {answer.text()[:200]}"}]}
        # A record that is there already is what is wanted.
        errors = [error for error in said.get("errors") or () if error.get("errorCode") != "DOCUMENT_ALREADY_EXISTS"]
        if errors or answer.status >= 400:
            reason = errors[0].get("message") if errors else f"status {answer.status}"
            raise FetchFailed(f"Astra DB refused {name}: {reason}", answer.status)
        return said

    async def rows(self, table: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of a table, over the REST API; raises as `command` does."""
        path = f"/api/rest/v2/keyspaces/{self._quoted_keyspace()}/{quote(table.strip(), safe='')}/"
        answer = await self._send("GET", path, {"X-Cassandra-Token": self.token}, params=params)
        try:
            said = msgspec.json.decode(answer.content, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            said = {"description": answer.text()[:200]}
        rows = said.get("data")
        if answer.status >= 400 or not isinstance(rows, list):
            raise FetchFailed(
                f"Astra DB refused rows of {table}: status {answer.status}: {said.get('description') or 'no reason given'}",
                answer.status,
            )
        return [row for row in rows if isinstance(row, dict)]

    async def _send(self, method: str, path: str, headers: Mapping[str, str], **options: Any) -> Fetched:
        return await fetch(
            self.ctx,
            self._address() + path,
            method=method,
            headers=headers,
            timeout=60.0,
            follow_redirects=False,
            trusted=bool(self._configured()),
            limit=_LIMIT,
            **options,
        )

    def _quoted_keyspace(self) -> str:
        return quote(self.keyspace.strip() or "default_keyspace", safe="")

    def _configured(self) -> str:
        return self.ctx.settings.service_url("astradb", "")

    def _address(self) -> str:
        address = self.endpoint.strip().rstrip("/")
        address = address if "://" in address else f"https://{address}"
        host = urlsplit(address).hostname or ""
        # The token goes nowhere else, whatever a flow says.
        if not self._configured() and not (address.startswith("https://") and host.endswith(".datastax.com")):
            raise ValueError(
                f"{address[:200]} is not an address of Astra DB; for a server of your own set "
                "LANGFLOW_SERVICE_URLS=astradb=ADDRESS"
            )
        return self._configured() or address
