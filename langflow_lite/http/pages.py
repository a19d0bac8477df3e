"""The pages that people open in a browser: `/`, `/docs`, and what they load. They work offline and run no foreign script."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from starlette.responses import RedirectResponse, Response

from langflow_lite.http.endpoint import Call, Endpoint, Handler

__all__ = ["PAGES"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_INDEX = "index.html"
# Not the machine's own table: a browser refuses scripts and styles of another type.
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

_TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)


def page_endpoints(path: str, package: str, *, assets: str) -> tuple[Endpoint, ...]:
    """The endpoints of a page: `index.html` of the package at `path`, its other files under `assets`.

    They are open without a key; what the page then asks of the API is not. A file is read and
    compressed when it is first asked for.
    """
    names = sorted(entry.name for entry in files(package).iterdir() if PurePath(entry.name).suffix in _TYPES)
    return tuple(
        Endpoint(
            method="GET",
            path=path if name == _INDEX else f"{assets}/{name}",
            handler=_file(package, name, path if name == _INDEX else ""),
            summary=f"The page at {path} ({name})",
            tag="Pages",
            media_type=_TYPES[PurePath(name).suffix],
            public=True,
        )
        for name in names
    )


def _file(package: str, name: str, path: str) -> Handler:
    last = path.rpartition("/")[2]
    media_type = _TYPES[PurePath(name).suffix]

    @cache
    def content(compressed: bool) -> tuple[bytes, str]:
        raw = files(package).joinpath(name).read_bytes()
        version = hashlib.sha256(raw).hexdigest()
        return (gzip.compress(raw, mtime=0), f'"{version}-gzip"') if compressed else (raw, f'"{version}"')

    async def page(call: Call) -> Response:
        """A file of a page; 304 when the browser has it."""
        if last and call.scope["path"].endswith("/"):
            # What the page names relative to itself would not be there.
            return RedirectResponse(f"../{last}")
        compressed = _TAKES_GZIP.search(call.request.headers.get("accept-encoding", "")) is not None
        body, etag = content(compressed)
        headers = {
            "content-security-policy": _POLICY,
            "cache-control": "no-cache",
            "etag": etag,
            "vary": "accept-encoding",
        }
        if call.request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        if compressed:
            headers["content-encoding"] = "gzip"
        return Response(body, media_type=media_type, headers=headers)

    return page


PAGES = (
    *page_endpoints("/", "langflow_lite.playground", assets="/playground"),
    *page_endpoints("/docs", "langflow_lite.http.static", assets="/docs"),
)
