"""Write File: keeps a message, a record or a table as a file of the flow."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.documents import decode_text, extra
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.s3 import Bucket
from langflow_lite.errors import NotFound
from langflow_lite.values import Data, Message, Table, to_json, to_text

__all__ = ["SaveToFileComponent"]

_MESSAGE_FORMATS = ("txt", "json", "markdown", "html")
_TABLE_FORMATS = ("csv", "excel", "json", "markdown", "txt", "html")
_SUFFIXES = {"excel": ("xlsx", "xls"), "markdown": ("markdown", "md")}
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")


class SaveToFileComponent(Component):
    """Writes a message, a record or a table into a file of the flow on this server."""

    name = "SaveToFile"
    aliases = ("Save File", "Write File", "SaveFile")
    display_name = "Write File"
    category = "files_and_knowledge"
    icon = "file-down"

    storage_location: Any = field(Kind.SORTABLE_LIST, "Storage Location", info="Local, or AWS for a bucket of S3.")
    input: Any = field(
        Kind.HANDLE,
        "File Content",
        required=False,
        tool_mode=True,
        input_types=("Data", "JSON", "DataFrame", "Table", "Message"),
        info="What to write: text, or JSON for a table.",
    )
    file_name: str = field(
        Kind.STR,
        "File Name",
        required=True,
        tool_mode=True,
        aliases=("file_path",),
        info="A name without folders; its suffix is added.",
    )
    append_mode: bool = field(Kind.BOOL, "Append", advanced=True, info="Add to the file if there is one.")
    file_format: str = field(
        Kind.STR,
        "File Format",
        tool_mode=True,
        show=False,
        info="csv, json, txt, html, excel or markdown; empty: what suits the content.",
    )
    local_format: str = field(Kind.DROPDOWN, "File Format", options=("txt", "json", "csv", "excel", "markdown", "html"))
    aws_format: str = field(Kind.DROPDOWN, "File Format", "txt", show=False)
    gdrive_format: str = field(Kind.DROPDOWN, "File Format", "txt", show=False)
    aws_access_key_id: str = field(Kind.SECRET, "AWS Access Key ID", show=False)
    aws_secret_access_key: str = field(Kind.SECRET, "AWS Secret Key", show=False)
    bucket_name: str = field(Kind.STR, "S3 Bucket Name", show=False)
    aws_region: str = field(Kind.STR, "AWS Region", show=False)
    s3_prefix: str = field(Kind.STR, "S3 Prefix", show=False)
    service_account_key: str = field(Kind.SECRET, "GCP Credentials Secret Key", show=False)
    folder_id: str = field(Kind.STR, "Google Drive Folder ID", show=False)
    input_type: str = field(
        Kind.DROPDOWN, "Input Type", show=False, info="In releases before 1.5: which of the next three counts."
    )
    df: Any = field(Kind.DATAFRAME, "DataFrame", show=False)
    data: Any = field(Kind.DATA, "Data", show=False)
    message: Any = field(Kind.MESSAGE, "Message", show=False)

    @output(
        "message",
        "File Path",
        aliases=("result", "confirmation"),
        info="Saves content to a file. `input` is the text, or JSON for a table; `file_name` the name without suffix; "
        "`file_format` is csv, json, txt, html, excel or markdown.",
    )
    async def save_to_file(self) -> Message:
        """A sentence with the path under which the files API serves the file.

        Raises `ValueError` for a name that is none, and for places that are not written to.
        """
        # Up to 1.4 the field was a path, such as ./news.json.
        name = self.file_name.strip().removeprefix("./")
        if not name:
            raise ValueError("File name must be provided.")
        if _UNSAFE.search(name) or name.strip(".") == "":
            raise ValueError("The file name must be a name only, without folders.")
        location = _location(self.storage_location)
        if location not in ("", "Local", "AWS"):
            raise ValueError(
                f"Writing to {location} is not supported: choose Local, and fetch the file from this server"
            )
        value = self._content()
        if location == "AWS":
            return await self._save_to_s3(name, value)
        kind = "DataFrame" if isinstance(value, Table) else type(value).__name__
        format_ = self._format(value)
        path = await self._write(_with_suffix(name, format_), value, format_)
        text = f"{kind} {'appended to' if self.append_mode else 'saved successfully as'} '{path}'"
        self.status = text
        return Message(text=text)

    async def _save_to_s3(self, name: str, value: Message | Data | Table) -> Message:
        if self.append_mode:
            raise ValueError("An object of S3 cannot be appended to: turn Append off, or choose Local")
        format_ = self._format(value, self.aws_format)
        key = "/".join(filter(None, (self.s3_prefix.strip().strip("/"), _with_suffix(name, format_))))
        bucket = Bucket(self.ctx, self.bucket_name, self.aws_region, self.aws_access_key_id, self.aws_secret_access_key)
        await bucket.put(key, _encoded(value, format_))
        text = f"File successfully uploaded to s3://{self.bucket_name.strip()}/{key}"
        self.status = text
        return Message(text=text)

    def _content(self) -> Message | Data | Table:
        named = {"dataframe": self.df, "data": self.data, "message": self.message or None}
        value = self.input
        if value is None:
            value = named.get(self.input_type.lower())
        if value is None:
            value = next((item for item in named.values() if item is not None), None)
        if isinstance(value, (list, tuple)):
            value = value[0] if len(value) == 1 else Table(_row(item) for item in value)
        if isinstance(value, str):
            value = _from_text(value)
        if isinstance(value, Mapping):
            value = Data(value)
        if not isinstance(value, (Message, Data, Table)):
            raise ValueError("There is nothing to write: connect a message, a record or a table.")
        return value

    def _format(self, value: Message | Data | Table, chosen: str = "") -> str:
        chosen = (self.file_format or chosen or self.local_format).strip().lower()
        chosen = {"md": "markdown", "xlsx": "excel", "text": "txt"}.get(chosen, chosen)
        if not chosen:
            return "csv" if isinstance(value, Table) else "json"
        possible = _MESSAGE_FORMATS if isinstance(value, Message) else _TABLE_FORMATS
        if chosen not in possible:
            kind = "message" if isinstance(value, Message) else "record or table"
            raise ValueError(f"A {kind} cannot be written as {chosen}; choose one of {', '.join(possible)}")
        return chosen

    async def _write(self, name: str, value: Message | Data | Table, format_: str) -> str:
        ctx = self.ctx
        limit = ctx.settings.max_file_size_upload * 2**20
        earlier = b""
        if self.append_mode:
            try:
                earlier = await ctx.files.read(f"{ctx.flow_id}/{name}")
            except NotFound:
                earlier = b""
        content = _encoded(value, format_) if not earlier else _appended(earlier, value, format_)
        return await ctx.files.write(ctx.flow_id, name, content, limit=limit)


def _location(value: Any) -> str:
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    name = first.get("name") if isinstance(first, Mapping) else first
    return name if isinstance(name, str) else ""


def _from_text(text: str) -> Message | Table:
    """What an agent gives as text: a table when it is JSON of objects, else a message."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return Message(text=text)
    rows = value if isinstance(value, list) else [value]
    return Table(rows) if rows and all(isinstance(row, dict) for row in rows) else Message(text=text)


def _row(item: Any) -> dict[str, Any]:
    return item.data if isinstance(item, Data) else dict(item) if isinstance(item, Mapping) else {"text": to_text(item)}


def _with_suffix(name: str, format_: str) -> str:
    suffixes = _SUFFIXES.get(format_, (format_,))
    return name if name.lower().endswith(tuple(f".{suffix}" for suffix in suffixes)) else f"{name}.{suffixes[0]}"


def _encoded(value: Message | Data | Table, format_: str) -> bytes:
    if format_ == "json":
        plain = (
            {"message": value.text}
            if isinstance(value, Message)
            else value.rows
            if isinstance(value, Table)
            else value.data
        )
        return msgspec.json.format(to_json(plain), indent=2)
    if isinstance(value, Message):
        text = value.text
        if format_ == "markdown":
            text = f"**Message:**\n\n{text}"
        elif format_ == "html":
            text = f"<pre>{html.escape(text)}</pre>"
        return text.encode("utf-8", errors="replace")
    table = value if isinstance(value, Table) else Table([value.data])
    if format_ == "csv":
        return _csv(table, header=True)
    if format_ == "excel":
        return _excel(table)
    if format_ == "html":
        return _html(table).encode()
    return (table.to_markdown() if format_ == "markdown" else to_text(value)).encode()


def _appended(earlier: bytes, value: Message | Data | Table, format_: str) -> bytes:
    if format_ == "csv" and not isinstance(value, Message):
        return (
            earlier.rstrip(b"\r\n")
            + b"\r\n"
            + _csv(value if isinstance(value, Table) else Table([value.data]), header=False)
        )
    if format_ == "json":
        try:
            known = msgspec.json.decode(earlier)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise ValueError(f"The file cannot be appended to: it is not well-formed JSON ({error})") from error
        added = msgspec.json.decode(_encoded(value, format_))
        both = [*(known if isinstance(known, list) else [known]), *(added if isinstance(added, list) else [added])]
        return msgspec.json.format(to_json(both), indent=2)
    if format_ == "excel":
        raise ValueError("An Excel file cannot be appended to: choose csv, or turn appending off")
    return (decode_text(earlier).rstrip("\n") + "\n").encode() + _encoded(value, format_)


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool)) else to_json(value).decode()


def _csv(table: Table, *, header: bool) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, table.columns, restval="")
    if header:
        writer.writeheader()
    writer.writerows({key: _cell(cell) for key, cell in row.items()} for row in table)
    return out.getvalue().encode("utf-8", errors="replace")


def _excel(table: Table) -> bytes:
    openpyxl = extra("openpyxl", "Excel")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append(table.columns)
    for row in table:
        sheet.append([_cell(row.get(column)) for column in table.columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _html(table: Table) -> str:
    def line(tag: str, cells: list[Any]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(to_text(cell))}</{tag}>" for cell in cells) + "</tr>"

    columns = table.columns
    rows = [line("th", columns), *(line("td", [row.get(column) for column in columns]) for row in table)]
    return "<table>\n" + "\n".join(rows) + "\n</table>\n"
