"""File System: lets an agent read and change text files in a folder that the server keeps for that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, coerce, field
from langflow_lite.components.regexes import InvalidRegex, RegexRefused, match_spans
from langflow_lite.components.tools import Tool, edited
from langflow_lite.values import Data

__all__ = ["FileSystemToolComponent"]

_MAX_SIZE = 10 * 1024 * 1024
_MAX_FOUND = 100
_MAX_LINES = 250
_MAX_VISITED = 20_000
_PATH = {"type": "string", "description": "Where the file is, seen from the workspace."}
_PLACE = {"type": "string", "description": "A file or folder of the workspace to stay in."}


def _schema(required: tuple[str, ...], **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


class FileSystemToolComponent(Component):
    """Gives an agent tools to find, read and change text files in a workspace of this server."""

    name = "FileSystemTool"
    aliases = ("File System", "FileSystem")
    display_name = "File System"
    category = "files_and_knowledge"
    icon = "folder-cog"

    root_path: str = field(
        Kind.STR, "Workspace Sub-path", info="A folder of the workspace to stay in; empty: the whole workspace."
    )
    read_only: bool = field(Kind.BOOL, "Read Only", advanced=True, info="Have no tools that change files.")
    tool_mode_trigger: str = field(Kind.STR, "", show=False, tool_mode=True)

    @output("metadata", "JSON", types=("JSON", "Data"))
    async def build_metadata(self) -> Data:
        """Where the workspace is and which tools there are."""
        found = {
            "root_path": self.root_path,
            "read_only": self.read_only,
            "tools_registered": [tool.name for tool in self._tools()],
            "mode": "shared",
            "effective_root": str(self._root()),
        }
        self.status = found
        return Data(found)

    async def to_toolkit(self) -> list[Tool]:
        """A tool for each thing that can be done with files."""
        return edited(self._tools(), self.extras.get("tools_metadata"))

    def _tools(self) -> list[Tool]:
        tools = [
            self._tool(
                "read_file",
                "Give the lines of a text file of the workspace, each with its number.",
                self._read,
                _schema(
                    ("path",),
                    path=_PATH,
                    offset={"type": "integer", "description": "The line to begin at, from 1."},
                    limit={"type": "integer", "description": "Most lines to return."},
                ),
            ),
            self._tool(
                "glob_search",
                f"List files of the workspace whose path matches a pattern; {_MAX_FOUND} at most.",
                self._glob,
                _schema(("pattern",), pattern={"type": "string", "description": "Such as **/*.md."}, path=_PLACE),
            ),
            self._tool(
                "grep_search",
                "Look through the files of the workspace for a text, or for a regular expression if is_regex is set.",
                self._grep,
                _schema(
                    ("pattern",),
                    pattern={"type": "string", "description": "What to look for."},
                    path=_PLACE,
                    glob={"type": "string", "description": "Only files whose name matches, such as *.md."},
                    case_insensitive={"type": "boolean", "default": False},
                    output_mode={
                        "type": "string",
                        "enum": ["files_with_matches", "content", "count"],
                        "default": "files_with_matches",
                    },
                    is_regex={"type": "boolean", "default": False},
                ),
            ),
        ]
        if self.read_only:
            return tools
        return [
            *tools,
            self._tool(
                "write_file",
                "Write a text to a file of the workspace, in place of what it held.",
                self._write,
                _schema(("path", "content"), path=_PATH, content={"type": "string", "description": "The whole text."}),
            ),
            self._tool(
                "edit_file",
                "Put a new text where the old one stands in a file: in its one place, or in all with replace_all.",
                self._edit,
                _schema(
                    ("path", "old_string", "new_string"),
                    path=_PATH,
                    old_string={"type": "string", "description": "The text that goes, letter for letter."},
                    new_string={"type": "string", "description": "The new text."},
                    replace_all={"type": "boolean", "default": False},
                ),
            ),
        ]

    def _tool(
        self, name: str, description: str, work: Callable[..., dict[str, Any]], parameters: Mapping[str, Any]
    ) -> Tool:
        async def call(arguments: Mapping[str, Any]) -> dict[str, Any]:
            known = {key: value for key, value in arguments.items() if key in parameters["properties"]}
            try:
                return await anyio.to_thread.run_sync(partial(work, **known), limiter=self.ctx.threads)
            except OSError as error:
                return {"error": error.strerror or str(error), **_named(known)}
            except (TypeError, ValueError) as error:
                return {"error": str(error), **_named(known)}

        return Tool(name, description, parameters, call, source=self.node.id, tags=(name,))

    def _root(self) -> Path:
        workspace = (self.ctx.settings.data_dir / "workspace").resolve()
        root = (workspace / self.root_path.strip().lstrip("/")).resolve()
        if not root.is_relative_to(workspace):
            raise ValueError("the sub-path leads out of the workspace")
        return root

    def _inside(self, path: str) -> Path:
        """A place in the workspace. A link counts as where it leads."""
        root = self._root()
        found = (root / str(path).strip().lstrip("/")).resolve()
        if "\0" in str(path) or not found.is_relative_to(root):
            raise ValueError(f"the path leads out of the workspace: {path}")
        return found

    def _text(self, path: str) -> str:
        file = self._inside(path)
        if file.is_dir():
            raise ValueError(f"Path is a directory, not a file: {path}")
        if not file.is_file():
            raise ValueError(f"File not found: {path}")
        if file.stat().st_size > _MAX_SIZE:
            raise ValueError(f"The file is larger than {_MAX_SIZE} bytes")
        content = file.read_bytes()
        if b"\0" in content:
            raise ValueError(f"Refusing to read binary file: {path}")
        return content.decode("utf-8", "replace")

    def _store(self, path: str, text: str) -> int:
        content = text.encode("utf-8", "replace")
        if len(content) > _MAX_SIZE:
            raise ValueError(f"The text is larger than {_MAX_SIZE} bytes")
        file = self._inside(path)
        if file.is_dir() or file == self._root():
            raise ValueError(f"Path is a directory, not a file: {path}")
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Nobody may put a link in its place between the look at it and this.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            return opened.write(content)

    def _read(self, path: str, offset: Any = None, limit: Any = None) -> dict[str, Any]:
        lines = self._text(path).splitlines()
        start = max(1, coerce(Kind.INT, offset or 1))
        count = max(0, coerce(Kind.INT, limit)) if limit is not None else len(lines)
        chosen = lines[start - 1 : start - 1 + count]
        return {
            "path": path,
            "content": "\n".join(f"{number}\t{line}" for number, line in enumerate(chosen, start)),
            "total_lines": len(lines),
            "start_line": start,
            "num_lines": len(chosen),
        }

    def _write(self, path: str, content: str) -> dict[str, Any]:
        return {"status": "ok", "path": path, "bytes_written": self._store(path, str(content))}

    def _edit(self, path: str, old_string: str, new_string: str, replace_all: Any = False) -> dict[str, Any]:
        text = self._text(path)
        count = text.count(old_string) if old_string else 0
        every = coerce(Kind.BOOL, replace_all)
        if count == 0:
            raise ValueError("old_string is not in the file")
        if count > 1 and not every:
            raise ValueError(f"old_string is in the file {count} times: give more of its surroundings, or replace_all")
        if len(text) + count * len(new_string) > _MAX_SIZE:
            raise ValueError(f"The text would be larger than {_MAX_SIZE} bytes")
        self._store(path, text.replace(old_string, new_string))
        return {"status": "ok", "path": path, "replacements": count}

    def _files(self, path: str | None) -> Iterator[tuple[str, Path]]:
        """Name in the workspace and place of all files at or below a path, links left out."""
        root, start = self._root(), self._inside(path or "")
        if start.is_file():
            yield start.relative_to(root).as_posix(), start
            return
        visited = 0
        for folder, folders, files in os.walk(start):
            folders.sort()
            for name in sorted(files):
                visited += 1
                if visited > _MAX_VISITED:
                    return
                file = Path(folder, name)
                if not file.is_symlink():
                    yield file.relative_to(root).as_posix(), file

    def _glob(self, pattern: str, path: str | None = None) -> dict[str, Any]:
        if not pattern.strip():
            raise ValueError("Pattern must not be empty")
        below = self._inside(path or "").relative_to(self._root()).as_posix()
        full = pattern if below == "." else f"{below}/{pattern}"
        found = [name for name, _ in self._files(path) if _fits(name, full)]
        return {"status": "ok", "pattern": pattern, "matches": found[:_MAX_FOUND], "truncated": len(found) > _MAX_FOUND}

    def _grep(
        self,
        pattern: str,
        path: str | None = None,
        glob: str | None = None,
        case_insensitive: Any = False,
        output_mode: str = "files_with_matches",
        is_regex: Any = False,
    ) -> dict[str, Any]:
        if output_mode not in ("files_with_matches", "content", "count"):
            raise ValueError("output_mode must be files_with_matches, content or count")
        if not pattern:
            raise ValueError("Pattern must not be empty")
        matches = _matcher(pattern, coerce(Kind.BOOL, case_insensitive), coerce(Kind.BOOL, is_regex))
        found: list[Any] = []
        limit = _MAX_LINES if output_mode == "content" else _MAX_FOUND
        for name, _ in self._files(path):
            if len(found) > limit or (glob and not fnmatch(name.rpartition("/")[2], glob)):
                continue
            try:
                lines = self._text(name).splitlines()
            except ValueError:
                continue
            hits = [(number, line) for number, line in enumerate(lines, 1) if matches(line)]
            if output_mode == "content":
                found += [{"path": name, "line_number": number, "line": line[:500]} for number, line in hits]
            elif hits:
                found.append(name if output_mode == "files_with_matches" else {"path": name, "count": len(hits)})
        return {
            "status": "ok",
            "pattern": pattern,
            "output_mode": output_mode,
            "matches": found[:limit],
            "truncated": len(found) > limit,
        }


def _named(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {key: arguments[key] for key in ("path", "pattern") if key in arguments}


def _fits(name: str, pattern: str) -> bool:
    """Whether a path matches, `**/` standing for any number of folders and `*` for one name."""
    parts, wanted = name.split("/"), pattern.strip("/").split("/")
    fits = {0}
    for part in wanted:
        if part == "**":
            fits = {at for start in fits for at in range(start, len(parts) + 1)}
        else:
            fits = {at + 1 for at in fits if at < len(parts) and fnmatch(parts[at], part)}
    return len(parts) in fits


def _matcher(pattern: str, case_insensitive: bool, is_regex: bool) -> Callable[[str], bool]:
    if not is_regex:
        wanted = pattern.lower() if case_insensitive else pattern
        return lambda line: wanted in (line.lower() if case_insensitive else line)

    def matches(line: str) -> bool:
        try:
            return bool(match_spans(pattern, line[:10_000], "i" if case_insensitive else ""))
        except (InvalidRegex, RegexRefused) as error:
            raise TypeError(str(error)) from None

    matches("")
    return matches
