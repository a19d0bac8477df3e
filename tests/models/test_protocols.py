"""What all protocols have in common, held against each of them over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from importlib import import_module
from typing import Any

import anyio
import pytest

from langflow_lite.errors import ProviderError
from langflow_lite.models import http as model_http
from langflow_lite.models.base import ChatMessage, Delta, Image, LanguageModel, Options, Reply, ToolCall, ToolSpec
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.outbound import OutboundClients
from tests.standin import Standin

pytestmark = pytest.mark.anyio

USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
WEATHER = ToolSpec(
    "weather", "The weather of a place.", {"type": "object", "properties": {"place": {"type": "string"}}}
)
Make = Callable[..., LanguageModel]


def said(text: str) -> list[ChatMessage]:
    return [ChatMessage(role="user", text=text)]


async def collect(model: LanguageModel, messages: list[ChatMessage], **kwargs: Any) -> list[Delta]:
    async with aclosing(model.stream(messages, **kwargs)) as deltas:
        return [delta async for delta in deltas]


async def ask(model: LanguageModel, messages: list[ChatMessage], streamed: bool, **kwargs: Any) -> Reply:
    if not streamed:
        return await model.complete(messages, **kwargs)
    deltas = await collect(model, messages, **kwargs)
    assert all(not d.tool_calls and d.usage is None for d in deltas[:-1])
    last = deltas[-1]
    text = "".join(d.text for d in deltas)
    return Reply(text=text, tool_calls=last.tool_calls, usage=last.usage, finish_reason=last.finish_reason)


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_http, "_BACKOFF", 0.001)


@pytest.fixture(params=["openai", "anthropic", "ollama", "gemini", "azure"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["complete", "stream"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def make(protocol: str, standin: Standin, outbound: OutboundClients) -> Make:
    def endpoint(model: str, *, url: str = standin.url, timeout: float = 5, **options: Any) -> LanguageModel:
        connect = import_module(f"langflow_lite.models.{protocol}").connect
        made: LanguageModel = connect(
            Endpoint(
                provider="Acme",
                model=model,
                base_url=url,
                key="key-123456",
                client=outbound.client(trusted=True),
                timeout=timeout,
                options=Options(**options),
                hint="Is it on?",
            )
        )
        return made

    return endpoint


async def test_answers_with_text_and_usage(make: Make, streamed: bool) -> None:
    reply = await ask(make("any"), said("one two"), streamed)
    assert reply.text == "ANSWER[one two]"
    assert reply.usage == USAGE
    assert reply.finish_reason in ("stop", "end_turn", "STOP")


async def test_streams_each_word_as_a_piece_of_its_own(make: Make) -> None:
    deltas = await collect(make("words-5"), said("go"))
    assert [d.text for d in deltas[:-1]] == ["w0", " w1", " w2", " w3", " w4"]


async def test_empty_pieces_are_dropped(make: Make) -> None:
    deltas = await collect(make("blanks"), said("a b"))
    assert [d.text for d in deltas[:-1]] == ["ANSWER[a", " b]"]


async def test_pieces_come_before_the_last_is_written(make: Make, standin: Standin) -> None:
    async with aclosing(make("gated-10").stream(said("go"))) as deltas:
        early = [(await anext(deltas)).text for _ in range(5)]
        standin.release()
        rest = [d async for d in deltas]
    assert early == ["w0", " w1", " w2", " w3", " w4"]
    assert len(rest) == 6


async def test_text_beyond_ascii_survives(make: Make, streamed: bool) -> None:
    reply = await ask(make("any"), said("Grüße 🎉\u2028 日本"), streamed)
    assert reply.text == "ANSWER[Grüße 🎉\u2028 日本]"


async def test_a_system_text_and_an_image_reach_the_provider(make: Make, standin: Standin, protocol: str) -> None:
    image = Image(b"\x89PNG", "image/png")
    messages = [
        ChatMessage(role="system", text="Be brief."),
        ChatMessage(role="user", text="What is this?", images=(image,)),
    ]
    await make("any").complete(messages)
    body = standin.calls[0].body
    if protocol in ("openai", "azure"):
        assert body["messages"] == [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                ],
            },
        ]
    elif protocol == "anthropic":
        assert body["system"] == "Be brief."
        source = {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}
        assert body["messages"] == [
            {
                "role": "user",
                "content": [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}],
            }
        ]
    elif protocol == "gemini":
        assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
        inline = {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
        assert body["contents"] == [{"role": "user", "parts": [inline, {"text": "What is this?"}]}]
    else:
        assert body["messages"][1] == {"role": "user", "content": "What is this?", "images": ["iVBORw=="]}


async def test_a_tool_call_comes_back_whole_and_its_result_is_understood(make: Make, streamed: bool) -> None:
    messages = said('CALL weather {"place": "Graz"}')
    reply = await ask(make("any"), messages, streamed, tools=[WEATHER])
    [call] = reply.tool_calls
    assert (call.name, call.arguments, call.error) == ("weather", {"place": "Graz"}, "")
    assert call.id
    messages += [
        ChatMessage(role="assistant", text="", tool_calls=(call,)),
        ChatMessage(role="tool", text="sunny", tool_call_id=call.id, tool_name="weather"),
    ]
    final = await ask(make("any"), messages, streamed, tools=[WEATHER])
    assert final.text == "TOOLS[sunny]"
    assert final.tool_calls == ()


async def test_the_tools_are_described_in_the_protocols_own_way(make: Make, standin: Standin, protocol: str) -> None:
    await make("any").complete(said("hi"), tools=[WEATHER], tool_choice="weather")
    body = standin.calls[0].body
    schema = {"type": "object", "properties": {"place": {"type": "string"}}}
    function = {"name": "weather", "description": "The weather of a place."}
    if protocol == "anthropic":
        assert body["tools"] == [{**function, "input_schema": schema}]
        assert body["tool_choice"] == {"type": "tool", "name": "weather"}
    elif protocol == "gemini":
        assert body["tools"] == [{"functionDeclarations": [{**function, "parameters": schema}]}]
        assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY", "allowedFunctionNames": ["weather"]}
    else:
        assert body["tools"] == [{"type": "function", "function": {**function, "parameters": schema}}]
    if protocol in ("openai", "azure"):
        assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


async def test_a_401_carries_the_providers_words_and_status_and_is_not_repeated(
    make: Make, streamed: bool, standin: Standin
) -> None:
    with pytest.raises(ProviderError, match=r"^Error code: 401 - Incorrect API key provided$") as caught:
        await ask(make("denied"), said("hi"), streamed)
    assert caught.value.provider_status == 401
    assert caught.value.provider == "Acme"
    assert len(standin.calls) == 1


async def test_a_429_is_retried_after_the_time_it_asks_for(make: Make, streamed: bool, standin: Standin) -> None:
    reply = await ask(make("limited-2"), said("hi"), streamed)
    assert reply.text == "ANSWER[hi]"
    assert len(standin.calls) == 3


async def test_a_429_that_asks_for_too_long_a_wait_is_an_error_that_says_how_long(
    make: Make, streamed: bool, standin: Standin
) -> None:
    with pytest.raises(ProviderError, match="429 - Rate limit reached") as caught:
        await ask(make("limited"), said("hi"), streamed)
    assert caught.value.retry_after == 90
    assert len(standin.calls) == 1


async def test_a_spent_quota_is_not_retried(make: Make, standin: Standin) -> None:
    with pytest.raises(ProviderError, match="exceeded your current quota"):
        await make("broke").complete(said("hi"))
    assert len(standin.calls) == 1


async def test_a_500_is_retried_twice(make: Make, streamed: bool, standin: Standin) -> None:
    with pytest.raises(ProviderError, match="Error code: 500 - upstream failed"):
        await ask(make("fail", max_retries=5), said("hi"), streamed)
    assert len(standin.calls) == 3


async def test_no_retries_when_the_node_wants_none(make: Make, standin: Standin) -> None:
    with pytest.raises(ProviderError):
        await make("flaky-1", max_retries=0).complete(said("hi"))
    assert len(standin.calls) == 1


async def test_a_server_that_recovers_is_not_noticed(make: Make, streamed: bool) -> None:
    assert (await ask(make("flaky-1"), said("hi"), streamed)).text == "ANSWER[hi]"


async def test_a_connection_dropped_before_the_answer_is_made_again(
    make: Make, streamed: bool, standin: Standin
) -> None:
    assert (await ask(make("dropped-1"), said("hi"), streamed)).text == "ANSWER[hi]"
    assert len(standin.calls) == 2


async def test_an_error_page_instead_of_json_is_shown_without_its_markup(make: Make) -> None:
    with pytest.raises(ProviderError, match=r"^Error code: 502 - Bad Gateway$"):
        await make("html", max_retries=0).complete(said("hi"))


async def test_a_redirect_is_an_error_that_names_the_place(make: Make, streamed: bool) -> None:
    with pytest.raises(ProviderError, match=r"302 - it redirects to http://127\.0\.0\.1:9/elsewhere"):
        await ask(make("redirect"), said("hi"), streamed)


async def test_nobody_listening_is_an_error_with_address_and_hint(make: Make, streamed: bool) -> None:
    with pytest.raises(ProviderError, match=r"^Acme could not be reached at http://127\.0\.0\.1:9 .* Is it on\?$"):
        await ask(make("any", url="http://u:secret@127.0.0.1:9", max_retries=0), said("hi"), streamed)


async def test_silence_ends_after_the_timeout(make: Make, streamed: bool, standin: Standin) -> None:
    with anyio.fail_after(30), pytest.raises(ProviderError, match=r"sent nothing for 0\.2 seconds"):
        await ask(make("hang", timeout=0.2), said("hi"), streamed)
    assert len(standin.calls) == 1


async def test_silence_in_the_middle_ends_after_the_timeout(make: Make) -> None:
    with anyio.fail_after(30), pytest.raises(ProviderError, match=r"sent nothing for 0\.2 seconds"):
        await collect(make("stall", timeout=0.2), said("hi"))


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("cut", "before it was complete"),
        ("snap", "closed the connection before the answer was complete"),
        ("garbled", r"could not be understood: '\{not json'"),
        ("broken", "broke off the answer: the model fell over"),
    ],
)
async def test_a_stream_that_goes_wrong_fails_after_what_came_and_is_not_repeated(
    make: Make, standin: Standin, model: str, complaint: str
) -> None:
    pieces: list[str] = []

    async def listen() -> None:
        async with aclosing(make(model).stream(said("hi there"))) as deltas:
            async for delta in deltas:
                pieces.append(delta.text)

    with pytest.raises(ProviderError, match=complaint):
        await listen()
    assert pieces == ["ANSWER[hi"]
    assert len(standin.calls) == 1


async def test_cancelling_a_stream_closes_the_connection(make: Make, standin: Standin) -> None:
    got_first = anyio.Event()

    async def listen() -> None:
        async with aclosing(make("slow-20-5000").stream(said("go"))) as deltas:
            async for _ in deltas:
                got_first.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await got_first.wait()
        tasks.cancel_scope.cancel()
    assert await anyio.to_thread.run_sync(standin.wait_for_hangup)


async def test_cancelling_while_waiting_for_the_answer_closes_the_connection(make: Make, standin: Standin) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(make("hang", timeout=30).complete, said("go"))
        while not standin.calls:
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    assert await anyio.to_thread.run_sync(standin.wait_for_hangup)


async def test_leaving_a_stream_early_closes_the_connection(make: Make, standin: Standin) -> None:
    async with aclosing(make("slow-20-5000").stream(said("go"))) as deltas:
        await anext(deltas)
    assert await anyio.to_thread.run_sync(standin.wait_for_hangup)


async def test_the_key_is_never_shown(make: Make) -> None:
    model = make("any", url="http://127.0.0.1:9", max_retries=0)
    with pytest.raises(ProviderError) as caught:
        await model.complete(said("hi"))
    assert "key-123456" not in f"{caught.value} {model!r} {caught.value.__cause__!r}"


async def test_further_parameters_of_the_node_are_passed_on(make: Make, standin: Standin, protocol: str) -> None:
    await make("any", extra={"top_k": 3}, max_tokens=7, temperature=0.5).complete(said("hi"))
    body = standin.calls[0].body
    if protocol == "ollama":
        assert body["options"] == {"temperature": 0.5, "num_predict": 7, "top_k": 3}
    elif protocol == "gemini":
        assert body["generationConfig"] == {"temperature": 0.5, "maxOutputTokens": 7, "top_k": 3}
    else:
        assert (body["top_k"], body["max_tokens"], body["temperature"]) == (3, 7, 0.5)


async def test_arguments_that_are_not_json_are_handed_over_with_the_complaint(
    standin: Standin, outbound: OutboundClients, streamed: bool
) -> None:
    connect = import_module("langflow_lite.models.openai").connect
    client = outbound.client(trusted=True)
    model = connect(Endpoint(provider="Acme", model="tool:weather:{oops", base_url=standin.url, client=client))
    [call] = (await ask(model, said("go"), streamed, tools=[WEATHER])).tool_calls
    assert call == ToolCall("call_1", "weather", {}, "{oops", call.error)
    assert call.error.startswith("the arguments are not valid JSON")


async def test_a_connection_serves_one_answer_after_the_other(make: Make, standin: Standin, streamed: bool) -> None:
    model = make("words-3")
    for _ in range(3):
        assert (await ask(model, said("hi"), streamed)).text == "w0 w1 w2"
    assert len({call.port for call in standin.calls}) == 1
