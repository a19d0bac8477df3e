"""A stand-in for model providers: speaks their protocols on a real socket, and does what the model's name asks for.

Protocols: OpenAI chat completions (`/v1`, `/openai/v1` or no prefix; `/openai/deployments/MODEL` of Azure) and
embeddings, Anthropic messages, Ollama chat and embed, Gemini, Hugging Face's feature extraction, IBM watsonx.ai. What a model's name makes it do:

    words-N        N words (`w0 w1 ...`)
    slow-MS        50 words, one each MS milliseconds on a fixed schedule; slow-MS-N for N words
    gated-N        half of N words, and the rest when `release()` is called
    tool:NAME:JSON calls that tool, then answers with its results; "CALL name {json}" in the user text does the same
    fail           500           denied    401           missing   404
    limited-N      429 with Retry-After 0 for the first N requests, then an answer; limited alone: always, after 90 s
    flaky-N        500 for the first N requests, then an answer
    dropped-N      hangs up without an answer for the first N requests, then answers
    picky-NAME     400 "unsupported parameter" while the request has NAME
    redirect       302 to a place that answers nothing
    hang           never answers                stall   streams one word, then nothing
    cut            streams one word, then ends without the end its protocol asks for
    snap           streams one word, then breaks the connection
    broke          429 for a spent quota         html      502 with a page instead of JSON
    strict-NAME    422 "extra inputs" while the request has NAME
    garbled        streams one word, then something that is not JSON
    broken         streams one word, then an error object
    blanks         empty pieces around each word

    wordy          ignores a forced tool choice and a JSON schema
    tools-only     ignores a JSON schema

A forced tool choice or a JSON schema is obeyed with values made from the schema: strings are "text", numbers 1, lists
have one item.
`/redirect?to=URL` redirects there. Any other model answers `ANSWER[<last user text>]`, or `TOOLS[<results>]` after tool calls.

`replies` gives a model's name other words: the text, and the seconds from word to word.

    with running_standin() as standin:
        standin.url, standin.calls, standin.wait_for_hangup()

`python -m tests.standin --port 7999` serves until interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

import anyio
import uvicorn

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

USAGE = {"input_tokens": 10, "output_tokens": 5}


@dataclass(frozen=True)
class Call:
    """One request as it arrived; header names in lower case. `port` is the client's and tells connections apart."""

    path: str
    body: Any
    headers: dict[str, str]
    port: int = 0


@dataclass(frozen=True)
class Plan:
    """What to answer: words, or a tool call; and how."""

    words: list[str]
    tool: tuple[str, str] | None = None
    pace: float = 0.0
    manner: str = ""
    gate: threading.Event | None = None


@dataclass
class Refusal(Exception):
    """Answer with an error status instead."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class HangUp(Exception):
    """Break the connection."""


class Standin:
    """The server's state and its ASGI application; `url` is set once it runs."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.replies: dict[str, tuple[str, float]] = {}
        self._attempts: Counter[str] = Counter()
        self._hangups = threading.Semaphore(0)
        self._gate = threading.Event()

    def release(self) -> None:
        """Let the models `gated-N` that are waiting go on."""
        self._gate.set()
        self._gate = threading.Event()

    def reset(self) -> None:
        """Forget the calls and attempts so far."""
        self.calls.clear()
        self._attempts.clear()
        while self._hangups.acquire(blocking=False):
            pass

    def wait_for_hangup(self, seconds: float = 30.0) -> bool:
        """Wait (in a thread) until a client has left before its answer was complete; False if none did in time."""
        return self._hangups.acquire(timeout=seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        body = await _read_json(receive)
        self.calls.append(Call(path, body, headers, scope["client"][1]))
        try:
            if path == "/redirect":
                raise Refusal(302, {}, {"location": unquote(scope["query_string"].decode().removeprefix("to="))})
            if path == "/cookie":
                raise Refusal(200, {}, {"set-cookie": "session=of-one-flow; Path=/"})
            await self._route(path.removeprefix("/openai").removeprefix("/v1"), body, receive, send)
        except Refusal as refusal:
            await _answer(send, refusal.body, refusal.status, refusal.headers)
        except HangUp:
            _hang_up(send)

    async def _route(self, path: str, body: Any, receive: Receive, send: Send) -> None:
        if path == "/models":
            return await _answer(send, {"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]})
        if path == "/api/tags":
            return await _answer(send, {"models": [{"name": "llama3.2:latest"}]})
        if path == "/embeddings":
            return await _answer(send, _embeddings(body))
        if path.endswith(":batchEmbedContents"):
            texts = [request["content"]["parts"][0]["text"] for request in body["requests"]]
            return await _answer(send, {"embeddings": [{"values": _vector(text)} for text in texts]})
        if path.startswith("/deployments/") and path.endswith("/embeddings"):
            return await _answer(send, _embeddings({"model": "deployed", **body}))
        if path.endswith("/pipeline/feature-extraction"):
            return await _answer(send, [_vector(text) for text in body["inputs"]])
        if path == "/api/embed":
            embeddings = [_vector(text) for text in _texts(body)]
            answer = {"model": body["model"], "embeddings": embeddings, "prompt_eval_count": len(embeddings)}
            return await _answer(send, answer)
        if path == "/identity/token":
            if body["apikey"] == "denied":
                raise Refusal(400, {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."})
            return await _answer(send, {"access_token": f"token of {body['apikey']}", "expires_in": 3600})
        protocol = {"/chat/completions": _openai, "/messages": _anthropic, "/api/chat": _ollama}.get(path)
        if path == "/ml/v1/text/embeddings":
            found = [{"embedding": _vector(text)} for text in body["inputs"]]
            return await _answer(send, {"results": found, "input_token_count": len(found)})
        if path in ("/ml/v1/text/chat", "/ml/v1/text/chat_stream"):
            protocol, body = _openai, {**body, "model": body["model_id"], "stream": path.endswith("_stream")}
        if deployed := re.fullmatch(r"/deployments/([^/]+)/chat/completions", path):
            protocol, body = _openai, {**body, "model": unquote(deployed[1])}
        if asked := re.fullmatch(r"beta/models/(.+):(generateContent|streamGenerateContent)", path):
            protocol, body = _gemini, _from_gemini(body, asked[1], stream=asked[2] == "streamGenerateContent")
        if protocol is None:
            return await _answer(send, {"error": {"message": f"no such page: {path}"}}, 404)
        model = body["model"]
        self._attempts[model] += 1
        _refuse(model, body, self._attempts[model])
        plan = _plan(model, body)
        if model in self.replies:
            text, pace = self.replies[model]
            plan = replace(plan, words=_split(text), pace=pace)
        if model.startswith("gated-"):
            plan = replace(plan, gate=self._gate)
        if body.get("stream", protocol is _ollama):
            media_type = "application/x-ndjson" if protocol is _ollama else "text/event-stream"
            return await self._stream(protocol(plan, model, stream=True), media_type, receive, send)
        if plan.manner == "hang" or plan.pace:
            await self._wait(len(plan.words) * plan.pace if plan.pace else 3600, receive)
        whole = [piece async for piece in protocol(plan, model, stream=False)]
        return await _send_bytes(send, whole[0], "application/json", 200)

    async def _wait(self, seconds: float, receive: Receive) -> None:
        """Be silent for so long, or until the client leaves."""
        with anyio.move_on_after(seconds) as scope:
            await _disconnected(receive)
        if not scope.cancelled_caught:
            self._hangups.release()
            raise Refusal(499, {})

    async def _stream(self, pieces: AsyncIterator[bytes], media_type: str, receive: Receive, send: Send) -> None:
        left = False

        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                nonlocal left
                await _disconnected(receive)
                left = True
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            headers = [(b"content-type", media_type.encode()), (b"transfer-encoding", b"chunked")]
            started = False
            try:
                async for piece in pieces:
                    if not started:
                        started = True
                        await send({"type": "http.response.start", "status": 200, "headers": headers})
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            except HangUp:
                _hang_up(send)
            tasks.cancel_scope.cancel()
        if left:
            self._hangups.release()


def _refuse(model: str, body: Any, attempt: int) -> None:
    """Raise what a model that is meant to fail answers; return for the others."""
    knob, _, argument = model.partition("-")
    if model == "fail":
        raise Refusal(500, _error("upstream failed", "server_error"))
    if model == "denied":
        raise Refusal(401, _error("Incorrect API key provided", "invalid_request_error", "invalid_api_key"))
    if model == "missing":
        raise Refusal(404, _error("The model `missing` does not exist", "invalid_request_error", "model_not_found"))
    if model == "limited":
        raise Refusal(429, _error("Rate limit reached", "rate_limit_error"), {"retry-after": "90"})
    if model == "broke":
        raise Refusal(429, _error("You exceeded your current quota", "insufficient_quota", "insufficient_quota"))
    if model == "redirect":
        raise Refusal(302, {}, {"location": "http://127.0.0.1:9/elsewhere"})
    if model == "html":
        raise Refusal(502, "<html><body><h1>Bad Gateway</h1></body></html>", {"content-type": "text/html"})
    if knob == "limited" and attempt <= int(argument):
        raise Refusal(429, _error("Rate limit reached", "rate_limit_error"), {"retry-after": "0"})
    if knob == "flaky" and attempt <= int(argument):
        raise Refusal(500, _error("try again", "server_error"))
    if knob == "dropped" and attempt <= int(argument):
        raise HangUp
    if knob == "picky" and argument in body:
        use = " Use 'max_completion_tokens' instead." if argument == "max_tokens" else ""
        message = f"Unsupported parameter: '{argument}' is not supported with this model.{use}"
        error = {"type": "invalid_request_error", "param": argument, "code": "unsupported_parameter"}
        raise Refusal(400, {"error": {"message": message, **error}})
    if knob == "strict" and argument in body:
        detail = [{"type": "extra_forbidden", "loc": ["body", argument], "msg": "Extra inputs are not permitted"}]
        raise Refusal(422, {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"})


def _plan(model: str, body: Any) -> Plan:
    knob, _, argument = model.partition("-")
    if knob in ("words", "gated"):
        return Plan(_numbered(int(argument)))
    if knob == "slow":
        pace, _, count = argument.partition("-")
        return Plan(_numbered(int(count or 50)), pace=int(pace) / 1000)
    messages = body["messages"]
    user = next((_text_of(m["content"]) for m in reversed(messages) if m["role"] == "user" and _is_text(m)), "")
    results = [text for message in messages for text in _results_in(message)]
    if results:
        return Plan(_split("TOOLS[" + " | ".join(results) + "]"))
    wanted = _wanted_schema(body) if model not in ("wordy", "tools-only") else None
    if wanted is not None:
        return Plan([json.dumps(_example(wanted))])
    forced = _forced_tool(body) if model != "wordy" else None
    if forced is not None:
        return Plan([], tool=(forced["name"], json.dumps(_example(forced.get("parameters") or forced["input_schema"]))))
    if model.startswith("tool:"):
        _, name, arguments = model.split(":", 2)
        return Plan([], tool=(name, arguments))
    asked = re.search(r"CALL (\w+) (\{.*?\})", user)
    if asked and body.get("tools"):
        return Plan([], tool=(asked[1], asked[2]))
    return Plan(_split(f"ANSWER[{user}]"), manner=model)


def _forced_tool(body: Any) -> Any:
    """The tool that the request insists on, in either protocol's form."""
    choice = body.get("tool_choice")
    name = (choice.get("function") or choice).get("name") if isinstance(choice, dict) else None
    tools = [tool.get("function", tool) for tool in body.get("tools") or ()]
    return next((tool for tool in tools if tool["name"] == name), None)


def _wanted_schema(body: Any) -> Any:
    """The JSON schema the reply is held to, in OpenAI's or Ollama's form."""
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        return wanted["json_schema"]["schema"]
    return body["format"] if isinstance(body.get("format"), dict) else None


def _example(schema: Any) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return {name: _example(item) for name, item in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema["items"])]
    return {"string": (schema.get("enum") or ["text"])[0], "integer": 1, "number": 1.5, "boolean": True}.get(kind)


def _numbered(count: int) -> list[str]:
    return _split(" ".join(f"w{i}" for i in range(count)))


def _split(text: str) -> list[str]:
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = [part for part in content or [] if isinstance(part, dict)]
    return " ".join(part.get("text") or f"<{part.get('type')}>" for part in parts if part.get("type") != "tool_result")


def _is_text(message: Any) -> bool:
    content = message["content"]
    return isinstance(content, str) or any(part.get("type") != "tool_result" for part in content)


def _results_in(message: Any) -> Iterator[str]:
    if message["role"] == "tool":
        yield _text_of(message["content"])
    elif isinstance(message["content"], list):
        for part in message["content"]:
            if part.get("type") == "tool_result":
                yield _text_of(part["content"])


def _error(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "code": code}}


async def _paced(plan: Plan, piece: Callable[[str], bytes], garbage: bytes, error: bytes) -> AsyncIterator[bytes]:
    """The words on their schedule, up to where the plan's manner ends them; raises `_Cut` when no end may follow."""
    begin = time.monotonic()
    if plan.manner == "hang":
        await anyio.sleep_forever()
    for index, word in enumerate(plan.words):
        if plan.gate and index == len(plan.words) // 2:
            while not plan.gate.is_set():
                await anyio.sleep(0.005)
        if plan.pace:
            await anyio.sleep(max(0.0, begin + (index + 1) * plan.pace - time.monotonic()))
        if plan.manner == "blanks":
            yield piece("")
        yield piece(word)
        if plan.manner == "stall":
            await anyio.sleep_forever()
        if plan.manner == "garbled":
            yield garbage
        if plan.manner == "broken":
            yield error
        if plan.manner == "snap":
            # The word has to arrive before the connection goes.
            await anyio.sleep(0.02)
            raise HangUp
        if plan.manner in ("cut", "garbled", "broken"):
            raise _Cut


class _Cut(Exception):
    pass


async def _openai(plan: Plan, model: str, *, stream: bool) -> AsyncIterator[bytes]:
    head = {"id": "chatcmpl-1", "created": 1700000000, "model": model}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    finish = "tool_calls" if plan.tool else "stop"
    if not stream:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(plan.words) or None}
        if plan.tool:
            call = {"name": plan.tool[0], "arguments": plan.tool[1]}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
        choice = {"index": 0, "message": message, "finish_reason": finish}
        yield _json({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        return

    def event(body: Any) -> bytes:
        return b"data: " + _json(body) + b"\n\n"

    def chunk(delta: Any, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return event({**head, "object": "chat.completion.chunk", "choices": [choice]})

    try:
        if plan.manner != "hang":
            yield chunk({"role": "assistant", "content": ""})
        garbage, error = b"data: {not json\n\n", event(_error("the model fell over", "server_error"))
        async for piece in _paced(plan, lambda word: chunk({"content": word}), garbage, error):
            yield piece
    except _Cut:
        return
    if plan.tool:
        name, arguments = plan.tool
        function = {"name": name, "arguments": ""}
        yield chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
        half = len(arguments) // 2
        for part in (arguments[:half], arguments[half:]):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
    yield chunk({}, finish)
    yield event({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


async def _anthropic(plan: Plan, model: str, *, stream: bool) -> AsyncIterator[bytes]:
    reason = "tool_use" if plan.tool else "end_turn"
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": model}
    tool = {"type": "tool_use", "id": "toolu_1", "name": plan.tool[0]} if plan.tool else {}
    if not stream:
        content: list[Any] = [{"type": "text", "text": "".join(plan.words)}] if plan.words else []
        if plan.tool:
            content.append({**tool, "input": json.loads(plan.tool[1])})
        yield _json({**head, "content": content, "stop_reason": reason, "usage": USAGE})
        return

    def event(kind: str, **body: Any) -> bytes:
        return f"event: {kind}\n".encode() + b"data: " + _json({"type": kind, **body}) + b"\n\n"

    def words(word: str) -> bytes:
        return event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})

    try:
        if plan.manner != "hang":
            usage = {"input_tokens": 10, "output_tokens": 0}
            yield event("message_start", message={**head, "content": [], "stop_reason": None, "usage": usage})
            yield event("ping")
            yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        broken = event("error", error={"type": "overloaded_error", "message": "the model fell over"})
        async for piece in _paced(plan, words, b"data: {not json\n\n", broken):
            yield piece
    except _Cut:
        return
    yield event("content_block_stop", index=0)
    if plan.tool:
        yield event("content_block_start", index=1, content_block={**tool, "input": {}})
        half = len(plan.tool[1]) // 2
        for part in (plan.tool[1][:half], plan.tool[1][half:]):
            yield event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": part})
        yield event("content_block_stop", index=1)
    yield event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 5})
    yield event("message_stop")


async def _ollama(plan: Plan, model: str, *, stream: bool) -> AsyncIterator[bytes]:
    counts = {"prompt_eval_count": 10, "eval_count": 5}

    def line(content: str, **body: Any) -> bytes:
        message = {"role": "assistant", "content": content, **body.pop("message", {})}
        return _json({"model": model, "message": message, "done": False, **body}) + b"\n"

    called = {}
    if plan.tool:
        function = {"name": plan.tool[0], "arguments": json.loads(plan.tool[1])}
        called = {"tool_calls": [{"function": function}]}
    if not stream:
        yield line("".join(plan.words), message=called, done=True, done_reason="stop", **counts)
        return
    try:
        async for piece in _paced(plan, line, b"{not json\n", _json({"error": "the model fell over"}) + b"\n"):
            yield piece
    except _Cut:
        return
    if called:
        yield line("", message=called)
    yield line("", done=True, done_reason="stop", **counts)


def _from_gemini(body: Any, model: str, *, stream: bool) -> dict[str, Any]:
    """A request of the Gemini protocol in the words of the others; parameters keep their own names."""
    messages: list[dict[str, Any]] = []
    for content in body["contents"]:
        for part in content["parts"]:
            if "functionResponse" in part:
                messages.append({"role": "tool", "content": part["functionResponse"]["response"]["result"]})
            elif "text" in part:
                role = "assistant" if content["role"] == "model" else "user"
                messages.append({"role": role, "content": part["text"]})
            elif "inlineData" in part:
                messages.append({"role": "user", "content": [{"type": "image"}]})
    declared = [item for tools in body.get("tools") or () for item in tools["functionDeclarations"]]
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig", {})
    names = calling.get("allowedFunctionNames")
    forced = {"tool_choice": {"name": names[0]}} if names else {}
    request = {"model": model, "messages": messages, "tools": declared, "stream": stream, **forced}
    return {**request, **body.get("generationConfig", {})}


async def _gemini(plan: Plan, model: str, *, stream: bool) -> AsyncIterator[bytes]:
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 15}

    def answer(*parts: Any, finish: str | None = None, **body: Any) -> dict[str, Any]:
        candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
        return {"candidates": [{**candidate, **({"finishReason": finish} if finish else {})}], **body}

    called = []
    if plan.tool:
        function = {"name": plan.tool[0], "args": json.loads(plan.tool[1])}
        called = [{"functionCall": function, "thoughtSignature": "c2ln"}]
    if not stream:
        words = [{"text": "".join(plan.words)}] if plan.words else []
        yield _json(answer({"text": "hm", "thought": True}, *words, *called, finish="STOP", usageMetadata=usage))
        return

    def event(body: Any) -> bytes:
        return b"data: " + _json(body) + b"\r\n\r\n"

    broken = event({"error": {"code": 503, "message": "the model fell over", "status": "UNAVAILABLE"}})
    try:
        async for piece in _paced(plan, lambda word: event(answer({"text": word})), b"data: {not json\n\n", broken):
            yield piece
    except _Cut:
        return
    yield event(answer(*called, finish="STOP", usageMetadata=usage))


def _embeddings(body: Any) -> dict[str, Any]:
    data = [{"object": "embedding", "index": i, "embedding": _vector(t)} for i, t in enumerate(_texts(body))]
    usage = {"prompt_tokens": len(data), "total_tokens": len(data)}
    return {"object": "list", "model": body["model"], "data": data, "usage": usage}


def _texts(body: Any) -> list[str]:
    return [body["input"]] if isinstance(body["input"], str) else body["input"]


def _vector(text: str, size: int = 64) -> list[float]:
    """A bag of words, hashed and scaled to length one: texts that share words are near each other."""
    vector = [0.0] * size
    for word in re.findall(r"\w+", text.lower()):
        vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % size] += 1.0
    length = sum(x * x for x in vector) ** 0.5 or 1.0
    return [x / length for x in vector]


def _json(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


async def _read_json(receive: Receive) -> Any:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            if body.startswith(b"grant_type="):
                return dict(parse_qsl(body.decode()))
            return json.loads(body) if body else None


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _hang_up(send: Any) -> None:
    # ASGI has no word for this, so uvicorn's transport is reached for.
    send.__self__.transport.abort()


async def _answer(send: Send, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
    content = body.encode() if isinstance(body, str) else _json(body)
    await _send_bytes(send, content, "application/json", status, headers)


async def _send_bytes(
    send: Send, content: bytes, media_type: str, status: int, headers: dict[str, str] | None = None
) -> None:
    fields = {"content-type": media_type, "content-length": str(len(content)), **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


def _config(standin: Standin, **options: Any) -> uvicorn.Config:
    return uvicorn.Config(
        standin, lifespan="off", ws="none", log_config=None, log_level="critical", access_log=False, **options
    )


@contextmanager
def running_standin() -> Iterator[Standin]:
    """A stand-in that serves on a free loopback port, in a thread, while the block runs."""
    standin = Standin()
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        standin.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(_config(standin, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        # Connections queue up in the listener until the server is up; nothing to wait for.
        try:
            yield standin
        finally:
            server.should_exit = True
            thread.join()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7999)
    uvicorn.Server(_config(Standin(), host="127.0.0.1", port=parser.parse_args().port)).run()


if __name__ == "__main__":
    main()
