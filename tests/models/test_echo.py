from __future__ import annotations

from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langflow_lite.models.base import ChatMessage
from langflow_lite.models.echo import Echo

pytestmark = pytest.mark.anyio


async def test_answers_the_last_user_text_and_counts_words() -> None:
    messages = [
        ChatMessage(role="system", text="Be brief."),
        ChatMessage(role="user", text="one"),
        ChatMessage(role="assistant", text="one"),
        ChatMessage(role="user", text="two three"),
    ]
    reply = await Echo().complete(messages)
    assert reply.text == "two three"
    assert reply.usage == {"input_tokens": 6, "output_tokens": 2, "total_tokens": 8}


async def test_streams_word_by_word() -> None:
    async with aclosing(Echo().stream([ChatMessage(role="user", text="a bc  d\n")])) as deltas:
        pieces = [delta.text async for delta in deltas]
    assert pieces == ["a", " bc", "  d", "\n", ""]


async def test_answers_the_system_text_when_there_is_no_user() -> None:
    assert (await Echo().complete([ChatMessage(role="system", text="alone")])).text == "alone"


@settings(deadline=None)
@given(st.text())
def test_no_text_loses_a_character_when_streamed(text: str) -> None:
    async def streamed() -> str:
        async with aclosing(Echo().stream([ChatMessage(role="user", text=text)])) as deltas:
            return "".join([delta.text async for delta in deltas])

    import anyio

    assert anyio.run(streamed) == text
