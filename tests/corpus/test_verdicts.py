from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compat.sources import SHOUT
from tests.corpus.verdicts import ANSWERED, CLEAR, OTHER, Verdict, judge, surroundings, table
from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio


def chat(type_: str, output: str = "text_output", **values: Any) -> Any:
    nodes = [node("ChatInput-1", "ChatInput"), node("X-1", type_, **values), node("ChatOutput-1", "ChatOutput")]
    edges = [edge("ChatInput-1.message", "X-1.input_value"), edge(f"X-1.{output}", "ChatOutput-1.input_value")]
    return flow(nodes, edges, name="x")


SHOUTS = chat("Shout", "louder", fields={"code": {"type": "code", "value": SHOUT}})


@pytest.mark.parametrize(
    ("document", "trusting", "kind", "why"),
    [
        (chat("OpenAIModel", model_name="gpt-4o-mini"), False, ANSWERED, ""),
        (chat("GoogleGenerativeAIModel", model_name="gemini-2.5-flash"), False, ANSWERED, ""),
        (chat("OpenAIModel", model_name="fail"), False, CLEAR, "failed: OpenAIModel"),
        (chat("URLComponent", "page_results", urls=["https://site.test/a"]), False, ANSWERED, ""),
        (SHOUTS, False, CLEAR, "not available: Shout"),
        (SHOUTS, True, ANSWERED, ""),
        ({"no": "flow"}, False, CLEAR, "FLOW_UNREADABLE"),
        (flow([], [], name="x"), False, OTHER, "nothing ran"),
    ],
)
async def test_a_flow_is_judged_by_what_comes_of_it(
    document: Any, trusting: bool, kind: str, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(document))
    async with surroundings() as runtime:
        verdict = await judge(runtime, "1.0", file, trusting=trusting)
    assert (verdict.kind, verdict.why) == (kind, why), verdict


def test_the_table_counts_by_version_and_sorts_errors_by_type():
    verdicts = [
        Verdict("1.0", "a", ANSWERED),
        Verdict("1.0", "b", CLEAR, "not available: X", "no X"),
        Verdict("2.0", "c", CLEAR, "not available: X", "no X"),
    ]
    lines = list(table(verdicts))
    assert [line.split() for line in lines[1:4]] == [
        ["1.0", "1", "1", "0"],
        ["2.0", "0", "1", "0"],
        ["all", "1", "2", "0"],
    ]
    assert "    2  not available: X" in lines
