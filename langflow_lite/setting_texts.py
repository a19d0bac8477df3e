"""Settings as text: how environment variables spell them, and how defaults are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from langflow_lite.errors import SettingsError

__all__ = ["parse", "read_env_file", "show"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})
_KINDS = {"bool": "true or false", "int": "a whole number", "float": "a number"}


def show(default: Any) -> str:
    """A default as the documentation has it."""
    if default is None or default == () or default == "":
        return "(empty)"
    if isinstance(default, bool):
        return "true" if default else "false"
    return str(default)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a file in the form of `.env`. Raises `SettingsError`."""
    try:
        return {k: v for k, v in dotenv_values(path).items() if v is not None}
    except OSError as error:
        raise SettingsError(f"The variables in {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The variables in {path} cannot be read: the file is not UTF-8 text") from error


def parse(kind: str, env: str, text: str) -> Any:
    """The value that a variable spells; `kind` is the type of its setting. Raises `SettingsError` naming the variable."""
    text = text.strip()
    try:
        if kind == "bool":
            return _parse_bool(text)
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError as error:
        raise SettingsError(f"{env}: {text!r} is not {_KINDS[kind]}") from error
    if kind == "Path":
        return Path(text).expanduser()
    if kind == "Path | None":
        return Path(text).expanduser() if text else None
    if kind == "tuple[Path, ...]":
        return tuple(Path(part).expanduser() for part in _split(text))
    if kind == "tuple[str, ...]":
        return tuple(_split(text))
    return text.lower() if env == "LANGFLOW_LOG_LEVEL" else text


def _parse_bool(text: str) -> bool:
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError(text)


def _split(text: str) -> list[str]:
    # Langflow's documentation writes some lists as JSON-like ["a", "b"].
    return [part.strip().strip("\"'") for part in text.strip("[]").split(",") if part.strip().strip("\"'")]
