from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components.llm_selector import LLMSelectorComponent
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import ChatMessage, Reply
from langflow_lite.models.echo import Echo
from tests.services_standin import Answer, WebStandin

pytestmark = pytest.mark.anyio


class Saying(Echo):
    """A model of some name that always says the same, and keeps what it was told."""

    def __init__(self, name: str, answer: str = "") -> None:
        super().__init__()
        self.model = name
        self.answer = answer
        self.told = ""

    async def complete(self, messages: Sequence[ChatMessage], **_: Any) -> Reply:
        self.told = messages[0].text
        return Reply(text=self.answer)


@pytest.fixture
def choosing(place: Any, web: WebStandin, ctx: Any) -> Any:
    ctx.settings = replace(ctx.settings, service_urls=(f"openrouter={web.url}",))

    def make(answer: str, **fields: Any) -> Any:
        models = [Saying("gpt-4o-mini", "from gpt"), Saying("claude-x", "from claude")]
        judge = Saying("judge", answer)
        return place(LLMSelectorComponent(models=models, judge_llm=judge, input_value="q", **fields))

    return make


async def test_the_judge_is_told_what_openrouter_knows(choosing: Any, web: WebStandin) -> None:
    known = {
        "id": "openai/gpt-4o-mini:free",
        "context_length": 128000,
        "pricing": {"prompt": "0.00000015", "completion": "0.0000006"},
        "description": "Small\nand quick",
    }
    web.serve("/models", {"data": [known, {"id": "other/model"}, "nonsense"]})
    component = choosing("1")
    assert (await component.route_to_model()).text == "from claude"
    assert (
        "0: gpt-4o-mini (Echo): context of 128000 tokens; 0.15 USD for a million tokens read; "
        "0.60 USD for a million tokens written; Small and quick\n1: claude-x (Echo)"
    ) in component.judge_llm.told
    assert (await component.get_selected_model_info()).data["selected_index"] == 1


@pytest.mark.parametrize("answer", [Answer(b"down", 503, {}), {"data": None}, Answer(b"no json", 200, {})])
async def test_without_openrouter_the_names_must_do(choosing: Any, web: WebStandin, answer: Any) -> None:
    web.serve("/models", answer)
    component = choosing("0")
    assert (await component.route_to_model()).text == "from gpt"
    assert component.judge_llm.told.endswith("0: gpt-4o-mini (Echo)\n1: claude-x (Echo)")


async def test_nobody_is_asked_when_the_flow_says_so(choosing: Any, web: WebStandin) -> None:
    await choosing("0", use_openrouter_specs=False).route_to_model()
    assert web.seen == []


async def test_a_judge_without_a_choice_leaves_it_to_the_first(choosing: Any) -> None:
    component = choosing("none of them", use_openrouter_specs=False)
    assert (await component.route_to_model()).text == "from gpt"
    assert "the first one, answered" in (await component.get_routing_decision()).text
    with pytest.raises(ComponentError, match="the judge chose no model; it wrote: none of them"):
        await choosing("none of them", use_openrouter_specs=False, fallback_to_first=False).route_to_model()
