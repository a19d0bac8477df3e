"""Current Date and ID Generator."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.ids import new_id
from langflow_lite.values import Message

__all__ = ["CurrentDateComponent", "IDGeneratorComponent"]


class CurrentDateComponent(Component):
    """Tells the date and time of a time zone."""

    name = "CurrentDate"
    aliases = ("Current Date",)
    display_name = "Current Date"
    category = "utilities"
    icon = "clock"

    timezone: str = field(
        Kind.DROPDOWN, "Timezone", "UTC", tool_mode=True, info="A name from the IANA database, such as Europe/Berlin."
    )

    @output("current_date", "Current Date")
    async def get_current_date(self) -> Message:
        """The time as a sentence; a time zone that does not exist is answered with one too."""
        try:
            now = datetime.now(ZoneInfo(self.timezone))
        except (KeyError, ValueError, OSError) as error:
            text = f"Error: {error.args[0] if isinstance(error, KeyError) else error}"
        else:
            text = f"Current date and time in {self.timezone}: {now:%Y-%m-%d %H:%M:%S %Z}"
        self.status = text
        return Message(text=text)


class IDGeneratorComponent(Component):
    """Makes a unique id."""

    name = "IDGenerator"
    aliases = ("ID Generator",)
    display_name = "ID Generator"
    category = "utilities"
    icon = "fingerprint"
    legacy = True

    unique_id: str = field(Kind.TEXT, "Value", tool_mode=True, info="The id to use; empty: a new one each time.")

    @output("id", "ID")
    async def generate_id(self) -> Message:
        """The given id, or a new UUID."""
        unique_id = self.unique_id or new_id()
        self.status = f"Generated ID: {unique_id}"
        return Message(text=unique_id)
