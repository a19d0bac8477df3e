"""Langflow beside us, where `LANGFLOW_PYTHON` names an interpreter that has it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from langflow_lite.context import RunContext
from langflow_lite.settings import Settings
from tests.components.conftest import FakeFiles, FakeMessages, FakeVariables, NoOutbound
from tests.differential.sides import Langflow, Lite


@pytest.fixture(scope="session")
def langflow() -> Iterator[Langflow]:
    side = Langflow(os.environ["LANGFLOW_PYTHON"])
    yield side
    side.close()


@pytest.fixture(scope="session")
def lite() -> Lite:
    return Lite(
        RunContext(
            run_id="run-1",
            flow_id="flow-1",
            flow_name="A flow",
            session_id="session-1",
            settings=Settings(environ={}),
            variables=FakeVariables(),
            messages=FakeMessages(),
            files=FakeFiles(),
            outbound=NoOutbound(),
        )
    )
