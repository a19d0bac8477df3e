from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components.astra_tools import AstraDBCQLToolComponent, AstraDBToolComponent
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.models.embeddings import HashedEmbeddings
from langflow_lite.values import Data
from tests.services_standin import Answer, Seen, WebStandin

pytestmark = pytest.mark.anyio

THERE = {"token": "AstraCS:x", "api_endpoint": "https://id.apps.astra.datastax.com", "number_of_results": 3}
COLLECTION = {**THERE, "collection_name": "orders", "tool_name": "OrderLookup", "tool_description": "Looks an order up"}
TABLE = {**THERE, "table_name": "payments", "tool_name": "payments", "tool_description": "Lists payments"}
FOUND = {"_id": "1", "orderNumber": "7", "state": "sent"}


@pytest.fixture
def asked(web: WebStandin, ctx: Any) -> list[Seen]:
    """What was asked of a database whose collection and table both hold one record."""
    ctx.settings = replace(ctx.settings, service_urls=(f"astradb={web.url}",))
    seen: list[Seen] = []

    def collection(request: Seen) -> Any:
        seen.append(request)
        return {"data": {"documents": [FOUND]}}

    def table(request: Seen) -> Any:
        seen.append(request)
        return {"data": [FOUND]}

    web.serve("/api/json/v1/default_keyspace/orders", collection)
    web.serve("/api/rest/v2/keyspaces/default_keyspace/payments/", table)
    return seen


async def test_a_collection_is_asked_for_the_fields_that_a_model_gives(place: Any, asked: list[Seen]) -> None:
    component = AstraDBToolComponent(tool_params={"!orderNumber": "", "state": "how far it is"}, **COLLECTION)

    tool = await place(component).build_tool()

    assert (tool.name, tool.description) == ("OrderLookup", "Looks an order up")
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "orderNumber": {"type": "string", "description": ""},
            "state": {"type": "string", "description": "how far it is"},
        },
        "required": ["orderNumber"],
    }
    assert await tool.call({"orderNumber": "7", "state": None}) == [FOUND]
    assert asked[0].headers["token"] == "AstraCS:x"
    assert asked[0].json == {"find": {"filter": {"orderNumber": {"$eq": "7"}}, "options": {"limit": 3}}}


@pytest.mark.parametrize(
    ("row", "value", "condition"),
    [
        ({"attribute_name": "size"}, "4", {"size": {"$eq": "4"}}),
        ({"metadata": "True", "operator": "$in"}, "en,fr", {"metadata.x": {"$in": ["en", "fr"]}}),
        ({"operator": "$exists"}, "yes", {"x": {"$exists": True}}),
        ({"operator": "$gt", "is_timestamp": True}, "2024-03-21", {"x": {"$gt": {"$date": 1710979200000}}}),
        ({"operator": "$lt", "is_timestamp": True}, "21/03/2024", {"x": {"$lt": {"$date": 1710979200000}}}),
        ({"is_timestamp": True}, "2024-03-21T01:00:00+01:00", {"x": {"$eq": {"$date": 1710979200000}}}),
    ],
)
async def test_a_row_of_the_table_says_what_is_compared_and_how(
    place: Any, asked: list[Seen], row: dict[str, Any], value: str, condition: dict[str, Any]
) -> None:
    component = AstraDBToolComponent(
        tools_params_v2=[{"name": "x", "description": "d", "mandatory": False, **row}],
        static_filters={"kind": "book"},
        **COLLECTION,
    )
    await (await place(component).build_tool()).call({"x": value})
    assert asked[0].json["find"]["filter"] == {"kind": "book", **condition}


async def test_a_date_that_is_none_is_told(place: Any, asked: list[Seen]) -> None:
    component = AstraDBToolComponent(tools_params_v2=[{"name": "x", "is_timestamp": True}], **COLLECTION)
    tool = await place(component).build_tool()
    with pytest.raises(ValueError, match="'soon' is not a date"):
        await tool.call({"x": "soon"})


@pytest.mark.parametrize("vectorize", [True, False])
async def test_a_model_may_search_by_meaning(place: Any, asked: list[Seen], vectorize: bool) -> None:
    component = AstraDBToolComponent(
        use_search_query=True,
        use_vectorize=vectorize,
        embedding=HashedEmbeddings(8),
        projection_attributes="state, !secret",
        **COLLECTION,
    )
    tool = await place(component).build_tool()
    assert tool.parameters["required"] == ["search_query"]
    await tool.call({"search_query": "sent"})
    find = asked[0].json["find"]
    assert find["projection"] == {"$vector": False, "state": True, "secret": False}
    assert find["filter"] == {}
    assert find["sort"] == {"$vectorize": "sent"} if vectorize else len(find["sort"]["$vector"]) == 8


async def test_a_search_without_a_model_is_told(place: Any, asked: list[Seen]) -> None:
    tool = await place(AstraDBToolComponent(use_search_query=True, **COLLECTION)).build_tool()
    with pytest.raises(ValueError, match="Connect an embedding model"):
        await tool.call({"search_query": "sent"})


async def test_without_a_tool_the_records_are_those_of_the_static_filters(place: Any, asked: list[Seen]) -> None:
    component = AstraDBToolComponent(static_filters={"state": "sent"}, **COLLECTION)
    assert await place(component).run_model() == [Data(FOUND)]
    assert asked[0].json["find"]["filter"] == {"state": "sent"}


async def test_a_table_is_asked_for_its_rows(place: Any, asked: list[Seen]) -> None:
    component = AstraDBCQLToolComponent(
        tools_params=[
            {"name": "since", "field_name": "day", "operator": "$gte", "is_timestamp": True, "mandatory": True},
            {"name": "kind", "description": "of payment"},
        ],
        partition_keys={"account": "whose"},
        clustering_keys={"category": "what for"},
        static_filters={"kind": "card"},
        projection_fields="day, amount",
        **TABLE,
    )

    tool = await place(component).build_tool()

    assert list(tool.parameters["properties"]) == ["since", "account", "category"]
    assert tool.parameters["required"] == ["since", "account"]
    assert await tool.call({"since": "2024-03-21", "account": "7"}) == [FOUND]
    assert asked[0].headers["x-cassandra-token"] == "AstraCS:x"
    assert asked[0].query == {
        "page-size": "3",
        "fields": "day,amount",
        "where": '{"kind":{"$eq":"card"},"day":{"$gte":"2024-03-21T00:00:00.000Z"},"account":{"$eq":"7"}}',
    }


async def test_a_table_that_is_refused_is_told_in_astras_words(place: Any, asked: list[Seen], web: WebStandin) -> None:
    body = b'{"description": "table not found"}'
    web.serve("/api/rest/v2/keyspaces/default_keyspace/payments/", Answer(body, 404, {}))
    with pytest.raises(FetchFailed, match="status 404: table not found"):
        await place(AstraDBCQLToolComponent(**TABLE)).run_model()


async def test_token_and_address_come_from_the_variables(place: Any, asked: list[Seen], ctx: Any) -> None:
    component = place(AstraDBToolComponent(**{**COLLECTION, "token": "", "api_endpoint": ""}))
    with pytest.raises(ValueError, match="set the variable ASTRA_DB_APPLICATION_TOKEN"):
        await component.run_model()
    ctx.variables.values = {"ASTRA_DB_APPLICATION_TOKEN": "AstraCS:x", "ASTRA_DB_API_ENDPOINT": "id.astra.datastax.com"}
    assert await component.run_model() == [Data(FOUND)]
