"""Split Text and Combine Text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Data, Message, Table, to_text

__all__ = ["CombineTextComponent", "SplitTextComponent", "merge_pieces"]


class CombineTextComponent(Component):
    """Joins two texts."""

    name = "CombineText"
    aliases = ("Combine Text",)
    display_name = "Combine Text"
    category = "processing"
    icon = "merge"
    legacy = True

    text1: str = field(Kind.TEXT, "First Text")
    text2: str = field(Kind.TEXT, "Second Text")
    delimiter: str = field(Kind.TEXT, "Delimiter", " ", info="Put between the two; a space unless given.")

    @output("combined_text", "Combined Text")
    async def combine_texts(self) -> Message:
        """Both texts with the delimiter between them."""
        text = f"{self.text1}{self.delimiter}{self.text2}"
        self.status = text
        return Message(text=text)


class SplitTextComponent(Component):
    """Splits texts into chunks of a limited length."""

    name = "SplitText"
    aliases = ("Split Text",)
    display_name = "Split Text"
    category = "processing"
    icon = "scissors-line-dashed"

    data_inputs: Any = field(
        Kind.HANDLE,
        "Input",
        required=True,
        input_types=("Data", "JSON", "DataFrame", "Table", "Message"),
        info="The texts to split: a table, records or a message.",
    )
    chunk_overlap: int = field(
        Kind.INT, "Chunk Overlap", 200, info="Most characters that a chunk repeats from the one before it."
    )
    chunk_size: int = field(
        Kind.INT, "Chunk Size", 1000, info="Most characters of a chunk; a longer piece without separator stays whole."
    )
    separator: str = field(Kind.TEXT, "Separator", "\n", info="Where to split; \\n is a line break.")
    text_key: str = field(Kind.TEXT, "Text Key", "text", advanced=True, info="The column or key that holds the text.")
    keep_separator: str = field(
        Kind.DROPDOWN,
        "Keep Separator",
        "False",
        options=("False", "True", "Start", "End"),
        advanced=True,
        info="Whether chunks keep the separator, and on which side of a piece.",
    )
    clean_output: bool = field(Kind.BOOL, "Clean Output", advanced=True, info="Leave the other columns out.")

    @output("dataframe", "Chunks", aliases=("as_dataframe",))
    def split_text(self) -> Table:
        """A row per chunk: its text first, then the other columns of what it was cut from."""
        table = Table(self._rows())
        self.status = table
        return table

    @output("chunks", "Chunks", types=("Data", "JSON"), hidden=True)
    def split_text_to_data(self) -> list[Data]:
        """The chunks as records."""
        records = [Data(row) for row in self._rows()]
        self.status = records
        return records

    def _rows(self) -> Iterator[dict[str, Any]]:
        if self.chunk_size < 1:
            raise ValueError(f"Error splitting text: the chunk size must be at least 1, not {self.chunk_size}")
        if self.chunk_overlap > self.chunk_size:
            raise ValueError(
                f"Error splitting text: the chunk overlap ({self.chunk_overlap}) is larger than "
                f"the chunk size ({self.chunk_size})"
            )
        for text, others in self._documents():
            for chunk in self._chunks(text):
                yield {"text": chunk} if self.clean_output else {"text": chunk, **others}

    def _documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        value = self.data_inputs
        if isinstance(value, Table) and not len(value):
            raise ValueError("DataFrame is empty")
        items = value if isinstance(value, (list, tuple, Table)) else [value] if value else []
        if not items:
            raise ValueError("No data inputs provided")
        for item in items:
            if isinstance(item, Table):
                yield from (self._document(row) for row in item)
            else:
                yield self._document(item)

    def _document(self, item: Any) -> tuple[str, dict[str, Any]]:
        if isinstance(item, Message):
            return item.text, {}
        if isinstance(item, str):
            return item, {}
        if not isinstance(item, (Data, Mapping)):
            raise ValueError(f"No valid Data inputs found: {type(item).__name__} cannot be split")
        record = dict(item.data if isinstance(item, Data) else item)
        default = item.default_value if isinstance(item, Data) else ""
        text = record.pop(self.text_key, default)
        record.pop("text", None)
        return to_text(text), record

    def _chunks(self, text: str) -> list[str]:
        separator = _unescaped(self.separator)
        keep = self.keep_separator.lower()
        pieces = _pieces(text, separator, keep)
        joint = separator if keep == "false" else ""
        return [chunk for chunk in merge_pieces(pieces, joint, self.chunk_size, self.chunk_overlap) if chunk]


def _unescaped(separator: str) -> str:
    separator = {"/n": "\n", "/t": "\t"}.get(separator, separator)
    return separator.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")


def _pieces(text: str, separator: str, keep: str) -> list[str]:
    if not separator:
        return list(text)
    first, *rest = text.split(separator)
    if keep in ("true", "start"):
        pieces = [first, *(separator + piece for piece in rest)]
    elif keep == "end":
        *head, last = [first, *rest]
        pieces = [*(piece + separator for piece in head), last]
    else:
        pieces = [first, *rest]
    return [piece for piece in pieces if piece]


def merge_pieces(pieces: list[str], joint: str, size: int, overlap: int) -> Iterator[str]:
    """Pieces joined into chunks of at most `size`, each beginning with at most `overlap` characters of the last one."""
    window: deque[str] = deque()
    length = 0
    for piece in pieces:
        if window and length + len(joint) + len(piece) > size:
            yield joint.join(window).strip()
            while window and (length > overlap or length + len(joint) + len(piece) > size):
                length -= len(window.popleft()) + (len(joint) if window else 0)
        length += len(piece) + (len(joint) if window else 0)
        window.append(piece)
    if window:
        yield joint.join(window).strip()
