"""What YouTube knows of a video: its comments, and what is said in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from langflow_lite.components.base import output
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.service import Service
from langflow_lite.values import Data, Message, Table

__all__ = ["YouTubeCommentsComponent", "YouTubeTranscriptsComponent"]

_VIDEO = re.compile(r"(?:v=|/v/|youtu\.be/|/embed/|/shorts/|/live/)([A-Za-z0-9_-]{6,20})")
_PAGE = 100


def _video_id(address: str) -> str:
    match = _VIDEO.search(address)
    if match is None:
        raise ValueError(f"{address[:200]!r} is not the address of a YouTube video")
    return match[1]


class YouTubeCommentsComponent(Service):
    """Reads the comments of a YouTube video."""

    name = "YouTubeCommentsComponent"
    aliases = ("YouTubeComments", "YouTube Comments")
    display_name = "YouTube Comments"
    category = "youtube"
    icon = "YouTube"
    service = "youtube"
    title = "YouTube"
    address = "https://www.googleapis.com"
    variables = ("YOUTUBE_API_KEY",)

    video_url: str = field(Kind.TEXT, "Video URL", required=True, tool_mode=True, info="The address of the video.")
    api_key: str = field(Kind.SECRET, "YouTube API Key", required=True, load_from_db=True)
    max_results: int = field(Kind.INT, "Max Results", 10, info="Most comments.")
    sort_by: str = field(Kind.DROPDOWN, "Sort By", "relevance", options=("time", "relevance"))
    include_replies: bool = field(Kind.BOOL, "Include Replies", advanced=True)
    include_metrics: bool = field(
        Kind.BOOL, "Include Metrics", True, advanced=True, info="Counts of likes and replies."
    )

    @output("comments", "Comments")
    async def get_video_comments(self) -> Table:
        """A row per comment; replies follow their comment. Raises `FetchFailed`, its words without the key."""
        video = _video_id(self.video_url)
        key = await self.key(self.api_key)
        rows: list[dict[str, Any]] = []
        left, page = max(1, self.max_results), ""
        while left > 0:
            params = {
                "part": "snippet,replies",
                "videoId": video,
                "order": self.sort_by,
                "textFormat": "plainText",
                "maxResults": str(min(left, _PAGE)),
                "key": key,
                **({"pageToken": page} if page else {}),
            }
            try:
                found = await self.call("GET", "/youtube/v3/commentThreads", params=params)
            except FetchFailed as error:
                raise FetchFailed(str(error).replace(key, "***"), error.status) from error
            threads = (found.get("items") or [])[:left]
            for thread in threads:
                rows += self._rows(thread, video)
            left -= len(threads)
            page = found.get("nextPageToken") or ""
            if not page or not threads:
                break
        table = Table(rows)
        self.status = table
        return table

    def _rows(self, thread: dict[str, Any], video: str) -> Iterator[dict[str, Any]]:
        top = thread["snippet"]["topLevelComment"]
        yield self._row(top, video, "", int(thread["snippet"].get("totalReplyCount") or 0))
        if self.include_replies:
            for reply in (thread.get("replies") or {}).get("comments") or []:
                yield self._row(reply, video, top["id"], 0)

    def _row(self, comment: dict[str, Any], video: str, parent: str, replies: int) -> dict[str, Any]:
        said = comment.get("snippet") or {}
        row = {
            "video_id": video,
            "video_url": self.video_url,
            "comment_id": comment.get("id"),
            "parent_comment_id": parent,
            "is_reply": bool(parent),
            "author": said.get("authorDisplayName"),
            "author_channel_url": said.get("authorChannelUrl"),
            "text": said.get("textDisplay"),
            "published_at": said.get("publishedAt"),
            "updated_at": said.get("updatedAt"),
        }
        if self.include_metrics:
            row |= {"like_count": said.get("likeCount"), "reply_count": replies}
        return row


# A client of YouTube that is told of a video's captions without a key.
_CLIENT = {"clientName": "ANDROID", "clientVersion": "20.10.38", "hl": "en"}
_LANGUAGES = ("", "en", "es", "fr", "de", "it", "pt", "ru", "ja", "ko", "hi", "ar", "id")


class _Piece(NamedTuple):
    start: float
    end: float
    text: str


class YouTubeTranscriptsComponent(Service):
    """Extracts what is spoken in YouTube videos, from their captions."""

    name = "YouTubeTranscripts"
    aliases = ("YouTube Transcripts",)
    display_name = "YouTube Transcripts"
    category = "youtube"
    icon = "YouTube"
    # Not a documented API: what YouTube's own player asks for.
    service = "youtube_captions"
    title = "YouTube"
    address = "https://www.youtube.com"

    url: str = field(Kind.MULTILINE, "Video URL", required=True, tool_mode=True, info="The address of the video.")
    chunk_size_seconds: int = field(Kind.INT, "Chunk Size (seconds)", 60, info="How long a part of the transcript is.")
    translation: str = field(
        Kind.DROPDOWN,
        "Translation Language",
        options=_LANGUAGES,
        advanced=True,
        info="Have YouTube translate it; empty: as it is.",
    )

    @output("dataframe", "Chunks")
    async def get_dataframe_output(self) -> Table:
        """A row for each part, with the time it begins; a video without captions gives a row with the `error`."""
        try:
            table = Table(self._chunks(await self._pieces()))
        except FetchFailed as error:
            table = Table([{"error": f"Failed to get YouTube transcripts: {error}"}])
        self.status = table
        return table

    @output("message", "Transcript")
    async def get_message_output(self) -> Message:
        """The whole transcript as one text; of a video without captions, why there is none."""
        try:
            text = _joined(await self._pieces())
        except FetchFailed as error:
            text = f"Failed to get YouTube transcripts: {error}"
        self.status = text
        return Message(text=text)

    @output("data_output", "Transcript + Source", types=("Data", "JSON"))
    async def get_data_output(self) -> Data:
        """`transcript` and `video_url`, and the `error` of a video without captions."""
        try:
            found = {"transcript": _joined(await self._pieces()), "video_url": self.url}
        except FetchFailed as error:
            found = {"transcript": "", "video_url": self.url, "error": str(error)}
        self.status = found
        return Data(found)

    async def _pieces(self) -> list[_Piece]:
        video = _video_id(self.url.strip())
        request = {"context": {"client": _CLIENT}, "videoId": video}
        player = await self.call("POST", "/youtubei/v1/player", json=request)
        state = player.get("playabilityStatus") or {}
        if state.get("status", "OK") != "OK":
            raise FetchFailed(f"the video {video} cannot be played: {state.get('reason') or state['status']}")
        captions = (player.get("captions") or {}).get("playerCaptionsTracklistRenderer") or {}
        tracks = [track for track in captions.get("captionTracks") or () if track.get("baseUrl")]
        if not tracks:
            raise FetchFailed(f"the video {video} has no captions")
        # English before others, written captions before recognised ones.
        track = min(
            tracks, key=lambda one: (not str(one.get("languageCode")).startswith("en"), one.get("kind") == "asr")
        )
        # Only what to ask for is taken from the answer, not whom.
        params = dict(parse_qsl(urlsplit(track["baseUrl"]).query)) | {"fmt": "json3"}
        if self.translation:
            params["tlang"] = self.translation
        found = await self.call("GET", "/api/timedtext", params=params)
        return list(_pieces_of(found.get("events") or ()))

    def _chunks(self, pieces: list[_Piece]) -> Iterator[dict[str, str]]:
        size = max(1, self.chunk_size_seconds)
        number = 0
        held: list[_Piece] = []
        for piece in pieces:
            # A piece belongs to the part in which it ends.
            if piece.end > size * (number + 1):
                if held:
                    yield _row(number * size, held)
                held = []
                number = max(number + 1, int(piece.start // size))
            held.append(piece)
        if held:
            yield _row(number * size, held)


def _pieces_of(events: Any) -> Iterator[_Piece]:
    for event in events:
        text = " ".join("".join(str(part.get("utf8") or "") for part in event.get("segs") or ()).split())
        if text:
            start = float(event.get("tStartMs") or 0) / 1000
            yield _Piece(start, start + float(event.get("dDurationMs") or 0) / 1000, text)


def _joined(pieces: list[_Piece]) -> str:
    return " ".join(piece.text for piece in pieces)


def _row(seconds: int, pieces: list[_Piece]) -> dict[str, str]:
    return {"timestamp": f"{seconds // 60:02d}:{seconds % 60:02d}", "text": _joined(pieces)}
