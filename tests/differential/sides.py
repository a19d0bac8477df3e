"""Both sides of the comparison: Langflow's component in a process of its own, and ours in this one."""

from __future__ import annotations

import inspect
import json
import math
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langflow_lite.components.inputs import coerce
from langflow_lite.components.registry import Registry
from langflow_lite.context import RunContext
from langflow_lite.values import Data, Message, Table
from tests.components.conftest import FakeNode

WORKER = Path(__file__).with_name("worker.py")
PATIENCE = 60.0


class Langflow:
    """A worker in Langflow's interpreter; see `worker.py` for what is said to it."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def run(self, class_: str, fields: Mapping[str, Any], outputs: Mapping[str, str] | None) -> dict[str, Any]:
        """What the component answers: `{"outputs", "stopped"}` or `{"error"}`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # A component that never ends would hold up the whole suite.
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.start()
        try:
            self._process.stdin.write(json.dumps({"class": class_, "fields": fields, "outputs": outputs}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"Langflow's side ended while it ran {class_}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Lite:
    """Our components, in a run that has nothing around it."""

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx
        self._registry = Registry()

    async def run(self, type_: str, fields: Mapping[str, Any], outputs: Mapping[str, str] | None) -> dict[str, Any]:
        """What the component of an exported type answers, in the form of the other side."""
        class_ = self._registry.resolve(type_)
        assert class_ is not None, f"there is no component {type_}"
        values = {name: decoded(value) for name, value in fields.items()}
        for name, value in values.items():
            if (own := class_.field_names.get(name)) is not None:
                values[name] = coerce(class_.inputs[own].kind, value) if not isinstance(value, list) else value
        component = class_(**values)
        component.ctx, component.node = self._ctx, FakeNode()
        names = {alias: spec for spec in class_.outputs.values() for alias in (*spec.aliases, spec.name)}
        wanted = outputs or {spec.name: spec.method for spec in class_.outputs.values() if not spec.hidden}
        made = {}
        try:
            for name in wanted:
                value = getattr(component, names[name].method)()
                made[name] = encoded(await value if inspect.isawaitable(value) else value)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return {"outputs": made, "stopped": sorted(component.stopped)}


def decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$message" in value:
        return Message(text=value["$message"])
    if "$data" in value:
        return Data(decoded(value["$data"]), text_key=value.get("text_key", "text"))
    if "$table" in value:
        return Table(decoded(value["$table"]))
    return {key: decoded(item) for key, item in value.items()}


def encoded(value: Any) -> Any:
    if isinstance(value, Table):
        return {"$table": encoded(value.rows)}
    if isinstance(value, Message):
        return {"$message": value.text}
    if isinstance(value, Data):
        return {"$data": encoded(value.data)}
    if isinstance(value, Mapping):
        return {str(key): encoded(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [encoded(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
