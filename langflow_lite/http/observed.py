"""Observed: the ASGI layer that tells the observer of every request, how it was answered and how long that took."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Receive, Scope, Send

from langflow_lite.http.endpoint import RUNTIME
from langflow_lite.runtime import Runtime

__all__ = ["Observed"]


class Observed:
    """Outermost layer, so that it sees what every other one answers. Without a running Runtime there is nobody to tell."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        runtime: Runtime | None = scope.get(RUNTIME)
        if runtime is None or scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        observer = runtime.observer
        began = time.perf_counter()
        observer.request_began(scope)
        try:
            await self.app(scope, receive, send)
        finally:
            endpoint = scope.get("langflow_lite.endpoint")
            method, route = (endpoint.method, endpoint.template) if endpoint is not None else (scope["method"], "")
            observer.request_ended(
                scope, method, route, scope.get("langflow_lite.status", 0), time.perf_counter() - began
            )
