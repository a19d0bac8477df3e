"""Chores: what a server does beside its requests, which no shortage may end, and which may not end the server."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio

from langflow_lite.shortage import Shortage

__all__ = ["keep_doing"]

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


async def keep_doing(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do a chore to its end, if it has one: when it fails it is begun again, after pauses that grow to a minute.

    `name` is what the log calls it. A shortage is one line there; anything else is a fault of the server, with its place.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            await work()
        except Exception as error:
            if (shortage := Shortage.behind(error)) is not None:
                logger.warning("The %s has to wait: %s (%s)", name, shortage.message, error)
            else:
                logger.exception("The %s has failed and is tried again", name)
        else:
            return
        await anyio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
