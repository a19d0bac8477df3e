"""Commands of a server: start it, make a key for it, say its version."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from langflow_lite import __version__
from langflow_lite.cli.options import (
    FOLDER,
    components_path_option,
    data_dir_option,
    env_file_option,
    json_option,
    load_settings,
)

if TYPE_CHECKING:
    from langflow_lite.settings import Settings
    from langflow_lite.storage.secretbox import SecretBox

__all__ = ["api_key", "callback_secret", "run", "version"]


@click.command()
@click.option("--host", help="Address to listen on [default: 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for a free one [default: 7860].")
@env_file_option
@data_dir_option
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error", "critical"], case_sensitive=False))
@components_path_option
@click.option("--load-flows-path", type=FOLDER, help="Folder of exported flows to load at every start.")
@click.option("--reload-flows", is_flag=True, default=None, help="Watch that folder and load what changes in it.")
def run(env_file: Path | None, **flags: Any) -> None:
    """Start the server."""
    from langflow_lite.cli.banner import banner
    from langflow_lite.logs import configure_logging
    from langflow_lite.serve import has_stuck_threads, leave, serve

    flags["components_path"] = flags["components_path"] or None
    settings = load_settings(env_file, **flags)
    configure_logging(settings.log_level)
    status = serve(settings, lambda runtime, url: click.echo("\n".join(banner(runtime, url))))
    if has_stuck_threads():
        leave(status)
    sys.exit(status)


@click.command("api-key")
@click.option("--name", default="Command line", show_default=True, help="What the key is for.")
@json_option
@env_file_option
@data_dir_option
def api_key(name: str, as_json: bool, env_file: Path | None, data_dir: Path | None) -> None:
    """Create an API key and show it, this once.

    Not while a server runs on the same data directory: POST /api/v1/api_key/ does it there.
    """
    import anyio

    settings = load_settings(env_file, data_dir=data_dir)
    key = anyio.run(_create_key, settings, name)
    if as_json:
        click.echo(json.dumps({"name": name, "api_key": key}))
        return
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


@click.command("callback-secret", short_help="Show the secret that callbacks are signed with.")
@json_option
@env_file_option
@data_dir_option
def callback_secret(as_json: bool, env_file: Path | None, data_dir: Path | None) -> None:
    """Show the secret that callbacks are signed with, for those who verify them.

    It is LANGFLOW_CALLBACK_SECRET, or else derived from the key that encrypts variables, and has the form that the
    libraries of Standard Webhooks take.
    """
    import anyio

    from langflow_lite.jobs.callbacks import spelled

    secret = spelled(anyio.run(_callback_key, load_settings(env_file, data_dir=data_dir)))
    click.echo(json.dumps({"secret": secret}) if as_json else secret)


async def _callback_key(settings: Settings) -> bytes:
    from langflow_lite.jobs.callbacks import signing_key
    from langflow_lite.storage.secretbox import SecretBox

    if settings.callback_secret:
        return signing_key(settings.callback_secret)
    key_file = settings.data_dir / "secret_key"
    box = SecretBox(settings.secret_key, key_file)
    if settings.secret_key or key_file.exists():
        box.open(may_create=False)
        return signing_key("", box.key)
    return signing_key("", await _made_key(settings, box))


async def _made_key(settings: Settings, box: SecretBox) -> bytes:
    """The key of a server that has not needed one yet; whether it may be made, its database has to say."""
    from langflow_lite.storage.database import Database
    from langflow_lite.storage.lock import DataDirLock
    from langflow_lite.storage.variables import VariableStore

    with DataDirLock(settings.data_dir):
        async with Database(settings.database_path) as database:
            variables = VariableStore(database, box)
            await variables.load()
            return (await variables.open_box()).key


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Print the version."""
    click.echo(json.dumps({"version": __version__}) if as_json else f"langflow-lite {__version__}")
