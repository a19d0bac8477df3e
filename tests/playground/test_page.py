"""The page as a whole: its size, its address, what it may load, and how it is used without a mouse."""

from __future__ import annotations

import contextlib
import re
import threading

import pytest
import uvicorn
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.routing import Mount

from langflow_lite import Settings, create_app
from tests.playground.support import chat_flow, expect_ended, say, stored, wire_to
from tests.serving import Server

VIEWS = {"Flows": "#/flows", "Jobs": "#/jobs", "Messages": "#/messages", "Settings": "#/settings"}


def test_nothing_is_allowed_but_what_the_server_itself_sends(open_page):
    page = open_page()
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert page.locator("script:not([src]), style, [style]:not(.world):not(.world *)").count() == 0


def test_every_view_has_a_title_and_gets_the_focus(open_page):
    page = open_page()
    for name in [*VIEWS, "Flows"]:
        link = page.get_by_role("navigation", name="Main").get_by_role("link", name=name)
        link.click()
        expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
        expect(link).to_have_attribute("aria-current", "page")
        expect(page).to_have_title(re.compile(f"^{name} · langflow-lite$"))
    page.goto(f"{page.url.partition('#')[0]}#/nowhere")
    expect(page.get_by_role("alert")).to_contain_text("There is no such page.")


def test_the_page_is_used_by_keyboard_alone(open_page, server):
    page = open_page()
    expect(page.get_by_role("link", name="Echo Chat", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    # The address is kept: after a reload the same view is shown.
    page.reload()
    expect(page.get_by_role("link", name="Echo Chat", exact=True)).to_be_visible()
    page.get_by_label("Search flows").focus()
    page.keyboard.type("echo")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Echo Chat", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect_ended(page)
    expect(page.locator(".message.user .text")).to_have_text("one\ntwo")
    page.get_by_role("tab", name="Chat").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Tweaks")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Tweaks")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Check")).to_be_focused()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1800, 1000)])
def test_narrow_and_wide_windows_are_filled_and_not_burst(open_page, server, keep, width, height):
    flow_id = stored(server, chat_flow("gpt", name="A flow with a rather long name that has to break somewhere"))
    page = open_page(width=width, height=height, color_scheme="dark" if width == 390 else "light")
    for name, path in {**VIEWS, "flow": f"#/flows/{flow_id}"}.items():
        page.goto(f"{server.url}/{path}")
        expect(page.locator(".view h1")).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
        keep(page, name)
    say(page, "hello")
    expect(page.locator(".message.machine .text")).to_have_text("ANSWER[hello]")


def test_nothing_moves_for_those_who_do_not_want_it(open_page, server, standin):
    page = open_page(f"#/flows/{stored(server, chat_flow())}", reduced_motion="reduce")
    say(page, "hello")
    running = page.locator('.vertex[data-state="running"]')
    expect(running).to_have_count(1)
    assert running.evaluate("(one) => getComputedStyle(one).animationName") == "none"
    standin.release()
    expect_ended(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_how_something_stands_can_be_read_on_its_ground(open_page, scheme):
    page = open_page(color_scheme=scheme)
    ratios = page.evaluate(
        """() => {
            const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            // WCAG 2.2, relative luminance.
            const luminance = (colour) => {
                pixel.fillStyle = colour;
                pixel.fillRect(0, 0, 1, 1);
                const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data]
                    .map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            return ["completed", "in_progress", "suspended", "failed", ""].map((kind) => {
                const state = document.createElement("span");
                state.className = `state ${kind}`;
                document.body.append(state);
                const { color, backgroundColor } = getComputedStyle(state);
                const [dark, light] = [luminance(color), luminance(backgroundColor)].sort((a, b) => a - b);
                return [kind, (light + 0.05) / (dark + 0.05)];
            });
        }"""
    )
    assert {kind: ratio for kind, ratio in ratios if ratio < 4.5} == {}


def test_every_field_of_the_api_page_has_a_name(open_page):
    page = open_page("docs")
    expect(page.get_by_text("POST/api/v1/flows/upload/")).to_be_visible()
    unnamed = """() => [...document.querySelectorAll("input, textarea")]
        .filter((field) => !field.labels.length && !field.ariaLabel).length"""
    assert page.evaluate(unnamed) == 0


def test_the_header_tells_how_the_server_is(open_page, server):
    page = open_page("docs")
    page.route(
        "**/health",
        lambda route: route.fulfill(status=503, json={"status": "nok", "detail": {"db": "the disk is gone"}}),
    )
    page.goto(f"{server.url}/")
    health = page.locator("#health")
    expect(health).to_have_text("Unhealthy: db: the disk is gone")
    page.unroute("**/health")
    page.reload()
    expect(health).to_have_text(re.compile(r"^Running · \d"))
    with wire_to(server) as wire:
        page = open_page(at=wire.server)
        expect(page.locator("#health")).to_contain_text("Running")
        wire.cut()
        page.evaluate("window.dispatchEvent(new Event('offline'))")
        expect(page.locator("#health")).to_have_text("Not reachable")


def test_the_page_works_below_a_prefix(open_page, tmp_path):
    class Quiet(uvicorn.Server):
        def install_signal_handlers(self) -> None: ...

    inner = create_app(Settings(data_dir=tmp_path))

    @contextlib.asynccontextmanager
    async def lifespan(_):
        async with inner.router.lifespan_context(inner):
            yield

    outer = Starlette(routes=[Mount("/some/where", inner)], lifespan=lifespan)
    running = Quiet(uvicorn.Config(outer, port=0, log_level="error"))
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        while not running.started:
            thread.join(0.01)
        port = running.servers[0].sockets[0].getsockname()[1]
        page = open_page(at=Server(f"http://127.0.0.1:{port}/some/where", None))
        page.get_by_role("link", name="Echo Chat", exact=True).click()
        say(page, "from below")
        expect_ended(page)
        expect(page.locator(".message.machine .text")).to_have_text("from below")
        page.get_by_role("tab", name="Code").click()
        expect(page.locator(".snippets code")).to_contain_text(f"http://127.0.0.1:{port}/some/where/api/v1/run/echo")
        expect(page.locator("#health")).to_contain_text("Running")
    finally:
        running.should_exit = True
        thread.join()


def test_frames_are_put_together_wherever_they_were_split(open_page):
    page = open_page("docs")
    texts = page.evaluate(
        """async () => {
            const { events } = await import("./playground/api.js");
            const frames = [{ event: "token", data: "ü日😀" }, { event: "token", data: "a\\nb" }];
            const stream = new TextEncoder().encode(`: keepalive\\n\\nid: 1\\r\\nevent: token\\r\\ndata: ${JSON.stringify(frames[0])}\\r\\n\\r\\nid: 2\\ndata:${JSON.stringify(frames[1])}\\n\\ndata: {"half`);
            const found = [];
            for (let at = 1; at < stream.length; at++) {
                window.fetch = async () => new Response(new ReadableStream({
                    start(controller) {
                        controller.enqueue(stream.slice(0, at));
                        controller.enqueue(stream.slice(at));
                        controller.close();
                    },
                }));
                const read = [];
                for await (const frame of events("x", 0)) read.push(frame);
                found.push(JSON.stringify(read) === JSON.stringify(frames));
            }
            return found;
        }"""
    )  # fmt: skip
    assert len(texts) > 100
    assert all(texts)
