"""AttachedRuns: the streamed runs that live as long as their request, and what ends them before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from langflow_lite.context import Emit
from langflow_lite.errors import EventLimitExceeded, LangflowError, ServerStopping

__all__ = ["AttachedRuns"]

T = TypeVar("T")


class AttachedRuns:
    """Keeps hold of streamed runs inside requests, so that they can be ended with a reason while their clients listen."""

    def __init__(self) -> None:
        self._runs: set[_Run] = set()
        self._stopped = False
        self._all_ended = anyio.Event()

    async def run(self, execute: Callable[[Emit], Awaitable[T]], emit: Emit) -> T:
        """What `execute` returns, which is given the way to emit.

        Raises `ServerStopping` when a shutdown ended the run, and `EventLimitExceeded` when an event was one too many.
        """
        run = _Run(emit)
        if self._stopped:
            run.end(_stopping())
        self._runs.add(run)
        try:
            with run.scope:
                return await execute(run.emit)
        finally:
            self._runs.discard(run)
            if not self._runs:
                self._all_ended.set()
        assert run.reason is not None
        raise run.reason

    async def drain(self, grace: float) -> None:
        """Let runs end by themselves for `grace` seconds, then end the rest, and those that still come."""
        with anyio.move_on_after(grace):
            while self._runs:
                self._all_ended = anyio.Event()
                await self._all_ended.wait()
        self._stopped = True
        for run in self._runs:
            run.end(_stopping())


class _Run:
    """One run: its scope, and why that was cancelled."""

    __slots__ = ("_emit", "reason", "scope")

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self.reason: LangflowError | None = None
        self.scope = anyio.CancelScope()

    def emit(self, name: str, data: Any) -> None:
        try:
            self._emit(name, data)
        except EventLimitExceeded as error:
            # Not for the component to catch: one that does not end would go on for ever.
            self.end(error)

    def end(self, reason: LangflowError) -> None:
        self.reason = self.reason or reason
        self.scope.cancel()


def _stopping() -> ServerStopping:
    return ServerStopping("the server was shut down while the flow ran")
