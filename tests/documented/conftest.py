"""A server with everything in it that the documentation's examples speak of."""

import json
import re
import time
from uuid import uuid4

import httpx2
import pytest

from tests.documented.clients import node_clients, python_clients
from tests.flows import edge, flow, node
from tests.serving import running_server
from tests.standin import running_standin

CHAT = flow(
    [
        node("ChatInput-b67sL", "ChatInput", display_name="Chat Input", session_id="", files=""),
        node("Prompt-CDhMB", "Prompt", display_name="Prompt", template="You are a helpful AI assistant"),
        node(
            "OpenAIModel-Uksag",
            "OpenAIModel",
            display_name="OpenAI",
            model_name="gpt-4o-mini",
            system_message="",
            stream=True,
        ),
        node("ChatOutput-sfUhT", "ChatOutput", display_name="Chat Output", session_id=""),
    ],
    [
        edge("ChatInput-b67sL.message", "OpenAIModel-Uksag.input_value"),
        edge("Prompt-CDhMB.prompt", "OpenAIModel-Uksag.system_message"),
        edge("OpenAIModel-Uksag.text_output", "ChatOutput-sfUhT.input_value"),
    ],
    name="Basic Prompting",
)
ECHO = flow(
    [node("ChatInput-abc", "ChatInput", session_id=""), node("ChatOutput-xyz", "ChatOutput", session_id="")],
    [edge("ChatInput-abc.message", "ChatOutput-xyz.input_value")],
    name="Echo",
)
HOOK = flow(
    [node("Webhook-w", "Webhook", data=""), node("ChatOutput-o", "ChatOutput", session_id="")],
    [edge("Webhook-w.output_data", "ChatOutput-o.input_value")],
    name="Hook",
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture(scope="session")
def standin():
    with running_standin() as standin:
        yield standin


@pytest.fixture(scope="session")
def python():
    return python_clients()


@pytest.fixture(scope="session")
def node_modules():
    return node_clients()


@pytest.fixture(scope="session")
def address(tmp_path_factory, standin):
    """A server in a process of its own; its URL."""
    settings = {
        "LANGFLOW_ENABLE_LOG_RETRIEVAL": "true",
        "LANGFLOW_CREATE_STARTER_PROJECTS": "false",
        "OPENAI_API_KEY": "sk-x",
        "OPENAI_BASE_URL": f"{standin.url}/v1",
    }
    with running_server(tmp_path_factory.mktemp("documented") / "data", **settings) as server:
        yield server.url


@pytest.fixture
def world(address):
    """The server, what the examples' ids stand for there, and the files they send; made anew for each test."""
    with httpx2.Client(base_url=address, timeout=30) as client:
        yield World(client, fill(client))


class World:
    def __init__(self, client, names):
        self.client = client
        self.url = str(client.base_url).rstrip("/")
        self.names = {"$LANGFLOW_URL": self.url, "$LANGFLOW_SERVER_URL": self.url, "http://127.0.0.1:7860": self.url}
        self.names |= {"http://localhost:3000": self.url, **names}
        self.files = {
            "agent-with-astra-db-tool.json": json.dumps({"name": "agent", "data": {"nodes": [], "edges": []}}).encode(),
            "the_oscar_award.csv": b"film,year\nMarty,1955\n",
            "image-file.png": PNG,
            "20241230_135006_langflow_flows.zip": names["archive"],
        }
        del self.names["archive"]

    def filled(self, text):
        """The text with this server's ids in place of the documentation's."""
        for name in sorted(self.names, key=len, reverse=True):
            text = re.sub(re.escape(name) + r"(?!\w)", lambda _, name=name: self.names[name], text)
        return text


def fill(client):
    def post(path, **options):
        answer = client.post(path, **options)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    session = str(uuid4())
    key = (post("/api/v1/api_key/", json={"name": "docs"}))["api_key"]
    folder = (post("/api/v1/folders/", json={"name": "Work"}))["id"]
    chat = (post("/api/v1/flows/", json={**CHAT, "folder_id": folder}))["id"]
    echo = (post("/api/v1/flows/", json=ECHO))["id"]
    hook = (post("/api/v1/flows/", json={**HOOK, "webhook": True}))["id"]
    post(f"/api/v1/run/{chat}", json={"input_value": "Hello", "session_id": session})
    messages = (client.get("/api/v1/monitor/messages", params={"flow_id": chat})).json()
    upload = f"/api/v1/files/upload/{chat}"
    csv = post(upload, files={"file": ("the_oscar_award.csv", b"film,year\nMarty,1955\n")})
    png = post(upload, files={"file": ("image-file.png", PNG)})
    process = {"inputs": {"text": "hi"}, "sync": False}
    task = (post(f"/api/v1/process/{echo}", json=process))["task"]["id"]
    background = {"flow_id": echo, "background": True, "inputs": {"ChatInput-abc.input_value": "hi"}}
    job = (post("/api/v2/workflows", json=background))["job_id"]
    finished(client, "/api/v1/task/" + task, {"SUCCESS"})
    finished(client, "/api/v2/workflows?job_id=" + job, {"completed"})
    archive = (client.get(f"/api/v1/folders/download/{folder}")).content
    return {
        "$LANGFLOW_API_KEY": key,
        "<your_api_key>": key,
        "01ce083d-748b-4b8d-97b6-33adbb6a528a": session,
        "$FLOW_ID": chat,
        "a430cc57-06bb-4c11-be39-d3d4de68d2c4": chat,
        "$FOLDER_ID": folder,
        "b408ddb9-6266-4431-9be8-e04a62758331": folder,
        "flow_67ccd2be17f0819081ff3bb2cf6508e60bb6a6b452d3795b": echo,
        "<your_flow_id>": echo,
        "e1e40c77-0541-41a9-88ab-ddb3419398b5": chat,
        "92f9a4c5-cfc8-4656-ae63-1f0881163c28": echo,
        "1c1d6134-9b8b-4079-931c-84dcaddf19ba": messages[1]["id"],
        "MESSAGE_ID_1": messages[0]["id"],
        "MESSAGE_ID_2": messages[1]["id"],
        "3ab66cc6-c048-48f8-ab07-570f5af7b160": messages[0]["id"],
        "2024-12-30_15-19-43_the_oscar_award.csv": csv["file_path"].partition("/")[2],
        "2024-12-30_15-42-44_image-file.png": png["file_path"].partition("/")[2],
        "2024-11-27_14-47-50_image-file.png": png["file_path"].partition("/")[2],
        "TASK_ID": task,
        "<task_id>": task,
        "job_id_1234567890": job,
        "$HOOK_ID": hook,
        "archive": archive,
    }


def finished(client, path, words):
    late = time.monotonic() + 30
    while client.get(path).json()["status"] not in words:
        assert time.monotonic() < late, path
