"""Read File and File Content Retriever: the contents of uploaded files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import anyio.to_thread

from langflow_lite.components.base import Component, output
from langflow_lite.components.documents import (
    BUNDLES,
    DOCUMENTS,
    Document,
    documents_in,
    read_rows,
    read_text,
    suffix_of,
)
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.s3 import Bucket
from langflow_lite.components.shaping import records_in
from langflow_lite.errors import LangflowError, NotFound
from langflow_lite.values import Data, Message, Table, to_text

__all__ = ["FileComponent", "FileContentRetrieverComponent", "MergeFlowsComponent", "paths_in"]

_DATED = re.compile(r"\A\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_")
_TABLES = frozenset({"csv", "tsv", "xlsx"})
_IMAGES = frozenset({"jpg", "jpeg", "png", "bmp", "gif", "webp", "tiff"})


def paths_in(value: Any) -> Iterator[str]:
    """The server files that a field or an edge names: paths, records with `file_path`, messages with files."""
    if isinstance(value, str):
        if value.strip():
            # Langflow on Windows exports its paths with backslashes.
            yield value.strip().replace("\\", "/")
    elif isinstance(value, Message):
        yield from value.files or paths_in(value.text)
    elif isinstance(value, (Data, Mapping)):
        yield from paths_in((value.data if isinstance(value, Data) else value).get("file_path"))
    elif isinstance(value, Iterable):
        for item in value:
            yield from paths_in(item)


class FileComponent(Component):
    """Reads uploaded files: text, Markdown, CSV, JSON, YAML, XML, HTML, PDF, Word, Excel, and bundles of them."""

    name = "File"
    aliases = ("Read File", "ReadFile")
    display_name = "Read File"
    category = "files_and_knowledge"
    icon = "file-text"

    path: Any = field(
        Kind.FILE,
        "Files",
        is_list=True,
        info="Files that were uploaded to this server.",
        fileTypes=sorted([*DOCUMENTS, *BUNDLES]),
    )
    file_path: Any = field(
        Kind.HANDLE,
        "Server File Path",
        is_list=True,
        advanced=True,
        input_types=("Data", "JSON", "Message"),
        info="Records with a `file_path`, read besides the files above.",
    )
    separator: str = field(Kind.STR, "Separator", "\n\n", advanced=True, info="Put between the texts of several files.")
    silent_errors: bool = field(Kind.BOOL, "Silent Errors", advanced=True, info="Leave out files that cannot be read.")
    ignore_unsupported_extensions: bool = field(
        Kind.BOOL, "Ignore Unsupported Extensions", True, advanced=True, info="Leave out files of other kinds."
    )
    ignore_unspecified_files: bool = field(
        Kind.BOOL, "Ignore Unspecified Files", advanced=True, info="Leave out records without a `file_path`."
    )
    delete_server_file_after_processing: bool = field(
        Kind.BOOL, "Delete Server File After Processing", True, advanced=True, info="Without effect: uploads are kept."
    )
    use_multithreading: bool = field(Kind.BOOL, "Use Multithreading", True, advanced=True, info="Without effect.")
    concurrency_multithreading: int = field(Kind.INT, "Concurrency", 1, advanced=True, info="Without effect.")
    text_encoding: str = field(Kind.STR, "Text Encoding", advanced=True, info="Empty: it is found out.")
    storage_location: Any = field(
        Kind.SORTABLE_LIST, "Storage Location", advanced=True, info="Local, or AWS for a bucket of S3."
    )
    advanced_mode: bool = field(
        Kind.BOOL, "Advanced Parser", advanced=True, show=False, info="Not supported; it needs Docling."
    )
    pipeline: str = field(Kind.DROPDOWN, "Pipeline", "standard", show=False)
    ocr_engine: str = field(Kind.DROPDOWN, "OCR Engine", "None", show=False)
    markdown: bool = field(Kind.BOOL, "Markdown Export", show=False)
    md_image_placeholder: str = field(Kind.STR, "Image Placeholder", "<!-- image -->", show=False)
    md_page_break_placeholder: str = field(Kind.STR, "Page Break Placeholder", show=False)
    doc_key: str = field(Kind.TEXT, "Doc Key", "doc", show=False)
    file_path_str: str = field(Kind.STR, "File Path", show=False, info="A server file, beside those above.")
    aws_access_key_id: str = field(Kind.SECRET, "AWS Access Key ID", show=False)
    aws_secret_access_key: str = field(Kind.SECRET, "AWS Secret Key", show=False)
    bucket_name: str = field(Kind.STR, "S3 Bucket Name", show=False)
    aws_region: str = field(Kind.STR, "AWS Region", show=False)
    s3_file_key: str = field(Kind.STR, "S3 File Key", show=False)
    service_account_key: str = field(Kind.SECRET, "GCP Credentials Secret Key", show=False)
    file_id: str = field(Kind.STR, "Google Drive File ID", show=False)

    @property
    def description(self) -> str:
        """What the component does, as agents read it: with the names of its files."""
        names = [_DATED.sub("", path.rpartition("/")[2]) for path in paths_in([self.path, self.file_path])]
        given = f" Files: {', '.join(names)}." if names else ""
        return f"Reads the content of the attached files.{given}"

    @output("message", "Raw Content", aliases=("load_message",))
    async def load_files_message(self) -> Message:
        """The texts of all files, joined by the separator."""
        text = self.separator.join(to_text(record.data["text"]) for record in await self._records())
        self.status = text
        return Message(text=text)

    @output("dataframe", "Files", aliases=("load_files_structured", "load_dataframe"), hidden=True)
    async def load_files(self) -> Table:
        """The rows of a single CSV, Excel or JSON file; else a row per file with its path and text."""
        documents = await self._documents()
        if len(documents) == 1 and suffix_of(documents[0].name) in (_TABLES | {"json"}):
            table = Table(await self._read(documents[0], read_rows) or [])
        else:
            table = Table(record.data for record in await self._records_of(documents))
        self.status = table
        return table

    @output("json", "Structured Content", hidden=True)
    async def load_files_json(self) -> Data:
        """The content of a JSON file; a list of objects is under `results`."""
        documents = await self._documents()
        rows = [row for document in documents for row in (await self._read(document, read_rows) or [])]
        data = Data(rows[0]) if len(rows) == 1 else Data({"results": rows} if rows else {})
        self.status = data
        return data

    @output("data", "Data", types=("Data", "JSON"), aliases=("load_file", "load_files_core"), hidden=True)
    async def load_files_data(self) -> Data | list[Data]:
        """A record with `file_path` and `text` per file; alone when there is one."""
        records = await self._records()
        self.status = records
        return records[0] if len(records) == 1 else records

    @output("path", "File Path", hidden=True)
    async def load_files_path(self) -> Message:
        """The paths of the files, one a line."""
        return Message(text="\n".join(self._paths()))

    @output("advanced_dataframe", "Structured Output", aliases=("load_files_dataframe",), hidden=True)
    async def load_files_advanced(self) -> Table:
        """Not available: the advanced parser needs Docling."""
        raise ValueError(_NO_DOCLING)

    @output("advanced_markdown", "Markdown", hidden=True)
    async def load_files_markdown(self) -> Message:
        """Not available: the advanced parser needs Docling."""
        raise ValueError(_NO_DOCLING)

    def _paths(self) -> list[str]:
        location = _first_name(self.storage_location)
        if location == "AWS" and not self.advanced_mode:
            return [f"s3://{self.bucket_name.strip()}/{self.s3_file_key.strip().lstrip('/')}"]
        if location not in ("", "Local", "AWS"):
            raise ValueError(f"Files on {location} are not supported: upload the file to this server instead")
        if self.advanced_mode:
            raise ValueError(_NO_DOCLING)
        return list(dict.fromkeys(paths_in([self.path, self.file_path, self.file_path_str])))

    async def _documents(self) -> list[Document]:
        found = []
        for path in self._paths():
            try:
                document = Document(path, await self._content(path))
                found += await self._unpacked(document)
            except NotFound as error:
                name = _DATED.sub("", path.rpartition("/")[2])
                self._skip(
                    f"File not found: {path}. Upload {name} to this server and name it in the component's `path`, "
                    f'for example with tweaks: {{"{self.node.id}": {{"path": "<flow id>/<uploaded name>"}}}}',
                    error,
                )
            except (ValueError, LangflowError) as error:
                self._skip(f"Error loading file {path}: {error}", error)
        return found

    async def _content(self, path: str) -> bytes:
        if not path.startswith("s3://"):
            return await self.ctx.files.read(path)
        bucket = Bucket(self.ctx, self.bucket_name, self.aws_region, self.aws_access_key_id, self.aws_secret_access_key)
        return await bucket.get(self.s3_file_key.strip(), limit=self.ctx.settings.max_file_size_upload * 2**20)

    async def _unpacked(self, document: Document) -> list[Document]:
        suffix = suffix_of(document.name)
        if suffix in BUNDLES:
            return await anyio.to_thread.run_sync(lambda: list(documents_in(document)))
        if suffix in DOCUMENTS or not suffix:
            return [document]
        kinds = ", ".join(sorted(DOCUMENTS | BUNDLES))
        if suffix in _IMAGES:
            raise ValueError("images are read by the advanced parser only; give them to a model as files of a message")
        if not self.ignore_unsupported_extensions:
            raise ValueError(f"its kind .{suffix} is not supported; these are: {kinds}")
        self.log(f"{document.name} was left out: its kind .{suffix} is not supported; these are: {kinds}")
        return []

    async def _records(self) -> list[Data]:
        return await self._records_of(await self._documents())

    async def _records_of(self, documents: list[Document]) -> list[Data]:
        records = []
        for document in documents:
            text = await self._read(document, read_text)
            if text is not None:
                records.append(Data({"file_path": document.name, "text": text}))
        return records

    async def _read(self, document: Document, reader: Any) -> Any:
        try:
            return await anyio.to_thread.run_sync(reader, document, self.text_encoding)
        except ValueError as error:
            return self._skip(f"Error loading file {document.name}: {error}", error)

    def _skip(self, message: str, error: Exception) -> None:
        if not self.silent_errors:
            raise ValueError(message) from error
        self.log(message, "File left out")


_NO_DOCLING = (
    "The advanced parser needs Docling, which this server does not run: turn it off to read the file's text, "
    "or register a component of your own for it"
)


def _first_name(value: Any) -> str:
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    name = first.get("name") if isinstance(first, Mapping) else first
    return name if isinstance(name, str) else ""


class MergeFlowsComponent(Component):
    """Waits for everything that is connected to it."""

    name = "MergeFlows"
    aliases = ("Merge Flows",)
    display_name = "Merge Flows"
    category = "flow_controls"
    icon = "merge"

    inputs_to_wait_for: Any = field(
        Kind.HANDLE,
        "Inputs",
        is_list=True,
        aliases=("inputs",),
        input_types=("Message", "Data", "JSON", "DataFrame", "Table"),
        info="What is waited for.",
    )

    @output("done", "Done")
    async def merge(self) -> Message:
        """A message that says how many inputs have come."""
        items = self.inputs_to_wait_for
        count = len(items) if isinstance(items, (list, tuple)) else int(items is not None)
        text = f"{count} {'input has' if count == 1 else 'inputs have'} arrived."
        self.status = text
        return Message(text=text)


class FileContentRetrieverComponent(Component):
    """Finds the content of one of the connected files by its path."""

    name = "FileContentRetriever"
    aliases = ("File Content Retriever",)
    display_name = "File Content Retriever"
    category = "files_and_knowledge"
    icon = "file-search"

    file_data: Any = field(
        Kind.HANDLE,
        "File Data",
        is_list=True,
        required=True,
        input_types=("Data", "JSON", "DataFrame", "Table", "Message"),
        info="Records with `file_path` and `text`.",
    )
    file_path: str = field(
        Kind.TEXT, "File Path", tool_mode=True, required=True, info="The path, or the name, of the file."
    )
    persistent_dir: str = field(Kind.STR, "Persistent Directory", advanced=True, info="Without effect.")

    @output("content", "Content")
    async def retrieve_content(self) -> Message:
        """The text of the file."""
        text = to_text(self._found().get("text", ""))
        self.status = text
        return Message(text=text)

    @output("dataframe", "Table")
    async def retrieve_content_as_dataframe(self) -> Table:
        """The rows of a CSV or JSON file, else one row with its text."""
        record = self._found()
        document = Document(str(record["file_path"]), to_text(record.get("text", "")).encode())
        rows = read_rows(document) if suffix_of(document.name) in ("csv", "tsv", "json") else [record]
        table = Table(rows)
        self.status = table
        return table

    def _found(self) -> dict[str, Any]:
        records = [record for record in records_in(self.file_data) if record.get("file_path")]
        wanted = self.file_path.strip()
        for record in records:
            if record["file_path"] == wanted:
                return record
        name = wanted.rpartition("/")[2]
        for record in records:
            if str(record["file_path"]).rpartition("/")[2] == name:
                return record
        known = ", ".join(str(record["file_path"]) for record in records[:5]) or "none"
        raise ValueError(f"File {wanted!r} is not among the connected files: {known}")
