"""Reading documents of many kinds as text or rows, and unpacking bundles of them."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from langflow_lite.components.feeds import parse_xml
from langflow_lite.values import to_json

__all__ = [
    "BUNDLES",
    "DOCUMENTS",
    "Document",
    "decode_text",
    "documents_in",
    "extra",
    "read_rows",
    "read_text",
    "suffix_of",
    "typed_cell",
]

_PLAIN = ("csv", "txt", "md", "mdx", "yaml", "yml", "html", "htm", "py", "sh", "sql", "js", "ts", "tsx", "tsv", "log")
_OFFICE = ("pdf", "docx", "xlsx")
DOCUMENTS = frozenset((*_PLAIN, *_OFFICE, "json", "jsonl", "xml"))
"""File name suffixes that can be read."""
BUNDLES = frozenset(("zip", "tar", "tgz", "bz2", "gz"))
"""File name suffixes of archives and compressed files."""

_MAX_ENTRIES = 500
_MAX_ENTRY = 50 * 1024 * 1024
_MAX_BUNDLE = 100 * 1024 * 1024
_MAX_ROWS = 200_000


class Document(NamedTuple):
    """A file's name, as its owner calls it, and its bytes."""

    name: str
    content: bytes


def suffix_of(name: str) -> str:
    """The suffix in lower case without the dot; an empty string when there is none."""
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot and stem else ""


def decode_text(content: bytes, encoding: str = "") -> str:
    """Bytes as text: by the given encoding, a byte order mark, UTF-8, or Windows-1252, whichever comes first.

    Raises `ValueError` when a given encoding does not exist or does not fit.
    """
    if encoding:
        try:
            return content.decode(encoding)
        except (LookupError, UnicodeError) as error:
            raise ValueError(f"it cannot be read as {encoding}: {error}") from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_text(document: Document, encoding: str = "") -> str:
    """A document's text; raises `ValueError` saying what is wrong with it or which package is missing. Blocks.

    JSON is written anew without spaces, XML checked; YAML, HTML and other text comes as it is. Of PDF, Word and Excel
    files it is the text without its looks, pages and paragraphs apart by a blank line.
    """
    suffix = suffix_of(document.name)
    if suffix == "pdf":
        return "\n\n".join(_pdf_pages(document.content))
    if suffix == "docx":
        return "\n\n".join(_docx_paragraphs(document.content))
    if suffix == "xlsx":
        return "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in _xlsx(document.content))
    text = decode_text(document.content, encoding)
    if suffix == "json":
        return to_json(_json(text)).decode()
    if suffix == "xml":
        parse_xml(document.content)
    return text


def read_rows(document: Document, encoding: str = "") -> list[dict[str, Any]]:
    """The rows of a CSV, Excel or JSON document, cells that look like numbers as numbers. Blocks.

    Raises `ValueError` for a document of another kind, and what `read_text` raises.
    """
    suffix = suffix_of(document.name)
    if suffix == "xlsx":
        return _rows(_xlsx(document.content), lambda cell: cell)
    if suffix in ("csv", "tsv"):
        lines = csv.reader(
            io.StringIO(decode_text(document.content, encoding)), delimiter="\t" if suffix == "tsv" else ","
        )
        try:
            return _rows((line for line in lines if line), typed_cell)
        except csv.Error as error:
            raise ValueError(f"it is not well-formed CSV: {error}") from error
    if suffix == "json":
        value = _json(decode_text(document.content, encoding))
        items = value if isinstance(value, list) else [value]
        return [item if isinstance(item, dict) else {"value": item} for item in items]
    raise ValueError(f"a .{suffix} file has no rows")


def typed_cell(cell: str) -> Any:
    """A cell of a text table: a number or truth value when it looks like one, None when it is empty."""
    stripped = cell.strip()
    if not stripped:
        return None
    for kind in (int, float):
        try:
            number = kind(stripped)
        except ValueError:
            continue
        if "_" not in stripped and stripped.lower().lstrip("+-") not in ("nan", "inf", "infinity"):
            return number
    return {"true": True, "false": False}.get(stripped.lower(), cell)


def documents_in(bundle: Document) -> Iterator[Document]:
    """The readable files of a bundle, hidden ones left out; raises `ValueError` when it is damaged or too large."""
    # Slow to import, and most flows have no bundles.
    import tarfile
    import zipfile

    try:
        left = _MAX_BUNDLE
        for count, (name, read) in enumerate(_entries(bundle)):
            if count >= _MAX_ENTRIES:
                raise ValueError(f"it holds more than {_MAX_ENTRIES} files")
            parts = name.split("/")
            if any(part.startswith(".") or part == "__MACOSX" for part in parts) or suffix_of(name) not in DOCUMENTS:
                continue
            content = read(min(_MAX_ENTRY, left) + 1)
            left -= len(content)
            if len(content) > _MAX_ENTRY or left < 0:
                raise ValueError(f"{name} is too large once unpacked")
            yield Document(name, content)
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error


def _entries(bundle: Document) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    """Names in a bundle, each with how to read at most so many bytes of it. Nothing is ever written to disk."""
    import bz2
    import gzip
    import tarfile
    import zipfile

    name, stream = bundle.name.lower(), io.BytesIO(bundle.content)
    if name.endswith(".zip"):
        with zipfile.ZipFile(stream) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, lambda size, info=info: archive.open(info).read(size)  # type: ignore[misc]
    elif name.endswith((".tar", ".tgz", ".tar.gz", ".tar.bz2")):
        with tarfile.open(fileobj=stream) as tar:
            for member in tar:
                extracted = tar.extractfile(member) if member.isreg() else None
                if extracted is not None:
                    yield member.name, extracted.read
    else:
        opener = bz2.BZ2File(stream) if name.endswith(".bz2") else gzip.GzipFile(fileobj=stream)
        with opener:
            yield bundle.name.rpartition("/")[2].rpartition(".")[0], opener.read


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ValueError(f"it is not well-formed JSON: {error}") from error


def _rows(lines: Iterator[Any], typed: Callable[[Any], Any]) -> list[dict[str, Any]]:
    header = next(lines, None)
    if header is None:
        return []
    names = [str(name) if name not in (None, "") else f"column_{index + 1}" for index, name in enumerate(header)]
    rows: list[dict[str, Any]] = []
    for line in lines:
        if len(rows) >= _MAX_ROWS:
            raise ValueError(f"it has more than {_MAX_ROWS} rows")
        rows.append({name: typed(line[index]) if index < len(line) else None for index, name in enumerate(names)})
    return rows


def _pdf_pages(content: bytes) -> list[str]:
    pypdf = extra("pypdf", "PDF")
    try:
        return [page.extract_text() or "" for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    except Exception as error:
        raise ValueError(f"it cannot be read as PDF: {error or type(error).__name__}") from error


def _docx_paragraphs(content: bytes) -> list[str]:
    docx = extra("docx", "Word")
    try:
        return [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]
    except Exception as error:
        raise ValueError(f"it cannot be read as Word document: {error or type(error).__name__}") from error


def _xlsx(content: bytes) -> Iterator[tuple[Any, ...]]:
    openpyxl = extra("openpyxl", "Excel")
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = [row for row in book.worksheets[0].iter_rows(values_only=True) if any(cell is not None for cell in row)]
        book.close()
    except Exception as error:
        raise ValueError(f"it cannot be read as Excel workbook: {error or type(error).__name__}") from error
    yield from rows


def extra(module: str, kind: str) -> Any:
    """A module of the `files` extra, imported when it is needed; raises `ValueError` naming the command to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(f"{kind} files need another package: pip install 'langflow-lite[files]'") from error
