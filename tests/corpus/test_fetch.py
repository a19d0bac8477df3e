from __future__ import annotations

import zipfile
from pathlib import Path

from tests.corpus.fetch import cached, fetch, starter_projects


def test_only_the_flows_of_a_package_are_taken(tmp_path: Path):
    wheel = tmp_path / "langflow_base-0.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("langflow/initial_setup/starter_projects/Basic.json", "{}")
        archive.writestr("langflow/initial_setup/starter_projects/basic.py", "raise SystemExit")
        archive.writestr("langflow/main.json", "{}")
    assert dict(starter_projects(wheel)) == {"Basic.json": b"{}"}


def test_a_version_that_was_fetched_is_not_fetched_again(tmp_path: Path):
    (tmp_path / "0.0.0").mkdir()
    (tmp_path / "0.0.0" / "a.json").write_text("{}")
    assert fetch("0.0.0", tmp_path) == cached("0.0.0", tmp_path) == [tmp_path / "0.0.0" / "a.json"]
