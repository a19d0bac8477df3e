"""Running the module of a trusted source. The only place where code that came with a flow is ever compiled.

Imports of `langflow` and `lfx` inside it, at the top or in a function, are answered by this package; nothing of that is
seen by any other module.
"""

from __future__ import annotations

import builtins
import importlib
import linecache
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from langflow_lite.compat.component import Component, CustomComponent
from langflow_lite.compat.errors import CustomCodeError
from langflow_lite.compat.names import MODULES, NAMES, WITHOUT_IMPORT
from langflow_lite.shortage import Shortage

__all__ = ["load_component", "run_source"]

_ROOTS = ("langflow", "lfx")
_BASES = ("Component", "LC")


class _Module(ModuleType):
    """One module of Langflow as user code sees it."""

    def __getattr__(self, name: str) -> Any:
        if name in NAMES:
            return NAMES[name]
        if f"{self.__name__}.{name}" in _modules:
            return _modules[f"{self.__name__}.{name}"]
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(f"{self.__name__} has no {name!r} for custom components here")


def _module(name: str) -> _Module:
    module = _Module(name)
    module.__path__ = []
    return module


_modules = {name: _module(name) for root in _ROOTS for name in (root, *(f"{root}.{path}" for path in MODULES))}
# What users' code imports beside Langflow, and what stands in for it where it is not installed.
_STAND_INS = {"loguru": "langflow.logging", "httpx": "httpx2"}


def _import(
    name: str,
    globals_: Mapping[str, Any] | None = None,
    locals_: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    root = name.partition(".")[0]
    if level == 0 and root in _ROOTS:
        module = _modules.get(name)
        if module is None:
            raise ImportError(f"{name} is not offered to custom components here", name=name)
        for item in fromlist or ():
            if item != "*":
                getattr(module, item)
        return module if fromlist else _modules[root]
    try:
        return builtins.__import__(name, globals_, locals_, fromlist or (), level)
    except ModuleNotFoundError as error:
        stand_in = _STAND_INS.get(name) if level == 0 and error.name == name else None
        if stand_in is not None:
            return _modules.get(stand_in) or importlib.import_module(stand_in)
        if error.name and level == 0 and error.name.partition(".")[0] == root:
            raise ModuleNotFoundError(
                f"it imports {error.name}, which is not installed here: install it beside langflow-lite",
                name=error.name,
            ) from None
        raise


def load_component(code: str, file: Path, names: Sequence[str]) -> type[Component]:
    """Run a trusted source as a module, and return the component it defines for a node.

    `names` are what the node calls it, the best first; else it is the first component that the source defines. Raises
    `CustomCodeError` naming the line.
    """
    module = run_source(code, file, WITHOUT_IMPORT)
    found = _choose(list(_defined(module)), names)
    if found is None:
        del sys.modules[module.__name__]
        raise CustomCodeError(f"the trusted code {file.name} defines no component")
    return found


def run_source(code: str, file: Path, given: Mapping[str, Any]) -> ModuleType:
    """Run a trusted source as a module that has the names `given` from the start.

    Raises `CustomCodeError` naming the line, and `Shortage` when it could run another time.
    """
    name = f"langflow_lite_trusted_{file.stem[:16]}"
    module = ModuleType(name)
    module.__file__ = str(file)
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
    module.__dict__.update(given)
    # Annotations are looked up through the module's name.
    sys.modules[name] = module
    try:
        exec(compile(code, str(file), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        return module
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        if (shortage := Shortage.behind(error)) is not None:
            raise shortage from error
        raise CustomCodeError(f"its code cannot be used: {_place(file, error)}{_words(error)}") from error
    finally:
        linecache.checkcache(str(file))


def _defined(module: ModuleType) -> Iterator[type[Component]]:
    for value in list(vars(module).values()):
        if isinstance(value, type) and issubclass(value, Component) and value.__module__ == module.__name__:
            yield value


def _choose(classes: list[type[Component]], names: Sequence[str]) -> type[Component] | None:
    for wanted in names:
        for cls in classes:
            if wanted and wanted in (cls.__name__, vars(cls).get("name")):
                return cls
    whole = [cls for cls in classes if cls.outputs or issubclass(cls, CustomComponent)]
    return next(iter(whole), None)


def _place(file: Path, error: BaseException) -> str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    return f"line {line}: " if line else ""


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
