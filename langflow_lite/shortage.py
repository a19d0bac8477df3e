"""Shortage: that this process, or the machine, has run out of something, and how an exception tells so."""

from __future__ import annotations

import errno
import os

from langflow_lite.errors import LangflowError, only_cause

__all__ = ["Shortage"]

_NO_FILES = (
    "The server has as many files and connections open as it may; try again in a moment, or raise its limit (ulimit -n)"
)
_NO_MEMORY = "The server is out of memory; try again in a moment, or give it more"
_NO_THREADS = "The server has as many threads as it may; try again in a moment, or raise its limit (ulimit -u)"
# glibc's words where no memory is left for a shared library; for other reasons it adds them.
_NO_SEGMENT = "failed to map segment from shared object"
_SHORT_OF = (((errno.EMFILE, errno.ENFILE), _NO_FILES), ((errno.ENOMEM, errno.ENOBUFS), _NO_MEMORY))


class Shortage(LangflowError):
    """503: this process, or the machine, has run out of something for now; what was asked for has not been done."""

    status = 503
    code = "OUT_OF_RESOURCES"
    retry_seconds = 2

    @staticmethod
    def behind(error: BaseException) -> Shortage | None:
        """The shortage that an exception is about; None when it is about something else."""
        error = only_cause(error)
        if isinstance(error, Shortage):
            return error
        if isinstance(error, MemoryError) or (isinstance(error, ImportError) and error.msg.endswith(_NO_SEGMENT)):
            return Shortage(_NO_MEMORY)
        if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
            return Shortage(_NO_THREADS)
        for numbers, message in _SHORT_OF:
            if isinstance(error, OSError) and error.errno in numbers:
                return Shortage(message)
            # The loader of shared libraries tells the reason in words alone.
            if isinstance(error, ImportError) and any(os.strerror(number) in error.msg for number in numbers):
                return Shortage(message)
        return None
