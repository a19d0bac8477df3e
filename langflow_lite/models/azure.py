"""Azure OpenAI: the chat completions protocol at the address of a deployment."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.openai import OpenAI

__all__ = ["AzureOpenAI", "connect", "deployment"]

_API_VERSION = "2024-10-21"


class AzureOpenAI(OpenAI):
    """A deployment behind `POST {base}/openai/deployments/{model}/chat/completions?api-version=...`.

    The base URL is that of the resource; it may name an `api-version` as its query. The key goes into `api-key`.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        base, self._path = deployment(endpoint, "chat/completions")
        super().__init__(replace(endpoint, base_url=base))

    def _credentials(self, key: str) -> dict[str, str]:
        return {"api-key": key}


def connect(endpoint: Endpoint) -> AzureOpenAI:
    """The model an endpoint describes."""
    return AzureOpenAI(endpoint)


def deployment(endpoint: Endpoint, action: str) -> tuple[str, str]:
    """The address of the resource, and the path under which its deployment does `action`."""
    parts = urlsplit(endpoint.base_url)
    version = parse_qs(parts.query).get("api-version", [_API_VERSION])[0]
    base = parts._replace(query="", path=parts.path.rstrip("/").removesuffix("/openai")).geturl()
    name = quote(endpoint.model, safe="")
    return base, f"/openai/deployments/{name}/{action}?api-version={quote(version)}"
