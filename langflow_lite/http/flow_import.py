"""Flows that come from outside: as bodies, as exported files, as archives of such; checked before they are stored."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID, uuid4

import anyio.to_thread
import msgspec
from msgspec import UNSET, Raw
from starlette.requests import Request

from langflow_lite.errors import BadRequest, InvalidRequest, PayloadTooLarge, Problem
from langflow_lite.flow import Flow
from langflow_lite.http.archive import is_zip, unzip_json
from langflow_lite.http.decode import decode_json
from langflow_lite.http.multipart import read_upload
from langflow_lite.http.wire import FlowChanges, FlowIn
from langflow_lite.ids import normal_id
from langflow_lite.storage.flows import FlowStore

__all__ = ["FlowsIn", "flow_changes", "new_flow", "parse_flows", "sent_flows", "uploaded_flows"]

MAX_NODES = 5_000
MAX_EDGES = 20_000
MAX_FLOWS = 1_000
# Above this size, looking at a flow's data would hold up other requests.
LARGE = 256 * 1024

_ENDPOINT_NAME = re.compile(r"[\w-]+", re.ASCII)


class FlowsIn(msgspec.Struct):
    """Several flows to store."""

    flows: Annotated[list[FlowIn], msgspec.Meta(max_length=MAX_FLOWS)]


_flow_in = msgspec.json.Decoder(FlowIn, strict=False)
_several = msgspec.json.Decoder(list[FlowIn], strict=False)
_wrapped = msgspec.json.Decoder(FlowsIn, strict=False)
_anything = msgspec.json.Decoder()
_keys = msgspec.json.Decoder(dict[str, Raw])


_PLAIN_FIELDS = (
    "name",
    "description",
    "icon",
    "icon_bg_color",
    "gradient",
    "is_component",
    "webhook",
    "tags",
    "locked",
)


async def uploaded_flows(request: Request, limit: int) -> list[FlowIn]:
    """The flows in the file of a multipart body; raises `BadRequest` without one, and what `sent_flows` raises."""
    try:
        upload = await read_upload(request)
    except InvalidRequest:
        raise BadRequest("No file provided: send it as multipart/form-data in the field `file`") from None
    return await sent_flows(await upload.read(limit))


async def sent_flows(raw: bytes) -> list[FlowIn]:
    """The flows in an uploaded file: JSON as exported, or a ZIP archive of such.

    Raises `BadRequest` for a file that is neither and `InvalidRequest` for one that holds something else than flows.
    """
    if not raw:
        raise BadRequest("The uploaded file is empty")
    if not is_zip(raw):
        try:
            return parse_flows(raw)
        except InvalidRequest as error:
            if error.problems[0].type == "json_invalid":
                raise BadRequest(f"Invalid JSON file: {error.problems[0].msg}") from None
            raise
    entries = await anyio.to_thread.run_sync(unzip_json, raw)
    flows: list[FlowIn] = []
    for name, content in entries:
        try:
            flows += parse_flows(content)
        except InvalidRequest as error:
            raise InvalidRequest(
                [Problem(p.type, ("body", "file", name, *p.loc[1:]), p.msg) for p in error.problems]
            ) from None
    if len(flows) > MAX_FLOWS:
        raise PayloadTooLarge(f"The archive holds more than {MAX_FLOWS} flows")
    return flows


def parse_flows(raw: bytes) -> list[FlowIn]:
    """The flows in an exported file; raises `InvalidRequest` naming what is wrong with it."""
    content = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if content.startswith(b"["):
        flows: list[FlowIn] = decode_json(content, _several)
    elif "flows" in _top_level(content):
        flows = decode_json(content, _wrapped).flows
    else:
        flows = [decode_json(content, _flow_in)]
    if len(flows) > MAX_FLOWS:
        raise PayloadTooLarge(f"The file holds more than {MAX_FLOWS} flows")
    return flows


def _top_level(content: bytes) -> dict[str, Any]:
    return dict(decode_json(content, _keys))


async def new_flow(store: FlowStore, sent: FlowIn, loc: tuple[str | int, ...]) -> Flow:
    """The flow to store for what was sent at `loc`; raises `InvalidRequest`."""
    endpoint_name = None if sent.endpoint_name is UNSET else sent.endpoint_name
    if endpoint_name is not None:
        _check_endpoint_name(endpoint_name, (*loc, "endpoint_name"))
    return Flow(
        id=_own_id(store, sent.id),
        name=sent.name,
        description=sent.description,
        icon=sent.icon,
        icon_bg_color=sent.icon_bg_color,
        gradient=sent.gradient,
        data=await _checked_data(sent.data, (*loc, "data")),
        is_component=bool(sent.is_component),
        webhook=bool(sent.webhook),
        endpoint_name=endpoint_name,
        tags=sent.tags,
        locked=bool(sent.locked),
        folder_id=None if sent.folder_id is None else normal_id(sent.folder_id),
        extra=sent.extra(),
    )


async def flow_changes(sent: FlowChanges, loc: tuple[str | int, ...]) -> dict[str, Any]:
    """What `FlowStore.update` is to change for what was sent at `loc`; raises `InvalidRequest`."""
    changes = {name: value for name in _PLAIN_FIELDS if (value := getattr(sent, name)) is not None}
    if sent.folder_id is not None:
        changes["folder_id"] = normal_id(sent.folder_id)
    if sent.endpoint_name is not UNSET:
        if sent.endpoint_name is not None:
            _check_endpoint_name(sent.endpoint_name, (*loc, "endpoint_name"))
        changes["endpoint_name"] = sent.endpoint_name
    if (data := await _checked_data(sent.data, (*loc, "data"))) is not None:
        changes["data"] = data
    if extra := sent.extra():
        changes["extra"] = extra
    return changes


def _own_id(store: FlowStore, wanted: str | None) -> str:
    """The id a flow was exported with if it is free here, so that its callers find it again; else a new one."""
    try:
        flow_id = str(UUID(wanted))
    except (ValueError, TypeError, AttributeError):
        return str(uuid4())
    return flow_id if store.known_id(flow_id) is None else str(uuid4())


def _check_endpoint_name(name: str, loc: tuple[str | int, ...]) -> None:
    """Raise `InvalidRequest` for an endpoint name that would not fit into a path."""
    if not _ENDPOINT_NAME.fullmatch(name):
        raise InvalidRequest(
            Problem("value_error", loc, "An endpoint name consists of letters, digits, hyphens and underscores")
        )


async def _checked_data(data: Raw, loc: tuple[str | int, ...]) -> Raw | None:
    """The data of a flow as it came, None for null; raises `InvalidRequest` for what could never be run or read."""
    raw = bytes(data)
    if raw == b"null":
        return None
    if len(raw) > LARGE:
        await anyio.to_thread.run_sync(_check_data, raw, loc)
    else:
        _check_data(raw, loc)
    return Raw(raw)


def _check_data(raw: bytes, loc: tuple[str | int, ...]) -> None:
    try:
        decoded = _anything.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Values that are kept as they are get skipped by the first decoding, strings unread.
        raise InvalidRequest(Problem("json_invalid", loc, f"JSON decode error: {error}")) from None
    if not isinstance(decoded, dict):
        raise InvalidRequest(Problem("dict_type", loc, "A flow's data is an object or null"))
    nodes, edges = decoded.get("nodes"), decoded.get("edges")
    if isinstance(edges, list) and len(edges) > MAX_EDGES:
        raise InvalidRequest(Problem("too_long", (*loc, "edges"), f"A flow can have {MAX_EDGES:,} edges at most"))
    if not isinstance(nodes, list):
        return
    if len(nodes) > MAX_NODES:
        raise InvalidRequest(Problem("too_long", (*loc, "nodes"), f"A flow can have {MAX_NODES:,} nodes at most"))
    seen: set[str] = set()
    for index, node in enumerate(nodes):
        node_id = node.get("id") if isinstance(node, dict) else None
        if isinstance(node_id, str):
            if node_id in seen:
                problem = Problem("value_error", (*loc, "nodes", index, "id"), f"Two nodes have the id {node_id}")
                raise InvalidRequest(problem)
            seen.add(node_id)
