"""Which running server a command talks to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import click

from langflow_lite.cli.options import load_settings

__all__ = ["on_server"]


def _url(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{url!r} is not of the form http://host:port")
    return url


def _header(_: click.Context, __: click.Parameter, key: str | None) -> str | None:
    key = key.strip() if key else None
    if key and not (key.isascii() and key.isprintable()):
        raise click.BadParameter("a key has only printable ASCII characters")
    return key


def on_server(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a running server; it is called with a `Client` of that server first.

    Without them it is the one that `langflow-lite run` starts in the same place.
    """

    @click.option("--url", envvar="LANGFLOW_URL", callback=_url, help="The server [default: http://127.0.0.1:7860].")
    @click.option("--api-key", envvar="LANGFLOW_API_KEY", callback=_header, help="Its key; better in LANGFLOW_API_KEY.")
    @wraps(command)
    def call(*arguments: Any, url: str | None, api_key: str | None, **options: Any) -> Any:
        from langflow_lite.client import Client

        if url is None or api_key is None:
            settings = load_settings(None)
            url, api_key = url or settings.url, api_key or settings.api_key
        with Client(url, api_key, notice=lambda text: click.secho(text, fg="yellow", err=True)) as client:
            return command(client, *arguments, **options)

    return call
