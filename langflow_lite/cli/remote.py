"""Commands that talk to a running server: its flows, jobs, events and log."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from langflow_lite.cli.connection import on_server
from langflow_lite.cli.options import (
    input_option,
    json_option,
    read_input,
    read_tweaks,
    session_option,
    tweaks_option,
)
from langflow_lite.errors import LangflowError

if TYPE_CHECKING:
    from langflow_lite.client import Client

__all__ = ["flows", "health", "jobs", "logs", "resume", "stop", "submit"]

STATUSES = ("queued", "in_progress", "suspended", "completed", "failed", "cancelled", "timed_out")
_SHORTEST_ID = 13

_follow_option = click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended; 1 if it failed.")


@click.command()
@json_option
@on_server
def flows(client: Client, as_json: bool) -> None:
    """List the flows of a running server."""
    from langflow_lite.cli.show import age, table

    found = client.flows()
    if as_json:
        _echo_json(found)
        return
    if not found:
        click.echo("There are no flows; upload one to /api/v1/flows/upload/.", err=True)
        return
    rows = [(flow["endpoint_name"] or "", flow["name"], flow["id"], f"{age(flow['updated_at'])} ago") for flow in found]
    table(("ENDPOINT", "NAME", "ID", "CHANGED"), rows, flexible=1)


@click.command(short_help="Run a flow in the background of a running server.")
@click.argument("flow")
@input_option
@session_option
@tweaks_option
@_follow_option
@json_option
@on_server
def submit(
    client: Client,
    flow: str,
    input_value: str | None,
    session: str | None,
    tweaks: str | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Run a flow in the background of a running server, and print the id of the job.

    FLOW is an endpoint name or id.
    """
    request = {
        "flow_id": flow,
        "input_value": read_input(input_value),
        "session_id": session,
        "tweaks": read_tweaks(tweaks),
    }
    job = client.submit(request)
    if follow:
        _follow(client, job["job_id"], as_json)
    elif as_json:
        _echo_json(job)
    else:
        click.echo(job["job_id"])


@click.command()
@click.option("--flow", help="Only jobs of this flow (endpoint name or id).")
@click.option("--status", type=click.Choice(STATUSES), help="Only jobs that stand like this.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@json_option
@on_server
def jobs(client: Client, flow: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """List the newest jobs of a running server."""
    from langflow_lite.cli.show import age, table, took

    found = client.jobs(limit, flow_id=flow, status=status)
    if as_json:
        _echo_json(found)
        return
    if not found:
        click.echo("There are no such jobs." if flow or status else "There are no jobs yet.", err=True)
        return
    names = {flow["id"]: flow["endpoint_name"] or flow["name"] for flow in client.flows()}
    ids = _abbreviated([job["job_id"] for job in found]) if sys.stdout.isatty() else {}
    rows = [
        (
            ids.get(job["job_id"], job["job_id"]),
            names.get(job["flow_id"], job["flow_id"]),
            job["status"],
            age(job["created_timestamp"]),
            took(job["started_timestamp"], job["finished_timestamp"]),
        )
        for job in found
    ]
    table(("JOB", "FLOW", "STATUS", "AGE", "TOOK"), rows, flexible=1)


def _abbreviated(ids: list[str]) -> dict[str, str]:
    """Each id's shortest beginning that none of the others has."""
    in_order = sorted(ids)
    short = {}
    for number, id_ in enumerate(in_order):
        length = _SHORTEST_ID
        for other in in_order[max(0, number - 1) : number + 2]:
            while other != id_ and other[:length] == id_[:length]:
                length += 1
        short[id_] = id_[:length]
    return short


@click.command(short_help="Show the events of a job, or the server's log.")
@click.argument("job_id", required=False)
@click.option(
    "--follow", "-f", is_flag=True, help="Go on as events or lines come; with a job, 1 if it did not complete."
)
@click.option(
    "--lines", "-n", type=click.IntRange(1), default=100, show_default=True, help="Lines of the server's log."
)
@click.option("--json", "as_json", is_flag=True, help="Print each event of a job as JSON.")
@on_server
def logs(client: Client, job_id: str | None, follow: bool, lines: int, as_json: bool) -> None:
    """Show the events of a job, or without JOB_ID the log of a running server.

    JOB_ID may be the beginning of an id.
    """
    if job_id is None:
        if as_json:
            raise click.UsageError("--json is for the events of a job; name one.")
        from langflow_lite.terminal import printable

        for line in client.follow_log(lines) if follow else client.log(lines):
            click.echo(printable(line.rstrip("\n")))
        return
    id_ = client.find_job(job_id)
    if follow:
        _follow(client, id_, as_json)
    else:
        _show_events(client.events(id_), as_json)


def _show_events(events: Iterable[dict[str, Any]], as_json: bool) -> None:
    from langflow_lite.cli.show import EventLines

    shown = EventLines()
    for event in events:
        if as_json:
            _echo_json(event)
        else:
            shown.show(event)
    shown.finish()


def _follow(client: Client, job_id: str, as_json: bool) -> None:
    """Show the events of a job until it has ended, and end with a status that says how."""
    from langflow_lite.cli.show import styled_status, took

    _show_events(client.follow(job_id), as_json)
    job = client.job(job_id)
    status = job["status"]
    lasted = took(job["started_timestamp"], job["finished_timestamp"])
    said = styled_status(status, status.replace("_", " "))
    click.echo(f"Job {job_id} {said} {'in ' + lasted if lasted else 'before it began'}.", err=True)
    sys.exit(0 if status == "completed" else 1)


@click.command()
@click.argument("job_ids", metavar="JOB_ID...", nargs=-1, required=True)
@json_option
@on_server
def stop(client: Client, job_ids: tuple[str, ...], as_json: bool) -> None:
    """Stop jobs of a running server. To stop one that has ended is no error.

    JOB_ID may be the beginning of an id.
    """
    from langflow_lite.terminal import printable

    failed = False
    answers = []
    for start in job_ids:
        try:
            answer = client.stop(client.find_job(start))
        except LangflowError as error:
            failed = True
            click.echo(printable(f"Error: {error.message}"), err=True)
        else:
            answers.append(answer)
            if not as_json:
                click.echo(answer["message"])
    if as_json:
        _echo_json(answers)
    sys.exit(1 if failed else 0)


@click.command(short_help="Decide what a suspended job asks a person.")
@click.argument("job_id")
@click.argument("decision", required=False)
@json_option
@on_server
def resume(client: Client, job_id: str, decision: str | None, as_json: bool) -> None:
    """Decide what a suspended job asks a person; without DECISION show what it asks.

    JOB_ID may be the beginning of an id.
    """
    from langflow_lite.terminal import printable

    id_ = client.find_job(job_id)
    request = client.request_of(id_)
    if decision is not None:
        answer = client.resume(id_, request["request_id"], decision)
        if as_json:
            _echo_json(answer)
        else:
            click.echo(f"Job {id_} goes on.")
    elif as_json:
        _echo_json(request)
    else:
        click.echo(printable(request["prompt"]))
        for option in request["options"]:
            click.echo(printable(f"  {option['action_id']}  {option['label']}"))


@click.command(short_help="Ask a running server whether it is well.")
@json_option
@on_server
def health(client: Client, as_json: bool) -> None:
    """Ask a running server whether it is well; the status is 1 if not."""
    found = client.health()
    if as_json:
        _echo_json(found)
    else:
        click.echo(found["status"])


def _echo_json(value: Any) -> None:
    from langflow_lite.values import to_json

    click.echo(to_json(value))
