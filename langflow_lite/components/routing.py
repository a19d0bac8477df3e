"""If-Else and Pass: which way a message goes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, coerce, field
from langflow_lite.components.regexes import matches_start
from langflow_lite.values import Data, Message

__all__ = ["ConditionalRouterComponent", "DataConditionalRouterComponent", "PassMessageComponent"]

_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "equals": operator.eq,
    "not equals": operator.ne,
    "contains": operator.contains,
    "starts with": str.startswith,
    "ends with": str.endswith,
}
_NUMBER_TESTS: dict[str, Callable[[float, float], bool]] = {
    "less than": operator.lt,
    "less than or equal": operator.le,
    "greater than": operator.gt,
    "greater than or equal": operator.ge,
}


class ConditionalRouterComponent(Component):
    """Compares two texts and passes a message on one of two ways."""

    name = "ConditionalRouter"
    aliases = ("If-Else",)
    display_name = "If-Else"
    category = "flow_controls"
    icon = "split"

    input_text: str = field(Kind.TEXT, "Text Input", required=True, info="The text to test.")
    operator: str = field(
        Kind.DROPDOWN,
        "Operator",
        "equals",
        options=(*_TEXT_TESTS, "regex", *_NUMBER_TESTS),
        info="`regex` matches from the start of the text; the last four compare numbers.",
    )
    match_text: str = field(Kind.TEXT, "Match Text", required=True, info="The text, number or pattern to test against.")
    case_sensitive: bool = field(Kind.BOOL, "Case Sensitive", True, advanced=True, info="Does not apply to `regex`.")
    true_case_message: Any = field(
        Kind.MESSAGE, "Case True", advanced=True, info="Sent when the test holds; empty: the text input."
    )
    false_case_message: Any = field(
        Kind.MESSAGE, "Case False", advanced=True, info="Sent when the test fails; empty: the text input."
    )
    max_iterations: int = field(
        Kind.INT, "Max Iterations", 10, advanced=True, info="Kept for old exports; only a Loop can repeat."
    )
    default_route: str = field(
        Kind.DROPDOWN,
        "Default Route",
        "false_result",
        options=("true_result", "false_result"),
        advanced=True,
        info="Kept for old exports; only a Loop can repeat.",
    )

    @output("true_result", "True")
    async def true_response(self) -> Message:
        """The message when the test holds; stops the way that is not taken."""
        return await self._route("true_result")

    @output("false_result", "False")
    async def false_response(self) -> Message:
        """The message when the test fails; stops the way that is not taken."""
        return await self._route("false_result")

    async def _route(self, wanted: str) -> Message:
        holds = await self._holds()
        taken, other = ("true_result", "false_result") if holds else ("false_result", "true_result")
        self.stop(other)
        if wanted != taken:
            return Message()
        message = self._case_message(holds)
        self.status = message
        return message

    def _case_message(self, holds: bool) -> Message:
        # Up to 1.4 one field served both ways.
        own = self.true_case_message if holds else self.false_case_message
        for candidate in (own, coerce(Kind.MESSAGE, self.extras.get("message"))):
            if isinstance(candidate, str) and candidate:
                return Message(text=candidate)
            if isinstance(candidate, Message) and (candidate.text or candidate.files or candidate.content_blocks):
                return candidate
        return Message(text=self.input_text)

    async def _holds(self) -> bool:
        text, match = self.input_text, self.match_text
        if self.operator == "regex":
            return await matches_start(match, text)
        if self.operator in _NUMBER_TESTS:
            try:
                return _NUMBER_TESTS[self.operator](float(text), float(match))
            except ValueError:
                return False
        test = _TEXT_TESTS.get(self.operator)
        if test is None:
            raise ValueError(f"there is no operator {self.operator!r}; use one of {', '.join(self._operators())}")
        return test(text, match) if self.case_sensitive else test(text.lower(), match.lower())

    @classmethod
    def _operators(cls) -> tuple[str, ...]:
        return cls.inputs["operator"].options


class PassMessageComponent(Component):
    """Passes a message on once another one has arrived too."""

    name = "Pass"
    display_name = "Pass"
    category = "flow_controls"
    icon = "arrow-right"
    legacy = True

    input_message: Any = field(Kind.MESSAGE, "Input Message", required=True, info="The message to pass on.")
    ignored_message: Any = field(Kind.MESSAGE, "Ignored Message", advanced=True, info="Only waited for.")

    @output("output_message", "Output Message")
    async def pass_message(self) -> Message:
        """The message, unchanged."""
        message = self.input_message
        self.status = message
        return message if isinstance(message, Message) else Message(text=message or "")


class DataConditionalRouterComponent(Component):
    """Sends records one of two ways by comparing one of their values."""

    name = "DataConditionalRouter"
    aliases = ("Condition",)
    display_name = "Condition"
    category = "flow_controls"
    icon = "split"
    legacy = True

    data_input: Any = field(Kind.DATA, "Data Input", is_list=True, info="The record or records to test.")
    key_name: str = field(Kind.TEXT, "Key Name", info="The key whose value is compared.")
    operator: str = field(
        Kind.DROPDOWN, "Operator", "equals", options=(*_TEXT_TESTS, "boolean validator"), info="How it is compared."
    )
    compare_value: str = field(Kind.TEXT, "Match Text", info="What it is compared with.")

    @output("true_output", "True Output", types=("Data", "JSON"))
    async def process_data_true(self) -> Any:
        """What matches."""
        return self._way(True)

    @output("false_output", "False Output", types=("Data", "JSON"))
    async def process_data_false(self) -> Any:
        """What does not; only when nothing matches."""
        return self._way(False)

    def _way(self, asked: bool) -> Any:
        items = self.data_input if isinstance(self.data_input, (list, tuple)) else [self.data_input]
        items = [item for item in items if isinstance(item, Data)]
        if len(items) == 1 and self.key_name not in items[0].data:
            self.status = f"Key '{self.key_name}' not found in Data"
            return Data({"error": self.status})
        matching = [item for item in items if self._matches(item)]
        self.stop("false_output" if matching else "true_output")
        if asked is not bool(matching):
            return None
        chosen = matching or items
        result = chosen[0] if len(items) == 1 else chosen
        self.status = result
        return result

    def _matches(self, item: Data) -> bool:
        if self.key_name not in item.data:
            return False
        value = item.data[self.key_name]
        if self.operator == "boolean validator":
            return value.strip().lower() in ("true", "1", "yes", "y", "on") if isinstance(value, str) else bool(value)
        test = _TEXT_TESTS.get(self.operator)
        return test is not None and test(str(value), self.compare_value)
