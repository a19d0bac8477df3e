"""What went wrong below the stores, in this package's words: by whether it can be tried again, and what helps."""

from __future__ import annotations

import errno
import sqlite3

from langflow_lite.errors import StorageBusy, StorageError, StorageFull
from langflow_lite.shortage import Shortage

__all__ = ["file_error", "storage_error"]

# A database that was opened at the start cannot be opened once more when descriptors, memory or threads are short.
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_MESSAGE = "There is no room left to write; nothing was stored. Free some disk space and try again."


def storage_error(error: Exception) -> Exception:
    """The error of this package that an exception of a unit means; exceptions of other kinds come back as they are.

    `sqlite3.IntegrityError` is passed on too: only the unit's author knows which rule was broken.
    """
    mapped: StorageError
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        mapped = StorageFull(_FULL_MESSAGE)
    elif (shortage := Shortage.behind(error)) is not None:
        mapped = StorageBusy(shortage.message)
    elif not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError):
        return error
    else:
        code = getattr(error, "sqlite_errorcode", 0)
        # Growing the shared-memory file is the one write whose ENOSPC SQLite reports as an I/O error.
        if code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
            mapped = StorageFull(_FULL_MESSAGE)
        elif code & 0xFF in _BUSY:
            mapped = StorageBusy(f"The database cannot be used right now ({error}); try again.")
        else:
            mapped = StorageError(f"The database failed: {error}")
    mapped.__cause__ = error
    return mapped


def file_error(what: str, error: Exception) -> Exception:
    """The same for trouble with a file: `what` cannot be done with it starts the message when nothing else explains it."""
    mapped = storage_error(error)
    if mapped is error and isinstance(error, OSError):
        mapped = StorageError(f"{what}: {error.strerror or error}")
        mapped.__cause__ = error
    return mapped
