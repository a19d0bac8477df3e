"""The views by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .jobs import ended, submit, submit_slow

# Whatever a mouse could press: of tabs the open one, since arrows lead to the others.
CONTROLS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((control) => control.checkVisibility() && !control.disabled && control.getAttribute("aria-selected") !== "false")
    .map((control) => (control.ariaLabel || control.textContent || control.placeholder).trim())"""
FOCUSED = """() => {
    const control = document.activeElement;
    return control === document.body ? null : (control.ariaLabel || control.textContent || control.placeholder).trim();
}"""


@pytest.mark.parametrize("view", ["jobs", "job", "messages", "settings"])
def test_every_control_is_reached_by_tab(open_page, server, view):
    job_id = submit(server, "by keyboard", session_id="keyboard")
    ended(server, job_id)
    running = submit_slow(server, "by keyboard")
    address = {"job": f"jobs/{job_id}", "messages": "messages?session=keyboard"}.get(view, view)
    page = open_page(f"#/{address}")
    wanted = {"jobs": "Stop job", "job": "Replay", "messages": "Edit the message", "settings": "Create"}[view]
    expect(page.get_by_role("button", name=wanted).first).to_be_visible()
    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        reached.add(focused)
    assert set(page.evaluate(CONTROLS)) <= reached
    server.request("POST", "/api/v2/workflows/stop", {"job_id": running})
