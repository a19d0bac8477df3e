"""Transcription of recordings by AssemblyAI."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import anyio

from langflow_lite.components.base import output
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.files import paths_in
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.service import Service
from langflow_lite.values import Data

__all__ = ["AssemblyAITranscriptionJobCreator", "AssemblyAITranscriptionJobPoller"]

_SHORTEST_PAUSE = 0.01
_LONGEST_JOB = 4 * 3600.0


class _AssemblyAI(Service):
    service = "assemblyai"
    title = "AssemblyAI"
    address = "https://api.assemblyai.com"
    variables = ("ASSEMBLYAI_API_KEY",)
    category = "assemblyai"
    icon = "AssemblyAI"

    api_key: str = field(Kind.SECRET, "Assembly API Key", required=True, load_from_db=True)


class AssemblyAITranscriptionJobCreator(_AssemblyAI):
    """Starts the transcription of a recording with AssemblyAI."""

    name = "AssemblyAITranscriptionJobCreator"
    display_name = "AssemblyAI Start Transcript"

    audio_file: Any = field(Kind.FILE, "Audio File", info="A recording that was uploaded to this server.")
    audio_file_url: str = field(Kind.TEXT, "Audio File URL", advanced=True, info="The address of a recording, instead.")
    speech_model: str = field(Kind.DROPDOWN, "Speech Model", "best", options=("best", "nano"), advanced=True)
    language_detection: bool = field(Kind.BOOL, "Automatic Language Detection", advanced=True)
    language_code: str = field(Kind.TEXT, "Language", advanced=True, info="Such as en_us; used without detection.")
    speaker_labels: bool = field(Kind.BOOL, "Enable Speaker Labels")
    speakers_expected: str = field(Kind.TEXT, "Expected Number of Speakers", advanced=True)
    punctuate: bool = field(Kind.BOOL, "Punctuate", True, advanced=True)
    format_text: bool = field(Kind.BOOL, "Format Text", True, advanced=True)

    @output("transcript_id", "Transcript ID")
    async def create_transcription_job(self) -> Data:
        """The job's id under `transcript_id`, else `error`."""
        key = await self.key(self.api_key)
        try:
            body: dict[str, Any] = {
                "audio_url": await self._audio(key),
                "speech_model": self.speech_model,
                "punctuate": self.punctuate,
                "format_text": self.format_text,
                "speaker_labels": self.speaker_labels,
                "language_detection": self.language_detection,
            }
            if self.language_code and not self.language_detection:
                body["language_code"] = self.language_code
            if self.speakers_expected.strip().isdigit():
                body["speakers_expected"] = int(self.speakers_expected)
            job = await self.call("POST", "/v2/transcript", headers={"Authorization": key}, json=body)
            if job.get("status") == "error":
                raise FetchFailed(str(job.get("error")))
            data = Data({"transcript_id": job.get("id")})
        except ValueError as error:
            data = Data({"error": f"An error occurred: {error}"})
        self.status = data
        return data

    async def _audio(self, key: str) -> str:
        paths = list(paths_in(self.audio_file))
        if not paths:
            if not self.audio_file_url.strip():
                raise ValueError("Either an audio file or an audio URL must be provided")
            return self.audio_file_url.strip()
        headers = {"Authorization": key, "Content-Type": "application/octet-stream"}
        content = await self.ctx.files.read(paths[0])
        found = await self.call("POST", "/v2/upload", headers=headers, content=content, timeout=600.0)
        return str(found["upload_url"])


class AssemblyAITranscriptionJobPoller(_AssemblyAI):
    """Waits for a transcription of AssemblyAI and gives its text."""

    name = "AssemblyAITranscriptionJobPoller"
    display_name = "AssemblyAI Poll Transcript"

    transcript_id: Any = field(Kind.DATA, "Transcript ID", required=True, info="What starting the job gave.")
    polling_interval: float = field(
        Kind.FLOAT, "Polling Interval", 3.0, advanced=True, info="Seconds between questions."
    )

    @output("transcription_result", "Transcription Result")
    async def poll_transcription_job(self) -> Data:
        """The transcript, its text and utterances first; `error` when there is none."""
        given = self.transcript_id
        record = given.data if isinstance(given, Data) else {"transcript_id": str(given or "")}
        if record.get("error"):
            return Data(record)
        key = await self.key(self.api_key)
        try:
            transcript = await self._wait(key, str(record.get("transcript_id") or ""))
        except ValueError as error:
            return Data({"error": f"Getting transcription failed: {error}"})
        if transcript.get("status") == "error":
            return Data({"error": str(transcript.get("error"))})
        first = {name: transcript.pop(name, None) for name in ("text", "utterances", "id")}
        data = Data({**first, **transcript})
        self.status = data
        return data

    async def _wait(self, key: str, id_: str) -> dict[str, Any]:
        if not id_:
            raise ValueError("there is no transcript id")
        with anyio.fail_after(_LONGEST_JOB):
            while True:
                found = await self.call("GET", f"/v2/transcript/{quote(id_, safe='')}", headers={"Authorization": key})
                if found.get("status") not in ("queued", "processing"):
                    return dict(found)
                await anyio.sleep(max(self.polling_interval, _SHORTEST_PAUSE))
