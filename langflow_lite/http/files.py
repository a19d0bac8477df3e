"""The files area: uploads of a flow under /api/v1/files. Names from clients are labels, never places on disk."""

from __future__ import annotations

from contextlib import suppress
from mimetypes import MimeTypes

import msgspec
from starlette.responses import FileResponse

from langflow_lite.errors import BadRequest, FlowNotFound, InvalidRequest, NotFound, PayloadTooLarge
from langflow_lite.http.endpoint import MEGABYTE, Call, Endpoint
from langflow_lite.http.multipart import read_upload

__all__ = ["CONTAINED", "ENDPOINTS"]

_types = MimeTypes()
CONTAINED = {"content-security-policy": "sandbox; default-src 'none'"}
"""Headers of stored files: they are anybody's, so browsers save them and never run what is in them."""


class Uploaded(msgspec.Struct, rename={"flow_id": "flowId"}):
    """Where the file is found from now on: `file_path` is what flows and tweaks name."""

    flow_id: str
    file_path: str


class FileNames(msgspec.Struct):
    """The names of a flow's files."""

    files: list[str]


class FileDeletion(msgspec.Struct):
    """That it is done."""

    message: str


async def upload_file(call: Call) -> Uploaded:
    """Store a file under a flow."""
    flow_id = call.params["flow_id"]
    call.runtime.flows.get_by_id(flow_id)
    upload = await read_upload(call.request)
    limit = call.runtime.settings.max_file_size_upload * MEGABYTE
    stored = await call.runtime.files.save(flow_id, upload.filename, upload.chunks, limit=limit)
    return Uploaded(flow_id, stored.path)


async def list_files(call: Call) -> FileNames:
    """List the files of a flow."""
    call.runtime.flows.get_by_id(call.params["flow_id"])
    return FileNames([file.name for file in await call.runtime.files.list(call.params["flow_id"])])


async def download_file(call: Call) -> FileResponse:
    """The stored bytes, to be saved."""
    return await _answer(call, "application/octet-stream")


async def download_image(call: Call) -> FileResponse:
    """The stored bytes under the image type that the name stands for."""
    name = call.params["file_name"]
    media_type = _types.guess_type(name)[0] or ""
    if not media_type.startswith("image/"):
        raise BadRequest(f"{name} is not the name of an image; use /api/v1/files/download/")
    return await _answer(call, media_type)


async def delete_file(call: Call) -> FileDeletion:
    """Delete a file, if it is there."""
    call.runtime.flows.get_by_id(call.params["flow_id"])
    with suppress(NotFound):
        await call.runtime.files.delete(_path(call))
    return FileDeletion(f"File {call.params['file_name']} deleted successfully")


async def _answer(call: Call, media_type: str) -> FileResponse:
    file, place = await call.runtime.files.find(_path(call))
    return FileResponse(place, media_type=media_type, filename=file.name, headers=CONTAINED)


def _path(call: Call) -> str:
    return f"{call.params['flow_id']}/{call.params['file_name']}"


_FILE = "{flow_id:uuid}/{file_name}"

ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/files/upload/{flow_id:uuid}",
        handler=upload_file,
        summary="Upload a file",
        tag="Files",
        upload=True,
        response=Uploaded,
        status=201,
        errors=(FlowNotFound, InvalidRequest, PayloadTooLarge),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/upload/{flow_id:uuid}",
        handler=upload_file,
        summary="Upload a file, at its old place",
        tag="Files",
        upload=True,
        response=Uploaded,
        status=201,
        errors=(FlowNotFound, InvalidRequest, PayloadTooLarge),
        deprecated=True,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/files/list/{flow_id:uuid}",
        handler=list_files,
        summary="List the files of a flow",
        tag="Files",
        response=FileNames,
        errors=(FlowNotFound,),
    ),
    Endpoint(
        method="GET",
        path=f"/api/v1/files/download/{_FILE}",
        handler=download_file,
        summary="Download a file",
        tag="Files",
        media_type="application/octet-stream",
        errors=(NotFound,),
    ),
    Endpoint(
        method="GET",
        path=f"/api/v1/files/images/{_FILE}",
        handler=download_image,
        summary="Download an image",
        tag="Files",
        media_type="image/*",
        errors=(NotFound, BadRequest),
    ),
    Endpoint(
        method="DELETE",
        path=f"/api/v1/files/delete/{_FILE}",
        handler=delete_file,
        summary="Delete a file",
        tag="Files",
        response=FileDeletion,
        errors=(FlowNotFound,),
    ),
)
