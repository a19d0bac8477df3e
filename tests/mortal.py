"""`python -m tests.mortal run ...`: the server, one of whose tasks dies of a fault when the process gets SIGUSR1."""

from __future__ import annotations

import signal

import anyio

from langflow_lite.cli import main
from langflow_lite.jobs.retention import Retention


async def _die(_: Retention) -> None:
    with anyio.open_signal_receiver(signal.SIGUSR1) as signals:
        async for _ in signals:
            raise RuntimeError("the fault of a test")


if __name__ == "__main__":
    Retention.run = _die  # type: ignore[method-assign]
    main()
