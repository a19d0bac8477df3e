"""LLM Selector: one language model chooses which of several others answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import output
from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.service import Service
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import ChatMessage, LanguageModel
from langflow_lite.models.resolve import Wish, open_model
from langflow_lite.values import Data, Message, to_text

__all__ = ["LLMSelectorComponent"]

_NUMBER = re.compile(r"\d+")


class LLMSelectorComponent(Service):
    """Has one language model choose which of several others answers."""

    name = "LLMSelectorComponent"
    aliases = ("LLMRouterComponent", "LLM Router", "LLM Selector")
    display_name = "LLM Selector"
    category = "llm_operations"
    icon = "git-branch"
    service = "openrouter"
    title = "OpenRouter"
    address = "https://openrouter.ai/api/v1"

    models: list[Any] = field(
        Kind.HANDLE, "Language Models", required=True, is_list=True, input_types=("LanguageModel",)
    )
    input_value: Any = field(Kind.MESSAGE, "Input", tool_mode=True, info="What is to be answered.")
    judge_llm: Any = field(Kind.HANDLE, "Judge LLM", required=True, input_types=("LanguageModel",))
    optimization: str = field(
        Kind.DROPDOWN, "Optimization", "balanced", options=("quality", "speed", "cost", "balanced"), advanced=True
    )
    use_openrouter_specs: bool = field(
        Kind.BOOL,
        "Use OpenRouter Specs",
        True,
        advanced=True,
        info="Tell the judge what OpenRouter knows of the models; without an answer of it their names must do.",
    )
    timeout: int = field(Kind.INT, "API Timeout", 10, advanced=True, info="Seconds to wait for OpenRouter.")
    fallback_to_first: bool = field(
        Kind.BOOL, "Fallback to First Model", True, advanced=True, info="When the judge does not choose one."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._answer: Message | None = None
        self._chosen = 0
        self._decision = ""

    @output("output", "Output", aliases=("route_to_model",))
    async def route_to_model(self) -> Message:
        """The answer of the model that was chosen."""
        if self._answer is None:
            models = [await open_model(self.ctx, Wish(model=model)) for model in self.models]
            text = to_text(self.input_value)
            self._chosen = await self._judge(models, text)
            model = models[self._chosen]
            reply = await model.complete([ChatMessage(role="user", text=text)])
            self.model_name, self.usage = model.model, reply.usage
            self._answer = Message(text=reply.text, sender="Machine", sender_name="AI")
            self.status = self._decision
        return self._answer

    @output("selected_model_info", "Selected Model Info", types=("JSON", "Data"), tool_mode=False)
    async def get_selected_model_info(self) -> Data:
        """Name, provider and index of the model that was chosen."""
        await self.route_to_model()
        model = self.models[self._chosen]
        return Data({"model_name": model.model, "provider": model.provider, "selected_index": self._chosen})

    @output("routing_decision", "Routing Decision", tool_mode=False)
    async def get_routing_decision(self) -> Message:
        """How the choice was made."""
        await self.route_to_model()
        return Message(text=self._decision)

    async def _judge(self, models: list[LanguageModel], text: str) -> int:
        known = await self._specifications() if self.use_openrouter_specs else {}
        listed = "\n".join(
            f"{index}: {model.model} ({model.provider})" + _described(known.get(_plain_name(model.model)))
            for index, model in enumerate(models)
        )
        aim = "a balance of quality, speed and cost" if self.optimization == "balanced" else self.optimization
        system = (
            f"Choose the language model that should answer the user's text. What matters is {aim}. "
            f"Answer with its number alone.\n\n{listed}"
        )
        judge = await open_model(self.ctx, Wish(model=self.judge_llm))
        reply = await judge.complete([ChatMessage(role="system", text=system), ChatMessage(role="user", text=text)])
        found = _NUMBER.search(reply.text)
        index = int(found[0][:6]) if found else -1
        if 0 <= index < len(models):
            self._decision = f"{models[index].model} was chosen for {aim}."
            return index
        if not self.fallback_to_first:
            raise ComponentError(f"the judge chose no model; it wrote: {reply.text.strip()[:200] or 'nothing'}")
        self._decision = f"The judge chose no model, so {models[0].model}, the first one, answered."
        return 0

    async def _specifications(self) -> dict[str, dict[str, Any]]:
        """What OpenRouter knows of its models, by their plain names; empty when it does not answer."""
        try:
            answer = await self.call("GET", "/models", timeout=max(1, self.timeout))
        except FetchFailed as error:
            self.log(f"No specifications from OpenRouter: {error}", "OpenRouter")
            return {}
        models = answer.get("data") if isinstance(answer, dict) else None
        return {_plain_name(str(model.get("id"))): model for model in models or () if isinstance(model, dict)}


def _plain_name(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[0].lower()


def _described(model: Mapping[str, Any] | None) -> str:
    if model is None:
        return ""
    facts = [f"context of {model['context_length']} tokens"] if model.get("context_length") else []
    pricing = model.get("pricing") or {}
    for name, what in (("prompt", "a million tokens read"), ("completion", "a million tokens written")):
        try:
            facts.append(f"{float(pricing[name]) * 1e6:.2f} USD for {what}")
        except (KeyError, TypeError, ValueError):
            continue
    if description := " ".join(str(model.get("description") or "").split()):
        facts.append(description[:300])
    return ": " + "; ".join(facts) if facts else ""
