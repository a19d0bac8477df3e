"""The page of one job: its events on the graph, what came of it, and the replay."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.serving import ROOT

from .jobs import HOSTILE, ended, events, submit, submit_slow
from .support import asking_flow


def test_an_ended_job_shows_what_happened(open_page, server, keep):
    job_id = submit(server, "apples, pears, plums", "router-loop", session_id="the session")
    ended(server, job_id)
    page = open_page(f"#/jobs/{job_id}")
    expect(page.locator(".facts .state")).to_have_text("Completed")
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(7)
    expect(page.locator(".message.machine li")).to_have_text(["apples", "pears", "plums"])
    expect(page.get_by_role("link", name="Router and Loop")).to_be_visible()
    expect(page.get_by_role("link", name="the session")).to_be_visible()
    page.get_by_role("tab", name="Result").click()
    expect(page.locator(".made:visible pre").first).to_have_text("* plums")
    page.get_by_role("tab", name="Request").click()
    expect(page.locator(".made:visible pre").first).to_have_text("apples, pears, plums")
    page.get_by_role("tab", name="Messages").click()
    keep(page, "completed")


def test_a_running_job_is_found_again_after_a_reload(open_page, server, keep):
    job_id = submit_slow(server, words=100, pace=30)
    page = open_page(f"#/jobs/{job_id}")
    text = page.locator(".message.machine .text")
    expect(text).to_contain_text("w10 ")
    keep(page, "running")
    page.reload()
    expect(text).to_contain_text("w20 ")
    expect(page.locator(".facts .state")).to_have_text("Completed")
    expect(text).to_have_text(" ".join(f"w{number}" for number in range(100)))
    last = page.locator(".events li").last.locator(".number")
    expect(last).to_have_text(str(len(events(server, job_id))))


def test_a_long_answer_is_scrolled_in_its_place(open_page, server):
    job_id = submit(server, "\n\n".join(f"line {number}" for number in range(200)))
    page = open_page(f"#/jobs/{job_id}")
    expect(page.locator(".message.machine")).to_contain_text("line 199")
    assert page.evaluate("document.documentElement.scrollHeight") == 900


def test_a_job_is_stopped_from_its_page(open_page, server):
    job_id = submit_slow(server)
    page = open_page(f"#/jobs/{job_id}")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".facts .state")).to_have_text("Stopped")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    assert ended(server, job_id)["status"] == "cancelled"


def test_the_replay_lights_the_vertices_up_again(open_page, server, keep):
    job_id = submit(server, "apples, pears, plums", "router-loop")
    ended(server, job_id)
    page = open_page(f"#/jobs/{job_id}")
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(7)
    page.get_by_role("button", name="Replay").click()
    expect(page.locator('.vertex[data-state="running"]').first).to_be_visible()
    expect(page.locator('.vertex[data-state="pending"]').first).to_be_visible()
    expect(page.locator('.vertex[data-state="done"]').first).to_be_visible()
    keep(page, "replaying")
    page.get_by_role("button", name="Stop replay").click()
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(7)
    expect(page.get_by_role("button", name="Replay", exact=True)).to_be_visible()


def test_a_failed_job_says_why(open_page, server, keep):
    job_id = submit(server, HOSTILE, "prompt-chain", files=[f"{HOSTILE}.png"])
    ended(server, job_id)
    page = open_page(f"#/jobs/{job_id}")
    expect(page.locator(".facts .state")).to_have_text("Failed")
    expect(page.locator(".made:visible .failure")).to_contain_text("<img src=x onerror=")
    expect(page.locator(".made:visible pre").first).to_contain_text(r"\u202etxt.exe")
    expect(page.locator('.vertex[data-state="failed"]')).to_have_count(1)
    keep(page, "failed")
    assert page.evaluate("document.images.length") == 1
    assert page.title() != "owned"


def test_unknown_jobs_and_jobs_without_events_say_so(open_page, server):
    page = open_page("#/jobs/0192c0de-0000-7000-8000-000000000000")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    _, job = server.request("POST", "/api/v2/workflows", {"flow_id": "echo", "input_value": "waited for"})
    page.goto(f"{server.url}/#/jobs/{job['job_id']}")
    expect(page.locator("p.hint")).to_contain_text("were not kept")
    page.get_by_role("tab", name="Result").click()
    expect(page.locator(".made:visible pre").first).to_have_text("waited for")


def test_a_job_outlives_its_flow_and_its_version(open_page, server, keep):
    document = (ROOT / "examples" / "flows" / "echo_chat.json").read_text()
    _, flow = server.request(
        "POST", "/api/v1/flows/", {**json.loads(document), "name": "Short-lived", "endpoint_name": None}
    )
    job_id = submit(server, "still here", flow["id"])
    ended(server, job_id)
    server.request("PATCH", f"/api/v1/flows/{flow['id']}", {"data": {"nodes": [], "edges": []}})
    page = open_page(f"#/jobs/{job_id}")
    expect(page.locator("p.hint")).to_contain_text("the graph as it was")
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(2)
    server.request("DELETE", f"/api/v1/flows/{flow['id']}")
    page.reload()
    expect(page.locator("p.hint")).to_contain_text("was deleted")
    expect(page.locator(".message.machine .text")).to_have_text("still here")
    expect(page.locator(".events li")).not_to_have_count(0)
    keep(page, "deleted")


@pytest.mark.parametrize("path", ["webhook", "build", "process"])
def test_jobs_of_other_endpoints_are_shown_too(open_page, server, path):
    if path == "webhook":
        server.request("POST", "/api/v1/webhook/echo", {"any": "thing"})
    elif path == "build":
        flow = server.request("GET", "/api/v1/flows/?header_flows=true")[1]
        echo = next(one["id"] for one in flow if one["endpoint_name"] == "echo")
        server.request(
            "POST", f"/api/v1/build/{echo}/flow?event_delivery=polling", {"inputs": {"input_value": "built"}}
        )
    else:
        server.request("POST", "/api/v1/process/echo", {"inputs": {"input": "processed"}, "sync": False})
    newest = server.request("GET", "/api/v2/workflows/jobs?limit=1")[1]["jobs"][0]
    assert newest["kind"] == path
    page = open_page("#/jobs")
    page.get_by_role("link", name=f"Open job {newest['job_id'][-8:]}").click()
    expect(page.locator(".facts")).to_contain_text(path.capitalize())
    expect(page.locator('.vertex[data-state="done"]').first).to_be_visible()


def test_narrow_and_dark(open_page, server, keep):
    job_id = submit(server, "apples, pears", "router-loop")
    ended(server, job_id)
    page = open_page(f"#/jobs/{job_id}", width=390, height=844, color_scheme="dark")
    expect(page.locator(".facts .state")).to_have_text("Completed")
    keep(page, "narrow")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_suspended_job_is_answered_on_its_page(open_page, server, keep):
    _, asking = server.request("POST", "/api/v1/flows/", asking_flow())
    job_id = submit(server, f"Ship it? {HOSTILE}", asking["id"])
    page = open_page("#/jobs")
    row = page.locator(f'tr[data-id="{job_id}"]')
    expect(row.locator(".state")).to_have_text("Suspended")
    row.get_by_role("link", name="Open").click()
    question = page.get_by_role("region", name="Decision")
    expect(question).to_contain_text("Ship it? <img src=x")
    keep(page, "asked")
    expect(page.locator(".events")).to_contain_text("Ship it?")
    page.reload()
    question.get_by_role("button", name="Approve").press("Enter")
    expect(question).to_be_hidden()
    expect(page.locator(".facts .state")).to_have_text("Completed")
    expect(page.locator('.vertex[data-id="TextOutput-out02"]')).to_have_attribute("data-state", "inactive")


@pytest.mark.parametrize("said", ["delivered", "given up"])
def test_a_callback_is_said_to_be_delivered_or_not(open_page, server, standin, said):
    # The stand-in answers everybody who asks for its models; addresses of cloud metadata are never called.
    url = f"{standin.url}/models" if said == "delivered" else "http://169.254.169.254/"
    job_id = submit(server, "call me", callback_url=url)
    page = open_page(f"#/jobs/{job_id}")
    expect(page.locator(".facts")).to_contain_text(f"{url}: {said}")


def test_events_that_are_no_longer_kept_are_said_to_be_gone(open_page, server):
    job_id = submit(server, "long ago")
    ended(server, job_id)
    page = open_page("#/jobs")
    detail = json.dumps({"detail": f"the events of job {job_id} after 0 are no longer kept"})
    page.route("**/events", lambda route: route.fulfill(status=410, body=detail, content_type="application/json"))
    page.get_by_role("link", name=f"Open job {job_id[-8:]}").click()
    expect(page.locator("p.hint")).to_contain_text("no longer kept")
    page.get_by_role("tab", name="Result").click()
    expect(page.locator(".made:visible pre").first).to_have_text("long ago")
    expect(page.locator(".facts .state")).to_have_text("Completed")
