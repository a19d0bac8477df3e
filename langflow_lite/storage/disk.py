"""Files that are whole, or are not there at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["NO_FOLLOW", "move_into_place"]

NO_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags for `os.open`: never through a link, and not for child processes."""


def move_into_place(unfinished: Path, place: Path) -> None:
    """Give a file that is on disk its name, which then survives a power cut too. Blocks."""
    unfinished.rename(place)
    directory = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | NO_FOLLOW)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
