"""Global variables that come with a request."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Scope

from langflow_lite.errors import InvalidRequest, Problem

__all__ = ["request_globals"]

_HEADER = b"x-langflow-global-var-"
_MAX_NAME = 256
_MAX_VALUE = 64 * 1024


def request_globals(scope: Scope, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables of the `X-LANGFLOW-GLOBAL-VAR-<NAME>` headers, and of the body, which win.

    Raises `InvalidRequest` naming the one whose name or value is too long.
    """
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name.startswith(_HEADER):
            where = ("header", name.decode("latin-1"))
            variable = name[len(_HEADER) :].decode("latin-1").upper()
            found[variable] = _checked(where, variable, value.decode("latin-1"))
    for variable, text in (given or {}).items():
        found[variable] = _checked(("body", "globals", variable[:_MAX_NAME]), variable, text)
    return found


def _checked(where: tuple[str, ...], variable: str, value: str) -> str:
    if len(variable) > _MAX_NAME or len(value) > _MAX_VALUE:
        message = f"a global variable may have {_MAX_NAME} characters of name and 64 KB of value at most"
        raise InvalidRequest(Problem("string_too_long", where, message))
    return value
