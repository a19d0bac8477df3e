"""IBM watsonx.ai: chat completions within a project, behind a token that the API key is exchanged for."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx2
import msgspec

from langflow_lite.models.base import ChatMessage, Delta, Reply, ToolSpec
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.http import Upstream
from langflow_lite.models.openai import OpenAI

__all__ = ["SIGN_IN", "VERSION", "Session", "Watsonx", "connect"]

SIGN_IN = "https://iam.cloud.ibm.com/identity/token"
"""Where IBM Cloud gives tokens for API keys."""

VERSION = "2024-10-10"
"""The day whose form of the interface is spoken."""

_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_SPARE = 60.0


class _Token(msgspec.Struct):
    access_token: str = ""
    expires_in: float = 3600.0
    errorMessage: str = ""


_decoder = msgspec.json.Decoder(_Token, strict=False)


class Session:
    """The HTTP side of an endpoint, with a token that is kept for as long as it is good."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._upstream = Upstream(endpoint, lenient=True)
        self._good_until = 0.0

    async def upstream(self) -> Upstream:
        """The endpoint, signed in to. Raises `ProviderError`."""
        endpoint = self._endpoint
        if endpoint.key and time.monotonic() >= self._good_until:
            token = await self._token(endpoint.key)
            self._good_until = time.monotonic() + token.expires_in - _SPARE
            self._upstream = Upstream(endpoint, {"authorization": f"Bearer {token.access_token}"}, lenient=True)
        return self._upstream

    async def _token(self, key: str) -> _Token:
        client = self._endpoint.client
        assert client is not None
        timeout = httpx2.Timeout(self._endpoint.timeout, connect=10.0, pool=None)
        try:
            answer = await client.post(
                SIGN_IN, data={"grant_type": _GRANT, "apikey": key}, timeout=timeout, follow_redirects=False
            )
            token = _decoder.decode(answer.content)
        except httpx2.HTTPError as error:
            raise self._upstream.error(f"could not be signed in to: {type(error).__name__}") from error
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            token = _Token()
        if answer.status_code >= 400 or not token.access_token:
            reason = token.errorMessage or f"status {answer.status_code}"
            raise self._upstream.error(f"did not take the API key: {reason}", status=answer.status_code)
        return token


class Watsonx(OpenAI):
    """A model behind `POST {base}/ml/v1/text/chat`, and `chat_stream` for answers piece by piece.

    The request names its `project_id` or `space_id`, which are among the options' `extra`.
    """

    _path = f"/ml/v1/text/chat?version={VERSION}"
    _stream_path = f"/ml/v1/text/chat_stream?version={VERSION}"

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._session = Session(endpoint)

    async def complete(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> Reply:
        """One request, one reply (`LanguageModel.complete`)."""
        self._upstream = await self._session.upstream()
        return await super().complete(messages, tools=tools, tool_choice=tool_choice)

    async def stream(
        self, messages: Sequence[ChatMessage], *, tools: Sequence[ToolSpec] = (), tool_choice: str = ""
    ) -> AsyncGenerator[Delta]:
        """The reply as it is written (`LanguageModel.stream`)."""
        self._upstream = await self._session.upstream()
        async with aclosing(super().stream(messages, tools=tools, tool_choice=tool_choice)) as deltas:
            async for delta in deltas:
                yield delta

    def _credentials(self, key: str) -> dict[str, str]:
        return {}

    def _body(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], tool_choice: str) -> dict[str, Any]:
        body = super()._body(messages, tools, tool_choice)
        body["model_id"] = body.pop("model")
        if isinstance(body.get("tool_choice"), str):
            body["tool_choice_option"] = body.pop("tool_choice")
        return body

    def _events(self, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        return self._upstream.events(self._stream_path, body)


def connect(endpoint: Endpoint) -> Watsonx:
    """The model an endpoint describes."""
    return Watsonx(endpoint)
