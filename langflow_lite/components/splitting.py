"""Recursive, character and language text splitters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.shaping import texts_in
from langflow_lite.components.text import merge_pieces
from langflow_lite.values import Data, Message, Table, to_text

__all__ = [
    "CharacterTextSplitterComponent",
    "LanguageRecursiveTextSplitterComponent",
    "RecursiveCharacterTextSplitterComponent",
    "split_recursively",
]

_SEPARATORS = ("\n\n", "\n", " ", "")
_BLOCKS = ("\n\n", "\n", " ", "")
_C_LIKE = ("\nif ", "\nfor ", "\nwhile ", "\nswitch ", "\ncase ", *_BLOCKS)
_LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "cpp": ("\nclass ", "\nvoid ", "\nint ", "\nfloat ", "\ndouble ", *_C_LIKE),
    "c": ("\nvoid ", "\nint ", "\nfloat ", "\ndouble ", *_C_LIKE),
    "csharp": ("\ninterface ", "\nenum ", "\nclass ", "\nabstract ", "\npublic ", "\nprivate ", *_C_LIKE),
    "go": ("\nfunc ", "\nvar ", "\nconst ", "\ntype ", *_C_LIKE),
    "java": ("\nclass ", "\npublic ", "\nprotected ", "\nprivate ", "\nstatic ", *_C_LIKE),
    "js": ("\nfunction ", "\nconst ", "\nlet ", "\nvar ", "\nclass ", *_C_LIKE),
    "ts": ("\nenum ", "\ninterface ", "\nnamespace ", "\ntype ", "\nclass ", "\nfunction ", "\nconst ", *_C_LIKE),
    "php": ("\nfunction ", "\nclass ", "\nforeach ", *_C_LIKE),
    "rust": ("\nfn ", "\nconst ", "\nlet ", "\nimpl ", "\nmatch ", *_C_LIKE),
    "kotlin": ("\nclass ", "\nfun ", "\nval ", "\nvar ", "\nwhen ", *_C_LIKE),
    "scala": ("\nclass ", "\nobject ", "\ndef ", "\nval ", "\nvar ", *_C_LIKE),
    "swift": ("\nfunc ", "\nclass ", "\nstruct ", "\nenum ", *_C_LIKE),
    "python": ("\nclass ", "\ndef ", "\n\tdef ", *_BLOCKS),
    "ruby": ("\ndef ", "\nclass ", "\nif ", "\nunless ", "\nwhile ", "\nfor ", "\nbegin ", *_BLOCKS),
    "markdown": ("\n# ", "\n## ", "\n### ", "\n#### ", "\n##### ", "\n###### ", "```\n", "\n---\n", *_BLOCKS),
    "latex": ("\n\\chapter{", "\n\\section{", "\n\\subsection{", "\n\\begin{", *_BLOCKS),
    "html": ("<body", "<div", "<p", "<br", "<li", "<h1", "<h2", "<h3", "<table", "<tr", "<td", "<ul", "<ol", " ", ""),
    "proto": ("\nmessage ", "\nservice ", "\nenum ", "\noption ", "\nimport ", "\nsyntax ", *_BLOCKS),
    "sol": ("\npragma ", "\nusing ", "\ncontract ", "\ninterface ", "\nlibrary ", "\nfunction ", *_C_LIKE),
    "lua": ("\nlocal ", "\nfunction ", "\nif ", "\nfor ", "\nwhile ", "\nrepeat ", *_BLOCKS),
}


def split_recursively(text: str, *, size: int, overlap: int, separators: Sequence[str] = _SEPARATORS) -> list[str]:
    """Chunks of at most `size` characters, cut at the first separator that suits, longer pieces at the next ones.

    Separators stay at the beginning of the piece after them. The empty separator cuts anywhere.
    """
    separator, rest = "", ()  # type: tuple[str, Sequence[str]]
    for index, candidate in enumerate(separators):
        if not candidate or candidate in text:
            separator, rest = candidate, separators[index + 1 :]
            break
    chunks: list[str] = []
    small: list[str] = []
    for piece in _kept(text, separator):
        if len(piece) < size:
            small.append(piece)
            continue
        chunks += merge_pieces(small, "", size, overlap)
        small = []
        if rest:
            chunks += split_recursively(piece, size=size, overlap=overlap, separators=rest)
        else:
            chunks.append(piece)
    chunks += merge_pieces(small, "", size, overlap)
    return [chunk for chunk in chunks if chunk.strip()]


def _kept(text: str, separator: str) -> list[str]:
    if not separator:
        return list(text)
    first, *others = text.split(separator)
    return [piece for piece in (first, *(separator + other for other in others)) if piece]


class _Splitter(Component):
    chunk_size: int = field(Kind.INT, "Chunk Size", 1000, info="Most characters of a chunk.")
    chunk_overlap: int = field(Kind.INT, "Chunk Overlap", 200, info="Most characters that two chunks share.")
    data_input: Any = field(
        Kind.HANDLE,
        "Input",
        is_list=True,
        aliases=("data_inputs", "inputs"),
        input_types=("Document", "Data", "JSON", "Message"),
        info="The texts to split.",
    )

    def _split(self, text: str) -> list[str]:
        raise NotImplementedError

    @output("data", "Data", types=("Data", "JSON"), aliases=("transform_data", "text"))
    def transform_data(self) -> list[Data]:
        """A record per chunk, with the other keys of what it was cut from."""
        if self.chunk_size < 1 or self.chunk_overlap > self.chunk_size:
            raise ValueError(
                f"The chunk size ({self.chunk_size}) must be at least 1 and not below the overlap ({self.chunk_overlap})"
            )
        records = [
            Data({**others, "text": chunk})
            for text, others in _documents(self.data_input)
            for chunk in self._split(text)
        ]
        self.status = records
        return records


def _documents(value: Any) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for item in value if isinstance(value, (list, tuple, Table)) else [value]:
        if isinstance(item, Table):
            found += _documents(item)
        elif isinstance(item, (Data, Mapping)):
            record = dict(item.data if isinstance(item, Data) else item)
            found.append((to_text(record.pop("text", "")), record))
        elif item is not None:
            found.append((item.text if isinstance(item, Message) else to_text(item), {}))
    return found


class RecursiveCharacterTextSplitterComponent(_Splitter):
    """Splits texts at paragraphs, then lines, then words, as far as is needed."""

    name = "RecursiveCharacterTextSplitter"
    aliases = ("Recursive Character Text Splitter",)
    display_name = "Recursive Character Text Splitter"
    category = "langchain_utilities"
    icon = "LangChain"

    separators: Any = field(
        Kind.TEXT, "Separators", is_list=True, info="Tried in this order; empty: paragraphs, lines, words."
    )

    def _split(self, text: str) -> list[str]:
        given = self.separators if isinstance(self.separators, (list, tuple)) else [self.separators]
        separators = (
            [_unescaped(str(separator)) for separator in given if separator] if texts_in(given) else _SEPARATORS
        )
        return split_recursively(text, size=self.chunk_size, overlap=self.chunk_overlap, separators=separators)


class CharacterTextSplitterComponent(_Splitter):
    """Splits texts at one separator."""

    name = "CharacterTextSplitter"
    aliases = ("Character Text Splitter",)
    display_name = "Character Text Splitter"
    category = "langchain_utilities"
    icon = "LangChain"

    separator: str = field(Kind.TEXT, "Separator", "\n\n", info="Where to split.")

    def _split(self, text: str) -> list[str]:
        separator = _unescaped(self.separator) or "\n\n"
        pieces = [piece for piece in text.split(separator) if piece]
        return [chunk for chunk in merge_pieces(pieces, separator, self.chunk_size, self.chunk_overlap) if chunk]


class LanguageRecursiveTextSplitterComponent(_Splitter):
    """Splits source code at the beginnings of its larger parts."""

    name = "LanguageRecursiveTextSplitter"
    aliases = ("Language Recursive Text Splitter",)
    display_name = "Language Recursive Text Splitter"
    category = "langchain_utilities"
    icon = "LangChain"

    code_language: str = field(Kind.DROPDOWN, "Code Language", "python", options=tuple(_LANGUAGES))

    def _split(self, text: str) -> list[str]:
        separators = _LANGUAGES.get(self.code_language, _SEPARATORS)
        return split_recursively(text, size=self.chunk_size, overlap=self.chunk_overlap, separators=separators)


def _unescaped(separator: str) -> str:
    return re.sub(r"\\([ntr])", lambda match: {"n": "\n", "t": "\t", "r": "\r"}[match[1]], separator)
