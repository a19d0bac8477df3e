"""What Operations does with text: count, cut, replace, extract and clean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from langflow_lite.components.base import Component
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.regexes import InvalidRegex, find_all, replace_all
from langflow_lite.values import Table

__all__ = ["TEXT_OPERATIONS", "TextOperations"]

TEXT_OPERATIONS = (
    "Word Count",
    "Case Conversion",
    "Text Replace",
    "Text Extract",
    "Text Head",
    "Text Tail",
    "Text Strip",
    "Text Join",
    "Text Clean",
    "Text to DataFrame",
)

_CASES: dict[str, Callable[[str], str]] = {
    "uppercase": str.upper,
    "lowercase": str.lower,
    "title": str.title,
    "capitalize": str.capitalize,
    "swapcase": str.swapcase,
}
_RULE = re.compile(r":?-+:?")
_SPACES = re.compile(r"\s+")
_SPECIAL = re.compile(r"[^\w\s]")


class TextOperations(Component):
    """The fields of text operations, and the operations themselves."""

    text_input: str = field(Kind.MULTILINE, "Text", info="The text to work on.")
    table_separator: str = field(Kind.STR, "Table Separator", "|", info="Between the cells of a line.")
    has_header: bool = field(Kind.BOOL, "Has Header", True, info="Whether the first line names the columns.")
    count_words: bool = field(Kind.BOOL, "Count Words", True)
    count_characters: bool = field(Kind.BOOL, "Count Characters", True)
    count_lines: bool = field(Kind.BOOL, "Count Lines", True)
    case_type: str = field(Kind.DROPDOWN, "Case Type", "lowercase", options=tuple(_CASES))
    use_regex: bool = field(Kind.BOOL, "Use Regex", info="Take the pattern as a regular expression.")
    search_pattern: str = field(Kind.STR, "Search Pattern")
    replacement_text: str = field(Kind.STR, "Replacement Text")
    extract_pattern: str = field(Kind.STR, "Extract Pattern", info="A regular expression.")
    max_matches: int = field(Kind.INT, "Max Matches", 10, info="0 is all of them.")
    head_characters: int = field(Kind.INT, "Characters from Start", 100)
    tail_characters: int = field(Kind.INT, "Characters from End", 100)
    strip_mode: str = field(Kind.DROPDOWN, "Strip Mode", "both", options=("both", "left", "right"))
    strip_characters: str = field(Kind.STR, "Characters to Strip", info="Empty: white space.")
    text_input_2: str = field(Kind.MULTILINE, "Second Text Input", info="For Text Join.")
    remove_extra_spaces: bool = field(Kind.BOOL, "Remove Extra Spaces", True)
    remove_special_chars: bool = field(Kind.BOOL, "Remove Special Characters")
    remove_empty_lines: bool = field(Kind.BOOL, "Remove Empty Lines")

    async def text_result(self, operation: str) -> str:
        """The result of a text operation as text; the text itself when the name is none of them."""
        text = self.text_input
        if operation == "Text Join":
            return "\n".join(part for part in (text, self.text_input_2) if part)
        if not text:
            return ""
        match operation:
            case "Case Conversion":
                return _CASES.get(self.case_type, str)(text)
            case "Text Replace":
                return await self._text_replaced(text)
            case "Text Extract":
                return "\n".join(str(match) for match in await self._extracted(text))
            case "Text Head":
                return text[: _not_negative(self.head_characters, "Start")]
            case "Text Tail":
                return text[max(0, len(text) - _not_negative(self.tail_characters, "End")) :]
            case "Text Strip":
                return self._stripped(text)
            case "Text Clean":
                return self._cleaned(text)
            case "Word Count":
                return str(self.counts())
        return text

    def counts(self) -> dict[str, Any]:
        """Words, characters and lines of the text, as far as they are asked for."""
        text = self.text_input
        counted = text if text.strip() else ""
        lines = counted.split("\n") if counted else []
        found: dict[str, Any] = {}
        if self.count_words:
            words = counted.split()
            found |= {"word_count": len(words), "unique_words": len(set(words))}
        if self.count_characters:
            found |= {
                "character_count": len(counted),
                "character_count_no_spaces": len(counted.replace(" ", "")),
            }
        if self.count_lines:
            found |= {"line_count": len(lines), "non_empty_lines": sum(1 for line in lines if line.strip())}
        return found

    def parsed_table(self) -> Table:
        """The text as a table; raises `ValueError` for a line with more or fewer cells than the header."""
        separator = self.table_separator or "|"
        rows = []
        for index, line in enumerate(line.strip() for line in self.text_input.split("\n") if line.strip()):
            cells = [cell.strip() for cell in line.strip(separator).split(separator)]
            if self.has_header and index == 1 and all(_RULE.fullmatch(cell) for cell in cells):
                continue
            rows.append(cells)
        if not rows:
            return Table()
        if self.has_header:
            names, *rows = rows
            for number, cells in enumerate(rows, 1):
                if len(cells) != len(names):
                    raise ValueError(
                        f"Header mismatch: {len(names)} column(s) in header vs {len(cells)} column(s) in data row {number}. "
                        "Give every row as many cells as the header."
                    )
        else:
            names = [f"col_{index}" for index in range(max(map(len, rows)))]
        columns = [
            _typed([cells[index] if index < len(cells) else None for cells in rows]) for index in range(len(names))
        ]
        table = Table(dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True))
        self.log(f"Converted text to DataFrame: {len(table)} rows, {len(names)} columns")
        return table

    async def _text_replaced(self, text: str) -> str:
        if not self.search_pattern:
            return text
        if not self.use_regex:
            return text.replace(self.search_pattern, self.replacement_text)
        try:
            return await replace_all(self.search_pattern, self.replacement_text, text)
        except InvalidRegex as error:
            self.log(str(error))
            return text

    async def _extracted(self, text: str) -> list[Any]:
        if not self.extract_pattern:
            return []
        try:
            found = await find_all(self.extract_pattern, text)
        except InvalidRegex as error:
            raise ValueError(f"Invalid regex pattern '{self.extract_pattern}': {error}") from error
        return found[: self.max_matches] if self.max_matches > 0 else found

    def _stripped(self, text: str) -> str:
        characters = self.strip_characters or None
        if self.strip_mode == "left":
            return text.lstrip(characters)
        return text.rstrip(characters) if self.strip_mode == "right" else text.strip(characters)

    def _cleaned(self, text: str) -> str:
        if self.remove_extra_spaces:
            text = _SPACES.sub(" ", text)
        if self.remove_special_chars:
            text = _SPECIAL.sub("", text)
        if self.remove_empty_lines:
            text = "\n".join(line for line in text.split("\n") if line.strip())
        return text


def _not_negative(number: int, side: str) -> int:
    if number < 0:
        raise ValueError(f"Characters from {side} must be a non-negative integer, got {number}")
    return number


def _typed(cells: list[str | None]) -> list[Any]:
    """A column as numbers when all its cells are."""
    for kind in (int, float):
        try:
            return [None if cell is None else kind(cell) for cell in cells]
        except ValueError:
            continue
    return list(cells)
