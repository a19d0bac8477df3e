"""What a jq program consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "Array",
    "Assign",
    "Binary",
    "Bind",
    "Break",
    "Call",
    "Comma",
    "Def",
    "Foreach",
    "Format",
    "Identity",
    "If",
    "Index",
    "Iterate",
    "Label",
    "Literal",
    "Logic",
    "Negate",
    "Node",
    "Object",
    "Pattern",
    "Pipe",
    "Reduce",
    "Slice",
    "Text",
    "Try",
    "Variable",
]


class Node:
    """A filter: for each input it has any number of results.

    A `lenient` step, one with a question mark, forgives its own errors and not those of its target.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Identity(Node):
    """`.`"""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, a string or another constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A string with filters in it, whose results are written in a format such as `@json`.

    The parts are in turn the literal texts and the filters between them.
    """

    parts: tuple[Node, ...]
    format: str = "@text"


@dataclass(frozen=True, slots=True)
class Format(Node):
    """`@base64` and its like, applied to the input."""

    name: str


@dataclass(frozen=True, slots=True)
class Array(Node):
    """`[...]`"""

    inner: Node | None


@dataclass(frozen=True, slots=True)
class Object(Node):
    """`{key: value, ...}`"""

    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`target.key` and `target[key]`; the key is computed from the input of the whole."""

    target: Node
    key: Node
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`target[start:stop]`"""

    target: Node
    start: Node
    stop: Node
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Iterate(Node):
    """`target[]`"""

    target: Node
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """`-inner`"""

    inner: Node


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """`first | second`"""

    first: Node
    second: Node


@dataclass(frozen=True, slots=True)
class Comma(Node):
    """`left, right`"""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic and comparisons."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and`, `or` and `//`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`path = value`, `path |= value`, `path += value` and so on."""

    op: str
    path: Node
    value: Node


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if condition then yes else no end`"""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Try(Node):
    """`try body catch handler`; without a handler errors are dropped."""

    body: Node
    handler: Node | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """What `as` takes apart: a variable, or a list or an object of patterns by index or key."""

    variable: str = ""
    inner: tuple[tuple[Node, Pattern], ...] = ()
    is_object: bool = False


@dataclass(frozen=True, slots=True)
class Bind(Node):
    """`source as pattern ?// pattern | body`"""

    source: Node
    patterns: tuple[Pattern, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Reduce(Node):
    """`reduce source as pattern (start; update)`"""

    source: Node
    patterns: tuple[Pattern, ...]
    start: Node
    update: Node


@dataclass(frozen=True, slots=True)
class Foreach(Node):
    """`foreach source as pattern (start; update; extract)`"""

    source: Node
    patterns: tuple[Pattern, ...]
    start: Node
    update: Node
    extract: Node


@dataclass(frozen=True, slots=True)
class Def(Node):
    """`def name(parameters): body; rest`; a parameter with a dollar sign is a value, the others are filters."""

    name: str
    parameters: tuple[str, ...]
    body: Node
    rest: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`name(arguments)`"""

    name: str
    arguments: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`$name`"""

    name: str


@dataclass(frozen=True, slots=True)
class Label(Node):
    """`label $name | body`"""

    name: str
    body: Node


@dataclass(frozen=True, slots=True)
class Break(Node):
    """`break $name`"""

    name: str
