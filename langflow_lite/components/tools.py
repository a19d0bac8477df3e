"""Tool: what an agent may call. Any component becomes one or more of them in tool mode."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from langflow_lite.components.inputs import Input, Kind, coerce
from langflow_lite.models.base import ToolSpec
from langflow_lite.values import Data, Message, Table, to_json, to_text

if TYPE_CHECKING:
    from langflow_lite.components.base import Component, Output

__all__ = ["Tool", "component_tools", "edited", "isolated", "result_text", "tool_name", "unique_names"]

_log = logging.getLogger(__name__)
_MAX_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# A method of such a name says nothing about what the tool does.
_GENERIC = frozenset({"run", "process", "output", "build_output", "execute", "handler", "main", "build_result"})
_JSON_TYPES: Mapping[Kind, str] = {
    Kind.STR: "string",
    Kind.TEXT: "string",
    Kind.MULTILINE: "string",
    Kind.QUERY: "string",
    Kind.MESSAGE: "string",
    Kind.PROMPT: "string",
    Kind.DROPDOWN: "string",
    Kind.TAB: "string",
    Kind.INT: "integer",
    Kind.FLOAT: "number",
    Kind.SLIDER: "number",
    Kind.BOOL: "boolean",
    Kind.DICT: "object",
    Kind.NESTED_DICT: "object",
}


class Tool:
    """Something a model may call by name.

    `parameters` is the JSON schema of its arguments, an object; `call` takes the arguments and returns any value, which
    `result_text` turns into what the model reads. `source` is the vertex it comes from, `tags` what the file calls it.
    """

    __slots__ = ("call", "description", "name", "parameters", "return_direct", "source", "tags")

    def __init__(
        self,
        name: str,
        description: str,
        parameters: Mapping[str, Any],
        call: Callable[[Mapping[str, Any]], Awaitable[Any]],
        *,
        source: str = "",
        tags: Sequence[str] = (),
        return_direct: bool = False,
    ) -> None:
        self.name = tool_name(name)
        self.description = description
        self.parameters = parameters
        self.call = call
        self.source = source
        self.tags = tuple(tags) or (name,)
        self.return_direct = return_direct

    def __str__(self) -> str:
        return self.name

    @property
    def spec(self) -> ToolSpec:
        """The tool as models are told of it."""
        return ToolSpec(self.name, self.description, self.parameters)

    def renamed(self, name: str, description: str = "") -> Tool:
        """The same tool under another name, and with another description if one is given."""
        return Tool(
            name,
            description or self.description,
            self.parameters,
            self.call,
            source=self.source,
            tags=self.tags,
            return_direct=self.return_direct,
        )


def tool_name(text: str) -> str:
    """A name that every provider accepts: letters, digits, `_` and `-`, at most 64 of them."""
    return _NOT_IN_NAMES.sub("-", text.strip())[:_MAX_NAME] or "tool"


def unique_names(tools: Iterable[Tool]) -> list[Tool]:
    """The tools of one agent: every one whose name is not its own gets the id of its vertex behind it."""
    given = list(tools)
    count: dict[str, int] = {}
    for tool in given:
        count[tool.name] = count.get(tool.name, 0) + 1
    named: dict[str, Tool] = {}
    for tool in given:
        name = tool.name
        if count[name] > 1 and tool.source:
            suffix = "_" + re.sub(r"[^A-Za-z0-9_]", "_", tool.source)
            name = name[: _MAX_NAME - len(suffix)] + suffix
        base, number = name, 1
        while name in named:
            number += 1
            name = f"{base[: _MAX_NAME - 4]}_{number}"
        named[name] = tool if name == tool.name else tool.renamed(name)
    return list(named.values())


def edited(tools: Sequence[Tool], rows: Any, find: Callable[[str], Tool | None] | None = None) -> list[Tool]:
    """The tools as the user edited them (`tools_metadata` of a node): renamed, described anew, left out.

    A row means the tool of its first tag; rows of 1.2 and 1.3 put the component's type in front of it. `find` knows
    names of older releases. Rows that mean no tool are passed over; without one that does, the tools are as they were.
    """
    wanted = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, (list, tuple)) else []
    kept: dict[str, Tool] = {}
    known = False
    for row in wanted:
        tags = row.get("tags")
        name = str(row.get("name") or "")
        tag = str(tags[0]) if isinstance(tags, (list, tuple)) and tags else name
        tool = _tagged(tools, tag) or (find(tag.rpartition("-")[2]) if find is not None else None)
        if tool is None:
            _log.warning("A tool named %r is listed in the flow, and its component does not have it.", tag)
            continue
        known = True
        if row.get("status") is False:
            continue
        made = tool.renamed(name or tool.name, str(row.get("description") or ""))
        kept[made.name] = made
    return list(kept.values()) if known else list(tools)


def _tagged(tools: Sequence[Tool], tag: str) -> Tool | None:
    for tool in tools:
        if tag in tool.tags or any(tag.endswith(f"-{own}") for own in tool.tags):
            return tool
    return None


def result_text(value: Any) -> str:
    """What a model reads of a tool's result: text as it is, a table as Markdown, everything else as JSON."""
    if isinstance(value, (str, Message, Table)):
        return to_text(value)
    if isinstance(value, Data):
        value = value.data
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        value = [
            item.data if isinstance(item, Data) else to_text(item) if isinstance(item, Message) else item
            for item in value
        ]
    return to_json(value).decode()


def component_tools(component: Component, rows: Any = None) -> list[Tool]:
    """The tools that a component with all its inputs in place offers, edited by the rows of `tools_metadata`.

    One for each output that is meant as a tool, named after its method. Its arguments are the inputs marked for tool
    mode, else the plain ones that a user sees first. Every call runs on a copy of the component.
    """
    outputs = [spec for spec in type(component).outputs.values() if _usable(spec)]
    offered = [spec for spec in outputs if spec.tool_mode and not spec.hidden]
    tools = [_tool_of(component, spec, alone=len(offered) == 1) for spec in offered]

    def older(name: str) -> Tool | None:
        spec = next((spec for spec in outputs if name in (spec.name, spec.method) or name in spec.aliases), None)
        return _tool_of(component, spec, alone=False) if spec is not None else None

    return edited(tools, rows, older)


def _usable(spec: Output) -> bool:
    return not {"Tool", "LanguageModel", "Embeddings"} & set(spec.types)


def _tool_of(component: Component, spec: Output, *, alone: bool) -> Tool:
    cls = type(component)
    name = spec.tool_name or spec.method
    if alone and name in _GENERIC:
        name = _WORD_START.sub("_", cls.__name__).lower()
    arguments = _arguments(component)
    description = spec.info or component.description

    async def call(given: Mapping[str, Any]) -> Any:
        copy = isolated(component)
        for key, value in given.items():
            field = arguments.get(key)
            if field is None:
                raise ValueError(f"there is no argument {key!r}; known are: {', '.join(arguments) or 'none'}")
            setattr(copy, key, _argument(field, value, key))
        method = getattr(copy, spec.method)
        if spec.is_async:
            return await method()
        return await anyio.to_thread.run_sync(method, abandon_on_cancel=True, limiter=component.ctx.threads)

    tags = (spec.method, spec.name, *spec.aliases, *((spec.tool_name,) if spec.tool_name else ()))
    return Tool(
        name,
        description,
        _schema(component, arguments),
        call,
        source=component.node.id,
        tags=tuple(dict.fromkeys(tags)),
    )


def isolated(component: Component) -> Any:
    """A fresh component of the same class, place and inputs, that shares no state with the given one."""
    cls = type(component)
    copy = cls()
    copy.ctx = component.ctx
    copy.node = component.node
    for key in cls.inputs:
        if key in component.__dict__:
            value = component.__dict__[key]
            setattr(
                copy, key, list(value) if isinstance(value, list) else dict(value) if type(value) is dict else value
            )
    copy.extras = dict(component.extras)
    return copy


def _argument(field: Input, value: Any, key: str) -> Any:
    try:
        if field.is_list:
            items = list(value) if isinstance(value, (list, tuple)) else [value]
            return [coerce(field.kind, item) for item in items]
        if field.kind is Kind.TABLE and isinstance(value, str):
            return value
        return coerce(field.kind, value)
    except ValueError as error:
        raise ValueError(f"the argument {key!r} cannot be used: {error}") from None


def _arguments(component: Component) -> dict[str, Input]:
    inputs = type(component).inputs
    marked = {key: field for key, field in inputs.items() if field.tool_mode}
    if marked:
        return marked
    return {
        key: field
        for key, field in inputs.items()
        if field.kind in _JSON_TYPES and field.show and not field.advanced and component.node.source_of(key) is None
    }


def _schema(component: Component, arguments: Mapping[str, Input]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for key, field in arguments.items():
        item: dict[str, Any] = {"type": _JSON_TYPES.get(field.kind, "string")}
        if field.kind in (Kind.DROPDOWN, Kind.TAB) and field.options and not (field.extra or {}).get("combobox"):
            item["enum"] = list(field.options)
        described: dict[str, Any] = {"type": "array", "items": item} if field.is_list else item
        described["description"] = field.info or field.display_name
        default = _default(getattr(component, key, None))
        if default is not None:
            described["default"] = default
        elif field.required or field.kind is Kind.HANDLE:
            required.append(key)
        properties[key] = described
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _default(value: Any) -> Any:
    """The node's own value as the schema states it; None when it has none that JSON could show."""
    if isinstance(value, Message):
        value = value.text
    if isinstance(value, (list, tuple)):
        plain = all(isinstance(item, (str, int, float)) for item in value)
        return list(value) if value and plain else None
    return value if isinstance(value, (str, int, float)) and value != "" else None
