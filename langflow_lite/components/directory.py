"""Directory: the files of a folder that the operator lets flows read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from langflow_lite.components.base import Component, output
from langflow_lite.components.documents import DOCUMENTS, Document, read_text
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Data, Table

__all__ = ["DirectoryComponent"]

_MAX_FILES = 1000
_MAX_SIZE = 50 * 1024 * 1024


class DirectoryComponent(Component):
    """Reads the files of a directory of this machine."""

    name = "Directory"
    display_name = "Directory"
    category = "files_and_knowledge"
    icon = "folder"

    path: str = field(
        Kind.TEXT, "Path", ".", tool_mode=True, info="A directory in or below one of LANGFLOW_READABLE_DIRECTORIES."
    )
    types: list[str] = field(
        Kind.MULTISELECT,
        "File Types",
        advanced=True,
        options=sorted(DOCUMENTS),
        info="Suffixes to read; empty: all kinds that can be read.",
    )
    depth: int = field(Kind.INT, "Depth", advanced=True, info="How many levels of subfolders to read.")
    recursive: bool = field(Kind.BOOL, "Recursive", advanced=True, info="Read all subfolders, whatever the depth.")
    load_hidden: bool = field(Kind.BOOL, "Load Hidden", advanced=True, info="Read what starts with a dot too.")
    silent_errors: bool = field(Kind.BOOL, "Silent Errors", advanced=True, info="Leave out files that cannot be read.")
    max_concurrency: int = field(Kind.INT, "Max Concurrency", 2, advanced=True, info="Without effect.")
    use_multithreading: bool = field(Kind.BOOL, "Use Multithreading", advanced=True, info="Without effect.")

    @output("dataframe", "Loaded Files")
    def as_dataframe(self) -> Table:
        """A row with `file_path` and `text` per file."""
        table = Table(record.data for record in self._records())
        self.status = table
        return table

    @output("data", "Data", types=("Data", "JSON"), hidden=True)
    def load_directory(self) -> list[Data]:
        """A record with `file_path` and `text` per file."""
        records = list(self._records())
        self.status = records
        return records

    def _records(self) -> Iterator[Data]:
        folder = self._folder()
        wanted = {kind.lower().lstrip(".") for kind in self.types} & DOCUMENTS if self.types else DOCUMENTS
        for count, file in enumerate(self._files(folder, wanted)):
            if count >= _MAX_FILES:
                raise ValueError(f"{folder} holds more than {_MAX_FILES} files: choose a subfolder or fewer file types")
            try:
                if file.stat().st_size > _MAX_SIZE:
                    raise ValueError(f"it is larger than {_MAX_SIZE // 2**20} MB")
                text = read_text(Document(str(file), file.read_bytes()))
            except (OSError, ValueError) as error:
                if not self.silent_errors:
                    raise ValueError(f"Error loading file {file}: {error}") from error
                self.log(f"{file}: {error}", "File left out")
                continue
            yield Data({"file_path": str(file), "text": text})

    async def lacks(self) -> list[str]:
        """That flows may not read the directory."""
        try:
            self._folder()
        except ValueError as error:
            return [str(error)]
        return []

    def _folder(self) -> Path:
        roots = [root.expanduser().resolve() for root in self.ctx.settings.readable_directories]
        if not roots:
            raise ValueError(
                "Flows may not read directories of this machine: list those they may in LANGFLOW_READABLE_DIRECTORIES"
            )
        folder = (roots[0] / self.path.strip()).resolve()
        if not any(folder.is_relative_to(root) for root in roots):
            raise ValueError(f"{self.path} is not below a directory of LANGFLOW_READABLE_DIRECTORIES")
        if not folder.is_dir():
            raise ValueError(f"There is no directory {self.path}")
        self._roots = roots
        return folder

    def _files(self, folder: Path, wanted: frozenset[str] | set[str], level: int = 0) -> Iterator[Path]:
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(".") and not self.load_hidden:
                continue
            # A link may lead anywhere, so it is where it leads that counts.
            if not any(entry.resolve().is_relative_to(root) for root in self._roots):
                continue
            if entry.is_dir():
                if (self.recursive or level < self.depth) and not entry.is_symlink():
                    yield from self._files(entry, wanted, level + 1)
            elif entry.suffix.lower().lstrip(".") in wanted and entry.is_file():
                yield entry
