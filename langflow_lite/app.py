"""The ASGI application: the API behind its guard, with the Runtime in its lifespan."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from langflow_lite.errors import LangflowError, only_cause
from langflow_lite.http.auth import Auth
from langflow_lite.http.endpoint import MOUNTED_AT, RUNTIME, Api
from langflow_lite.http.errors import ErrorBoundary
from langflow_lite.http.guard import Guard
from langflow_lite.http.job_object import job_object
from langflow_lite.http.observed import Observed
from langflow_lite.http.openai import OPENAI_PATHS
from langflow_lite.http.routes import ENDPOINTS, PUBLIC
from langflow_lite.runtime import Runtime
from langflow_lite.settings import Settings

__all__ = ["create_app"]

logger = logging.getLogger(__name__)


def _runtime(settings: Settings) -> Runtime:
    return Runtime(settings, describe=job_object)


def create_app(
    settings: Settings | None = None,
    *,
    runtime: Callable[[Settings], AbstractAsyncContextManager[Any]] = _runtime,
) -> Starlette:
    """The application for these settings, by default those of the environment.

    Its lifespan enters the Runtime that `runtime` makes and keeps it as `app.state.runtime`; whoever mounts the
    application in another one has to run that lifespan. Routes that are added to the application are guarded like the API.
    """
    settings = settings or Settings.load()

    @asynccontextmanager
    async def lifespan(app: _Application) -> AsyncIterator[None]:
        app.state.failure = ""
        entered = False
        try:
            async with runtime(settings) as app.state.runtime:
                app.runtime = app.state.runtime
                entered = True
                try:
                    yield
                    await app.state.runtime.drain()
                except BaseException:
                    app.state.failure = "one of its tasks has ended"
                    raise
                finally:
                    app.runtime = None
                    del app.state.runtime
        except BaseException as error:
            # Whatever serves the application goes on without it: requests are answered with what is wrong.
            cause = only_cause(error)
            if entered and not isinstance(cause, LangflowError):
                logger.critical("the server has failed and has to be restarted", exc_info=True)
                app.state.failure = type(cause).__name__
            raise

    app = _Application(
        lifespan=lifespan,
        middleware=[
            Middleware(Observed),
            Middleware(ErrorBoundary),
            Middleware(Guard, settings=settings),
            Middleware(Auth, settings=settings, public=PUBLIC, key_suffices=OPENAI_PATHS),
        ],
    )
    app.router.redirect_slashes = False
    app.router.default = Api(ENDPOINTS)
    return app


class _Application(Starlette):
    """A Starlette application whose errors are answered by our own boundary alone.

    Where it is mounted in another one, the layers inside see every path as if it were not: access is decided, and
    endpoints are found, on one and the same path.
    """

    runtime: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[RUNTIME] = self.runtime
        root = scope.get("root_path", "").rstrip("/")
        if root and scope["type"] != "lifespan":
            path: str = scope["path"]
            inside = path.removeprefix(root) if path == root or path.startswith(f"{root}/") else path
            scope = {**scope, "path": inside or "/", "root_path": "", MOUNTED_AT: root}
        await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        app: ASGIApp = self.router
        for middleware, args, kwargs in reversed(self.user_middleware):
            app = middleware(app, *args, **kwargs)
        return app
