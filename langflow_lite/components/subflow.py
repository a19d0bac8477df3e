"""Run Flow, Sub Flow and Flow as Tool: other stored flows as parts of this one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from langflow_lite.components.base import Component, Output, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.tools import Tool, edited, result_text
from langflow_lite.context import ChildFlow, Flows
from langflow_lite.errors import ComponentError
from langflow_lite.values import Data, Message, Table, data_fields, to_text

__all__ = ["FlowToolComponent", "RunFlowComponent", "SubFlowComponent"]

_OF_A_VERTEX = "~"
_UNNAMED = re.compile(r"[^A-Za-z0-9_-]+")

Results = Mapping[str, Mapping[str, Any]]


class _FlowRunner(Component):
    """Base of the components that run one other flow, once."""

    category = "flow_controls"
    icon = "Workflow"

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._results: Results | None = None

    def _chosen(self) -> tuple[str, str]:
        """Id and name of the flow; either may be empty."""
        raise NotImplementedError

    @property
    def _flows(self) -> Flows:
        if self.ctx.flows is None:
            raise ComponentError("no other flow can be run from here")
        return self.ctx.flows

    async def _child(self) -> ChildFlow:
        id_, name = self._chosen()
        if not id_ and not name:
            raise ComponentError("no flow is chosen")
        return await self._flows.find(id_, name)

    async def _run(self, child: ChildFlow, fields: Mapping[str, Any], *, separator: str, text: str = "") -> Results:
        """Run the flow; `fields` are named `<vertex id><separator><field>`."""
        tweaks: dict[str, dict[str, Any]] = {}
        for key, value in fields.items():
            vertex_id, found, name = key.rpartition(separator)
            if found and value not in (None, ""):
                tweaks.setdefault(vertex_id, {})[name] = to_text(value) if isinstance(value, (Message, Data)) else value
        return await self._flows.run(child.id, tweaks=tweaks, input_value=text or None, session_id=self._session())

    def _session(self) -> str:
        return str(getattr(self, "session_id", "") or self.ctx.session_id)


class RunFlowComponent(_FlowRunner):
    """Runs another flow, or offers it to an agent as a tool."""

    name = "RunFlow"
    aliases = ("Run Flow", "RunFlowComponent")
    display_name = "Run Flow"

    flow_name_selected: str = field(
        Kind.DROPDOWN, "Flow Name", aliases=("flow_name",), info="The flow to run, by its name.", combobox=True
    )
    flow_id_selected: str = field(
        Kind.STR, "Flow ID", show=False, info="The flow to run, by its id; outranks the name."
    )
    session_id: str = field(Kind.TEXT, "Session ID", advanced=True, info="Empty: the session of the run.")
    input_value: str = field(Kind.MULTILINE, "Input Value", show=False, advanced=True, info="Up to 1.1.")
    tweaks: dict[str, Any] = field(Kind.NESTED_DICT, "Tweaks", show=False, advanced=True, info="Up to 1.1.")
    cache_flow: bool = field(Kind.BOOL, "Cache Flow", False, advanced=True, info="Kept for old flows.")

    @output("flow_outputs_message", "Flow Message Output", aliases=("message_output",))
    async def message_output(self) -> Message:
        """What the flow ends with, as a message."""
        return _as_message(_first(await self._outputs()))

    @output("flow_outputs_data", "Flow Data Output", types=("JSON", "Data"), hidden=True, aliases=("data_output",))
    async def data_output(self) -> Data:
        """What the flow ends with, as a record."""
        return _as_data(_first(await self._outputs()))

    @output("flow_outputs_dataframe", "Flow Table Output", hidden=True, aliases=("dataframe_output",))
    async def dataframe_output(self) -> Table:
        """What the flow ends with, as a table."""
        value = _first(await self._outputs())
        return value if isinstance(value, Table) else Table([_as_data(value).data])

    @output("run_outputs", "Run Outputs", types=("Data", "JSON"), hidden=True, aliases=("generate_results",))
    async def generate_results(self) -> list[Data]:
        """A record for every output of the flow."""
        return [_as_data(value) for outputs in (await self._outputs()).values() for value in outputs.values()]

    @classmethod
    def find_output(cls, name: str | None, method: str | None = None, types: Iterable[str] = ()) -> Output | None:
        """Since 1.7 there is an output for each of the chosen flow, named `<vertex id>~<output>`."""
        if name and _OF_A_VERTEX in name:
            return Output(name, name, f"{_OF_A_VERTEX}{name}", tuple(types), is_async=True)
        return super().find_output(name, method, types)

    def __getattr__(self, name: str) -> Callable[[], Awaitable[Any]]:
        # The methods of the outputs that `find_output` makes up.
        if name.startswith(_OF_A_VERTEX):
            return partial(self._output_of, *name[1:].rsplit(_OF_A_VERTEX, 1))
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    async def _output_of(self, vertex_id: str, name: str) -> Any:
        found = (await self._outputs()).get(vertex_id)
        if found is None:
            raise ComponentError(f"the flow does not end with {vertex_id} any more; choose the flow once more")
        return found[name] if name in found else next(iter(found.values()), None)

    async def to_toolkit(self) -> list[Tool]:
        """The flow as one tool, with an argument for each of its inputs."""
        child = await self._child()
        properties = {
            f"{each.vertex_id}{_OF_A_VERTEX}{each.field}": {
                "type": "string",
                "description": f"Input of {each.display_name}.",
            }
            for each in child.inputs
        }
        values = {"type": "object", "description": "The inputs of the flow.", "properties": properties}
        schema = {"type": "object", "properties": {"flow_tweak_data": values}, "required": ["flow_tweak_data"]}

        async def call(arguments: Mapping[str, Any]) -> Any:
            given = arguments.get("flow_tweak_data")
            fields = given if isinstance(given, Mapping) else arguments
            return _first(await self._run(child, {**self._fields(), **fields}, separator=_OF_A_VERTEX))

        description = child.description or f"Run the flow {child.name}."
        name = f"{_UNNAMED.sub('_', child.name).strip('_')}_tool"
        tool = Tool(name, description, schema, call, source=self.node.id, tags=(f"{child.name}_tool", name))
        return edited([tool], self.extras.get("tools_metadata"))

    def _chosen(self) -> tuple[str, str]:
        return self.flow_id_selected.strip(), self.flow_name_selected.strip()

    def _fields(self) -> dict[str, Any]:
        return {key: value for key, value in self.extras.items() if _OF_A_VERTEX in key}

    async def _outputs(self) -> Results:
        if self._results is None:
            child = await self._child()
            fields = {
                f"{vertex_id}{_OF_A_VERTEX}{name}": value
                for vertex_id, given in self.tweaks.items()
                if isinstance(given, Mapping)
                for name, value in given.items()
            }
            self._results = await self._run(
                child, {**fields, **self._fields()}, separator=_OF_A_VERTEX, text=self.input_value
            )
        return self._results


class SubFlowComponent(_FlowRunner):
    """Runs another flow."""

    name = "SubFlow"
    aliases = ("Sub Flow", "SubFlowComponent")
    display_name = "Sub Flow"
    legacy = True

    flow_name: str = field(Kind.DROPDOWN, "Flow Name", info="The flow to run.", combobox=True)

    @output("flow_outputs", "Flow Outputs", types=("Data", "JSON"), aliases=("generate_results",))
    async def generate_results(self) -> list[Data]:
        """A record for every output of the flow."""
        if self._results is None:
            self._results = await self._run(await self._child(), self.extras, separator="|")
        return [_as_data(value) for outputs in self._results.values() for value in outputs.values()]

    def _chosen(self) -> tuple[str, str]:
        return "", self.flow_name.strip()


class FlowToolComponent(_FlowRunner):
    """Offers another flow to an agent as a tool."""

    name = "FlowTool"
    aliases = ("Flow as Tool", "FlowToolComponent")
    display_name = "Flow as Tool"
    legacy = True

    flow_name: str = field(Kind.DROPDOWN, "Flow Name", info="The flow to run.", combobox=True)
    tool_name: str = field(Kind.STR, "Name", info="The tool's name; empty: the flow's.")
    tool_description: str = field(Kind.STR, "Description", info="What the tool does; empty: the flow's description.")
    return_direct: bool = field(
        Kind.BOOL, "Return Direct", False, advanced=True, info="Let the tool's result be the agent's answer."
    )

    @output("api_build_tool", "Tool", types=("Tool",), aliases=("build_tool",))
    async def build_tool(self) -> Tool:
        """The flow as a tool with a text for each of its inputs."""
        child = await self._child()
        keys = {
            "input_value" if len(child.inputs) == 1 else each.vertex_id: f"{each.vertex_id}{_OF_A_VERTEX}{each.field}"
            for each in child.inputs
        }
        properties = {key: {"type": "string"} for key in keys}
        schema = {"type": "object", "properties": properties, "required": list(properties)}

        async def call(arguments: Mapping[str, Any]) -> str:
            fields = {keys[key]: value for key, value in arguments.items() if key in keys}
            results = await self._run(child, fields, separator=_OF_A_VERTEX)
            return "\n".join(result_text(value) for outputs in results.values() for value in outputs.values())

        name = self.tool_name.strip() or f"{_UNNAMED.sub('_', child.name).strip('_')}_tool"
        description = self.tool_description.strip() or child.description or f"Run the flow {child.name}."
        return Tool(name, description, schema, call, source=self.node.id, return_direct=self.return_direct)

    def _chosen(self) -> tuple[str, str]:
        return "", self.flow_name.strip()


def _first(results: Results) -> Any:
    """The message among what a flow ends with, else the first value; None when it ended with nothing."""
    values = [value for outputs in results.values() for value in outputs.values()]
    return next((value for value in values if isinstance(value, Message)), values[0] if values else None)


def _as_message(value: Any) -> Message:
    # A message of its own: the flow's answer is stored under the other flow's id already.
    return Message(text=to_text(value), files=list(value.files) if isinstance(value, Message) else [])


def _as_data(value: Any) -> Data:
    if isinstance(value, Data):
        return value
    if isinstance(value, Message):
        return Data(data_fields(value))
    return Data({"results": value.rows} if isinstance(value, Table) else {"text": to_text(value)})
