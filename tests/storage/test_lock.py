import os
import subprocess
import sys

import pytest

from langflow_lite.errors import StorageUnusable
from langflow_lite.storage.lock import DataDirLock

CHILD = """
import sys
from pathlib import Path
from langflow_lite.errors import StorageUnusable
from langflow_lite.storage.lock import DataDirLock
try:
    with DataDirLock(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except StorageUnusable as error:
    sys.exit(error.message)
"""


def child(directory):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_is_refused_at_once_and_told_who_holds_it(tmp_path):
    with DataDirLock(tmp_path / "data"), child(tmp_path / "data") as second:
        _, complaint = second.communicate(timeout=30)
    assert second.returncode == 1
    assert f"in use by process {os.getpid()}" in complaint
    assert "REST API" in complaint


def test_the_lock_is_free_again_after_leaving(tmp_path):
    for _ in range(2):
        with DataDirLock(tmp_path), pytest.raises(StorageUnusable), DataDirLock(tmp_path):
            pass


def test_a_killed_holder_holds_nothing(tmp_path):
    with child(tmp_path) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StorageUnusable, match=f"process {holder.pid}"), DataDirLock(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with DataDirLock(tmp_path):
        pass


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnusable, match="LANGFLOW_CONFIG_DIR"), DataDirLock(tmp_path / "file" / "data"):
        pass
