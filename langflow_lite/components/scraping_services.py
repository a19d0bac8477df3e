"""Services that read the web for a flow: AgentQL, ScrapeGraph, Needle and Apify."""

from __future__ import annotations

import re
from urllib.parse import quote

import anyio
import msgspec

from langflow_lite.components.base import output
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.service import Service
from langflow_lite.values import Data, Message

__all__ = [
    "AgentQLComponent",
    "ApifyActorsComponent",
    "NeedleComponent",
    "ScrapeGraphMarkdownifyComponent",
    "ScrapeGraphSearchComponent",
    "ScrapeGraphSmartScraperComponent",
]


class AgentQLComponent(Service):
    """Reads structured data out of a web page with AgentQL."""

    name = "AgentQL"
    display_name = "Extract Web Data"
    category = "agentql"
    icon = "AgentQL"
    service = "agentql"
    title = "AgentQL"
    address = "https://api.agentql.com"
    variables = ("AGENTQL_API_KEY",)

    api_key: str = field(Kind.SECRET, "AgentQL API Key", required=True, load_from_db=True)
    url: str = field(Kind.TEXT, "URL", required=True, tool_mode=True, info="The address of the page.")
    query: str = field(Kind.MULTILINE, "AgentQL Query", tool_mode=True, info="What to read, in AgentQL's language.")
    prompt: str = field(Kind.MULTILINE, "Prompt", tool_mode=True, info="What to read, in plain words.")
    is_stealth_mode_enabled: bool = field(Kind.BOOL, "Enable Stealth Mode (Beta)", advanced=True)
    timeout: int = field(Kind.INT, "Timeout", 900, advanced=True, info="Seconds to wait for the answer.")
    mode: str = field(Kind.DROPDOWN, "Request Mode", "fast", options=("fast", "standard"), advanced=True)
    wait_for: int = field(Kind.INT, "Wait For", advanced=True, info="Seconds to wait before the page is read.")
    is_scroll_to_bottom_enabled: bool = field(Kind.BOOL, "Enable scroll to bottom", advanced=True)
    is_screenshot_enabled: bool = field(Kind.BOOL, "Enable screenshot", advanced=True)

    @output("data", "JSON")
    async def build_output(self) -> Data:
        """The data under `result`, and what the service says about the page under `metadata`."""
        if bool(self.query.strip()) == bool(self.prompt.strip()):
            self.status = "Either Query or Prompt must be provided, not both."
            raise ValueError(self.status)
        body = {
            "url": self.url,
            "query": self.query or None,
            "prompt": self.prompt or None,
            "params": {
                "mode": self.mode,
                "wait_for": self.wait_for,
                "is_scroll_to_bottom_enabled": self.is_scroll_to_bottom_enabled,
                "is_screenshot_enabled": self.is_screenshot_enabled,
            },
            "metadata": {"experimental_stealth_mode_enabled": self.is_stealth_mode_enabled},
        }
        headers = {"X-API-Key": await self.key(self.api_key)}
        found = await self.call("POST", "/v1/query-data", headers=headers, json=body, timeout=self.timeout)
        data = Data({"result": found.get("data"), "metadata": found.get("metadata")})
        self.status = data
        return data


class _ScrapeGraph(Service):
    service = "scrapegraph"
    title = "ScrapeGraph"
    address = "https://api.scrapegraphai.com"
    variables = ("SCRAPEGRAPH_API_KEY",)
    category = "scrapegraph"
    icon = "ScrapeGraph"

    api_key: str = field(Kind.SECRET, "ScrapeGraph API Key", required=True, load_from_db=True)

    async def _ask(self, path: str, body: dict[str, str]) -> Data:
        headers = {"SGAI-APIKEY": await self.key(self.api_key)}
        found = await self.call("POST", path, headers=headers, json=body, timeout=120.0)
        data = Data(found if isinstance(found, dict) else {"result": found})
        self.status = data
        return data


class ScrapeGraphSearchComponent(_ScrapeGraph):
    """Searches the web with ScrapeGraph and answers a question from what it finds."""

    name = "ScrapeGraphSearchApi"
    display_name = "ScrapeGraph Search API"

    user_prompt: str = field(Kind.TEXT, "Search Prompt", tool_mode=True, info="The question.")

    @output("data", "JSON")
    async def search(self) -> Data:
        """The service's answer."""
        return await self._ask("/v1/searchscraper", {"user_prompt": self.user_prompt})


class ScrapeGraphSmartScraperComponent(_ScrapeGraph):
    """Reads what a question asks for out of a web page with ScrapeGraph."""

    name = "ScrapeGraphSmartScraperApi"
    display_name = "ScrapeGraph Smart Scraper API"

    url: str = field(Kind.TEXT, "URL", tool_mode=True, info="The address of the page.")
    prompt: str = field(Kind.TEXT, "Prompt", tool_mode=True, info="What to read.")

    @output("data", "JSON")
    async def scrape(self) -> Data:
        """The service's answer."""
        return await self._ask("/v1/smartscraper", {"website_url": self.url, "user_prompt": self.prompt})


class ScrapeGraphMarkdownifyComponent(_ScrapeGraph):
    """Turns a web page into Markdown with ScrapeGraph."""

    name = "ScrapeGraphMarkdownifyApi"
    display_name = "ScrapeGraph Markdownify API"

    url: str = field(Kind.TEXT, "URL", tool_mode=True, info="The address of the page.")

    @output("data", "JSON")
    async def scrape(self) -> Data:
        """The service's answer."""
        return await self._ask("/v1/markdownify", {"website_url": self.url})


class NeedleComponent(Service):
    """Searches a Needle collection for passages that answer a question."""

    name = "needle"
    aliases = ("Needle", "Needle Retriever")
    display_name = "Needle Retriever"
    category = "needle"
    icon = "Needle"
    service = "needle"
    title = "Needle"
    address = "https://search.needle-ai.com"
    variables = ("NEEDLE_API_KEY",)

    needle_api_key: str = field(Kind.SECRET, "Needle API Key", required=True, load_from_db=True)
    collection_id: str = field(Kind.TEXT, "Collection ID", required=True)
    query: str = field(Kind.TEXT, "User Query", required=True, tool_mode=True, info="The question.")
    top_k: int = field(Kind.INT, "Top K Results", 20, required=True, info="How many passages; at least 20.")

    @output("result", "Result")
    async def run(self) -> Message:
        """The question and the passages found for it."""
        key = await self.key(self.needle_api_key)
        for value, what in ((self.collection_id, "collection ID"), (self.query, "query")):
            if not value.strip():
                raise ValueError(f"The {what} cannot be empty.")
        path = f"/api/v1/collections/{quote(self.collection_id.strip(), safe='')}/search"
        body = {"text": self.query, "top_k": max(20, self.top_k)}
        found = await self.call("POST", path, headers={"x-api-key": key}, json=body)
        passages = found.get("result") or found.get("results") or []
        if not passages:
            text = "No relevant documents found for the query."
        else:
            lines = [f"Document {number}: {passage.get('content', '')}" for number, passage in enumerate(passages, 1)]
            text = f"Question: {self.query}\nContext:\n" + "\n".join(lines)
        self.status = text
        return Message(text=text)


_RUNNING = frozenset({"READY", "RUNNING", "TIMING-OUT", "ABORTING"})
_ACTOR = re.compile(r"[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.-]+)?")
_MAX_RUN = 3600.0


class ApifyActorsComponent(Service):
    """Runs an Apify actor and gives what it found."""

    name = "ApifyActors"
    aliases = ("Apify Actors",)
    display_name = "Apify Actors"
    category = "apify"
    icon = "Apify"
    service = "apify"
    title = "Apify"
    address = "https://api.apify.com"
    variables = ("APIFY_API_TOKEN", "APIFY_API_KEY")

    apify_token: str = field(Kind.SECRET, "Apify Token", required=True, load_from_db=True)
    actor_id: str = field(
        Kind.STR, "Actor", "apify/website-content-crawler", required=True, info="The actor's name or id."
    )
    run_input: str = field(
        Kind.MULTILINE, "Run Input", "{}", tool_mode=True, info="The actor's input as a JSON object."
    )
    dataset_fields: str = field(
        Kind.MULTILINE, "Output Fields", info="Fields to keep, separated by commas; empty: all."
    )
    flatten_dataset: bool = field(Kind.BOOL, "Flatten Output", info="Turn nested objects into dotted names.")

    @output("output", "Output", types=("Data", "JSON"), tool_name="run_apify_actor", info="Runs the actor.")
    async def run_model(self) -> list[Data]:
        """A record per item of the run's dataset.

        Raises `ValueError` for what is no actor or no JSON object, and `FetchFailed` when the run does not succeed.
        """
        key = await self.key(self.apify_token)
        headers = {"Authorization": f"Bearer {key}"}
        if not _ACTOR.fullmatch(self.actor_id.strip()):
            raise ValueError(f"{self.actor_id!r} is not an actor's name or id, such as apify/website-content-crawler")
        actor = quote(self.actor_id.strip().replace("/", "~"), safe="~")
        try:
            given = msgspec.json.decode(self.run_input or "{}")
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise ValueError(f"The run input is not JSON: {error}") from error
        if not isinstance(given, dict):
            raise ValueError("The run input must be a JSON object")
        wait = {"waitForFinish": "60"}
        with anyio.fail_after(_MAX_RUN):
            run = (
                await self.call(
                    "POST", f"/v2/acts/{actor}/runs", headers=headers, params=wait, json=given, timeout=90.0
                )
            )["data"]
            while run.get("status") in _RUNNING:
                path = f"/v2/actor-runs/{quote(str(run['id']), safe='')}"
                run = (await self.call("GET", path, headers=headers, params=wait, timeout=90.0))["data"]
        if run.get("status") != "SUCCEEDED":
            raise FetchFailed(
                f"The Apify run ended as {run.get('status')}: {run.get('statusMessage') or 'no reason given'}"
            )
        return await self._items(headers, str(run["defaultDatasetId"]))

    async def _items(self, headers: dict[str, str], dataset: str) -> list[Data]:
        fields = [name.strip() for name in self.dataset_fields.split(",") if name.strip()]
        params = {"clean": "1", "format": "json"}
        if fields:
            params["fields"] = ",".join(fields)
        if self.flatten_dataset:
            params["flatten"] = ",".join(sorted({name.partition(".")[0] for name in fields}))
        path = f"/v2/datasets/{quote(dataset, safe='')}/items"
        items = await self.call("GET", path, headers=headers, params=params, timeout=90.0)
        records = [Data(item if isinstance(item, dict) else {"value": item}) for item in items]
        self.status = records
        return records
