"""`python -m tests.mortal run ...`: the server, one of whose tasks dies of a fault when the process gets SIGUSR1."""

from __future__ import annotations

import signal

import anyio

from langflow_lite.cli import main
from langflow_lite.jobs.callbacks import Callbacks

_enter = Callbacks.__aenter__


async def _enter_with_a_fault(self: Callbacks) -> Callbacks:
    await _enter(self)
    assert self._tasks is not None
    self._tasks.start_soon(_die)
    return self


async def _die() -> None:
    with anyio.open_signal_receiver(signal.SIGUSR1) as signals:
        async for _ in signals:
            raise RuntimeError("the fault of a test")


if __name__ == "__main__":
    Callbacks.__aenter__ = _enter_with_a_fault  # type: ignore[method-assign]
    main()
