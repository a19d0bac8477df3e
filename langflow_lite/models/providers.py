"""The providers: their names in flows, variables, addresses and the protocol each speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = [
    "ECHO",
    "HUGGING_FACE",
    "LOCAL",
    "OLLAMA",
    "OPENAI",
    "PROVIDERS",
    "PROVIDER_VARIABLES",
    "WATSONX",
    "Provider",
    "find_provider",
    "provider_of_key",
    "provider_of_model",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One row of the table.

    `protocol` names the module of this package that speaks it, which has a function `connect(Endpoint)`; it is empty
    for providers that cannot be used here, and `instead` then says what can. Variables are tried in order, as global
    variables and in the environment; those of `header_variables` and `body_variables` become parts of every request.
    `hosts` is how the names of all its hosts end, for providers that have several. `local` marks servers that run beside
    this one and need no key.
    """

    name: str
    protocol: str = ""
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    base_variables: tuple[str, ...] = ()
    default_model: str = ""
    aliases: tuple[str, ...] = ()
    model_prefixes: tuple[str, ...] = ()
    key_prefix: str = ""
    header_variables: tuple[tuple[str, str], ...] = ()
    body_variables: tuple[tuple[str, str], ...] = ()
    strip: tuple[str, ...] = ()
    append: str = ""
    hosts: str = ""
    local: bool = False
    keyless: bool = False
    instead: str = ""

    def owns(self, base_url: str) -> bool:
        """Whether an address is the provider's own, and not one of a server that somebody runs."""
        if self.hosts and base_url.startswith("https://"):
            return (urlsplit(base_url).hostname or "").endswith(self.hosts)
        return bool(self.base_url) and base_url == self.normalise(self.base_url)

    def normalise(self, base_url: str) -> str:
        """A base URL without trailing slashes and the endings users paste along, with the one the protocol needs."""
        url = base_url.strip().rstrip("/")
        for ending in self.strip:
            url = url.removesuffix(ending).rstrip("/")
        if self.append and not url.endswith(self.append):
            url += self.append
        return url


_COMPATIBLE = (
    "Reach it through a server that speaks the OpenAI protocol (LiteLLM, for one): "
    "choose the provider OpenAI and set OPENAI_BASE_URL."
)
_CHAT = ("/chat/completions",)

OPENAI = Provider(
    name="OpenAI",
    protocol="openai",
    base_url="https://api.openai.com/v1",
    key_variables=("OPENAI_API_KEY",),
    base_variables=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    default_model="gpt-4o-mini",
    model_prefixes=("gpt-", "chatgpt-", "o1", "o3", "o4"),
    key_prefix="sk-",
    strip=_CHAT,
)
ECHO = Provider(
    name="Echo", protocol="echo", default_model="echo", aliases=("Built-in",), model_prefixes=("echo",), keyless=True
)
HUGGING_FACE = Provider(
    name="Hugging Face",
    protocol="openai",
    base_url="https://router.huggingface.co/v1",
    key_variables=("HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN"),
    default_model="meta-llama/Llama-3.3-70B-Instruct",
    aliases=("HuggingFace",),
    key_prefix="hf_",
    strip=_CHAT,
    append="/v1",
)
LOCAL = Provider(name="Local", protocol="local", aliases=("llama.cpp", "GGUF"), keyless=True)
OLLAMA = Provider(
    name="Ollama",
    protocol="ollama",
    base_url="http://localhost:11434",
    key_variables=("OLLAMA_API_KEY",),
    base_variables=("OLLAMA_BASE_URL",),
    default_model="llama3.2",
    strip=("/api/chat", "/v1"),
    local=True,
    keyless=True,
)
WATSONX = Provider(
    name="IBM watsonx.ai",
    protocol="watsonx",
    base_url="https://us-south.ml.cloud.ibm.com",
    key_variables=("WATSONX_APIKEY", "WATSONX_API_KEY"),
    base_variables=("WATSONX_URL",),
    body_variables=(("project_id", "WATSONX_PROJECT_ID"), ("space_id", "WATSONX_SPACE_ID")),
    default_model="ibm/granite-3-3-8b-instruct",
    aliases=("IBM WatsonX", "WatsonX", "IBM watsonx"),
    strip=("/ml/v1/text/chat", "/ml/v1"),
    hosts=".ml.cloud.ibm.com",
)

PROVIDERS: tuple[Provider, ...] = (
    OPENAI,
    Provider(
        name="Anthropic",
        protocol="anthropic",
        base_url="https://api.anthropic.com",
        key_variables=("ANTHROPIC_API_KEY",),
        base_variables=("ANTHROPIC_BASE_URL",),
        default_model="claude-sonnet-4-5",
        model_prefixes=("claude",),
        key_prefix="sk-ant-",
        strip=("/messages", "/v1"),
    ),
    Provider(
        name="Groq",
        protocol="openai",
        base_url="https://api.groq.com/openai/v1",
        key_variables=("GROQ_API_KEY",),
        default_model="llama-3.3-70b-versatile",
        key_prefix="gsk_",
        strip=_CHAT,
        append="/openai/v1",
    ),
    Provider(
        name="OpenRouter",
        protocol="openai",
        base_url="https://openrouter.ai/api/v1",
        key_variables=("OPENROUTER_API_KEY",),
        default_model="openai/gpt-4o-mini",
        key_prefix="sk-or-",
        header_variables=(("http-referer", "OPENROUTER_SITE_URL"), ("x-title", "OPENROUTER_APP_NAME")),
        strip=_CHAT,
    ),
    Provider(
        name="Mistral",
        protocol="openai",
        base_url="https://api.mistral.ai/v1",
        key_variables=("MISTRAL_API_KEY",),
        default_model="mistral-small-latest",
        aliases=("MistralAI", "Mistral AI"),
        strip=_CHAT,
    ),
    Provider(
        name="DeepSeek",
        protocol="openai",
        base_url="https://api.deepseek.com",
        key_variables=("DEEPSEEK_API_KEY",),
        default_model="deepseek-chat",
        strip=_CHAT,
    ),
    Provider(
        name="xAI",
        protocol="openai",
        base_url="https://api.x.ai/v1",
        key_variables=("XAI_API_KEY",),
        default_model="grok-3-mini",
        key_prefix="xai-",
        strip=_CHAT,
    ),
    Provider(
        name="NVIDIA",
        protocol="openai",
        base_url="https://integrate.api.nvidia.com/v1",
        key_variables=("NVIDIA_API_KEY",),
        default_model="meta/llama-3.1-8b-instruct",
        key_prefix="nvapi-",
        strip=_CHAT,
    ),
    Provider(
        name="Perplexity",
        protocol="openai",
        base_url="https://api.perplexity.ai",
        key_variables=("PPLX_API_KEY", "PERPLEXITY_API_KEY"),
        default_model="sonar",
        key_prefix="pplx-",
        strip=_CHAT,
    ),
    Provider(
        name="Novita",
        protocol="openai",
        base_url="https://api.novita.ai/v3/openai",
        key_variables=("NOVITA_API_KEY",),
        default_model="meta-llama/llama-3.1-8b-instruct",
        aliases=("Novita AI",),
        strip=_CHAT,
    ),
    Provider(
        name="SambaNova",
        protocol="openai",
        base_url="https://api.sambanova.ai/v1",
        key_variables=("SAMBANOVA_API_KEY",),
        default_model="Meta-Llama-3.3-70B-Instruct",
        strip=_CHAT,
    ),
    Provider(
        name="AI/ML",
        protocol="openai",
        base_url="https://api.aimlapi.com/v1",
        key_variables=("AIML_API_KEY",),
        default_model="gpt-4o-mini",
        aliases=("AIML", "AI/ML API"),
        strip=_CHAT,
    ),
    Provider(
        name="Cohere",
        protocol="openai",
        base_url="https://api.cohere.ai/compatibility/v1",
        key_variables=("COHERE_API_KEY",),
        default_model="command-a-03-2025",
        strip=_CHAT,
    ),
    HUGGING_FACE,
    Provider(
        name="CometAPI",
        protocol="openai",
        base_url="https://api.cometapi.com/v1",
        key_variables=("COMETAPI_KEY",),
        default_model="gpt-4o-mini",
        strip=_CHAT,
    ),
    Provider(
        name="Azure AI Foundry",
        protocol="openai",
        key_variables=("AZURE_AI_FOUNDRY_API_KEY",),
        base_variables=("AZURE_AI_FOUNDRY_ENDPOINT",),
        strip=_CHAT,
    ),
    OLLAMA,
    Provider(
        name="LM Studio",
        protocol="openai",
        base_url="http://localhost:1234/v1",
        key_variables=("LMSTUDIO_API_KEY",),
        base_variables=("LMSTUDIO_BASE_URL",),
        aliases=("LMStudio",),
        strip=_CHAT,
        local=True,
        keyless=True,
    ),
    Provider(
        name="vLLM",
        protocol="openai",
        base_url="http://localhost:8000/v1",
        key_variables=("VLLM_API_KEY",),
        base_variables=("VLLM_API_BASE",),
        default_model="ibm-granite/granite-3.3-8b-instruct",
        strip=_CHAT,
        local=True,
        keyless=True,
    ),
    Provider(
        name="LiteLLM",
        protocol="openai",
        base_url="http://localhost:4000/v1",
        key_variables=("LITELLM_API_KEY",),
        base_variables=("LITELLM_API_BASE",),
        aliases=("LiteLLM Proxy",),
        strip=_CHAT,
        local=True,
        keyless=True,
    ),
    LOCAL,
    ECHO,
    Provider(
        name="Google Generative AI",
        protocol="gemini",
        base_url="https://generativelanguage.googleapis.com",
        key_variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        base_variables=("GOOGLE_BASE_URL",),
        default_model="gemini-2.5-flash",
        aliases=("Google", "Gemini", "Google Gemini"),
        model_prefixes=("gemini",),
        key_prefix="AIza",
        strip=("/v1beta/openai", "/v1beta", "/v1"),
    ),
    Provider(
        name="Azure OpenAI",
        protocol="azure",
        key_variables=("AZURE_OPENAI_API_KEY",),
        base_variables=("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_BASE"),
        aliases=("Azure",),
    ),
    WATSONX,
    Provider(name="Amazon Bedrock", aliases=("Bedrock", "AWS Bedrock"), instead=_COMPATIBLE),
    Provider(name="Vertex AI", aliases=("Google Vertex AI", "VertexAI"), instead=_COMPATIBLE),
)


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _named() -> Iterator[tuple[str, Provider]]:
    for provider in PROVIDERS:
        for name in (provider.name, *provider.aliases):
            yield _plain(name), provider


_BY_NAME = dict(_named())


def find_provider(name: str) -> Provider | None:
    """The provider a flow calls by this name; case, spaces and punctuation do not matter."""
    return _BY_NAME.get(_plain(name))


def provider_of_model(model: str) -> Provider | None:
    """The provider that a model's name gives away (`claude-...`), None when it could be anybody's."""
    lowered = model.lower()
    return next((p for p in PROVIDERS if p.model_prefixes and lowered.startswith(p.model_prefixes)), None)


def provider_of_key(key: str) -> Provider | None:
    """The provider that a key's form gives away (`sk-ant-...`), by the longest form that fits."""
    fitting = [p for p in PROVIDERS if p.key_prefix and key.startswith(p.key_prefix)]
    return max(fitting, key=lambda p: len(p.key_prefix), default=None)


PROVIDER_VARIABLES = tuple(
    dict.fromkeys(
        name
        for provider in PROVIDERS
        for name in (
            *provider.key_variables,
            *provider.base_variables,
            *(variable for _, variable in (*provider.header_variables, *provider.body_variables)),
        )
    )
)
"""Every global or environment variable that some provider reads."""
