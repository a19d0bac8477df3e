"""langflow_lite: run exported Langflow flows over the same REST API, from one small process."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from langflow_lite.app import create_app
    from langflow_lite.components.base import Component, LoopingComponent, output
    from langflow_lite.components.inputs import Kind, field
    from langflow_lite.errors import LangflowError
    from langflow_lite.local import Answer, Flow
    from langflow_lite.runtime import Runtime
    from langflow_lite.settings import Settings
    from langflow_lite.values import Data, Message, Table

__all__ = [
    "Answer",
    "Component",
    "Data",
    "Flow",
    "Kind",
    "LangflowError",
    "LoopingComponent",
    "Message",
    "Runtime",
    "Settings",
    "Table",
    "__version__",
    "create_app",
    "field",
    "output",
]

# What a program does not use is not imported either: the server alone takes a quarter of a second.
_HOMES = {
    "Answer": "local",
    "Component": "components.base",
    "Data": "values",
    "Flow": "local",
    "Kind": "components.inputs",
    "LangflowError": "errors",
    "LoopingComponent": "components.base",
    "Message": "values",
    "Runtime": "runtime",
    "Settings": "settings",
    "Table": "values",
    "create_app": "app",
    "field": "components.inputs",
    "output": "components.base",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
