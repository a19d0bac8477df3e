from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.components.file_system import FileSystemToolComponent

pytestmark = pytest.mark.anyio


@pytest.fixture
def workspace(tmp_path: Path, ctx: Any) -> Path:
    ctx.settings = replace(ctx.settings, data_dir=tmp_path)
    folder = tmp_path / "workspace"
    (folder / "notes" / "old").mkdir(parents=True)
    (folder / "a.md").write_text("one\ntwo\nThree\n")
    (folder / "notes" / "b.md").write_text("two\ntwo\n")
    (folder / "notes" / "old" / "c.txt").write_text("three")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "out").symlink_to(tmp_path)
    return folder


@pytest.fixture
def use(place: Any, workspace: Path) -> Any:
    async def call(name: str, arguments: dict[str, Any], **fields: Any) -> Any:
        tools = await place(FileSystemToolComponent(**fields)).to_toolkit()
        return await next(tool for tool in tools if tool.name == name).call(arguments)

    return call


async def test_lines_are_read_with_their_numbers(use: Any) -> None:
    assert await use("read_file", {"path": "a.md", "offset": 2, "limit": 1}) == {
        "path": "a.md",
        "content": "2\ttwo",
        "total_lines": 3,
        "start_line": 2,
        "num_lines": 1,
    }


async def test_a_text_is_written_and_edited(use: Any, workspace: Path) -> None:
    assert await use("write_file", {"path": "new/d.txt", "content": "x y x"}) == {
        "status": "ok",
        "path": "new/d.txt",
        "bytes_written": 5,
    }
    told = await use("edit_file", {"path": "new/d.txt", "old_string": "x", "new_string": "z"})
    assert "2 times" in told["error"]
    edit = {"path": "new/d.txt", "old_string": "x", "new_string": "z", "replace_all": "true"}
    assert (await use("edit_file", edit))["replacements"] == 2
    assert (workspace / "new" / "d.txt").read_text() == "z y z"
    assert "not in the file" in (await use("edit_file", edit))["error"]


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("*.md", None, ["a.md"]),
        ("**/*.md", None, ["a.md", "notes/b.md"]),
        ("**", None, ["a.md", "notes/b.md", "notes/old/c.txt"]),
        ("*.md", "notes", ["notes/b.md"]),
        ("*/*/c.*", None, ["notes/old/c.txt"]),
        ("../*", None, []),
    ],
)
async def test_files_are_found_by_their_path(use: Any, pattern: str, path: str | None, found: list[str]) -> None:
    arguments = {"pattern": pattern, **({"path": path} if path else {})}
    assert (await use("glob_search", arguments))["matches"] == found


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"pattern": "two"}, ["a.md", "notes/b.md"]),
        ({"pattern": "two", "glob": "b.*"}, ["notes/b.md"]),
        ({"pattern": "three", "case_insensitive": True}, ["a.md", "notes/old/c.txt"]),
        ({"pattern": "t.o$", "is_regex": True, "path": "a.md"}, ["a.md"]),
        ({"pattern": "t.o"}, []),
        (
            {"pattern": "two", "output_mode": "count"},
            [{"path": "a.md", "count": 1}, {"path": "notes/b.md", "count": 2}],
        ),
        (
            {"pattern": "one", "output_mode": "content"},
            [{"path": "a.md", "line_number": 1, "line": "one"}],
        ),
    ],
)
async def test_files_are_found_by_their_content(use: Any, arguments: dict[str, Any], found: list[Any]) -> None:
    assert (await use("grep_search", arguments))["matches"] == found


@pytest.mark.parametrize("path", ["../secret", "link", "out/secret", "/../secret", "notes/../../secret", "a\0b"])
async def test_nothing_outside_of_the_workspace_is_reached(use: Any, workspace: Path, path: str) -> None:
    for name, arguments in (
        ("read_file", {"path": path}),
        ("write_file", {"path": path, "content": "x"}),
        ("edit_file", {"path": path, "old_string": "secret", "new_string": "x"}),
        ("grep_search", {"pattern": "secret", "path": path}),
    ):
        assert "error" in await use(name, arguments), name
    assert (workspace.parent / "secret").read_text() == "secret"
    assert (await use("grep_search", {"pattern": "secret"}))["matches"] == []


async def test_a_sub_path_is_all_there_is(use: Any) -> None:
    assert (await use("glob_search", {"pattern": "**"}, root_path="notes"))["matches"] == ["b.md", "old/c.txt"]
    assert "error" in await use("read_file", {"path": "../a.md"}, root_path="notes")
    assert "error" in await use("read_file", {"path": "a.md"}, root_path="../..")


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("read_file", {"path": "none"}, "File not found"),
        ("read_file", {"path": "notes"}, "is a directory"),
        ("read_file", {}, "path"),
        ("write_file", {"path": "", "content": "x"}, "is a directory"),
        ("glob_search", {"pattern": " "}, "must not be empty"),
        ("grep_search", {"pattern": "(", "is_regex": True}, "not valid"),
        ("grep_search", {"pattern": "x", "output_mode": "all"}, "output_mode must be"),
    ],
)
async def test_what_cannot_be_done_is_told_to_the_model(
    use: Any, name: str, arguments: dict[str, Any], problem: str
) -> None:
    assert problem in (await use(name, arguments))["error"]


async def test_files_that_are_no_text_are_left_alone(use: Any, workspace: Path) -> None:
    (workspace / "b.bin").write_bytes(b"two\0")
    assert "binary" in (await use("read_file", {"path": "b.bin"}))["error"]
    assert "b.bin" not in (await use("grep_search", {"pattern": "two"}))["matches"]


async def test_a_read_only_workspace_has_no_tools_that_write(place: Any, workspace: Path) -> None:
    component = place(FileSystemToolComponent(read_only=True))
    assert (await component.build_metadata()).data == {
        "root_path": "",
        "read_only": True,
        "tools_registered": ["read_file", "glob_search", "grep_search"],
        "mode": "shared",
        "effective_root": str(workspace),
    }
