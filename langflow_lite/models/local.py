"""Local models: a GGUF file run in this process by llama.cpp, without a network."""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from langflow_lite.errors import MissingModel, ProviderError
from langflow_lite.models.base import ChatMessage, Reply, ToolCall, ToolSpec
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.http import Upstream
from langflow_lite.models.openai import OpenAI
from langflow_lite.values import to_json

__all__ = ["Local", "connect"]

_CONTEXT = 8192
_DONE = b"[DONE]"


class Local(OpenAI):
    """A GGUF file, loaded with its first use and kept; `model` is its name without folder and suffix.

    llama.cpp speaks the chat completions protocol in process too, so this differs from `OpenAI` in how requests travel
    only. It runs in threads of its own; leaving a stream stops it at the next token. Raises `MissingModel` when the
    file or the `xllamacpp` package is missing.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.provider = endpoint.provider
        # Answers name the model, and where the operator keeps it is nobody's business.
        self.model = Path(endpoint.model).stem
        self._options = endpoint.options
        self._upstream = _InProcess(endpoint)

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """One request, one reply (`LanguageModel.complete`); streamed inside, for only that can be stopped."""
        pieces: list[str] = []
        calls: tuple[ToolCall, ...] = ()
        usage = None
        finish_reason = ""
        async with aclosing(self.stream(messages, tools=tools, tool_choice=tool_choice)) as deltas:
            async for delta in deltas:
                pieces.append(delta.text)
                calls += delta.tool_calls
                usage = delta.usage or usage
                finish_reason = delta.finish_reason or finish_reason
        return Reply(text="".join(pieces), tool_calls=calls, usage=usage, finish_reason=finish_reason)


def connect(endpoint: Endpoint) -> Local:
    """The model an endpoint describes."""
    return Local(endpoint)


class _InProcess(Upstream):
    """Carries requests to llama.cpp in place of a connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """The pieces of the answer as JSON, then `[DONE]`."""
        # One thread waits for the next piece at a time, whatever else the server does in threads.
        limiter = anyio.CapacityLimiter(1)
        server = await anyio.to_thread.run_sync(_loaded, self._endpoint.model, limiter=limiter, abandon_on_cancel=True)
        pieces: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
        stopped = threading.Event()

        def take(piece: Any) -> bool:
            pieces.put(to_json(piece))
            return stopped.is_set()

        def produce() -> None:
            try:
                answer = server.handle_chat_completions(dict(body), take)
                if isinstance(answer, Mapping):
                    pieces.put(to_json(answer))
                pieces.put(_DONE)
            except BaseException as error:
                pieces.put(error)

        threading.Thread(target=produce, name="local-model", daemon=True).start()
        try:
            while True:
                piece = await anyio.to_thread.run_sync(pieces.get, limiter=limiter, abandon_on_cancel=True)
                if isinstance(piece, BaseException):
                    raise self.error(f"could not answer: {piece}") from piece
                yield piece
                if piece == _DONE:
                    return
        finally:
            stopped.set()


_servers: dict[str, Any] = {}
_loading = threading.Lock()


def _loaded(path: str) -> Any:
    """The server for a file. A process has memory for one model; another one takes its place."""
    with _loading:
        server = _servers.get(path)
        if server is not None:
            return server
        try:
            xllamacpp = import_module("xllamacpp")
        except ImportError:
            raise MissingModel(
                "Local models need the package xllamacpp: install it with pip install 'langflow-lite[local]'."
            ) from None
        if not Path(path).is_file():
            raise MissingModel(f"There is no model file {path}.")
        parameters = xllamacpp.CommonParams()
        parameters.model.path = path
        parameters.n_ctx = _CONTEXT
        parameters.verbosity = -1
        parameters.use_jinja = True
        # It listens on a loopback port as well, which nobody is meant to use.
        parameters.api_keys = [secrets.token_urlsafe(32)]
        _servers.clear()
        try:
            _servers[path] = xllamacpp.Server(parameters)
        except Exception as error:
            raise ProviderError(f"The model file {path} cannot be loaded: {error}", provider="Local") from error
        return _servers[path]
