"""Composio: the actions of web applications, as tools or one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from langflow_lite.components.base import output
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.service import Service
from langflow_lite.components.tools import Tool, edited
from langflow_lite.values import Table

__all__ = ["ComposioComponent", "ComposioToolsComponent"]

_APPS = (
    *("AgentQL", "Agiled", "Airtable", "Apollo", "Asana", "Attio", "Bitbucket", "Bolna", "Brightdata", "Calendly"),
    *("Canva", "Canvas", "Coda", "Contentful", "Digicert", "Discord", "Dropbox", "ElevenLabs", "Exa", "Figma"),
    *("Finage", "Firecrawl", "Fireflies", "Fixer", "Flexisign", "Freshdesk", "GitHub", "Gmail", "GoogleBigQuery"),
    *("GoogleCalendar", "GoogleDocs", "GoogleSheets", "GoogleTasks", "Googleclassroom", "Googlemeet", "Heygen"),
    *("Instagram", "Jira", "Jotform", "Klaviyo", "Linear", "Listennotes", "Mem0", "Miro", "Missive", "Notion"),
    *("OneDrive", "Outlook", "Pandadoc", "PeopleDataLabs", "PerplexityAI", "Reddit", "Serp", "Slack", "Slackbot"),
    *("Snowflake", "Supabase", "Tavily", "TimelinesAI", "Todoist", "Wrike", "Youtube"),
)
_TOOLKITS = {"googleclassroom": "google_classroom", "onedrive": "one_drive", "serp": "serpapi"}
_TYPE = re.compile(r"Composio(\w+)APIComponent")
_PAGES = 10


class _Composio(Service):
    service = "composio"
    title = "Composio"
    address = "https://backend.composio.dev"
    variables = ("COMPOSIO_API_KEY",)
    category = "composio"
    icon = "Composio"

    api_key: str = field(Kind.SECRET, "Composio API Key", load_from_db=True, info="Empty: COMPOSIO_API_KEY.")
    entity_id: str = field(Kind.TEXT, "Entity ID", "default", advanced=True, info="Whose accounts are used.")

    async def _actions(self, **wanted: str) -> list[dict[str, Any]]:
        """The actions of a toolkit, or those of some names, as Composio describes them."""
        headers = {"x-api-key": await self.key(self.api_key)}
        params: dict[str, Any] = {"limit": 500, **wanted}
        found: list[dict[str, Any]] = []
        for _ in range(_PAGES):
            page = await self.call("GET", "/api/v3/tools", headers=headers, params=params)
            found += [item for item in page.get("items") or () if isinstance(item, dict) and item.get("slug")]
            if not page.get("next_cursor"):
                break
            params["cursor"] = page["next_cursor"]
        return found

    async def _execute(self, slug: str, arguments: Mapping[str, Any]) -> Any:
        """What an action gives; raises `FetchFailed` with Composio's own words."""
        answer = await self.call(
            "POST",
            f"/api/v3/tools/execute/{quote(slug, safe='')}",
            headers={"x-api-key": await self.key(self.api_key)},
            json={"user_id": self.entity_id.strip() or "default", "arguments": dict(arguments)},
            timeout=120.0,
        )
        if not answer.get("successful", True):
            raise FetchFailed(f"Composio could not do {slug}: {answer.get('error') or 'no reason given'}")
        return answer.get("data")

    def _tool(self, action: Mapping[str, Any]) -> Tool:
        slug = str(action["slug"])

        async def call(arguments: Mapping[str, Any]) -> Any:
            return await self._execute(slug, arguments)

        schema = action.get("input_parameters") or {"type": "object", "properties": {}}
        return Tool(slug, str(action.get("description") or ""), schema, call, source=self.node.id)


class ComposioComponent(_Composio):
    """Does something in a web application through Composio, or offers an agent everything that can be done there."""

    # One component for all of them: the type that a flow names says which application is meant.
    name = "ComposioApp"
    aliases = tuple(f"Composio{app}APIComponent" for app in _APPS)
    display_name = "Composio"

    action_button: Any = field(Kind.SORTABLE_LIST, "Action", info="What to do, where it is not a tool.")

    async def to_toolkit(self) -> list[Tool]:
        """Every action of the application, as the user edited them."""
        tools = [self._tool(action) for action in await self._actions(toolkit_slug=self._toolkit())]
        return edited(tools, self.extras.get("tools_metadata"))

    @output("dataFrame", "Table", aliases=("as_dataframe",))
    async def as_dataframe(self) -> Table:
        """What the chosen action gives, as rows. Raises `FetchFailed`, and `ValueError` when none is chosen."""
        action = await self._chosen()
        properties = (action.get("input_parameters") or {}).get("properties") or {}
        arguments = {}
        for name in properties:
            # Names that the editor needs for itself have the application's in front.
            value = self.extras.get(f"{self._toolkit()}_{name}", self.extras.get(name))
            if value not in (None, ""):
                arguments[name] = value
        found = await self._execute(str(action["slug"]), arguments)
        rows = list(_rows(found))
        self.status = f"{len(rows)} rows"
        return Table(rows)

    async def _chosen(self) -> dict[str, Any]:
        names = _names(self.action_button)
        if not names:
            raise ValueError("No action is chosen: choose one, or connect the component to an agent as a tool")
        for action in await self._actions(toolkit_slug=self._toolkit()):
            if names[0].lower() in (str(action.get("name") or "").lower(), str(action["slug"]).lower()):
                return action
        raise ValueError(f"Composio has no action {names[0]!r} in {self._toolkit()}")

    def _toolkit(self) -> str:
        named = _TYPE.search(self.node.type)
        app = named[1].lower() if named else ""
        return _TOOLKITS.get(app, app)


class ComposioToolsComponent(_Composio):
    """Offers chosen actions of a web application to an agent, through Composio."""

    name = "ComposioAPI"
    aliases = ("ComposioAPIComponent", "Composio Tools")
    display_name = "Composio Tools"

    tool_name: str = field(Kind.STR, "Application", aliases=("app_names",), info="Such as gmail or slack.")
    actions: Any = field(
        Kind.SORTABLE_LIST, "Actions", aliases=("action_names",), info="Empty: everything that can be done there."
    )

    @output("tools", "Tools", types=("Tool",), aliases=("build_tool",))
    async def build_tool(self) -> list[Tool]:
        """A tool for each action. Raises `FetchFailed`, and `ValueError` when nothing is chosen."""
        if names := _names(self.actions):
            found = await self._actions(tool_slugs=",".join(names))
        elif app := self.tool_name.strip().lower():
            found = await self._actions(toolkit_slug=app)
        else:
            raise ValueError("Choose an application, or actions of one")
        return [self._tool(action) for action in found]


def _names(chosen: Any) -> list[str]:
    """The names in a list that the editor keeps: of texts, or of rows with a name."""
    items: Iterable[Any] = chosen if isinstance(chosen, (list, tuple)) else ()
    names = (item.get("name") if isinstance(item, Mapping) else item for item in items)
    return [name for name in names if isinstance(name, str) and name]


def _rows(found: Any) -> Iterable[dict[str, Any]]:
    if isinstance(found, Mapping):
        # What is listed is what was asked for; the rest tells of the list.
        lists = [value for value in found.values() if isinstance(value, list) and value]
        return _rows(lists[0]) if len(lists) == 1 else [dict(found)]
    if isinstance(found, list):
        return [dict(item) if isinstance(item, Mapping) else {"value": item} for item in found]
    return [] if found is None else [{"value": found}]
