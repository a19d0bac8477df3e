from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components.composio import ComposioComponent, ComposioToolsComponent
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.registry import Registry
from langflow_lite.values import Table
from tests.components.conftest import FakeNode
from tests.services_standin import Seen, WebStandin

pytestmark = pytest.mark.anyio

SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}, "user_id": {"type": "string"}}}
FETCH = {"slug": "GMAIL_FETCH_EMAILS", "name": "Fetch emails", "description": "Fetches.", "input_parameters": SCHEMA}
SEND = {"slug": "GMAIL_SEND_EMAIL", "name": "Send email", "description": "Sends.", "input_parameters": SCHEMA}


class Composio:
    """The API with two actions, a page each; what was asked of it is kept."""

    def __init__(self, web: WebStandin) -> None:
        self.listed: list[dict[str, str]] = []
        self.done: list[Any] = []
        self.answer: Any = {"successful": True, "data": {"messages": [{"id": 1}, {"id": 2}], "resultSizeEstimate": 2}}
        web.serve("/api/v3/tools", self._list)
        web.serve("/api/v3/tools/execute/GMAIL_FETCH_EMAILS", self._do)

    def _list(self, seen: Seen) -> Any:
        assert seen.headers["x-api-key"] == "k"
        self.listed.append(seen.query)
        return {"items": [SEND]} if "cursor" in seen.query else {"items": [FETCH], "next_cursor": "2"}

    def _do(self, seen: Seen) -> Any:
        self.done.append(seen.json)
        return self.answer


@pytest.fixture
def composio(web: WebStandin, ctx: Any) -> Composio:
    ctx.settings = replace(ctx.settings, service_urls=(f"composio={web.url}",))
    return Composio(web)


GMAIL = FakeNode(id="Gmail-1", type="ComposioGmailAPIComponent")


async def test_an_application_is_a_tool_for_each_of_its_actions(place: Any, composio: Composio) -> None:
    fetch, send = await place(ComposioComponent(api_key="k"), GMAIL).to_toolkit()

    assert composio.listed[0]["toolkit_slug"] == "gmail"
    assert (fetch.name, fetch.description, fetch.parameters) == ("GMAIL_FETCH_EMAILS", "Fetches.", SCHEMA)
    assert (send.name, send.source) == ("GMAIL_SEND_EMAIL", "Gmail-1")
    assert await fetch.call({"query": "invoices"}) == composio.answer["data"]
    assert composio.done == [{"user_id": "default", "arguments": {"query": "invoices"}}]


async def test_only_the_actions_that_the_user_left_on_are_offered(place: Any, composio: Composio) -> None:
    rows = [
        {"name": "GMAIL_FETCH_EMAILS", "tags": ["GMAIL_FETCH_EMAILS"], "status": True},
        {"name": "GMAIL_SEND_EMAIL", "tags": ["GMAIL_SEND_EMAIL"], "status": False},
    ]
    [fetch] = await place(ComposioComponent(api_key="k", tools_metadata=rows), GMAIL).to_toolkit()
    assert fetch.name == "GMAIL_FETCH_EMAILS"


async def test_what_an_action_could_not_do_is_told_in_composios_words(place: Any, composio: Composio) -> None:
    composio.answer = {"successful": False, "data": {}, "error": "No connected account found"}
    fetch, _ = await place(ComposioComponent(api_key="k"), GMAIL).to_toolkit()
    with pytest.raises(FetchFailed, match="could not do GMAIL_FETCH_EMAILS: No connected account found"):
        await fetch.call({})


async def test_a_chosen_action_is_done_with_the_fields_of_the_node(place: Any, composio: Composio) -> None:
    component = ComposioComponent(
        api_key="k", entity_id="me", action_button=[{"name": "Fetch emails"}], query="q", gmail_user_id="u", extra=""
    )
    assert (await place(component, GMAIL).as_dataframe()).rows == [{"id": 1}, {"id": 2}]
    assert composio.done == [{"user_id": "me", "arguments": {"query": "q", "user_id": "u"}}]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"a": 1, "b": []}, [{"a": 1, "b": []}]),
        ([1, {"a": 2}], [{"value": 1}, {"a": 2}]),
        ("done", [{"value": "done"}]),
        (None, []),
    ],
)
async def test_whatever_an_action_gives_becomes_rows(place: Any, composio: Composio, data: Any, rows: Any) -> None:
    composio.answer = {"data": data}
    component = ComposioComponent(api_key="k", action_button=[{"name": "GMAIL_FETCH_EMAILS"}])
    assert await place(component, GMAIL).as_dataframe() == Table(rows)


@pytest.mark.parametrize(
    ("chosen", "says"), [([], "No action is chosen"), ([{"name": "Fly"}], "has no action 'Fly' in gmail")]
)
async def test_an_action_has_to_be_chosen(place: Any, composio: Composio, chosen: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        await place(ComposioComponent(api_key="k", action_button=chosen), GMAIL).as_dataframe()


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({"actions": [{"name": "GMAIL_SEND_EMAIL"}, {"name": "B"}]}, {"tool_slugs": "GMAIL_SEND_EMAIL,B"}),
        ({"actions": ["A"], "tool_name": "Gmail"}, {"tool_slugs": "A"}),
        ({"tool_name": "Gmail"}, {"toolkit_slug": "gmail"}),
    ],
)
async def test_chosen_actions_become_tools(
    place: Any, composio: Composio, values: dict[str, Any], asked: dict[str, str]
) -> None:
    tools = await place(ComposioToolsComponent(api_key="k", **values)).build_tool()
    assert composio.listed[0] == {"limit": "500", **asked}
    assert [tool.name for tool in tools] == ["GMAIL_FETCH_EMAILS", "GMAIL_SEND_EMAIL"]
    with pytest.raises(ValueError, match="Choose an application"):
        await place(ComposioToolsComponent(api_key="k")).build_tool()


@pytest.mark.parametrize(
    ("type_", "toolkit"),
    [
        ("ComposioGoogleSheetsAPIComponent", "googlesheets"),
        ("ComposioOneDriveAPIComponent", "one_drive"),
        ("ext:composio:ComposioSlackAPIComponent@official", "slack"),
    ],
)
def test_the_type_says_which_application_is_meant(place: Any, type_: str, toolkit: str) -> None:
    assert Registry().resolve(type_) is ComposioComponent
    assert place(ComposioComponent(), FakeNode(type=type_))._toolkit() == toolkit
