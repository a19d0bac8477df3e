"""The views by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .jobs import ended, submit, submit_slow

# Whatever a mouse could press: of tabs the open one, since arrows lead to the others.
MISSED = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((control) => control.checkVisibility() && !control.disabled && control.getAttribute("aria-selected") !== "false")
    .filter((control) => !control.wasReached)
    .map((control) => (control.ariaLabel || control.textContent || control.placeholder).trim())"""
REACH = """() => {
    const { activeElement: control, body } = document;
    const { wasReached } = control;
    control.wasReached = control !== body;
    return wasReached;
}"""


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        ("flows", "Download Echo Chat"),
        ("flow", "Send"),
        ("jobs", "Stop job"),
        ("job", "Replay"),
        ("messages", "Edit the message"),
        ("settings", "Create"),
    ],
)
def test_every_control_is_reached_by_tab(open_page, server, view, wanted):
    job_id = submit(server, "by keyboard", session_id="keyboard")
    flow_id = ended(server, job_id)["flow_id"]
    running = submit_slow(server, "by keyboard")
    addresses = {"flow": f"flows/{flow_id}", "job": f"jobs/{job_id}", "messages": "messages?session=keyboard"}
    page = open_page(f"#/{addresses.get(view, view)}")
    expect(page.get_by_role("button", name=wanted).first).to_be_visible()
    if view == "flow":
        expect(page.get_by_label("Message", exact=True)).to_be_focused()
    for _ in range(200):
        # Once around: a chat has the focus from the beginning.
        if page.evaluate(REACH):
            break
        page.keyboard.press("Tab")
    assert page.evaluate(MISSED) == []
    server.request("POST", "/api/v2/workflows/stop", {"job_id": running})
