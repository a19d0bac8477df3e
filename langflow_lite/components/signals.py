"""Notify and Listen: a value that goes from one place of a flow to another without an edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Data, Message, to_text

__all__ = ["ListenComponent", "NotifyComponent"]


class NotifyComponent(Component):
    """Keeps a value under a key for the Listen components of that key."""

    name = "Notify"
    aliases = ("NotifyComponent",)
    display_name = "Notify"
    category = "flow_controls"
    icon = "Notify"
    announces = "context_key"

    context_key: str = field(
        Kind.STR, "Context Key", required=True, aliases=("name",), info="The key under which it is kept."
    )
    input_value: Any = field(
        Kind.HANDLE,
        "Input Data",
        aliases=("data",),
        input_types=("Data", "JSON", "Message", "DataFrame", "Table"),
        info="The value to keep.",
    )
    append: bool = field(Kind.BOOL, "Append", info="Add it to what the key holds, instead of replacing that.")

    @output("result", "JSON", types=("JSON", "Data"), aliases=("data", "output"))
    async def notify_components(self) -> Any:
        """The value: a message or a record as it is, anything else as a record."""
        value = _record(self.input_value)
        shared = self.ctx.shared
        if self.append:
            known = shared.get(self.context_key, [])
            shared[self.context_key] = [*(known if isinstance(known, list) else [known]), value]
        else:
            shared[self.context_key] = value
        self.status = value
        return value


class ListenComponent(Component):
    """Gives what Notify components have kept under a key, once all of them have run."""

    name = "Listen"
    aliases = ("ListenComponent",)
    display_name = "Listen"
    category = "flow_controls"
    icon = "Radio"
    awaits = "context_key"

    context_key: str = field(
        Kind.STR,
        "Context Key",
        required=True,
        aliases=("name",),
        input_types=("Message",),
        info="The key to listen for.",
    )

    @output("data", "JSON", types=("JSON", "Data"), aliases=("result", "output"))
    async def listen_for_data(self) -> Any:
        """The record, or the list of records that were added; an empty record when nobody has said anything."""
        self.status = self.ctx.shared.get(self.context_key, Data({"text": ""}))
        return self.status


def _record(value: Any) -> Data | Message:
    if isinstance(value, (Data, Message)):
        return value
    if isinstance(value, Mapping):
        return Data(dict(value))
    return Data({"text": "" if value is None else to_text(value)})
