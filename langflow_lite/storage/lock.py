"""DataDirLock: keeps a second process off a data directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from langflow_lite.errors import StorageUnusable

__all__ = ["DataDirLock"]


class DataDirLock:
    """A context manager that holds the directory, creating it if need be, for this process alone.

    The lock is `flock` on a file in it, so it ends with the process however that ends. Entering never waits: it raises
    `StorageUnusable` naming the process that holds the directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._fd = -1

    def __enter__(self) -> DataDirLock:
        path = self.directory / "lock"
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageUnusable(
                f"The data directory {self.directory} cannot be used: {error.strerror}. "
                "Choose another with --data-dir or LANGFLOW_CONFIG_DIR."
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise StorageUnusable(
                f"The data directory {self.directory} is in use by process {holder}. While a server runs there, use its "
                "REST API (keys: POST /api/v1/api_key/); to start another server, stop that one or choose another "
                "directory with --data-dir."
            ) from error
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays: removing it would let two processes lock two different files of the same name.
        os.close(self._fd)
        self._fd = -1
