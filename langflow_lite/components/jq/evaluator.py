"""Running jq: from the syntax tree to nested generators, each of which gives the results of one filter.

A result comes with the path it has in the input, for `path(...)`, assignments and deletions; nobody keeps track of it
elsewhere, and then the path is None. Variables and the filters that functions are called with lie in an environment, a
linked list whose places are known once the program is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

from langflow_lite.components.jq.binding import bindings_of, bound, iteration, reduction
from langflow_lite.components.jq.calls import call_of_function, call_of_native, call_of_parameter
from langflow_lite.components.jq.formats import FORMATS
from langflow_lite.components.jq.lexer import QuerySyntaxError
from langflow_lite.components.jq.natives import NATIVES
from langflow_lite.components.jq.operators import alternative, assignment, computation, either
from langflow_lite.components.jq.parser import parse
from langflow_lite.components.jq.scope import ROOT, Function, Scope, Stopped, name_of, outer, prelude
from langflow_lite.components.jq.specials import SPECIALS
from langflow_lite.components.jq.streams import (
    Env,
    Filter,
    Path,
    Result,
    each,
    made,
    step,
    unplaced,
)
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
from langflow_lite.components.jq.values import (
    Budget,
    QueryError,
    at_index,
    kind,
    shown,
    tree,
    truthy,
)

__all__ = ["results_of"]

_REFUSED = frozenset(
    {
        "env",
        "input",
        "inputs",
        "halt",
        "halt_error",
        "input_filename",
        "input_line_number",
        "get_search_list",
        "modulemeta",
    }
)


def results_of(program: str, value: Any) -> Iterator[Any]:
    """The results of a program, one after the other; raises `ValueError`."""
    budget = Budget()
    try:
        run = _Compiler(budget).filter(parse(program), ROOT)
        for result, _ in run(None, value, None):
            yield tree(result, budget)
    except RecursionError:
        raise ValueError("the query or its value is nested too deeply") from None


class _Compiler:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._functions: dict[str, Function] = {}

    def filter(self, node: Node, scope: Scope) -> Filter:
        """The filter that a node stands for."""
        compile_ = getattr(self, f"_{type(node).__name__.lower()}")
        found: Filter = compile_(node, scope)
        return found

    def _identity(self, node: Identity, scope: Scope) -> Filter:
        return lambda env, value, path: iter(((value, path),))

    def _literal(self, node: Literal, scope: Scope) -> Filter:
        constant = node.value
        return lambda env, value, path: iter(((constant, made(path, value, constant)),))

    def _variable(self, node: Variable, scope: Scope) -> Filter:
        found = scope.look_up(f"${node.name}")
        if not isinstance(found, int):
            if node.name in ("ENV", "__prog_args"):
                raise QuerySyntaxError(f"${node.name} is refused: a query sees nothing but its value")
            raise QuerySyntaxError(f"${node.name} is not defined in the query")
        hops = scope.depth - found - 1

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            place = outer(env, hops)
            assert place is not None
            yield place[0], made(path, value, place[0])

        return run

    def _format(self, node: Format, scope: Scope) -> Filter:
        write, budget = _format(node.name), self._budget

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            text = write(value, budget)
            yield text, made(path, value, text)

        return run

    def _text(self, node: Text, scope: Scope) -> Filter:
        write, budget = _format(node.format), self._budget
        parts = [(at % 2 == 0, self.filter(part, scope)) for at, part in enumerate(node.parts)]

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            choices = [
                [text if fixed else write(text, budget) for text, _ in part(env, value, None)] for fixed, part in parts
            ]
            # The first part changes fastest.
            for texts in product(*reversed(choices)):
                budget.hold(sum(map(len, texts)))
                yield "".join(reversed(texts)), unplaced(path)

        return run

    def _array(self, node: Array, scope: Scope) -> Filter:
        if node.inner is None:
            return self._literal(Literal([]), scope)
        inner, budget = self.filter(node.inner, scope), self._budget

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            items = []
            for item, _ in inner(env, value, None):
                budget.spend()
                items.append(item)
            yield items, unplaced(path)

        return run

    def _object(self, node: Object, scope: Scope) -> Filter:
        entries = [(self.filter(key, scope), self.filter(item, scope)) for key, item in node.entries]
        budget = self._budget

        def build(env: Env, value: Any, at: int = 0) -> Iterator[dict[str, Any]]:
            if at == len(entries):
                yield {}
                return
            key_of, item_of = entries[at]
            for key, _ in key_of(env, value, None):
                if not isinstance(key, str):
                    raise QueryError(f"Object keys must be strings, not {kind(key)} ({shown(key)})")
                for item, _ in item_of(env, value, None):
                    for rest in build(env, value, at + 1):
                        budget.spend()
                        # Of equal keys the last one counts, and stands where the first one does.
                        yield {key: item} | rest

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            for built in build(env, value):
                yield built, unplaced(path)

        return run

    def _index(self, node: Index, scope: Scope) -> Filter:
        target, key_of, budget = self.filter(node.target, scope), self.filter(node.key, scope), self._budget
        lenient = node.lenient

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            for key, _ in key_of(env, value, None):
                for inner, where in target(env, value, path):
                    budget.spend()
                    try:
                        result = at_index(inner, key, budget), step(where, key, inner)
                    except QueryError:
                        if lenient:
                            continue
                        raise
                    yield result

        return run

    def _slice(self, node: Slice, scope: Scope) -> Filter:
        part = Object(((Literal("start"), node.start), (Literal("end"), node.stop)))
        return self._index(Index(node.target, part, node.lenient), scope)

    def _iterate(self, node: Iterate, scope: Scope) -> Filter:
        target, budget, lenient = self.filter(node.target, scope), self._budget, node.lenient

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            for inner, where in target(env, value, path):
                if not lenient or isinstance(inner, (list, Mapping)):
                    yield from each(budget, inner, where)

        return run

    def _negate(self, node: Negate, scope: Scope) -> Filter:
        inner = self.filter(node.inner, scope)

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            for number, _ in inner(env, value, None):
                if kind(number) != "number":
                    raise QueryError(f"{kind(number)} ({shown(number)}) cannot be negated")
                yield -number, made(path, value, -number)

        return run

    def _pipe(self, node: Pipe, scope: Scope) -> Filter:
        first, second = self.filter(node.first, scope), self.filter(node.second, scope)
        spend = self._budget.spend

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            for middle, where in first(env, value, path):
                spend()
                yield from second(env, middle, where)

        return run

    def _comma(self, node: Comma, scope: Scope) -> Filter:
        left, right = self.filter(node.left, scope), self.filter(node.right, scope)

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            yield from left(env, value, path)
            yield from right(env, value, path)

        return run

    def _binary(self, node: Binary, scope: Scope) -> Filter:
        return computation(self._budget, node.op, self.filter(node.left, scope), self.filter(node.right, scope))

    def _logic(self, node: Logic, scope: Scope) -> Filter:
        left, right = self.filter(node.left, scope), self.filter(node.right, scope)
        return alternative(left, right) if node.op == "//" else either(node.op == "or", left, right)

    def _assign(self, node: Assign, scope: Scope) -> Filter:
        return assignment(self._budget, node.op[:-1], self.filter(node.path, scope), self.filter(node.value, scope))

    def _if(self, node: If, scope: Scope) -> Filter:
        condition, yes, no = (self.filter(part, scope) for part in (node.condition, node.yes, node.no))

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            for holds, _ in condition(env, value, None):
                yield from (yes if truthy(holds) else no)(env, value, path)

        return run

    def _try(self, node: Try, scope: Scope) -> Filter:
        body = self.filter(node.body, scope)
        handler = None if node.handler is None else self.filter(node.handler, scope)

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            try:
                yield from body(env, value, path)
                return
            except QueryError as error:
                caught = error.value
            if handler is not None:
                yield from handler(env, caught, made(path, value, caught))

        return run

    def _label(self, node: Label, scope: Scope) -> Filter:
        body = self.filter(node.body, scope.place(f"*{node.name}"))

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            label = object()
            try:
                yield from body((label, env), value, path)
            except Stopped as stopped:
                if stopped.label is not label:
                    raise

        return run

    def _break(self, node: Break, scope: Scope) -> Filter:
        found = scope.look_up(f"*{node.name}")
        if not isinstance(found, int):
            raise QuerySyntaxError(f"$*label-{node.name} is not defined in the query")
        hops = scope.depth - found - 1

        def run(env: Env, value: Any, path: Path) -> Iterator[Result]:
            place = outer(env, hops)
            assert place is not None
            raise Stopped(place[0])

        return run

    def _bind(self, node: Bind, scope: Scope) -> Filter:
        source = self.filter(node.source, scope)
        bindings, inner = bindings_of(node.patterns, scope, self.filter, self._budget)
        return bound(self._budget, source, bindings, self.filter(node.body, inner))

    def _reduce(self, node: Reduce, scope: Scope) -> Filter:
        source, start = self.filter(node.source, scope), self.filter(node.start, scope)
        bindings, inner = bindings_of(node.patterns, scope, self.filter, self._budget)
        return reduction(self._budget, source, bindings, start, self.filter(node.update, inner))

    def _foreach(self, node: Foreach, scope: Scope) -> Filter:
        source, start = self.filter(node.source, scope), self.filter(node.start, scope)
        bindings, inner = bindings_of(node.patterns, scope, self.filter, self._budget)
        update, extract = self.filter(node.update, inner), self.filter(node.extract, inner)
        return iteration(self._budget, source, bindings, start, update, extract)

    def _def(self, node: Def, scope: Scope) -> Filter:
        function = Function(node, scope)
        return self.filter(node.rest, Scope(scope.depth, name_of(node), function, scope))

    def _call(self, node: Call, scope: Scope) -> Filter:
        name = f"{node.name}/{len(node.arguments)}"
        found = scope.look_up(name)
        if isinstance(found, int):
            return call_of_parameter(self._budget, scope.depth - found - 1)
        if isinstance(found, Function):
            return self._called(found, node, scope)
        if node.name in _REFUSED:
            raise QuerySyntaxError(f"{node.name} is refused: a query sees nothing but its value")
        special = SPECIALS.get(name)
        if special is not None:
            return special(self._budget, *(self.filter(argument, scope) for argument in node.arguments))
        native = NATIVES.get((node.name, len(node.arguments)))
        if native is not None:
            return call_of_native(self._budget, native, [self.filter(argument, scope) for argument in node.arguments])
        if name not in self._functions:
            definition = prelude().get(name)
            if definition is None:
                raise QuerySyntaxError(f"{name} is not defined in the query")
            self._functions[name] = Function(definition, ROOT)
        return self._called(self._functions[name], node, scope)

    def _called(self, function: Function, node: Call, scope: Scope) -> Filter:
        arguments = [self.filter(argument, scope) for argument in node.arguments]
        self._begin(function)
        return call_of_function(self._budget, function, arguments, scope.depth - function.scope.depth)

    def _begin(self, function: Function) -> None:
        if function.started:
            return
        # Before its body is looked at, where it may call itself.
        function.started = True
        definition = function.definition
        scope = Scope(function.scope.depth, name_of(definition), function, function.scope)
        body = definition.body
        for parameter in definition.parameters:
            scope = scope.place(f"{parameter.removeprefix('$')}/0")
        for parameter in reversed(definition.parameters):
            if parameter.startswith("$"):
                body = Bind(Call(parameter[1:]), (Pattern(parameter[1:]),), body)
        function.run = self.filter(body, scope)


def _format(name: str) -> Callable[[Any, Budget], str]:
    if name not in FORMATS:
        raise QuerySyntaxError(f"{name} is not a valid format")
    return FORMATS[name]
