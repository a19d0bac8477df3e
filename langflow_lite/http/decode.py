"""Reading JSON, query strings and forms from strangers: bounded depth, and every failure a 422 that names the place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from typing import Any, get_args

import msgspec

from langflow_lite.errors import InvalidRequest, Problem

__all__ = ["MAX_DEPTH", "decode_fields", "decode_json", "validation_problem"]

MAX_DEPTH = 128
"""Deepest nesting of arrays and objects in a body."""

_BOM = b"\xef\xbb\xbf"
# Possessive, and content to end at the end of the input: linear in any input.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))

_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_EXPECTED = re.compile(r"Expected `(?P<type>[^`]+)`, got")
_BYTE = re.compile(r"\(byte (?P<offset>\d+)\)")
_PLACE = re.compile(r" - at `(?P<kind>key in )?\$(?P<path>.*)`$|(?P<plain>$)")
_STEP = re.compile(r"\[(?P<index>\d+)\]|\[\.\.\.\]|\.(?P<name>[^.\[]+)")
_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "y", "on", "t"), True),
    **dict.fromkeys(("false", "0", "no", "n", "off", "f"), False),
}
_anything = msgspec.json.Decoder()
_TYPES = {
    "str": "string_type",
    "int": "int_type",
    "float": "float_type",
    "bool": "bool_type",
    "array": "list_type",
    "object": "dict_type",
    "datetime": "datetime_parsing",
    "uuid": "uuid_parsing",
}


def decode_json(raw: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Decode a body; of duplicate keys the last wins. Raises `InvalidRequest` with `loc` below "body"."""
    if raw.startswith(_BOM):
        raw = raw[len(_BOM) :]
    try:
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
            raise InvalidRequest(Problem("json_invalid", ("body",), f"JSON is nested deeper than {MAX_DEPTH} levels"))
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        problem = validation_problem(error, "body")
        if problem.type == "missing" and (fields := _missing_fields(raw, decoder.type)):
            raise InvalidRequest([Problem("missing", ("body", name), "Field required") for name in fields]) from None
    except msgspec.DecodeError as error:
        found = _BYTE.search(str(error))
        offset = int(found["offset"]) if found else len(raw)
        problem = Problem("json_invalid", ("body", offset), f"JSON decode error: {error}")
    except UnicodeDecodeError:
        problem = Problem("json_invalid", ("body", _bad_byte(raw)), "JSON decode error: the text is not UTF-8")
    except RecursionError:
        problem = Problem("json_invalid", ("body",), "JSON is nested too deeply")
    raise InvalidRequest(problem)


def decode_fields(texts: Mapping[str, str], kind: type[msgspec.Struct], source: str) -> Any:
    """Decode texts, by field name, to a Struct: those for a text field as they are, others as JSON or a bare word.

    Raises `InvalidRequest` with `loc` below `source`.
    """
    values: dict[str, Any] = {}
    for name, accepted in _accepted_types(kind).items() if texts else ():
        if (text := texts.get(name)) is None:
            continue
        if bool in accepted:
            values[name] = _WORDS.get(text.lower(), text)
        elif text[:1] in ("{", "[") and str not in accepted:
            values[name] = _json_value(text, (source, name))
        else:
            values[name] = text
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(validation_problem(error, source)) from None


def _missing_fields(raw: bytes, kind: Any) -> list[str]:
    """The required fields that the top level of a body lacks; the decoder stops at the first."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return []
    sent = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return [f.encode_name for f in msgspec.structs.fields(kind) if f.required and f.encode_name not in sent]


@cache
def _accepted_types(kind: type[msgspec.Struct]) -> dict[str, frozenset[Any]]:
    return {f.encode_name: frozenset((f.type, *get_args(f.type))) for f in msgspec.structs.fields(kind)}


def _json_value(text: str, loc: tuple[str | int, ...]) -> Any:
    try:
        return decode_json(text.encode("utf-8", "replace"), _anything)
    except InvalidRequest as error:
        raise InvalidRequest([Problem(p.type, loc, p.msg) for p in error.problems]) from None


def validation_problem(error: msgspec.ValidationError, source: str) -> Problem:
    """What msgspec says of a value of the wrong shape, with the place as a path that starts with `source`."""
    text = str(error)
    place = _PLACE.search(text)
    loc: list[str | int] = [source]
    if place is not None and place["path"]:
        # msgspec writes [...] for the values of a dict, without the key.
        steps = [int(m["index"]) if m["index"] else m["name"] for m in _STEP.finditer(place["path"])]
        loc += [step for step in steps if step is not None]
        text = text[: place.start()]
    if missing := _MISSING.search(text):
        return Problem("missing", (*loc, missing["name"]), "Field required")
    expected = _EXPECTED.search(text)
    kind = _TYPES.get(expected["type"].split(" ")[0], "value_error") if expected else "value_error"
    return Problem(kind, tuple(loc), text)


def _depth(raw: bytes) -> int:
    """Deepest nesting of brackets outside of strings; -1 and +1 steps are summed as signed bytes."""
    steps = _STRING.sub(b"", raw).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _bad_byte(raw: bytes) -> int:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0
