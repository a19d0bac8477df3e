"""The options that several commands have, and the settings they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from langflow_lite.settings import Settings

__all__ = ["FILE", "FOLDER", "components_path_option", "data_dir_option", "env_file_option", "load_settings"]

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)

env_file_option = click.option("--env-file", type=FILE, help="File of LANGFLOW_* variables; outranks the environment.")
data_dir_option = click.option("--data-dir", type=FOLDER, help="Where the database, files and keys are kept.")
components_path_option = click.option(
    "--components-path", type=FOLDER, multiple=True, help="Folder of your own components; can be repeated."
)


def load_settings(env_file: Path | None, **flags: Any) -> Settings:
    """The settings of a command, as `Settings.load` finds them. Raises `SettingsError`."""
    from langflow_lite.settings import Settings

    return Settings.load(env_file=env_file, **flags)
