"""The folders area: /api/v1/folders and, under today's name, /api/v1/projects."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from msgspec import UNSET, UnsetType

from langflow_lite.errors import Conflict, InvalidRequest, NotFound, Problem
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.wire import FlowOut, FolderOut, NonEmpty, flow_out, folder_out

__all__ = ["ENDPOINTS"]


class FolderIn(msgspec.Struct):
    """A folder to make. The flows and components listed leave their old folder."""

    name: NonEmpty
    description: str | None = None
    parent_id: str | None = None
    flows_list: list[str] | None = None
    components_list: list[str] | None = None


class FolderChanges(msgspec.Struct):
    """The parts of a folder to change; the flows and components listed move into it."""

    name: NonEmpty | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    parent_id: str | UnsetType | None = UNSET
    flows: list[str] | None = None
    components: list[str] | None = None


class FolderContent(FolderOut, kw_only=True):
    """A folder with its flows."""

    flows: list[FlowOut]


async def create_folder(call: Call) -> FolderOut:
    """Make a folder."""
    sent: FolderIn = call.body
    folder = await call.runtime.folders.create(
        sent.name,
        description=sent.description,
        parent_id=sent.parent_id,
        flow_ids=[*(sent.flows_list or ()), *(sent.components_list or ())],
    )
    return folder_out(folder)


async def list_folders(call: Call) -> list[FolderOut]:
    """List folders, the default one first."""
    return [folder_out(folder) for folder in call.runtime.folders.list()]


async def read_folder(call: Call) -> FolderContent:
    """Read a folder with its flows."""
    folder = call.runtime.folders.get(call.params["folder_id"])
    return FolderContent(
        name=folder.name,
        description=folder.description,
        id=folder.id,
        parent_id=folder.parent_id,
        flows=[flow_out(flow) for flow in call.runtime.flows.list(folder_id=folder.id)],
    )


async def update_folder(call: Call) -> FolderOut:
    """Change those parts of a folder that are sent."""
    sent: FolderChanges = call.body
    fields = {"name": sent.name, "description": sent.description, "parent_id": sent.parent_id}
    changes = {name: value for name, value in fields.items() if value is not UNSET}
    if changes.get("parent_id") == call.params["folder_id"]:
        raise InvalidRequest(Problem("value_error", ("body", "parent_id"), "A folder cannot be its own parent"))
    moved = [*(sent.flows or ()), *(sent.components or ())]
    return folder_out(await call.runtime.folders.update(call.params["folder_id"], changes, flow_ids=moved))


async def delete_folder(call: Call) -> None:
    """Delete a folder with the flows in it."""
    for flow_id in await call.runtime.folders.delete(call.params["folder_id"]):
        await call.runtime.files.delete_all(flow_id)


_FOLDERS = "/api/v1/projects/"
_FOLDER = "/api/v1/projects/{folder_id:uuid}"

_PROJECTS = (
    Endpoint(
        method="GET",
        path=_FOLDERS,
        handler=list_folders,
        summary="List folders",
        tag="Folders",
        response=list[FolderOut],
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
        response=FolderContent,
        errors=(NotFound,),
    ),
    Endpoint(
        method="PATCH",
        path=_FOLDER,
        handler=update_folder,
        summary="Change parts of a folder",
        tag="Folders",
        body=FolderChanges,
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
)

ENDPOINTS = (
    *_PROJECTS,
    *(replace(e, path=e.path.replace("/projects/", "/folders/")) for e in _PROJECTS),
)
