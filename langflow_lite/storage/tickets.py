"""Ticket: a unit of work that was handed to the writer, and how its caller learns what became of it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio

from langflow_lite.storage.failures import storage_error
from langflow_lite.storage.units import Unit

__all__ = ["Signal", "Ticket"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Signal:
    """Wakes everyone who waits for a batch at once; one event for all of them, made when the first one waits."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    async def wait(self) -> None:
        """Return once it has fired."""
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()

    def fire(self) -> None:
        """Wake them."""
        if self._event is not None:
            self._event.set()
            self._event = None


class Ticket(Generic[T]):
    """A unit that was handed over; `wait` tells how it ended."""

    __slots__ = ("_after", "_done", "_error", "_value", "is_telemetry", "signal", "unit")

    _value: T

    def __init__(
        self,
        unit: Unit[T],
        signal: Signal,
        after: Callable[[T], None] | None = None,
        *,
        is_telemetry: bool = False,
    ) -> None:
        self.unit = unit
        self.signal = signal
        self.is_telemetry = is_telemetry
        self._after = after
        self._done = False
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether the unit is committed or abandoned."""
        return self._done

    @property
    def error(self) -> Exception | None:
        """Why the unit was abandoned; None while it is pending and when it was committed."""
        return self._error

    async def wait(self) -> T:
        """The unit's value, once its transaction is durable; raises what the unit raised."""
        await self.settled()
        if self._error is not None:
            raise self._error
        return self._value

    async def settled(self) -> None:
        """Return once the unit is committed or abandoned."""
        while not self._done:
            await self.signal.wait()

    def run(self, connection: sqlite3.Connection) -> None:
        """Run the unit in the writer's thread, inside its transaction."""
        self._value = self.unit(connection)

    def accept(self, value: T) -> None:
        """Record the unit's value when it was run together with others."""
        self._value = value

    def fail(self, error: Exception) -> None:
        """Record why the unit was abandoned."""
        self._error = storage_error(error)

    def settle(self) -> None:
        """Tell the loop's side how it ended: first the follow-up, then whoever waits."""
        if self._error is None and self._after is not None:
            try:
                self._after(self._value)
            except Exception as error:
                logger.exception("The follow-up of a committed write failed")
                self._error = error
        self._done = True
