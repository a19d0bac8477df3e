from __future__ import annotations

import pytest

from langflow_lite.errors import ComponentError, NotFound
from langflow_lite.models.base import Image
from langflow_lite.models.turns import turn_of
from langflow_lite.values import Message
from tests.models.support import DictFiles

pytestmark = pytest.mark.anyio

FILES = DictFiles({"f/a.PNG": b"png", "f/b.jpg": b"jpg", "f/n.txt": "\ufeffnötes".encode(), "f/x.bin": b"\0\1"})


@pytest.mark.parametrize(
    ("sender", "role"), [(None, "user"), ("", "user"), ("User", "user"), ("Machine", "assistant"), ("AI", "assistant")]
)
async def test_the_sender_decides_the_role(sender: str | None, role: str) -> None:
    assert (await turn_of(Message(text="x", sender=sender), FILES)).role == role


async def test_images_become_parts_and_text_files_are_appended_under_their_names() -> None:
    turn = await turn_of(Message(text="look", files=["f/a.PNG", "f/n.txt", "f/b.jpg"]), FILES)
    assert turn.images == (Image(b"png", "image/png"), Image(b"jpg", "image/jpeg"))
    assert turn.text == "look\n\nFile 'n.txt' contents:\nnötes"


async def test_a_file_that_is_neither_is_an_error_with_its_name() -> None:
    with pytest.raises(ComponentError, match=r"'x\.bin' is neither an image nor text"):
        await turn_of(Message(files=["f/x.bin"]), FILES)


async def test_a_file_that_is_gone_is_an_error() -> None:
    with pytest.raises(NotFound):
        await turn_of(Message(files=["f/none.png"]), FILES)
