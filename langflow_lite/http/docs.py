"""The API page at /docs and what it loads: self-contained, so that it works offline and runs no foreign script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from starlette.responses import Response

from langflow_lite.http.endpoint import Call, Endpoint, Handler
from langflow_lite.http.openapi import openapi_document
from langflow_lite.values import to_json

__all__ = ["docs_endpoints"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_PAGES = (
    ("/docs", "docs.html", "text/html"),
    ("/docs/docs.js", "docs.js", "text/javascript"),
    ("/docs/docs.css", "docs.css", "text/css"),
)


def docs_endpoints(described: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints that serve the OpenAPI document of `described`, and the page that shows it."""

    @cache
    def document() -> bytes:
        return to_json(openapi_document(described))

    async def openapi(call: Call) -> Response:
        """The OpenAPI document."""
        return Response(document(), media_type="application/json")

    pages = [
        Endpoint(
            method="GET",
            path=path,
            handler=_static(name, media_type),
            summary=f"The API page ({name})",
            tag="Documentation",
            media_type=media_type,
            public=True,
        )
        for path, name, media_type in _PAGES
    ]
    document_endpoint = Endpoint(
        method="GET",
        path="/openapi.json",
        handler=openapi,
        summary="The OpenAPI document",
        tag="Documentation",
        public=True,
    )
    return (document_endpoint, *pages)


def _static(name: str, media_type: str) -> Handler:
    @cache
    def content() -> bytes:
        return files("langflow_lite.http").joinpath("static", name).read_bytes()

    async def page(call: Call) -> Response:
        """A part of the API page."""
        return Response(content(), media_type=media_type, headers={"content-security-policy": _POLICY})

    return page
