"""A flow on the page: its graph, the chat, and a run that is watched, stopped and found again."""

from __future__ import annotations

from playwright.sync_api import expect


def test_a_flow_is_opened_and_answers(open_page, keep):
    page = open_page()
    page.get_by_role("link", name="Router and Loop", exact=True).click()
    expect(page.locator(".vertex")).to_have_count(9)
    page.get_by_label("Message", exact=True).fill("apples, pears, plums")
    page.keyboard.press("Enter")
    expect(page.locator(".status .state")).to_have_text("Completed")
    expect(page.locator(".message.machine li")).to_have_text(["apples", "pears", "plums"])
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(7)
    expect(page.locator('.vertex[data-state="inactive"]')).to_have_count(2)
    expect(page.locator('.vertex[data-id="ParserComponent-b7Qf3"] .badge')).to_contain_text("3×")
    keep(page, "answered")
