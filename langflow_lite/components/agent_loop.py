"""The loop of an agent: ask the model, run the tools it calls, show it their results, until it answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import anyio

from langflow_lite.components.agent_steps import Steps
from langflow_lite.components.tools import Tool, result_text
from langflow_lite.context import Emit
from langflow_lite.errors import ComponentError, LangflowError
from langflow_lite.models.base import ChatMessage, LanguageModel, Reply, ToolCall

__all__ = ["AgentLoop"]

_log = logging.getLogger(__name__)


class AgentLoop:
    """One conversation of an agent with its model.

    `max_iterations` bounds the calls of the model, at least one. `mend` gives a malformed tool call back to the model
    instead of failing. With `emit`, the vertices of tools are announced while they work; `streaming` asks the model for
    tokens. `usage` is the sum over all its calls.
    """

    def __init__(
        self,
        model: LanguageModel,
        tools: Sequence[Tool],
        *,
        max_iterations: int = 15,
        mend: bool = True,
        emit: Emit | None = None,
        streaming: bool = False,
    ) -> None:
        self._model = model
        self._tools = {tool.name: tool for tool in tools}
        self._specs = tuple(tool.spec for tool in tools)
        self._limit = max(1, max_iterations)
        self._mend = mend
        self._emit = emit
        self._streaming = streaming
        self.usage: dict[str, int] | None = None

    async def run(self, messages: Sequence[ChatMessage], steps: Steps) -> str:
        """The answer. Raises `ProviderError`, and `ComponentError` for a malformed call that is not to be mended."""
        conversation = list(messages)
        for _ in range(self._limit):
            reply = await self._ask(conversation, steps)
            self._count(reply.usage)
            if not reply.tool_calls:
                return reply.text
            conversation.append(ChatMessage(role="assistant", text=reply.text, tool_calls=reply.tool_calls))
            results = await self._call_all(reply, steps)
            conversation += [
                ChatMessage(role="tool", text=text, tool_call_id=call.id, tool_name=call.name)
                for call, (text, _) in zip(reply.tool_calls, results, strict=True)
            ]
            direct = self._direct(reply.tool_calls, results)
            if direct is not None:
                return direct
        return f"Model call limits exceeded: run limit ({self._limit}/{self._limit})"

    async def _ask(self, conversation: Sequence[ChatMessage], steps: Steps) -> Reply:
        if not self._streaming:
            return await self._model.complete(conversation, tools=self._specs)
        pieces: list[str] = []
        calls: tuple[ToolCall, ...] = ()
        usage = None
        async with aclosing(self._model.stream(conversation, tools=self._specs)) as deltas:
            async for delta in deltas:
                if delta.text:
                    pieces.append(delta.text)
                    steps.token(delta.text)
                calls += delta.tool_calls
                usage = delta.usage or usage
        return Reply(text="".join(pieces), tool_calls=calls, usage=usage)

    async def _call_all(self, reply: Reply, steps: Steps) -> list[tuple[str, str]]:
        """Text and error of each call of a reply, made beside each other."""
        results: list[tuple[str, str]] = [("", "")] * len(reply.tool_calls)
        begun = steps.calls(reply.text, reply.tool_calls)

        async def one(index: int, call: ToolCall) -> None:
            started = time.perf_counter()
            text, error = await self._call(call)
            results[index] = (text or error, error)
            steps.done(begun[index], text, error, time.perf_counter() - started)

        if len(reply.tool_calls) == 1:
            await one(0, reply.tool_calls[0])
            return results
        if not self._mend and (broken := next((call for call in reply.tool_calls if call.error), None)) is not None:
            raise _malformed(broken)
        async with anyio.create_task_group() as tasks:
            for index, call in enumerate(reply.tool_calls):
                tasks.start_soon(one, index, call)
        return results

    async def _call(self, call: ToolCall) -> tuple[str, str]:
        """The result as text, or the reason why there is none: a failing tool is the model's to deal with."""
        if call.error:
            if not self._mend:
                raise _malformed(call)
            return "", f"Error: {call.error}. Call the tool again with a JSON object as its arguments."
        tool = self._tools.get(call.name)
        if tool is None:
            return "", f"Error: {call.name} is not a valid tool, try one of [{', '.join(self._tools)}]."
        self._tell("build_start", tool)
        try:
            return result_text(await tool.call(call.arguments)), ""
        except LangflowError as error:
            return "", f"Error: {error.message}"
        except (Exception, SystemExit) as error:
            _log.debug("The tool %s failed.", tool.name, exc_info=True)
            return "", f"Error: {error or type(error).__name__}"
        finally:
            self._tell("build_end", tool)

    def _tell(self, event: str, tool: Tool) -> None:
        if self._emit is not None and tool.source:
            self._emit(event, {"id": tool.source})

    def _direct(self, calls: Sequence[ToolCall], results: Sequence[tuple[str, str]]) -> str | None:
        for call, (text, error) in zip(calls, results, strict=True):
            tool = self._tools.get(call.name)
            if tool is not None and tool.return_direct and not error:
                return text
        return None

    def _count(self, usage: dict[str, int] | None) -> None:
        if usage:
            total: dict[str, Any] = self.usage or {}
            self.usage = {key: total.get(key, 0) + count for key, count in usage.items()}


def _malformed(call: ToolCall) -> ComponentError:
    return ComponentError(f"the model called the tool {call.name} wrongly: {call.error}")
