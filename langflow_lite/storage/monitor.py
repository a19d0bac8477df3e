"""MonitorTable: what ran lately. The last build of every vertex, and the newest transactions of every flow."""

from __future__ import annotations

import re
import sqlite3
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NamedTuple

import anyio
import anyio.abc
from msgspec import Raw

from langflow_lite.chores import keep_doing
from langflow_lite.components.base import Component
from langflow_lite.components.inputs import Kind
from langflow_lite.context import RunContext
from langflow_lite.engine.observer import Observer
from langflow_lite.engine.results import (
    VertexResult,
    cut_long,
    failed_data,
    output_values,
    params_text,
    vertex_data,
)
from langflow_lite.errors import ComponentError
from langflow_lite.graph import Vertex
from langflow_lite.ids import new_id
from langflow_lite.storage.database import Database
from langflow_lite.storage.units import Insert
from langflow_lite.values import to_json

__all__ = ["BUILDS_KEPT", "TRANSACTIONS_KEPT", "MonitorTable"]

BUILDS_KEPT = 3000
"""Vertices whose last build is kept; the ones that ran longest ago go first."""

TRANSACTIONS_KEPT = 3000
"""Transactions that are kept of each flow; the oldest go first."""

_FLUSH_SECONDS = 0.5
# More than these would be kept in the time between two flushes only by a server that is too busy to keep them all.
_TOLD_KEPT = 100
_TRANSACTIONS = Insert("INSERT INTO transactions (flow_id, record) VALUES {rows}", 2)
_MASK = "********"
_SECRET = re.compile(r"api.?key|token|password|passwd|secret|authorization|credential|cookie", re.IGNORECASE)
_PRIMITIVE = (str, int, float, bool, type(None))


class _Ran(NamedTuple):
    """One execution of a vertex: by reference, because only what survives until the next flush is worth encoding."""

    at: float
    ctx: RunContext
    vertex: Vertex
    component: Component | None
    result: VertexResult | None
    error: ComponentError | None


class MonitorTable(Observer):
    """Builds and transactions (contract: *Vertex builds*, *Transactions*), from what an observer is told of vertices.

    What runs tell it is telemetry: kept in memory for up to half a second, written together, and lost in a crash; when
    the vertices of a flow run faster than 200 times a second, the newest are kept. It is an async context manager, to
    be entered inside the database's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._builds: dict[tuple[str, str], _Ran] = {}
        self._transactions: dict[str, deque[_Ran]] = {}
        self._told = anyio.Event()
        self._tasks: anyio.abc.TaskGroup

    async def __aenter__(self) -> MonitorTable:
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(keep_doing, "keeping of builds", self._flush_now_and_then, name="monitor")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._hand_over()
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(kind, error, trace)

    def finished(self, ctx: RunContext, result: VertexResult, component: Component | None) -> None:
        """A vertex ran; without `component` its frozen result was reused."""
        self._note(_Ran(time.time(), ctx, result.vertex, component, result, None))

    def failed(self, ctx: RunContext, vertex: Vertex, component: Component, error: ComponentError) -> None:
        """A vertex failed."""
        self._note(_Ran(time.time(), ctx, vertex, component, None, error))

    def _note(self, ran: _Ran) -> None:
        flow_id = ran.ctx.flow_id
        self._builds[flow_id, ran.vertex.id] = ran
        newest = self._transactions.get(flow_id)
        if newest is None:
            newest = self._transactions[flow_id] = deque(maxlen=_TOLD_KEPT)
            self._told.set()
        newest.append(ran)

    async def builds(self, flow_id: str) -> dict[str, list[Raw]]:
        """The last build of each vertex of a flow, by vertex id."""
        await self.flush()
        rows = await self._database.fetch_all(
            "SELECT vertex_id, record FROM vertex_builds WHERE flow_id = ? ORDER BY seq", (flow_id,)
        )
        return {vertex_id: [Raw(record)] for vertex_id, record in rows}

    async def delete_builds(self, flow_id: str) -> None:
        """Forget the builds of a flow."""
        self._hand_over()
        await self._database.writer.commit(
            lambda c: c.execute("DELETE FROM vertex_builds WHERE flow_id = ?", (flow_id,)).rowcount
        )

    async def transactions(self, flow_id: str, *, offset: int, limit: int) -> tuple[list[Raw], int]:
        """Transactions of a flow, newest first, and how many there are in all."""
        await self.flush()
        rows = await self._database.fetch_all(
            "SELECT record FROM transactions WHERE flow_id = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
            (flow_id, limit, offset),
        )
        total = await self._database.fetch_one("SELECT count(*) FROM transactions WHERE flow_id = ?", (flow_id,))
        return [Raw(record) for (record,) in rows], total[0] if total is not None else 0

    async def flush(self) -> None:
        """Return once everything told so far can be read."""
        self._hand_over()
        await self._database.writer.flush()

    async def _flush_now_and_then(self) -> None:
        while True:
            await self._told.wait()
            await anyio.sleep(_FLUSH_SECONDS)
            self._hand_over()

    def _hand_over(self) -> None:
        if not self._transactions:
            return
        builds = [(ran, new_id()) for ran in self._builds.values()]
        transactions = [(ran, new_id()) for newest in self._transactions.values() for ran in newest]
        self._builds = {}
        self._transactions = {}
        self._told = anyio.Event()
        self._database.writer.append(lambda connection: _write(connection, builds, transactions))


def _write(
    connection: sqlite3.Connection, builds: Sequence[tuple[_Ran, str]], transactions: Sequence[tuple[_Ran, str]]
) -> None:
    # Encoded here, in the writer's thread, so that the event loop is free for requests.
    flow_ids = {ran.ctx.flow_id for ran, _ in transactions}
    gone = {id_ for id_ in flow_ids if not connection.execute("SELECT 1 FROM flows WHERE id = ?", (id_,)).fetchone()}
    connection.executemany(
        "INSERT OR REPLACE INTO vertex_builds (flow_id, vertex_id, record) VALUES (?, ?, ?)",
        [
            (ran.ctx.flow_id, ran.vertex.id, to_json(_build(ran, id_)))
            for ran, id_ in builds
            if ran.ctx.flow_id not in gone
        ],
    )
    connection.execute(
        "DELETE FROM vertex_builds WHERE seq <= (SELECT seq FROM vertex_builds ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (BUILDS_KEPT,),
    )
    rows = [
        (ran.ctx.flow_id, to_json(_transaction(ran, id_))) for ran, id_ in transactions if ran.ctx.flow_id not in gone
    ]
    _TRANSACTIONS.run(connection, rows)
    connection.executemany(
        """
        DELETE FROM transactions WHERE flow_id = ? AND seq <= (
            SELECT seq FROM transactions WHERE flow_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?
        )
        """,
        [(flow_id, flow_id, TRANSACTIONS_KEPT) for flow_id in flow_ids],
    )


def _build(ran: _Ran, build_id: str) -> dict[str, Any]:
    if ran.result is not None:
        data = vertex_data(ran.result, chat_objects=True)
        params = params_text(data["artifacts"])
    else:
        data = failed_data(next(iter(ran.component.outputs), "") if ran.component else "", _reason(ran))
        params = _reason(ran)
    return {
        "data": data,
        "artifacts": data["artifacts"],
        "params": params,
        "valid": ran.result is not None,
        "build_id": build_id,
        "id": ran.vertex.id,
        "timestamp": _time(ran.at),
        "flow_id": ran.ctx.flow_id,
        "job_id": ran.ctx.run_id,
    }


def _transaction(ran: _Ran, id_: str) -> dict[str, Any]:
    return {
        "id": id_,
        "timestamp": _time(ran.at),
        "vertex_id": ran.vertex.id,
        "target_id": None,
        "inputs": {} if ran.component is None else _inputs(ran.component, ran.vertex),
        "outputs": None if ran.result is None else cut_long(output_values(ran.result)),
        "status": "success" if ran.result is not None else "error",
        "error": None if ran.error is None else ran.error.cause,
        "flow_id": ran.ctx.flow_id,
    }


def _reason(ran: _Ran) -> str:
    return "" if ran.error is None else ran.error.cause


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _inputs(component: Component, vertex: Vertex) -> dict[str, Any]:
    """What a vertex ran with: plain values only; secrets are masked and code is left out."""
    known = {name: getattr(component, name) for name in component.inputs}
    shown: dict[str, Any] = {}
    for name, value in {**known, **component.extras}.items():
        spec = component.inputs.get(name)
        if name == "code" or (spec is not None and spec.kind is Kind.CODE) or not _plain(value):
            continue
        entry = vertex.template.get(name)
        secret = isinstance(entry, Mapping) and bool(entry.get("password") or entry.get("load_from_db"))
        secret = secret or (spec is not None and spec.kind is Kind.SECRET)
        shown[name] = _masked(name, value, secret=secret)
    return shown


def _plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_plain(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(_plain(item) for item in value)
    return isinstance(value, _PRIMITIVE)


def _masked(name: str, value: Any, *, secret: bool = False) -> Any:
    # Numbers are no secrets, and settings such as max_tokens are called like some.
    if isinstance(value, str) and value and (secret or _SECRET.search(name)):
        return _MASK
    if isinstance(value, Mapping):
        return {key: _masked(str(key), item, secret=secret) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(name, item, secret=secret) for item in value]
    return cut_long(value)
