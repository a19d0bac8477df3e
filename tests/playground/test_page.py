"""The page as a whole."""

from __future__ import annotations

from tests.serving import ROOT

MOST = 150_000


def test_all_of_it_is_small():
    files = [
        path for path in (ROOT / "langflow_lite" / "playground").iterdir() if path.suffix != ".py" and path.is_file()
    ]
    assert sum(path.stat().st_size for path in files) < MOST
