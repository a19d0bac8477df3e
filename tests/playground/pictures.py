"""Makes the pictures of the README again: `pip install pillow && python -m tests.playground.pictures`.

They go to `examples/screenshots`: `flows.png`, `flow.png`, `flow-dark.png` (1400 by 900) and the moving `run.webp`. What is
seen is a server with flows of an invented travel agency; the model is the stand-in of the tests, which says a text in the
pace of a real one.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.flows import edge, flow, node
from tests.playground.conftest import CHROMIUM, FLAGS, ROOT_FLAGS
from tests.playground.support import at, say, stored
from tests.serving import ROOT, running_server
from tests.standin import Standin, running_standin

PLACE = ROOT / "examples" / "screenshots"
WIDTH, HEIGHT = 1400, 900
MOVING_WIDTH = 1000
FRAME = 120
# Slower than it is shown: a screenshot takes its time.
PACE = 0.12

MODEL = "gpt-4o-mini"
QUESTION = "One day in Lisbon, and it may rain. What should I see?"
ANSWER = """**Morning:** start at the *Mosteiro dos Jerónimos* when it opens, then walk to the tower of Belém.

| When | Where | If it rains |
|---|---|---|
| 9:00 | Belém | the cloister is covered |
| 13:00 | Mercado da Ribeira | lunch under a roof |
| 16:00 | Alfama | take tram 28 |

1. Buy a day ticket for all trams.
2. Go up to *Miradouro da Graça* before sunset.
3. Have dinner where you hear **fado**.
"""
EARLIER = ("Hello, I am Ana.", "Hello Ana! Where would you like to go?")

FLOWS = {
    "Hotel Search": "Reads the wishes of a guest, asks the agent for rooms and compares what it finds.",
    "Invoice Reader": "Takes the amounts, dates and names out of uploaded invoices and writes them into a table.",
    "Newsletter": "Collects the news of the week from feeds, sums them up and writes the letter to our guests.",
    "Review Sorter": "Sorts the reviews of guests by mood and topic; complaints go to a person.",
    "Trip Documents": "Answers questions from our own travel documents, with the place where it was found.",
}


def field(name: str, label: str, value: Any = "", kind: str = "str", **more: Any) -> dict[str, dict[str, Any]]:
    return {name: {"type": kind, "name": name, "display_name": label, "value": value, "show": True, **more}}


def output(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "display_name": label, "types": ["Message"]}


def travel_guide() -> dict[str, Any]:
    """A chat with a memory, as it is drawn in an editor."""
    prompt = "You are a travel guide.\n\n{memory}\n\nQuestion: {question}"
    model = [{"name": MODEL, "provider": "OpenAI"}]
    note = {
        "id": "note-0001", "type": "noteNode", "position": {"x": 440, "y": -190}, "measured": {"width": 320, "height": 150},
        "data": {"id": "note-0001", "type": "note", "node": {
            "description": "### Travel guide\nKnows what was said before: the history goes into the **prompt**.",
            "template": {"backgroundColor": "amber"},
        }},
    }  # fmt: skip
    nodes = [
        at(node("ChatInput-k2V9a", "ChatInput", display_name="Chat Input", outputs=[output("message", "Chat Message")], fields=field("input_value", "Input Text")), 0, -60),
        at(node("Memory-p7Xw3", "Memory", display_name="Message History", outputs=[output("messages_text", "Message")], fields={**field("n_messages", "Messages", 20, "int"), **field("order", "Order", "Ascending")}), 0, 220),
        at(node("Prompt-t5Bq8", "Prompt Template", display_name="Prompt Template", outputs=[output("prompt", "Prompt")], fields={**field("memory", "memory"), **field("question", "question"), **field("template", "Template", prompt, "prompt")}), 440, 20),
        at(node("LanguageModelComponent-m4Rd1", "LanguageModelComponent", display_name="Language Model", outputs=[output("text_output", "Model Response")], fields={**field("input_value", "Input"), **field("model", "Language Model", model, "model"), **field("system_message", "System Message", "Be brief and kind."), **field("temperature", "Temperature", 0.4, "slider"), **field("stream", "Stream", True, "bool")}), 880, -30),
        at(node("ChatOutput-z9Lc6", "ChatOutput", display_name="Chat Output", outputs=[output("message", "Output Message")], fields=field("input_value", "Inputs", kind="other")), 1320, 60),
        note,
    ]  # fmt: skip
    edges = [
        edge("ChatInput-k2V9a.message", "Prompt-t5Bq8.question"),
        edge("Memory-p7Xw3.messages_text", "Prompt-t5Bq8.memory"),
        edge("Prompt-t5Bq8.prompt", "LanguageModelComponent-m4Rd1.input_value"),
        edge("LanguageModelComponent-m4Rd1.text_output", "ChatOutput-z9Lc6.input_value"),
    ]
    return flow(nodes, edges, name="Travel Guide", endpoint_name="travel-guide", description="Plans a day in a city and remembers what the guest has said before.")  # fmt: skip


class Studio:
    """A server with flows, and windows on it."""

    def __init__(self, browser: Browser, standin: Standin, url: str) -> None:
        self.browser, self.standin, self.url = browser, standin, url

    def window(self, path: str, scheme: str = "light") -> Page:
        context = self.browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, locale="en-GB"
        )
        page = context.new_page()
        page.goto(f"{self.url}/{path}")
        return page

    def chat(self, scheme: str) -> Page:
        """The flow, after a first exchange of words."""
        self.standin.replies[MODEL] = (EARLIER[1], 0)
        page = self.window("", scheme)
        page.get_by_role("link", name="Travel Guide", exact=True).click()
        page.get_by_role("button", name="New session").click()
        page.mouse.move(0, 0)
        say(page, EARLIER[0])
        expect(page.locator(".status .state")).to_have_text("Completed")
        self.standin.replies[MODEL] = (ANSWER, PACE)
        return page

    def list_of_flows(self) -> None:
        page = self.window("")
        page.get_by_label("Flow files").set_input_files(
            {"name": "travel_guide.json", "mimeType": "application/json", "buffer": json.dumps(travel_guide()).encode()}
        )
        expect(page.locator(".cards .card")).to_have_count(len(FLOWS) + 4)
        expect(page.locator(".imported")).to_contain_text("This flow runs here.")
        keep_picture(page.screenshot(), "flows.png")

    def running(self, scheme: str, name: str) -> None:
        page = self.chat(scheme)
        say(page, QUESTION)
        expect(page.locator(".message.partial li").first).to_be_visible(timeout=60_000)
        keep_picture(page.screenshot(), name)
        page.get_by_role("button", name="Stop").click()

    def moving(self) -> None:
        page = self.chat("light")
        frames = [page.screenshot()]
        page.get_by_label("Message", exact=True).fill(QUESTION)
        frames.append(page.screenshot())
        page.keyboard.press("Enter")
        expect(page.locator(".message.partial")).to_have_count(1)
        while page.locator(".status .state").text_content() == "Running":
            frames.append(page.screenshot())
            page.wait_for_timeout(FRAME / 2)
        frames.append(page.screenshot())
        keep_moving(frames, "run.webp")


def opened(raw: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(raw)).convert("RGB")


def keep_picture(raw: bytes, name: str) -> None:
    """A picture in 256 colours."""
    opened(raw).quantize(256, dither=0).save(PLACE / name, optimize=True)


def keep_moving(raw: list[bytes], name: str) -> None:
    """The frames one after another; the first and the last are shown longer."""
    size = (MOVING_WIDTH, MOVING_WIDTH * HEIGHT // WIDTH)
    first, *others = [opened(one).resize(size) for one in raw]
    times = [1200, 900, *[FRAME] * (len(others) - 2), 3000]
    first.save(PLACE / name, save_all=True, append_images=others, duration=times, loop=0, quality=60, method=4)


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, running_standin() as standin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *ROOT_FLAGS])
        variables = {"OPENAI_BASE_URL": f"{standin.url}/v1", "OPENAI_API_KEY": "sk-picture"}
        with running_server(Path(directory) / "data", **variables) as server:
            for name, description in FLOWS.items():
                stored(server, {**flow([], [], name=name), "description": description})
            studio = Studio(browser, standin, server.url)
            studio.list_of_flows()
            studio.running("light", "flow.png")
            studio.running("dark", "flow-dark.png")
            studio.moving()
        browser.close()
    for path in sorted(PLACE.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
