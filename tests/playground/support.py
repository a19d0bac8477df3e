"""Flows for the page, and a way to it that can be cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Page, expect

from tests.flows import edge, flow, node
from tests.serving import Server

MESSAGE = {"name": "message", "display_name": "Message", "types": ["Message"]}
TEXT = {"name": "text_output", "display_name": "Text", "types": ["Message"]}


def at(placed: dict[str, Any], x: int, y: int = 0) -> dict[str, Any]:
    """A node at a place of the canvas."""
    return {**placed, "position": {"x": x, "y": y}}


def files_field() -> dict[str, Any]:
    return {"type": "file", "name": "files", "value": "", "file_path": "", "list": True, "show": True, "advanced": True}


def chat_flow(model: str = "gated-40", *, name: str = "Chat", **values: Any) -> dict[str, Any]:
    """Chat Input, an OpenAI model, Chat Output. `values` are fields of the model."""
    chat_input = node(
        "ChatInput-in001",
        "ChatInput",
        outputs=[MESSAGE],
        display_name="Chat Input",
        input_value="",
        fields={"files": files_field()},
    )
    language_model = node(
        "OpenAIModel-mod01",
        "OpenAIModel",
        outputs=[TEXT],
        display_name="OpenAI",
        input_value="",
        model_name=model,
        stream=True,
        **values,
    )
    chat_output = node("ChatOutput-out01", "ChatOutput", outputs=[MESSAGE], display_name="Chat Output", input_value="")
    return flow(
        [at(chat_input, 0), at(language_model, 450), at(chat_output, 900)],
        [
            edge("ChatInput-in001.message", "OpenAIModel-mod01.input_value"),
            edge("OpenAIModel-mod01.text_output", "ChatOutput-out01.input_value"),
        ],
        name=name,
    )


def asking_flow() -> dict[str, Any]:
    """Chat Input, a choice that a person makes, and an output on either way."""
    chat_input = node("ChatInput-in001", "ChatInput", outputs=[MESSAGE], display_name="Chat Input", input_value="")
    review = node("HumanInput-ask01", "HumanInput", display_name="Review", decisions=["Approve", "Ask Again"])
    chat_output = node("ChatOutput-out01", "ChatOutput", outputs=[MESSAGE], display_name="Chat Output", input_value="")
    text_output = node("TextOutput-out02", "TextOutput", display_name="Text Output", input_value="")
    return flow(
        [at(chat_input, 0), at(review, 450), at(chat_output, 900), at(text_output, 900, 300)],
        [
            edge("ChatInput-in001.message", "HumanInput-ask01.prompt"),
            edge("HumanInput-ask01.branch_approve", "ChatOutput-out01.input_value"),
            edge("HumanInput-ask01.branch_ask_again", "TextOutput-out02.input_value"),
        ],
        name="Asking",
    )


def words(count: int) -> str:
    """What a model `words-N` or `slow-MS-N` says."""
    return " ".join(f"w{i}" for i in range(count))


def stored(server: Server, document: dict[str, Any]) -> str:
    """Store a flow; its id."""
    status, answer = server.request("POST", "/api/v1/flows/", document)
    assert status == 201, answer
    return str(answer["id"])


def say(page: Page, text: str) -> None:
    """Type a message into the chat and send it."""
    page.get_by_label("Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def expect_ended(page: Page, how: str = "Completed") -> None:
    expect(page.locator(".status .state")).to_have_text(how)


def numbers(page: Page) -> list[int]:
    """The numbers of the events that are listed, with those of tokens that share a line."""
    shown = page.locator(".events .number").all_text_contents()
    bounds = [tuple(map(int, text.split("–"))) for text in shown]
    return [number for bound in bounds for number in range(bound[0], bound[-1] + 1)]


class Wire:
    """A TCP relay to a server whose connections can be cut, and which can be closed for new ones."""

    def __init__(self, server: Server) -> None:
        self._target = int(server.url.rpartition(":")[2])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.server = Server(f"http://127.0.0.1:{self._listener.getsockname()[1]}", server.process)
        self._open: list[socket.socket] = []
        self.up = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection; new ones are broken at once until `up` is true again."""
        self.up = False
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        self.cut()
        # Closing alone does not wake a thread that waits in accept.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self.up:
                client.close()
                continue
            upstream = socket.create_connection(("127.0.0.1", self._target))
            self._open += [client, upstream]
            for source, target in ((client, upstream), (upstream, client)):
                threading.Thread(target=_relay, args=(source, target), daemon=True).start()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with source, suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_to(server: Server) -> Iterator[Wire]:
    wire = Wire(server)
    try:
        yield wire
    finally:
        wire.close()
