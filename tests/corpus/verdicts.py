"""Running flows against stand-ins for everything they call, and judging what comes of it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2

from langflow_lite.components.service import SERVICE_VARIABLES
from langflow_lite.errors import ComponentError, ComponentsUnsupported, LangflowError
from langflow_lite.ids import new_id
from langflow_lite.job import RunRequest
from langflow_lite.loading import read_flows
from langflow_lite.models.providers import PROVIDER_VARIABLES
from langflow_lite.runtime import Runtime
from langflow_lite.settings import Settings
from langflow_lite.trust import candidates
from tests.services_standin import Answer, WebStandin, running_web
from tests.standin import running_standin

ANSWERED, CLEAR, OTHER = "answered", "clear error", "anything else"
SECONDS = 60.0
QUESTION = "Please help me with 2 + 2, and with https://www.youtube.com/watch?v=abc-DEF_123."

_MODEL_PATHS = (
    *("/chat/completions", "/embeddings", "/messages", "/api/chat", "/api/embed", "/models", "/api/tags"),
    *(":generateContent", ":streamGenerateContent", ":batchEmbedContents", "/pipeline/feature-extraction"),
    *("/ml/v1/text/chat", "/ml/v1/text/chat_stream", "/ml/v1/text/embeddings", "/identity/token"),
)
_FEED = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>Title</title><summary>Summary</summary></entry></feed>"
)
_ANSWERS: dict[str, Any] = {
    "/search": {"results": [{"title": "Title", "url": "http://site.test/", "content": "Content", "score": 1}]},
    "/api/v1/search": {"organic_results": [{"title": "Title", "link": "http://site.test/", "snippet": "Snippet"}]},
    "/api/query": Answer(_FEED, headers={"content-type": "application/atom+xml"}),
    "/v1/query-data": {"data": {"key": "value"}, "metadata": {}},
    "/v1/searchscraper": {"request_id": "1", "status": "completed", "result": {"key": "value"}},
    "/v1/smartscraper": {"request_id": "1", "status": "completed", "result": {"key": "value"}},
    "/api/v3/tools": {"items": [{"slug": "ACTION", "name": "Action", "description": "Acts.", "input_parameters": {}}]},
    "/html/": '<a class="result__a" href="http://site.test/page">Title</a>',
    "/v2/acts/apify~google-search-scraper/runs": {
        "data": {"id": "1", "status": "SUCCEEDED", "defaultDatasetId": "1"},
    },
    "/v2/datasets/1/items": [{"key": "value"}],
    "/v2/transcript": {"id": "1", "status": "queued"},
    "/v2/transcript/1": {"id": "1", "status": "completed", "text": "Text"},
    "/v2/upload": {"upload_url": "http://site.test/audio"},
    "/youtube/v3/commentThreads": {"items": []},
    "/youtubei/v1/player": {
        "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": [{"baseUrl": "/api/timedtext?v=1"}]}},
    },
    "/api/timedtext": {"events": [{"tStartMs": 0, "dDurationMs": 1000, "segs": [{"utf8": "Text"}]}]},
}
_NONE_FOUND = {"data": {"documents": []}, "status": {}}
_PAGE = Answer(b"<html><title>Page</title><p>A page.</p></html>", headers={"content-type": "text/html"})


@dataclass(frozen=True)
class Verdict:
    """What came of one flow. `why` sorts clear errors: the types that are missing, or the component that failed."""

    version: str
    flow: str
    kind: str
    why: str = ""
    words: str = ""


class _Diverted(httpx2.AsyncHTTPTransport):
    """Sends what is meant for the model providers to one stand-in and everything else to the other."""

    def __init__(self, models: str, web: WebStandin) -> None:
        super().__init__()
        self._models = httpx2.URL(models)
        self._web = web

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        to_model = request.url.port == self._models.port or path.endswith(_MODEL_PATHS)
        if not to_model and path not in _ANSWERS:
            self._web.serve(path, _NONE_FOUND if path.startswith("/api/json/v1/") else _PAGE)
        target = self._models if to_model else httpx2.URL(self._web.url)
        # Compatible providers have these paths below addresses of all kinds.
        if to_model and not any(part in path for part in ("/deployments/", "/ml/v1/")):
            path = next((f"/v1{end}" for end in ("/chat/completions", "/embeddings") if path.endswith(end)), path)
        request.url = request.url.copy_with(scheme="http", host=target.host, port=target.port, path=path)
        return await super().handle_async_request(request)


class _Outbound:
    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def __aenter__(self) -> _Outbound:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def client(self, *, trusted: bool = False) -> httpx2.AsyncClient:
        return self._client


@asynccontextmanager
async def surroundings(**settings: Any) -> AsyncIterator[Runtime]:
    """A runtime that has every key and calls nothing but stand-ins."""
    with running_standin() as models, running_web() as web, tempfile.TemporaryDirectory() as directory:
        for path, content in _ANSWERS.items():
            web.serve(path, content)
        keys = {name: "key" for name in (*PROVIDER_VARIABLES, *SERVICE_VARIABLES) if name.endswith(("_KEY", "_TOKEN"))}
        runtime = Runtime(
            Settings(
                data_dir=Path(directory),
                load_examples=False,
                environ=keys,
                default_model="openai:gpt-4o-mini",
                default_embedding_model="openai:text-embedding-3-small",
                **settings,
            )
        )
        transport = _Diverted(models.url, web)
        runtime.outbound = _Outbound(httpx2.AsyncClient(transport=transport, timeout=SECONDS))  # type: ignore[assignment]
        async with runtime:
            yield runtime


async def judge(runtime: Runtime, version: str, file: Path, *, trusting: bool = False) -> Verdict:
    """Run the flow in a file; `trusting` lets its own code run where this server has no component for it."""
    try:
        with anyio.fail_after(SECONDS):
            [flow] = read_flows(file.read_bytes(), file.stem)
            # The starter projects of successive releases share their ids.
            flow.id, flow.name = new_id(), f"{version} {file.stem}"
            if trusting:
                for candidate in candidates(flow, runtime.registry, runtime.trusted):
                    if not candidate.known:
                        runtime.trusted.add(candidate.code)
            stored = await runtime.flows.create(flow)
            prepared = await runtime.prepare(stored, RunRequest(input_value=QUESTION, output_type="any"))
            outcome = await prepared.execute(emit=lambda name, data: None)
    except ComponentsUnsupported as error:
        why = ", ".join(sorted({entry["type"] for entry in error.components}))
        return Verdict(version, file.stem, CLEAR, f"not available: {why}", error.message)
    except ComponentError as error:
        kind = OTHER if error.cause in ("", "None") else CLEAR
        return Verdict(version, file.stem, kind, f"failed: {error.display_name}", error.message)
    except LangflowError as error:
        return Verdict(version, file.stem, CLEAR, error.code, error.message)
    except Exception as error:
        return Verdict(version, file.stem, OTHER, type(error).__name__, str(error))
    answered = bool(outcome.results)
    return Verdict(version, file.stem, ANSWERED if answered else OTHER, "" if answered else "nothing ran")


async def judge_all(files: Iterable[tuple[str, Path]], *, trusting: bool = False) -> list[Verdict]:
    """Run all flows, one after the other."""
    async with surroundings() as runtime:
        return [await judge(runtime, version, file, trusting=trusting) for version, file in files]


def table(verdicts: list[Verdict]) -> Iterator[str]:
    """Counts by version and verdict, then the clear errors by type, then every flow with anything else."""
    kinds = (ANSWERED, CLEAR, OTHER)
    counts = Counter((verdict.version, verdict.kind) for verdict in verdicts)
    versions = list(dict.fromkeys(verdict.version for verdict in verdicts))
    yield f"{'langflow-base':<14}" + "".join(f"{kind:>15}" for kind in kinds)
    for version in versions:
        yield f"{version:<14}" + "".join(f"{counts[version, kind]:>15}" for kind in kinds)
    yield f"{'all':<14}" + "".join(f"{sum(counts[v, kind] for v in versions):>15}" for kind in kinds)
    for kind in (CLEAR, OTHER):
        found = [verdict for verdict in verdicts if verdict.kind == kind]
        if not found:
            continue
        yield ""
        yield f"{kind[0].upper()}{kind[1:]}, by type:"
        for why, number in Counter(verdict.why for verdict in found).most_common():
            yield f"{number:5}  {why}"
            for verdict in found:
                if verdict.why == why:
                    yield f"         {verdict.version} {verdict.flow}: {' '.join(verdict.words.split())[:200]}"
