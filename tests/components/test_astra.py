from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components.astra import AstraDBComponent
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.models.embeddings import HashedEmbeddings
from langflow_lite.values import Data
from tests.services_standin import Answer, Seen, WebStandin

pytestmark = pytest.mark.anyio

COLLECTION = "/api/json/v1/default_keyspace/books"
THERE = {"token": "AstraCS:x", "api_endpoint": "https://id.apps.astra.datastax.com", "collection_name": "books"}
EMBEDDINGS = HashedEmbeddings()


class Astra:
    """The Data API of one collection: what was inserted is found, the last first, with falling similarity."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.commands: list[dict[str, Any]] = []

    def __call__(self, seen: Seen) -> Any:
        assert seen.headers["token"] == "AstraCS:x"
        self.commands.append(seen.json)
        [(name, body)] = seen.json.items()
        if name == "find":
            found = [
                {**document, "$similarity": 0.9 - 0.2 * rank}
                for rank, document in enumerate(reversed(self.documents.values()))
            ]
            return {"data": {"documents": found[: body["options"]["limit"]]}}
        errors = []
        for document in body["documents"]:
            if document["_id"] in self.documents:
                errors.append({"errorCode": "DOCUMENT_ALREADY_EXISTS", "message": "there already"})
        new = {document["_id"]: document for document in body["documents"] if document["_id"] not in self.documents}
        self.documents |= new
        return {"status": {"insertedIds": list(new)}, "errors": errors}


@pytest.fixture
def astra(web: WebStandin, ctx: Any) -> Astra:
    ctx.settings = replace(ctx.settings, service_urls=(f"astradb={web.url}",))
    made = Astra()
    web.serve(COLLECTION, made)
    return made


RECORDS = [Data({"text": "cod", "kind": "fish"}), Data({"text": "bus", "kind": "car"})]


async def test_records_are_inserted_once_and_found(place: Any, astra: Astra) -> None:
    for added in (2, 0):
        component = place(
            AstraDBComponent(ingest_data=RECORDS, embedding_model=EMBEDDINGS, search_query="bus", **THERE)
        )
        assert await component.search_documents() == [RECORDS[1], RECORDS[0]]
        assert component.logs[-1]["message"] == f"2 results, {added} records added"
    inserted, find = astra.commands[:2]
    document = inserted["insertMany"]["documents"][0]
    assert (document["content"], document["metadata"]) == ("cod", {"kind": "fish"})
    assert len(document["$vector"]) == len(find["find"]["sort"]["$vector"]) > 1
    assert (await component.as_dataframe()).rows[0] == RECORDS[1].data


async def test_without_a_model_astra_embeds_itself(place: Any, astra: Astra) -> None:
    component = AstraDBComponent(
        ingest_data=RECORDS,
        search_query="bus",
        number_of_results=1,
        advanced_search_filter={"kind": "car"},
        keyspace="default_keyspace",
        **THERE,
    )
    assert await place(component).search_documents() == [RECORDS[1]]
    inserted, find = astra.commands
    assert inserted["insertMany"]["documents"][0]["$vectorize"] == "cod"
    assert find["find"]["sort"] == {"$vectorize": "bus"}
    assert find["find"]["filter"] == {"metadata.kind": "car"}
    assert find["find"]["options"] == {"limit": 1, "includeSimilarity": True}


async def test_what_is_not_similar_enough_is_left_out(place: Any, astra: Astra) -> None:
    component = AstraDBComponent(ingest_data=RECORDS, search_query="bus", search_score_threshold=0.8, **THERE)
    assert len(await place(component).search_documents()) == 1


async def test_documents_of_other_programs_are_read(place: Any, astra: Astra) -> None:
    astra.documents["x"] = {"_id": "x", "body": "text of mine", "page": 3}
    component = AstraDBComponent(search_query="q", content_field="body", **THERE)
    assert await place(component).search_documents() == [Data({"text": "text of mine", "page": 3})]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"errors": [{"message": "no such collection", "errorCode": "COLLECTION_NOT_EXIST"}]}, "no such collection"),
        (Answer(b"<html>gone</html>", 502, {}), "status 502"),
        (Answer(b"{}", 401, {"content-type": "application/json"}), "status 401"),
    ],
)
async def test_errors_are_told_in_astras_words(
    place: Any, astra: Astra, web: WebStandin, answer: Any, reason: str
) -> None:
    web.serve(COLLECTION, answer)
    with pytest.raises(FetchFailed, match=reason):
        await place(AstraDBComponent(search_query="q", **THERE)).search_documents()


@pytest.mark.parametrize(
    "address", ["https://evil.test", "http://id.apps.astra.datastax.com", "https://datastax.com.evil.test"]
)
async def test_the_token_goes_to_astra_only(place: Any, address: str) -> None:
    component = AstraDBComponent(search_query="q", **{**THERE, "api_endpoint": address})
    with pytest.raises(ValueError, match="is not an address of Astra DB"):
        await place(component).search_documents()
