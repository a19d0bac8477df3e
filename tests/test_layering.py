"""Imports only go down. The rooms of the package from top to bottom, and who alone may use what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.serving import ROOT

PACKAGE = ROOT / "langflow_lite"
LAYERS = [
    {"__main__", "cli", "client", "serve", "check", "trust", "terminal", "app", "http", "playground"},
    {"runtime", "subflows", "loading", "flow_folder", "local", "telemetry"},
    {"jobs", "storage"},
    {"engine"},
    {"components", "compat"},
    {"models"},
    {"context"},
    {"graph", "exported", "groups", "flow", "drawing", "dotted", "overrides", "events", "job", "values", "ids"},
    {"settings", "setting_texts", "errors", "shortage", "chores", "logs", "metrics"},
]
# The package itself holds the version and may be read by everyone; what it imports is checked like the top.
ROOM_OF_PACKAGE = "__init__"
STRANGERS = {("jobs", "storage"), ("storage", "jobs")}
ONLY_IN = {
    "starlette": ("http/", "app.py"),
    "sse_starlette": ("http/sse.py",),
    "uvicorn": ("http/", "serve.py"),
    "aiosqlite": ("storage/",),
    "sqlite3": ("storage/",),
    "httpx2": ("models/", "components/", "context.py", "client.py"),
    "httptools": ("models/transport/",),
    "click": ("cli/",),
    "opentelemetry": ("telemetry/tracing.py",),
}
NOWHERE = {"langflow", "lfx", "langchain", "langchain_core", "pandas", "numpy", "fastapi", "pydantic", "requests"}
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "subprocess", "code", "codeop"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
# The code of users' components, once the operator has trusted its hash; nothing else is ever compiled.
MAY_CALL = {"compat/loader.py": {"exec", "compile"}}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer_of(room: str) -> int:
    if room == ROOM_OF_PACKAGE:
        return 0
    for number, rooms in enumerate(LAYERS):
        if room in rooms:
            return number
    raise AssertionError(f"{room} has no place in the layers: add it to LAYERS")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a module imports, anywhere in it, TYPE_CHECKING blocks included."""
    tree = ast.parse(path.read_text(), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = ["langflow_lite", *path.relative_to(PACKAGE).parts[:-1]]
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_down(path: Path):
    room = room_of(path)
    wrong = []
    for line, name in imports(path):
        parts = name.split(".")
        if parts[0] != "langflow_lite" or len(parts) == 1 or parts[1].startswith("__"):
            continue
        other = parts[1]
        if other == room:
            continue
        if layer_of(other) < layer_of(room) or (room, other) in STRANGERS:
            wrong.append(f"line {line}: {room} imports {other}")
    assert wrong == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_libraries_are_used_in_their_rooms_only(path: Path):
    wrong = []
    for line, name in imports(path):
        library = name.split(".")[0]
        allowed = ONLY_IN.get(library)
        if library in NOWHERE or (allowed is not None and not name_of(path).startswith(allowed)):
            wrong.append(f"line {line}: {library}")
    assert wrong == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_is_unpickled_evaluated_or_executed(path: Path):
    wrong = [f"line {line}: {name}" for line, name in imports(path) if name.split(".")[0] in UNSAFE_MODULES]
    calls = UNSAFE_CALLS - MAY_CALL.get(name_of(path), set())
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls:
            wrong.append(f"line {node.lineno}: {node.func.id}()")
    assert wrong == []


@cache
def offered(path: Path) -> set[str]:
    for node in ast.parse(path.read_text(), str(path)).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return set(ast.literal_eval(node.value))
    return set()


def test_modules_import_only_what_others_offer():
    wrong = []
    for path in modules():
        for line, name in imports(path):
            module, _, imported = name.removeprefix("langflow_lite.").rpartition(".")
            other = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
            if name.startswith("langflow_lite.") and other.is_file() and imported not in offered(other):
                wrong.append(f"{name_of(path)} line {line}: {name} is not in __all__")
    assert wrong == []


def test_every_library_is_a_declared_dependency():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {text.split(";")[0].split(">")[0].split("[")[0].strip() for text in project["dependencies"]}
    modules_of = {"python-dotenv": "dotenv", "python-multipart": "python_multipart", "sse-starlette": "sse_starlette"}
    known = {modules_of.get(name, name) for name in declared} | {"langflow_lite", *sys.stdlib_module_names}
    used = {name.split(".")[0] for path in modules() for _, name in imports(path)}
    assert used - {"opentelemetry"} <= known, "opentelemetry is an extra, imported only where traces are wanted"


def test_every_room_has_a_place():
    for path in modules():
        layer_of(room_of(path))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from langflow_lite.http import wire", "langflow_lite.http.wire"),
        ("def f():\n    import pickle", "pickle"),
        ("from ..storage import writer", "langflow_lite.storage.writer"),
        ("from . import run", "langflow_lite.engine.run"),
        ("if TYPE_CHECKING:\n    from starlette.types import Scope", "starlette.types.Scope"),
    ],
)
def test_imports_of_every_form_are_found(source: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    module = tmp_path / "engine" / "module.py"
    module.parent.mkdir()
    module.write_text(source)
    assert found in [name for _, name in imports(module)]
