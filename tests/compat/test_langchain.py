from __future__ import annotations

import sys
from abc import ABCMeta
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from langflow_lite.errors import ComponentError
from tests.components.workbench import Workbench, workbench
from tests.flows import edge, flow, node
from tests.standin import Standin, running_standin

pytestmark = pytest.mark.anyio

# What LangChain's classes look like from outside; the package itself is not needed for any of it.
SHAPES = """
class Said:
    def __init__(self, content, tool_calls=(), usage_metadata=None):
        self.content, self.tool_calls, self.usage_metadata = content, list(tool_calls), usage_metadata

    def __add__(self, other):
        return Said(self.content + other.content, self.tool_calls + other.tool_calls, other.usage_metadata)


class FakeChat:
    model_name = "fake-1"

    def __init__(self, tools=(), choice=""):
        self.tools, self.choice = tools, choice

    def generate_prompt(self):
        raise NotImplementedError

    def bind_tools(self, tools, tool_choice=""):
        return FakeChat([tool["function"]["name"] for tool in tools], tool_choice)

    async def ainvoke(self, turns):
        last = turns[-1]
        if "explode" in str(last["content"]):
            raise ValueError("no such model")
        if self.tools and last["role"] != "tool":
            return Said("", [{"name": self.tools[0], "args": {"word": "b"}, "id": "c1"}])
        return Said([{"type": "text", "text": f"{last['role']}: {last['content']}"}], usage_metadata={"input_tokens": 3})

    async def astream(self, turns):
        whole = await self.ainvoke(turns)
        yield Said("", whole.tool_calls)
        for part in whole.content or []:
            for word in part["text"].split(" "):
                yield Said(word + " ", usage_metadata={"input_tokens": 3})


class FakeEmbeddings:
    model = "fake-embedding"

    def embed_documents(self, texts):
        return [[float(len(text)), 1.0] for text in texts]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


class FakeTool:
    name, description = "look_up", "Looks a word up."
    args_schema = None
    args = {"word": {"type": "string"}}

    async def ainvoke(self, arguments):
        return f"looked up {arguments['word']}"
"""


@pytest.fixture
def standin() -> Any:
    with running_standin() as made:
        yield made


@pytest.fixture
async def bench(anyio_backend: str, standin: Standin, tmp_path: Path) -> AsyncIterator[Workbench]:
    environ = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{standin.url}/v1"}
    async with workbench(tmp_path, environ=environ) as made:
        yield made


def mine(bench: Workbench, code: str, **values: Any) -> dict[str, Any]:
    """A node with code of a user's, trusted."""
    bench.runtime.trusted.add(code)
    return node("Mine-1", "Mine", fields={"code": {"type": "code", "value": code}}, **values)


def component(method: str, body: str, *, inputs: str, output: str = "Message") -> str:
    lines = "\n".join(f"        {line}" for line in body.strip().splitlines())
    return f"""
from langflow.custom import Component
from langflow.field_typing import BaseChatModel, Embeddings, LanguageModel, Tool
from langflow.io import *
from langflow.schema.message import Message
{SHAPES}

class Mine(Component):
    inputs = [{inputs}]
    outputs = [Output(name="out", display_name="Out", method="work")]

    {method} work(self) -> {output}:
{lines}
"""


def with_model(bench: Workbench, method: str, body: str) -> dict[str, Any]:
    """A node that is given a language model and an embedding model, and its answer."""
    code = component(method, body, inputs="HandleInput(name='llm'), HandleInput(name='embedding')")
    nodes = [
        node("OpenAIModel-1", "OpenAIModel", model_name="any", input_value=""),
        node("OpenAIEmbeddings-1", "OpenAIEmbeddings"),
        mine(bench, code, llm="", embedding=""),
        node("ChatOutput-1", "ChatOutput"),
    ]
    edges = [
        edge("OpenAIModel-1.model_output", "Mine-1.llm"),
        edge("OpenAIEmbeddings-1.embeddings", "Mine-1.embedding"),
        edge("Mine-1.out", "ChatOutput-1.input_value"),
    ]
    return flow(nodes, edges)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("def", "return Message(text=self.llm.invoke('hi').content)"),
        ("def", "return self.llm('hi')"),
        ("def", "return self.llm.predict([('system', 'be brief'), ('human', 'hi')])"),
        ("def", "return ''.join(piece.content for piece in self.llm.stream('hi'))"),
        ("def", "return self.llm.batch(['hi', 'ho'])[0]"),
        ("def", "return self.llm.with_config(tags=[]).invoke({'role': 'user', 'content': 'hi'})"),
        ("async def", "return await self.llm.ainvoke(('user', 'hi'))"),
        ("async def", "return await self.llm.ainvoke([Said('hi')])"),
        ("async def", "return ' '.join([p.strip() async for p in self.llm.astream('hi')])"),
    ],
)
async def test_code_asks_a_model_of_the_flow_as_one_of_langchain(bench: Workbench, method: str, body: str) -> None:
    assert await bench.ask(with_model(bench, method, body), "") == "ANSWER[hi]"


async def test_code_asks_an_embedding_model_of_the_flow(bench: Workbench) -> None:
    body = """
many = self.embedding.embed_documents(["red fox", "blue sea"])
one = self.embedding.embed_query("red fox")
assert isinstance(self.embedding, Embeddings) and isinstance(self.llm, LanguageModel)
return f"{len(many)} {many[0] == one} {self.embedding.model}"
"""
    assert await bench.ask(with_model(bench, "def", body), "") == "2 True text-embedding-3-small"


async def test_vector_stores_of_langchain_take_the_embedding_model_of_the_flow(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    Theirs = ABCMeta("Theirs", (), {})
    monkeypatch.setitem(sys.modules, "langchain_core.embeddings", SimpleNamespace(Embeddings=Theirs))
    body = """
import sys
return str(isinstance(self.embedding, sys.modules["langchain_core.embeddings"].Embeddings))
"""
    assert await bench.ask(with_model(bench, "def", body), "") == "True"


async def test_code_gives_a_model_tools_and_reads_its_calls(bench: Workbench, standin: Standin) -> None:
    body = """
bound = self.llm.bind_tools([FakeTool(), {"name": "other", "parameters": {}}], tool_choice="look_up")
[call] = bound.invoke("hi").tool_calls
return f"{call['name']} {call['args']}"
"""
    assert await bench.ask(with_model(bench, "def", body), "") == "look_up {'word': 'text'}"
    tools = [tool["function"] for tool in standin.calls[-1].body["tools"]]
    assert [tool["name"] for tool in tools] == ["look_up", "other"]
    assert tools[0]["parameters"]["required"] == ["word"]


async def test_an_async_method_is_told_to_await(bench: Workbench) -> None:
    with pytest.raises(ComponentError, match="await the call that starts with `a` instead"):
        await bench.ask(with_model(bench, "async def", "return self.llm.invoke('hi')"), "")


def agent_with(made: dict[str, Any], field: str, **values: Any) -> dict[str, Any]:
    """ChatInput, an agent that something of a user's is connected to, ChatOutput."""
    nodes = [
        node("ChatInput-1", "ChatInput"),
        made,
        node("Agent-1", "Agent", input_value="", add_current_date_tool=False, **values),
        node("ChatOutput-1", "ChatOutput"),
    ]
    edges = [
        edge("ChatInput-1.message", "Agent-1.input_value"),
        edge("Mine-1.out", f"Agent-1.{field}"),
        edge("Agent-1.response", "ChatOutput-1.input_value"),
    ]
    return flow(nodes, edges)


@pytest.mark.parametrize(
    "schema",
    [
        "None",
        "{'type': 'object', 'properties': {'word': {'type': 'string'}}}",
        "type('Pydantic2', (), {'model_json_schema': lambda: {'type': 'object', 'properties': {'word': {}}}})",
        "type('Pydantic1', (), {'schema': lambda: {'type': 'object', 'properties': {'word': {}}}})",
    ],
    ids=["none", "schema", "pydantic 2", "pydantic 1"],
)
async def test_a_tool_that_code_made_is_called_by_an_agent(bench: Workbench, standin: Standin, schema: str) -> None:
    code = component("def", f"FakeTool.args_schema = {schema}\nreturn [FakeTool()]", inputs="", output="list[Tool]")
    document = agent_with(mine(bench, code), "tools", agent_llm="OpenAI", model_name="any")
    assert await bench.ask(document, 'CALL look_up {"word": "a"}') == "TOOLS[looked up a]"
    assert "word" in standin.calls[0].body["tools"][0]["function"]["parameters"]["properties"]


async def test_a_component_for_tools_has_its_outputs_from_its_base(bench: Workbench) -> None:
    code = f"""
from langflow.base.langchain_utilities.model import LCToolComponent
from langflow.field_typing import Tool
from langflow.io import StrInput
from langflow.schema import Data
{SHAPES}

class Mine(LCToolComponent):
    inputs = [StrInput(name="word")]

    def run_model(self) -> Data:
        return Data(data={{"word": self.word}})

    def build_tool(self) -> Tool:
        return FakeTool()
"""
    document = agent_with(mine(bench, code, word="a"), "tools", agent_llm="OpenAI", model_name="any")
    document["data"]["edges"][1] = edge("Mine-1.api_build_tool", "Agent-1.tools")
    assert await bench.ask(document, 'CALL look_up {"word": "a"}') == "TOOLS[looked up a]"


MODEL = component("def", "return FakeChat()", inputs="", output="LanguageModel")


@pytest.mark.parametrize("follow", [False, True], ids=["whole", "streamed"])
async def test_a_model_that_code_made_is_asked_by_an_agent(bench: Workbench, follow: bool) -> None:
    document = agent_with(mine(bench, MODEL), "agent_llm")
    assert (await bench.ask(document, "hello you", follow=follow)).strip() == "user: hello you"


async def test_a_model_that_code_made_calls_tools(bench: Workbench) -> None:
    document = agent_with(mine(bench, MODEL), "agent_llm")
    calculator = node("CalculatorComponent-1", "CalculatorComponent", tool_mode=True, expression="")
    document["data"]["nodes"].append(calculator)
    document["data"]["edges"].append(edge("CalculatorComponent-1.component_as_tool", "Agent-1.tools"))
    answer = await bench.ask(document, "hello")
    assert answer.startswith("tool: Error: there is no argument 'word'")


async def test_what_goes_wrong_in_a_model_that_code_made_is_told(bench: Workbench) -> None:
    with pytest.raises(ComponentError, match="FakeChat failed: no such model"):
        await bench.ask(agent_with(mine(bench, MODEL), "agent_llm"), "explode")


async def test_a_component_for_a_model_answers_its_input(bench: Workbench) -> None:
    code = f"""
from lfx.base.models.model import LCModelComponent
from lfx.field_typing import LanguageModel
from lfx.io import StrInput
{SHAPES}

class Mine(LCModelComponent):
    inputs = [*LCModelComponent._base_inputs, StrInput(name="model_name")]

    def build_model(self) -> LanguageModel:
        return FakeChat()
"""
    nodes = [node("ChatInput-1", "ChatInput"), mine(bench, code, input_value=""), node("ChatOutput-1", "ChatOutput")]
    edges = [
        edge("ChatInput-1.message", "Mine-1.input_value"),
        edge("Mine-1.text_output", "ChatOutput-1.input_value"),
    ]
    assert await bench.ask(flow(nodes, edges), "hello") == "user: hello"
    with pytest.raises(ComponentError, match="The message you want to send to the model is empty"):
        await bench.ask(flow(nodes, edges[1:]), "")


async def test_an_embedding_model_that_code_made_is_used(bench: Workbench) -> None:
    code = f"""
from langflow.base.embeddings.model import LCEmbeddingsModel
from langflow.field_typing import Embeddings
from langflow.io import StrInput
{SHAPES}

class Mine(LCEmbeddingsModel):
    inputs = [StrInput(name="model")]

    def build_embeddings(self) -> Embeddings:
        return FakeEmbeddings()
"""
    nodes = [mine(bench, code, model=""), node("T", "TextEmbedderComponent", message="hello")]
    outcome = await bench.run(flow(nodes, [edge("Mine-1.embeddings", "T.embedding_model")]), output_type="debug")
    assert outcome.results["T"].outputs["embeddings"].data["embeddings"] == [5.0, 1.0]


async def test_a_component_for_a_vector_store_ingests_and_searches(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_core.documents", SimpleNamespace(Document=SimpleNamespace))
    code = """
from langflow.base.vectorstores.model import LCVectorStoreComponent, check_cached_vector_store
from langflow.base.vectorstores.vector_store_connection_decorator import vector_store_connection
from langflow.io import IntInput
from langflow.schema import Data, Record

assert Record is Data


@vector_store_connection
class Mine(LCVectorStoreComponent):
    inputs = [*LCVectorStoreComponent.inputs, IntInput(name="number_of_results", value=1)]
    made = 0

    @check_cached_vector_store
    def build_vector_store(self):
        type(self).made += 1
        return [record.to_lc_document() for record in self._prepare_ingest_data()]

    def search_documents(self) -> list[Data]:
        self.build_vector_store()
        assert type(self).made == 1
        return [
            Data(text=document.page_content, **document.metadata)
            for document in self.build_vector_store()
            if self.search_query in document.page_content
        ]
"""
    nodes = [
        node("CreateData-1", "CreateList", texts=["red fox", "blue sea"]),
        mine(bench, code, search_query="sea"),
    ]
    outcome = await bench.run(flow(nodes, [edge("CreateData-1.list", "Mine-1.ingest_data")]), output_type="debug")
    outputs = outcome.results["Mine-1"].outputs
    assert [record.data["text"] for record in outputs["search_results"]] == ["blue sea"]
    assert outputs["dataframe"].rows == [{"text": "blue sea"}]
