"""Endpoint: one record per route, from which routing, decoding, the answer and the OpenAPI document are made."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from langflow_lite.errors import InvalidRequest, LangflowError, NotFound, PayloadTooLarge, Problem
from langflow_lite.http.decode import decode_fields, decode_json
from langflow_lite.http.errors import MethodNotAllowed, send_json
from langflow_lite.http.multipart import form_fields, is_form
from langflow_lite.runtime import Runtime
from langflow_lite.values import to_json

__all__ = [
    "MEGABYTE",
    "MOUNTED_AT",
    "RUNTIME",
    "Api",
    "Call",
    "Endpoint",
    "Handler",
    "ServerNotRunning",
    "read_body",
    "runtime_of",
]

MEGABYTE = 1024 * 1024
_PARAMETER = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>uuid|path))?\}")


class ServerNotRunning(LangflowError):
    """503: a request came before the start or after the end of the application's lifespan, or after it had failed."""

    status = 503
    code = "SERVER_NOT_RUNNING"


RUNTIME = "langflow_lite.runtime"
"""Key of a scope: the Runtime, as long as there is one. Starlette's state, where it is too, takes longer to ask."""

MOUNTED_AT = "langflow_lite.mounted_at"
"""Key of a scope: the path under which the application is mounted, without a slash at its end."""


def runtime_of(scope: Scope) -> Runtime:
    """The Runtime that the application's lifespan entered; raises `ServerNotRunning` outside of it."""
    if (known := scope.get(RUNTIME)) is not None:
        return known  # type: ignore[no-any-return]
    state = scope["app"].state
    try:
        runtime: Runtime = state.runtime
    except AttributeError:
        if failure := getattr(state, "failure", ""):
            raise ServerNotRunning(
                f"The server has failed ({failure}) and has to be restarted; its log says why."
            ) from None
        raise ServerNotRunning(
            "The server is not running: its lifespan has not been entered. A mounted app needs its lifespan run by "
            "the app around it."
        ) from None
    return runtime


class Call:
    """One request as its handler sees it: `params` from the path, `query` and `body` decoded to their types."""

    __slots__ = ("_receive", "_request", "body", "params", "query", "runtime", "scope")

    def __init__(
        self, runtime: Runtime, scope: Scope, receive: Receive, params: dict[str, str], query: Any, body: Any
    ) -> None:
        self.runtime = runtime
        self.scope = scope
        self.params = params
        self.query = query
        self.body = body
        self._receive = receive
        self._request: Request | None = None

    @property
    def request(self) -> Request:
        """The request itself, for those who read its headers or its body."""
        if self._request is None:
            self._request = Request(self.scope, self._receive)
        return self._request

    @property
    def root(self) -> str:
        """What stands before every path where the application is mounted in another one; mostly nothing."""
        return str(self.scope.get(MOUNTED_AT, ""))


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One documented endpoint.

    `path` holds parameters as `{name}`, `{name:uuid}` or, as the last one, `{name:path}`, which takes slashes too; it
    is answered with and without its last slash. `body` is the type of the JSON body, `bytes` for the body as it came,
    None when the handler reads it itself (`upload`) or there is none; with `form` it may also come as the fields of a
    multipart form; with `needs_body` a request without one is refused even if all its keys are optional. `query` is a
    Struct of the query parameters. What the handler returns is encoded as JSON unless it is a Starlette response. With
    `created` the answer may also have the status 201. `media_type` is that of the answer, `stream_type` that of one the
    caller asks to be streamed; `errors` the documented ones. `public` endpoints answer without a key. `setting` names
    one without which the path is 404, whatever is sent there. `template` is the path as OpenAPI writes it, parameters
    without their kinds, and `parameters` are their names, in order.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    body: Any = None
    query: type[msgspec.Struct] | None = None
    response: Any = None
    status: int = 200
    created: bool = False
    media_type: str = "application/json"
    stream_type: str | None = None
    errors: tuple[type[LangflowError], ...] = ()
    upload: bool = False
    form: bool = False
    public: bool = False
    deprecated: bool = False
    setting: str = ""
    needs_body: bool = False
    template: str = field(init=False)
    parameters: tuple[str, ...] = field(init=False)
    uuids: frozenset[str] = field(init=False)
    _decoder: Any = field(init=False, repr=False)
    _empty_body: bytes | None = field(init=False, repr=False)
    _query_optional: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(m["name"] for m in _PARAMETER.finditer(self.path)))
        uuids = frozenset(m["name"] for m in _PARAMETER.finditer(self.path) if m["kind"] == "uuid")
        object.__setattr__(self, "uuids", uuids)
        object.__setattr__(self, "template", _PARAMETER.sub(r"{\g<name>}", self.path))
        decoder = None if self.body in (None, bytes) else msgspec.json.Decoder(self.body, strict=False)
        empty = None if decoder is None or self.needs_body else _accepts(decoder, b"{}")
        needed = [f.name for f in msgspec.structs.fields(self.query) if f.required] if self.query is not None else []
        object.__setattr__(self, "_query_optional", not needed)
        object.__setattr__(self, "_decoder", decoder)
        object.__setattr__(self, "_empty_body", empty)
        object.__setattr__(self, "needs_body", decoder is not None and empty is None)

    async def serve(self, scope: Scope, receive: Receive, send: Send, values: list[str]) -> None:
        """Decode the request, call the handler, send its answer. `values` are those of the path parameters."""
        runtime = runtime_of(scope)
        if self.setting and not getattr(runtime.settings, self.setting):
            raise NotFound("Not Found")
        params = self._decode_params(values) if values else {}
        query = None if self.query is None else self._decode_query(scope["query_string"])
        body = None
        if self.body is not None:
            raw = await read_body(receive, runtime.settings.max_body_size * MEGABYTE)
            if self.form and is_form(content_type := _content_type(scope)):
                body = decode_fields(form_fields(content_type, raw), self.body, "body")
            else:
                body = raw if self._decoder is None else self._decode_body(raw)
        result = await self.handler(Call(runtime, scope, receive, params, query, body))
        if isinstance(result, Response):
            await result(scope, receive, send)
        elif self.status == 204:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send_json(send, self.status, to_json(result))

    def _decode_params(self, values: list[str]) -> dict[str, str]:
        params = dict(zip(self.parameters, values, strict=True))
        for name in self.uuids:
            try:
                params[name] = str(UUID(params[name]))
            except ValueError:
                problem = Problem("uuid_parsing", ("path", name), f"{params[name]!r} is not a valid UUID")
                raise InvalidRequest(problem) from None
        return params

    def _decode_query(self, query_string: bytes) -> Any:
        assert self.query is not None
        if not query_string and self._query_optional:
            return self.query()
        # latin-1 never fails here; percent-escapes are read as UTF-8 with replacement.
        pairs = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)) if query_string else {}
        return decode_fields(pairs, self.query, "query")

    def _decode_body(self, raw: bytes) -> Any:
        if not raw or raw == b"null":
            if self._empty_body is not None:
                raw = self._empty_body
            elif not raw:
                raise InvalidRequest(Problem("missing", ("body",), "A JSON body is required"))
        return decode_json(raw, self._decoder)


def _accepts(decoder: msgspec.json.Decoder[Any], raw: bytes) -> bytes | None:
    try:
        decoder.decode(raw)
    except msgspec.ValidationError:
        return None
    return raw


def _content_type(scope: Scope) -> str:
    found: list[bytes] = [value for name, value in scope["headers"] if name == b"content-type"]
    return found[0].decode("latin-1") if found else ""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; raises `PayloadTooLarge` beyond `limit` bytes, `ClientDisconnect` when the client goes."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise PayloadTooLarge(f"The body is larger than {limit // MEGABYTE} MB (LANGFLOW_MAX_BODY_SIZE)")
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)


class _Node:
    """One path segment in the route tree."""

    __slots__ = ("literals", "methods", "parameter", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.rest: _Node | None = None
        self.methods: dict[str, Endpoint] = {}

    def find(self, segments: list[str], at: int, values: list[str]) -> _Node | None:
        if at == len(segments):
            return self if self.methods else None
        segment = segments[at]
        literal = self.literals.get(segment)
        if literal is not None and (found := literal.find(segments, at + 1, values)) is not None:
            return found
        if self.parameter is not None and segment:
            values.append(segment)
            if (found := self.parameter.find(segments, at + 1, values)) is not None:
                return found
            values.pop()
        if self.rest is not None and (remaining := "/".join(segments[at:])):
            values.append(remaining)
            return self.rest
        return None


class Api:
    """ASGI app that finds the endpoint of a request and lets it serve; raises `NotFound` and `MethodNotAllowed`."""

    def __init__(self, endpoints: tuple[Endpoint, ...]) -> None:
        self._root = _Node()
        for endpoint in endpoints:
            node = self._root
            for segment in _segments(endpoint.path):
                if segment.endswith(":path}"):
                    node.rest = node = node.rest or _Node()
                elif _PARAMETER.fullmatch(segment):
                    node.parameter = node = node.parameter or _Node()
                else:
                    node = node.literals.setdefault(segment, _Node())
            if endpoint.method in node.methods:
                raise ValueError(f"two endpoints for {endpoint.method} {endpoint.path}")
            node.methods[endpoint.method] = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        values: list[str] = []
        node = self._root.find(_segments(scope["path"]), 0, values)
        if node is None:
            raise NotFound("Not Found")
        method = scope["method"]
        endpoint = node.methods.get(method) or (node.methods.get("GET") if method == "HEAD" else None)
        if endpoint is not None:
            scope["langflow_lite.endpoint"] = endpoint
            await endpoint.serve(scope, receive, send, values)
            return
        allowed = sorted({*node.methods, "OPTIONS", *(("HEAD",) if "GET" in node.methods else ())})
        if method != "OPTIONS":
            raise MethodNotAllowed(allowed)
        await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", ", ".join(allowed).encode())]})
        await send({"type": "http.response.body", "body": b""})


def _segments(path: str) -> list[str]:
    return (path[1:-1] if len(path) > 1 and path.endswith("/") else path[1:]).split("/")
