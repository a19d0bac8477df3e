from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langflow_lite.components import media_services as media
from langflow_lite.components import scraping_services as scraping
from langflow_lite.components import search_services as search
from langflow_lite.components import youtube
from langflow_lite.components.registry import Registry
from langflow_lite.components.service import SERVICE_VARIABLES
from langflow_lite.components.tools import component_tools
from langflow_lite.values import Data
from tests.services_standin import Answer, Seen, WebStandin

pytestmark = pytest.mark.anyio

SERVICES = (
    "tavily",
    "searchapi",
    "arxiv",
    "agentql",
    "scrapegraph",
    "needle",
    "apify",
    "assemblyai",
    "youtube",
    "youtube_captions",
)


@pytest.fixture
def online(web: WebStandin, ctx: Any) -> WebStandin:
    ctx.settings = replace(ctx.settings, service_urls=tuple(f"{name}={web.url}" for name in SERVICES))
    return web


def refuse(status: int, body: bytes = b'{"detail": {"error": "no luck"}}') -> Answer:
    return Answer(body, status, {"content-type": "application/json"})


TAVILY = {
    "answer": "Yes.",
    "images": ["http://x/i.png"],
    "results": [{"title": "T", "url": "http://x", "content": "C", "score": 0.9, "raw_content": "R"}],
}


async def test_tavily_gives_the_answer_then_pages_then_images(online: WebStandin, place: Any) -> None:
    online.serve("/search", TAVILY)
    component = place(search.TavilySearchComponent(api_key="k", query="q", include_domains="a.com, b.com"))
    table = await component.fetch_content_dataframe()
    assert table.rows == [
        {"text": "Yes.", "answer": "Yes."},
        {"text": "C", "title": "T", "url": "http://x", "content": "C", "score": 0.9},
        {"text": "Images found", "images": ["http://x/i.png"]},
    ]
    assert online.seen[0].json == {
        "api_key": "k",
        "query": "q",
        "search_depth": "advanced",
        "chunks_per_source": 3,
        "topic": "general",
        "max_results": 5,
        "include_images": True,
        "include_answer": True,
        "include_raw_content": False,
        "include_domains": ["a.com", "b.com"],
    }
    assert (await component.fetch_content_text()).text == "Yes.\nC\nImages found"


async def test_what_tavily_refuses_is_a_result(online: WebStandin, place: Any) -> None:
    online.serve("/search", refuse(401))
    [record] = await place(search.TavilySearchComponent(api_key="k", query="q")).fetch_content()
    assert record.data["error"] == "Tavily answered with status 401: no luck; check the API key"


async def test_the_tavily_tool_of_1_1_keeps_its_name_and_arguments(online: WebStandin, place: Any) -> None:
    online.serve("/search", TAVILY)
    [tool] = component_tools(place(search.TavilySearchToolComponent(api_key="k", include_images=False)))
    assert tool.name == "tavily_search"
    assert set(tool.spec.parameters["properties"]) == {
        "query", "search_depth", "topic", "max_results", "include_images", "include_answer"
    }  # fmt: skip
    assert [record.get_text() for record in await tool.call({"query": "fish"})] == ["Yes.", "C"]
    assert online.seen[0].json["query"] == "fish"


async def test_searchapi_cuts_titles_and_snippets(online: WebStandin, place: Any) -> None:
    hits = [{"title": "T" * 200, "link": f"http://x/{n}", "snippet": "S" * 200} for n in range(9)]
    online.serve("/api/v1/search", {"organic_results": hits})
    component = place(search.SearchComponent(api_key="k", input_value="q", max_results=2, search_params={"gl": "de"}))
    table = await component.fetch_content_dataframe()
    assert table.rows == [
        {"text": "S" * 200, "title": "T" * 100, "link": f"http://x/{n}", "snippet": "S" * 100} for n in range(2)
    ]
    assert online.seen[0].query == {"engine": "google", "q": "q", "gl": "de", "api_key": "k"}
    old = place(search.SearchAPIComponent(api_key="k", query="q"))
    assert len(await old.run_model()) == 5
    [tool] = component_tools(old)
    assert tool.name == "search_api"
    assert set(tool.spec.parameters["properties"]) == {"query", "search_params", "max_results", "max_snippet_length"}
    online.seen.clear()
    found = await tool.call({"query": "eel", "search_params": {"gl": "de"}, "max_results": 1})
    assert (len(found), online.seen[0].query["q"], online.seen[0].query["gl"]) == (1, "eel", "de")


async def test_a_key_never_shows_in_an_error(online: WebStandin, place: Any) -> None:
    online.serve("/api/v1/search", refuse(400, b'{"error": "bad key s3cr3t"}'))
    [record] = await place(search.SearchComponent(api_key="s3cr3t", input_value="q")).fetch_content()
    assert record.data["error"] == "SearchApi answered with status 400: bad key ***"


ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><title>r</title>
<entry><id>http://arxiv.org/abs/1</id><title>On
  Fish</title><summary> They swim. </summary><published>2024-01-01</published><updated>2024-01-02</updated>
<author><name>A. Cod</name></author><author><name>B. Eel</name></author><arxiv:comment>5 pages</arxiv:comment>
<link href="http://arxiv.org/abs/1" rel="alternate"/><link title="pdf" href="http://arxiv.org/pdf/1" rel="related"/>
<arxiv:primary_category term="q-bio"/><category term="q-bio"/><category term="cs"/></entry></feed>"""


async def test_arxiv_papers_are_rows(online: WebStandin, place: Any) -> None:
    online.serve("/api/query", Answer(ATOM))
    component = place(search.ArXivComponent(search_query="fish", search_type="title", max_results=3))
    [row] = await component.search_papers_dataframe()
    assert row == {
        "text": "On Fish\n\nThey swim.",
        "id": "http://arxiv.org/abs/1",
        "title": "On Fish",
        "summary": "They swim.",
        "published": "2024-01-01",
        "updated": "2024-01-02",
        "authors": ["A. Cod", "B. Eel"],
        "arxiv_url": "http://arxiv.org/abs/1",
        "pdf_url": "http://arxiv.org/pdf/1",
        "comment": "5 pages",
        "journal_ref": "",
        "primary_category": "q-bio",
        "categories": ["q-bio", "cs"],
    }
    assert online.seen[0].query == {"search_query": "ti:fish", "max_results": "3"}
    online.serve("/api/query", refuse(503, b"busy"))
    [record] = await component.search_papers()
    assert record.data["error"] == "arXiv answered with status 503: busy"


async def test_agentql_reads_a_page(online: WebStandin, place: Any) -> None:
    online.serve("/v1/query-data", {"data": {"price": 3}, "metadata": {"request_id": "r"}})
    component = scraping.AgentQLComponent(api_key="k", url="http://x", prompt="the price", is_stealth_mode_enabled=True)
    result = await place(component).build_output()
    assert result.data == {"result": {"price": 3}, "metadata": {"request_id": "r"}}
    [seen] = online.seen
    assert seen.headers["x-api-key"] == "k"
    assert seen.json["prompt"] == "the price"
    assert seen.json["query"] is None
    assert seen.json["metadata"] == {"experimental_stealth_mode_enabled": True}


@pytest.mark.parametrize("fields", [{}, {"query": "q", "prompt": "p"}])
async def test_agentql_needs_a_query_or_a_prompt(place: Any, fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="Either Query or Prompt"):
        await place(scraping.AgentQLComponent(api_key="k", **fields)).build_output()


@pytest.mark.parametrize(
    ("component", "method", "path", "body"),
    [
        (scraping.ScrapeGraphSearchComponent(user_prompt="q"), "search", "searchscraper", {"user_prompt": "q"}),
        (
            scraping.ScrapeGraphSmartScraperComponent(url="u", prompt="q"),
            "scrape",
            "smartscraper",
            {"website_url": "u", "user_prompt": "q"},
        ),
        (scraping.ScrapeGraphMarkdownifyComponent(url="u"), "scrape", "markdownify", {"website_url": "u"}),
    ],
)
async def test_scrapegraph_is_asked(
    online: WebStandin, place: Any, ctx: Any, component: Any, method: str, path: str, body: dict[str, str]
) -> None:
    ctx.variables.values["SCRAPEGRAPH_API_KEY"] = "from variable"
    online.serve(f"/v1/{path}", {"result": "R"})
    assert (await getattr(place(component), method)()).data == {"result": "R"}
    assert online.seen[0].json == body
    assert online.seen[0].headers["sgai-apikey"] == "from variable"


async def test_needle_gives_the_question_with_passages(online: WebStandin, place: Any) -> None:
    online.serve("/api/v1/collections/c1/search", {"result": [{"content": "A"}, {"content": "B"}]})
    component = place(scraping.NeedleComponent(needle_api_key="k", collection_id="c1", query="why?", top_k=3))
    assert (await component.run()).text == "Question: why?\nContext:\nDocument 1: A\nDocument 2: B"
    assert online.seen[0].json == {"text": "why?", "top_k": 20}
    online.serve("/api/v1/collections/c1/search", {"result": []})
    assert (await component.run()).text == "No relevant documents found for the query."


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"needle_api_key": "", "collection_id": "c", "query": "q"}, "Needle API key is required.*NEEDLE_API_KEY"),
        ({"needle_api_key": "None", "collection_id": "c", "query": "q"}, "Needle API key is required"),
        ({"needle_api_key": "k", "collection_id": " ", "query": "q"}, "The collection ID cannot be empty"),
        ({"needle_api_key": "k", "collection_id": "c", "query": ""}, "The query cannot be empty"),
    ],
)
async def test_needle_needs_key_collection_and_query(place: Any, fields: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await place(scraping.NeedleComponent(**fields)).run()


async def test_an_apify_actor_is_run_to_its_end(online: WebStandin, place: Any) -> None:
    run = {"id": "r1", "defaultDatasetId": "d1"}
    online.serve("/v2/acts/apify~crawler/runs", {"data": {**run, "status": "RUNNING"}})
    online.serve("/v2/actor-runs/r1", {"data": {**run, "status": "SUCCEEDED"}})
    online.serve("/v2/datasets/d1/items", [{"url": "u"}, 5])
    component = place(
        scraping.ApifyActorsComponent(
            apify_token="k",
            actor_id="apify/crawler",
            run_input='{"n": 1}',
            dataset_fields="url, meta.t",
            flatten_dataset=True,
        )
    )
    assert await component.run_model() == [Data({"url": "u"}), Data({"value": 5})]
    start, _, items = online.seen
    assert (start.json, start.headers["authorization"]) == ({"n": 1}, "Bearer k")
    assert items.query == {"clean": "1", "format": "json", "fields": "url,meta.t", "flatten": "meta,url"}
    online.serve("/v2/actor-runs/r1", {"data": {**run, "status": "FAILED", "statusMessage": "out of memory"}})
    with pytest.raises(ValueError, match="The Apify run ended as FAILED: out of memory"):
        await component.run_model()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"run_input": "{"}, "The run input is not JSON"),
        ({"run_input": "[]"}, "must be a JSON object"),
        ({"actor_id": "../../x"}, "is not an actor's name"),
    ],
)
async def test_an_apify_run_that_cannot_start_is_an_error(place: Any, fields: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await place(scraping.ApifyActorsComponent(apify_token="k", **fields)).run_model()


async def test_a_recording_is_sent_and_its_transcript_waited_for(online: WebStandin, place: Any, ctx: Any) -> None:
    ctx.files.contents["flow-1/a.mp3"] = b"sound"
    online.serve("/v2/upload", {"upload_url": "http://up"})
    online.serve("/v2/transcript", {"id": "t1", "status": "queued"})
    create = media.AssemblyAITranscriptionJobCreator(api_key="k", audio_file="flow-1/a.mp3", speakers_expected="2")
    job = await place(create).create_transcription_job()
    assert job.data == {"transcript_id": "t1"}
    upload, transcript = online.seen
    assert (upload.body, upload.headers["authorization"]) == (b"sound", "k")
    assert transcript.json["audio_url"] == "http://up"
    assert transcript.json["speakers_expected"] == 2

    def poll(seen: Seen) -> Any:
        done = online.paths.count("/v2/transcript/t1") > 2
        return {"id": "t1", "status": "completed" if done else "processing", "text": "hello", "words": []}

    online.serve("/v2/transcript/t1", poll)
    poller = place(media.AssemblyAITranscriptionJobPoller(api_key="k", transcript_id=job, polling_interval=0))
    result = await poller.poll_transcription_job()
    assert list(result.data) == ["text", "utterances", "id", "status", "words"]
    assert result.data["text"] == "hello"


async def test_a_transcription_that_fails_is_a_result_that_passes_through(online: WebStandin, place: Any) -> None:
    nothing = await place(media.AssemblyAITranscriptionJobCreator(api_key="k")).create_transcription_job()
    assert nothing.data == {"error": "An error occurred: Either an audio file or an audio URL must be provided"}
    poller = media.AssemblyAITranscriptionJobPoller(api_key="k", transcript_id=nothing)
    assert await place(poller).poll_transcription_job() == nothing
    online.serve("/v2/transcript/t1", {"id": "t1", "status": "error", "error": "no sound"})
    poller = media.AssemblyAITranscriptionJobPoller(api_key="k", transcript_id=Data({"transcript_id": "t1"}))
    assert (await place(poller).poll_transcription_job()).data == {"error": "no sound"}


def comment(id_: str) -> dict[str, Any]:
    return {"id": id_, "snippet": {"authorDisplayName": "A", "textDisplay": f"text {id_}", "likeCount": 2}}


async def test_the_comments_of_a_video_are_read_page_by_page(online: WebStandin, place: Any) -> None:
    def page(seen: Seen) -> Any:
        first = "pageToken" not in seen.query
        thread = {"snippet": {"topLevelComment": comment("c1" if first else "c2"), "totalReplyCount": 1}}
        return {"items": [{**thread, "replies": {"comments": [comment("r1")]}}], "nextPageToken": "p" if first else ""}

    online.serve("/youtube/v3/commentThreads", page)
    component = youtube.YouTubeCommentsComponent(
        api_key="k", video_url="https://www.youtube.com/watch?v=abc-DEF_123&t=1", include_replies=True
    )
    rows = (await place(component).get_video_comments()).rows
    assert [(row["comment_id"], row["parent_comment_id"], row["is_reply"]) for row in rows] == [
        ("c1", "", False),
        ("r1", "c1", True),
        ("c2", "", False),
        ("r1", "c2", True),
    ]
    assert (rows[0]["video_id"], rows[0]["like_count"], rows[0]["reply_count"]) == ("abc-DEF_123", 2, 1)
    assert [seen.query["maxResults"] for seen in online.seen] == ["10", "9"]


async def test_what_is_no_video_is_an_error(place: Any) -> None:
    with pytest.raises(ValueError, match="is not the address of a YouTube video"):
        await place(youtube.YouTubeCommentsComponent(api_key="k", video_url="http://x")).get_video_comments()


TRACKS = [
    {"baseUrl": "https://www.youtube.com/api/timedtext?v=abc-DEF_123&lang=de", "languageCode": "de"},
    {
        "baseUrl": "https://www.youtube.com/api/timedtext?v=abc-DEF_123&kind=asr&lang=en",
        "languageCode": "en",
        "kind": "asr",
    },
    {"baseUrl": "https://elsewhere.test/steal?v=abc-DEF_123&lang=en-GB", "languageCode": "en-GB"},
]
SPOKEN = {
    "events": [
        {"tStartMs": 0, "segs": [{"utf8": "\n"}]},
        {"tStartMs": 1000, "dDurationMs": 2000, "segs": [{"utf8": "Hello"}, {"utf8": " there\n"}]},
        {"tStartMs": 58000, "dDurationMs": 4000, "segs": [{"utf8": "across"}]},
        {"tStartMs": 200000, "dDurationMs": 1000, "segs": [{"utf8": "late"}]},
    ]
}


def with_captions(online: WebStandin, tracks: Any = TRACKS, **player: Any) -> None:
    renderer = {"playerCaptionsTracklistRenderer": {"captionTracks": tracks}}
    online.serve("/youtubei/v1/player", {"captions": renderer, **player})
    online.serve("/api/timedtext", SPOKEN)


async def test_the_transcript_of_a_video_in_chunks_and_as_a_whole(online: WebStandin, place: Any) -> None:
    with_captions(online)
    component = place(youtube.YouTubeTranscriptsComponent(url="https://youtu.be/abc-DEF_123"))
    assert (await component.get_dataframe_output()).rows == [
        {"timestamp": "00:00", "text": "Hello there"},
        {"timestamp": "01:00", "text": "across"},
        {"timestamp": "03:00", "text": "late"},
    ]
    assert (await component.get_message_output()).text == "Hello there across late"
    assert (await component.get_data_output()).data == {
        "transcript": "Hello there across late",
        "video_url": "https://youtu.be/abc-DEF_123",
    }
    player, captions = online.seen[:2]
    assert player.json["videoId"] == "abc-DEF_123"
    assert captions.query == {"v": "abc-DEF_123", "lang": "en-GB", "fmt": "json3"}


async def test_a_transcript_is_translated_by_youtube(online: WebStandin, place: Any) -> None:
    with_captions(online, TRACKS[:1])
    component = youtube.YouTubeTranscriptsComponent(url="https://youtu.be/abc-DEF_123", translation="es")
    await place(component).get_message_output()
    assert online.seen[1].query["tlang"] == "es"


@pytest.mark.parametrize(
    ("player", "reason"),
    [
        ({"tracks": []}, "has no captions"),
        ({"playabilityStatus": {"status": "ERROR", "reason": "This video is private"}}, "This video is private"),
        ({"playabilityStatus": {"status": "LOGIN_REQUIRED"}}, "LOGIN_REQUIRED"),
    ],
)
async def test_a_video_without_captions_says_so_in_every_output(
    online: WebStandin, place: Any, player: dict[str, Any], reason: str
) -> None:
    with_captions(online, **player)
    component = place(youtube.YouTubeTranscriptsComponent(url="https://youtu.be/abc-DEF_123"))
    assert reason in (await component.get_dataframe_output()).rows[0]["error"]
    assert reason in (await component.get_message_output()).text
    assert reason in (await component.get_data_output()).data["error"]


def test_every_service_key_may_come_from_the_environment(registry: Registry) -> None:
    named = {name for cls in registry.components.values() for name in getattr(cls, "variables", ())}
    assert named == set(SERVICE_VARIABLES)
