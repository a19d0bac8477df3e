"""Flows that wait until they are let on, and the events of jobs as they come over the wire."""

from contextlib import asynccontextmanager

import anyio
import httpx2

from langflow_lite.app import create_app
from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Message
from tests.flows import edge, flow, node

from .conftest import serving

WORKFLOWS = "/api/v2/workflows"
ECHO_MODEL = [{"name": "echo", "provider": "Echo", "category": "Echo", "icon": "Bot", "metadata": {}}]
TOKENS = 30
TEXT = " ".join(f"wörd{number}" for number in range(TOKENS))


def with_types(made, name, *types):
    made["data"]["node"]["outputs"] = [{"name": name, "types": list(types), "method": None}]
    return made


FILES = {"type": "file", "value": "", "name": "files", "list": True, "show": True}
CHAT_INPUT = with_types(
    node("ChatInput-a", "ChatInput", display_name="Chat Input", input_value="", fields={"files": FILES}),
    "message",
    "Message",
)
CHAT_OUTPUT = with_types(
    node("ChatOutput-z", "ChatOutput", display_name="Chat Output", input_value="", session_id="", sender_name="AI"),
    "message",
    "Message",
)
MODEL = node("LanguageModelComponent-m", "LanguageModelComponent", model=ECHO_MODEL, input_value="", stream=True)
GATE = node("Gate-g", "Gate", text="", how="")

ECHO = flow([CHAT_INPUT, CHAT_OUTPUT], [edge("ChatInput-a.message", "ChatOutput-z.input_value")])
MODELLED = flow(
    [CHAT_INPUT, MODEL, CHAT_OUTPUT],
    [
        edge("ChatInput-a.message", "LanguageModelComponent-m.input_value"),
        edge("LanguageModelComponent-m.text_output", "ChatOutput-z.input_value"),
    ],
)
# The words of a model, then a wait.
GATED = flow(
    [CHAT_INPUT, MODEL, CHAT_OUTPUT, GATE],
    [
        edge("ChatInput-a.message", "LanguageModelComponent-m.input_value"),
        edge("LanguageModelComponent-m.text_output", "ChatOutput-z.input_value"),
        edge("ChatOutput-z.message", "Gate-g.text"),
    ],
)
# One branch answers, the other fails.
HALF = flow(
    [CHAT_INPUT, CHAT_OUTPUT, GATE, node("ChatOutput-y", "ChatOutput", input_value="")],
    [
        edge("ChatInput-a.message", "ChatOutput-z.input_value"),
        edge("ChatInput-a.message", "Gate-g.text"),
        edge("Gate-g.out", "ChatOutput-y.input_value"),
    ],
)
TWO_ENDS = flow(
    [CHAT_INPUT, CHAT_OUTPUT, node("ChatOutput-y", "ChatOutput", input_value="")],
    [
        edge("ChatInput-a.message", "ChatOutput-z.input_value"),
        edge("ChatInput-a.message", "ChatOutput-y.input_value"),
    ],
)
HOOK = flow(
    [node("Webhook-w", "Webhook", data=""), CHAT_OUTPUT],
    [edge("Webhook-w.output_data", "ChatOutput-z.input_value")],
)


def add_gate(runtime):
    """Give the server a component that waits; returns it. `how`: "" waits, "open" does not, "fail" raises at once."""

    class Gate(Component):
        """Passes its text on when it is open."""

        name = "Gate"
        text: str = field(Kind.TEXT, "Text")
        how: str = field(Kind.TEXT, "How")
        reached = anyio.Event()
        opened = anyio.Event()
        cancelled = anyio.Event()

        @output("out", "Out")
        async def passing(self) -> Message:
            """The text, after the gate has been opened."""
            if self.how == "fail":
                raise ValueError(f"the gate broke under {self.text}")
            self.reached.set()
            try:
                if self.how != "open":
                    await self.opened.wait()
            except anyio.get_cancelled_exc_class():
                self.cancelled.set()
                raise
            return Message(text=self.text)

    runtime.registry.register(Gate)
    return Gate


async def new_flow(client, document, **keys):
    """Store a flow; returns its id."""
    answer = await client.post("/api/v1/flows/", json={**document, **keys})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@asynccontextmanager
async def gated_server(settings):
    """A server on a socket that knows the gate: a client of it, its runtime, and the gate."""
    app = create_app(settings)
    async with (
        serving(settings, app=app) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        yield client, app.state.runtime, add_gate(app.state.runtime)


async def submit(client, flow_id, text="hi", **body):
    """Start a background job; returns its id."""
    answer = await client.post(WORKFLOWS, json={"flow_id": flow_id, "background": True, "input_value": text, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["job_id"]


async def finished(client, runtime, job_id):
    """The job's answer once it has ended."""
    with anyio.fail_after(30):
        await runtime.jobs.wait(job_id)
    return (await client.get(WORKFLOWS, params={"job_id": job_id})).json()


def sse(raw):
    """`(id, data)` of every whole frame; comments are left out, and so is a last frame that was cut off."""
    found = []
    for block in raw.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if fields:
            assert fields.keys() == {"id", "data"}, block
            found.append((int(fields["id"]), fields["data"]))
    return found
