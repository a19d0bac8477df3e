"""The base classes of users' components: what they declare, and what `self` offers while an output is computed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import anyio.from_thread
import msgspec

from langflow_lite import values
from langflow_lite.compat.inputs import BaseInput, Output, dotdict
from langflow_lite.compat.values import Message, brought_in, taken_out
from langflow_lite.errors import NotFound
from langflow_lite.ids import new_id

if TYPE_CHECKING:
    from langflow_lite.components.base import Component as Native
    from langflow_lite.context import RunContext

__all__ = ["Component", "CustomComponent"]


class Component:
    """A component as users write it: class attributes `inputs` and `outputs`, a method for each output."""

    display_name: ClassVar[str] = ""
    description: ClassVar[str] = ""
    documentation: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    name: ClassVar[str] = ""
    inputs: ClassVar[list[BaseInput]] = []
    outputs: ClassVar[list[Output]] = []
    trace_type: ClassVar[str] = "chain"

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(
            _native=given.pop("_native", None),
            _attributes={spec.name: spec.value for spec in self.inputs},
            _id=given.pop("_id", ""),
            _vertex=None,
            _event_manager=None,
            _results={},
            _loop_thread=threading.get_ident(),
            status=None,
        )
        self._attributes.update({key: value for key, value in given.items() if not key.startswith("_")})

    def __getattr__(self, name: str) -> Any:
        attributes = self.__dict__.get("_attributes", {})
        if name in attributes:
            return attributes[name]
        raise AttributeError(f"{type(self).__name__} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._attributes:
            self._attributes[name] = value
        else:
            self.__dict__[name] = value

    def set(self, **given: Any) -> Component:
        """Set inputs."""
        self._attributes.update(given)
        return self

    set_attributes = set

    def get_input_value(self, name: str) -> Any:
        """The value of an input."""
        return self._attributes.get(name)

    @property
    def graph(self) -> Any:
        """What a component may know of the run."""
        ctx = self._run
        return SimpleNamespace(
            session_id=ctx.session_id,
            flow_id=ctx.flow_id,
            flow_name=ctx.flow_name,
            user_id="",
            run_id=ctx.run_id,
            context=self.ctx,
        )

    @property
    def session_id(self) -> str:
        """The session of the run."""
        return str(self._attributes.get("session_id") or self._run.session_id)

    @property
    def flow_id(self) -> str:
        """The flow that runs."""
        return self._run.flow_id

    @property
    def flow_name(self) -> str:
        """The name of the flow that runs."""
        return self._run.flow_name

    @property
    def user_id(self) -> str:
        """Empty: there are no users here."""
        return ""

    @property
    def trace_name(self) -> str:
        """The component's name and id."""
        return f"{self.display_name or type(self).__name__} ({self._id})"

    @property
    def ctx(self) -> dotdict:
        """A dict that the components of one run share."""
        run = self._run
        if not isinstance(run.shared, dotdict):
            run.shared = dotdict(run.shared)
        return run.shared

    def update_ctx(self, changes: Mapping[str, Any]) -> None:
        """Change what the components of the run share."""
        self.ctx.update(changes)

    def add_to_ctx(self, key: str, value: Any, *, overwrite: bool = False) -> None:
        """Add to what the components of the run share; raises `ValueError` for a key that is there already."""
        if key in self.ctx and not overwrite:
            raise ValueError(f"the key {key!r} is in the context already")
        self.ctx[key] = value

    @property
    def _run(self) -> RunContext:
        native: Native | None = self.__dict__["_native"]
        if native is None:
            raise RuntimeError("this component does not run as a part of a flow")
        return native.ctx

    def _on_loop(self, do: Callable[..., Any], *arguments: Any) -> None:
        if threading.get_ident() == self._loop_thread:
            do(*arguments)
        else:
            anyio.from_thread.run_sync(do, *arguments)

    def log(self, message: Any, name: str | None = None) -> None:
        """Add an entry to the logs of the output being computed."""
        self._on_loop(self._native.log, taken_out(message), name or "")

    def stop(self, output_name: str | None = None) -> None:
        """Stop an output: what depends on it alone does not run. Without a name, all of them."""
        names = [output_name] if output_name else [spec.name for spec in self.outputs]
        self._native.stop(*names)

    def start(self, output_name: str | None = None) -> None:
        """Take a stop back."""
        self._native.stopped -= {output_name} if output_name else set(self._native.stopped)

    async def send_message(self, message: Message, id_: str | None = None, **_options: Any) -> Message:
        """Keep a message in the session and tell whoever follows the run."""
        ctx = self._run
        kept = taken_out(message)
        kept.id = id_ or kept.id or new_id()
        kept.session_id = kept.session_id or ctx.session_id
        kept.flow_id, kept.run_id = ctx.flow_id, ctx.run_id
        ctx.messages.store(kept)
        if ctx.emit is not None:
            ctx.emit("add_message", values.dump_message(kept, values.event_time(kept.timestamp))["data"])
        self.status = brought_in(kept)
        return Message(data=msgspec.structs.asdict(kept))

    async def get_variable(self, name: str, field: str = "", *_rest: Any) -> str:
        """The value of a global variable; raises `NotFound`."""
        value: str | None = await self._run.variables.get(name)
        if value is None:
            raise NotFound(f"{name} variable not found.")
        return value

    get_variables = get_variable
    variables = get_variable

    def get_langchain_callbacks(self) -> list[Any]:
        """Nobody listens to LangChain here."""
        return []

    def get_project_name(self) -> str:
        """The name of the flow."""
        return self.flow_name

    def repr_value(self) -> str:
        """What the component shows of itself."""
        return str(self.status)

    def is_connected_to_chat_output(self) -> bool:
        """Whether an edge goes straight into a Chat Output."""
        return bool(self._native.node.feeds_chat_output)

    def is_connected_to_chat_input(self) -> bool:
        """Whether one of the inputs comes straight from a Chat Input."""
        return any(self._native.node.source_type(name) == "ChatInput" for name in self._attributes)

    def _pre_run_setup(self) -> None:
        """Called once before the first output is computed."""

    def get_results(self) -> dict[str, Any]:
        """What was computed so far, by method."""
        results: dict[str, Any] = self._results
        return results


class CustomComponent(Component):
    """The older way: `build_config()` describes the fields of `build(**fields)`, whose result is the only output."""

    def build_config(self) -> dict[str, Any]:
        """The fields, by name."""
        return {}
