"""Service: base of the components that are a few calls to an API on the web."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from langflow_lite.components.base import Component
from langflow_lite.components.fetching import Fetched, FetchFailed, fetch

__all__ = ["SERVICE_VARIABLES", "Service"]

SERVICE_VARIABLES = (
    "AGENTQL_API_KEY",
    "APIFY_API_KEY",
    "APIFY_API_TOKEN",
    "ASSEMBLYAI_API_KEY",
    "ASTRA_DB_API_ENDPOINT",
    "ASTRA_DB_APPLICATION_TOKEN",
    "COMPOSIO_API_KEY",
    "GOOGLE_API_KEY",
    "NEEDLE_API_KEY",
    "SCRAPEGRAPH_API_KEY",
    "SEARCHAPI_API_KEY",
    "SERPAPI_API_KEY",
    "SERPER_API_KEY",
    "TAVILY_API_KEY",
    "YOUTUBE_API_KEY",
)
"""Variables that hold the services' keys; flows may read them from the environment."""

_LIMIT = 32 * 1024 * 1024
_SHOWN = 500


class Service(Component):
    """A service with one address and one key.

    `service` names it in `LANGFLOW_SERVICE_URLS`, `title` in messages; `variables` are where its key is looked for when
    the node has none.
    """

    service: ClassVar[str] = ""
    title: ClassVar[str] = ""
    address: ClassVar[str] = ""
    variables: ClassVar[tuple[str, ...]] = ()

    async def key(self, given: str) -> str:
        """The API key: the node's, else that of a variable; raises `ValueError` naming the variable."""
        if given.strip() and given.strip() != "None":
            return given.strip()
        for name in self.variables:
            found = await self.ctx.variables.get(name)
            if found:
                return found
        raise ValueError(
            f"{self.title} API key is required: fill the key field, or set the variable {self.variables[0]}"
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        timeout: float = 60.0,  # noqa: ASYNC109 - it limits each step of the exchange, not only the whole
    ) -> Any:
        """The decoded JSON of an answer; raises `FetchFailed` with the service's own words."""
        answer = await self.send(
            method, path, headers=headers, params=params, json=json, content=content, timeout=timeout
        )
        try:
            return msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise FetchFailed(f"{self.title} did not answer with JSON") from error

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        timeout: float = 60.0,  # noqa: ASYNC109 - as above
    ) -> Fetched:
        """A successful answer; raises `FetchFailed` with the service's own words."""
        answer = await fetch(
            self.ctx,
            self.ctx.settings.service_url(self.service, self.address) + path,
            method=method,
            headers=headers,
            params=params,
            json=json,
            content=content,
            timeout=timeout,
            # A redirect would carry the key to an address that nobody chose.
            follow_redirects=False,
            trusted=True,
            limit=_LIMIT,
        )
        if answer.status >= 400:
            hint = "; check the API key" if answer.status in (401, 403) else ""
            raise FetchFailed(
                f"{self.title} answered with status {answer.status}: {_reason(answer)}{hint}", answer.status
            )
        return answer


def _reason(answer: Fetched) -> str:
    try:
        body = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return " ".join(answer.text().split())[:_SHOWN] or "no reason given"
    for key in ("detail", "message", "error", "error_info", "msg"):
        found = body.get(key) if isinstance(body, dict) else None
        while isinstance(found, dict):
            found = found.get("error") or found.get("message")
        if isinstance(found, str) and found:
            return found[:_SHOWN]
    return answer.text()[:_SHOWN]
