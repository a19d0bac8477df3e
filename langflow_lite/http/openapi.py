"""The OpenAPI 3.1 document, made from the endpoint records."""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import Any, get_args

import msgspec

from langflow_lite import __version__
from langflow_lite.errors import LangflowError
from langflow_lite.http.endpoint import Endpoint
from langflow_lite.http.wire import Detail

__all__ = ["openapi_document"]

_UPLOAD = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}
_SECURITY = {
    "key in header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "key in query": {"type": "apiKey", "in": "query", "name": "x-api-key"},
    "key as bearer token": {"type": "http", "scheme": "bearer"},
}


def openapi_document(endpoints: Sequence[Endpoint], root: str = "") -> dict[str, Any]:
    """The document (OpenAPI Specification 3.1) for these endpoints, mounted at `root`."""
    schemas, components = _schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.template, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "langflow_lite",
            "version": __version__,
            "description": "Runs exported Langflow flows over the same REST API.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
        "security": [{name: []} for name in _SECURITY],
    }


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[dict[str, Any], dict[str, Any]]:
    types: dict[str, Any] = {repr(Detail): Detail}
    for endpoint in endpoints:
        for type_ in (endpoint.body, endpoint.query, *_alternatives(endpoint.response)):
            if type_ not in (None, bytes):
                types[repr(type_)] = type_
    found, components = msgspec.json.schema_components(types.values(), ref_template="#/components/schemas/{name}")
    return dict(zip(types, found, strict=True)), components


def _alternatives(type_: Any) -> tuple[Any, ...]:
    """The types that an answer may have; together they are no type that could be decoded, since nothing tells them apart."""
    return get_args(type_) if isinstance(type_, UnionType) else (type_,)


def _operation(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": (endpoint.handler.__doc__ or endpoint.summary).strip(),
        "operationId": f"{endpoint.handler.__name__}_{endpoint.method}_{endpoint.template}".lower().translate(_PLAIN),
        "tags": [endpoint.tag],
        "responses": _responses(endpoint, schemas),
    }
    if parameters := _parameters(endpoint):
        operation["parameters"] = parameters
    if endpoint.upload:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _UPLOAD}}}
    elif endpoint.body is not None:
        schema = {} if endpoint.body is bytes else schemas[repr(endpoint.body)]
        operation["requestBody"] = {
            "required": endpoint.needs_body,
            "content": {kind: {"schema": schema} for kind in _BODY_TYPES[: 1 + endpoint.form]},
        }
    if endpoint.public:
        operation["security"] = []
    if endpoint.deprecated:
        operation["deprecated"] = True
    return operation


_BODY_TYPES = ("application/json", "multipart/form-data")
_PLAIN = str.maketrans({"/": "_", "{": None, "}": None, "-": "_"})


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", **({"format": "uuid"} if name in endpoint.uuids else {})},
        }
        for name in endpoint.parameters
    ]
    if endpoint.query is not None:
        (_,), components = msgspec.json.schema_components([endpoint.query], ref_template="#/components/schemas/{name}")
        schema = components[endpoint.query.__name__]
        parameters += [
            {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": value}
            for name, value in schema["properties"].items()
        ]
    return parameters


def _responses(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done" if endpoint.status == 204 else "The answer"}
    if endpoint.status != 204:
        found = [schemas[repr(type_)] for type_ in _alternatives(endpoint.response) if type_ is not None]
        schema = {} if not found else found[0] if len(found) == 1 else {"anyOf": found}
        success["content"] = {endpoint.media_type: {"schema": schema}}
        if endpoint.stream_type is not None:
            success["content"][endpoint.stream_type] = {"schema": {"type": "string"}}
    responses = {str(endpoint.status): success}
    if endpoint.created:
        responses["201"] = success | {"description": "Made anew"}
    by_status: dict[int, list[type[LangflowError]]] = {}
    for error in endpoint.errors:
        by_status.setdefault(error.status, []).append(error)
    for status, errors in sorted(by_status.items()):
        responses[str(status)] = {
            "description": " / ".join(dict.fromkeys(error.code for error in errors)),
            "content": {"application/json": {"schema": schemas[repr(Detail)]}},
        }
    # Whatever the guard in front of all endpoints refuses, too.
    responses["default"] = {
        "description": "An error",
        "content": {"application/json": {"schema": schemas[repr(Detail)]}},
    }
    return responses
