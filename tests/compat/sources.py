"""Components as users of Langflow wrote them, over its releases."""

SHOUT = """
from langflow.custom import Component
from langflow.io import IntInput, MessageTextInput, Output
from langflow.schema.message import Message


class ShoutComponent(Component):
    display_name = "Shout"
    description = "Says it louder."
    icon = "megaphone"
    name = "Shout"

    inputs = [
        MessageTextInput(name="text", display_name="Text", info="What to say.", tool_mode=True),
        IntInput(name="times", display_name="Times", value=2, advanced=True),
    ]
    outputs = [Output(display_name="Louder", name="louder", method="shout")]

    def shout(self) -> Message:
        self.status = "shouted"
        self.log(f"{self.times} times")
        return Message(text=self.text.upper() + "!" * self.times)
"""

DATA = """
from lfx.custom.custom_component.component import Component
from lfx.io import MessageInput, Output
from lfx.schema import Data, DataFrame


class Words(Component):
    inputs = [MessageInput(name="input_value", display_name="Input")]
    outputs = [
        Output(display_name="Record", name="record", method="as_record"),
        Output(display_name="Rows", name="rows", method="as_rows"),
    ]

    async def as_record(self) -> Data:
        data = Data(data={"words": self.input_value.text.split()}, value="x")
        data.text = self.input_value.get_text()
        return data

    async def as_rows(self) -> DataFrame:
        record = await self.as_record()
        frame = DataFrame([Data(data={"word": word}) for word in record.words])
        assert list(frame["word"]) == record.words
        assert [row["word"] for _, row in frame.iterrows()] == record.words
        return frame.add_row({"word": "end"})
"""

OLD = """
from langflow import CustomComponent
from langflow.field_typing import Text


class Joiner(CustomComponent):
    display_name = "Joiner"

    def build_config(self):
        return {"first": {"display_name": "First"}, "second": {"display_name": "Second"}}

    def build(self, first: str, second: str = "b") -> Text:
        from langflow.schema import Data

        return first + Data(text=second).get_text()
"""
