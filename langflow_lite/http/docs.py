"""The OpenAPI document at /openapi.json."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from starlette.responses import Response

from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.openapi import openapi_document
from langflow_lite.values import to_json

__all__ = ["openapi_endpoint"]


def openapi_endpoint(described: Sequence[Endpoint]) -> Endpoint:
    """The endpoint that serves the OpenAPI document of `described`."""

    @cache
    def document(root: str) -> bytes:
        return to_json(openapi_document(described, root))

    async def openapi(call: Call) -> Response:
        """The OpenAPI document."""
        return Response(document(call.root), media_type="application/json")

    return Endpoint(
        method="GET",
        path="/openapi.json",
        handler=openapi,
        summary="The OpenAPI document",
        tag="Pages",
        public=True,
    )
