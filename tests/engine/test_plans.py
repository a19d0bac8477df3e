from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import anyio
import msgspec
import pytest

from langflow_lite.compat.trusted import TrustedCode
from langflow_lite.engine import plans as plans_module
from langflow_lite.engine.plan import Plan
from langflow_lite.engine.plans import Plans
from langflow_lite.errors import GraphError
from langflow_lite.flow import Flow
from tests.engine.conftest import FakeRegistry
from tests.flows import flow, node

pytestmark = pytest.mark.anyio

ONE = flow([node("Text-1", "Text", text="one")], [])["data"]
TWO = flow([node("Text-1", "Text", text="two")], [])["data"]


def raw(data: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(data))


def stored(number: int = 1, version: str = "now") -> Flow:
    return Flow(id=f"flow-{number}", name="Flow", data=raw(ONE), version=version)


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    async def version_of(flow_id: str, version: str) -> msgspec.Raw:
        return raw(TWO)

    threads = anyio.CapacityLimiter(1)
    return Plans(cast("Any", FakeRegistry()), TrustedCode(tmp_path / "trusted"), threads, version_of)


def text_of(plan: Plan) -> str:
    return plan.graph.vertices["Text-1"].template["text"]["value"]


async def test_a_flow_is_compiled_once_for_each_of_its_versions(plans: Plans) -> None:
    first, pinned = await plans.get(stored()), await plans.get(stored(), "before")
    assert (text_of(first), text_of(pinned)) == ("one", "two")
    assert await plans.get(stored()) is first
    assert await plans.get(stored(), "before") is pinned
    assert await plans.get(stored(version="later")) is not first


async def test_an_unsaved_graph_is_compiled_in_place_of_the_stored_one_and_not_kept(plans: Plans) -> None:
    assert text_of(await plans.get(stored(), data=raw(TWO))) == "two"
    assert text_of(await plans.get(stored())) == "one"


async def test_the_least_recently_used_plan_goes(plans: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans_module, "_KEPT", 2)
    first, second = await plans.get(stored(1)), await plans.get(stored(2))
    assert await plans.get(stored(1)) is first
    await plans.get(stored(3))
    assert await plans.get(stored(1)) is first
    assert await plans.get(stored(2)) is not second


@pytest.mark.parametrize("saved", [True, False], ids=["stored", "unsaved"])
async def test_a_large_graph_is_compiled_in_a_thread(
    plans: Plans, monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    compile_graph = plans_module.compile_graph
    threads: list[int] = []

    def noted(data: Any) -> Any:
        threads.append(threading.get_ident())
        return compile_graph(data)

    monkeypatch.setattr(plans_module, "compile_graph", noted)
    large = raw({**TWO, "padding": "x" * plans_module._COMPILE_IN_THREAD})
    given = Flow(id="flow-1", name="Flow", data=large, version="now") if saved else stored()
    assert text_of(await plans.get(given, data=None if saved else large)) == "two"
    assert threads[0] != threading.get_ident()


async def test_what_cannot_be_run_is_refused_and_asked_about_again(plans: Plans) -> None:
    broken = Flow(id="flow-1", name="Flow", data=raw({"nodes": [{"data": {}}], "edges": []}), version="now")
    for _ in range(2):
        with pytest.raises(GraphError):
            await plans.get(broken)
