from __future__ import annotations

import pytest

from langflow_lite.engine.variables import RunVariables
from langflow_lite.errors import ComponentError
from tests.engine.conftest import Ask, Bench, texts
from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio

CHAT = flow(
    [
        node("ChatInput-a", "ChatInput", input_value="saved", session_id=""),
        node("ChatOutput-z", "ChatOutput", session_id=""),
    ],
    [edge("ChatInput-a.message", "ChatOutput-z.input_value")],
)


async def test_the_saved_value_is_used_when_none_is_given_and_an_empty_one_counts_as_given(bench: Bench) -> None:
    await bench.run(CHAT)
    await bench.run(CHAT, input_value="")
    assert [text for text, _ in Ask.seen] == ["saved", ""]


async def test_the_session_is_the_tweaks_then_the_requests_then_the_saved_then_the_flows(bench: Bench) -> None:
    saved = flow([node("ChatInput-a", "ChatInput", input_value="", session_id="saved")], [])
    await bench.run(CHAT)
    await bench.run(saved)
    await bench.run(saved, session_id="asked")
    await bench.run(saved, session_id="asked", tweaks={"ChatInput-a": {"session_id": "tweaked"}})
    assert [session for _, session in Ask.seen] == ["flow-1", "saved", "asked", "tweaked"]


async def test_a_tweak_changes_a_field_for_one_run_only(bench: Bench) -> None:
    plan = bench.plan(flow([node("Text-1", "Text", text="saved")], []))
    tweaked = await bench.run(plan, tweaks={"Text-1": {"text": "tweaked"}})
    assert texts(tweaked)["Text-1"] == "Text-1(tweaked,-)"
    assert texts(await bench.run(plan))["Text-1"] == "Text-1(saved,-)"


async def test_an_edge_wins_over_a_tweak(bench: Bench) -> None:
    document = flow([node("Text-1", "Text"), node("Text-2", "Text", text="s")], [edge("Text-1.out", "Text-2.text")])
    outcome = await bench.run(document, tweaks={"Text-2": {"text": "tweaked"}})
    assert texts(outcome)["Text-2"] == "Text-2(Text-1(,-),-)"


async def test_hidden_fields_keep_the_components_default_unless_a_tweak_names_them(bench: Bench) -> None:
    plan = bench.plan(
        flow([node("Text-1", "Text", fields={"text2": {"type": "str", "value": "stale", "show": False}})], [])
    )
    assert texts(await bench.run(plan))["Text-1"] == "Text-1(,-)"
    tweaked = await bench.run(plan, tweaks={"Text-1": {"text2": "now"}})
    assert texts(tweaked)["Text-1"] == "Text-1(,now)"


async def test_numbers_in_text_fields_become_text(bench: Bench) -> None:
    outcome = await bench.run(flow([node("Text-1", "Text", text=7, text2=True)], []))
    assert texts(outcome)["Text-1"] == "Text-1(7,true)"


VARIABLE = {"text": {"type": "str", "value": "GREETING", "load_from_db": True}}


async def test_a_field_can_name_a_global_variable(bench: Bench) -> None:
    bench.variables = {"GREETING": "hello"}
    outcome = await bench.run(flow([node("Text-1", "Text", fields=VARIABLE)], []))
    assert texts(outcome)["Text-1"] == "Text-1(hello,-)"


async def test_an_unknown_variable_leaves_the_default_and_other_text_is_kept(bench: Bench) -> None:
    url = {"text2": {"type": "str", "value": "http://localhost:11434", "load_from_db": True}}
    outcome = await bench.run(flow([node("Text-1", "Text", fields={**VARIABLE, **url})], []))
    assert texts(outcome)["Text-1"] == "Text-1(,http://localhost:11434)"


async def test_a_tweak_of_a_variable_field_is_a_plain_value(bench: Bench) -> None:
    bench.variables = {"GREETING": "hello"}
    document = flow([node("Text-1", "Text", fields=VARIABLE)], [])
    outcome = await bench.run(document, tweaks={"Text-1": {"text": "literal"}})
    assert texts(outcome)["Text-1"] == "Text-1(literal,-)"


async def test_a_request_cannot_read_a_credential_through_a_field_that_is_shown(bench: Bench) -> None:
    bench.variables = {"OPENAI_API_KEY": "sk-canary"}
    document = flow([node("Text-1", "Text", text="")], [])
    with pytest.raises(ComponentError, match="secret fields only") as caught:
        await bench.run(document, tweaks={"Text-1": {"text": {"value": "OPENAI_API_KEY", "load_from_db": True}}})
    assert "canary" not in caught.value.message


class Stored:
    async def get_value(self, name: str) -> str | None:
        return {"A": "stored a", "SECRET": "stored secret"}.get(name)

    def is_credential(self, name: str) -> bool:
        return name == "SECRET"


async def test_variables_come_from_the_request_then_the_store_then_the_environment() -> None:
    variables = RunVariables({"A": "asked"}, Stored(), {"A": "env", "B": "env b", "OPENAI_API_KEY": "sk"})
    assert await variables.get("A") == "asked"
    assert await RunVariables({}, Stored(), {"A": "env"}).get("A") == "stored a"
    assert await variables.get("B", secret=False) == "env b"
    assert await variables.get("C") is None


@pytest.mark.parametrize("name", ["SECRET", "OPENAI_API_KEY"])
async def test_credentials_are_for_secret_fields_only(name: str) -> None:
    variables = RunVariables({}, Stored(), {"OPENAI_API_KEY": "sk"})
    assert await variables.get(name)
    with pytest.raises(ValueError, match="secret fields only"):
        await variables.get(name, secret=False)
