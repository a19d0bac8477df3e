"""The flows area: everything under /api/v1/flows."""

from __future__ import annotations

from uuid import UUID

import anyio.to_thread
import msgspec
from starlette.responses import Response

from langflow_lite.errors import BadRequest, FlowLocked, FlowNotFound, InvalidRequest, NotFound, NotUnique
from langflow_lite.flow import Flow
from langflow_lite.http.archive import attachment, zip_flows
from langflow_lite.http.endpoint import MEGABYTE, Call, Endpoint
from langflow_lite.http.flow_import import FlowsIn, flow_changes, new_flow, uploaded_flows
from langflow_lite.http.wire import (
    Deleted,
    FlowChanges,
    FlowIn,
    FlowOut,
    FlowPage,
    PageNumber,
    PageSize,
    flow_out,
    flow_page,
)
from langflow_lite.runtime import Runtime
from langflow_lite.values import to_json

__all__ = ["ENDPOINTS"]


class ListQuery(msgspec.Struct):
    """What to list: all flows as a list (`get_all`), or one page."""

    get_all: bool = True
    remove_example_flows: bool = False
    components_only: bool = False
    header_flows: bool = False
    folder_id: UUID | None = None
    page: PageNumber = 1
    size: PageSize = 50


class FolderQuery(msgspec.Struct):
    """The folder that uploaded flows go to; without one, the default folder."""

    folder_id: UUID | None = None


class FlowVersion(msgspec.Struct):
    """What a flow was when the content hash of its `data` was `version`."""

    flow_id: str
    version: str
    data: msgspec.Raw


class Deletion(msgspec.Struct):
    """That it is done."""

    message: str


async def create_flow(call: Call) -> FlowOut:
    """Store one flow."""
    flow = await new_flow(call.runtime.flows, call.body, ("body",))
    return flow_out(await call.runtime.flows.create(flow))


async def create_flows(call: Call) -> list[FlowOut]:
    """Store several flows, all or none."""
    flows = [await new_flow(call.runtime.flows, f, ("body", "flows", i)) for i, f in enumerate(call.body.flows)]
    return [flow_out(flow) for flow in await call.runtime.flows.create_many(flows)]


async def upload_flows(call: Call) -> list[FlowOut]:
    """Store the flows in an uploaded file: JSON (one flow, a list of them, or {"flows": [...]}) or a ZIP archive of such.

    A flow whose id is stored already is changed to what the file says.
    """
    store = call.runtime.flows
    sent = await uploaded_flows(call.request, call.runtime.settings.max_body_size * MEGABYTE)
    if call.query.folder_id is not None:
        sent = [msgspec.structs.replace(f, folder_id=str(call.query.folder_id)) for f in sent]
    flows = [await new_flow(store, f, ("body", "file", i)) for i, f in enumerate(sent)]
    stored: dict[int, Flow] = {}
    for index, one in enumerate(sent):
        if (flow_id := store.known_id(one.id)) is not None:
            changes = await flow_changes(one, ("body", "file", index))
            stored[index] = await store.update(flow_id, changes, rename=True)
    fresh = [index for index in range(len(sent)) if index not in stored]
    stored.update(zip(fresh, await store.create_many([flows[index] for index in fresh]), strict=True))
    return [flow_out(stored[index]) for index in range(len(sent))]


async def list_flows(call: Call) -> list[FlowOut] | FlowPage:
    """List flows, all or by page."""
    query: ListQuery = call.query
    flows = call.runtime.flows.list(
        folder_id=None if query.folder_id is None else str(query.folder_id),
        components_only=query.components_only,
        examples=False if query.remove_example_flows else None,
    )
    if query.get_all:
        return [flow_out(flow, header=query.header_flows) for flow in flows]
    return flow_page(flows, query.page, query.size, header=query.header_flows)


async def list_examples(call: Call) -> list[FlowOut]:
    """List the example flows."""
    return [flow_out(flow) for flow in call.runtime.flows.list(examples=True)]


async def read_flow(call: Call) -> FlowOut:
    """Read one flow."""
    return flow_out(call.runtime.flows.get_by_id(call.params["flow_id"]))


async def read_version(call: Call) -> FlowVersion:
    """Read a flow's `data` as it once was: every version that was ever saved is kept as long as the flow."""
    flow_id, version = call.params["flow_id"], call.params["version"]
    return FlowVersion(flow_id, version, msgspec.Raw(await call.runtime.flows.get_version(flow_id, version)))


async def update_flow(call: Call) -> FlowOut:
    """Change those parts of a flow that are sent."""
    flow = call.runtime.flows.get_by_id(call.params["flow_id"])
    return flow_out(await call.runtime.flows.update(flow.id, await flow_changes(call.body, ("body",))))


async def put_flow(call: Call) -> FlowOut | Response:
    """Store a flow under the given id (201), or change the one that has it to what is sent (200)."""
    store = call.runtime.flows
    flow_id = call.params["flow_id"]
    if store.known_id(flow_id) is not None:
        return flow_out(await store.update(flow_id, await flow_changes(call.body, ("body",))))
    flow = await new_flow(store, call.body, ("body",))
    created = await store.create(msgspec.structs.replace(flow, id=flow_id))
    return Response(to_json(flow_out(created)), 201, media_type="application/json")


async def delete_flow(call: Call) -> Deletion:
    """Delete one flow with its messages."""
    if not await _delete(call.runtime, [call.params["flow_id"]]):
        raise FlowNotFound("Flow not found")
    return Deletion("Flow deleted successfully")


async def delete_flows(call: Call) -> Deleted:
    """Delete the flows with these ids; unknown ones are passed over."""
    return Deleted(await _delete(call.runtime, [str(flow_id) for flow_id in call.body]))


async def download_flows(call: Call) -> Response:
    """A ZIP archive with one JSON file per flow (seed document 5, also for a single flow)."""
    wanted = {str(flow_id) for flow_id in call.body}
    flows = [flow for flow in call.runtime.flows.list() if flow.id in wanted]
    if not flows:
        raise NotFound("No flows found.")
    return attachment(await anyio.to_thread.run_sync(zip_flows, flows), "langflow_flows.zip")


async def _delete(runtime: Runtime, flow_ids: list[str]) -> int:
    deleted = await runtime.flows.delete(flow_ids)
    for flow_id in deleted:
        await runtime.files.delete_all(flow_id)
    return len(deleted)


_FLOWS = "/api/v1/flows/"
_FLOW = "/api/v1/flows/{flow_id:uuid}"

ENDPOINTS = (
    Endpoint(
        method="GET",
        path=_FLOWS,
        handler=list_flows,
        summary="List flows",
        tag="Flows",
        query=ListQuery,
        response=list[FlowOut] | FlowPage,
    ),
    Endpoint(
        method="POST",
        path=_FLOWS,
        handler=create_flow,
        summary="Create a flow",
        tag="Flows",
        body=FlowIn,
        response=FlowOut,
        status=201,
        errors=(InvalidRequest,),
    ),
    Endpoint(
        method="DELETE",
        path=_FLOWS,
        handler=delete_flows,
        summary="Delete several flows",
        tag="Flows",
        body=list[UUID],
        response=Deleted,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/flows/batch/",
        handler=create_flows,
        summary="Create several flows",
        tag="Flows",
        body=FlowsIn,
        response=list[FlowOut],
        status=201,
        errors=(InvalidRequest,),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/flows/upload/",
        handler=upload_flows,
        summary="Upload a file with one flow or several",
        tag="Flows",
        query=FolderQuery,
        upload=True,
        response=list[FlowOut],
        status=201,
        errors=(BadRequest, FlowLocked, InvalidRequest),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/flows/download/",
        handler=download_flows,
        summary="Download flows as a ZIP archive",
        tag="Flows",
        body=list[UUID],
        media_type="application/x-zip-compressed",
        errors=(NotFound,),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/flows/basic_examples/",
        handler=list_examples,
        summary="List the example flows",
        tag="Flows",
        response=list[FlowOut],
    ),
    Endpoint(
        method="GET",
        path=_FLOW,
        handler=read_flow,
        summary="Read a flow",
        tag="Flows",
        response=FlowOut,
        errors=(FlowNotFound,),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/flows/{flow_id:uuid}/versions/{version}",
        handler=read_version,
        summary="Read an earlier version of a flow",
        tag="Flows",
        response=FlowVersion,
        errors=(NotFound,),
    ),
    Endpoint(
        method="PATCH",
        path=_FLOW,
        handler=update_flow,
        summary="Change parts of a flow",
        tag="Flows",
        body=FlowChanges,
        needs_body=True,
        response=FlowOut,
        errors=(FlowNotFound, NotUnique, FlowLocked, InvalidRequest),
    ),
    Endpoint(
        method="PUT",
        path=_FLOW,
        handler=put_flow,
        summary="Store a flow under an id",
        tag="Flows",
        body=FlowIn,
        response=FlowOut,
        created=True,
        errors=(NotUnique, FlowLocked, InvalidRequest),
    ),
    Endpoint(
        method="DELETE",
        path=_FLOW,
        handler=delete_flow,
        summary="Delete a flow",
        tag="Flows",
        response=Deletion,
        errors=(FlowNotFound,),
    ),
)
