from __future__ import annotations

import dataclasses
import logging
from typing import Any

import httpx2
import pytest

from langflow_lite.context import Outbound
from langflow_lite.errors import MissingModel
from langflow_lite.models import resolve
from langflow_lite.models.base import LanguageModel, Options
from langflow_lite.models.echo import Echo
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.openai import OpenAI
from langflow_lite.models.resolve import Wish, choose_model, open_model
from tests.models.support import DictVariables, run_context

pytestmark = pytest.mark.anyio


class Watched(Outbound):
    """Notes whether the client that was asked for is the trusted one."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.inner = client
        self.trusted: bool | None = None

    def client(self, *, trusted: bool = False) -> httpx2.AsyncClient:
        self.trusted = trusted
        return self.inner


@pytest.fixture
async def watched(anyio_backend: str) -> Any:
    async with httpx2.AsyncClient() as client:
        yield Watched(client)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Endpoint]:
    """The endpoints that models were made of."""
    seen: list[Endpoint] = []
    connect = resolve._connect

    def note(endpoint: Endpoint, provider: Any) -> LanguageModel:
        seen.append(endpoint)
        return connect(endpoint, provider)

    monkeypatch.setattr(resolve, "_connect", note)
    return seen


GPT = {"name": "gpt-4o", "provider": "OpenAI", "icon": "OpenAI", "category": "OpenAI", "metadata": {}}


@pytest.mark.parametrize(
    ("wish", "provider", "model"),
    [
        (Wish(model=[GPT]), "OpenAI", "gpt-4o"),
        (Wish(model=GPT), "OpenAI", "gpt-4o"),
        (Wish(model=[{"name": "claude-x"}]), "Anthropic", "claude-x"),
        (Wish(model=[{"name": "x", "provider": "Groq"}]), "Groq", "x"),
        (Wish(model=[{"name": "", "provider": "Anthropic"}]), "Anthropic", "claude-sonnet-4-5"),
        (Wish(model="gpt-4o"), "OpenAI", "gpt-4o"),
        (Wish(model=["claude-x", "gpt-4o"]), "Anthropic", "claude-x"),
        (Wish(model="gemini-2.0-flash"), "Google Generative AI", "gemini-2.0-flash"),
        (Wish(model="o3-mini"), "OpenAI", "o3-mini"),
        (Wish(model="ollama:llama3.2:1b"), "Ollama", "llama3.2:1b"),
        (Wish(model="llama3.2:1b"), "OpenAI", "llama3.2:1b"),
        (Wish(model="echo"), "Echo", "echo"),
        (Wish(model=[{"name": "echo", "provider": "Echo"}]), "Echo", "echo"),
        (Wish(provider="OpenAI", model_name="gpt-4o"), "OpenAI", "gpt-4o"),
        (Wish(provider="openai"), "OpenAI", "gpt-4o-mini"),
        (Wish(model_name="claude-x"), "Anthropic", "claude-x"),
        (Wish(model=[GPT], model_name="gpt-5"), "OpenAI", "gpt-5"),
        (Wish(model=[GPT], provider="Anthropic"), "Anthropic", "claude-sonnet-4-5"),
        (Wish(model=[GPT], provider="OpenAI"), "OpenAI", "gpt-4o"),
        (Wish(model=[GPT], provider="Anthropic", model_name="claude-x"), "Anthropic", "claude-x"),
        (Wish(model=[GPT], provider="None", model_name="None"), "OpenAI", "gpt-4o"),
        (Wish(provider="IBM WatsonX", model_name="granite"), "IBM watsonx.ai", "granite"),
        (Wish(provider="LM Studio", model_name="m"), "LM Studio", "m"),
        (Wish(provider="AI/ML", model_name="m"), "AI/ML", "m"),
        (Wish(provider="Cohere"), "Cohere", "command-a-03-2025"),
        (Wish(provider="HuggingFace", model_name="m"), "Hugging Face", "m"),
    ],
)
async def test_every_way_of_naming_a_model_is_understood(
    watched: Watched, wish: Wish, provider: str, model: str
) -> None:
    choice = await choose_model(run_context(watched), wish)
    assert (choice.provider.name, choice.model) == (provider, model)


EMPTY: list[Any] = [None, "", [], "connect_other_models", [{"name": "connect_other_models"}], "None", [""], {}]


@pytest.mark.parametrize("model", EMPTY)
@pytest.mark.parametrize(
    ("surroundings", "provider", "name"),
    [
        ({}, "Echo", "echo"),
        ({"default_model": "ollama:llama3.2:1b"}, "Ollama", "llama3.2:1b"),
        ({"default_model": "echo", "environ": {"OPENAI_API_KEY": "k"}}, "Echo", "echo"),
        ({"default_model": "anthropic"}, "Anthropic", "claude-sonnet-4-5"),
        ({"default_model": "claude-x"}, "Anthropic", "claude-x"),
        ({"default_model": "my-model"}, "OpenAI", "my-model"),
        ({"environ": {"ANTHROPIC_API_KEY": "k", "GROQ_API_KEY": "k"}}, "Anthropic", "claude-sonnet-4-5"),
        ({"environ": {"OLLAMA_BASE_URL": "http://o:1"}}, "Ollama", "llama3.2"),
        ({"environ": {"OPENAI_BASE_URL": "http://o:1"}}, "OpenAI", "gpt-4o-mini"),
        ({"environ": {"OPENAI_API_KEY": ""}}, "Echo", "echo"),
        ({"environ": {"OPENAI_API_KEY": "k"}, "fallback_to_env_var": False}, "Echo", "echo"),
        ({"variables": DictVariables({"GROQ_API_KEY": "k"})}, "Groq", "llama-3.3-70b-versatile"),
    ],
)
async def test_an_empty_model_is_the_default_one(
    watched: Watched, model: Any, surroundings: dict[str, Any], provider: str, name: str
) -> None:
    choice = await choose_model(run_context(watched, **surroundings), Wish(model=model))
    assert (choice.provider.name, choice.model) == (provider, name)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(model=[{"name": "echo", "provider": "Echo"}]),
        Wish(provider="Echo"),
        Wish(model_name="echo", provider="Echo"),
    ],
)
@pytest.mark.parametrize(
    ("surroundings", "provider"),
    [
        ({}, "Echo"),
        ({"environ": {"OPENAI_API_KEY": "k"}}, "Echo"),
        ({"default_model": "echo"}, "Echo"),
        ({"default_model": "ollama:llama3.2"}, "Ollama"),
    ],
)
async def test_echo_gives_way_to_the_operators_model_and_to_nothing_else(
    watched: Watched, wish: Wish, surroundings: dict[str, Any], provider: str
) -> None:
    assert (await choose_model(run_context(watched, **surroundings), wish)).provider.name == provider


async def test_the_key_of_a_node_without_a_model_tells_the_provider(watched: Watched) -> None:
    for key, provider in [("sk-ant-1", "Anthropic"), ("sk-proj-1", "OpenAI"), ("gsk_1", "Groq"), ("hello", "Echo")]:
        assert (await choose_model(run_context(watched), Wish(api_key=key))).provider.name == provider


async def test_falling_back_to_echo_is_said_once(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    resolve._warn_of_echo.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert isinstance(await open_model(run_context(watched), Wish()), Echo)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "LANGFLOW_DEFAULT_MODEL" in caplog.text


async def test_a_model_that_came_by_an_edge_is_used_as_it_is(watched: Watched) -> None:
    model = Echo()
    assert await open_model(run_context(watched), Wish(model=model, provider="OpenAI")) is model


STORED = DictVariables({"OPENAI_API_KEY": "stored", "MY_KEY": "mine"})


@pytest.mark.parametrize(
    ("api_key", "key"),
    [
        ("sk-literal", "sk-literal"),
        ("  sk-literal ", "sk-literal"),
        ("MY_KEY", "mine"),
        ("OPENAI_API_KEY", "stored"),
        ("NOT_SET", "stored"),
        ("None", "stored"),
        ("", "stored"),
    ],
)
async def test_the_key_is_a_value_a_variables_name_or_the_providers_own(
    watched: Watched, opened: list[Endpoint], api_key: str, key: str
) -> None:
    context = run_context(watched, variables=STORED, environ={"OPENAI_API_KEY": "from the environment"})
    await open_model(context, Wish(model="gpt-4o", api_key=api_key))
    assert opened[0].key == key


async def test_the_environment_comes_after_stored_variables(watched: Watched, opened: list[Endpoint]) -> None:
    await open_model(run_context(watched, environ={"OPENAI_API_KEY": "env"}), Wish(model="gpt-4o"))
    assert opened[0].key == "env"


@pytest.mark.parametrize("api_key", ["", "None", "OPENAI_API_KEY"])
async def test_a_missing_key_is_an_error_that_names_the_variable(watched: Watched, api_key: str) -> None:
    with pytest.raises(MissingModel) as caught:
        await open_model(run_context(watched), Wish(model="gpt-4o", api_key=api_key))
    assert str(caught.value).startswith("OpenAI API key is required when using OpenAI provider. Set OPENAI_API_KEY ")


@pytest.mark.parametrize(
    ("wish", "surroundings", "url", "key", "trusted"),
    [
        (Wish(provider="OpenAI", api_key="k"), {}, "https://api.openai.com/v1", "k", True),
        (
            Wish(provider="OpenAI"),
            {"environ": {"OPENAI_BASE_URL": "http://proxy:1/v1/"}},
            "http://proxy:1/v1",
            None,
            True,
        ),
        (
            Wish(provider="OpenAI"),
            {"environ": {"OPENAI_API_BASE": "http://proxy:1/v1", "OPENAI_API_KEY": "k"}},
            "http://proxy:1/v1",
            "k",
            True,
        ),
        (
            Wish(provider="OpenAI"),
            {"variables": DictVariables({"OPENAI_BASE_URL": "http://v"}), "environ": {"OPENAI_BASE_URL": "http://e"}},
            "http://v",
            None,
            True,
        ),
        (
            Wish(provider="OpenAI"),
            {
                "variables": DictVariables({"OPENAI_BASE_URL": "http://v"}, brought=["OPENAI_BASE_URL"]),
                "environ": {"OPENAI_API_KEY": "k"},
            },
            "http://v",
            None,
            False,
        ),
        (
            Wish(provider="OpenAI", base_url="http://flow/v1"),
            {"environ": {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://e"}},
            "http://flow/v1",
            None,
            False,
        ),
        (
            Wish(provider="OpenAI", base_url="http://flow/v1", api_key="OPENAI_API_KEY"),
            {"environ": {"OPENAI_API_KEY": "k"}},
            "http://flow/v1",
            "k",
            False,
        ),
        (
            Wish(provider="OpenAI", base_url="http://e/v1/"),
            {"environ": {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://e/v1"}},
            "http://e/v1",
            "k",
            True,
        ),
        (
            Wish(provider="OpenAI", base_url="MY_SERVER"),
            {"environ": {"MY_SERVER": "http://mine"}},
            "http://mine",
            None,
            True,
        ),
        (
            Wish(provider="Anthropic", base_url="https://api.anthropic.com", api_key="k"),
            {},
            "https://api.anthropic.com",
            "k",
            True,
        ),
        (
            Wish(provider="Anthropic", api_key="k"),
            {"environ": {"ANTHROPIC_BASE_URL": "http://a/v1"}},
            "http://a",
            "k",
            True,
        ),
        (Wish(provider="Ollama"), {}, "http://localhost:11434", None, False),
        (Wish(provider="Ollama"), {"environ": {"OLLAMA_BASE_URL": "http://o:1/v1"}}, "http://o:1", None, True),
        (Wish(provider="Ollama", ollama_base_url="http://o:1"), {}, "http://o:1", None, False),
        (
            Wish(provider="OpenAI", api_key="k", ollama_base_url="http://o:1"),
            {},
            "https://api.openai.com/v1",
            "k",
            True,
        ),
        (Wish(provider="Ollama", base_url="localhost:11434"), {}, "http://localhost:11434", None, False),
        (
            Wish(provider="Groq", base_url="https://api.groq.com", api_key="k"),
            {},
            "https://api.groq.com/openai/v1",
            "k",
            True,
        ),
        (
            Wish(provider="SambaNova", base_url="https://api.sambanova.ai/v1/chat/completions", api_key="k"),
            {},
            "https://api.sambanova.ai/v1",
            "k",
            True,
        ),
        (
            Wish(provider="LM Studio", model_name="m", base_url="http://localhost:1234/v1"),
            {},
            "http://localhost:1234/v1",
            None,
            False,
        ),
        (
            Wish(provider="Hugging Face", model_name="m", base_url="https://mine.endpoints.huggingface.cloud/"),
            {"environ": {"HF_TOKEN": "k"}},
            "https://mine.endpoints.huggingface.cloud/v1",
            None,
            False,
        ),
        (
            Wish(provider="IBM watsonx.ai", watsonx_url="https://eu-de.ml.cloud.ibm.com", watsonx_project="p"),
            {"environ": {"WATSONX_APIKEY": "k"}},
            "https://eu-de.ml.cloud.ibm.com",
            "k",
            True,
        ),
        (
            Wish(provider="IBM watsonx.ai", base_url="https://ml.cloud.ibm.com.evil.test", watsonx_project="p"),
            {"environ": {"WATSONX_APIKEY": "k"}},
            "https://ml.cloud.ibm.com.evil.test",
            None,
            False,
        ),
        (
            Wish(provider="Azure AI Foundry", model_name="m", api_key="k"),
            {"environ": {"AZURE_AI_FOUNDRY_ENDPOINT": "https://f/openai/v1"}},
            "https://f/openai/v1",
            "k",
            True,
        ),
    ],
)
async def test_where_a_model_is_called_with_which_key_and_how_far_it_is_trusted(
    watched: Watched,
    opened: list[Endpoint],
    wish: Wish,
    surroundings: dict[str, Any],
    url: str,
    key: str | None,
    trusted: bool,
) -> None:
    await open_model(run_context(watched, **surroundings), wish)
    assert (opened[0].base_url, opened[0].key, watched.trusted) == (url, key, trusted)


@pytest.mark.parametrize("url", ["ftp://x", "file:///etc/passwd", "http://", "http://[bad", "gopher://127.0.0.1:1"])
async def test_a_base_url_of_another_kind_is_refused(watched: Watched, url: str) -> None:
    with pytest.raises(MissingModel, match="must look like https://host/path"):
        await open_model(run_context(watched), Wish(provider="OpenAI", base_url=url, api_key="k"))


@pytest.mark.parametrize(
    ("provider", "instead"),
    [
        ("Amazon Bedrock", "OPENAI_BASE_URL"),
        ("Vertex AI", "OPENAI_BASE_URL"),
    ],
)
async def test_a_provider_that_cannot_be_used_says_what_can(watched: Watched, provider: str, instead: str) -> None:
    with pytest.raises(MissingModel, match=f"is not supported here.*{instead}"):
        await open_model(run_context(watched), Wish(provider=provider, model_name="m", api_key="k"))


@pytest.mark.parametrize(
    ("wish", "environ", "extra"),
    [
        (Wish(watsonx_project="mine"), {"WATSONX_PROJECT_ID": "theirs"}, {"project_id": "mine"}),
        (Wish(watsonx_project="MY_PROJECT"), {"MY_PROJECT": "named"}, {"project_id": "named"}),
        (Wish(), {"WATSONX_PROJECT_ID": "theirs"}, {"project_id": "theirs"}),
        (Wish(), {"WATSONX_SPACE_ID": "space"}, {"space_id": "space"}),
        (Wish(options=Options(extra={"space_id": "mine", "stop": ["."]})), {}, {"space_id": "mine", "stop": ["."]}),
        (Wish(options=Options(extra={"project_id": "a", "space_id": "b"})), {}, {"project_id": "a"}),
    ],
)
async def test_a_request_to_watsonx_names_one_project_or_space(
    watched: Watched, opened: list[Endpoint], wish: Wish, environ: dict[str, str], extra: dict[str, Any]
) -> None:
    wish = dataclasses.replace(wish, provider="IBM watsonx.ai", api_key="k")
    await open_model(run_context(watched, environ=environ), wish)
    assert opened[0].options.extra == extra


async def test_watsonx_without_a_project_says_what_is_missing(watched: Watched) -> None:
    with pytest.raises(MissingModel, match="fill in that of the node, or set WATSONX_PROJECT_ID or WATSONX_SPACE_ID"):
        await open_model(run_context(watched), Wish(provider="IBM watsonx.ai", api_key="k"))


async def test_an_unknown_provider_is_an_error_that_lists_the_known_ones(watched: Watched) -> None:
    with pytest.raises(MissingModel, match=r"'Nobody' is not known\. Known are: OpenAI, Anthropic, "):
        await open_model(run_context(watched), Wish(provider="Nobody", model_name="m"))


async def test_a_provider_without_a_usual_model_wants_one_named(watched: Watched) -> None:
    with pytest.raises(MissingModel, match="names the provider LM Studio but no model"):
        await open_model(run_context(watched), Wish(provider="LM Studio"))


async def test_openrouter_is_told_who_asks(watched: Watched, opened: list[Endpoint]) -> None:
    environ = {"OPENROUTER_SITE_URL": "https://me", "OPENROUTER_APP_NAME": "Env"}
    wish = Wish(provider="OpenRouter", api_key="k", headers={"x-title": "Node"})
    await open_model(run_context(watched, environ=environ), wish)
    assert opened[0].headers == {"http-referer": "https://me", "x-title": "Node"}


async def test_the_node_may_wait_less_than_the_server_but_not_longer(watched: Watched, opened: list[Endpoint]) -> None:
    context = run_context(watched, model_timeout=60.0)
    for asked in (None, 5.0, 700.0):
        await open_model(context, Wish(provider="OpenAI", api_key="k", options=Options(timeout=asked)))
    assert [endpoint.timeout for endpoint in opened] == [60, 5, 60]


async def test_the_nodes_own_data_can_mark_a_reasoning_model(watched: Watched, opened: list[Endpoint]) -> None:
    field = [{"name": "thinker", "provider": "OpenAI", "metadata": {"reasoning_models": ["thinker"]}}]
    model = await open_model(run_context(watched), Wish(model=field, api_key="k"))
    assert isinstance(model, OpenAI)
    assert opened[0].options.reasoning
