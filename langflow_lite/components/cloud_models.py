"""Components of the clouds that speak a protocol of their own: Google, Azure and IBM."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.models import TEMPERATURE_RANGE, ZERO_UNSET, ModelComponent, ProviderModel, positive
from langflow_lite.models.base import Options
from langflow_lite.models.resolve import Wish

__all__ = ["AzureOpenAIModel", "GoogleGenerativeAIModel", "WatsonxAIComponent", "azure_address"]

_API_VERSION = "2024-10-21"


class GoogleGenerativeAIModel(ProviderModel):
    """Ask a Gemini model of Google."""

    name = "GoogleGenerativeAIModel"
    aliases = ("GoogleGenerativeAIComponent", "GoogleGenerativeAI")
    display_name = "Google Generative AI"
    icon = "GoogleGenerativeAI"
    vendor = "Google Generative AI"

    api_key: str = field(
        Kind.SECRET, "Google API Key", load_from_db=True, aliases=("google_api_key",), info="Empty: GOOGLE_API_KEY."
    )
    top_k: int = field(Kind.INT, "Top K", 0, advanced=True, info=ZERO_UNSET)
    top_p: float = field(Kind.FLOAT, "Top P", 0.0, advanced=True, info=ZERO_UNSET)
    n: int = field(Kind.INT, "N", 0, advanced=True, info="Kept for old flows; one answer is asked for.")
    tool_model_enabled: bool = field(Kind.BOOL, "Tool Model Enabled", False, advanced=True, info="Kept for old flows.")

    def options(self) -> Options:
        """How the model is to be asked; a parameter that is zero is left to the provider."""
        return msgspec.structs.replace(
            super().options(),
            top_p=self.top_p if self.top_p > 0 else None,
            extra={"topK": self.top_k} if self.top_k > 0 else {},
        )


class AzureOpenAIModel(ModelComponent):
    """Ask a model that is deployed at Azure."""

    name = "AzureOpenAIModel"
    aliases = ("AzureChatOpenAIComponent", "AzureOpenAI")
    display_name = "Azure OpenAI"
    icon = "Azure"

    azure_endpoint: str = field(Kind.TEXT, "Azure Endpoint", required=True, info="Address of the resource.")
    azure_deployment: str = field(Kind.TEXT, "Deployment Name", required=True, info="Name of the deployment.")
    api_key: str = field(
        Kind.SECRET, "Azure Chat OpenAI API Key", load_from_db=True, info="Empty: AZURE_OPENAI_API_KEY."
    )
    api_version: str = field(Kind.DROPDOWN, "API Version", _API_VERSION, advanced=True, combobox=True)
    temperature: float = field(Kind.SLIDER, "Temperature", 0.7, advanced=True, range_spec=TEMPERATURE_RANGE)
    max_tokens: int = field(Kind.INT, "Max Tokens", 0, advanced=True, info=ZERO_UNSET)

    def wish(self) -> Wish:
        """The deployment that the fields name."""
        return Wish(
            provider="Azure OpenAI",
            model_name=self.azure_deployment,
            api_key=self.api_key,
            base_url=azure_address(self.azure_endpoint, self.api_version),
            options=Options(temperature=self.temperature, max_tokens=positive(self.max_tokens)),
        )


class WatsonxAIComponent(ProviderModel):
    """Ask a model of IBM watsonx.ai."""

    name = "IBMwatsonxModel"
    aliases = ("WatsonxAI",)
    display_name = "IBM watsonx.ai"
    icon = "WatsonxAI"
    vendor = "IBM watsonx.ai"

    api_key: str = field(Kind.SECRET, "Watsonx API Key", load_from_db=True, info="Empty: WATSONX_APIKEY.")
    base_url: str = field(Kind.STR, "watsonx API Endpoint", aliases=("url",), info="Empty: WATSONX_URL, else Dallas.")
    project_id: str = field(Kind.STR, "watsonx Project ID", info="Empty, without a space: WATSONX_PROJECT_ID.")
    space_id: str = field(Kind.STR, "watsonx Space ID", advanced=True)
    max_tokens: int = field(Kind.INT, "Max Tokens", 1000, advanced=True, info=ZERO_UNSET)
    stop_sequence: str = field(Kind.STR, "Stop Sequence", advanced=True, info="The answer ends before it.")
    top_p: float = field(Kind.SLIDER, "Top P", 0.9, advanced=True)
    frequency_penalty: float = field(Kind.SLIDER, "Frequency Penalty", 0.5, advanced=True)
    presence_penalty: float = field(Kind.SLIDER, "Presence Penalty", 0.3, advanced=True)
    seed: int = field(Kind.INT, "Random Seed", 8, advanced=True, info=ZERO_UNSET)

    def options(self) -> Options:
        """How the model is to be asked, and in which project or space."""
        extra: dict[str, Any] = {
            "frequency_penalty": self.frequency_penalty,
            "presence_penalty": self.presence_penalty,
            "project_id": self.project_id,
            "space_id": self.space_id,
        }
        if self.stop_sequence:
            extra["stop"] = [self.stop_sequence]
        return msgspec.structs.replace(
            super().options(),
            top_p=self.top_p if self.top_p > 0 else None,
            seed=self.seed or None,
            extra={key: value for key, value in extra.items() if value not in ("", None)},
        )


def azure_address(endpoint: str, version: str) -> str:
    """The address of a resource with the version of its interface; the name of a global variable stays as it is."""
    endpoint = endpoint.strip().rstrip("/")
    return f"{endpoint}?api-version={version}" if "://" in endpoint and "?" not in endpoint and version else endpoint
