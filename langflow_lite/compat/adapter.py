"""From a user's component class to a component of this server."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import anyio.to_thread

from langflow_lite.compat.component import Component as UserComponent
from langflow_lite.compat.component import CustomComponent
from langflow_lite.compat.errors import CustomCodeError
from langflow_lite.compat.inputs import Output as DeclaredOutput
from langflow_lite.compat.values import Message, brought_in, taken_out
from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Input

__all__ = ["adapt"]

_RENAMED = {"JSON": "Data", "Text": "Message", "str": "Message", "Chat": "LanguageModel", "Vectors": "Embeddings"}
# What a component has beside its inputs: an input of such a name is kept under another.
_TAKEN = frozenset(dir(Component)) | {"ctx", "node", "extras", "stopped", "logs"}
_PREFIX = "input_named_"


class Adapted(Component):
    """Base of what users' classes become. The user's object lives as long as this one: one execution of a vertex."""

    user_class: typing.ClassVar[type[UserComponent]]

    def _user(self) -> UserComponent:
        found: UserComponent | None = self.__dict__.get("_user_object")
        if found is None:
            given = {key.removeprefix(_PREFIX): getattr(self, key) for key in self.inputs}
            given |= self.extras
            found = self.user_class(_native=self, _id=self.node.id)
            found.set(**{key: brought_in(_list(value)) for key, value in given.items()})
            session = self.__dict__.get("session_id")
            if session:
                found.set(session_id=session)
            found._pre_run_setup()
            self.__dict__["_user_object"] = found
        return found

    async def _compute(self, method: str, types_: tuple[str, ...]) -> Any:
        user = self._user()
        if method not in user._results:
            function = getattr(user, method)
            if isinstance(user, CustomComponent):
                function = _with_fields(function, user._attributes)
            value = await _call(function, self.ctx.threads)
            user._results[method] = taken_out(value, types_, self.node.id)
        self.status = taken_out(user.status)
        return user._results[method]


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _with_fields(function: Callable[..., Any], fields: dict[str, Any]) -> Callable[[], Any]:
    parameters = inspect.signature(function).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    given = {
        key: value.get_text() if isinstance(value, Message) and _takes_text(parameters.get(key)) else value
        for key, value in fields.items()
        if takes_all or key in parameters
    }
    if inspect.iscoroutinefunction(function):

        async def call() -> Any:
            return await function(**given)

        return call
    return lambda: function(**given)


def _takes_text(parameter: inspect.Parameter | None) -> bool:
    # Before 1.0, what is a message now was a text.
    annotation = str(parameter.annotation) if parameter is not None else ""
    return "Message" not in annotation and any(word in annotation for word in ("str", "Text"))


async def _call(function: Callable[[], Any], threads: anyio.CapacityLimiter | None) -> Any:
    if inspect.iscoroutinefunction(function):
        value = await function()
    elif inspect.isasyncgenfunction(function):
        value = function()
    else:
        value = await anyio.to_thread.run_sync(function, abandon_on_cancel=True, limiter=threads)
    if inspect.isawaitable(value):
        value = await value
    if isinstance(value, AsyncIterator):
        return _joined([item async for item in value])
    if isinstance(value, Iterator):
        return _joined(await anyio.to_thread.run_sync(list, value, abandon_on_cancel=True, limiter=threads))
    return value


def _joined(items: list[Any]) -> Any:
    return "".join(items) if items and all(isinstance(item, str) for item in items) else items


def adapt(cls: type[UserComponent], type_name: str) -> type[Component]:
    """The component of this server that runs a user's class; raises `CustomCodeError` for a declaration without sense."""
    outputs = _outputs(cls)
    members: dict[str, Any] = dict(_inputs(cls))
    for spec in outputs:
        if not callable(getattr(cls, spec.method, None)):
            raise CustomCodeError(f"{cls.__name__} has no method {spec.method!r} for its output {spec.name!r}")
        types_ = tuple(spec.types) or _types_of(getattr(cls, spec.method))
        attribute = spec.method if spec.method not in _TAKEN and spec.method not in members else f"output_{spec.method}"
        members[attribute] = _method(attribute, spec, types_)
    members |= {
        "__doc__": cls.description or inspect.getdoc(cls) or cls.display_name,
        "__module__": __name__,
        "name": cls.name or type_name,
        "display_name": cls.display_name or cls.__name__,
        "category": "custom_components",
        "icon": cls.icon,
        "user_class": cls,
    }
    return type(cls.__name__, (Adapted,), members)


def _inputs(cls: type[UserComponent]) -> Iterator[tuple[str, Input]]:
    names: set[str] = set()
    for spec in cls.inputs:
        name = spec.name
        if not name:
            raise CustomCodeError(f"an input of {cls.__name__} has no name")
        if name in names:
            raise CustomCodeError(f"{cls.__name__} has two inputs named {name!r}")
        names.add(name)
        if any(out.name == name for out in cls.outputs):
            raise CustomCodeError(f"{cls.__name__} has an input and an output named {name!r}")
        if name in _TAKEN:
            yield _PREFIX + name, spec.declared(name, name)
        else:
            yield name, spec.declared(name)


def _outputs(cls: type[UserComponent]) -> list[DeclaredOutput]:
    if issubclass(cls, CustomComponent) and not cls.outputs:
        name = next(iter(_types_of(cls.build)), "output").lower() if hasattr(cls, "build") else "output"
        return [DeclaredOutput(name=name, display_name=cls.display_name or "Output", method="build")]
    if not cls.outputs:
        raise CustomCodeError(f"{cls.__name__} declares no outputs")
    for spec in cls.outputs:
        if not spec.method:
            raise CustomCodeError(f"the output {spec.name!r} of {cls.__name__} has no method")
    return list(cls.outputs)


def _method(attribute: str, spec: DeclaredOutput, types_: tuple[str, ...]) -> Any:
    async def compute(self: Adapted) -> Any:
        return await self._compute(spec.method, types_)

    compute.__name__ = attribute
    compute.__doc__ = spec.info
    return output(
        spec.name or spec.method,
        spec.display_name or spec.method,
        types=types_ or ("Data",),
        aliases=(spec.method,),
        tool_mode=spec.tool_mode,
        allows_loop=spec.allows_loop,
        info=spec.info,
        hidden=bool(spec.hidden),
        tool_name=spec.method,
    )(compute)


def _types_of(method: Any) -> tuple[str, ...]:
    try:
        annotation = typing.get_type_hints(method).get("return")
    except Exception:
        # An annotation that names what is only imported for type checkers says nothing here.
        return ()
    union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    names = []
    for part in typing.get_args(annotation) if union else (annotation,):
        inner = typing.get_args(part)[0] if typing.get_origin(part) is list and typing.get_args(part) else part
        name = getattr(inner, "__name__", "")
        if name and inner is not type(None):
            names.append(_RENAMED.get(name, name))
    return tuple(dict.fromkeys(names))
