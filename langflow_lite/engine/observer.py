"""Observer: whoever wants to know what a server does, from a request down to a call of a model."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, Literal

from langflow_lite.components.base import Component
from langflow_lite.context import ModelCall, RunContext
from langflow_lite.engine.results import VertexResult
from langflow_lite.errors import ComponentError
from langflow_lite.graph import Vertex
from langflow_lite.job import Job

__all__ = ["Observer", "RunStatus", "together"]

# No members of an enumeration, because those are hashed by code of their own, which takes longer than to count a run.
RunStatus = Literal["completed", "failed", "cancelled"]


class Observer:
    """Is told what happens, on the event loop and while others wait, so it must be quick and raise nothing.

    Everything here does nothing: a subclass has what it wants to know.
    """

    def request_began(self, scope: MutableMapping[str, Any]) -> None:
        """An HTTP request came (ASGI scope, in which an observer may keep something)."""

    def request_ended(
        self, scope: MutableMapping[str, Any], method: str, route: str, status: int, seconds: float
    ) -> None:
        """A request was answered; `route` is the path of its endpoint, empty when none was found, `status` 0 for no answer."""

    def stream_began(self) -> None:
        """The answer to a request turned out to be a stream of events."""

    def stream_ended(self) -> None:
        """Such a stream has ended."""

    def run_began(self, ctx: RunContext) -> None:
        """A run of a flow begins."""

    def run_ended(self, ctx: RunContext, status: RunStatus, seconds: float) -> None:
        """A run is over."""

    def vertex_began(self, ctx: RunContext, vertex: Vertex) -> None:
        """A vertex begins to run, in the task in which it will be finished or fail, unless it is cancelled."""

    def finished(self, ctx: RunContext, result: VertexResult, component: Component | None) -> None:
        """A vertex ran; without `component` its frozen result was reused."""

    def failed(self, ctx: RunContext, vertex: Vertex, component: Component, error: ComponentError) -> None:
        """A vertex failed."""

    def model_began(self, ctx: RunContext, call: ModelCall) -> None:
        """A language model or an embedding model is about to be called."""

    def model_ended(self, ctx: RunContext, call: ModelCall) -> None:
        """The model has answered, or failed, or is no longer listened to."""

    def job_accepted(self, job: Job) -> None:
        """A job has been accepted, in the context of whoever submitted it."""

    def job_began(self, job: Job) -> None:
        """A job begins to run, in the task in which it does."""

    def job_ended(self, job: Job) -> None:
        """A job has ended and that is stored."""

    def batch_committed(self, units: int, seconds: float) -> None:
        """The writer of the database has committed or abandoned so many units of work together."""


def together(*observers: Observer) -> Observer:
    """One observer that tells all of these; what only one of them, or none, wants to know costs nothing more."""
    everyone = Observer()
    for name in (name for name in vars(Observer) if not name.startswith("_")):
        heard = [getattr(observer, name) for observer in observers]
        interested = [hear for hear in heard if getattr(hear, "__func__", None) is not getattr(Observer, name)]
        if interested:
            setattr(everyone, name, interested[0] if len(interested) == 1 else _tell(interested))
    return everyone


def _tell(interested: list[Callable[..., None]]) -> Callable[..., None]:
    def tell(*about: Any) -> None:
        for hear in interested:
            hear(*about)

    return tell
