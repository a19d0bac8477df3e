"""Every endpoint there is."""

from __future__ import annotations

from langflow_lite.http import (
    api_keys,
    base,
    build,
    checks,
    files,
    flows,
    folders,
    health,
    human_input,
    logs,
    messages,
    monitor,
    openai,
    pictures,
    process,
    run,
    run_advanced,
    session,
    user_files,
    variables,
    webhook,
    workflows,
)
from langflow_lite.http.docs import openapi_endpoint
from langflow_lite.http.endpoint import Endpoint
from langflow_lite.http.pages import PAGES

__all__ = ["ENDPOINTS", "PUBLIC"]

_API: tuple[Endpoint, ...] = (
    *run.ENDPOINTS,
    *run_advanced.ENDPOINTS,
    *human_input.ENDPOINTS,
    *workflows.ENDPOINTS,
    *webhook.ENDPOINTS,
    *build.ENDPOINTS,
    *process.ENDPOINTS,
    *openai.ENDPOINTS,
    *base.ENDPOINTS,
    *health.ENDPOINTS,
    *session.ENDPOINTS,
    *flows.ENDPOINTS,
    *pictures.ENDPOINTS,
    *checks.ENDPOINTS,
    *folders.ENDPOINTS,
    *messages.ENDPOINTS,
    *monitor.ENDPOINTS,
    *logs.ENDPOINTS,
    *files.ENDPOINTS,
    *user_files.ENDPOINTS,
    *variables.ENDPOINTS,
    *api_keys.ENDPOINTS,
)

ENDPOINTS: tuple[Endpoint, ...] = (*_API, openapi_endpoint(_API), *PAGES)

PUBLIC = frozenset(endpoint.path for endpoint in ENDPOINTS if endpoint.public)
"""The paths that answer without a key."""
