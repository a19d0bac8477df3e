"""The part of jq's language that flows use to pick values out of JSON: paths, pipes and a few functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["run_jq"]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<op>==|!=|<=|>=|<|>)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>[.\[\]()|,:?{}]))"
)
_MAX_RESULTS = 100_000
_MAX_STEPS = 500_000
_MAX_DEPTH = 50
_MAX_LENGTH = 10_000

Filter = Callable[[Any], Iterator[Any]]


def run_jq(program: str, value: Any) -> list[Any]:
    """All results of a program on a value.

    Understood are `.`, `.key`, `."key"`, `.[0]`, `.[1:3]`, `.[]`, `?`, `|`, `,`, comparisons, `select(...)`, `map(...)`,
    objects and lists built of such, literals, and the functions `keys`, `values`, `length`, `first`, `last`, `add`,
    `type`, `sort`, `unique`, `reverse`, `not`, `tostring`, `tonumber`, `has("key")`. Raises `ValueError` for anything
    else and for values that do not fit.
    """
    results: list[Any] = []
    for result in _Parser(program).program()(value):
        if len(results) >= _MAX_RESULTS:
            raise ValueError(f"the query gives more than {_MAX_RESULTS} results")
        results.append(result)
    return results


class _Parser:
    def __init__(self, program: str) -> None:
        if len(program) > _MAX_LENGTH:
            raise ValueError("the query is too long")
        self._program = program
        self._tokens = list(_tokens(program))
        self._at = 0
        self._depth = 0
        self._steps = 0

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise ValueError("the query takes too many steps on this value")

    def _piped(self, first: Filter, second: Filter) -> Filter:
        def run(value: Any) -> Iterator[Any]:
            for middle in first(value):
                self._step()
                yield from second(middle)

        return run

    def _compared(self, left: Filter, operator: Callable[[Any, Any], bool], right: Filter) -> Filter:
        def run(value: Any) -> Iterator[Any]:
            for b in right(value):
                for a in left(value):
                    self._step()
                    yield operator(a, b)

        return run

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        lexeme = self._peek()
        self._at += 1
        return lexeme

    def _took(self, text: str) -> bool:
        if self._peek()[1] == text and self._peek()[0] in ("mark", "op"):
            self._at += 1
            return True
        return False

    def _want(self, text: str) -> None:
        if not self._took(text):
            raise self._unknown()

    def _unknown(self) -> ValueError:
        return ValueError(f"{self._peek()[1] or 'the end'!r} is not understood in the query {self._program[:200]!r}")

    def program(self) -> Filter:
        found = self._pipe()
        if self._peek()[0] != "end":
            raise self._unknown()
        return found

    def _pipe(self) -> Filter:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("the query is nested too deeply")
        found = self._comma()
        while self._took("|"):
            found = self._piped(found, self._comma())
        self._depth -= 1
        return found

    def _comma(self) -> Filter:
        parts = [self._comparison()]
        while self._took(","):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else lambda value: (item for part in parts for item in part(value))

    def _comparison(self) -> Filter:
        left = self._term()
        if self._peek()[0] != "op":
            return left
        operator = _COMPARISONS[self._take()[1]]
        right = self._term()
        return self._compared(left, operator, right)

    def _term(self) -> Filter:
        found = self._start()
        while True:
            if self._peek() == ("mark", "."):
                self._at += 1
                step = self._key()
            elif self._took("["):
                step = self._bracket()
            elif self._took("?"):
                found = _lenient(found)
                continue
            else:
                return found
            # A question mark forgives the step in front of it, not the whole path.
            found = self._piped(found, _lenient(step) if self._took("?") else step)

    def _start(self) -> Filter:
        kind, lexeme = self._take()
        if kind == "string":
            return _constant(_text(lexeme))
        if kind == "number":
            return _constant(float(lexeme) if "." in lexeme else int(lexeme))
        if kind == "word":
            return self._function(lexeme)
        if lexeme == ".":
            if self._peek()[0] in ("word", "string"):
                return self._key()
            return lambda value: iter((value,))
        if lexeme == "(":
            found = self._pipe()
            self._want(")")
            return found
        if lexeme == "[":
            if self._took("]"):
                return _constant([])
            inner = self._pipe()
            self._want("]")
            return lambda value: iter((list(inner(value)),))
        if lexeme == "{":
            return self._built_object()
        self._at -= 1
        raise self._unknown()

    def _key(self) -> Filter:
        if self._took("["):
            return self._bracket()
        kind, lexeme = self._take()
        if kind not in ("word", "string"):
            self._at -= 1
            raise self._unknown()
        return _at_key(_text(lexeme) if kind == "string" else lexeme)

    def _bracket(self) -> Filter:
        if self._took("]"):
            return _each
        first = None if self._peek() == ("mark", ":") else self._take()
        if self._took(":"):
            last = None if self._peek() == ("mark", "]") else self._take()
            self._want("]")
            start, stop = (int(lexeme[1]) if lexeme and lexeme[0] == "number" else None for lexeme in (first, last))
            return lambda value: iter((_sliced(value, start, stop),))
        self._want("]")
        if first is None or first[0] not in ("number", "string"):
            raise self._unknown()
        return _at_key(_text(first[1])) if first[0] == "string" else _at_index(int(float(first[1])))

    def _built_object(self) -> Filter:
        parts: list[tuple[str, Filter]] = []
        while not self._took("}"):
            kind, lexeme = self._take()
            if kind not in ("word", "string"):
                self._at -= 1
                raise self._unknown()
            name = _text(lexeme) if kind == "string" else lexeme
            parts.append((name, self._comparison() if self._took(":") else _at_key(name)))
            if not self._took(","):
                self._want("}")
                break
        return lambda value: iter(({name: next(part(value), None) for name, part in parts},))

    def _function(self, name: str) -> Filter:
        if name in _CONSTANTS:
            return _constant(_CONSTANTS[name])
        if name in _PLAIN:
            plain = _PLAIN[name]
            return lambda value: iter((plain(value),))
        if name not in ("map", "select", "has"):
            self._at -= 1
            raise self._unknown()
        self._want("(")
        inner = self._pipe()
        self._want(")")
        if name == "map":
            return lambda value: iter(([result for item in _each(value) for result in inner(item)],))
        if name == "has":
            return lambda value: (isinstance(value, Mapping) and key in value for key in inner(value))
        return lambda value: (value for found in inner(value) if found is not None and found is not False)


def _tokens(program: str) -> Iterator[tuple[str, str]]:
    at = 0
    end = len(program.rstrip())
    while at < end:
        match = _TOKEN.match(program, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"{program[at:].strip()[:20]!r} is not understood in the query {program[:200]!r}")
        at = match.end()
        yield match.lastgroup, match[match.lastgroup]


def _text(lexeme: str) -> str:
    return lexeme[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _constant(constant: Any) -> Filter:
    return lambda value: iter((constant,))


def _lenient(inner: Filter) -> Filter:
    def run(value: Any) -> Iterator[Any]:
        try:
            yield from inner(value)
        except ValueError:
            return

    return run


def _at_key(key: str) -> Filter:
    def run(value: Any) -> Iterator[Any]:
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f'Cannot index {_type(value)} with string ("{key}")')
        yield None if value is None else value.get(key)

    return run


def _at_index(index: int) -> Filter:
    def run(value: Any) -> Iterator[Any]:
        if value is not None and not isinstance(value, list):
            raise ValueError(f"Cannot index {_type(value)} with number ({index})")
        yield value[index] if value is not None and -len(value) <= index < len(value) else None

    return run


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        return iter(value.values())
    if isinstance(value, list):
        return iter(value)
    raise ValueError(f"Cannot iterate over {_type(value)}")


def _sliced(value: Any, start: int | None, stop: int | None) -> Any:
    if not isinstance(value, (list, str)):
        raise ValueError(f"cannot take a part of {_type(value)}")
    return value[start:stop]


def _type(value: Any) -> str:
    if value is None:
        return "null"
    names = ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "object")


def _rank(value: Any) -> tuple[Any, ...]:
    """jq's order of all values: null, booleans, numbers, strings, the rest."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, (int, float)):
        return (2, value)
    return (3, value) if isinstance(value, str) else (4, str(value))


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{_type(value)} is not a list")
    return value


def _length(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool):
        raise ValueError("a boolean has no length")
    return abs(value) if isinstance(value, (int, float)) else len(value)


def _keys(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return sorted(value)
    return list(range(len(_listed(value))))


def _sum(value: Any) -> Any:
    items = [item for item in _each(value) if item is not None]
    if not items:
        return None
    if all(isinstance(item, (int, float)) for item in items):
        return sum(items)
    if all(isinstance(item, str) for item in items):
        return "".join(items)
    if all(isinstance(item, list) for item in items):
        return [part for item in items for part in item]
    if all(isinstance(item, Mapping) for item in items):
        return {key: part for item in items for key, part in item.items()}
    raise ValueError("values of different kinds cannot be added")


def _tonumber(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return value
    number = float(str(value))
    return int(number) if number.is_integer() else number


def _unique(value: Any) -> list[Any]:
    found: list[Any] = []
    for item in sorted(_listed(value), key=_rank):
        if not found or item != found[-1]:
            found.append(item)
    return found


_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: _rank(a) < _rank(b),
    ">": lambda a, b: _rank(a) > _rank(b),
    "<=": lambda a, b: _rank(a) <= _rank(b),
    ">=": lambda a, b: _rank(a) >= _rank(b),
}
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "keys": _keys,
    "values": lambda value: list(_each(value)),
    "length": _length,
    "first": lambda value: next(iter(_listed(value)), None),
    "last": lambda value: _listed(value)[-1] if value else None,
    "add": _sum,
    "type": _type,
    "sort": lambda value: sorted(_listed(value), key=_rank),
    "unique": _unique,
    "reverse": lambda value: value[::-1] if isinstance(value, str) else _listed(value)[::-1],
    "not": lambda value: value is None or value is False,
    "tostring": lambda value: value if isinstance(value, str) else str(value),
    "tonumber": _tonumber,
}
