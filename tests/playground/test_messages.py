"""The messages on the page: sessions found, read, renamed, corrected and deleted."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from .jobs import HOSTILE


def say(server, session: str, text: str = "Hello", flow: str = "echo") -> None:
    status, _ = server.request("POST", f"/api/v1/run/{flow}", {"input_value": text, "session_id": session})
    assert status == 200


def stored(server, session: str) -> list[str]:
    status, messages = server.request("GET", f"/api/v1/monitor/messages?session_id={quote(session, safe='')}")
    assert status == 200
    return [message["text"] for message in messages]


def choose(page, session: str) -> None:
    page.get_by_role("navigation", name="Sessions").get_by_role("link", name=session, exact=True).click()


def texts(page):
    return page.locator(".message .text")


def test_sessions_are_listed_searched_and_read(open_page, server, keep):
    say(server, "about apples", "red")
    say(server, "about pears", "**green**")
    page = open_page("#/messages")
    names = page.get_by_role("navigation", name="Sessions").get_by_role("link")
    expect(names.first).to_have_text("about pears")
    page.get_by_label("Search sessions").fill("apples")
    expect(names).to_have_text(["about apples"])
    page.get_by_label("Search sessions").fill("")
    choose(page, "about pears")
    expect(texts(page)).to_have_text(["**green**", "green"])
    expect(page.get_by_role("heading", name="about pears")).to_be_focused()
    keep(page, "read")
    page.reload()
    expect(texts(page)).to_have_text(["**green**", "green"])
    choose(page, "about apples")
    expect(texts(page)).to_have_text(["red", "red"])
    page.go_back()
    expect(texts(page)).to_have_text(["**green**", "green"])
    say(server, "about pears", "more")
    expect(texts(page)).to_have_count(4)


def test_a_flow_narrows_the_sessions(open_page, server):
    say(server, "only echo")
    say(server, "only router", "a, b", "router-loop")
    page = open_page("#/messages")
    names = page.get_by_role("navigation", name="Sessions").get_by_role("link")
    page.get_by_label("Flow").select_option("Router and Loop")
    expect(names.filter(has_text="only router")).to_have_count(1)
    expect(names.filter(has_text="only echo")).to_have_count(0)
    assert "flow_id=" in page.url


@pytest.mark.parametrize("name", ["plain", "with/slash/", HOSTILE.strip()])
def test_a_session_is_renamed_and_deleted_by_keyboard(open_page, server, name):
    say(server, f"before {name}", "x")
    page = open_page(f"#/messages?session={quote(f'before {name}', safe='')}")
    expect(texts(page)).to_have_text(["x", "x"])
    page.get_by_role("button", name="Rename").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("New name")
    expect(field).to_be_focused()
    field.fill(f"after {name}")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="after")).to_be_focused()
    expect(texts(page)).to_have_text(["x", "x"])
    assert (stored(server, f"before {name}"), stored(server, f"after {name}")) == ([], ["x", "x"])
    page.get_by_role("button", name="Delete", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").press("Enter")
    assert stored(server, f"after {name}") == ["x", "x"]
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_text("Choose a session.")).to_be_visible()
    assert stored(server, f"after {name}") == []
    assert page.title() != "owned"


def test_one_message_is_edited_and_deleted(open_page, server, keep):
    say(server, "edited", "teh answer")
    page = open_page("#/messages?session=edited")
    page.get_by_role("button", name="Edit the message").last.click()
    page.get_by_label("Text").fill("the answer")
    keep(page, "dialog")
    page.get_by_role("button", name="Save").click()
    expect(texts(page)).to_have_text(["teh answer", "the answer"])
    expect(page.locator(".message").last).to_contain_text("edited")
    page.get_by_role("button", name="Delete the message").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(texts(page)).to_have_text(["the answer"])
    assert stored(server, "edited") == ["the answer"]


def test_a_long_history_is_read_from_its_end(open_page, server):
    for number in range(60):
        say(server, "long", f"number {number}")
    page = open_page("#/messages?session=long")
    expect(texts(page)).to_have_count(100)
    expect(texts(page).last).to_be_in_viewport()
    page.get_by_role("button", name="Show earlier messages").click()
    expect(texts(page)).to_have_count(120)
    expect(texts(page).first).to_have_text("number 0")
    expect(page.get_by_role("button", name="Show earlier messages")).to_be_hidden()


def test_hostile_text_is_text(open_page, server, keep):
    say(server, f"{HOSTILE} 1", HOSTILE)
    say(server, "z" * 3000, "y" * 10_000)
    page = open_page("#/messages")
    page.get_by_role("navigation", name="Sessions").get_by_role("link").filter(has_text="onerror").click()
    expect(texts(page).last).to_contain_text("<img src=x onerror=")
    page.get_by_role("navigation", name="Sessions").get_by_role("link").filter(has_text="zzz").click()
    expect(texts(page).last).to_contain_text("yyyy")
    keep(page, "shown")
    assert page.evaluate("document.images.length") == 1
    assert page.title() != "owned"
    assert page.evaluate("document.documentElement.scrollWidth") == 1400


def test_narrow_and_dark(open_page, server, keep):
    say(server, "narrow", "Hello there")
    page = open_page("#/messages", width=390, height=844, color_scheme="dark")
    keep(page, "names")
    choose(page, "narrow")
    expect(texts(page)).to_have_count(2)
    expect(page.get_by_role("navigation", name="Sessions")).to_be_hidden()
    keep(page, "session")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="All sessions").click()
    expect(page.get_by_role("navigation", name="Sessions")).to_be_visible()
