"""ZIP archives: exported flows going out, without the secrets typed into them, and uploaded ones coming in, bounded."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from langflow_lite.errors import InvalidRequest, Problem
from langflow_lite.flow import Flow
from langflow_lite.http.wire import flow_out

__all__ = ["ZIP_TYPE", "attachment", "export_flow", "is_zip", "unzip_json", "zip_flows"]

ZIP_TYPE = "application/x-zip-compressed"
MAX_ENTRIES = 200
MAX_ENTRY = 4 * 1024 * 1024
MAX_TOTAL = 16 * 1024 * 1024
MAX_RATIO = 100
_LOCAL_HEADER = b"PK\x03\x04"
_CENTRAL_HEADER = b"PK\x01\x02"
_ENCRYPTED = 1
# They belong to this server, not to the flow.
_LOCAL_KEYS = frozenset({"user_id", "folder_id", "updated_at", "version"})
# What file systems refuse, and what would make a name read as another.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?\"<>|]")
_PASSWORD = re.compile(rb'"password"\s*:\s*true')


def zip_flows(flows: Iterable[Flow]) -> bytes:
    """A ZIP archive with `<flow name>.json` for each flow. Takes processor time: call it in a thread."""
    buffer = BytesIO()
    names: set[str] = set()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for flow in flows:
            # Different names can become the same file name.
            name = stem = _UNSAFE.sub("_", flow.name).strip(" .")[:200] or flow.id
            number = 0
            while name in names:
                number += 1
                name = f"{stem} ({number})"
            names.add(name)
            archive.writestr(f"{name}.json", msgspec.json.format(msgspec.json.encode(export_flow(flow)), indent=2))
    return buffer.getvalue()


def export_flow(flow: Flow) -> dict[str, Any]:
    """A flow to pass on: without what belongs to this server, and with null in password fields.

    Fields that name a global variable keep the name, which is no secret.
    """
    shown = flow_out(flow)
    exported: dict[str, Any] = {"fs_path": None, "last_modified_by": None}
    exported |= {name: getattr(shown, name) for name in shown.__struct_fields__ if name not in _LOCAL_KEYS}
    if flow.data is not None and _PASSWORD.search(flow.data):
        data = msgspec.json.decode(flow.data)
        _blank_passwords(data)
        exported["data"] = data
    return exported


def attachment(content: bytes, filename: str, media_type: str = ZIP_TYPE) -> Response:
    """An answer that browsers save as a file (RFC 6266) and never show as a page."""
    ascii_name = filename.encode("ascii", "replace").decode().translate({34: "_", 92: "_"})
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(filename, safe='')}"
    headers = {"content-disposition": disposition, "content-security-policy": "sandbox; default-src 'none'"}
    return Response(content, media_type=media_type, headers=headers)


def is_zip(raw: bytes) -> bool:
    """Whether these bytes begin like a ZIP archive."""
    return raw.startswith((_LOCAL_HEADER, b"PK\x05\x06"))


def unzip_json(raw: bytes) -> list[tuple[str, bytes]]:
    """The `.json` entries of an archive, by name, in memory and never on disk. Takes processor time.

    Raises `InvalidRequest` for an archive that is damaged, too large when unpacked, compressed like a bomb, or that has
    entries which would be harmful where archives are unpacked: links, duplicates, names that leave the archive.
    """
    # Before it is opened: the list of entries alone can be made to fill the memory.
    if raw.count(_CENTRAL_HEADER) > MAX_ENTRIES:
        raise _refused(f"The archive has more than {MAX_ENTRIES} entries")
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            wanted = [entry for entry in entries if entry.filename.lower().endswith(".json") and not _hidden(entry)]
            return [(entry.filename, _read_entry(archive, entry)) for entry in wanted]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _refused(f"The archive cannot be read: {error}") from None


def _hidden(entry: zipfile.ZipInfo) -> bool:
    # What macOS puts beside each file.
    return entry.filename.startswith("__MACOSX/") or PurePosixPath(entry.filename).name.startswith("._")


def _check_entries(entries: Sequence[zipfile.ZipInfo]) -> None:
    names: set[str] = set()
    for entry in entries:
        name = entry.orig_filename.replace("\\", "/")
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or "\0" in name or ":" in parts[0]:
            raise _refused(f"The archive has an entry that points outside of it: {name[:200]!r}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise _refused(f"The archive has a link in it: {name[:200]!r}")
        if entry.flag_bits & _ENCRYPTED:
            raise _refused(f"The archive has an encrypted entry: {name[:200]!r}")
        if name.casefold() in names:
            raise _refused(f"The archive has two entries of the same name: {name[:200]!r}")
        names.add(name.casefold())
        if entry.file_size > MAX_ENTRY:
            raise _refused(f"{name[:200]!r} is larger than {MAX_ENTRY // 2**20} MB")
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise _refused(f"{name[:200]!r} grows more than {MAX_RATIO} times when unpacked")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise _refused(f"The archive is larger than {MAX_TOTAL // 2**20} MB when unpacked")


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    # The size that the archive states may be a lie.
    with archive.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise _refused(f"{entry.filename[:200]!r} has not the size that the archive states")
    return content


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest(Problem("value_error", ("body", "file"), reason))


def _blank_passwords(data: Any) -> None:
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            if value.get("password") is True and "value" in value and not value.get("load_from_db"):
                value["value"] = None
            stack.extend(value.values())
