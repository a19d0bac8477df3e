"""Prompt Template: text with variables."""

from __future__ import annotations

from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.templates import fill, fill_mustache
from langflow_lite.values import Data, Message, to_text

__all__ = ["PromptComponent"]


class PromptComponent(Component):
    """Fills the variables of a template with values and with what other components send."""

    name = "Prompt Template"
    aliases = ("Prompt",)
    display_name = "Prompt Template"
    category = "models_and_agents"
    icon = "prompts"

    template: str = field(Kind.PROMPT, "Template", info="Text with {variables}; each becomes a field of the node.")
    use_double_brackets: bool = field(
        Kind.BOOL,
        "Use Double Brackets",
        advanced=True,
        info="Write variables as {{name}}; single braces are plain text.",
    )
    tool_placeholder: str = field(Kind.TEXT, "Tool Placeholder", tool_mode=True, advanced=True, show=False)

    @output("prompt", "Prompt")
    async def build_prompt(self) -> Message:
        """The filled template; files of inserted messages ride along, so that a model sees them.

        Raises `ValueError` for a variable that the node has no field for.
        """
        files: dict[str, None] = {}

        def value_of(name: str) -> Any:
            if name not in self.extras:
                raise ValueError(_no_field(name, double=self.use_double_brackets))
            value = self.extras[name]
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(item, Message):
                    files.update(dict.fromkeys(item.files))
            return _inserted(value)

        text = (fill_mustache if self.use_double_brackets else fill)(self.template, value_of)
        self.status = text
        return Message(text=text, files=list(files))


def _inserted(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return str([_inserted(item) for item in value])
    if isinstance(value, Message):
        return value.text
    if isinstance(value, Data):
        return value.get_text() if value.text_key in value.data else str(value.data)
    return value if isinstance(value, str) else to_text(value)


def _no_field(name: str, *, double: bool) -> str:
    shown = f"{{{{{name}}}}}" if double else f"{{{name}}}"
    advice = f"give the node a field {name!r}"
    return f"the template uses {shown}, which is no field of this node; {advice}" + (
        "" if double else ", or write {{ and }} for literal braces"
    )
