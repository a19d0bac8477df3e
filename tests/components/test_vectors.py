from __future__ import annotations

from typing import Any

import pytest

from langflow_lite.components.astra import AstraDBComponent
from langflow_lite.components.vectors import ChromaComponent, FAISSComponent, LocalDBComponent
from langflow_lite.models.base import Embedded, Embeddings
from langflow_lite.models.embeddings import HashedEmbeddings
from langflow_lite.values import Data, Message, Table

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("vectors")]

FISH = [
    Data({"text": "Cod swim in cold northern seas", "kind": "fish"}),
    Data({"text": "A bicycle has two wheels", "kind": "thing"}),
    Data({"text": "Eels swim up rivers", "kind": "fish"}),
]


@pytest.mark.parametrize("cls", [FAISSComponent, ChromaComponent, LocalDBComponent, AstraDBComponent])
async def test_what_is_connected_is_ingested_and_found(place: Any, cls: Any) -> None:
    component = place(cls(ingest_data=FISH, search_query="which fish swim in seas?", number_of_results=2))
    found = await component.search_documents()
    assert found[0] == FISH[0]
    assert len(found) == 2
    assert "this server's own store, not by" in component.status
    later = place(cls(search_query="two wheels"))
    assert (await later.as_dataframe())[0] == FISH[1].data


async def test_equal_records_are_added_once_unless_duplicates_are_wanted(place: Any, vectors: Any) -> None:
    for _ in range(2):
        await place(ChromaComponent(ingest_data=FISH)).search_documents()
    assert (await vectors.describe("chroma::langflow")).size == 3
    await place(ChromaComponent(ingest_data=FISH, allow_duplicates=True)).search_documents()
    assert (await vectors.describe("chroma::langflow")).size == 6


async def test_an_empty_query_finds_nothing_and_an_empty_store_neither(place: Any) -> None:
    assert await place(FAISSComponent(ingest_data=FISH, search_query=" ")).search_documents() == []
    assert await place(FAISSComponent(index_name="other", search_query="fish")).search_documents() == []


@pytest.mark.parametrize(
    "value", [Table([{"text": "cod"}]), Message(text="cod"), "cod", {"text": "cod"}, [[Data({"text": "cod"})]]]
)
async def test_records_come_in_many_shapes(place: Any, value: Any) -> None:
    component = place(FAISSComponent(ingest_data=value, search_query="cod"))
    assert (await component.search_documents())[0].data["text"] == "cod"


async def test_indexes_of_different_names_or_directories_do_not_meet(place: Any) -> None:
    await place(FAISSComponent(ingest_data=FISH, index_name="a", persist_directory="d")).search_documents()
    for fields in ({"index_name": "a"}, {"index_name": "b", "persist_directory": "d"}):
        assert await place(FAISSComponent(search_query="cod", **fields)).search_documents() == []
    assert await place(FAISSComponent(search_query="cod", index_name="a", persist_directory="d")).search_documents()


async def test_the_embedding_model_of_an_edge_is_used_and_cannot_change(place: Any) -> None:
    class Lengths(Embeddings):
        provider = "Test"
        model = "lengths"

        async def embed(self, texts: Any) -> Embedded:
            return Embedded([[1.0, len(text) / 10] for text in texts])

    component = place(FAISSComponent(ingest_data=FISH, embedding=Lengths(), search_query="x" * 19))
    assert (await component.search_documents())[0] == FISH[2]
    with pytest.raises(ValueError, match="filled with the embedding model Test/lengths"):
        await place(FAISSComponent(embedding=HashedEmbeddings(), search_query="x")).search_documents()


async def test_a_remote_chroma_server_is_refused(place: Any) -> None:
    with pytest.raises(ValueError, match="Remote Chroma servers are not called"):
        await place(ChromaComponent(chroma_server_host="db.example.com", search_query="x")).search_documents()


async def test_local_db_retrieves_from_an_existing_collection(place: Any) -> None:
    await place(LocalDBComponent(ingest_data=FISH, collection_name="mine")).search_documents()
    component = LocalDBComponent(mode="Retrieve", existing_collections="mine", search_query="wheels")
    assert (await place(component).search_documents())[0] == FISH[1]


async def test_astra_results_are_filtered(place: Any) -> None:
    fields = {"ingest_data": FISH, "search_query": "swim", "advanced_search_filter": {"kind": "fish"}}
    assert {record.data["kind"] for record in await place(AstraDBComponent(**fields)).search_documents()} == {"fish"}
    assert await place(AstraDBComponent(**fields, search_score_threshold=0.999)).search_documents() == []


async def test_an_astra_node_without_a_collection_is_no_empty_answer(place: Any) -> None:
    there = {"token": "AstraCS:x", "api_endpoint": "https://x.apps.astra.datastax.com"}
    with pytest.raises(ValueError, match="names no collection of Astra DB"):
        await place(AstraDBComponent(search_query="x", **there)).search_documents()
    await place(AstraDBComponent(ingest_data=FISH, **there)).search_documents()
    assert await place(AstraDBComponent(search_query="cod", **there)).search_documents()


async def test_another_key_may_hold_the_text(place: Any) -> None:
    records = [Data({"body": "cod swim", "text": "z"}), Data({"body": "wheels", "text": "z"})]
    component = AstraDBComponent(ingest_data=records, content_field="body", search_query="wheels")
    assert (await place(component).search_documents())[0] == records[1]
