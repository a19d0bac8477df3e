"""The page where a key is asked for: once for a tab, kept over a reload, and gone with the tab."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.serving import Server, run_command, running_server


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A key that was made before the server starts."""
    made = run_command(
        "api-key", "--data-dir", tmp_path_factory.getbasetemp() / "locked" / "data", cwd=tmp_path_factory.getbasetemp()
    )
    return re.search(r"sk-\S+", made.stdout)[0]


@pytest.fixture
def locked(browser, key, tmp_path_factory) -> Iterator[Server]:
    """A server that asks for it; a new one for each test, since it counts wrong keys."""
    with running_server(tmp_path_factory.getbasetemp() / "locked" / "data", LANGFLOW_AUTO_LOGIN="false") as server:
        yield server


def enter(page, text: str) -> None:
    page.get_by_label("API key", exact=True).fill(text)
    page.keyboard.press("Enter")


def test_the_key_is_asked_for_once_and_kept_in_the_tab(open_page, locked, key, keep):
    page = open_page("#/flows", at=locked)
    expect(page.get_by_role("dialog")).to_contain_text("The key is kept in this tab only")
    keep(page, "asked")
    enter(page, key)
    expect(page.get_by_role("link", name="Echo Chat", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Echo Chat", exact=True)).to_be_visible()
    for view in ("Jobs", "Messages", "Settings"):
        page.get_by_role("link", name=view, exact=True).click()
        expect(page.get_by_role("heading", name=view, exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="This tab")).to_contain_text(f"It sends the key {key[:6]}…")
    expect(page.get_by_role("region", name="Server")).to_contain_text("Asks for a keyyes")
    assert key not in page.content()
    other = page.context.new_page()
    other.goto(f"{locked.url}/#/flows")
    expect(other.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_role("region", name="This tab")).to_contain_text("It sends no key.")
    page.get_by_role("link", name="Flows", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_wrong_key_is_refused_and_forgotten(open_page, locked, key):
    page = open_page("#/jobs", at=locked)
    enter(page, "sk-wrong")
    expect(page.get_by_role("dialog")).to_contain_text("This key was refused.")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="This did not work")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.locator("#health")).to_contain_text("Running")
    page.get_by_role("button", name="Try again").click()
    enter(page, key)
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()


def test_too_many_wrong_keys_are_said_to_be_that(open_page, locked, key, keep):
    page = open_page("#/messages", at=locked)
    dialog = page.get_by_role("dialog")
    for number in range(6):
        expect(page.get_by_label("API key", exact=True)).to_have_value("")
        enter(page, f"sk-wrong-{number}")
        expect(dialog).to_contain_text("This key was refused.")
    expect(dialog).to_contain_text(re.compile(r"Too many wrong credentials.*\d+\ss"))
    keep(page, "throttled")
    enter(page, key)
    expect(page.get_by_role("heading", name="Messages", exact=True)).to_be_visible()


def test_a_key_that_is_deleted_is_asked_for_again(open_page, locked, key):
    page = open_page("#/settings", at=locked)
    enter(page, key)
    keys = page.get_by_role("region", name="API keys")
    keys.get_by_label("Name of the key").fill("short-lived")
    keys.get_by_role("button", name="Create").click()
    second = keys.locator(".new-key code").inner_text()
    page.get_by_role("button", name="Use another key").click()
    enter(page, second)
    expect(page.get_by_role("region", name="This tab")).to_contain_text(second[:6])
    keys.get_by_role("button", name="Delete short-lived").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("This key was refused.")
    page.keyboard.press("Escape")
    expect(keys).to_contain_text("Invalid API key")
    page.get_by_role("button", name="Enter a key").click()
    enter(page, key)
    expect(keys.get_by_role("table")).to_be_visible()
