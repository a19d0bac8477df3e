"""Text as a drawing needs it: free of what cannot be shown, and cut to a width that is estimated, not measured."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["clean", "fit", "plain_markdown", "width", "wrap"]

_NARROW = frozenset("fijlrtI!|.,:;'`()[]{}/\\ -\"")
_WIDE = frozenset("mwMW@%")
# Controls, what turns the direction of the text around it, and what XML 1.0 cannot hold (section 2.2).
_UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\uffff]"
)
_SPACES = re.compile(r"\s+")
_LINK = re.compile(r"!?\[([^\]\[]{0,200})\]\([^()\s]{0,500}\)")
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)")
_BULLET = re.compile(r"^[*+-] +")


def clean(text: str, limit: int) -> str:
    """One line of at most `limit` characters; what cannot be shown becomes a space."""
    cut = _SPACES.sub(" ", _UNSHOWABLE.sub(" ", text[: limit * 4])).strip()
    return cut if len(cut) <= limit and len(text) <= limit * 4 else cut[: limit - 1].rstrip() + "…"


def width(text: str, size: float) -> float:
    """About how wide a text of this font size is, in the same unit; rather too wide than too narrow."""
    return size * sum(map(_em, text))


def _em(char: str) -> float:
    if char.isascii():
        if char in _NARROW:
            return 0.38
        if char in _WIDE:
            return 0.9
        return 0.71 if char.isupper() else 0.6
    if unicodedata.combining(char):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(char) in "WF" else 0.66


def fit(text: str, room: float, size: float) -> str:
    """The text, with an ellipsis in place of what does not fit into `room`."""
    if width(text, size) <= room:
        return text
    left = room - width("…", size)
    kept = 0
    for char in text:
        left -= size * _em(char)
        if left < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def wrap(text: str, room: float, size: float) -> Iterator[str]:
    """The lines of one paragraph; a word that is wider than a line is cut."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if not line or width(longer, size) <= room:
            line = longer
        else:
            yield fit(line, room, size)
            line = word
    yield fit(line, room, size)


def plain_markdown(text: str, limit: int) -> Iterator[tuple[str, bool]]:
    """The lines of a Markdown text as plain ones, each with whether it is a heading; at most `limit` characters of it."""
    for line in text[:limit].splitlines():
        stripped = line.strip()
        heading = stripped.startswith("#")
        shown = _LINK.sub(r"\1", stripped.lstrip("#>").lstrip())
        shown = _EMPHASIS.sub("", _BULLET.sub("• ", shown))
        yield clean(shown, 1000), heading
