"""Component: the base class of everything that a node can be. Fields are inputs, methods are outputs."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, ClassVar, TypeVar

from langflow_lite.components.inputs import Input, coerce
from langflow_lite.components.tools import Tool, component_tools
from langflow_lite.context import NodeView, RunContext

__all__ = ["TOOLKIT", "Component", "LoopingComponent", "Output", "describe", "output"]

_Method = TypeVar("_Method", bound=Callable[..., Any])
_TOOL_TYPES = frozenset({"Tool", "BaseTool", "StructuredTool"})
_TYPE_NAMES = {"Data": "JSON", "Table": "Table", "str": "Message"}


@dataclass(frozen=True, slots=True)
class Output:
    """One declared output: its exported name, the method that computes it and the types it can carry.

    `aliases` are names of the output or its method in older releases. A `hidden` output answers when an
    edge names it, but the catalogue does not offer it: older releases have it, or a mode that is not the default.
    `tool_name` is the tool's name in tool mode where that is not the method's.
    """

    name: str
    display_name: str
    method: str
    types: tuple[str, ...]
    is_async: bool
    aliases: tuple[str, ...] = ()
    tool_mode: bool = True
    allows_loop: bool = False
    info: str = ""
    hidden: bool = False
    tool_name: str = ""

    def template(self) -> dict[str, Any]:
        """The output as `/api/v1/all` and exported flows describe it."""
        return {
            "name": self.name,
            "display_name": self.display_name,
            "method": self.method,
            "types": list(self.types),
            "selected": self.types[0] if self.types else None,
            "value": "__UNDEFINED__",
            "cache": True,
            "allows_loop": self.allows_loop,
            "group_outputs": False,
            "tool_mode": self.tool_mode,
        }


# Handles of the pre-releases of 1.0 have only types, by other names.
_FORMER_TYPES = {"Text": "Message", "Record": "Data"}
TOOLKIT = Output("component_as_tool", "Toolset", "to_toolkit", ("Tool",), is_async=True, tool_mode=False)
"""The one output that a node in tool mode shows; every component has it."""


def output(
    name: str,
    display_name: str,
    *,
    types: Iterable[str] = (),
    aliases: Iterable[str] = (),
    tool_mode: bool = True,
    allows_loop: bool = False,
    info: str = "",
    hidden: bool = False,
    tool_name: str = "",
) -> Callable[[_Method], _Method]:
    """Make a method an output. Its types are its return annotation unless given.

    An `async` method runs on the event loop and must not block; a plain one is run in a worker thread.
    """

    def mark(method: _Method) -> _Method:
        declared = tuple(types) or _types_of(method)
        method.__output__ = Output(  # type: ignore[attr-defined]
            name=name,
            display_name=display_name,
            method=method.__name__,
            types=declared,
            is_async=inspect.iscoroutinefunction(method),
            aliases=tuple(aliases),
            tool_mode=tool_mode,
            allows_loop=allows_loop,
            info=info,
            hidden=hidden,
            tool_name=tool_name,
        )
        return method

    return mark


def _types_of(method: Callable[..., Any]) -> tuple[str, ...]:
    annotation = inspect.signature(method, eval_str=True).return_annotation
    parts = typing.get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    names = []
    for part in parts:
        inner = typing.get_args(part)[0] if typing.get_origin(part) is list else part
        if inner is not type(None):
            names.append(_TYPE_NAMES.get(inner.__name__, inner.__name__))
    return tuple(dict.fromkeys(names))


class Component:
    """Base of all components. A subclass with a `name` is registered under it and its `aliases`.

    Inputs are class attributes made with `field`; outputs are methods marked with `output`; the docstring's first line
    is the description. An instance lives for one execution of one vertex: `self.<input>` holds the value.

    `code_fields` hold source that runs only if the operator has trusted exactly it. `pauses` says that it waits for a
    person when something is connected with it. `announces` and `awaits` name the field that holds a key: a component
    that awaits a key runs after all that announce it.

    Attributes an output method may use: `ctx` (the run), `node` (its place in the graph), `extras` (template fields
    that the class does not declare, such as prompt variables), `status`; methods `stop` and `log`. A model component
    sets `usage` and `model_name`.
    """

    name: ClassVar[str] = ""
    display_name: ClassVar[str] = ""
    category: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    aliases: ClassVar[tuple[str, ...]] = ()
    legacy: ClassVar[bool] = False
    code_fields: ClassVar[tuple[str, ...]] = ()
    pauses: ClassVar[bool] = False
    announces: ClassVar[str] = ""
    awaits: ClassVar[str] = ""
    documentation: ClassVar[str] = ""

    inputs: ClassVar[dict[str, Input]] = {}
    outputs: ClassVar[dict[str, Output]] = {}
    field_names: ClassVar[dict[str, str]] = {}

    ctx: RunContext
    node: NodeView
    status: Any = None
    usage: dict[str, int] | None = None
    model_name: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        inputs: dict[str, Input] = {}
        outputs: dict[str, Output] = {}
        for base in reversed(cls.__bases__):
            inputs.update(getattr(base, "inputs", {}))
            outputs.update(getattr(base, "outputs", {}))
        for key, value in list(vars(cls).items()):
            if isinstance(value, Input):
                inputs[key] = value
                setattr(cls, key, value.default)
            elif isinstance(marked := getattr(value, "__output__", None), Output):
                outputs[marked.name] = marked
        cls.inputs = inputs
        cls.outputs = outputs
        cls.field_names = {alias: key for key, spec in inputs.items() for alias in (*spec.aliases, key)}

    def __init__(self, **values: Any) -> None:
        self.extras: dict[str, Any] = {}
        self.stopped: set[str] = set()
        self.logs: list[dict[str, Any]] = []
        for key, value in values.items():
            spec = self.inputs.get(key)
            if spec is None:
                self.extras[key] = value
            else:
                setattr(self, key, value if spec.is_list else coerce(spec.kind, value))

    async def lacks(self) -> list[str]:
        """What this server, as it is set up, will not do for the component, a sentence each.

        Asked by `check`, before any run: the inputs are in place as far as the flow fills them, `ctx` has only settings.
        """
        return []

    @classmethod
    def find_output(cls, name: str | None, method: str | None = None, types: Iterable[str] = ()) -> Output | None:
        """The output an exported handle means: by name, by method, by an older name, else by its only possible type."""
        found = cls.outputs.get(name or "")
        if found is not None:
            return found
        if TOOLKIT.name == name or TOOLKIT.method == method:
            return TOOLKIT
        for spec in cls.outputs.values():
            if spec.method == method or spec.method == name or name in spec.aliases or method in spec.aliases:
                return spec
        if types and _TOOL_TYPES.issuperset(types):
            return next((spec for spec in cls.outputs.values() if "Tool" in spec.types), TOOLKIT)
        if len(cls.outputs) == 1:
            return next(iter(cls.outputs.values()))
        wanted = {_FORMER_TYPES.get(name, name) for name in types}
        matching = [spec for spec in cls.outputs.values() if wanted & set(spec.types)]
        offered = [spec for spec in matching if not spec.hidden] or matching
        return offered[0] if len(offered) == 1 else None

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """The component as `/api/v1/all` describes it (seed document 5): a node ready to be put into a flow."""
        offered = [spec for spec in cls.outputs.values() if not spec.hidden]
        return {
            "template": {
                "_type": "Component",
                "code": {
                    "type": "code",
                    "name": "code",
                    "value": "",
                    "show": False,
                    "advanced": True,
                    "required": True,
                },
                **{key: spec.template(key) for key, spec in cls.inputs.items()},
            },
            "description": inspect.getdoc(cls).splitlines()[0] if cls.__doc__ else "",  # type: ignore[union-attr]
            "display_name": cls.display_name or cls.name,
            "icon": cls.icon,
            "base_classes": list(dict.fromkeys(t for spec in offered for t in spec.types)),
            "documentation": cls.documentation,
            "minimized": False,
            "custom_fields": {},
            "output_types": [],
            "pinned": False,
            "conditional_paths": [],
            "frozen": False,
            "outputs": [spec.template() for spec in offered],
            "field_order": list(cls.inputs),
            "beta": False,
            "legacy": cls.legacy,
            "edited": False,
            "metadata": {},
            "tool_mode": False,
        }

    @property
    def description(self) -> str:
        """What the component does, in one sentence."""
        doc = inspect.getdoc(type(self))
        return doc.splitlines()[0] if doc else ""

    async def to_toolkit(self) -> list[Tool]:
        """What the component offers an agent in tool mode. A component whose tools are not its outputs says so here."""
        return component_tools(self, self.extras.get("tools_metadata"))

    def stop(self, *outputs: str) -> None:
        """Stop these outputs: whatever depends on them alone does not run (routers)."""
        self.stopped.update(outputs)

    def log(self, message: Any, name: str = "") -> None:
        """Add an entry to the logs of the output being computed, and tell whoever follows the run."""
        entry = {"name": name or f"Log {len(self.logs) + 1}", "message": message, "type": "text"}
        self.logs.append(entry)
        if self.ctx.emit is not None:
            self.ctx.emit("log", {**entry, "output": None, "component_id": self.node.id})


class LoopingComponent(Component):
    """A component that runs part of the graph once per item.

    The scheduler calls `items`, runs what hangs on the `loop_output` once for each with the item as its value, and
    passes what came back over the closing edge to `collect`, whose answer is the value of `done_output`.
    """

    loop_output: ClassVar[str] = "item"
    done_output: ClassVar[str] = "done"

    def items(self) -> list[Any]:
        """The values to loop over, in order."""
        raise NotImplementedError

    def collect(self, results: list[Any]) -> Any:
        """What leaves by `done_output`, from the results of all iterations in order."""
        raise NotImplementedError


def describe(components: Mapping[str, type[Component]]) -> dict[str, dict[str, Any]]:
    """The catalogue of `/api/v1/all`: category, then exported type name, then template."""
    catalogue: dict[str, dict[str, Any]] = {}
    for name, cls in components.items():
        catalogue.setdefault(cls.category, {})[name] = cls.describe()
    return catalogue
