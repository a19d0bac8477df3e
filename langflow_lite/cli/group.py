"""What all commands have in common: when they colour, and that they fail in one line that says the fix."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import click

from langflow_lite.errors import ComponentsUnsupported, LangflowError, only_cause
from langflow_lite.shortage import Shortage

__all__ = ["CommandGroup"]


class CommandGroup(click.Group):
    """Shows this package's errors as one line and ends with status 1; Ctrl-C ends with 130 and without a word.

    Colour is for terminals that can show it, and for nobody who sets NO_COLOR (no-color.org).
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names as they were added, not as they sort: what belongs together stands together."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            ctx.color = False
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        except (Exception, BaseExceptionGroup) as raised:
            cause = only_cause(raised)
            error = cause if isinstance(cause, LangflowError) else Shortage.behind(cause)
            if error is None and cause is raised:
                raise
            if error is None:
                raise cause from None
            _tell(error)
            sys.exit(1)


def _tell(error: LangflowError) -> None:
    from langflow_lite.terminal import printable

    click.echo(printable(f"Error: {error.message}"), err=True)
    for entry in error.components if isinstance(error, ComponentsUnsupported) else ():
        click.echo(printable(f"  {entry['display_name']}: {entry['suggestion']}"), err=True)
