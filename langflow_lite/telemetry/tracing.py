"""Tracing: what a server does as OpenTelemetry spans, from a request down to a call of a model.

Imported only where traces are wanted (`open_tracing`); it needs the `otel` extra.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.to_thread
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from langflow_lite import __version__
from langflow_lite.components.base import Component
from langflow_lite.context import ModelCall, RunContext
from langflow_lite.engine.observer import Observer, RunStatus
from langflow_lite.engine.results import VertexResult
from langflow_lite.errors import ComponentError
from langflow_lite.graph import Vertex
from langflow_lite.job import Job, JobStatus

__all__ = ["Tracing"]

# Whoever watches the server asks these all the time.
_UNTRACED = frozenset({"/health", "/health_check", "/metrics"})
_SPAN = "langflow_lite.span"
_FLUSH_SECONDS = 2.0
_MAX_SUBMITTED = 10_000
# The names that the semantic conventions have for providers; others are called by their own, in lower case.
_PROVIDERS = {
    "Azure AI Foundry": "azure.ai.inference",
    "Azure OpenAI": "azure.ai.openai",
    "Google Generative AI": "gcp.gemini",
    "Mistral": "mistral_ai",
    "xAI": "x_ai",
}


@dataclass(slots=True)
class _Open:
    """A span that has not ended, and the context to go back to then."""

    span: trace.Span
    before: contexts.Context


@dataclass(slots=True)
class _Run(_Open):
    vertices: dict[str, _Open] = field(default_factory=dict)


class Tracing(Observer):
    """Sends spans to the OpenTelemetry collector at `endpoint` (OTLP over HTTP).

    `headers` are written as in OTEL_EXPORTER_OTLP_HEADERS. An async context manager; leaving sends
    what is left, for a few seconds at most. Names, ids, counts and kinds of errors go into spans, but nothing of what is
    said: no inputs, prompts, answers, variables or messages of errors.
    """

    def __init__(self, endpoint: str, headers: str, service_name: str) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service_name, "service.version": __version__}),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint, headers=parse_env_headers(headers, liberal=True))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("langflow_lite", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._runs: dict[int, _Run] = {}
        self._calls: dict[int, trace.Span] = {}
        self._jobs: dict[str, trace.Span] = {}
        self._submitted: dict[str, trace.SpanContext] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: TracebackType | None
    ) -> None:
        with anyio.move_on_after(_FLUSH_SECONDS, shield=True):
            await anyio.to_thread.run_sync(self._provider.shutdown, abandon_on_cancel=True)

    def request_began(self, scope: MutableMapping[str, Any]) -> None:
        """Begin the span of a request, as a part of the trace that its `traceparent` header names (W3C Trace Context)."""
        if scope["path"] in _UNTRACED:
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        span = self._tracer.start_span(
            scope["method"],
            self._propagator.extract(headers, contexts.Context()),
            kind=trace.SpanKind.SERVER,
            attributes={
                "http.request.method": scope["method"],
                "url.path": scope["path"],
                "url.scheme": scope["scheme"],
                "network.protocol.version": scope["http_version"],
            },
        )
        scope[_SPAN] = self._enter(span)

    def request_ended(
        self, scope: MutableMapping[str, Any], method: str, route: str, status: int, seconds: float
    ) -> None:
        """End it, now that its endpoint and status are known."""
        opened: _Open | None = scope.pop(_SPAN, None)
        if opened is None:
            return
        span = opened.span
        if route:
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        if status:
            span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._fail(span, str(status))
        self._leave(opened)

    def run_began(self, ctx: RunContext) -> None:
        """Begin the span of a run, inside that of the request, job or vertex that wants it."""
        span = self._tracer.start_span(
            f"invoke_workflow {ctx.flow_name}",
            attributes={
                "gen_ai.operation.name": "invoke_workflow",
                "gen_ai.workflow.name": ctx.flow_name,
                "gen_ai.conversation.id": ctx.session_id,
                "langflow.flow.id": ctx.flow_id,
                "langflow.run.id": ctx.run_id,
                "langflow.run.kind": ctx.kind,
            },
        )
        opened = self._enter(span)
        self._runs[id(ctx)] = _Run(opened.span, opened.before)

    def run_ended(self, ctx: RunContext, status: RunStatus, seconds: float) -> None:
        """End it, and the spans of vertices that were cancelled with it."""
        run = self._runs.pop(id(ctx), None)
        if run is None:
            return
        for vertex in run.vertices.values():
            vertex.span.set_attribute("langflow.status", "cancelled")
            vertex.span.end()
        run.span.set_attribute("langflow.status", status)
        if status == "failed":
            self._fail(run.span, "ComponentError")
        self._leave(run)

    def vertex_began(self, ctx: RunContext, vertex: Vertex) -> None:
        """Begin the span of a vertex."""
        if (run := self._runs.get(id(ctx))) is not None:
            span = self._tracer.start_span(
                f"vertex {vertex.display_name}",
                attributes={
                    "langflow.vertex.id": vertex.id,
                    "langflow.vertex.name": vertex.display_name,
                    "langflow.vertex.type": vertex.type,
                },
            )
            run.vertices[vertex.id] = self._enter(span)

    def finished(self, ctx: RunContext, result: VertexResult, component: Component | None) -> None:
        """End it."""
        if (opened := self._vertex(ctx, result.vertex)) is not None:
            self._leave(opened)

    def failed(self, ctx: RunContext, vertex: Vertex, component: Component, error: ComponentError) -> None:
        """End it as failed."""
        if (opened := self._vertex(ctx, vertex)) is not None:
            self._fail(opened.span, str(error.provider_status or error.code))
            self._leave(opened)

    def _vertex(self, ctx: RunContext, vertex: Vertex) -> _Open | None:
        run = self._runs.get(id(ctx))
        return None if run is None else run.vertices.pop(vertex.id, None)

    def model_began(self, ctx: RunContext, call: ModelCall) -> None:
        """Begin the span of a call (semantic conventions for generative AI)."""
        span = self._calls[id(call)] = self._tracer.start_span(
            f"{call.operation} {call.model}",
            kind=trace.SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": call.operation,
                "gen_ai.provider.name": _PROVIDERS.get(call.provider, call.provider.lower()),
                "gen_ai.request.model": call.model,
            },
        )
        if call.operation == "chat":
            span.set_attribute("gen_ai.request.stream", call.streamed)

    def model_ended(self, ctx: RunContext, call: ModelCall) -> None:
        """End it, with the tokens it took."""
        span = self._calls.pop(id(call), None)
        if span is None:
            return
        for direction in ("input_tokens", "output_tokens"):
            if call.usage and direction in call.usage:
                span.set_attribute(f"gen_ai.usage.{direction}", call.usage[direction])
        if call.finish_reason:
            span.set_attribute("gen_ai.response.finish_reasons", [call.finish_reason])
        if call.error is not None:
            status = getattr(call.error, "provider_status", None)
            self._fail(span, str(status or type(call.error).__name__))
        span.end()

    def job_accepted(self, job: Job) -> None:
        """Remember which request submitted the job."""
        submitter = trace.get_current_span().get_span_context()
        if submitter.is_valid and len(self._submitted) < _MAX_SUBMITTED:
            self._submitted[job.id] = submitter

    def job_began(self, job: Job) -> None:
        """Begin the span of a job: a trace of its own, with a link to the request that submitted it."""
        submitter = self._submitted.pop(job.id, None)
        span = self._tracer.start_span(
            f"job {job.kind}",
            contexts.Context(),
            kind=trace.SpanKind.CONSUMER,
            links=[] if submitter is None else [trace.Link(submitter)],
            attributes={
                "langflow.job.id": job.id,
                "langflow.job.kind": str(job.kind),
                "langflow.flow.id": job.flow_id,
            },
        )
        self._jobs[job.id] = self._enter(span).span

    def job_ended(self, job: Job) -> None:
        """End it; a job that is stopped may end before its code does."""
        self._submitted.pop(job.id, None)
        span = self._jobs.pop(job.id, None)
        if span is None:
            return
        span.set_attribute("langflow.status", str(job.status))
        if job.status in (JobStatus.FAILED, JobStatus.TIMED_OUT):
            self._fail(span, str(job.status))
        span.end()

    @staticmethod
    def _enter(span: trace.Span) -> _Open:
        """Make this the span that the next ones are inside of."""
        before = contexts.get_current()
        contexts.attach(trace.set_span_in_context(span))
        return _Open(span, before)

    @staticmethod
    def _leave(opened: _Open) -> None:
        opened.span.end()
        contexts.attach(opened.before)

    @staticmethod
    def _fail(span: trace.Span, kind: str) -> None:
        span.set_attribute("error.type", kind)
        span.set_status(trace.StatusCode.ERROR)
