"""From a Message of a flow to a turn of a conversation, its attached files included."""

from __future__ import annotations

from pathlib import PurePosixPath

from langflow_lite.context import Files
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import ChatMessage, Image, Role
from langflow_lite.values import Message

__all__ = ["turn_of"]

_IMAGE_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}


async def turn_of(message: Message, files: Files, role: Role | None = None) -> ChatMessage:
    """The message as one turn: images as image parts, text files appended under their names.

    `role` is user for messages of users and of nobody, else assistant, unless given. Raises `NotFound` for a file that
    is gone and `ComponentError` for one that is neither image nor text.
    """
    if role is None:
        role = "user" if message.sender in (None, "", "User") else "assistant"
    if not message.files:
        return ChatMessage(role=role, text=message.text)
    images: list[Image] = []
    texts = [message.text] if message.text else []
    for path in message.files:
        name = PurePosixPath(path).name
        content = await files.read(path)
        media_type = _IMAGE_TYPES.get(PurePosixPath(path).suffix.lower())
        if media_type:
            images.append(Image(content, media_type))
        else:
            texts.append(f"File '{name}' contents:\n{_decode(name, content)}")
    return ChatMessage(role=role, text="\n\n".join(texts), images=tuple(images))


def _decode(name: str, content: bytes) -> str:
    if b"\0" not in content[:8192]:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    raise ComponentError(f"The file {name!r} is neither an image nor text, so it cannot be sent to a model.")
