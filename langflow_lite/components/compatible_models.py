"""Components of the providers that speak the chat completions protocol under another name."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.models import TEMPERATURE_RANGE, ZERO_UNSET, OpenAICompatibleModel
from langflow_lite.models.base import Options
from langflow_lite.models.resolve import Wish

__all__ = [
    "AIMLModel",
    "CohereModel",
    "CometAPIModel",
    "DeepSeekModel",
    "GroqModel",
    "HuggingFaceModel",
    "LMStudioModel",
    "LiteLLMProxyModel",
    "MistralModel",
    "NVIDIAModel",
    "NovitaModel",
    "OpenRouterModel",
    "PerplexityModel",
    "SambaNovaModel",
    "VLLMModel",
    "XAIModel",
    "own_endpoint",
]

_SHARED = frozenset({"api-inference.huggingface.co", "router.huggingface.co"})


class GroqModel(OpenAICompatibleModel):
    """Ask a model of Groq."""

    name = "GroqModel"
    display_name = "Groq"
    icon = "Groq"
    aliases = ("GroqModelComponent",)
    vendor = "Groq"


class NovitaModel(OpenAICompatibleModel):
    """Ask a model of Novita AI."""

    name = "NovitaModel"
    display_name = "Novita AI"
    icon = "Novita"
    aliases = ("NovitaModelComponent",)
    vendor = "Novita"

    seed: int = field(Kind.INT, "Seed", 1, advanced=True, info=ZERO_UNSET)


class SambaNovaModel(OpenAICompatibleModel):
    """Ask a model of SambaNova."""

    name = "SambaNovaModel"
    display_name = "SambaNova"
    icon = "SambaNova"
    aliases = ("SambaNovaComponent", "SambaNovaModelComponent")
    vendor = "SambaNova"

    max_tokens: int = field(Kind.INT, "Max Tokens", 2048, advanced=True, info=ZERO_UNSET)


class DeepSeekModel(OpenAICompatibleModel):
    """Ask a model of DeepSeek."""

    name = "DeepSeekModelComponent"
    display_name = "DeepSeek"
    icon = "DeepSeek"
    aliases = ("DeepSeekModel",)
    vendor = "DeepSeek"

    temperature: float = field(Kind.SLIDER, "Temperature", 1.0, advanced=True, range_spec=TEMPERATURE_RANGE)
    seed: int = field(Kind.INT, "Seed", 1, advanced=True, info=ZERO_UNSET)


class XAIModel(OpenAICompatibleModel):
    """Ask a model of xAI."""

    name = "xAIModel"
    display_name = "xAI"
    icon = "xAI"
    aliases = ("XAIModel", "XAIModelComponent", "xAIModelComponent")
    vendor = "xAI"

    seed: int = field(Kind.INT, "Seed", 1, advanced=True, info=ZERO_UNSET)


class OpenRouterModel(OpenAICompatibleModel):
    """Ask a model that OpenRouter passes on to its maker."""

    name = "OpenRouterComponent"
    display_name = "OpenRouter"
    icon = "OpenRouter"
    aliases = ("OpenRouter", "OpenRouterModel")
    vendor = "OpenRouter"

    temperature: float = field(Kind.SLIDER, "Temperature", 0.7, advanced=True, range_spec=TEMPERATURE_RANGE)
    site_url: str = field(Kind.STR, "Site URL", advanced=True, info="Your site, for OpenRouter's rankings.")
    app_name: str = field(Kind.STR, "App Name", advanced=True, info="Your app, for OpenRouter's rankings.")

    def headers(self) -> dict[str, str]:
        """Who is asking, if the node says so."""
        given = {"http-referer": self.site_url, "x-title": self.app_name}
        return {name: value for name, value in given.items() if value}


class LMStudioModel(OpenAICompatibleModel):
    """Ask a model of a local LM Studio server."""

    name = "LMStudioModel"
    display_name = "LM Studio"
    icon = "LMStudio"
    aliases = ("LMStudioModelComponent",)
    vendor = "LM Studio"

    seed: int = field(Kind.INT, "Seed", 1, advanced=True, info=ZERO_UNSET)


class NVIDIAModel(OpenAICompatibleModel):
    """Ask a model of NVIDIA's catalogue."""

    name = "NVIDIAModelComponent"
    display_name = "NVIDIA"
    icon = "NVIDIA"
    aliases = ("NVIDIAModel",)
    vendor = "NVIDIA"

    seed: int = field(Kind.INT, "Seed", 1, advanced=True, info=ZERO_UNSET)


class AIMLModel(OpenAICompatibleModel):
    """Ask a model of the AI/ML API."""

    name = "AIMLModel"
    display_name = "AI/ML API"
    icon = "AIML"
    aliases = ("AIMLModelComponent",)
    vendor = "AI/ML"


class PerplexityModel(OpenAICompatibleModel):
    """Ask a model of Perplexity."""

    name = "PerplexityModel"
    display_name = "Perplexity"
    icon = "Perplexity"
    aliases = ("PerplexityComponent", "PerplexityModelComponent")
    vendor = "Perplexity"

    temperature: float = field(Kind.SLIDER, "Temperature", 0.75, advanced=True, range_spec=TEMPERATURE_RANGE)


class MistralModel(OpenAICompatibleModel):
    """Ask a model of Mistral AI."""

    name = "MistralModel"
    display_name = "MistralAI"
    icon = "MistralAI"
    aliases = ("MistralAIModel", "MistralAIModelComponent", "MistalAIModelComponent")
    vendor = "Mistral"

    safe_mode: bool = field(Kind.BOOL, "Safe Mode", False, advanced=True)

    def options(self) -> Options:
        """How the model is to be asked; the protocol's `seed` and safe mode have other names there."""
        options = super().options()
        extra = dict(options.extra)
        if options.seed is not None:
            extra["random_seed"] = options.seed
        if self.safe_mode:
            extra["safe_prompt"] = True
        return msgspec.structs.replace(options, seed=None, extra=extra)


class CohereModel(OpenAICompatibleModel):
    """Ask a model of Cohere."""

    name = "CohereModel"
    display_name = "Cohere Language Models"
    icon = "Cohere"
    aliases = ("CohereComponent", "CohereModelComponent")
    vendor = "Cohere"

    api_key: str = field(
        Kind.SECRET, "Cohere API Key", load_from_db=True, aliases=("cohere_api_key",), info="Empty: COHERE_API_KEY."
    )
    temperature: float = field(Kind.SLIDER, "Temperature", 0.75, advanced=True, range_spec=TEMPERATURE_RANGE)


class CometAPIModel(OpenAICompatibleModel):
    """Ask a model that CometAPI passes on to its maker."""

    name = "CometAPIModel"
    display_name = "CometAPI"
    icon = "CometAPI"
    aliases = ("CometAPIComponent",)
    vendor = "CometAPI"

    temperature: float = field(Kind.SLIDER, "Temperature", 0.7, advanced=True, range_spec=TEMPERATURE_RANGE)
    seed: int = field(Kind.INT, "Seed", 1, advanced=True, info=ZERO_UNSET)


class LiteLLMProxyModel(OpenAICompatibleModel):
    """Ask a model behind a LiteLLM proxy."""

    name = "LiteLLMProxyModel"
    display_name = "LiteLLM Proxy"
    icon = "LiteLLM"
    aliases = ("LiteLLMProxyComponent",)
    vendor = "LiteLLM"

    temperature: float = field(Kind.SLIDER, "Temperature", 0.7, advanced=True, range_spec=TEMPERATURE_RANGE)


class VLLMModel(OpenAICompatibleModel):
    """Ask a model of a vLLM server."""

    name = "vLLMModel"
    display_name = "vLLM"
    icon = "vLLM"
    aliases = ("VllmComponent", "VLLMModel")
    vendor = "vLLM"

    seed: int = field(Kind.INT, "Seed", -1, advanced=True, info="-1 leaves it to the server.")

    def options(self) -> Options:
        """How the model is to be asked; what is -1 is left to the server."""
        options = super().options()
        return msgspec.structs.replace(options, seed=None) if self.seed == -1 else options


class HuggingFaceModel(OpenAICompatibleModel):
    """Ask a model that Hugging Face serves, or an inference endpoint of your own."""

    name = "HuggingFaceModel"
    display_name = "Hugging Face"
    icon = "HuggingFace"
    aliases = ("HuggingFaceEndpointsComponent", "HuggingFaceModelComponent")
    vendor = "Hugging Face"

    model_name: str = field(
        Kind.DROPDOWN, "Model ID", aliases=("model_id", "model"), info="Empty: the provider's usual one.", combobox=True
    )
    custom_model: str = field(Kind.STR, "Custom Model ID", show=False, info="For the model ID `custom`.")
    api_key: str = field(
        Kind.SECRET,
        "Hugging Face Token",
        load_from_db=True,
        aliases=("huggingfacehub_api_token",),
        info="Empty: HUGGINGFACEHUB_API_TOKEN.",
    )
    base_url: str = field(
        Kind.STR,
        "Inference Endpoint",
        advanced=True,
        aliases=("inference_endpoint",),
        info="An endpoint of your own; the shared ones of Hugging Face count as empty.",
    )
    temperature: float = field(Kind.SLIDER, "Temperature", 0.8, advanced=True, range_spec=TEMPERATURE_RANGE)
    top_p: float = field(Kind.FLOAT, "Top P", 0.95, advanced=True, info=ZERO_UNSET)
    max_tokens: int = field(Kind.INT, "Max New Tokens", 512, advanced=True, aliases=("max_new_tokens",))
    max_retries: int = field(Kind.INT, "Retry Attempts", 1, advanced=True, aliases=("retry_attempts",))

    def wish(self) -> Wish:
        """The model at the endpoint that the fields name."""
        model = self.custom_model if self.model_name == "custom" else self.model_name
        wish = super().wish()
        return replace(wish, model_name=model, base_url=own_endpoint(self.base_url))


def own_endpoint(address: str) -> str:
    """The address of an inference endpoint; empty for the shared ones of Hugging Face, whose paths have changed."""
    try:
        shared = urlsplit(address.strip()).hostname in _SHARED
    except ValueError:
        shared = False
    return "" if shared else address
