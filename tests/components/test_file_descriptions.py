from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from langflow_lite.components.file_descriptions import FileDescriptionGeneratorComponent
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import ChatMessage, Reply
from langflow_lite.values import Data, Message

pytestmark = pytest.mark.anyio


class Describer:
    model = "describer"

    def __init__(self, how: str = "") -> None:
        self.how = how

    async def complete(self, messages: Sequence[ChatMessage]) -> Reply:
        if self.how == "slow":
            await anyio.sleep_forever()
        if self.how == "broken":
            raise ComponentError("out of words")
        return Reply(text=f" about {messages[-1].text.split(chr(10))[0]} \n")


@pytest.fixture
def describing(place: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(data: Any, how: str = "", **fields: Any) -> Any:
        made = place(FileDescriptionGeneratorComponent(file_data=data, **fields))

        async def language_model() -> Describer:
            return Describer(how)

        monkeypatch.setattr(made, "language_model", language_model)
        return made

    return make


FILES = [Data({"file_path": "b.txt", "text": "words"}), Data({"text": "no file"}), Data({"file_path": "a.txt"})]


async def test_each_file_is_described_in_order(describing: Any) -> None:
    found = await describing(FILES).generate_descriptions()
    assert [record.data for record in found] == [
        {"text": "about File: b.txt", "file_path": "b.txt"},
        {"text": "about File: a.txt", "file_path": "a.txt"},
    ]
    assert await describing([Message(text="no file")]).generate_descriptions() == []


@pytest.mark.parametrize(("how", "problem"), [("broken", "out of words"), ("slow", "took longer than 1 seconds")])
async def test_a_model_that_does_not_describe_fails_the_component(describing: Any, how: str, problem: str) -> None:
    with pytest.raises(ComponentError, match=problem):
        await describing(FILES, how, timeout=1).generate_descriptions()
