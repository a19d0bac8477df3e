"""Files that belong to no flow: /api/v2/files. Names from clients are labels, never places on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from anyio import CancelScope
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from langflow_lite.errors import BadRequest, InvalidRequest, NotFound, PayloadTooLarge
from langflow_lite.http.archive import ZIP_TYPE
from langflow_lite.http.endpoint import MEGABYTE, Call, Endpoint
from langflow_lite.http.files import CONTAINED
from langflow_lite.http.multipart import read_upload
from langflow_lite.http.wire import Detail, NonEmpty
from langflow_lite.ids import normal_id
from langflow_lite.storage.files import FileStore
from langflow_lite.storage.user_files import UserFile
from langflow_lite.values import result_time

__all__ = ["ENDPOINTS"]

FileIds = list[str]


class FileOut(msgspec.Struct, kw_only=True):
    """A file as the API shows it. `path` is what flows and tweaks name; `size` is in bytes."""

    id: str
    name: str
    path: str
    size: int
    provider: None = None
    user_id: str
    created_at: str
    updated_at: str


class Done(msgspec.Struct):
    """That it is done."""

    message: str


class NewName(msgspec.Struct):
    """The name that the file is going to have, without its suffix."""

    name: NonEmpty


class ContentQuery(msgspec.Struct):
    """`return_content` answers with the text as JSON instead of a file to save."""

    return_content: bool = False


async def upload_file(call: Call) -> FileOut:
    """Store a file."""
    upload = await read_upload(call.request)
    limit = call.runtime.settings.max_file_size_upload * MEGABYTE
    return _shown(call, await call.runtime.user_files.save(upload.filename, upload.chunks, limit=limit))


async def list_files(call: Call) -> list[FileOut]:
    """List the files."""
    return [_shown(call, file) for file in await call.runtime.user_files.list()]


async def download_file(call: Call) -> Any:
    """The stored bytes, to be saved; or the text."""
    file = await call.runtime.user_files.get(call.params["file_id"])
    if not call.query.return_content:
        place = call.runtime.user_files.place(file)
        return FileResponse(place, media_type="application/octet-stream", filename=file.filename, headers=CONTAINED)
    try:
        return (await call.runtime.files.read(file.path)).decode()
    except UnicodeDecodeError:
        raise BadRequest("This file is not text; leave out return_content to download it") from None


async def rename_file(call: Call) -> FileOut:
    """Change the name of a file. Its path stays."""
    return _shown(call, await call.runtime.user_files.rename(call.params["file_id"], call.query.name))


async def delete_file(call: Call) -> Detail:
    """Delete a file."""
    deleted = await call.runtime.user_files.delete([call.params["file_id"]])
    if not deleted:
        raise NotFound("File not found")
    return Detail(f"File {deleted[0].title} deleted successfully")


async def delete_files(call: Call) -> Done:
    """Delete the files with these ids; unknown ones are passed over."""
    deleted = await call.runtime.user_files.delete(set(map(normal_id, call.body)))
    if not deleted:
        raise NotFound("No files found")
    return Done(f"{len(deleted)} files deleted successfully")


async def delete_all_files(call: Call) -> Done:
    """Delete all files."""
    await call.runtime.user_files.delete()
    return Done("All files deleted successfully")


async def download_files(call: Call) -> Response:
    """A ZIP archive of the files with these ids."""
    limit = call.runtime.settings.max_file_size_upload * MEGABYTE
    place = await call.runtime.user_files.bundle(set(map(normal_id, call.body)), limit=limit)
    return _Bundle(place, call.runtime.files)


class _Bundle(FileResponse):
    """Sends a temporary archive and removes it, whether the client stayed or not."""

    def __init__(self, place: Path, files: FileStore) -> None:
        super().__init__(place, media_type=ZIP_TYPE, filename="langflow_files.zip", headers=CONTAINED)
        self._place = place
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self._files.remove_bundle(self._place)


def _shown(call: Call, file: UserFile) -> FileOut:
    return FileOut(
        id=file.id,
        name=file.title,
        path=file.path,
        size=file.size,
        user_id=call.runtime.user_id,
        created_at=result_time(file.created_at),
        updated_at=result_time(file.updated_at),
    )


_FILES = "/api/v2/files/"
_FILE = "/api/v2/files/{file_id:uuid}"

ENDPOINTS = (
    Endpoint(
        method="GET",
        path=_FILES,
        handler=list_files,
        summary="List files",
        tag="Files",
        response=list[FileOut],
    ),
    Endpoint(
        method="POST",
        path=_FILES,
        handler=upload_file,
        summary="Upload a file that belongs to no flow",
        tag="Files",
        upload=True,
        response=FileOut,
        status=201,
        errors=(BadRequest, InvalidRequest, PayloadTooLarge),
    ),
    Endpoint(
        method="DELETE",
        path=_FILES,
        handler=delete_all_files,
        summary="Delete all files",
        tag="Files",
        response=Done,
    ),
    Endpoint(
        method="POST",
        path="/api/v2/files/batch/",
        handler=download_files,
        summary="Download several files as a ZIP archive",
        tag="Files",
        body=FileIds,
        media_type=ZIP_TYPE,
        errors=(NotFound, PayloadTooLarge),
    ),
    Endpoint(
        method="DELETE",
        path="/api/v2/files/batch/",
        handler=delete_files,
        summary="Delete several files",
        tag="Files",
        body=FileIds,
        response=Done,
        errors=(NotFound,),
    ),
    Endpoint(
        method="GET",
        path=_FILE,
        handler=download_file,
        summary="Download a file that belongs to no flow",
        tag="Files",
        query=ContentQuery,
        media_type="application/octet-stream",
        errors=(NotFound, BadRequest),
    ),
    Endpoint(
        method="PUT",
        path=_FILE,
        handler=rename_file,
        summary="Rename a file",
        tag="Files",
        query=NewName,
        response=FileOut,
        errors=(NotFound,),
    ),
    Endpoint(
        method="DELETE",
        path=_FILE,
        handler=delete_file,
        summary="Delete a file that belongs to no flow",
        tag="Files",
        response=Detail,
        errors=(NotFound,),
    ),
)
