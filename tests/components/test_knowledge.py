from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from langflow_lite.components.knowledge import KnowledgeComponent, MemoryBaseComponent
from langflow_lite.values import Message, Table
from tests.components.conftest import FakeNode

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("vectors")]

ROWS = Table(
    [
        {"text": "Cod swim in cold northern seas", "kind": "fish", "n": 1},
        {"text": "A bicycle has two wheels", "kind": "thing", "n": 2},
    ]
)


async def ingest(place: Any, **fields: Any) -> dict[str, Any]:
    component = KnowledgeComponent(**{"mode": "Ingest", "knowledge_base": "kb", "input_df": ROWS, **fields})
    return dict((await place(component).build_kb_info()).data)


async def retrieve(place: Any, **fields: Any) -> list[dict[str, Any]]:
    component = KnowledgeComponent(**{"mode": "Retrieve", "knowledge_base": "kb", **fields})
    return list((await place(component).retrieve_data()).rows)


async def test_rows_are_added_and_found(place: Any) -> None:
    info = await ingest(place)
    assert (info["kb_name"], info["rows"], info["chunks_created"], info["skipped"]) == ("kb", 2, 2, 0)
    assert info["column_metadata"]["vectorized_columns"] == ["text"]
    [row] = await retrieve(place, search_query="which fish swim in seas", top_k=1)
    assert row["content"] == "Cod swim in cold northern seas"
    assert 0 < row["_score"] <= 1
    assert (row["kind"], row["n"]) == ("fish", 1)


async def test_without_a_query_the_first_rows_come(place: Any) -> None:
    await ingest(place)
    rows = await retrieve(place, include_metadata=False)
    assert rows == [{"content": row["text"]} for row in ROWS]
    assert await retrieve(place, top_k=0) == []


async def test_vectors_are_given_if_asked_for(place: Any) -> None:
    await ingest(place)
    [row] = await retrieve(place, include_embeddings=True, top_k=1)
    assert sum(number * number for number in row["_embeddings"]) == pytest.approx(1, abs=1e-5)


async def test_rows_that_are_there_are_skipped_unless_duplicates_are_wanted(place: Any) -> None:
    await ingest(place)
    info = await ingest(place, input_df=Table([*ROWS, {"text": "new"}]))
    assert (info["chunks_created"], info["skipped"]) == (1, 2)
    assert (await ingest(place, allow_duplicates=True))["chunks_created"] == 2


async def test_columns_are_searched_and_named_as_configured(place: Any) -> None:
    config = [
        {"column_name": "kind", "vectorize": "True", "identifier": False},
        {"column_name": "text", "vectorize": True, "identifier": "false"},
        {"column_name": "n", "vectorize": False, "identifier": True},
    ]
    await ingest(place, column_config=config)
    same = Table([{"text": "other words", "kind": "x", "n": 1}])
    assert (await ingest(place, column_config=config, input_df=same))["skipped"] == 1
    [row] = await retrieve(place, search_query="bicycle thing", top_k=1)
    assert row["content"] == "thing A bicycle has two wheels"


async def test_long_texts_are_cut_into_chunks(place: Any) -> None:
    text = "\n\n".join(f"paragraph {number} about things" for number in range(10))
    info = await ingest(place, input_df=Table([{"text": text}]), chunk_size=60)
    assert info["chunks_created"] > 3
    assert all(len(row["content"]) <= 60 for row in await retrieve(place, top_k=50))
    again = await ingest(place, input_df=Table([{"text": text}]), chunk_size=60)
    assert (again["chunks_created"], again["skipped"]) == (0, 1)


async def test_a_filter_looks_at_columns_and_tags(place: Any) -> None:
    await ingest(place, metadata_json='{"year": 2024}')
    rows = await retrieve(place, metadata_filter='{"kind": "thing", "year": 2024}')
    assert [row["n"] for row in rows] == [2]
    assert await retrieve(place, metadata_filter='{"year": 2025}', search_query="cod") == []


async def test_both_outputs_give_the_modes_result_and_add_once(place: Any) -> None:
    component = place(KnowledgeComponent(knowledge_base="kb", input_df=ROWS, allow_duplicates=True))
    info = await component.build_kb_info()
    assert await component.retrieve_data() is info
    assert len(await retrieve(place)) == 2


async def test_the_type_of_older_exports_says_what_is_done(place: Any) -> None:
    empty = place(KnowledgeComponent(knowledge_base="kb"), node=FakeNode(type="KnowledgeIngestion"))
    assert (await empty.build_kb_info()).data["rows"] == 0
    old = place(KnowledgeComponent(knowledge_base="kb"), node=FakeNode(type="KnowledgeRetrieval"))
    with pytest.raises(ValueError, match="Metadata not found for knowledge base: kb"):
        await old.retrieve_data()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"column_config": [{"column_name": "z", "vectorize": True}]},
            "Column 'z' not found in DataFrame. Available columns",
        ),
        ({"column_config": [{"column_name": "n", "vectorize": False}]}, "No column is marked to be vectorized"),
        ({"metadata_json": "{"}, "The metadata is not JSON"),
        ({"metadata_json": "[]"}, "The metadata must be a JSON object"),
        ({"knowledge_base": ""}, "No knowledge base is selected, and there is none yet"),
    ],
)
async def test_rows_that_cannot_be_added_are_an_error(place: Any, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await ingest(place, **fields)


async def test_without_a_name_the_only_knowledge_base_is_meant(place: Any) -> None:
    await ingest(place)
    assert len(await retrieve(place, knowledge_base=None)) == 2
    await ingest(place, knowledge_base="other")
    with pytest.raises(ValueError, match="No knowledge base is selected, there are 'kb', 'other'"):
        await retrieve(place, knowledge_base="")


def said(number: int, text: str, session: str = "session-1") -> Message:
    moment = datetime(2025, 1, number, tzinfo=UTC)
    return Message(id=f"m{number}", text=text, session_id=session, flow_id="flow-1", sender="User", timestamp=moment)


async def test_the_memory_base_finds_messages_of_the_flow(place: Any, messages: Any) -> None:
    for message in (
        said(1, "I keep cod and eels in a tank"),
        said(2, "My bicycle is broken"),
        said(3, "Cod again", "session-2"),
        said(4, " "),
    ):
        messages.store(message)
    component = place(MemoryBaseComponent(memory_base="mine", search_query="cod in a tank"))
    table = await component.retrieve_memory()
    assert [row["message_id"] for row in table] == ["m1", "m2"]
    assert table[0]["content"] == "I keep cod and eels in a tank"
    assert table[0]["timestamp"].startswith("2025-01-01")
    everywhere = place(
        MemoryBaseComponent(
            memory_base="mine", search_query="cod", filter_by_session=False, include_metadata=False, top_k=2
        )
    )
    rows = (await everywhere.retrieve_memory()).rows
    assert {row["content"] for row in rows} == {"I keep cod and eels in a tank", "Cod again"}
    assert set(rows[0]) == {"content", "_score"}


async def test_the_memory_base_needs_a_name_and_a_query(place: Any, ctx: Any) -> None:
    with pytest.raises(ValueError, match="No Memory Base is selected"):
        await place(MemoryBaseComponent(search_query="x")).retrieve_memory()
    assert (await place(MemoryBaseComponent(memory_base="m")).retrieve_memory()).rows == []
    ctx.session_id = ""
    with pytest.raises(ValueError, match="The session filter needs a session"):
        await place(MemoryBaseComponent(memory_base="m", search_query="x")).retrieve_memory()
