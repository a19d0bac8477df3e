"""Commands on exported flows in files: run one, check them, draw one, trust the code in one."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from langflow_lite.cli.options import (
    FILE,
    components_path_option,
    data_dir_option,
    env_file_option,
    input_option,
    load_settings,
    read_input,
    read_tweaks,
    session_option,
    tweaks_option,
)

__all__ = ["check", "graph", "run_flow", "trust"]


@click.command("run-flow", short_help="Run an exported flow once, without a server.")
@click.argument("file", type=FILE)
@input_option
@session_option
@tweaks_option
@click.option("--output-component", default="", help="Id or display name of the component whose result is wanted.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer, as /run gives it.")
@env_file_option
@data_dir_option
@components_path_option
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

    settings = load_settings(env_file, data_dir=data_dir, components_path=components_path or None)
    terminal = Terminal(sys.stdout, sys.stderr)
    flow = Flow.load(file)
    run = partial(
        flow.run,
        read_input(input_value),
        session_id=session,
        tweaks=read_tweaks(tweaks),
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


@click.command(short_help="Say which exported flows would run here.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@env_file_option
@data_dir_option
@components_path_option
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
    from langflow_lite.terminal import printable

    # The findings are the output; what is worth logging while a server runs is not.
    logging.getLogger().addHandler(logging.NullHandler())
    settings = load_settings(env_file, data_dir=data_dir, components_path=components_path or None)
    checks = check_paths(paths, settings)
    if as_json:
        click.echo(report_json(checks))
    else:
        for line in report_lines(checks):
            click.echo(printable(line))
    sys.exit(0 if all(found.runs for found in checks) else 1)


@click.command(short_help="Draw the graph of an exported flow.")
@click.argument("file", type=FILE)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["svg", "mermaid"]),
    help="What to write [default: mermaid if the output file ends in .mmd, else svg].",
)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write to.")
@env_file_option
@data_dir_option
@components_path_option
def graph(
    file: Path,
    format_: str | None,
    output: Path | None,
    env_file: Path | None,
    data_dir: Path | None,
    components_path: tuple[Path, ...],
) -> None:
    """Draw the graph of an exported flow, as SVG or as the text of a Mermaid flowchart.

    Without an output file it is printed. Components that are not available here are marked.
    """
    from langflow_lite.compat.trusted import TrustedCode
    from langflow_lite.components.registry import Registry
    from langflow_lite.drawing.mermaid import draw_mermaid
    from langflow_lite.drawing.scene import read_scene
    from langflow_lite.drawing.svg import draw_svg
    from langflow_lite.engine.plan import has_component
    from langflow_lite.flow import decode_data
    from langflow_lite.local import Flow

    settings = load_settings(env_file, data_dir=data_dir, components_path=components_path or None)
    flow = Flow.load(file)
    known = partial(has_component, registry=Registry(settings.components_path), trusted=TrustedCode.of(settings))
    as_mermaid = format_ == "mermaid" or (format_ is None and output is not None and output.suffix == ".mmd")
    drawn = (draw_mermaid if as_mermaid else draw_svg)(read_scene(decode_data(flow.data), known), flow.name)
    if output is None:
        click.echo(drawn, nl=False)
        return
    try:
        output.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(output), error.strerror) from error


@click.command(short_help="Show the code that a flow brings, and trust it.")
@click.argument("file", type=FILE)
@click.option("--node", "nodes", multiple=True, help="Id of a node whose code to trust, whatever its type; repeatable.")
@click.option("--yes", is_flag=True, help="Trust without asking.")
@env_file_option
@data_dir_option
@components_path_option
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

    settings = load_settings(env_file, data_dir=data_dir, components_path=components_path or None)
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
