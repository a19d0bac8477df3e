"""Registry: which component runs a node of a given type."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import pkgutil
import re
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import langflow_lite.components as built_ins
from langflow_lite.components.base import Component, describe
from langflow_lite.components.unsupported import Unsupported, explain_unsupported
from langflow_lite.errors import SettingsError

__all__ = ["Registry"]

_VARIABLE = "LANGFLOW_COMPONENTS_PATH"
_EXTENSION = re.compile(r"ext:[^:]*:(?P<class_name>[^@]+)(?:@.*)?")


class Registry:
    """All components this server has.

    Built-ins are the `Component` subclasses with a `name` in the modules of `langflow_lite.components`; they are
    imported when the registry is first asked for anything, or before that one module at a time (`loading`). `folders` are
    the operator's own (`components_path`): every `*.py` in them and in their direct subfolders is imported as a module
    at once; a component there without a `name` is registered under its class name, one without a `category` under its
    subfolder's name, and one with a built-in's name takes its place. Raises `SettingsError` naming the file when one
    cannot be imported. May be asked from any thread.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._components: dict[str, type[Component]] = {}
        self._aliases: dict[str, type[Component]] = {}
        self._classes: dict[str, type[Component]] = {}
        self._waiting = deque(info.name for info in pkgutil.iter_modules(built_ins.__path__))
        self._lock = threading.Lock()
        origins: dict[str, Path] = {}
        for folder in folders:
            self._add_folder(folder, origins)

    def loading(self) -> Iterator[None]:
        """Import the built-ins that are not imported yet, a module at each step: for a server that has just started."""
        while self._waiting:
            with self._lock:
                self._import_next()
            yield

    def _import_next(self) -> None:
        if not self._waiting:
            return
        module = importlib.import_module(f"{built_ins.__name__}.{self._waiting[0]}")
        for cls in _defined_in(module):
            if vars(cls).get("name"):
                self._add(cls)
        # Last of all: to a thread that finds none waiting, every component is there.
        self._waiting.popleft()

    def _load(self) -> None:
        for _ in self.loading():
            pass

    @property
    def components(self) -> Mapping[str, type[Component]]:
        """Exported type name to component."""
        self._load()
        return MappingProxyType(self._components)

    def register(self, cls: type[Component]) -> None:
        """Add one component; it takes the place of an earlier one with its name. Raises `ValueError` without a name."""
        if not cls.name:
            raise ValueError(f"{cls.__qualname__} has no `name`, the type under which flows ask for it")
        self._load()
        self._add(cls)

    def _add(self, cls: type[Component]) -> None:
        self._components[cls.name] = cls
        for alias in cls.aliases:
            self._aliases[alias] = cls
        for key in (cls.__name__, cls.__name__.removesuffix("Component")):
            self._classes[key] = cls
        self.__dict__.pop("_catalogue", None)

    def resolve(self, type_name: str, metadata: Mapping[str, Any] | None = None) -> type[Component] | None:
        """The component for a node's `data.type`, helped by the node's `metadata`; None when there is none.

        Tried in this order: the exact name; a former name; `ext:<bundle>:<Class>@<slot>`; the class that `metadata` names;
        the type taken as a class name, with or without a final `Component`. Code inside the node is never looked at.
        """
        self._load()
        found = self._components.get(type_name) or self._aliases.get(type_name)
        if found is not None:
            return found
        names = []
        if extension := _EXTENSION.fullmatch(type_name):
            names.append(extension["class_name"])
        for key in ("module", "component_class_name"):
            value = (metadata or {}).get(key)
            if isinstance(value, str):
                names.append(value.rpartition(".")[2])
        names.append(type_name)
        return next((cls for name in names if (cls := self._by_class(name)) is not None), None)

    def _by_class(self, name: str) -> type[Component] | None:
        for key in (name, name.removesuffix("Component")):
            found = self._classes.get(key) or self._aliases.get(key) or self._components.get(key)
            if found is not None:
                return found
        return None

    def explain(self, type_name: str, metadata: Mapping[str, Any] | None = None) -> Unsupported:
        """Why `resolve` finds nothing for this type, and what to do about it."""
        extension = _EXTENSION.fullmatch(type_name)
        return explain_unsupported(extension["class_name"] if extension else type_name, metadata)

    def catalogue(self) -> dict[str, dict[str, Any]]:
        """The body of `/api/v1/all`: category, then type name, then node template. Made once; not to be changed."""
        return self._catalogue

    @cached_property
    def _catalogue(self) -> dict[str, dict[str, Any]]:
        return describe(self.components)

    def _add_folder(self, folder: Path, origins: dict[str, Path]) -> None:
        if not folder.is_dir():
            raise SettingsError(f"{_VARIABLE}: there is no folder {folder}")
        for file in sorted([*folder.glob("*.py"), *folder.glob("*/*.py")]):
            if file.name == "__init__.py":
                continue
            for cls in _defined_in(_import_file(file)):
                if not cls.outputs:
                    continue
                cls.name = vars(cls).get("name") or cls.__name__
                cls.category = cls.category or (file.parent.name if file.parent != folder else "custom_components")
                if cls.name in origins:
                    raise SettingsError(
                        f"{_VARIABLE}: two components are named {cls.name!r}, in {origins[cls.name]} and {file}"
                    )
                origins[cls.name] = file
                self.register(cls)


def _defined_in(module: ModuleType) -> Iterator[type[Component]]:
    """Components that the module itself defines, helpers with a leading underscore left out."""
    for value in list(vars(module).values()):
        if (
            isinstance(value, type)
            and issubclass(value, Component)
            and value.__module__ == module.__name__
            and not value.__name__.startswith("_")
        ):
            yield value


def _import_file(file: Path) -> ModuleType:
    # A name of its own for every path: two folders may hold files of one name, and none may shadow a real module.
    digest = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]
    name = f"langflow_lite_components_{digest}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{_VARIABLE}: {file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise SettingsError(f"{_VARIABLE}: {_place(file, error)}: {type(error).__name__}: {error}") from error
    return module


def _place(file: Path, error: BaseException) -> str:
    """The file, with the line where importing it failed when that is known."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    return f"{file}, line {line}" if line else str(file)
