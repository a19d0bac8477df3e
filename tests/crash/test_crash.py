"""The short form of `make crash`: each transition once."""

from __future__ import annotations

import pytest

from tests.crash.harness import POINTS, Crashing


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Crashing:
    return Crashing(tmp_path_factory.mktemp("crash"))


@pytest.mark.parametrize(
    "point", ["after-insert", "in-claim", "after-event", "in-finish", "after-stop", "after-callback"]
)
def test_what_was_acknowledged_survives_a_kill(crashing: Crashing, point: str):
    assert point in POINTS
    crashing.crash(point, seed=1)
