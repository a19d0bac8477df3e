from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from langflow_lite.components.smart_transform import SmartTransformComponent
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import ChatMessage, Reply
from langflow_lite.values import Data, Message, Table

pytestmark = pytest.mark.anyio

ROWS = Table([{"n": 1, "s": "a"}, {"n": 2, "s": "b"}])


class Writer:
    """A model that answers with one text after the other, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[ChatMessage]] = []

    async def complete(self, messages: Sequence[ChatMessage]) -> Reply:
        self.asked.append(list(messages))
        return Reply(text=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@pytest.fixture
def smart(place: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(data: Any, *answers: str, **fields: Any) -> Any:
        made = place(SmartTransformComponent(data=data, filter_instruction="keep it short", **fields))
        made.writer = Writer(*answers)

        async def language_model() -> Writer:
            return made.writer  # type: ignore[no-any-return]

        monkeypatch.setattr(made, "language_model", language_model)
        return made

    return make


@pytest.mark.parametrize(
    ("data", "answer", "record", "rows", "text"),
    [
        ([Data({"a": 1, "b": 2})], "{a}", {"a": 1}, [{"a": 1}], '{"a":1}'),
        ([ROWS], "map(select(.n > 1))", {"_results": [{"n": 2, "s": "b"}]}, [{"n": 2, "s": "b"}], '{"n":2,"s":"b"}'),
        ([ROWS], ".[].s", {"_results": ["a", "b"]}, [{"value": "a"}, {"value": "b"}], "a\nb"),
        ([Data({"x": 1}), Data({"x": 2})], "map(.x) | add", {"text": "3"}, [{"value": 3}], "3"),
        ([Message(text="Hello")], "ascii_upcase", {"text": "HELLO"}, [{"value": "HELLO"}], "HELLO"),
        ([Table([{"n": 1}])], "length", {"text": "1"}, [{"value": 1}], "1"),
    ],
)
async def test_the_models_filter_is_run(smart: Any, data: Any, answer: str, record: Any, rows: Any, text: str) -> None:
    component = smart(data, answer)
    assert (await component.process_as_data()).data == record
    assert (await component.process_as_dataframe()).rows == rows
    assert (await component.process_as_message()).text == text
    assert len(component.writer.asked) == 1


@pytest.mark.parametrize("answer", ["```jq\n.a\n```", "`.a`", "jq '.a'", "Here it is:\n```\njq -r '.a'\n```", "  .a\n"])
async def test_a_filter_is_found_in_what_models_put_around_it(smart: Any, answer: str) -> None:
    assert (await smart([Data({"a": "x"})], answer).process_as_message()).text == "x"


async def test_a_filter_that_fails_is_mended_once(smart: Any) -> None:
    component = smart([Data({"a": "x"})], "lambda x: x['a']", ".a")
    assert (await component.process_as_message()).text == "x"
    assert "is not understood" in component.writer.asked[1][-1].text


async def test_a_model_that_writes_no_filter_is_an_error(smart: Any) -> None:
    with pytest.raises(ComponentError, match="wrote no filter that works on this data: env is refused"):
        await smart([Data({"a": "x"})], "env").process_as_data()


async def test_the_model_sees_the_data_or_its_ends(smart: Any) -> None:
    component = smart([Data({"a": "x" * 500 + "end"})], ".a", max_size=100, sample_size=10)
    await component.process_as_data()
    asked = component.writer.asked[0][-1].text
    assert '{"a": "str"}' in asked
    assert '{"a":"xxxx\n... (511 characters in all) ...\nxxxxxend"}' in asked
    assert asked.endswith("What to do:\nkeep it short")
