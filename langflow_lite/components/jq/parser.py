"""Grammar of jq: from tokens to a syntax tree. Precedence as in jq's manual, *Basic filters* to *Assignment*."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from langflow_lite.components.jq.cursor import Cursor
from langflow_lite.components.jq.lexer import KEYWORDS, QuerySyntaxError, Token, tokens_of
from langflow_lite.components.jq.syntax import (
    Array,
    Assign,
    Binary,
    Bind,
    Break,
    Call,
    Comma,
    Def,
    Foreach,
    Format,
    Identity,
    If,
    Index,
    Iterate,
    Label,
    Literal,
    Logic,
    Negate,
    Node,
    Object,
    Pattern,
    Pipe,
    Reduce,
    Slice,
    Text,
    Try,
    Variable,
)

__all__ = ["parse", "parse_definitions"]

_Part = TypeVar("_Part")
_MAX_LENGTH = 10_000
_MAX_DEPTH = 50
# Operator: binding strength, and whether its right side may hold one of equal strength.
_OPERATORS = {
    ",": (1, False),
    "//": (2, True),
    **dict.fromkeys(("=", "|=", "+=", "-=", "*=", "/=", "%=", "//="), (3, False)),
    "or": (4, False),
    "and": (5, False),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), (6, False)),
    **dict.fromkeys(("+", "-"), (7, False)),
    **dict.fromkeys(("*", "/", "%"), (8, False)),
}
_NOT_CHAINED = (3, 6)
_ABOVE_COMMA = 2
# Queries have one line as a rule, and nobody asks for more.
_LOCATION = Literal({"file": "<top-level>", "line": 1})


@lru_cache(maxsize=256)
def parse(program: str) -> Node:
    """The syntax tree of a program; raises `QuerySyntaxError`."""
    if len(program) > _MAX_LENGTH:
        raise QuerySyntaxError("the query is too long")
    parser = _Parser(tokens_of(program), program)
    found = parser.pipe()
    parser.want_end()
    return found


def parse_definitions(program: str) -> tuple[Def, ...]:
    """The functions that a text of nothing but definitions holds."""
    parser = _Parser(tokens_of(program), program)
    found = []
    while not parser.at_end:
        found.append(parser.definition(Identity))
    return tuple(found)


class _Parser(Cursor):
    def __init__(self, tokens: tuple[Token, ...], program: str, depth: int = 0) -> None:
        super().__init__(tokens, program)
        self._depth = depth

    def pipe(self) -> Node:
        return self._deeper(self._piped)

    def _deeper(self, parse: Callable[[], _Part]) -> _Part:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise QuerySyntaxError("the query is nested too deeply")
        found = parse()
        self._depth -= 1
        return found

    def _piped(self) -> Node:
        stages: list[Node] = []
        while True:
            if self._next.text == "def" and self._next.kind == "word":
                stages.append(self.definition(self.pipe))
                break
            if self._took("label"):
                name = self._variable()
                self._want("|")
                stages.append(Label(name, self.pipe()))
                break
            stages.append(self._binary(1))
            if not self._took("|"):
                break
        found = stages.pop()
        while stages:
            found = Pipe(stages.pop(), found)
        return found

    def definition(self, rest: Callable[[], Node]) -> Def:
        self._want("def")
        name = self._name()
        parameters: list[str] = []
        if self._took("("):
            while True:
                token = self._take()
                if token.kind not in ("word", "variable"):
                    raise self._misplaced()
                parameters.append(token.text)
                if not self._took(";"):
                    break
            self._want(")")
        self._want(":")
        body = self.pipe()
        self._want(";")
        return Def(name, tuple(parameters), body, rest())

    def _binary(self, strength: int) -> Node:
        left = self._negated()
        last = 0
        while True:
            token = self._next
            own, to_the_right = _OPERATORS.get(token.text, (0, False)) if token.kind in ("op", "word") else (0, False)
            if own < strength or own == 0 or (own == last and own in _NOT_CHAINED):
                return left
            self._at += 1
            last = own
            right = self._binary(own if to_the_right else own + 1)
            left = _joined(token.text, left, right)

    def _negated(self) -> Node:
        return Negate(self._postfix()) if self._took("-") else self._postfix()

    def _postfix(self, *, binding: bool = True) -> Node:
        """A term with what is attached to it; `binding` says whether it may be bound to a variable by `as`."""
        found = self._term()
        while True:
            if self._next.kind == "field":
                found = Index(found, Literal(self._take().text[1:]))
            elif self._took("."):
                if self._next.kind == "string":
                    found = Index(found, self._string(self._take()))
                else:
                    self._want("[")
                    found = self._bracket(found)
            elif self._took("["):
                found = self._bracket(found)
            elif self._took("?"):
                found = _lenient(found)
            elif self._next.text == "?//" and self._next.kind == "op":
                # Outside of patterns these are two operators.
                self._tokens[self._at] = Token("op", "//")
                found = _lenient(found)
            elif binding and self._took("as"):
                patterns = self._patterns()
                self._want("|")
                return Bind(found, patterns, self.pipe())
            else:
                return found

    def _bracket(self, target: Node) -> Node:
        if self._took("]"):
            return Iterate(target)
        nothing = Literal(None)
        if self._took(":"):
            found: Node = Slice(target, nothing, self.pipe())
        else:
            first = self.pipe()
            if not self._took(":"):
                found = Index(target, first)
            elif self._next.text == "]":
                found = Slice(target, first, nothing)
            else:
                found = Slice(target, first, self.pipe())
        self._want("]")
        return found

    def _term(self) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return Literal(float(token.text) if set(token.text) & set(".eE") else int(token.text))
            case "string":
                return self._string(token)
            case "format":
                if self._next.kind == "string":
                    return self._string(self._take(), token.text)
                return Format(token.text)
            case "field":
                return Index(Identity(), Literal(token.text[1:]))
            case "variable":
                return _LOCATION if token.text == "$__loc__" else Variable(token.text[1:])
            case "word":
                return self._word(token.text)
        match token.text if token.kind == "op" else "":
            case ".":
                if self._next.kind == "string":
                    return Index(Identity(), self._string(self._take()))
                return Identity()
            case "..":
                return Call("recurse")
            case "(":
                found = self.pipe()
                self._want(")")
                return found
            case "[":
                if self._took("]"):
                    return Array(None)
                found = self.pipe()
                self._want("]")
                return Array(found)
            case "{":
                return self._object()
        raise self._misplaced()

    def _string(self, token: Token, format_: str = "@text") -> Node:
        if len(token.parts) == 1:
            return Literal(token.parts[0])
        parts: list[Node] = []
        for part in token.parts:
            if isinstance(part, str):
                parts.append(Literal(part))
                continue
            inside = _Parser(part, self._program, self._depth)
            parts.append(inside.pipe())
            inside.want_end()
        return Text(tuple(parts), format_)

    def _word(self, word: str) -> Node:
        match word:
            case "null" | "true" | "false":
                return Literal({"null": None, "true": True, "false": False}[word])
            case "if":
                return self._if()
            case "try":
                body = self._postfix(binding=False)
                return Try(body, self._postfix(binding=False) if self._took("catch") else None)
            case "reduce" | "foreach":
                return self._fold(word)
            case "break":
                return Break(self._variable())
            case "import" | "include":
                raise QuerySyntaxError(f"{word} is refused: a query has no modules")
        if word in KEYWORDS:
            raise self._misplaced()
        arguments: list[Node] = []
        if self._took("("):
            arguments.append(self.pipe())
            while self._took(";"):
                arguments.append(self.pipe())
            self._want(")")
        return Call(word, tuple(arguments))

    def _if(self) -> Node:
        condition = self.pipe()
        self._want("then")
        yes = self.pipe()
        if self._took("elif"):
            return If(condition, yes, self._if())
        no = self.pipe() if self._took("else") else Identity()
        self._want("end")
        return If(condition, yes, no)

    def _fold(self, word: str) -> Node:
        source = self._postfix(binding=False)
        self._want("as")
        patterns = self._patterns()
        self._want("(")
        start = self.pipe()
        self._want(";")
        update = self.pipe()
        extract = self.pipe() if word == "foreach" and self._took(";") else Identity()
        self._want(")")
        return (
            Reduce(source, patterns, start, update)
            if word == "reduce"
            else Foreach(source, patterns, start, update, extract)
        )

    def _patterns(self) -> tuple[Pattern, ...]:
        found = [self._pattern()]
        while self._took("?//"):
            found.append(self._pattern())
        return tuple(found)

    def _pattern(self) -> Pattern:
        return self._deeper(self._shape)

    def _shape(self) -> Pattern:
        if self._next.kind == "variable":
            return Pattern(self._variable())
        inner: list[tuple[Node, Pattern]] = []
        if self._took("["):
            while True:
                inner.append((Literal(len(inner)), self._pattern()))
                if not self._took(","):
                    self._want("]")
                    return Pattern(inner=tuple(inner))
        self._want("{")
        while True:
            inner += self._entry()
            if not self._took(","):
                self._want("}")
                return Pattern(inner=tuple(inner), is_object=True)

    def _entry(self) -> Iterator[tuple[Node, Pattern]]:
        if self._next.kind != "variable":
            key = self._key()
            self._want(":")
            yield key, self._pattern()
            return
        name = self._variable()
        yield Literal(name), Pattern(name)
        if self._took(":"):
            yield Literal(name), self._pattern()

    def _key(self) -> Node:
        token = self._take()
        if token.kind == "word":
            return Literal(token.text)
        if token.kind == "string":
            return self._string(token)
        if token.kind == "op" and token.text == "(":
            found = self.pipe()
            self._want(")")
            return found
        raise self._misplaced()

    def _object(self) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self._took("}"):
            token = self._next
            if token.kind == "variable":
                entries.append((Literal(token.text[1:]), self._term()))
            elif token.kind == "format":
                self._at += 1
                key = self._string(self._take(), token.text)
                entries.append((key, self._value() if self._took(":") else Index(Identity(), key)))
            else:
                computed = token.kind == "op"
                key = self._key()
                if computed:
                    self._want(":")
                    entries.append((key, self._value()))
                else:
                    entries.append((key, self._value() if self._took(":") else Index(Identity(), key)))
            if not self._took(","):
                self._want("}")
                break
        return Object(tuple(entries))

    def _value(self) -> Node:
        found = self._binary(_ABOVE_COMMA)
        return Pipe(found, self._value()) if self._took("|") else found


def _lenient(node: Node) -> Node:
    return replace(node, lenient=True) if isinstance(node, (Index, Slice, Iterate)) else Try(node, None)


def _joined(op: str, left: Node, right: Node) -> Node:
    if op == ",":
        return Comma(left, right)
    if op in ("and", "or", "//"):
        return Logic(op, left, right)
    if op.endswith("=") and op not in ("==", "!=", "<=", ">="):
        return Assign(op, left, right)
    return Binary(op, left, right)
