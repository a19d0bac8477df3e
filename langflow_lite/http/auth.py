"""Who may call: one decision for every path, on `scope["path"]` as the router sees it."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from langflow_lite.errors import ApiKeyRefused, Forbidden, LangflowError, Unauthorized
from langflow_lite.http.endpoint import runtime_of
from langflow_lite.http.errors import TooManyRequests
from langflow_lite.settings import Settings

__all__ = ["Auth", "FailureThrottle"]

_LOCAL = frozenset({"127.0.0.1", "::1"})
_KEY_NEEDED = (
    "API key required: send it in the x-api-key header. Create one with `langflow-lite api-key` while the server is "
    "stopped, or over the API with another key."
)


class FailureThrottle:
    """Counts wrong credentials per peer: after `limit` of them within `window` seconds, the next is refused with 429.

    Keys are 256 random bits and cannot be guessed; this keeps a guesser from filling the log and the processor.
    Only the address of the socket counts, never a header. Memory is bounded by `MAX_PEERS`.
    """

    MAX_PEERS = 1024

    def __init__(self, limit: int = 5, window: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}

    def fail(self, peer: str) -> None:
        """Note a failure; raises `TooManyRequests` when the peer has had its share."""
        now = self._clock()
        times = self._failures.pop(peer, None) or deque(maxlen=self._limit)
        self._failures[peer] = times
        if len(times) == self._limit and (wait := times[0] + self._window - now) > 0:
            raise TooManyRequests("Too many wrong credentials; try again later", math.ceil(wait))
        times.append(now)
        if len(self._failures) > self.MAX_PEERS:
            del self._failures[next(iter(self._failures))]


class Auth:
    """ASGI layer that checks credentials.

    A credential may come as `x-api-key` header, `x-api-key` query parameter or `Authorization: Bearer`. Each one that
    is presented must be valid, on public paths too; other schemes of `Authorization` are not looked at. Without any,
    only `public` paths are open, and on loopback everything unless `auto_login` is off, to requests of this machine
    alone: an application that is mounted in another one may listen elsewhere than its settings say. Wrong keys are 403
    `Invalid API key` on v1 (contract: *Refused credentials*) and 401 on v2 (seed document 3), wrong bearer tokens 401
    `Invalid token`. On the paths of `key_suffices` a bearer token beside a key is not looked at: OpenAI's clients
    always send one.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, public: Iterable[str], key_suffices: Iterable[str] = ()
    ) -> None:
        self.app = app
        self._key_suffices = frozenset(key_suffices)
        self._open = settings.is_loopback and settings.auto_login
        self._key_in_query = settings.api_key_in_query
        self._public = frozenset(public)
        self._throttle = FailureThrottle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "http":
            self._check(scope)
        elif scope["type"] == "websocket":
            raise Forbidden("There are no websockets here")
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        path: str = scope["path"]
        presented = False
        with_key = path in self._key_suffices and any(n == b"x-api-key" and v.strip() for n, v in scope["headers"])
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                # A client whose key is an unset variable sends it empty: that is none at all, here and below.
                if value.strip():
                    presented = True
                    self._verify(scope, value.strip().decode("latin-1"), _wrong_key(path))
            elif name == b"authorization":
                scheme, _, token = value.decode("latin-1").strip().partition(" ")
                bearer = scheme.lower() == "bearer"
                # "Bearer" alone is none at all; another scheme, such as Basic, is for a proxy in front of this server.
                if with_key or bool(token) is not bearer:
                    continue
                presented = True
                self._verify(scope, token.strip() if bearer else "", Unauthorized("Invalid token"))
        query: bytes = scope["query_string"]
        if query and self._key_in_query:
            for parameter, key in parse_qsl(query.decode("latin-1")):
                if parameter == "x-api-key":
                    presented = True
                    self._verify(scope, key, _wrong_key(path))
        is_open = self._open and not _is_remote(scope)
        scope["langflow_lite.authenticated"] = presented or is_open
        if presented or is_open or path in self._public or path.removesuffix("/") in self._public:
            return
        raise Unauthorized(_KEY_NEEDED) if _is_v2(path) else Forbidden(_KEY_NEEDED)

    def _verify(self, scope: Scope, key: str, refusal: LangflowError) -> None:
        if runtime_of(scope).api_keys.verify(key) is not None:
            return
        client = scope.get("client")
        self._throttle.fail(client[0] if client else "")
        raise refusal


def _is_remote(scope: Scope) -> bool:
    """Whether the request came from another machine. A peer without an address is a socket file or a test."""
    client = scope.get("client")
    if client is None or client[0] in _LOCAL:
        return False
    try:
        return not ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _is_v2(path: str) -> bool:
    return path.startswith("/api/v2/")


def _wrong_key(path: str) -> LangflowError:
    return Unauthorized("Invalid API key") if _is_v2(path) else ApiKeyRefused("Invalid API key")
