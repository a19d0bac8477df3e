"""TrustedCode: the sources that the operator has looked at and allowed to run, by their SHA-256."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langflow_lite.compat.errors import CodeUntrusted, CustomCodeError
from langflow_lite.components.base import Component
from langflow_lite.errors import LangflowError, StorageError
from langflow_lite.exported import code_hash, plain_lines
from langflow_lite.settings import Settings
from langflow_lite.shortage import Shortage

__all__ = ["TrustedCode"]


class TrustedCode:
    """One folder with a file per trusted source, named after its hash; to trust no longer, delete the file.

    What runs is the file, never the copy inside a flow, and only if its content still has the hash of its name. Nothing
    that a request can do adds to the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp = 0
        self._hashes: frozenset[str] = frozenset()
        self._loaded: dict[tuple[str, str, str], type[Component] | CustomCodeError] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings) -> TrustedCode:
        """The trusted code of a data directory."""
        return cls(settings.data_dir / "trusted_code")

    def stamp(self) -> int:
        """A number that changes when something is trusted or no longer; 0 while there is no folder."""
        try:
            return os.stat(self.folder).st_mtime_ns
        except OSError:
            return 0

    def __contains__(self, hash_: str) -> bool:
        stamp = self.stamp()
        if stamp != self._stamp:
            self._hashes = self._list() if stamp else frozenset()
            self._loaded = {}
            # Last of all: a folder that could not be read is looked at again.
            self._stamp = stamp
        return bool(hash_) and hash_ in self._hashes

    def _list(self) -> frozenset[str]:
        try:
            names = os.listdir(self.folder)
        except OSError as error:
            raise _unreadable(self.folder, error) from error
        return frozenset(stem for stem, suffix in map(os.path.splitext, names) if suffix == ".py")

    def add(self, code: str) -> str:
        """Trust exactly this source, and return its hash."""
        hash_ = code_hash(code)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f"{hash_}.part"
        part.write_bytes(plain_lines(code).encode())
        part.replace(self._file(hash_))
        return hash_

    def component(self, hash_: str, type_name: str, metadata: Mapping[str, Any]) -> type[Component] | None:
        """The component that a trusted source defines for a node; None when the source is not trusted.

        A source may define several: the node's `component_class_name` or type says which. Raises `CustomCodeError`, and
        `StorageError` or `Shortage` when the source cannot be read or run for now.
        """
        if hash_ not in self:
            return None
        named = metadata.get("component_class_name")
        key = (hash_, type_name, named if isinstance(named, str) else "")
        with self._lock:
            found = self._loaded.get(key)
            if found is None:
                try:
                    found = self._load(hash_, (key[2], type_name))
                except CustomCodeError as error:
                    found = error
                self._loaded[key] = found
        if isinstance(found, CustomCodeError):
            raise found
        return found

    def run(self, code: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a source that is trusted, with the names `given` to it, and return all names it then has. Blocks.

        Raises `CodeUntrusted`, `CustomCodeError` naming the line where it failed, and `StorageError` or `Shortage`.
        """
        from langflow_lite.compat.loader import run_source

        hash_ = code_hash(code)
        if hash_ not in self:
            raise CodeUntrusted(hash_)
        return vars(run_source(self._source(hash_), self._file(hash_), given))

    def _load(self, hash_: str, names: tuple[str, ...]) -> type[Component]:
        # Only servers that run users' code pay for what it takes.
        from langflow_lite.compat.adapter import adapt
        from langflow_lite.compat.loader import load_component

        return adapt(load_component(self._source(hash_), self._file(hash_), names), names[1])

    def _source(self, hash_: str) -> str:
        file = self._file(hash_)
        try:
            code = file.read_bytes().decode()
        except OSError as error:
            raise _unreadable(file, error) from error
        except UnicodeDecodeError as error:
            raise CustomCodeError(f"the trusted code {file} cannot be read: {error}") from error
        if code_hash(code) != hash_:
            raise CustomCodeError(f"the trusted code {file} was changed since; trust the flow's code again")
        return code

    def _file(self, hash_: str) -> Path:
        return self.folder / f"{hash_}.py"


def _unreadable(place: Path, error: OSError) -> LangflowError:
    """What is not remembered of a source: it may be readable the next time."""
    return Shortage.behind(error) or StorageError(f"The trusted code {place} cannot be read: {error.strerror}")
