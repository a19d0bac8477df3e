"""The list of flows: importing them in every way, finding, downloading and deleting them."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.flows import flow, node
from tests.playground.support import MESSAGE, chat_flow


@pytest.fixture
def page(open_page) -> Page:
    return open_page()


def exported(tmp_path, document, name="exported.json"):
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return path


def choose(page, *paths):
    page.get_by_label("Flow files").set_input_files(list(paths))


def card(page, name):
    return page.locator(".cards .card").filter(has=page.get_by_role("link", name=name, exact=True))


def test_a_file_is_imported_and_checked(page, tmp_path, keep):
    choose(page, exported(tmp_path, chat_flow(name="From a file")))
    panel = page.locator(".imported .card")
    expect(panel).to_contain_text("Imported From a file")
    expect(panel).to_contain_text("This flow runs here.")
    expect(card(page, "From a file")).to_have_count(1)
    keep(page, "imported")
    panel.get_by_role("link", name="From a file").click()
    expect(page.get_by_role("heading", name="From a file")).to_be_visible()
    expect(page.locator(".vertex")).to_have_count(3)


def test_what_a_flow_lacks_is_said_when_it_is_imported(page, tmp_path, keep):
    document = flow(
        [node("Nowhere-aaaa1", "NoSuchComponent", display_name="Nowhere", outputs=[MESSAGE])], [], name="Lacking"
    )
    choose(page, exported(tmp_path, document))
    panel = page.locator(".imported .card")
    expect(panel).to_contain_text("This flow cannot run here yet.")
    expect(panel).to_contain_text("Nowhere is not available here")
    keep(page, "lacking")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    page.get_by_role("link", name="Lacking", exact=True).click()
    page.get_by_role("tab", name="Check").click()
    page.get_by_role("tabpanel", name="Check").get_by_role("button", name="Nowhere-aaaa1").click()
    expect(page.locator(".vertex.selected")).to_have_count(1)
    expect(page.locator(".inspector")).to_contain_text("NoSuchComponent")
    keep(page, "check")


def test_files_are_dropped_anywhere(page):
    documents = {
        "first.json": json.dumps(chat_flow(name="Dropped one")),
        "second.json": json.dumps(chat_flow(name="Dropped two")),
    }
    dropped = page.evaluate_handle(
        """(files) => {
            const data = new DataTransfer();
            for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name, { type: "application/json" }));
            return data;
        }""",
        documents,
    )
    expect(card(page, "Echo Chat")).to_have_count(1)
    page.locator(".view").dispatch_event("dragover", {"dataTransfer": dropped})
    expect(page.locator(".dropping")).to_have_count(1)
    page.locator(".view").dispatch_event("drop", {"dataTransfer": dropped})
    expect(card(page, "Dropped one")).to_have_count(1)
    expect(card(page, "Dropped two")).to_have_count(1)
    expect(page.locator(".dropping")).to_have_count(0)


def test_a_zip_of_flows_is_imported(page, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("Zipped one", "Zipped two"):
            archive.writestr(f"{name}.json", json.dumps(chat_flow(name=name)))
    (tmp_path / "flows.zip").write_bytes(packed.getvalue())
    choose(page, tmp_path / "flows.zip")
    expect(page.locator(".imported .card")).to_have_count(2)
    expect(card(page, "Zipped two")).to_have_count(1)


def test_what_is_no_flow_is_refused_by_name(page, tmp_path):
    (tmp_path / "broken.json").write_text('{"data": ')
    choose(page, tmp_path / "broken.json")
    expect(page.locator(".toast.error")).to_contain_text("broken.json was not imported:")
    page.locator(".toast").get_by_role("button", name="Close").click()
    expect(page.locator(".toast")).to_have_count(0)


def test_flows_are_searched(page):
    expect(card(page, "Echo Chat")).to_have_count(1)
    page.get_by_label("Search flows").fill("LOOP item")
    expect(page.locator(".cards .card")).to_have_count(1)
    expect(card(page, "Router and Loop")).to_have_count(1)
    expect(page.locator(".hint")).to_contain_text(re.compile(r"^1 of \d+ flows$"))
    page.get_by_label("Search flows").fill("nothing like it")
    expect(page.get_by_text("No flow matches.")).to_be_visible()


def test_a_downloaded_flow_can_be_imported_again(page, server, tmp_path):
    choose(page, exported(tmp_path, {**chat_flow(name="There and back"), "unknown": {"kept": True}}))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download There and back").click()
    assert download.value.suggested_filename == "There_and_back.json"
    document = json.loads(download.value.path().read_text())
    assert document["data"] == chat_flow()["data"]
    again = tmp_path / "again.json"
    again.write_text(json.dumps({**document, "name": "Back again"}))
    choose(page, again)
    expect(page.locator(".imported")).to_contain_text("Imported Back again")


def test_a_flow_is_deleted_when_that_is_confirmed(page, tmp_path):
    choose(page, exported(tmp_path, chat_flow(name="Short-lived")))
    page.get_by_role("button", name="Delete Short-lived").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete “Short-lived”?")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(card(page, "Short-lived")).to_have_count(1)
    page.get_by_role("button", name="Delete Short-lived").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(card(page, "Short-lived")).to_have_count(0)
    page.reload()
    expect(card(page, "Echo Chat")).to_have_count(1)
    expect(card(page, "Short-lived")).to_have_count(0)


def test_an_empty_list_says_how_to_fill_it(open_page, keep):
    page = open_page("docs")
    page.route("**/api/v1/flows/?*", lambda route: route.fulfill(json=[]))
    page.goto(page.url.replace("docs", ""))
    expect(page.get_by_role("heading", name="No flows yet")).to_be_visible()
    expect(page.get_by_role("button", name="Choose a file")).to_be_visible()
    keep(page, "empty")
