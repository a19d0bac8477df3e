"""Whether and where traces are to be sent, as the standard variables of OpenTelemetry say."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langflow_lite.telemetry.tracing import Tracing

__all__ = ["endpoint_of", "headers_of", "open_tracing", "wants_traces"]

logger = logging.getLogger(__name__)

_ENDPOINT, _TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_HEADERS, _TRACES_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"


def endpoint_of(environ: Mapping[str, str]) -> str:
    """The address that takes traces; empty when none is named (OTLP Exporter Configuration, *Endpoint URLs for OTLP/HTTP*)."""
    if traces := environ.get(_TRACES_ENDPOINT, ""):
        return traces
    base = environ.get(_ENDPOINT, "")
    return f"{base.rstrip('/')}/v1/traces" if base else ""


def headers_of(environ: Mapping[str, str]) -> str:
    """The headers to send along, as `name=value,name=value`."""
    return environ.get(_TRACES_HEADERS) or environ.get(_HEADERS, "")


def wants_traces(environ: Mapping[str, str]) -> bool:
    """Whether an endpoint is named and traces are not switched off."""
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return bool(endpoint_of(environ)) and not disabled and environ.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp"


def open_tracing(environ: Mapping[str, str]) -> Tracing | None:
    """What sends traces, if any are wanted; says so when the `otel` extra is needed for that and not there.

    Nothing of OpenTelemetry is imported otherwise: it would take longer than the rest of the start.
    """
    if not wants_traces(environ):
        return None
    try:
        from langflow_lite.telemetry.tracing import Tracing
    except ImportError as error:
        logger.warning(
            "%s is set, but no traces are sent (%s): install what they need with `pip install 'langflow-lite[otel]'`",
            _TRACES_ENDPOINT if environ.get(_TRACES_ENDPOINT) else _ENDPOINT,
            error,
        )
        return None
    name = environ.get("OTEL_SERVICE_NAME", "langflow-lite")
    return Tracing(endpoint_of(environ), headers_of(environ), name)
