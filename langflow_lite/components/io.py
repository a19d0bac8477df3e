"""Text Input, Text Output and Webhook: what enters and leaves a flow outside a conversation."""

from __future__ import annotations

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Data, Message

__all__ = ["TextInputComponent", "TextOutputComponent", "WebhookComponent"]


class TextInputComponent(Component):
    """Brings a text into the flow."""

    name = "TextInput"
    display_name = "Text Input"
    category = "input_output"
    icon = "type"
    legacy = True

    input_value: str = field(Kind.MULTILINE, "Text")
    use_global_variable: bool = field(
        Kind.BOOL, "Use Global Variable", advanced=True, info="Set by the editor when the text names a variable."
    )

    @output("text", "Output Text")
    async def text_response(self) -> Message:
        """The text as a message."""
        self.status = self.input_value
        return Message(text=self.input_value, flow_id=self.ctx.flow_id)


class TextOutputComponent(Component):
    """Shows a text as a result of the flow."""

    name = "TextOutput"
    display_name = "Text Output"
    category = "input_output"
    icon = "type"
    legacy = True

    input_value: str = field(Kind.MULTILINE, "Inputs")

    @output("text", "Output Text")
    async def text_response(self) -> Message:
        """The text as a message."""
        self.status = self.input_value
        return Message(text=self.input_value, flow_id=self.ctx.flow_id)


class WebhookComponent(Component):
    """Passes on what was posted to the flow's webhook."""

    name = "Webhook"
    display_name = "Webhook"
    category = "input_output"
    icon = "webhook"

    data: str = field(Kind.MULTILINE, "Payload", advanced=True, info="The body of the request, as text.")
    curl: str = field(Kind.MULTILINE, "cURL", "CURL_WEBHOOK", advanced=True, info="Shown by the editor.")
    endpoint: str = field(Kind.MULTILINE, "Endpoint", "BACKEND_URL", info="Shown by the editor.", copy_field=True)

    @output("output_data", "JSON")
    async def build_data(self) -> Data:
        """The keys of a posted JSON object; anything else under `payload`."""
        if not self.data:
            self.status = "No data provided."
            return Data()
        try:
            # Templates of senders often leave a raw line break between two quotes.
            body = msgspec.json.decode(self.data.replace('"\n"', '"\\n"'))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self.status = f"Invalid JSON payload. It is passed on as text.\n\n{self.data}"
            return Data({"payload": self.data})
        data = Data(body if isinstance(body, dict) else {"payload": body})
        self.status = data
        return data
