"""Runs Langflow's components for the differential test, inside the interpreter that has Langflow installed.

One JSON object a line on standard input, one answer a line on standard output. A request is
`{"type", "fields", "outputs"}`: the component's exported name, its inputs, and the methods to call by output name (null
for all that it declares). The answer is `{"outputs": {name: value}, "stopped": [names]}` or `{"error": text}`. Values
that JSON lacks are written `{"$message": text}`, `{"$data": dict}` and `{"$table": rows}`.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import math
import os
import sys
from typing import Any

os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("LANGFLOW_LOG_LEVEL", "CRITICAL")

from lfx.schema.data import Data
from lfx.schema.dataframe import DataFrame
from lfx.schema.message import Message


def decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$message" in value:
        return Message(text=value["$message"])
    if "$data" in value:
        return Data(data=decoded(value["$data"]), text_key=value.get("text_key", "text"))
    if "$table" in value:
        return DataFrame(decoded(value["$table"]))
    return {key: decoded(item) for key, item in value.items()}


def encoded(value: Any) -> Any:
    if isinstance(value, DataFrame):
        return {"$table": encoded(value.to_dict(orient="records"))}
    if isinstance(value, Message):
        return {"$message": value.text if isinstance(value.text, str) else str(value.text)}
    if isinstance(value, Data):
        return {"$data": encoded(value.data)}
    if isinstance(value, dict):
        return {str(key): encoded(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [encoded(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return f"<{type(value).__name__}>"


async def run(request: dict[str, Any]) -> dict[str, Any]:
    module, _, name = request["class"].rpartition(".")
    component = getattr(importlib.import_module(module), name)()
    stopped: set[str] = set()
    # Routers tell the graph around them; here there is none.
    component.stop = stopped.add
    if hasattr(component, "iterate_and_stop_once"):
        component.iterate_and_stop_once = stopped.add
    component.set(**decoded(request["fields"]))
    methods = request["outputs"] or {output.name: output.method for output in component.outputs}
    outputs = {}
    for output, method in methods.items():
        value = getattr(component, method)()
        outputs[output] = encoded(await value if inspect.isawaitable(value) else value)
    return {"outputs": outputs, "stopped": sorted(stopped)}


async def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    # What Langflow prints must not get among the answers.
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            answer = await run(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    asyncio.run(main())
