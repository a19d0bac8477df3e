"""The input classes, `Output` and small schema types under the names that users' components import."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

from langflow_lite.components.inputs import Input as Declared
from langflow_lite.components.inputs import Kind, field, kind_of

__all__ = ["INPUT_CLASSES", "BaseInput", "Output", "RangeSpec", "dotdict", "input_class"]

_KINDS = {kind.value.input_class: kind for kind in Kind} | {
    "MultilineSecretInput": Kind.SECRET,
    "DefaultPromptField": Kind.TEXT,
    "JSONInput": Kind.DATA,
    "LinkInput": Kind.STR,
    "McpInput": Kind.DICT,
    "ToolsInput": Kind.TABLE,
    "AuthInput": Kind.STR,
    "ConnectionInput": Kind.STR,
    "Input": Kind.STR,
    "MustachePromptInput": Kind.PROMPT,
}
_OWN = frozenset(
    {
        "name",
        "display_name",
        "info",
        "value",
        "required",
        "show",
        "advanced",
        "is_list",
        "list",
        "input_types",
        "options",
        "tool_mode",
        "load_from_db",
    }
)


class BaseInput(SimpleNamespace):
    """One input of a user's component, as its keywords describe it; keywords that are not known are kept."""

    kind: ClassVar[Kind] = Kind.STR

    def __init__(self, name: str = "", **described: Any) -> None:
        super().__init__(name=name, **described)

    def __getattr__(self, key: str) -> Any:
        # Editor hooks read whatever an input may have.
        if key.startswith("__"):
            raise AttributeError(key)
        return None

    def declared(self, name: str, *aliases: str) -> Declared:
        """The input as this server declares it, under `name`."""
        given = vars(self)
        kind = self.kind
        described_type = given.get("field_type")
        if type(self).__name__ == "Input" and described_type:
            shown = getattr(described_type, "__name__", str(described_type))
            kind = kind_of({"type": shown, "password": given.get("password")}) or Kind.HANDLE
        is_list = bool(given.get("is_list", given.get("list", False)))
        default = given.get("value", given.get("default"))
        options = given.get("options") or ()
        made: Declared = field(
            kind,
            given.get("display_name") or self.name.replace("_", " ").title(),
            _default(kind, default, is_list=is_list),
            info=given.get("info") or "",
            is_list=is_list,
            required=bool(given.get("required")),
            advanced=bool(given.get("advanced")),
            tool_mode=bool(given.get("tool_mode")),
            load_from_db=bool(given.get("load_from_db")),
            options=[option for option in options if isinstance(option, str)],
            input_types=given.get("input_types") or (),
            aliases=aliases,
            show=given.get("show", True) is not False,
            **{key: value for key, value in given.items() if key not in _OWN and _is_plain(value)},
        )
        return made


def _default(kind: Kind, value: Any, *, is_list: bool) -> Any:
    if value is None or (value == "" and kind.value.empty != ""):
        return () if is_list else kind.value.empty
    return tuple(value) if isinstance(value, list) else value


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool, list, dict))


def input_class(name: str) -> type[BaseInput]:
    """The input class of this name."""
    return type(name, (BaseInput,), {"kind": _KINDS[name], "__doc__": f"A {name} of a user's component."})


INPUT_CLASSES: dict[str, type[BaseInput]] = {name: input_class(name) for name in _KINDS}


class Output(SimpleNamespace):
    """One output of a user's component, as its keywords describe it."""

    def __init__(self, name: str = "", display_name: str = "", method: str = "", **described: Any) -> None:
        described = {"types": [], "allows_loop": False, "tool_mode": True, "hidden": False, "info": "", **described}
        super().__init__(name=name, display_name=display_name or name, method=method, **described)


class RangeSpec(SimpleNamespace):
    """The bounds of a number input."""

    def __init__(self, min: float = -1.0, max: float = 1.0, step: float = 0.1, **described: Any) -> None:
        super().__init__(min=min, max=max, step=step, **described)


class dotdict(dict[str, Any]):
    """A dict whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(f"dotdict has no key {name!r}") from None
        return dotdict(value) if type(value) is dict else value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        self.pop(name, None)
