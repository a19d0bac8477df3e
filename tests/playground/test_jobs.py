"""The list of jobs on the page: live, filtered, paged, and stopped from it."""

from __future__ import annotations

from playwright.sync_api import expect

from .jobs import HOSTILE, ended, submit, submit_slow


def row(page, job_id):
    return page.locator(f'tr[data-id="{job_id}"]')


def test_a_running_job_appears_ticks_and_is_stopped(open_page, server, keep):
    page = open_page("#/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    job_id = submit_slow(server, "apples and pears")
    running = row(page, job_id)
    expect(running.locator(".state")).to_have_text("Running")
    expect(running).to_contain_text("Prompt Chain")
    expect(running).to_contain_text("apples and pears")
    expect(page.locator("p.hint")).to_have_text("1 running")
    duration = running.locator("td.number")
    seen = duration.inner_text()
    expect(duration).not_to_have_text(seen)
    keep(page, "running")
    running.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    expect(running.locator(".state")).to_have_text("Stopped")
    expect(running.get_by_role("button", name="Stop")).to_be_hidden()
    expect(running.get_by_role("link", name="Open")).to_be_focused()
    expect(page.locator("p.hint")).to_have_text("Nothing is running.")
    assert ended(server, job_id)["status"] == "cancelled"


def test_filters_by_state_and_flow_are_kept_in_the_address(open_page, server):
    echoed, failed = submit(server), submit(server, flow="prompt-chain", files=["nowhere.png"])
    assert [ended(server, job_id)["status"] for job_id in (echoed, failed)] == ["completed", "failed"]
    page = open_page("#/jobs")
    expect(row(page, echoed)).to_be_visible()
    page.get_by_label("State").select_option("Completed")
    expect(row(page, echoed)).to_be_visible()
    page.get_by_label("State").select_option("Failed")
    expect(row(page, failed)).to_be_visible()
    expect(row(page, echoed)).to_have_count(0)
    assert page.url.endswith("#/jobs?status=failed")
    page.get_by_label("State").select_option("All states")
    page.get_by_label("Flow").select_option("Echo Chat")
    expect(row(page, echoed)).to_be_visible()
    expect(row(page, failed)).to_have_count(0)
    page.reload()
    expect(row(page, echoed)).to_be_visible()
    expect(row(page, failed)).to_have_count(0)


def test_more_jobs_are_loaded_page_by_page(open_page, server):
    ids = [submit(server, f"number {number}", session_id="paged") for number in range(60)]
    ended(server, ids[-1])
    page = open_page("#/jobs")
    expect(row(page, ids[-1])).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Load more").click()
    expect(row(page, ids[0])).to_be_visible()
    expect(page.locator("tbody tr", has_text="number")).to_have_count(60)
    newest = submit(server, "one more")
    expect(row(page, newest).locator(".state")).to_have_text("Completed")
    expect(page.locator("tbody tr").first).to_have_attribute("data-id", newest)
    expect(page.locator("tbody tr", has_text="number")).to_have_count(60)


def test_a_refresh_keeps_the_place_of_the_reader(open_page, server):
    first = submit_slow(server, "reader")
    page = open_page("#/jobs")
    stop = row(page, first).get_by_role("button", name="Stop")
    stop.focus()
    second = submit(server, "another")
    expect(row(page, second)).to_be_visible()
    expect(row(page, second).locator(".state")).to_have_text("Completed")
    expect(stop).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, first).locator(".state")).to_have_text("Stopped")


def test_hostile_text_is_text(open_page, server, keep):
    job_id = submit(server, HOSTILE, session_id=HOSTILE)
    long = submit(server, "x" * 10_000, session_id="y" * 10_000)
    ended(server, long)
    page = open_page("#/jobs")
    expect(row(page, job_id)).to_contain_text("<img src=x onerror=")
    expect(row(page, long)).to_contain_text("xxx")
    keep(page, "listed")
    assert page.evaluate("document.images.length") == 1
    assert page.title() != "owned"


def test_narrow_and_dark(open_page, server, keep):
    ended(server, submit(server))
    job_id = submit_slow(server)
    page = open_page("#/jobs", width=390, height=844, color_scheme="dark")
    expect(row(page, job_id).locator(".state")).to_have_text("Running")
    keep(page, "narrow")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    row(page, job_id).get_by_role("button", name="Stop").click()
    expect(row(page, job_id).locator(".state")).to_have_text("Stopped")


def test_a_server_that_is_away_is_waited_for(open_page, server):
    page = open_page("#/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("p.hint")).to_have_text("The server cannot be reached. Trying again …")
    page.context.set_offline(False)
    job_id = submit(server, "back again")
    expect(row(page, job_id)).to_be_visible()
    expect(page.locator("p.hint")).to_have_text("Nothing is running.")


def test_a_hidden_tab_asks_for_nothing(open_page, server):
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    job_id = submit_slow(server, "unseen")
    page = open_page("#/flows")
    page.clock.install()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(row(page, job_id).locator(".state")).to_have_text("Running")
    page.evaluate(hide, True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    submit(server, "while hidden")
    page.clock.run_for(12_000)
    assert [url for url in asked if "workflows/jobs" in url] == []
    page.evaluate(hide, False)
    expect(page.locator("tbody tr", has_text="while hidden")).to_be_visible()
    row(page, job_id).get_by_role("button", name="Stop").click()
    expect(row(page, job_id).locator(".state")).to_have_text("Stopped")
