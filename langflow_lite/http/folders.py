"""The folders area: /api/v1/folders and, under today's name, /api/v1/projects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Annotated

import anyio
import anyio.to_thread
import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from langflow_lite.errors import BadRequest, Conflict, InvalidRequest, NotFound, PayloadTooLarge, Problem
from langflow_lite.http.archive import attachment, is_zip, zip_flows
from langflow_lite.http.decode import decode_json
from langflow_lite.http.endpoint import MEGABYTE, Call, Endpoint, read_body
from langflow_lite.http.flow_import import new_flow, sent_flows
from langflow_lite.http.multipart import read_upload
from langflow_lite.http.wire import (
    USER_NAME,
    FlowIn,
    FlowOut,
    FlowPage,
    FolderOut,
    NonEmpty,
    PageNumber,
    PageSize,
    flow_out,
    flow_page,
    folder_out,
)
from langflow_lite.ids import normal_id
from langflow_lite.storage.files import label

__all__ = ["ENDPOINTS"]

UPLOADED = "Uploaded flows"


class FolderIn(msgspec.Struct):
    """A folder to make. The flows and components listed leave their old folder."""

    name: NonEmpty
    description: str | None = None
    parent_id: str | None = None
    flows_list: list[str] | None = None
    components_list: list[str] | None = None


class FolderChanges(msgspec.Struct):
    """The parts of a folder to change; the flows and components listed move into it."""

    name: NonEmpty | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    parent_id: str | UnsetType | None = UNSET
    flows: list[str] | None = None
    components: list[str] | None = None


class ListedFolder(FolderOut, kw_only=True):
    """A folder in the list, with its owner, who is the one user there is."""

    owner_username: str
    is_owner: bool = True


class FolderContent(FolderOut, kw_only=True):
    """A folder with its flows."""

    flows: list[FlowOut]


class FolderPageQuery(msgspec.Struct):
    """Which page of the folder's flows; all of them when neither is given. `search` is part of a flow's name."""

    page: PageNumber | None = None
    size: PageSize | None = None
    is_component: bool = False
    is_flow: bool = False
    search: str = ""


class FolderPage(msgspec.Struct):
    """A folder with one page of its flows."""

    folder: FolderOut
    flows: FlowPage


class FolderUpload(msgspec.Struct):
    """A folder to make with its flows, as older releases exported it."""

    flows: Annotated[list[FlowIn], msgspec.Meta(max_length=1_000)]
    folder_name: str = ""
    folder_description: str | None = None


_folder_upload = msgspec.json.Decoder(FolderUpload, strict=False)


async def create_folder(call: Call) -> FolderOut:
    """Make a folder."""
    sent: FolderIn = call.body
    folder = await call.runtime.folders.create(
        sent.name,
        description=sent.description,
        parent_id=None if sent.parent_id is None else normal_id(sent.parent_id),
        flow_ids=map(normal_id, (*(sent.flows_list or ()), *(sent.components_list or ()))),
    )
    return folder_out(folder)


async def list_folders(call: Call) -> list[ListedFolder]:
    """List folders, the default one first."""
    folders = map(folder_out, call.runtime.folders.list())
    return [ListedFolder(**msgspec.structs.asdict(folder), owner_username=USER_NAME) for folder in folders]


async def read_folder(call: Call) -> FolderContent | FolderPage:
    """Read a folder with its flows: all of them, or one page, on which those that changed last come first."""
    folder = call.runtime.folders.get(call.params["folder_id"])
    query: FolderPageQuery = call.query
    flows = call.runtime.flows.list(folder_id=folder.id)
    if query.is_component != query.is_flow:
        flows = [flow for flow in flows if flow.is_component == query.is_component]
    if query.search:
        flows = [flow for flow in flows if query.search.lower() in flow.name.lower()]
    if query.page is not None or query.size is not None:
        flows = sorted(flows, key=lambda flow: flow.updated_at, reverse=True)
        return FolderPage(folder_out(folder), flow_page(flows, query.page or 1, query.size or 50))
    return FolderContent(
        name=folder.name,
        description=folder.description,
        id=folder.id,
        parent_id=folder.parent_id,
        flows=[flow_out(flow) for flow in flows],
    )


async def update_folder(call: Call) -> FolderOut:
    """Change those parts of a folder that are sent."""
    sent: FolderChanges = call.body
    fields = {"name": sent.name, "description": sent.description, "parent_id": sent.parent_id}
    changes = {name: value for name, value in fields.items() if value is not UNSET and (value or name != "name")}
    if parent_id := changes.get("parent_id"):
        changes["parent_id"] = normal_id(parent_id)
    if changes.get("parent_id") == call.params["folder_id"]:
        raise InvalidRequest(Problem("value_error", ("body", "parent_id"), "A folder cannot be its own parent"))
    moved = map(normal_id, (*(sent.flows or ()), *(sent.components or ())))
    return folder_out(await call.runtime.folders.update(call.params["folder_id"], changes, flow_ids=moved))


async def delete_folder(call: Call) -> None:
    """Delete a folder with the flows in it."""
    for flow_id in await call.runtime.folders.delete(call.params["folder_id"]):
        await call.runtime.files.delete_all(flow_id)


async def download_folder(call: Call) -> Response:
    """A ZIP archive with one JSON file for each flow of the folder."""
    folder = call.runtime.folders.get(call.params["folder_id"])
    flows = call.runtime.flows.list(folder_id=folder.id)
    if not flows:
        raise NotFound("No flows found in project")
    return attachment(await anyio.to_thread.run_sync(zip_flows, flows), f"{folder.name}.zip")


async def upload_folder(call: Call) -> list[FlowOut]:
    """Make a folder of the flows in an uploaded file: a ZIP archive as downloaded, or JSON. It is named after the file.

    The file comes as a multipart form or as the body itself.
    """
    limit = call.runtime.settings.max_body_size * MEGABYTE
    if call.request.headers.get("content-type", "").lower().startswith("multipart/"):
        upload = await read_upload(call.request)
        raw, name = await upload.read(limit), PurePosixPath(label(upload.filename)).stem
    else:
        raw, name = await read_body(call.request.receive, limit), ""
    description = None
    if is_zip(raw):
        sent = await sent_flows(raw)
    elif raw.lstrip().startswith(b"{") and b'"flows"' in raw:
        content: FolderUpload = decode_json(raw, _folder_upload)
        sent, name, description = content.flows, content.folder_name or name, content.folder_description
    else:
        sent = await sent_flows(raw)
    flows = [await new_flow(call.runtime.flows, f, ("body", "file", i)) for i, f in enumerate(sent)]
    folder = await call.runtime.folders.create(name or UPLOADED, description=description)
    try:
        for flow in flows:
            flow.folder_id = folder.id
        return [flow_out(flow) for flow in await call.runtime.flows.create_many(flows)]
    except BaseException:
        with anyio.CancelScope(shield=True):
            await call.runtime.folders.delete(folder.id)
        raise


_FOLDERS = "/api/v1/projects/"
_FOLDER = "/api/v1/projects/{folder_id:uuid}"

_PROJECTS = (
    Endpoint(
        method="GET",
        path=_FOLDERS,
        handler=list_folders,
        summary="List folders",
        tag="Folders",
        response=list[ListedFolder],
    ),
    Endpoint(
        method="POST",
        path=_FOLDERS,
        handler=create_folder,
        summary="Create a folder",
        tag="Folders",
        body=FolderIn,
        response=FolderOut,
        status=201,
        errors=(NotFound,),
    ),
    Endpoint(
        method="GET",
        path=_FOLDER,
        handler=read_folder,
        summary="Read a folder",
        tag="Folders",
        query=FolderPageQuery,
        response=FolderContent | FolderPage,
        errors=(NotFound,),
    ),
    Endpoint(
        method="PATCH",
        path=_FOLDER,
        handler=update_folder,
        summary="Change parts of a folder",
        tag="Folders",
        body=FolderChanges,
        needs_body=True,
        response=FolderOut,
        errors=(NotFound, Conflict),
    ),
    Endpoint(
        method="DELETE",
        path=_FOLDER,
        handler=delete_folder,
        summary="Delete a folder and its flows",
        tag="Folders",
        status=204,
        errors=(NotFound, Conflict),
    ),
    Endpoint(
        method="GET",
        path=f"{_FOLDERS}download/{{folder_id:uuid}}",
        handler=download_folder,
        summary="Download the flows of a folder as a ZIP archive",
        tag="Folders",
        media_type="application/x-zip-compressed",
        errors=(NotFound,),
    ),
    Endpoint(
        method="POST",
        path=f"{_FOLDERS}upload/",
        handler=upload_folder,
        summary="Upload a folder",
        tag="Folders",
        upload=True,
        response=list[FlowOut],
        status=201,
        errors=(BadRequest, InvalidRequest, PayloadTooLarge),
    ),
)

ENDPOINTS = (
    *_PROJECTS,
    *(replace(e, path=e.path.replace("/projects/", "/folders/")) for e in _PROJECTS),
)
