"""The settings on the page: variables, keys, files, and what the server says of itself."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from .jobs import HOSTILE

# The first two are emptied once they are sent, the last is untouched.
EMPTY = ["Name of the variable", "Value of the variable", "Name of the key"]


def card(page, name: str):
    return page.get_by_role("region", name=name)


def test_variables_are_added_changed_and_deleted(open_page, server, keep):
    page = open_page("#/settings")
    variables = card(page, "Global variables")
    variables.get_by_label("Name of the variable").fill("MY_KEY")
    variables.get_by_label("Value of the variable").fill("sk-very-secret")
    page.keyboard.press("Enter")
    row = variables.get_by_role("row").filter(has_text="MY_KEY")
    expect(row).to_contain_text("Credential")
    expect(page.get_by_label("Name of the variable")).to_be_focused()
    borders = [page.get_by_label(name).evaluate("(one) => getComputedStyle(one).borderColor") for name in EMPTY]
    assert len(set(borders)) == 1
    variables.get_by_label("Name of the variable").fill("GREETING")
    variables.get_by_label("Type of the variable").select_option("Generic")
    variables.get_by_label("Value of the variable").fill("good morning")
    variables.get_by_role("button", name="Add").click()
    greeting = variables.get_by_role("row").filter(has_text="GREETING")
    expect(greeting).to_contain_text("good morning")
    greeting.get_by_role("button", name="Change GREETING").click()
    expect(page.get_by_label("New value")).to_have_value("good morning")
    page.get_by_label("New value").fill("good night")
    page.keyboard.press("Enter")
    expect(greeting).to_contain_text("good night")
    row.get_by_role("button", name="Change MY_KEY").click()
    expect(page.get_by_label("New value")).to_have_value("")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    keep(page, "variables")
    assert "sk-very-secret" not in page.content()
    variables.get_by_label("Name of the variable").fill("GREETING")
    variables.get_by_label("Value of the variable").fill("twice")
    variables.get_by_role("button", name="Add").click()
    expect(page.locator(".toast.error")).to_be_visible()
    expect(variables.get_by_label("Value of the variable")).to_have_value("twice")
    row.get_by_role("button", name="Delete MY_KEY").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
    expect(variables.get_by_role("row").filter(has_text="MY_KEY")).to_have_count(0)
    expect(variables.get_by_role("heading")).to_be_focused()
    assert [v["name"] for v in server.request("GET", "/api/v1/variables/")[1]] == ["GREETING"]


def test_a_key_is_shown_once_and_deleted(open_page, server, keep):
    page = open_page("#/settings", permissions=["clipboard-read", "clipboard-write"])
    keys = card(page, "API keys")
    keys.get_by_label("Name of the key").fill("for the tests")
    page.keyboard.press("Enter")
    shown = keys.locator(".new-key code")
    expect(shown).to_have_text(re.compile(r"^sk-\S{20,}$"))
    secret = shown.inner_text()
    page.keyboard.press("Enter")
    expect(keys.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    keep(page, "created")
    keys.get_by_role("button", name="Done").click()
    row = keys.get_by_role("row").filter(has_text="for the tests")
    expect(row).to_be_visible()
    assert secret not in page.content()
    assert server.request("GET", "/api/v1/variables/", headers={"x-api-key": secret})[0] == 200
    row.get_by_role("button", name="Delete for the tests").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert server.request("GET", "/api/v1/variables/", headers={"x-api-key": secret})[0] == 403


def test_files_are_uploaded_downloaded_and_deleted(open_page, server):
    page = open_page("#/settings")
    files = card(page, "Files")
    files.locator("input[type=file]").set_input_files(
        [{"name": "notes <b>.txt", "mimeType": "text/plain", "buffer": b"a note" * 300}]
    )
    row = files.get_by_role("row").filter(has_text="notes")
    expect(row).to_contain_text("1.8 kB")
    with page.expect_download() as download:
        row.get_by_role("button", name="Download").click()
    assert download.value.path().read_bytes() == b"a note" * 300
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert server.request("GET", "/api/v2/files/")[1] == []


def test_the_server_says_what_it_is(open_page, server):
    page = open_page("#/settings")
    about = card(page, "Server")
    expect(about).to_contain_text(server.request("GET", "/api/v1/version")[1]["version"])
    expect(about).to_contain_text("no, it is open to this machine")
    about.get_by_role("link", name="API documentation").click()
    expect(page).to_have_title(re.compile("API"))


def test_hostile_names_are_text(open_page, server, keep):
    page = open_page("#/settings")
    variables = card(page, "Global variables")
    for name in (HOSTILE, "n" * 1000):
        variables.get_by_label("Name of the variable").fill(name)
        variables.get_by_label("Value of the variable").fill("v")
        variables.get_by_role("button", name="Add").click()
        expect(variables.get_by_role("row").filter(has_text=name[:40])).to_have_count(1)
    variables.get_by_label("Name of the variable").fill("n" * 10_000)
    variables.get_by_label("Value of the variable").fill("v")
    variables.get_by_role("button", name="Add").click()
    expect(page.locator(".toast.error")).to_contain_text("name")
    keep(page, "listed")
    assert page.evaluate("document.images.length") == 1
    assert page.title() != "owned"
    for variable in server.request("GET", "/api/v1/variables/")[1]:
        variables.get_by_role("button", name=re.compile("^Delete")).first.click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(variables.locator("tbody tr", has_text=variable["name"][:40])).to_have_count(0)


def test_narrow_and_dark(open_page, server, keep):
    page = open_page("#/settings", width=390, height=844, color_scheme="dark")
    variables = card(page, "Global variables")
    variables.get_by_label("Name of the variable").fill("A_NAME_OF_SOME_LENGTH")
    variables.get_by_label("Value of the variable").fill("v")
    variables.get_by_role("button", name="Add").click()
    expect(variables.get_by_role("row").filter(has_text="A_NAME")).to_be_visible()
    keep(page, "settings")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
