"""The ready-set scheduler: a vertex starts the moment its inputs are there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread

from langflow_lite.components.base import Component, LoopingComponent, Output
from langflow_lite.context import RunContext
from langflow_lite.engine.frozen import FrozenCache
from langflow_lite.engine.inputs import fill
from langflow_lite.engine.node import Node
from langflow_lite.engine.observer import Observer
from langflow_lite.engine.plan import Plan, Schedule, VertexPlan
from langflow_lite.engine.report import Report
from langflow_lite.engine.results import VertexResult
from langflow_lite.engine.scope import Scope
from langflow_lite.errors import ComponentError, LangflowError, LoopLimitExceeded, ProviderError
from langflow_lite.overrides import Overrides

__all__ = ["Execution", "Shared"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all runs of a server share: results of frozen vertices, the threads for synchronous component code, and
    who is told of each vertex.
    """

    frozen: FrozenCache
    threads: anyio.CapacityLimiter
    observer: Observer = field(default_factory=Observer)


class Execution(Scope):
    """One pass over a scope: runs what can run until nothing is left.

    One coordinator alone changes the state; vertices run beside each other only return their result to it. A vertex
    runs at most once per scope.
    """

    def __init__(
        self,
        plan: Plan,
        schedule: Schedule,
        ctx: RunContext,
        overrides: Overrides,
        shared: Shared,
        report: Report,
        outer: Scope | None = None,
    ) -> None:
        super().__init__(plan, schedule, ctx, overrides, outer)
        self.shared = shared
        self.report = report
        self.failed: dict[str, ComponentError] = {}
        self._cut: set[tuple[str, str]] = set()
        self._waits = dict(schedule.waits)
        self._ready: deque[str] = deque(schedule.first)
        self._started: set[str] = set()

    async def run(self) -> None:
        """Run every vertex of the scope that is not on a stopped branch.

        Raises the first `ComponentError`, after cancelling what runs beside it, unless the report keeps going: then a
        failure ends only what depends on it and is found in `failed`.
        """
        while self._ready:
            # An input is ready at once and comes alone: what it stores must be visible to all others.
            if len(self._ready) == 1 or self.plan.graph.vertices[self._ready[0]].is_input:
                id_ = self._ready.popleft()
                self._started.add(id_)
                await self._step(id_)
            else:
                await self._run_side_by_side()

    async def _step(self, id_: str) -> None:
        try:
            component = await self._run_vertex(id_)
        except ComponentError as error:
            await self._fail(id_, error)
        else:
            self._finish(id_, component)

    async def _run_side_by_side(self) -> None:
        outcomes: deque[tuple[str, Component | None, ComponentError | None]] = deque()
        arrived = anyio.Event()

        async def one(id_: str) -> None:
            component = error = None
            try:
                component = await self._run_vertex(id_)
            except ComponentError as failure:
                error = failure
            outcomes.append((id_, component, error))
            arrived.set()

        running = 0
        failure: ComponentError | None = None
        async with anyio.create_task_group() as tasks:
            while self._ready or running:
                while self._ready:
                    id_ = self._ready.popleft()
                    self._started.add(id_)
                    running += 1
                    tasks.start_soon(one, id_, name=id_)
                await arrived.wait()
                arrived = anyio.Event()
                while outcomes:
                    running -= 1
                    id_, component, error = outcomes.popleft()
                    if error is None:
                        self._finish(id_, component)
                        continue
                    try:
                        await self._fail(id_, error)
                    except ComponentError as stop:
                        failure = stop
                        break
                if failure is not None:
                    tasks.cancel_scope.cancel()
                    break
        if failure is not None:
            raise failure

    async def _run_vertex(self, id_: str) -> Component | None:
        """Run one vertex and keep its result; the component, or None when a frozen result was reused."""
        planned = self.plan.vertices[id_]
        vertex = planned.vertex
        if planned.frozen:
            known = self.shared.frozen.get(self.ctx.flow_id, id_)
            if known is not None:
                self._keep(known, None)
                return None
        logger.debug("Building %s", vertex.display_name)
        self.report.start_vertex(id_)
        self.shared.observer.vertex_began(self.ctx, vertex)
        started = time.perf_counter()
        component = planned.component()
        component.ctx = self.ctx
        component.node = Node(self, vertex)
        try:
            await fill(component, planned, self)
            if isinstance(component, LoopingComponent):
                outputs = await self._run_loop(id_, planned, component)
            else:
                outputs = {}
                for name, spec in planned.outputs.items():
                    outputs[name] = await self._call(component, spec)
        except (Exception, SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
            # A cancellation that nobody asked for is the component's own doing, and must not end what runs beside it.
            if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
                raise
            failure = _component_error(error, planned)
            self.shared.observer.failed(self.ctx, vertex, component, failure)
            raise failure from error
        result = VertexResult(
            vertex=vertex,
            outputs=outputs,
            logs=dict.fromkeys(outputs, component.logs) if component.logs else {},
            usage=component.usage,
            model_name=component.model_name,
            seconds=time.perf_counter() - started,
        )
        if planned.frozen:
            self.shared.frozen.put(self.ctx.flow_id, id_, result)
        self._keep(result, component)
        return component

    async def _call(self, component: Component, spec: Output) -> Any:
        method = getattr(component, spec.method)
        before = len(component.logs)
        if spec.is_async:
            value = await method()
        else:
            value = await anyio.to_thread.run_sync(method, abandon_on_cancel=True, limiter=self.shared.threads)
        for entry in component.logs[before:]:
            self.report.log(component.node.id, spec.name, entry)
        return value

    async def _run_loop(self, id_: str, planned: VertexPlan, component: LoopingComponent) -> dict[str, Any]:
        loop = self.plan.loops[id_]
        items = component.items()
        limit = self.ctx.settings.max_loop_iterations
        if len(items) > limit:
            raise LoopLimitExceeded(
                f"the loop has {len(items)} items, more than the {limit} that LANGFLOW_MAX_LOOP_ITERATIONS allows"
            )
        collected: list[Any] = []
        if loop.closing is not None:
            schedule = self.plan.body_schedule(id_)
            key = (loop.closing.source, self.plan.output_name(loop.closing))
            for item in items:
                turn = Execution(
                    self.plan, schedule, self.ctx, self.overrides, self.shared, self.report.inside_loop(), self
                )
                turn.values[id_, component.loop_output] = item
                await turn.run()
                if turn.failed:
                    raise next(iter(turn.failed.values()))
                self.results.update(turn.results)
                if key in turn.values:
                    collected.append(turn.values[key])
        return {
            name: component.collect(collected)
            for name, spec in planned.outputs.items()
            if spec.name == component.done_output
        }

    def _keep(self, result: VertexResult, component: Component | None) -> None:
        self.shared.observer.finished(self.ctx, result, component)
        id_ = result.vertex.id
        self.results[id_] = result
        for name, value in result.outputs.items():
            self.values[id_, name] = value

    def _finish(self, id_: str, component: Component | None) -> None:
        if component is not None and component.stopped:
            self._stop(id_, component)
        started = self._release(id_)
        self.report.end_vertex(self, self.results[id_], started)

    async def _fail(self, id_: str, error: ComponentError) -> None:
        self.failed[id_] = error
        await self.report.failed(self, id_, error)
        if not self.report.keeps_going:
            raise error
        self._kill(self.plan.graph.descendants([id_]) - {id_})

    def _release(self, id_: str) -> list[str]:
        """Tell those behind a vertex that it is done, or will never be; returns those that can start now."""
        started: list[str] = []
        for target in self.schedule.after[id_]:
            self._waits[target] -= 1
            if not self._waits[target] and target not in self.dead and target not in self._started:
                self._ready.append(target)
                started.append(target)
        return started

    def _stop(self, id_: str, component: Component) -> None:
        """Grow the dead set after a router: what is behind its stopped outputs, less what is behind its live ones."""
        graph = self.plan.graph
        outputs = self.plan.vertices[id_].outputs
        stopped = {
            name for name, spec in outputs.items() if spec.name in component.stopped or name in component.stopped
        }
        for name in stopped:
            self.values.pop((id_, name), None)
            self._cut.add((id_, name))
        edges = graph.outgoing[id_]
        off = [edge.target for edge in edges if self.plan.output_name(edge) in stopped]
        live = [edge.target for edge in edges if self.plan.output_name(edge) not in stopped]
        # A listener hears whoever still speaks, so it is not dead because one of those it listens to is.
        self._kill(graph.descendants(off, signals=False) - graph.descendants(live))

    def _kill(self, ids: Iterable[str]) -> None:
        pending = [id_ for id_ in ids if id_ in self.schedule.scope and id_ not in self._started]
        while pending:
            id_ = pending.pop()
            if id_ in self.dead or id_ in self._started:
                continue
            self.dead.add(id_)
            # Also dead is whatever is now fed by the dead alone.
            pending.extend(
                target for target in self.schedule.after[id_] if target not in self.dead and self._starved(target)
            )
        self._ready = deque(id_ for id_ in self._ready if id_ not in self.dead)
        for id_ in self.dead - self._started:
            self._started.add(id_)
            self._release(id_)

    def _starved(self, id_: str) -> bool:
        graph = self.plan.graph
        return all(
            edge.source in self.dead or (edge.source, self.plan.output_name(edge)) in self._cut
            for edge in graph.incoming[id_]
        ) and self.dead.issuperset(graph.signalled_by.get(id_, ()))


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _component_error(error: BaseException, planned: VertexPlan) -> ComponentError:
    cause: str
    if isinstance(error, ComponentError):
        return ComponentError(
            error.message,
            component_id=planned.vertex.id,
            display_name=planned.vertex.display_name,
            provider_status=error.provider_status,
            suggestion=error.suggestion,
        )
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        cause = "the component tried to exit the process"
    elif isinstance(error, asyncio.CancelledError):
        cause = "the component cancelled itself"
    elif isinstance(error, LangflowError):
        cause = error.message
    else:
        cause = str(error) or type(error).__name__
    return ComponentError(
        cause,
        component_id=planned.vertex.id,
        display_name=planned.vertex.display_name,
        provider_status=error.provider_status if isinstance(error, ProviderError) else None,
        suggestion=_suggestion(error),
    )


_SUGGESTIONS: Mapping[int, str] = {
    401: "The provider refused the API key: check the key field, the global variable or the environment variable.",
    403: "The provider does not let this key use the model: check the key's permissions.",
    404: "The provider does not know this model or address: check the model name and the base URL.",
    429: "The provider's rate limit or quota is used up: wait, or raise the limit with the provider.",
}


def _suggestion(error: BaseException) -> str | None:
    return _SUGGESTIONS.get(error.provider_status or 0) if isinstance(error, ProviderError) else None
