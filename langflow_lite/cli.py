"""The command `langflow-lite`: run a server or a single flow, make API keys, check flows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from langflow_lite import __version__
from langflow_lite.errors import ComponentsUnsupported, LangflowError

# Everything heavy is imported inside the command that needs it: `langflow-lite version` answers at once.
if TYPE_CHECKING:
    from langflow_lite.settings import Settings

__all__ = ["main"]

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_ENV_FILE = click.option("--env-file", type=_FILE, help="File of LANGFLOW_* variables; outranks the environment.")
_DATA_DIR = click.option("--data-dir", type=_FOLDER, help="Where the database, files and keys are kept.")


class _Group(click.Group):
    """Shows this package's errors as one line and ends with status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (LangflowError, BaseExceptionGroup) as raised:
            error = _only(raised)
            if not isinstance(error, LangflowError):
                raise
            click.echo(f"Error: {error.message}", err=True)
            for entry in error.components if isinstance(error, ComponentsUnsupported) else ():
                click.echo(f"  {entry['display_name']}: {entry['suggestion']}", err=True)
            sys.exit(1)


def _only(error: BaseException) -> BaseException:
    """What was raised, without the groups that task groups wrap around a single error."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run exported Langflow flows over the same REST API, from one small process."""


@main.command()
@click.option("--host", help="Address to listen on [default: 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for a free one [default: 7860].")
@_ENV_FILE
@_DATA_DIR
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error", "critical"], case_sensitive=False))
@click.option("--components-path", type=_FOLDER, multiple=True, help="Folder of your own components; can be repeated.")
@click.option("--load-flows-path", type=_FOLDER, help="Folder of exported flows to load at every start.")
def run(env_file: Path | None, **flags: Any) -> None:
    """Start the server."""
    from langflow_lite.logs import configure_logging
    from langflow_lite.serve import has_stuck_threads, leave, serve

    flags["components_path"] = flags["components_path"] or None
    settings = _settings(env_file, **flags)
    configure_logging(settings.log_level)
    serve(settings, click.echo)
    if has_stuck_threads():
        leave(0)


@main.command("run-flow")
@click.argument("file", type=_FILE)
@click.option("--input", "input_value", help="What to ask the flow; - reads it from standard input.")
@click.option("--session", help="Session id of the run.")
@click.option("--tweaks", help="Tweaks as a JSON object, or @FILE.")
@click.option("--output-component", default="", help="Id or display name of the component whose result is wanted.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer, as /run gives it.")
@_ENV_FILE
@_DATA_DIR
@click.option("--components-path", type=_FOLDER, multiple=True, help="Folder of your own components; can be repeated.")
def run_flow(
    file: Path,
    input_value: str | None,
    session: str | None,
    tweaks: str | None,
    output_component: str,
    as_json: bool,
    env_file: Path | None,
    data_dir: Path | None,
    components_path: tuple[Path, ...],
) -> None:
    """Run an exported flow once, without a server, and print what it answers.

    Nothing is kept. Of the data directory only the trusted code is read.
    """
    import anyio

    from langflow_lite.local import Flow
    from langflow_lite.serve import has_stuck_threads, leave
    from langflow_lite.terminal import Terminal
    from langflow_lite.values import to_json

    settings = _settings(env_file, data_dir=data_dir, components_path=components_path or None)
    terminal = Terminal(sys.stdout, sys.stderr)
    flow = Flow.load(file)
    given = sys.stdin.read() if input_value == "-" else input_value
    run = partial(
        flow.run,
        given,
        session_id=session,
        tweaks=_tweaks(tweaks),
        output_component=output_component,
        settings=settings,
        emit=None if as_json else terminal.emit,
        progress=terminal.progress,
    )
    try:
        answer = anyio.run(run)
    except BaseException:
        terminal.abandon()
        raise
    if as_json:
        terminal.abandon()
        click.echo(to_json(answer.body))
    else:
        terminal.finish(answer)
    if has_stuck_threads():
        leave(0)


def _tweaks(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    import msgspec

    try:
        raw = Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()
        return msgspec.json.decode(raw, type=dict[str, Any])
    except OSError as error:
        raise click.BadParameter(f"{text[1:]} cannot be read: {error.strerror}", param_hint="--tweaks") from None
    except msgspec.DecodeError as error:
        raise click.BadParameter(f"this is not a JSON object: {error}", param_hint="--tweaks") from None


@main.command("api-key")
@click.option("--name", default="Command line", show_default=True, help="What the key is for.")
@_ENV_FILE
@_DATA_DIR
def api_key(name: str, env_file: Path | None, data_dir: Path | None) -> None:
    """Create an API key and show it, this once.

    Not while a server runs on the same data directory: POST /api/v1/api_key/ does it there.
    """
    import anyio

    settings = _settings(env_file, data_dir=data_dir)
    key = anyio.run(_create_key, settings, name)
    click.echo(f"API Key Created Successfully:\n\n{key}\n")
    click.echo("It is not shown again: only its hash is kept. Send it as the header x-api-key.", err=True)


async def _create_key(settings: Settings, name: str) -> str:
    from langflow_lite.storage.api_keys import ApiKeyStore
    from langflow_lite.storage.database import Database
    from langflow_lite.storage.lock import DataDirLock

    with DataDirLock(settings.data_dir):
        async with Database(settings.database_path) as database:
            _, key = await ApiKeyStore(database).create(name)
    return key


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@_ENV_FILE
@_DATA_DIR
@click.option("--components-path", type=_FOLDER, multiple=True, help="Folder of your own components; can be repeated.")
def check(
    paths: tuple[Path, ...],
    as_json: bool,
    env_file: Path | None,
    data_dir: Path | None,
    components_path: tuple[Path, ...],
) -> None:
    """Say which exported flows would run here, and what the others lack.

    PATHS are flow files, or folders of them. The status is 1 if any flow cannot run.
    """
    import logging

    from langflow_lite.check import check_paths, report_json, report_lines

    # The findings are the output; what is worth logging while a server runs is not.
    logging.getLogger().addHandler(logging.NullHandler())
    settings = _settings(env_file, data_dir=data_dir, components_path=components_path or None)
    checks = check_paths(paths, settings)
    if as_json:
        click.echo(report_json(checks))
    else:
        for line in report_lines(checks):
            click.echo(line)
    sys.exit(0 if all(found.runs for found in checks) else 1)


@main.command()
@click.argument("file", type=_FILE)
@click.option("--node", "nodes", multiple=True, help="Id of a node whose code to trust, whatever its type; repeatable.")
@click.option("--yes", is_flag=True, help="Trust without asking.")
@_ENV_FILE
@_DATA_DIR
@click.option("--components-path", type=_FOLDER, multiple=True, help="Folder of your own components; can be repeated.")
def trust(
    file: Path,
    nodes: tuple[str, ...],
    yes: bool,
    env_file: Path | None,
    data_dir: Path | None,
    components_path: tuple[Path, ...],
) -> None:
    """Show the code that a flow brings along, and let this server run exactly that code.

    Shown are components that are unknown here or were edited. The trusted sources are files in the folder
    trusted_code of the data directory, named after their SHA-256; delete one to trust it no longer. The status is 1 if
    some code was not trusted.
    """
    from langflow_lite.compat.trusted import TrustedCode
    from langflow_lite.components.registry import Registry
    from langflow_lite.local import Flow
    from langflow_lite.trust import candidates, shown

    settings = _settings(env_file, data_dir=data_dir, components_path=components_path or None)
    trusted = TrustedCode.of(settings)
    found = candidates(Flow.load(file), Registry(settings.components_path), trusted, nodes)
    if not found:
        click.echo("There is nothing to trust: every component of this flow is one of this server's.")
    refused = 0
    for candidate in found:
        for line in shown(candidate):
            click.echo(line)
        if candidate.trusted:
            click.echo("This code is trusted already.")
        elif yes or click.confirm("This code could do anything that you can do. Trust it?"):
            trusted.add(candidate.code)
            click.echo(f"Trusted; kept in {trusted.folder}.")
        else:
            refused += 1
    sys.exit(1 if refused else 0)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(f"langflow-lite {__version__}")


def _settings(env_file: Path | None, **flags: Any) -> Settings:
    from langflow_lite.settings import Settings

    return Settings.load(env_file=env_file, **flags)
