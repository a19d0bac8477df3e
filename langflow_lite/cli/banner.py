"""What `langflow-lite run` says once it listens."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import quote

import click

from langflow_lite import __version__
from langflow_lite.flow import Flow
from langflow_lite.runtime import Runtime
from langflow_lite.terminal import printable

__all__ = ["banner"]

_NAMED = 8


def banner(runtime: Runtime, url: str) -> list[str]:
    """The lines of a server that can be reached at `url`: where it is, who may call it, and a call that works."""
    settings = runtime.settings
    lines = [
        click.style(f"langflow-lite {__version__}", bold=True)
        + " is listening on "
        + click.style(url, fg="cyan", underline=True),
        _line("Page", f"{url}/ (the API: {url}/docs)"),
        _line("Data", str(settings.data_dir)),
        _line("Flows", _flows(runtime)),
        _line("Access", _access(runtime)),
        *(_line("Note", note, "yellow") for note in settings.ignored()),
    ]
    if (flow := _first_to_try(runtime)) is not None:
        key = "" if settings.is_loopback and settings.auto_login else ' -H "x-api-key: $LANGFLOW_API_KEY"'
        lines.append(
            _line(
                "Try it",
                f"curl {shlex.quote(f'{url}/api/v1/run/{quote(flow.endpoint_name or flow.id)}')}{key} "
                "-H 'Content-Type: application/json' -d '{\"input_value\": \"Hello!\"}'",
            )
        )
    return lines


def _line(label: str, text: str, colour: str = "green") -> str:
    return click.style(f"{label + ':':<8}", fg=colour) + text


def _flows(runtime: Runtime) -> str:
    loaded, stored = runtime.loaded, runtime.flows.list()
    if loaded.flows:
        loaded_from = f"loaded{' and watched' if runtime.settings.reload_flows else ''}"
        return f"{len(stored)}, {loaded_from} from {runtime.settings.load_flows_path}: {_names(loaded.flows)}"
    if loaded.examples:
        return f"{len(stored)}, the examples: {_names(loaded.examples)}"
    if stored:
        return f"{len(stored)}: {_names(stored)}"
    return "none yet; upload one to /api/v1/flows/upload/, or start with --load-flows-path"


def _names(flows: Sequence[Flow]) -> str:
    shown = ", ".join(printable(flow.endpoint_name or flow.name) for flow in flows[:_NAMED])
    return shown if len(flows) <= _NAMED else f"{shown} and {len(flows) - _NAMED} more"


def _access(runtime: Runtime) -> str:
    settings = runtime.settings
    who = "this machine only" if settings.is_loopback else "other machines too"
    if settings.is_loopback and settings.auto_login:
        return f"{who}, without a key"
    if not runtime.api_keys.has_usable:
        return (
            f"{who}, with an API key, and there is none yet: stop the server and make one with `langflow-lite api-key`"
        )
    return f"{who}, with an API key"


def _first_to_try(runtime: Runtime) -> Flow | None:
    """One of the flows that were just loaded, else the echo example, else any."""
    candidates = [*runtime.loaded.flows, *runtime.flows.list()]
    echo = next((flow for flow in candidates if flow.endpoint_name == "echo"), None)
    return echo or next(iter(candidates), None)
