"""Jobs for the tests of the page: submitted over the API, quick or as slow as the stand-in speaks."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.serving import Server

HOSTILE = "<img src=x onerror=\"document.title='owned'\"></script>\u202etxt.exe "
"""Markup, the end of a script, and an override that would turn what follows it around."""


def submit(server: Server, text: str = "Hello", flow: str = "echo", **body: Any) -> str:
    """The id of a new background job."""
    request = {"flow_id": flow, "background": True, "input_value": text, **body}
    status, job = server.request("POST", "/api/v2/workflows", request)
    assert status == 200, job
    return str(job["job_id"])


def submit_slow(server: Server, text: str = "Hello", *, words: int = 500, pace: int = 40, **body: Any) -> str:
    """The id of a job whose last model says so many words, one each `pace` milliseconds."""
    model = [{"name": f"slow-{pace}-{words}", "provider": "OpenAI"}]
    tweaks = {"LanguageModelComponent-z1Jn7": {"model": model}}
    return submit(server, text, "prompt-chain", tweaks=tweaks, **body)


def events(server: Server, job_id: str) -> list[Any]:
    """All events of a job; waits for its end."""
    with urllib.request.urlopen(f"{server.url}/api/v2/workflows/{job_id}/events", timeout=30) as stream:
        lines = stream.read().decode().splitlines()
    return [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]


def ended(server: Server, job_id: str) -> Any:
    """The job once it has ended."""
    events(server, job_id)
    return server.request("GET", f"/api/v2/workflows?job_id={job_id}")[1]
