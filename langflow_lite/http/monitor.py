"""What ran lately: /api/v1/monitor/builds and /api/v1/monitor/transactions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.wire import PageNumber, PageSize, page_count

__all__ = ["ENDPOINTS"]


class BuildsQuery(msgspec.Struct):
    """The flow whose vertices are meant."""

    flow_id: UUID


class BuildRecord(msgspec.Struct, kw_only=True):
    """One build of a vertex (contract: *BuildRecord*); `params` is what a chat component was given, as text."""

    data: dict[str, Any]
    artifacts: dict[str, Any]
    params: str
    valid: bool
    build_id: str
    id: str
    timestamp: str
    flow_id: str
    job_id: str


class Builds(msgspec.Struct):
    """The last build of each vertex, by vertex id."""

    vertex_builds: dict[str, list[BuildRecord]]


class TransactionsQuery(msgspec.Struct):
    """The flow, and which page."""

    flow_id: UUID
    page: PageNumber = 1
    size: PageSize = 50


class Transaction(msgspec.Struct, kw_only=True):
    """One execution of a vertex (contract: *Transaction*); secrets among the inputs are masked."""

    id: str
    timestamp: str
    vertex_id: str
    target_id: str | None
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    status: str
    error: str | None
    flow_id: str


class TransactionPage(msgspec.Struct):
    """One page of transactions, newest first; `total` counts the transactions, `pages` the pages."""

    items: list[Transaction]
    total: int
    page: int
    size: int
    pages: int


async def list_builds(call: Call) -> dict[str, dict[str, list[Raw]]]:
    """The last build of each vertex of a flow."""
    return {"vertex_builds": await call.runtime.monitor.builds(str(call.query.flow_id))}


async def delete_builds(call: Call) -> None:
    """Forget the builds of a flow."""
    await call.runtime.monitor.delete_builds(str(call.query.flow_id))


async def list_transactions(call: Call) -> dict[str, Any]:
    """What the vertices of a flow were given and made, newest first."""
    query: TransactionsQuery = call.query
    items, total = await call.runtime.monitor.transactions(
        str(query.flow_id), offset=(query.page - 1) * query.size, limit=query.size
    )
    pages = page_count(total, query.size)
    return {"items": items, "total": total, "page": query.page, "size": query.size, "pages": pages}


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/monitor/builds",
        handler=list_builds,
        summary="The last builds of a flow's vertices",
        tag="Monitor",
        query=BuildsQuery,
        response=Builds,
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/monitor/builds",
        handler=delete_builds,
        summary="Forget the builds of a flow",
        tag="Monitor",
        query=BuildsQuery,
        status=204,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/monitor/transactions",
        handler=list_transactions,
        summary="List the transactions of a flow",
        tag="Monitor",
        query=TransactionsQuery,
        response=TransactionPage,
    ),
)
