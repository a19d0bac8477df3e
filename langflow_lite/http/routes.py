"""Every endpoint there is."""

from __future__ import annotations

from langflow_lite.http import (
    api_keys,
    base,
    build,
    files,
    flows,
    folders,
    logs,
    messages,
    monitor,
    openai,
    process,
    run,
    run_advanced,
    session,
    user_files,
    variables,
    webhook,
    workflows,
)
from langflow_lite.http.docs import docs_endpoints
from langflow_lite.http.endpoint import Endpoint

__all__ = ["ENDPOINTS", "PUBLIC"]

_API: tuple[Endpoint, ...] = (
    *run.ENDPOINTS,
    *run_advanced.ENDPOINTS,
    *workflows.ENDPOINTS,
    *webhook.ENDPOINTS,
    *build.ENDPOINTS,
    *process.ENDPOINTS,
    *openai.ENDPOINTS,
    *base.ENDPOINTS,
    *session.ENDPOINTS,
    *flows.ENDPOINTS,
    *folders.ENDPOINTS,
    *messages.ENDPOINTS,
    *monitor.ENDPOINTS,
    *logs.ENDPOINTS,
    *files.ENDPOINTS,
    *user_files.ENDPOINTS,
    *variables.ENDPOINTS,
    *api_keys.ENDPOINTS,
)

ENDPOINTS: tuple[Endpoint, ...] = (*_API, *docs_endpoints(_API))

PUBLIC = frozenset(endpoint.path for endpoint in ENDPOINTS if endpoint.public)
"""The paths that answer without a key."""
