from pathlib import Path

import click
import pytest

from langflow_lite.cli.options import read_tweaks


@pytest.mark.parametrize(
    "raw",
    [b"", b"[1]", b'{"a": 1', b'{"a": "caf\xe9"}', b'{"a": ' + b"[" * 3000],
    ids=["none", "list", "cut", "latin", "deep"],
)
def test_tweaks_that_cannot_be_read_are_refused_in_one_line(tmp_path: Path, raw: bytes):
    file = tmp_path / "tweaks.json"
    file.write_bytes(raw)
    for text in (f"@{file}", raw.decode("utf-8", "surrogateescape")):
        with pytest.raises(click.BadParameter, match="this is not a JSON object") as caught:
            read_tweaks(text)
        assert "\n" not in caught.value.message


def test_tweaks_come_from_the_option_or_a_file(tmp_path: Path):
    file = tmp_path / "tweaks.json"
    file.write_text('{"a": {"b": "café"}}', encoding="utf-8")
    assert read_tweaks(f"@{file}") == read_tweaks('{"a": {"b": "café"}}') == {"a": {"b": "café"}}
    assert read_tweaks(None) is None
    with pytest.raises(click.BadParameter, match="cannot be read: No such file"):
        read_tweaks(f"@{tmp_path}/none.json")
