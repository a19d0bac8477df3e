"""Wire structs that more than one area uses: flows and folders as callers send and read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from langflow_lite.flow import Flow
from langflow_lite.storage.folders import Folder
from langflow_lite.values import result_time

__all__ = [
    "USER_NAME",
    "Deleted",
    "Detail",
    "FlowChanges",
    "FlowIn",
    "FlowOut",
    "FlowPage",
    "FolderOut",
    "NonEmpty",
    "PageNumber",
    "PageSize",
    "flow_out",
    "flow_page",
    "folder_out",
    "page_count",
]

NonEmpty = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
"""A name: not empty, and not a book."""

PageNumber = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=100)]

USER_NAME = "langflow"
"""What the one user is called."""

NULL = Raw(b"null")


class Detail(msgspec.Struct):
    """What every error, and a few confirmations, look like."""

    detail: Any


class Deleted(msgspec.Struct):
    """How many of the named things existed and are gone now."""

    deleted: int


class FlowExtra(msgspec.Struct, kw_only=True):
    """Keys that later releases export with a flow; they are kept and given back, and change nothing."""

    mcp_enabled: bool | UnsetType | None = UNSET
    action_name: str | UnsetType | None = UNSET
    action_description: str | UnsetType | None = UNSET
    access_type: str | UnsetType | None = UNSET
    flow_type: str | UnsetType | None = UNSET
    a2a_enabled: bool | UnsetType | None = UNSET
    a2a_card_overrides: Any = UNSET
    workspace_id: str | UnsetType | None = UNSET
    name_key: str | UnsetType | None = UNSET

    def extra(self) -> dict[str, Any]:
        """Those of the keys that were sent."""
        sent = {name: getattr(self, name) for name in FlowExtra.__struct_fields__}
        return {name: value for name, value in sent.items() if value is not UNSET}


class FlowChanges(FlowExtra, kw_only=True):
    """The parts of a flow to change; what is not sent, or null, stays as it is, but null takes the endpoint name away."""

    name: NonEmpty | None = None
    description: str | None = None
    icon: str | None = None
    icon_bg_color: str | None = None
    gradient: str | None = None
    data: Raw = msgspec.field(default_factory=lambda: NULL)
    is_component: bool | None = None
    webhook: bool | None = None
    endpoint_name: str | UnsetType | None = UNSET
    tags: list[str] | None = None
    locked: bool | None = None
    folder_id: str | None = None


class FlowIn(FlowChanges, kw_only=True):
    """A flow to store, as exported or as the API shows it. Other keys, such as `updated_at`, are ignored."""

    name: NonEmpty
    id: str | None = None


class FlowOut(msgspec.Struct, kw_only=True):
    """A flow as the API shows it (contract: *Flow*); `version` is the content hash of `data`."""

    name: str
    description: str | None
    icon: str | None
    icon_bg_color: str | None
    gradient: str | None
    data: Raw
    is_component: bool
    updated_at: str
    webhook: bool
    endpoint_name: str | None
    tags: list[str] | None
    locked: bool
    mcp_enabled: bool | None
    action_name: str | None
    action_description: str | None
    access_type: str | None
    flow_type: str | None
    a2a_enabled: bool | None
    a2a_card_overrides: Any
    id: str
    user_id: str | None
    folder_id: str | None
    workspace_id: str | None
    name_key: str | None
    version_token: str | None
    version: str


def flow_out(flow: Flow, *, header: bool = False) -> FlowOut:
    """A stored flow for an answer; with `header`, `data` is left out unless it is a component's."""
    extra = flow.extra
    return FlowOut(
        name=flow.name,
        description=flow.description,
        icon=flow.icon,
        icon_bg_color=flow.icon_bg_color,
        gradient=flow.gradient,
        data=NULL if flow.data is None or (header and not flow.is_component) else flow.data,
        is_component=flow.is_component,
        updated_at=result_time(flow.updated_at),
        webhook=flow.webhook,
        endpoint_name=flow.endpoint_name,
        tags=flow.tags,
        locked=flow.locked,
        mcp_enabled=extra.get("mcp_enabled", False),
        action_name=extra.get("action_name"),
        action_description=extra.get("action_description"),
        access_type=extra.get("access_type", "PRIVATE"),
        flow_type=extra.get("flow_type", "workflow"),
        a2a_enabled=extra.get("a2a_enabled", False),
        a2a_card_overrides=extra.get("a2a_card_overrides"),
        id=flow.id,
        user_id=flow.user_id,
        folder_id=flow.folder_id,
        workspace_id=extra.get("workspace_id"),
        name_key=extra.get("name_key"),
        version_token=None,
        version=flow.version,
    )


class FlowPage(msgspec.Struct):
    """One page of flows; `total` counts the flows, `pages` the pages."""

    items: list[FlowOut]
    total: int
    page: int
    size: int
    pages: int


def flow_page(flows: Sequence[Flow], page: int, size: int, *, header: bool = False) -> FlowPage:
    """One page of these flows, counted from 1."""
    start = (page - 1) * size
    return FlowPage(
        items=[flow_out(flow, header=header) for flow in flows[start : start + size]],
        total=len(flows),
        page=page,
        size=size,
        pages=page_count(len(flows), size),
    )


def page_count(total: int, size: int) -> int:
    """How many pages so many items fill."""
    return -(-total // size)


class FolderOut(msgspec.Struct, kw_only=True):
    """A folder as the API shows it (contract: *Folder*)."""

    name: str
    description: str | None
    id: str
    parent_id: str | None
    auth_settings: None = None


def folder_out(folder: Folder) -> FolderOut:
    """A stored folder for an answer."""
    return FolderOut(name=folder.name, description=folder.description, id=folder.id, parent_id=folder.parent_id)
