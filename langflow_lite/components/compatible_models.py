"""Components of the providers that speak the chat completions protocol under another name."""

from __future__ import annotations

import msgspec

from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.models import TEMPERATURE_RANGE, ZERO_UNSET, OpenAICompatibleModel
from langflow_lite.models.base import Options

__all__ = [
    "AIMLModel",
    "DeepSeekModel",
    "GroqModel",
    "LMStudioModel",
    "MistralModel",
    "NVIDIAModel",
    "NovitaModel",
    "OpenRouterModel",
    "PerplexityModel",
    "SambaNovaModel",
    "XAIModel",
]


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
