from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from langflow_lite.components.base import Component
from langflow_lite.components.compatible_models import (
    AIMLModel,
    CohereModel,
    CometAPIModel,
    DeepSeekModel,
    GroqModel,
    HuggingFaceModel,
    LiteLLMProxyModel,
    LMStudioModel,
    MistralModel,
    NovitaModel,
    NVIDIAModel,
    OpenRouterModel,
    PerplexityModel,
    SambaNovaModel,
    VLLMModel,
    XAIModel,
)
from langflow_lite.components.models import AnthropicModel, LanguageModelComponent, ModelComponent, OpenAIModel
from langflow_lite.components.ollama import OllamaModel
from langflow_lite.errors import ComponentError, MissingModel, ProviderError
from langflow_lite.models.base import LanguageModel
from langflow_lite.models.outbound import OutboundClients
from langflow_lite.settings import Settings
from langflow_lite.values import Data, Message, Source, Table
from tests.models.support import DictFiles, DictVariables, Events, Node, run_context
from tests.standin import Standin

pytestmark = pytest.mark.anyio

USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
FAMILY = [
    GroqModel,
    NovitaModel,
    SambaNovaModel,
    DeepSeekModel,
    XAIModel,
    OpenRouterModel,
    LMStudioModel,
    NVIDIAModel,
    AIMLModel,
    PerplexityModel,
    MistralModel,
    CohereModel,
    CometAPIModel,
    LiteLLMProxyModel,
    VLLMModel,
    HuggingFaceModel,
]


@pytest.fixture
async def outbound(anyio_backend: str) -> AsyncIterator[OutboundClients]:
    async with OutboundClients(Settings(environ={})) as clients:
        yield clients


def placed(component: ModelComponent, outbound: OutboundClients, node: Node | None = None, **surroundings: Any) -> Any:
    component.ctx = run_context(outbound, **surroundings)
    component.node = node or Node(display_name=component.display_name)
    return component


def openai(standin: Standin, model: str = "any", **values: Any) -> OpenAIModel:
    return OpenAIModel(**{"model_name": model, "base_url": f"{standin.url}/v1", "input_value": "one two", **values})


async def test_answers_with_a_message_that_says_where_it_comes_from(
    standin: Standin, outbound: OutboundClients
) -> None:
    component = placed(openai(standin), outbound)
    message = await component.text_response()
    assert isinstance(message, Message)
    assert (message.text, message.sender, message.sender_name) == ("ANSWER[one two]", "Machine", "AI")
    assert (message.session_id, message.flow_id, message.run_id, message.id) == ("session-1", "flow-1", "run-1", None)
    assert message.properties.source == Source(id="Model-abc", display_name="OpenAI", source="any")
    assert message.properties.usage == USAGE
    assert message.properties.state == "complete"
    assert (component.usage, component.model_name, component.status) == (USAGE, "any", "ANSWER[one two]")
    assert "stream" not in standin.calls[0].body


async def test_streams_into_a_chat_output(standin: Standin, outbound: OutboundClients) -> None:
    events = Events()
    node = Node(chat_sender_name="Bot", display_name="OpenAI")
    component = placed(openai(standin), outbound, node, events=events)
    message = await component.text_response()
    assert events.names == ["add_message", "token", "token", "add_message"]
    whole = events.seen[-1][1]
    assert (whole["id"], whole["text"], whole["properties"].state) == (message.id, "ANSWER[one two]", "complete")
    added = events.seen[0][1]
    assert (list(added)[-1], added["id"]) == ("id", message.id)
    assert (added["text"], added["sender"], added["sender_name"]) == ("", "Machine", "Bot")
    assert added["properties"].state == "partial"
    assert added["properties"].source == Source(id="Model-abc", display_name="OpenAI", source="any")
    assert added["data"]["id"] == message.id
    tokens = [data for name, data in events.seen if name == "token"]
    assert [token["chunk"] for token in tokens] == ["ANSWER[one", " two]"]
    assert {token["id"] for token in tokens} == {message.id}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", token["timestamp"]) for token in tokens)
    assert (message.text, message.properties.state, message.properties.usage) == ("ANSWER[one two]", "complete", USAGE)
    assert component.usage == USAGE


@pytest.mark.parametrize(
    "hindrance", ["nobody listens", "the run does not stream", "the answer does not go to a chat output"]
)
async def test_asks_for_the_whole_answer_when_no_one_would_see_it_grow(
    standin: Standin, outbound: OutboundClients, hindrance: str
) -> None:
    events = Events()
    component = placed(openai(standin), outbound, events=events)
    if hindrance == "nobody listens":
        component.ctx.emit = None
    elif hindrance == "the run does not stream":
        component.ctx.streaming = False
    else:
        component.node.feeds_chat_output = False
    message = await component.text_response()
    assert (message.text, message.id) == ("ANSWER[one two]", None)
    assert events.seen == []
    assert "stream" not in standin.calls[0].body


async def test_an_answer_that_a_provider_refuses_is_not_announced(standin: Standin, outbound: OutboundClients) -> None:
    events = Events()
    with pytest.raises(ProviderError):
        await placed(openai(standin, "denied"), outbound, events=events).text_response()
    assert events.seen == []


@pytest.mark.parametrize("model", ["cut", "broken"])
async def test_a_failure_takes_the_announced_message_back(
    standin: Standin, outbound: OutboundClients, model: str
) -> None:
    events = Events()
    with pytest.raises(ProviderError):
        await placed(openai(standin, model), outbound, events=events).text_response()
    added, removed = events.seen[0], events.seen[-1]
    assert added[0] == "add_message"
    assert removed == ("remove_message", {"id": added[1]["id"]})


async def test_cancelling_takes_the_announced_message_back_and_hangs_up(
    standin: Standin, outbound: OutboundClients
) -> None:
    first_token = anyio.Event()

    class Signalling(Events):
        def __call__(self, name: str, data: Any) -> None:
            super().__call__(name, data)
            if name == "token":
                first_token.set()

    events = Signalling()
    component = placed(openai(standin, "slow-20"), outbound, events=events)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(component.text_response)
        await first_token.wait()
        tasks.cancel_scope.cancel()
    assert events.names[-1] == "remove_message"
    assert await anyio.to_thread.run_sync(standin.wait_for_hangup, 0.1)


@pytest.mark.parametrize("given", ["", Message(), Message(text="")])
async def test_nothing_to_say_is_an_error(standin: Standin, outbound: OutboundClients, given: Any) -> None:
    with pytest.raises(ComponentError, match=r"^The message you want to send to the model is empty\.$"):
        await placed(openai(standin, input_value=given), outbound).text_response()
    assert standin.calls == []


async def test_a_system_message_alone_is_enough(standin: Standin, outbound: OutboundClients) -> None:
    await placed(openai(standin, input_value="", system_message="Greet."), outbound).text_response()
    assert standin.calls[0].body["messages"] == [{"role": "system", "content": "Greet."}]


async def test_what_another_model_said_is_the_user_turn_here(standin: Standin, outbound: OutboundClients) -> None:
    said = Message(text="from a model", sender="Machine")
    answer = await placed(openai(standin, input_value=said, system_message="Be brief."), outbound).text_response()
    assert answer.text == "ANSWER[from a model]"
    assert [turn["role"] for turn in standin.calls[0].body["messages"]] == ["system", "user"]


async def test_images_of_the_message_are_sent_along(standin: Standin, outbound: OutboundClients) -> None:
    message = Message(text="see", files=["f/a.png"])
    component = placed(openai(standin, input_value=message), outbound, files=DictFiles({"f/a.png": b"png"}))
    await component.text_response()
    assert [part["type"] for part in standin.calls[0].body["messages"][0]["content"]] == ["text", "image_url"]


async def test_the_model_can_be_handed_on_without_a_call(standin: Standin, outbound: OutboundClients) -> None:
    component = placed(openai(standin), outbound)
    model = await component.build_model()
    assert isinstance(model, LanguageModel)
    assert (model.provider, model.model, component.model_name) == ("OpenAI", "any", "any")
    assert standin.calls == []


async def test_two_outputs_of_one_node_ask_once(standin: Standin, outbound: OutboundClients) -> None:
    component = placed(openai(standin), outbound)
    assert await component.text_response() is await component.text_response()
    assert len(standin.calls) == 1


async def test_openai_sends_the_nodes_parameters(standin: Standin, outbound: OutboundClients) -> None:
    component = openai(
        standin,
        api_key="sk-1",
        temperature=0.3,
        max_tokens="12",
        seed=7,
        model_kwargs={"user": "me"},
        output_schema={"a": 1},
    )
    await placed(component, outbound).text_response()
    call = standin.calls[0]
    assert call.headers["authorization"] == "Bearer sk-1"
    assert call.body == {
        "model": "any",
        "messages": [{"role": "user", "content": "one two"}],
        "temperature": 0.3,
        "max_tokens": 12,
        "seed": 7,
        "response_format": {"type": "json_object"},
        "user": "me",
    }


async def test_the_language_model_component_takes_key_and_address_from_the_server(
    standin: Standin, outbound: OutboundClients
) -> None:
    component = LanguageModelComponent(
        model=[{"name": "gpt-4o-mini", "provider": "OpenAI"}], input_value="hi", temperature=0.5
    )
    environ = {"OPENAI_BASE_URL": f"{standin.url}/v1", "OPENAI_API_KEY": "sk-env"}
    message = await placed(component, outbound, environ=environ).text_response()
    assert message.text == "ANSWER[hi]"
    assert standin.calls[0].headers["authorization"] == "Bearer sk-env"
    assert standin.calls[0].body["temperature"] == 0.5
    assert "max_tokens" not in standin.calls[0].body


async def test_the_language_model_component_without_a_model_echoes(outbound: OutboundClients) -> None:
    events = Events()
    component = placed(LanguageModelComponent(input_value="a b c"), outbound, events=events)
    assert (await component.text_response()).text == "a b c"
    assert [data["chunk"] for name, data in events.seen if name == "token"] == ["a", " b", " c"]


async def test_a_missing_key_is_an_error_before_anything_is_announced(outbound: OutboundClients) -> None:
    events = Events()
    with pytest.raises(MissingModel, match="OPENAI_API_KEY"):
        await placed(OpenAIModel(input_value="hi"), outbound, events=events).text_response()
    assert events.seen == []


async def test_anthropic_with_the_field_names_of_1_0_and_a_prefill(standin: Standin, outbound: OutboundClients) -> None:
    fields = {"model": "claude-x", "anthropic_api_key": "sk-ant", "anthropic_api_url": standin.url}
    values = {AnthropicModel.field_names[name]: value for name, value in fields.items()}
    component = placed(AnthropicModel(input_value="hi", prefill="Sure, ", **values), outbound)
    await component.text_response()
    body = standin.calls[0].body
    assert standin.calls[0].headers["x-api-key"] == "sk-ant"
    assert body["model"] == "claude-x"
    assert body["messages"][-1] == {"role": "assistant", "content": [{"type": "text", "text": "Sure,"}]}


async def test_ollama_sends_only_the_options_that_are_set(standin: Standin, outbound: OutboundClients) -> None:
    component = OllamaModel(
        base_url=f"{standin.url}/v1",
        model_name="llama",
        input_value="hi",
        system="From the node.",
        num_ctx=2048,
        mirostat="Mirostat 2.0",
        stop_tokens="a, b",
        format="json",
    )
    await placed(component, outbound).text_response()
    call = standin.calls[0]
    assert call.path == "/api/chat"
    assert call.body["options"] == {"temperature": 0.1, "num_ctx": 2048, "mirostat": 2, "stop": ["a", "b"]}
    assert call.body["format"] == "json"
    assert call.body["messages"][0] == {"role": "system", "content": "From the node."}


async def test_ollama_turns_the_rows_of_a_schema_into_json_schema(standin: Standin, outbound: OutboundClients) -> None:
    rows = [
        {"name": "age", "type": "int", "description": "In years", "multiple": "False"},
        {"name": "tags", "type": "str", "multiple": True},
    ]
    component = OllamaModel(base_url=standin.url, model_name="llama", input_value="hi", format=rows)
    await placed(component, outbound).text_response()
    assert standin.calls[0].body["format"] == {
        "type": "object",
        "properties": {
            "age": {"type": "integer", "description": "In years"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["age", "tags"],
    }


async def test_ollama_reads_its_answer_as_json_for_the_other_outputs(outbound: OutboundClients) -> None:
    component = placed(OllamaModel(), outbound)
    component._answer = Message(text='```json\n[{"a": 1}, {"a": 2}]\n```')
    assert await component.build_data_output() == Data({"results": [{"a": 1}, {"a": 2}]})
    assert await component.build_dataframe_output() == Table([{"a": 1}, {"a": 2}])
    component._answer = Message(text="no json")
    with pytest.raises(ComponentError, match="answer is not JSON: 'no json'"):
        await component.build_data_output()


@pytest.mark.parametrize("cls", FAMILY)
async def test_each_compatible_provider_is_asked_in_the_openai_protocol(
    standin: Standin, outbound: OutboundClients, cls: type[ModelComponent]
) -> None:
    component = cls(base_url=standin.url, model_name="any", api_key="k", input_value="hi")
    message = await placed(component, outbound).text_response()
    assert message.text == "ANSWER[hi]"
    assert standin.calls[0].path.endswith("/chat/completions")
    assert standin.calls[0].headers["authorization"] == "Bearer k"


async def test_mistral_and_openrouter_have_names_of_their_own_for_some_fields(
    standin: Standin, outbound: OutboundClients
) -> None:
    shared = {"base_url": standin.url, "model_name": "any", "api_key": "k", "input_value": "hi"}
    await placed(MistralModel(seed=5, safe_mode=True, **shared), outbound).text_response()
    await placed(OpenRouterModel(site_url="https://me", app_name="Me", **shared), outbound).text_response()
    mistral, openrouter = standin.calls
    assert (mistral.body["random_seed"], mistral.body["safe_prompt"]) == (5, True)
    assert "seed" not in mistral.body
    assert (openrouter.headers["http-referer"], openrouter.headers["x-title"]) == ("https://me", "Me")


async def test_a_key_field_may_name_a_variable(standin: Standin, outbound: OutboundClients) -> None:
    component = openai(standin, api_key="TEAM_KEY")
    await placed(component, outbound, variables=DictVariables({"TEAM_KEY": "sk-team"})).text_response()
    assert standin.calls[0].headers["authorization"] == "Bearer sk-team"


@pytest.mark.parametrize(
    ("address", "base_url"),
    [
        ("https://api-inference.huggingface.co/models/", ""),
        ("https://router.huggingface.co/hf-inference/models/", ""),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[bad", "http://[bad"),
    ],
)
def test_the_shared_addresses_of_hugging_face_are_its_usual_one(address: str, base_url: str) -> None:
    component = HuggingFaceModel(model_name="custom", custom_model="mine", base_url=address, max_tokens=0)
    wish = component.wish()
    assert (wish.model_name, wish.base_url, wish.options.max_tokens) == ("mine", base_url, None)


def test_what_a_vllm_node_leaves_to_the_server_is_not_sent() -> None:
    assert VLLMModel().options().seed is None
    assert VLLMModel(seed=7, max_retries=-1, timeout=-1).options().seed == 7


@pytest.mark.parametrize("cls", [LanguageModelComponent, OpenAIModel, AnthropicModel, OllamaModel, *FAMILY])
def test_every_model_component_is_found_and_described(cls: type[Component]) -> None:
    template = cls.describe()
    assert template["description"]
    assert template["display_name"]
    assert [(o["name"], o["method"], o["types"]) for o in template["outputs"]][:2] == [
        ("text_output", "text_response", ["Message"]),
        ("model_output", "build_model", ["LanguageModel"]),
    ]
    assert {"input_value", "system_message", "stream", "api_key", "model_name", "temperature"} <= set(cls.inputs)


def test_type_names_and_aliases_are_unique() -> None:
    names = [
        name
        for cls in (LanguageModelComponent, OpenAIModel, AnthropicModel, OllamaModel, *FAMILY)
        for name in (cls.name, *cls.aliases)
    ]
    assert len(names) == len(set(names))
