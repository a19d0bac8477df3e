"""Python in the fields of a node, which runs once the operator has trusted exactly this source."""

from __future__ import annotations

import importlib
import inspect
import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import anyio.to_thread

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.tools import Tool
from langflow_lite.errors import ComponentError, LangflowError
from langflow_lite.exported import code_hash
from langflow_lite.values import Data, Message

__all__ = [
    "PythonCodeStructuredTool",
    "PythonFunctionComponent",
    "PythonREPLComponent",
    "PythonREPLToolComponent",
]

# What a flow may have imported without the operator's having seen it.
_MODULES = frozenset(
    {"collections", "datetime", "decimal", "fractions", "functools", "itertools", "json", "math", "numpy", "pandas"}
    | {"random", "re", "statistics", "string", "textwrap"}
)
_JSON_TYPES = {int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


class _PythonCode(Component):
    category = "prototypes"
    icon = "Python"

    def _run(self, code: str, given: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        if self.ctx.trusted is None or code_hash(code) not in self.ctx.trusted:
            # What is in the file was looked at before the run, so this came later.
            raise ComponentError(
                "code that a request, a model or another component writes is never run here, "
                "only what the operator has trusted in the flow"
            )
        return self.ctx.trusted.run(code, given or {})

    def _printed(self, code: str, imports: str) -> dict[str, Any]:
        """`result`, what a source prints that has these modules imported, or `error`."""
        printed = io.StringIO()
        try:
            modules = {name: importlib.import_module(name) for name in _modules(imports)}
            self._run(code, {**modules, "print": partial(print, file=printed)})
        except ImportError as error:
            return {"error": f"Import Error: {error}"}
        except LangflowError as error:
            if error.__cause__ is None:
                raise
            kind = "Syntax Error" if isinstance(error.__cause__, SyntaxError) else "Error during execution"
            return {"error": f"{kind}: {error.__cause__}"}
        return {"result": printed.getvalue().strip()}

    def _function(self, code: str, name: str = "") -> Callable[..., Any]:
        """The function that a source defines: of this name, else the first."""
        names = self._run(code)
        found = [
            value for value in names.values() if inspect.isfunction(value) and value.__module__ == names["__name__"]
        ]
        named = [function for function in found if function.__name__ == name] or ([] if name else found)
        if not named:
            raise ComponentError(f"the code defines no function {name}".rstrip())
        return named[0]


def _modules(imports: str) -> list[str]:
    names = [name.strip() for name in imports.split(",") if name.strip()]
    if refused := [name for name in names if name not in _MODULES]:
        raise ComponentError(f"{refused[0]} is not imported for the code: write the import into the code itself")
    return names


class PythonFunctionComponent(_PythonCode):
    """Runs a Python function without arguments and gives what it returns."""

    name = "PythonFunction"
    display_name = "Python Function"
    legacy = True
    code_fields = ("function_code",)

    function_code: str = field(Kind.CODE, "Function Code", info="The source of the function.")

    @output("function_output_data", "Function Output (JSON)", types=("JSON", "Data"))
    def execute_function_data(self) -> list[Data]:
        """A record for each item it returns."""
        return [Data({"text": item} if isinstance(item, str) else dict(item)) for item in self._results()]

    @output("function_output_str", "Function Output (Message)", types=("Message",))
    def execute_function_message(self) -> Message:
        """What it returns as text, an item a line."""
        return Message(text="\n".join(map(str, self._results())))

    def _results(self) -> list[Any]:
        if not self.function_code.strip():
            return ["No function code provided."]
        function = self._function(self.function_code)
        try:
            returned = function()
        except Exception as error:
            returned = f"Error executing function: {error}"
        self.status = returned
        return returned if isinstance(returned, list) else [returned]


class PythonREPLComponent(_PythonCode):
    """Runs Python code and gives what it prints."""

    name = "PythonREPLComponent"
    aliases = ("Python Interpreter", "PythonREPL")
    display_name = "Python Interpreter"
    category = "utilities"
    icon = "square-terminal"
    code_fields = ("python_code",)

    global_imports: str = field(
        Kind.STR, "Global Imports", "math", required=True, info="Modules the code finds imported, comma-separated."
    )
    python_code: str = field(
        Kind.MULTILINE,
        "Python Code",
        "print('Hello, World!')",
        required=True,
        tool_mode=True,
        info="The source; what it prints is the result.",
    )

    @output("results", "Results", types=("JSON", "Data"))
    def run_python_repl(self) -> Data:
        """`result`, what was printed, or `error`."""
        found = self._printed(self.python_code, self.global_imports)
        self.status = found
        return Data(found)


class PythonREPLToolComponent(_PythonCode):
    """Offers an agent a Python shell, in which only code runs that the operator has trusted."""

    name = "PythonREPLTool"
    aliases = ("Python REPL Tool",)
    display_name = "Python REPL Tool"
    category = "tools"
    legacy = True

    tool_name: str = field(Kind.STR, "Tool Name", "python_repl", aliases=("name",))
    tool_description: str = field(
        Kind.STR, "Tool Description", "A Python shell. Print what you want to see.", aliases=("description",)
    )
    global_imports: str = field(Kind.STR, "Global Imports", "math", info="Modules the code finds imported.")

    async def lacks(self) -> list[str]:
        """That models' own code does not run."""
        return ["it runs no code that a model writes; a model that calls it is told so"]

    @output("api_build_tool", "Tool", types=("Tool",), aliases=("build_tool",))
    async def build_tool(self) -> Tool:
        """The shell, with one argument, `code`."""

        async def call(arguments: Mapping[str, Any]) -> dict[str, Any]:
            run = partial(self._printed, str(arguments.get("code") or ""), self.global_imports)
            return await anyio.to_thread.run_sync(run, abandon_on_cancel=True, limiter=self.ctx.threads)

        code = {"type": "string", "description": "The Python code."}
        schema = {"type": "object", "properties": {"code": code}, "required": ["code"]}
        return Tool(self.tool_name, self.tool_description, schema, call, source=self.node.id)


class PythonCodeStructuredTool(_PythonCode):
    """Makes a tool of a Python function."""

    name = "PythonCodeStructuredTool"
    aliases = ("Python Code Structured",)
    display_name = "Python Code Structured"
    category = "tools"
    legacy = True
    code_fields = ("tool_code",)

    tool_code: str = field(Kind.MULTILINE, "Tool Code", required=True, info="The source of the function.")
    tool_name: str = field(Kind.TEXT, "Tool Name", required=True)
    tool_description: str = field(Kind.TEXT, "Description", required=True, info="When the model should use it.")
    return_direct: bool = field(Kind.BOOL, "Return Directly", info="Without effect.")
    tool_function: str = field(Kind.DROPDOWN, "Tool Function", info="The function's name; empty: the first.")

    @output("result_tool", "Tool", types=("Tool",), aliases=("build_tool",))
    async def build_tool(self) -> Tool:
        """The function as a tool whose arguments are its parameters."""
        limiter = self.ctx.threads
        function = await anyio.to_thread.run_sync(self._function, self.tool_code, self.tool_function, limiter=limiter)
        parameters = inspect.signature(function, eval_str=True).parameters.values()
        schema = {
            "type": "object",
            "properties": {one.name: {"type": _JSON_TYPES.get(one.annotation, "string")} for one in parameters},
            "required": [one.name for one in parameters if one.default is inspect.Parameter.empty],
        }

        async def call(arguments: Mapping[str, Any]) -> Any:
            return await anyio.to_thread.run_sync(partial(function, **arguments), limiter=limiter)

        return Tool(self.tool_name or function.__name__, self.tool_description, schema, call, source=self.node.id)
