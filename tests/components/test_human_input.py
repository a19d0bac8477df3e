from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from langflow_lite.components import human_input
from langflow_lite.components.human_input import HumanInputComponent
from langflow_lite.errors import ComponentError

pytestmark = pytest.mark.anyio


@pytest.fixture
def asked(ctx: Any) -> list[Mapping[str, Any]]:
    """What people were asked; they always approve."""
    requests: list[Mapping[str, Any]] = []

    async def decide(request: Mapping[str, Any]) -> Mapping[str, Any]:
        requests.append(request)
        return {"action_id": "approve"}

    ctx.decide = decide
    return requests


async def test_the_way_that_was_chosen_stays_open(place: Any, asked: list[Mapping[str, Any]]) -> None:
    component = place(HumanInputComponent(prompt="Go?", decisions=["Approve", " Ask Again ", "approve", ""]))
    assert [(await component.route_branch()).text, (await component.route_reject()).text] == ["Go?", "Go?"]
    assert component.stopped == {"branch_ask_again"}
    [request] = asked
    assert request["options"] == [
        {"action_id": "approve", "label": "Approve"},
        {"action_id": "ask_again", "label": "Ask Again"},
    ]


@pytest.mark.parametrize(
    ("timeout", "late", "stopped"),
    [
        ({"value": 2, "unit": "Minutes"}, 119, {"branch_reject", "branch_fallback"}),
        ({"value": 2, "unit": "Minutes"}, 121, {"branch_approve", "branch_reject"}),
        ({"value": "1", "unit": "Hours"}, 3601, {"branch_approve", "branch_reject"}),
        ({"value": 0, "unit": "Days"}, 10**6, {"branch_reject", "branch_fallback"}),
        ({}, 10**6, {"branch_reject", "branch_fallback"}),
    ],
)
async def test_a_late_decision_goes_the_fallback_way(
    place: Any,
    asked: list[Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    timeout: dict[str, Any],
    late: float,
    stopped: set[str],
) -> None:
    clock = iter((1000.0, 1000.0 + late))
    monkeypatch.setattr(human_input, "monotonic", lambda: next(clock))
    component = place(HumanInputComponent(enable_fallback=True, timeout=timeout))
    await component.route_branch()
    assert component.stopped == stopped
    assert (asked[0]["fallback_action"], asked[0]["allowed_decisions"][-1]) == ("fallback", "fallback")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"decisions": []}, "nothing to choose from"),
        ({"timeout": {"value": "soon"}}, "timeout 'soon' is not a number"),
    ],
)
async def test_what_cannot_be_asked_is_an_error(
    place: Any, asked: list[Mapping[str, Any]], fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ComponentError, match=problem):
        await place(HumanInputComponent(**fields)).route_branch()
    assert asked == []
