"""A real Chromium on a real server. Every page that a test opens has to stay on its server and keep its console clean."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.serving import ROOT, Server, running_server
from tests.standin import Standin, running_standin

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
SCREENSHOTS = ROOT / ".cache" / "screenshots"
# The browser's own services would be looked up at every start; as root there is no sandbox.
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ROOT_FLAGS = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
# Firefox logs a rejection that nobody handles as an error, also one that a listener of the window has prevented.
REJECTIONS = "addEventListener('unhandledrejection', ({ reason }) => console.error(`nobody handles ${reason}`))"

Open = Callable[..., Page]

expect.set_options(timeout=30_000)


# Not for the whole session: while it runs, the driver keeps an event loop in this thread, and other tests start their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (the variable CHROMIUM may name one)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *ROOT_FLAGS])
        yield started
        started.close()


@pytest.fixture(scope="package")
def standin() -> Iterator[Standin]:
    with running_standin() as standin:
        yield standin


@pytest.fixture(scope="module")
def server(browser: Browser, standin: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the example flows, whose OpenAI is the stand-in."""
    data = tmp_path_factory.mktemp("playground") / "data"
    with running_server(data, OPENAI_BASE_URL=f"{standin.url}/v1", OPENAI_API_KEY="sk-test") as server:
        yield server


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Open]:
    """Opens a path of the server in a browser of its own: `open_page("#/jobs", width=400, color_scheme="dark")`."""
    opened = []
    problems: list[str] = []

    def open_(path: str = "", *, at: Server = server, width: int = 1400, height: int = 900, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **options)
        context.set_default_timeout(30_000)
        context.add_init_script(REJECTIONS)
        opened.append(context)
        page = context.new_page()

        def console(message: ConsoleMessage) -> None:
            # A refused request is logged by the browser itself; whether it was meant is for the test to say.
            if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
                problems.append(f"console: {message.text}")

        def request(sent: Request) -> None:
            if not sent.url.startswith((at.url + "/", "blob:", "data:")):
                problems.append(f"request to {sent.url}")

        page.on("console", console)
        page.on("pageerror", lambda error: problems.append(f"uncaught: {error}"))
        page.on("request", request)
        page.goto(f"{at.url}/{path}")
        return page

    yield open_
    for context in opened:
        context.close()
    assert problems == []


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[[Page, str], Path]:
    """Keeps a screenshot of a page under `.cache/screenshots`, named after the test."""

    def keep_(page: Page, name: str) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        test = re.sub(r"\W+", "_", request.node.name).strip("_")
        path = SCREENSHOTS / f"{test}-{name}.png"
        page.screenshot(path=path)
        return path

    return keep_
