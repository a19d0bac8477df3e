"""Calculator: arithmetic on an expression, parsed here; nothing is ever evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.tools import Tool
from langflow_lite.values import Data

__all__ = ["CalculatorComponent", "CalculatorToolComponent", "calculate", "calculator_tool"]

_TOKEN = re.compile(r"\s*(?:(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<sign>\*\*|//|[-+*/%()^]))")
_MAX_LENGTH = 1000
_MAX_DEPTH = 50
# Python prints no longer integers than 4300 digits.
_MAX_BITS = 10_000


def calculate(expression: str) -> int | float:
    """The value of an expression of numbers, brackets and `+ - * / // % **`.

    Raises `ValueError` for anything else and for results that are too large, and `ZeroDivisionError`.
    """
    if len(expression) > _MAX_LENGTH:
        raise ValueError(f"more than {_MAX_LENGTH} characters")
    parser = _Parser(expression)
    try:
        value = parser.sum()
    except OverflowError:
        raise ValueError("the result is too large") from None
    parser.expect_end()
    return value


class _Parser:
    """Recursive descent with Python's precedence: powers, signs, products, sums."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError(f"unexpected {text[position:].strip()[:20]!r}")
            self._tokens.append(match["number"] or match["sign"])
            position = match.end()
        self._next = 0
        self._depth = 0

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def expect_end(self) -> None:
        if self._peek():
            raise ValueError(f"unexpected {self._peek()!r}")

    def sum(self) -> int | float:
        value = self._product()
        while self._peek() in ("+", "-"):
            value = value + self._product() if self._take() == "+" else value - self._product()
        return _bounded(value)

    def _product(self) -> int | float:
        value = self._signed()
        while self._peek() in ("*", "/", "//", "%"):
            sign = self._take()
            other = self._signed()
            if sign == "*":
                value = _bounded(value * other)
            elif sign == "/":
                value = value / other
            else:
                value = value // other if sign == "//" else value % other
        return value

    def _signed(self) -> int | float:
        if self._peek() in ("+", "-"):
            with_sign = self._take()
            value = self._nested(self._signed)
            return -value if with_sign == "-" else value
        return self._power()

    def _power(self) -> int | float:
        base = self._atom()
        if self._peek() not in ("**", "^"):
            return base
        self._take()
        return _power(base, self._nested(self._signed))

    def _atom(self) -> int | float:
        part = self._take()
        if part == "(":
            value = self._nested(self.sum)
            if self._take() != ")":
                raise ValueError("a bracket is not closed")
            return value
        if not part or not (part[0].isdigit() or part[0] == "."):
            raise ValueError(f"a number is missing before {part!r}" if part else "it ends where a number is missing")
        return int(part) if part.replace("_", "").isdecimal() else float(part)

    def _nested(self, part: Callable[[], int | float]) -> int | float:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"more than {_MAX_DEPTH} levels deep")
        try:
            return part()
        finally:
            self._depth -= 1


def _power(base: int | float, exponent: int | float) -> int | float:
    whole = isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1
    # Judged before it is worked out: the result alone could fill the memory.
    if whole and abs(exponent) * int(base).bit_length() > _MAX_BITS:
        raise ValueError("the result is too large")
    value: Any = base**exponent
    if isinstance(value, complex):
        raise ValueError("the result is not a real number")
    return _bounded(value)


def _bounded(value: Any) -> int | float:
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise ValueError("the result is too large")
    if isinstance(value, float) and value - value != 0:
        raise ValueError("the result is too large")
    number: int | float = value
    return number


def _shown(value: int | float) -> str:
    """Six decimals at most, without trailing zeros."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _evaluate(expression: str) -> dict[str, Any]:
    try:
        return {"result": _shown(calculate(expression))}
    except ZeroDivisionError:
        reason = "Error: Division by zero"
    except ValueError as error:
        reason = f"Invalid expression: {error}"
    return {"error": reason, "input": expression}


class CalculatorComponent(Component):
    """Works out an arithmetic expression."""

    name = "CalculatorComponent"
    display_name = "Calculator"
    category = "utilities"
    icon = "calculator"
    aliases = ("Calculator",)

    expression: str = field(
        Kind.TEXT,
        "Expression",
        tool_mode=True,
        info="Numbers, brackets and + - * / ** only, such as 4*4*(33/22)+12-20.",
    )

    @output("result", "JSON", types=("JSON", "Data"), info="Work out an arithmetic expression.")
    async def evaluate_expression(self) -> Data:
        """`{"result"}` as text, or `{"error", "input"}`: what cannot be worked out is an answer too."""
        found = _evaluate(self.expression)
        self.status = found.get("result", found.get("error"))
        return Data(found)


class CalculatorToolComponent(Component):
    """Works out an arithmetic expression, as a tool for an agent."""

    name = "CalculatorTool"
    display_name = "Calculator [DEPRECATED]"
    category = "utilities"
    icon = "calculator"
    legacy = True

    expression: str = field(
        Kind.TEXT,
        "Expression",
        tool_mode=True,
        info="Numbers, brackets and + - * / ** only, such as 4*4*(33/22)+12-20.",
    )

    @output("api_run_model", "JSON", types=("JSON", "Data"), aliases=("run_model",))
    async def run_model(self) -> list[Data]:
        """A list of one record, `{"result"}` or `{"error", "input"}`."""
        found = _evaluate(self.expression)
        self.status = found.get("result", found.get("error"))
        return [Data(found)]

    @output("api_build_tool", "Tool", types=("Tool",), aliases=("build_tool",))
    async def build_tool(self) -> Tool:
        """The tool `calculator`."""
        return calculator_tool("calculator", self.node.id)


def calculator_tool(name: str, source: str = "") -> Tool:
    """The calculator as a tool with one argument, `expression`."""

    async def call(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return _evaluate(str(arguments.get("expression", "")))

    expression = {"type": "string", "description": "Numbers, brackets and + - * / ** only, such as 2*(3+4)."}
    schema = {"type": "object", "properties": {"expression": expression}, "required": ["expression"]}
    return Tool(name, "Work out an arithmetic expression.", schema, call, source=source)
