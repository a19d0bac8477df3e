"""Texts and lists as YAML, the way PyYAML writes them and clients know `params` of chat components (seed document 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from langflow_lite.values import to_json

__all__ = ["yaml_list_of"]

_WIDTH = 80
_INDENT = "\n    "
_NUMBER = (
    r"[-+]?(?:\d[\d_]*(?:\.[\d_]*(?:e[-+]\d+)?|(?::[0-5]?\d)+(?:\.[\d_]*)?)?|\.\d[\d_]*(?:e[-+]\d+)?|0x[\da-f_]+|\.inf)"
)
_TIME = r"\d{4}-\d\d?-\d\d?(?:[ T]+\d\d?:\d\d:\d\d[\d.:+\- Z]*)?"
# Text that is read back as that text when it stands there without quotes.
_PLAIN = re.compile(
    rf"(?!(?:{_NUMBER}|{_TIME}|<<|=|~|\.nan|null|true|false|yes|no|on|off)$|[-?:](?:\s|$)|---|\.\.\.)"
    r"[^\s,\[\]{}#&*!|>'\"%@`](?:[^:#\n]|:(?![\s]|$)|(?<!\s)#)*(?<!\s)",
    re.IGNORECASE,
)
# Text that needs escapes: what does not print, and spaces around the ends of lines.
_ESCAPED = re.compile("[^\n -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]| \n|\n ")
_SINGLE_SPACE = re.compile(r"(?<! ) (?! )")


def yaml_list_of(values: Mapping[str, Any]) -> str:
    """A YAML list of this one mapping, by key; its values are texts or lists."""
    lines = [_entry(key, values[key]) for key in sorted(values)]
    return "- " + "\n  ".join(lines) + "\n"


def _entry(key: str, value: Any) -> str:
    if isinstance(value, str):
        return f"{key}: {_text(value, len(key) + 4)}"
    if not isinstance(value, (list, tuple)) or not value:
        return f"{key}: {to_json(value).decode()}"
    items = (_text(item, 4) if isinstance(item, str) else to_json(item).decode() for item in value)
    return "\n  - ".join((f"{key}:", *items))


def _text(text: str, column: int) -> str:
    if _ESCAPED.search(text):
        return to_json(text).decode()
    if _PLAIN.fullmatch(text):
        return _folded(text, column)
    quoted = text.replace("'", "''")
    lines = re.sub("\n+", lambda breaks: breaks[0] + _INDENT, quoted).split(_INDENT)
    shown = [_folded(line, column + 1 if number == 0 else 4) for number, line in enumerate(lines)]
    return "'" + _INDENT.join(shown) + "'"


def _folded(text: str, column: int) -> str:
    """Broken at single spaces beyond the width, but not at its ends."""
    if column + len(text) <= _WIDTH:
        return text
    words = _SINGLE_SPACE.split(text)
    shown = words[0]
    column += len(shown)
    for word in words[1:]:
        breaks = column > _WIDTH and word and shown
        shown += (_INDENT if breaks else " ") + word
        column = (4 if breaks else column + 1) + len(word)
    return shown
