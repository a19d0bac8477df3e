"""Smart Transform: a language model writes how data is to be changed, and that is run.

Langflow has the model write a Python lambda. Here it writes a jq filter, which can do the same to data and nothing else.
"""

from __future__ import annotations

import json
import re
from typing import Any

import anyio.to_thread

from langflow_lite.components.base import output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.jq import run_jq
from langflow_lite.components.model_choice import ModelUser
from langflow_lite.components.shaping import records_in
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import ChatMessage
from langflow_lite.values import Data, Message, Table, to_json

__all__ = ["SmartTransformComponent"]

_FENCE = re.compile(r"```(?:jq|bash|sh|json)?\s*\n?(.*?)```", re.DOTALL)
_COMMAND = re.compile(r"jq\s+(?:-\w+\s+)*'(.*)'\s*\Z", re.DOTALL)
_SYSTEM = """\
You write filters in the language jq, version 1.7. The user describes how some input is to be transformed and shows you
the input or its beginning and end. Answer with one jq filter that has a single result, the transformed input, and with
nothing else: no explanation, no quotes around it, no command. Text is given to the filter as one JSON string."""
_STRUCTURE_DEPTH = 6


class SmartTransformComponent(ModelUser):
    """Transforms data or text as a language model understands the instructions."""

    name = "Smart Transform"
    aliases = ("LambdaFilter", "Smart Function", "SmartTransform", "LambdaFilterComponent")
    display_name = "Smart Transform"
    icon = "square-function"

    data: Any = field(
        Kind.HANDLE,
        "JSON",
        is_list=True,
        required=True,
        input_types=("Data", "JSON", "DataFrame", "Table", "Message"),
        info="The data, or the text, to transform.",
    )
    filter_instruction: str = field(
        Kind.MULTILINE, "Instructions", "Transform the data to...", required=True, info="What is to be done with it."
    )
    sample_size: int = field(
        Kind.INT, "Sample Size", 1000, advanced=True, info="Of data that is too long: how much the model is shown."
    )
    max_size: int = field(
        Kind.INT, "Max Size", 30000, advanced=True, info="From how many characters on data is too long to be shown."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._made: tuple[Any] | None = None

    @output("data_output", "Output", types=("JSON", "Data"), aliases=("filtered_data", "process_as_data"))
    async def process_as_data(self) -> Data:
        """The result: an object as it is, a list under `_results`, anything else as text."""
        result = await self._result()
        if isinstance(result, dict):
            return Data(result)
        return Data({"_results": result} if isinstance(result, list) else {"text": _text(result)})

    @output("dataframe_output", "Output", types=("Table", "DataFrame"), aliases=("dataframe", "process_as_dataframe"))
    async def process_as_dataframe(self) -> Table:
        """The result as rows: a list of objects, an object as the only row, anything else under `value`."""
        result = await self._result()
        items = result if isinstance(result, list) else [result]
        if all(isinstance(item, dict) for item in items):
            return Table(items)
        return Table({"value": item} for item in items)

    @output("message_output", "Output", types=("Message",), aliases=("process_as_message",))
    async def process_as_message(self) -> Message:
        """The result as text; of a list, an item a line."""
        result = await self._result()
        return Message(text="\n".join(map(_text, result)) if isinstance(result, list) else _text(result))

    async def _result(self) -> Any:
        if self._made is None:
            self._made = (await self._transformed(),)
            self.status = self._made[0]
        return self._made[0]

    def _input(self) -> Any:
        items = self.data if isinstance(self.data, (list, tuple)) else [self.data]
        if items and all(isinstance(item, (Message, str)) for item in items):
            return "\n".join(item.text if isinstance(item, Message) else item for item in items)
        records = list(records_in(items))
        return records[0] if len(records) == 1 and not isinstance(items[0], Table) else records

    def _shown(self, value: Any) -> str:
        text = value if isinstance(value, str) else to_json(value).decode()
        if len(text) > self.max_size:
            size = max(1, self.sample_size)
            text = f"{text[:size]}\n... ({len(text)} characters in all) ...\n{text[-size:]}"
        if isinstance(value, str):
            return f"The text:\n{text}"
        return f"The structure of the data:\n{json.dumps(_structure(value))}\n\nThe data:\n{text}"

    async def _transformed(self) -> Any:
        value = self._input()
        question = f"{self._shown(value)}\n\nWhat to do:\n{self.filter_instruction}"
        talk = [ChatMessage(role="system", text=_SYSTEM), ChatMessage(role="user", text=question)]
        answer = await self.complete(talk)
        try:
            return await self._run(answer, value)
        except ValueError as error:
            # Once the model has seen what is wrong with it, it can mend most filters.
            talk += [
                ChatMessage(role="assistant", text=answer),
                ChatMessage(role="user", text=f"jq says: {error}\nWrite the filter again, without this mistake."),
            ]
        answer = await self.complete(talk)
        try:
            return await self._run(answer, value)
        except ValueError as error:
            raise ComponentError(
                f"the model wrote no filter that works on this data: {error}. Put the instructions in other words, or "
                "use an Operations component"
            ) from error

    async def _run(self, answer: str, value: Any) -> Any:
        program = _program(answer)
        self.log(program, name="Filter")
        results = await anyio.to_thread.run_sync(run_jq, program, value, limiter=self.ctx.threads)
        return results[0] if len(results) == 1 else results


def _program(answer: str) -> str:
    """The filter in what a model answers: without a code fence, and without the command around it."""
    fenced = _FENCE.search(answer)
    program = (fenced[1] if fenced else answer).strip()
    command = _COMMAND.match(program)
    return (command[1] if command else program.strip("`")).strip()


def _structure(value: Any, depth: int = _STRUCTURE_DEPTH) -> Any:
    """The value with every leaf replaced by its type, and every list by its first item."""
    if isinstance(value, dict) and depth:
        return {key: _structure(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list) and depth:
        return [_structure(item, depth - 1) for item in value[:1]]
    return type(value).__name__


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value).decode()
