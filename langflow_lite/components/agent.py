"""Agents: a model that decides which tools to call before it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from langflow_lite.components.agent_loop import AgentLoop
from langflow_lite.components.agent_steps import Steps
from langflow_lite.components.base import Component, output
from langflow_lite.components.calculator import calculator_tool
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.models import TEMPERATURE_RANGE, ZERO_UNSET, positive
from langflow_lite.components.structured_schema import ask_for_records, find_json, read_schema
from langflow_lite.components.tools import Tool, unique_names
from langflow_lite.components.utilities import CurrentDateComponent
from langflow_lite.errors import ComponentError, LangflowError
from langflow_lite.models.base import ChatMessage, LanguageModel, Options, Role
from langflow_lite.models.resolve import Wish, open_model
from langflow_lite.models.turns import turn_of
from langflow_lite.values import Data, Message, Properties, Source

__all__ = ["AgentComponent", "ToolCallingAgentComponent"]

_CONTINUE = "Continue the conversation."
_SCHEMA_COLUMNS = [
    {"name": "name", "display_name": "Name", "type": "str", "default": "field"},
    {"name": "description", "display_name": "Description", "type": "str", "default": ""},
    {"name": "type", "display_name": "Type", "type": "str", "default": "str"},
    {"name": "multiple", "display_name": "As List", "type": "boolean", "default": False},
]


class _Agent(Component):
    """What both agents share: instructions, tools, the loop and its message."""

    category = "models_and_agents"
    icon = "bot"

    tools: list[Tool] = field(
        Kind.HANDLE,
        "Tools",
        is_list=True,
        input_types=("Tool",),
        info="Components in tool mode that the agent may call.",
    )
    input_value: Any = field(Kind.MESSAGE, "Input", tool_mode=True, info="What the agent is to do or answer.")
    system_prompt: str = field(
        Kind.MULTILINE,
        "Agent Instructions",
        "You are a helpful assistant that can use tools to answer questions and perform tasks.",
        info="{current_date}, {model_name} and {optional_user_context} are filled in; nothing else is.",
    )
    max_iterations: int = field(
        Kind.INT, "Max Iterations", 15, advanced=True, info="How often the model may be asked, at least once."
    )
    handle_parsing_errors: bool = field(
        Kind.BOOL, "Handle Parse Errors", True, advanced=True, info="Give malformed tool calls back to the model."
    )
    verbose: bool = field(Kind.BOOL, "Verbose", True, advanced=True, show=False)
    agent_description: str = field(Kind.MULTILINE, "Agent Description", advanced=True, show=False)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._answer: Message | None = None
        self._opened: LanguageModel | None = None

    async def _model(self) -> LanguageModel:
        if self._opened is None:
            self._opened = await open_model(self.ctx, self._wish())
        return self._opened

    def _wish(self) -> Wish:
        raise NotImplementedError

    async def _history(self, current: Message) -> list[ChatMessage]:
        raise NotImplementedError

    def _own_tools(self) -> Iterable[Tool]:
        """Tools the agent brings along; one that is connected under the same name takes their place."""
        return ()

    async def _respond(self, *, announced: bool = True, instructions: str = "") -> Message:
        ctx, node = self.ctx, self.node
        model = await self._model()
        self.model_name = model.model
        current = self.input_value if isinstance(self.input_value, Message) else Message(text=str(self.input_value))
        conversation = await self._conversation(model, current, instructions)
        emit = ctx.emit if announced and node.feeds_chat_output else None
        message = Message(
            sender="Machine",
            sender_name=node.chat_sender_name if node.feeds_chat_output else node.display_name,
            session_id=ctx.session_id,
            context_id=getattr(self, "context_id", ""),
            flow_id=ctx.flow_id,
            run_id=ctx.run_id,
            properties=Properties(source=Source(node.id, node.display_name, model.model), icon="Bot"),
        )
        loop = AgentLoop(
            model,
            self._all_tools(),
            max_iterations=self.max_iterations,
            mend=self.handle_parsing_errors,
            emit=ctx.emit,
            streaming=emit is not None and ctx.streaming,
        )
        steps = Steps(message, emit)
        try:
            text = await loop.run(conversation, steps)
        except BaseException:
            steps.withdraw()
            raise
        self.usage = _sum(self.usage, loop.usage)
        return steps.finish(text, loop.usage)

    def _all_tools(self) -> list[Tool]:
        for tool in self.tools:
            if not isinstance(tool, Tool):
                raise ComponentError(
                    f"something that is no tool ({type(tool).__name__}) is connected to Tools; "
                    "switch that component to tool mode"
                )
        connected = {tool.name for tool in self.tools}
        return unique_names([*self.tools, *(tool for tool in self._own_tools() if tool.name not in connected)])

    async def _conversation(self, model: LanguageModel, current: Message, instructions: str) -> list[ChatMessage]:
        system = self._instructions(model)
        if instructions:
            system = f"{system}\n\n{instructions}".strip()
        messages = [ChatMessage(role="system", text=system)] if system.strip() else []
        messages += await self._history(current)
        turn = await turn_of(current, self.ctx.files, "user")
        if not turn.text.strip() and not turn.images:
            turn = ChatMessage(role="user", text=_CONTINUE)
        messages.append(turn)
        return messages

    def _instructions(self, model: LanguageModel) -> str:
        # The words of a user are never looked at for placeholders, only the prompt itself.
        filled = {
            "{current_date}": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
            "{model_name}": model.model,
            "{optional_user_context}": "",
        }
        text = self.system_prompt
        for placeholder, value in filled.items():
            text = text.replace(placeholder, value)
        return text


class AgentComponent(_Agent):
    """Answers with the help of tools that a language model chooses and calls."""

    name = "Agent"
    aliases = ("AgentComponent",)
    display_name = "Agent"

    model: Any = field(Kind.MODEL, "Language Model", info="Empty: the server's default model.")
    agent_llm: Any = field(
        Kind.MODEL, "Model Provider", show=False, advanced=True, info="Up to 1.7: a provider, or Custom and an edge."
    )
    provider: str = field(Kind.STR, "Provider", advanced=True, info="Outranks the provider of the model field.")
    model_name: str = field(
        Kind.STR,
        "Model Name",
        advanced=True,
        info="Outranks the name in the model field.",
        aliases=("azure_deployment",),
    )
    api_key: str = field(Kind.SECRET, "API Key", advanced=True, load_from_db=True, aliases=("google_api_key",))
    base_url: str = field(
        Kind.STR,
        "Base URL",
        advanced=True,
        show=False,
        aliases=("openai_api_base", "groq_api_base", "anthropic_api_url", "azure_endpoint"),
    )
    ollama_base_url: str = field(Kind.STR, "Ollama Base URL", advanced=True, show=False)
    base_url_ibm_watsonx: str = field(Kind.STR, "watsonx API Endpoint", advanced=True, show=False)
    project_id: str = field(Kind.STR, "watsonx Project ID", advanced=True, show=False)
    temperature: float = field(Kind.SLIDER, "Temperature", 0.1, advanced=True, show=False, range_spec=TEMPERATURE_RANGE)
    seed: int = field(Kind.INT, "Seed", 0, advanced=True, show=False, info=ZERO_UNSET)
    json_mode: bool = field(Kind.BOOL, "JSON Mode", False, advanced=True, show=False)
    model_kwargs: dict[str, Any] = field(Kind.DICT, "Model Kwargs", advanced=True, show=False)
    max_retries: int = field(Kind.INT, "Max Retries", 2, advanced=True, show=False)
    timeout: int = field(Kind.INT, "Timeout", 0, advanced=True, show=False)
    max_tokens: int = field(Kind.INT, "Max Tokens", 0, advanced=True, info=ZERO_UNSET)
    n_messages: int = field(
        Kind.INT, "Number of Chat History Messages", 100, advanced=True, info="The newest so many; 0 for none."
    )
    context_id: str = field(Kind.TEXT, "Context ID", advanced=True, info="Divides a session's history further.")
    memory: Any = field(Kind.HANDLE, "External Memory", input_types=("Memory",), advanced=True, show=False)
    sender: str = field(Kind.STR, "Sender Type", "Machine and User", advanced=True, show=False)
    sender_name: str = field(Kind.TEXT, "Sender Name", advanced=True, show=False)
    session_id: str = field(Kind.TEXT, "Session ID", advanced=True, show=False)
    format_instructions: str = field(
        Kind.MULTILINE,
        "Output Format Instructions",
        "Extract the values from the answer that fit the schema, and nothing that is not in it.",
        advanced=True,
        info="Instructions for the structured response.",
    )
    output_schema: Any = field(
        Kind.TABLE,
        "Output Schema",
        advanced=True,
        info="The keys of the structured response.",
        table_schema=_SCHEMA_COLUMNS,
    )
    add_current_date_tool: bool = field(
        Kind.BOOL, "Current Date", True, advanced=True, info="Let the agent ask for the date."
    )
    # Exports from before 1.10 do not have it, and their agents no such tool.
    add_calculator_tool: bool = field(
        Kind.BOOL, "Calculator", False, advanced=True, info="Let the agent work out arithmetic.", value=True
    )
    stream: bool = field(Kind.BOOL, "Stream", True, advanced=True, info="Kept for exports; a run that streams streams.")

    @output(
        "response",
        "Response",
        tool_name="Call_Agent",
        info="Give the agent a task and get its answer.",
        aliases=("agent",),
    )
    async def message_response(self) -> Message:
        """The answer, its steps in its content blocks. Raises `ComponentError`, `MissingModel` and `ProviderError`."""
        if self._answer is None:
            self._answer = await self._respond()
            self.status = self._answer.text
        return self._answer

    @output("structured_response", "Structured Response", types=("JSON", "Data"), tool_mode=False)
    async def json_response(self) -> Data:
        """The answer as a record: one that follows the schema, else the JSON in its text, else `{"content": text}`."""
        answer = await self.message_response()
        columns = read_schema(self.output_schema)
        if not columns:
            try:
                found = find_json(answer.text)
            except ValueError:
                return Data({"content": answer.text})
            return Data(found if isinstance(found, dict) else {"results": found})
        model = await self._model()
        messages = [
            ChatMessage(role="system", text=self.format_instructions),
            ChatMessage(role="user", text=answer.text),
        ]
        try:
            records = await ask_for_records(model, messages, columns, "answer")
        except ComponentError as error:
            return Data({"content": answer.text, "error": error.message})
        return Data(records[0] if len(records) == 1 else {"results": records})

    def _wish(self) -> Wish:
        handed = next((m for m in (self.model, self.agent_llm) if isinstance(m, LanguageModel)), None)
        former = self.agent_llm if isinstance(self.agent_llm, str) and self.agent_llm != "Custom" else ""
        return Wish(
            model=handed or self.model,
            provider=self.provider or ("" if self.model else former),
            model_name=self.model_name or "",
            api_key=self.api_key,
            base_url=self.base_url,
            ollama_base_url=self.ollama_base_url,
            watsonx_url=self.base_url_ibm_watsonx,
            watsonx_project=self.project_id,
            options=Options(
                temperature=self.temperature,
                max_tokens=positive(self.max_tokens),
                seed=self.seed or None,
                json_mode=self.json_mode,
                extra=self.model_kwargs,
                timeout=positive(self.timeout),
                max_retries=max(0, self.max_retries),
            ),
        )

    def _own_tools(self) -> Iterable[Tool]:
        if self.add_current_date_tool:
            yield _date_tool()
        if self.add_calculator_tool:
            yield calculator_tool("evaluate_expression")

    async def _history(self, current: Message) -> list[ChatMessage]:
        if self.memory:
            raise ComponentError(
                "External memories are not supported: leave the field unconnected to use the server's own messages."
            )
        if self.n_messages <= 0:
            return []
        found = await self.ctx.messages.history(
            session_id=self.session_id or self.ctx.session_id,
            flow_id=self.ctx.flow_id,
            sender=self.sender if self.sender in ("Machine", "User") else None,
            sender_name=self.sender_name or None,
            context_id=self.context_id or None,
            # One more, for the message that is being answered is among them.
            limit=self.n_messages + 1,
        )
        earlier = [message for message in found if message.id is None or message.id != current.id]
        return await _turns(earlier[-self.n_messages :], self)


class ToolCallingAgentComponent(_Agent):
    """Answers with the help of tools; the conversation so far comes in by an edge."""

    name = "ToolCallingAgent"
    aliases = ("Tool Calling Agent", "ToolCallingAgentComponent")
    display_name = "Tool Calling Agent"
    category = "langchain_utilities"
    legacy = True

    model: Any = field(
        Kind.MODEL, "Language Model", input_types=("LanguageModel",), aliases=("llm",), info="Empty: the default model."
    )
    api_key: str = field(Kind.SECRET, "API Key", advanced=True, load_from_db=True)
    user_prompt: str = field(Kind.MULTILINE, "Prompt", "{input}", advanced=True, show=False)
    chat_history: list[Any] = field(
        Kind.DATA, "Chat Memory", is_list=True, advanced=True, info="Earlier messages, records with sender and text."
    )

    @output("response", "Response", info="Give the agent a task and get its answer.")
    async def message_response(self) -> Message:
        """The answer. Raises `ComponentError`, `MissingModel` and `ProviderError`."""
        if self._answer is None:
            self._answer = await self._respond()
            self.status = self._answer.text
        return self._answer

    def _wish(self) -> Wish:
        return Wish(model=self.model, api_key=self.api_key)

    async def _conversation(self, model: LanguageModel, current: Message, instructions: str) -> list[ChatMessage]:
        messages = await super()._conversation(model, current, instructions)
        last = messages.pop()
        text = self.user_prompt.replace("{input}", last.text) if "{input}" in self.user_prompt else last.text
        messages.append(ChatMessage(role="user", text=text, images=last.images))
        return messages

    async def _history(self, current: Message) -> list[ChatMessage]:
        return await _turns([_message_of(item) for item in self.chat_history], self)


def _message_of(item: Any) -> Message:
    if isinstance(item, Message):
        return item
    record = item.data if isinstance(item, Data) else item if isinstance(item, Mapping) else {"text": str(item)}
    return Message(text=str(record.get("text") or ""), sender=str(record.get("sender") or "User"))


async def _turns(messages: Iterable[Message], component: Component) -> list[ChatMessage]:
    turns = []
    for message in messages:
        if not message.text.strip() and not message.files:
            continue
        try:
            turns.append(await turn_of(message, component.ctx.files))
        except LangflowError:
            # A file of an old message may be gone; what was said about it still counts.
            if message.text.strip():
                role: Role = "user" if message.sender == "User" else "assistant"
                turns.append(ChatMessage(role=role, text=message.text))
    return turns


def _date_tool() -> Tool:
    """The current date as a tool with one optional argument, `timezone`."""

    async def call(arguments: Mapping[str, Any]) -> Message:
        return await CurrentDateComponent(timezone=str(arguments.get("timezone") or "UTC")).get_current_date()

    timezone = {
        "type": "string",
        "description": "A name from the IANA database, such as Europe/Berlin.",
        "default": "UTC",
    }
    schema = {"type": "object", "properties": {"timezone": timezone}}
    return Tool("get_current_date", "Tell the current date and time.", schema, call)


def _sum(first: dict[str, int] | None, second: dict[str, int] | None) -> dict[str, int] | None:
    if not first or not second:
        return first or second
    return {key: first.get(key, 0) + second.get(key, 0) for key in {**first, **second}}
