"""Language models as components: the general one, and one for each provider that flows name by type."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, ClassVar

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.context import Emit
from langflow_lite.errors import ComponentError
from langflow_lite.ids import new_id
from langflow_lite.models.base import ChatMessage, LanguageModel, Options
from langflow_lite.models.resolve import Wish, open_model
from langflow_lite.models.turns import turn_of
from langflow_lite.values import Message, Properties, Source, dump_message, event_time, token_time

__all__ = [
    "TEMPERATURE_RANGE",
    "ZERO_UNSET",
    "AnthropicModel",
    "LanguageModelComponent",
    "ModelComponent",
    "OpenAICompatibleModel",
    "OpenAIModel",
    "ProviderModel",
    "positive",
]

TEMPERATURE_RANGE = {"min": 0, "max": 2, "step": 0.01, "step_type": "float"}
ZERO_UNSET = "0 leaves it to the provider."


class ModelComponent(Component):
    """Base of the model components: asks a model for text, or hands the model itself to another component.

    A subclass says in `wish` which model is meant. With a run that streams and an edge straight into a ChatOutput the
    answer grows as token events under the id that ChatOutput then stores it with; nothing is stored here.
    """

    category = "models"

    input_value: Message | str = field(Kind.MESSAGE, "Input", info="The text, and images, to be answered.")
    system_message: str = field(
        Kind.MULTILINE, "System Message", info="Instructions that come before the input.", aliases=("system_prompt",)
    )
    stream: bool = field(
        Kind.BOOL, "Stream", False, advanced=True, info="Kept for old flows; a run that streams always streams."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._answer: Message | None = None

    @output("text_output", "Model Response", aliases=("text",))
    async def text_response(self) -> Message:
        """The model's answer. Raises `ComponentError`, `MissingModel` and `ProviderError`."""
        if self._answer is None:
            messages = await self.conversation()
            model = await self.build_model()
            emit = self.ctx.emit
            if emit is not None and self.ctx.streaming and self.node.feeds_chat_output:
                self._answer = await self._stream(model, messages, emit)
            else:
                self._answer = await self._complete(model, messages)
            self.status = self._answer.text
        return self._answer

    @output("model_output", "Language Model", aliases=("build_model",))
    async def build_model(self) -> LanguageModel:
        """The model, to be used by another component."""
        model = await open_model(self.ctx, self.wish())
        self.model_name = model.model
        return model

    def wish(self) -> Wish:
        """Which model, where, with which key and options, from the fields."""
        raise NotImplementedError

    def instructions(self) -> str:
        """The text that comes before the input; empty when there is none."""
        return self.system_message if self.system_message.strip() else ""

    async def conversation(self) -> list[ChatMessage]:
        """What is sent to the model. Raises `ComponentError` when there is nothing to send."""
        given = self.input_value
        message = given if isinstance(given, Message) else Message(text=given)
        system = self.instructions()
        if not message.text and not message.files and not system:
            raise ComponentError("The message you want to send to the model is empty.")
        messages = [ChatMessage(role="system", text=system)] if system else []
        if message.text or message.files:
            # Whoever wrote it, a person or another model: here it is what is to be answered.
            messages.append(await turn_of(message, self.ctx.files, "user"))
        return messages

    async def _complete(self, model: LanguageModel, messages: list[ChatMessage]) -> Message:
        reply = await model.complete(messages)
        self.usage = reply.usage
        return self._message(model, reply.text)

    async def _stream(self, model: LanguageModel, messages: list[ChatMessage], emit: Emit) -> Message:
        answer = self._message(model, "")
        pieces: list[str] = []
        try:
            async with aclosing(model.stream(messages)) as deltas:
                async for delta in deltas:
                    if delta.text:
                        if answer.id is None:
                            _begin(answer, emit)
                        pieces.append(delta.text)
                        emit("token", {"chunk": delta.text, "id": answer.id, "timestamp": token_time()})
                    if delta.usage is not None:
                        self.usage = delta.usage
        except BaseException:
            if answer.id is not None:
                emit("remove_message", {"id": answer.id})
            raise
        answer.text = "".join(pieces)
        answer.properties = msgspec.structs.replace(answer.properties, state="complete", usage=self.usage)
        if answer.id is not None:
            # Not left to the Chat Output behind it: a build may stop before that.
            _announce(answer, emit)
        return answer

    def _message(self, model: LanguageModel, text: str) -> Message:
        source = Source(id=self.node.id, display_name=self.node.display_name, source=model.model)
        return Message(
            text=text,
            sender="Machine",
            sender_name=self.node.chat_sender_name,
            session_id=self.ctx.session_id,
            flow_id=self.ctx.flow_id,
            run_id=self.ctx.run_id,
            session_metadata={"graph_run_id": self.ctx.run_id},
            properties=Properties(source=source, usage=self.usage),
        )


def _begin(answer: Message, emit: Emit) -> None:
    """Announce an answer that begins to come. Not before: clients show it, and a provider may refuse to answer."""
    answer.id = new_id()
    answer.properties.state = "partial"
    _announce(answer, emit)


def _announce(answer: Message, emit: Emit) -> None:
    added = dump_message(answer, event_time(answer.timestamp))
    added["id"] = added.pop("id")
    emit("add_message", added)


class LanguageModelComponent(ModelComponent):
    """Ask a language model of any provider."""

    name = "LanguageModelComponent"
    display_name = "Language Model"
    category = "models_and_agents"
    icon = "brain-circuit"
    aliases = ("LanguageModel", "Language Model")

    model: Any = field(Kind.MODEL, "Language Model", info="Empty: the server's default model.")
    provider: str = field(Kind.STR, "Provider", advanced=True, info="Outranks the provider of the model field.")
    model_name: str = field(Kind.STR, "Model Name", advanced=True, info="Outranks the name in the model field.")
    api_key: str = field(Kind.SECRET, "API Key", advanced=True, load_from_db=True)
    ollama_base_url: str = field(Kind.STR, "Ollama Base URL", advanced=True)
    base_url_ibm_watsonx: str = field(Kind.STR, "watsonx API Endpoint", advanced=True, show=False)
    project_id: str = field(Kind.STR, "watsonx Project ID", advanced=True, show=False)
    temperature: float = field(Kind.SLIDER, "Temperature", 0.1, advanced=True, range_spec=TEMPERATURE_RANGE)
    max_tokens: int = field(Kind.INT, "Max Tokens", 0, advanced=True, info=ZERO_UNSET)

    def wish(self) -> Wish:
        """The model field in any of its forms, with the two text fields on top."""
        return Wish(
            model=self.model,
            provider=self.provider,
            model_name=self.model_name,
            api_key=self.api_key,
            ollama_base_url=self.ollama_base_url,
            watsonx_url=self.base_url_ibm_watsonx,
            watsonx_project=self.project_id,
            options=Options(temperature=self.temperature, max_tokens=positive(self.max_tokens)),
        )


class ProviderModel(ModelComponent):
    """Base of the components that belong to one provider, `vendor`."""

    vendor: ClassVar[str] = ""

    model_name: str = field(
        Kind.DROPDOWN, "Model Name", aliases=("model",), info="Empty: the provider's usual one.", combobox=True
    )
    api_key: str = field(
        Kind.SECRET,
        "API Key",
        load_from_db=True,
        info="A key, or the name of a global variable. Empty: the provider's own variable.",
        aliases=(
            "openai_api_key",
            "anthropic_api_key",
            "groq_api_key",
            "novita_api_key",
            "sambanova_api_key",
            "deepseek_api_key",
            "xai_api_key",
            "openrouter_api_key",
            "nvidia_api_key",
            "aiml_api_key",
            "perplexity_api_key",
            "mistral_api_key",
        ),
    )
    base_url: str = field(
        Kind.STR,
        "Base URL",
        advanced=True,
        info="Empty: the provider's own address, or the one its variable names.",
        aliases=(
            "openai_api_base",
            "anthropic_api_url",
            "groq_api_base",
            "api_base",
            "aiml_api_base",
            "mistral_api_base",
        ),
    )
    temperature: float = field(Kind.SLIDER, "Temperature", 0.1, advanced=True, range_spec=TEMPERATURE_RANGE)
    max_tokens: int = field(Kind.INT, "Max Tokens", 0, advanced=True, aliases=("max_output_tokens",), info=ZERO_UNSET)

    def wish(self) -> Wish:
        """The provider's model that the fields name."""
        return Wish(
            provider=self.vendor,
            model_name=self.model_name,
            api_key=self.api_key,
            base_url=self.base_url,
            headers=self.headers(),
            options=self.options(),
        )

    def options(self) -> Options:
        """How the model is to be asked."""
        return Options(temperature=self.temperature, max_tokens=positive(self.max_tokens))

    def headers(self) -> dict[str, str]:
        """Further request headers."""
        return {}


class OpenAICompatibleModel(ProviderModel):
    """Base of the components of all providers that speak the chat completions protocol."""

    top_p: float = field(Kind.FLOAT, "Top P", 0.0, advanced=True, info=ZERO_UNSET)
    seed: int = field(Kind.INT, "Seed", 0, advanced=True, aliases=("random_seed",), info=ZERO_UNSET)
    json_mode: bool = field(Kind.BOOL, "JSON Mode", False, advanced=True, info="Have the answer be a JSON object.")
    model_kwargs: dict[str, Any] = field(
        Kind.DICT, "Model Kwargs", advanced=True, info="Further parameters of the request, passed on as they are."
    )
    max_retries: int = field(Kind.INT, "Max Retries", 2, advanced=True)
    timeout: int = field(Kind.INT, "Timeout", 0, advanced=True, info="Seconds of silence; 0: the server's setting.")

    def options(self) -> Options:
        """How the model is to be asked; a parameter that is zero is left to the provider."""
        return Options(
            temperature=self.temperature,
            max_tokens=positive(self.max_tokens),
            seed=self.seed or None,
            top_p=self.top_p if self.top_p > 0 else None,
            json_mode=self.json_mode,
            extra=self.model_kwargs,
            timeout=positive(self.timeout),
            max_retries=max(0, self.max_retries),
        )


class OpenAIModel(OpenAICompatibleModel):
    """Ask a model of OpenAI, or of any server that speaks its protocol."""

    name = "OpenAIModel"
    display_name = "OpenAI"
    icon = "OpenAI"
    aliases = ("OpenAIModelComponent",)
    vendor = "OpenAI"

    seed: int = field(Kind.INT, "Seed", 1, advanced=True, info=ZERO_UNSET)
    max_retries: int = field(Kind.INT, "Max Retries", 5, advanced=True)
    output_schema: dict[str, Any] = field(Kind.DICT, "Schema", advanced=True, show=False)

    def options(self) -> Options:
        """How the model is to be asked; a schema, which 1.0 and 1.1 had, asks for JSON."""
        options = super().options()
        return msgspec.structs.replace(options, json_mode=True) if self.output_schema else options


class AnthropicModel(ProviderModel):
    """Ask a model of Anthropic."""

    name = "AnthropicModel"
    display_name = "Anthropic"
    icon = "Anthropic"
    aliases = ("AnthropicModelComponent",)
    vendor = "Anthropic"

    max_tokens: int = field(Kind.INT, "Max Tokens", 4096, advanced=True)
    prefill: str = field(Kind.TEXT, "Prefill", advanced=True, info="How the answer has to begin.")

    async def conversation(self) -> list[ChatMessage]:
        """What is sent, with the beginning of the answer as its last turn."""
        messages = await super().conversation()
        if self.prefill.strip():
            messages.append(ChatMessage(role="assistant", text=self.prefill))
        return messages


def positive(number: int) -> int | None:
    """The number, None for zero and less: what fields that can be left to the provider hold."""
    return number if number > 0 else None
