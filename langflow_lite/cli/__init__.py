"""The command `langflow-lite`: run a server or a single flow, make API keys, check flows.

A module per group of commands. These import nothing heavy: what a command needs is imported inside it, so that
`langflow-lite version` answers at once.
"""

from __future__ import annotations

import click

from langflow_lite.cli.files import check, graph, run_flow, trust
from langflow_lite.cli.group import CommandGroup
from langflow_lite.cli.remote import flows, health, jobs, logs, resume, stop, submit
from langflow_lite.cli.server import api_key, callback_secret, run, version

__all__ = ["main"]


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run exported Langflow flows over the same REST API, from one small process."""


for command in (
    run,
    flows,
    submit,
    jobs,
    logs,
    resume,
    stop,
    health,
    run_flow,
    check,
    graph,
    trust,
    api_key,
    callback_secret,
    version,
):
    main.add_command(command)
