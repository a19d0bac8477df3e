from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.components.directory import DirectoryComponent


@pytest.fixture
def folder(tmp_path: Path, ctx: Any) -> Path:
    root = tmp_path / "open"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "a.txt").write_text("A")
    (root / "b.md").write_text("B")
    (root / "c.exe").write_text("no")
    (root / ".hidden.txt").write_text("H")
    (root / "sub" / "d.txt").write_text("D")
    (root / "sub" / "deep" / "e.txt").write_text("E")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "up").symlink_to(tmp_path)
    ctx.settings = replace(ctx.settings, readable_directories=(root,))
    return root


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({}, ["A", "B"]),
        ({"types": ["txt"]}, ["A"]),
        ({"load_hidden": True}, ["H", "A", "B"]),
        ({"depth": 1}, ["A", "B", "D"]),
        ({"recursive": True}, ["A", "B", "D", "E"]),
        ({"path": "sub"}, ["D"]),
    ],
)
def test_the_files_of_a_directory_are_read(folder: Path, place: Any, fields: dict[str, Any], texts: list[str]) -> None:
    component = place(DirectoryComponent(**fields))
    assert [row["text"] for row in component.as_dataframe()] == texts
    assert component.load_directory()[0].data["file_path"].startswith(str(folder))


@pytest.mark.parametrize("path", ["..", "/etc", "sub/../..", "up", "/"])
def test_directories_that_are_not_listed_are_refused(folder: Path, place: Any, path: str) -> None:
    with pytest.raises(ValueError, match="is not below a directory of LANGFLOW_READABLE_DIRECTORIES"):
        place(DirectoryComponent(path=path)).as_dataframe()


def test_a_directory_that_does_not_exist_is_an_error(folder: Path, place: Any) -> None:
    with pytest.raises(ValueError, match="There is no directory gone"):
        place(DirectoryComponent(path="gone")).as_dataframe()


def test_no_directory_is_open_unless_the_operator_lists_it(place: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="list those they may in LANGFLOW_READABLE_DIRECTORIES"):
        place(DirectoryComponent(path=str(tmp_path))).as_dataframe()


def test_a_damaged_file_fails_the_component_or_is_left_out(folder: Path, place: Any) -> None:
    (folder / "bad.json").write_text("{")
    with pytest.raises(ValueError, match=r"Error loading file .*bad\.json: it is not well-formed JSON"):
        place(DirectoryComponent()).as_dataframe()
    component = place(DirectoryComponent(silent_errors=True))
    assert len(component.as_dataframe()) == 2
    assert "bad.json" in component.logs[0]["message"]
