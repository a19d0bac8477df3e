"""Plans: the compiled flows of a server."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import anyio
import anyio.to_thread
import msgspec

from langflow_lite.compat.trusted import TrustedCode
from langflow_lite.components.registry import Registry
from langflow_lite.engine.plan import Plan
from langflow_lite.flow import Flow, decode_data
from langflow_lite.graph import compile_graph

__all__ = ["Plans"]

logger = logging.getLogger(__name__)

_KEPT = 256
_TRUST_SECONDS = 0.2
# Compiling is quick, but not so quick that a flow of megabytes may hold up everyone else.
_COMPILE_IN_THREAD = 256 * 1024


class Plans:
    """Compiles flows when they are first asked for, and keeps the plans by flow and version; the least recently used go.

    `version_of` gives the data of a flow at an earlier version; it raises `NotFound` for one that the flow never had.
    """

    def __init__(
        self,
        registry: Registry,
        trusted: TrustedCode,
        threads: anyio.CapacityLimiter,
        version_of: Callable[[str, str], Awaitable[msgspec.Raw | bytes | None]],
    ) -> None:
        self._registry = registry
        self._trusted = trusted
        self._threads = threads
        self._version_of = version_of
        self._plans: OrderedDict[tuple[str, str], Plan] = OrderedDict()
        self._trust_stamp = 0
        self._trust_due = 0.0

    async def get(self, flow: Flow, version: str | None = None, data: msgspec.Raw | None = None) -> Plan:
        """The plan of an unsaved graph, `data`, if there is one; else of the flow at its present or a pinned version.

        Raises what `version_of` raises, and `GraphError` when the flow cannot be run.
        """
        if data is not None:
            return await self._compiled(data)
        version = version or flow.version
        self._notice_trust()
        plan = self._plans.get((flow.id, version))
        if plan is not None:
            self._plans.move_to_end((flow.id, version))
            return plan
        plan = await self._compiled(flow.data if version == flow.version else await self._version_of(flow.id, version))
        for warning in plan.warnings:
            logger.warning("flow %s (%s): %s", flow.name, flow.id, warning)
        self._plans[flow.id, version] = plan
        if len(self._plans) > _KEPT:
            self._plans.popitem(last=False)
        return plan

    async def _compiled(self, data: msgspec.Raw | bytes | None) -> Plan:
        if data is not None and len(bytes(data)) > _COMPILE_IN_THREAD:
            return await anyio.to_thread.run_sync(self._compile, data, limiter=self._threads)
        return self._compile(data)

    def _compile(self, data: msgspec.Raw | bytes | None) -> Plan:
        return Plan.of(compile_graph(decode_data(data)), self._registry, self._trusted)

    def _notice_trust(self) -> None:
        """Forget all plans when the operator has trusted code or does so no longer; looks five times a second at most."""
        now = time.monotonic()
        if now < self._trust_due:
            return
        self._trust_due = now + _TRUST_SECONDS
        if (stamp := self._trusted.stamp()) != self._trust_stamp:
            self._trust_stamp = stamp
            self._plans.clear()
