"""The options that several commands have, and the settings they make."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from langflow_lite.settings import Settings

__all__ = [
    "FILE",
    "FOLDER",
    "components_path_option",
    "data_dir_option",
    "env_file_option",
    "input_option",
    "json_option",
    "load_settings",
    "read_input",
    "read_tweaks",
    "session_option",
    "tweaks_option",
]

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)

env_file_option = click.option("--env-file", type=FILE, help="File of LANGFLOW_* variables; outranks the environment.")
data_dir_option = click.option("--data-dir", type=FOLDER, help="Where the database, files and keys are kept.")
components_path_option = click.option(
    "--components-path", type=FOLDER, multiple=True, help="Folder of your own components; can be repeated."
)

input_option = click.option("--input", "input_value", help="What to ask the flow; - reads it from standard input.")
session_option = click.option("--session", help="Session id of the run.")
tweaks_option = click.option("--tweaks", help="Tweaks as a JSON object, or @FILE.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


def load_settings(env_file: Path | None, **flags: Any) -> Settings:
    """The settings of a command, as `Settings.load` finds them. Raises `SettingsError`."""
    from langflow_lite.settings import Settings

    return Settings.load(env_file=env_file, **flags)


def read_input(text: str | None) -> str | None:
    """The value of `input_option`: the text itself, or what standard input holds."""
    return sys.stdin.read() if text == "-" else text


def read_tweaks(text: str | None) -> dict[str, Any] | None:
    """The value of `tweaks_option`. Raises `click.BadParameter`."""
    if text is None:
        return None
    import msgspec

    try:
        raw = Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()
        return msgspec.json.decode(raw, type=dict[str, Any])
    except OSError as error:
        raise click.BadParameter(f"{text[1:]} cannot be read: {error.strerror}", param_hint="--tweaks") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise click.BadParameter(f"this is not a JSON object: {error}", param_hint="--tweaks") from None
