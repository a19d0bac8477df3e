"""Exported flows: one JSON file each, in a ZIP archive, without the secrets that were typed into them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from langflow_lite.flow import Flow
from langflow_lite.http.wire import flow_out

__all__ = ["attachment", "export_flow", "zip_flows"]

ZIP_TYPE = "application/x-zip-compressed"
# They belong to this server, not to the flow.
_LOCAL_KEYS = frozenset({"user_id", "folder_id", "updated_at", "version"})
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")
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
    """A flow to pass on: without what belongs to this server, and with password fields emptied.

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


def _blank_passwords(data: Any) -> None:
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            if value.get("password") is True and "value" in value and not value.get("load_from_db"):
                value["value"] = ""
            stack.extend(value.values())
