"""The component of Ollama, whose options have names of their own."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.components.base import output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.models import ZERO_UNSET, ProviderModel, positive
from langflow_lite.errors import ComponentError
from langflow_lite.models.base import Options
from langflow_lite.values import Data, Table

__all__ = ["OllamaModel"]

_MIROSTAT = {"Disabled": 0, "Mirostat": 1, "Mirostat 2.0": 2}
_OLLAMA_OPTIONS = (
    "num_ctx",
    "num_gpu",
    "num_thread",
    "repeat_last_n",
    "repeat_penalty",
    "tfs_z",
    "top_k",
    "top_p",
    "mirostat_eta",
    "mirostat_tau",
)
_SCHEMA_TYPES = {
    "str": "string",
    "text": "string",
    "int": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "dict": "object",
    "list": "array",
}


class OllamaModel(ProviderModel):
    """Ask a model of a local Ollama server."""

    name = "OllamaModel"
    display_name = "Ollama"
    icon = "Ollama"
    aliases = ("ChatOllama", "ChatOllamaComponent", "OllamaModelComponent")
    vendor = "Ollama"

    # A word in old releases, the rows of a schema in new ones; this kind takes both as they are.
    format: Any = field(Kind.SORTABLE_LIST, "Format", advanced=True, info="`json`, or the fields of a schema.")
    enable_structured_output: bool = field(Kind.BOOL, "Structured Output", False, advanced=True)
    system: str = field(Kind.STR, "System", advanced=True, info="Used when the system message is empty.")
    num_ctx: int = field(Kind.INT, "Context Size", 0, advanced=True, info=ZERO_UNSET)
    num_gpu: int = field(Kind.INT, "GPUs", 0, advanced=True, info=ZERO_UNSET)
    num_thread: int = field(Kind.INT, "Threads", 0, advanced=True, info=ZERO_UNSET)
    repeat_last_n: int = field(Kind.INT, "Repeat Last N", 0, advanced=True, info=ZERO_UNSET)
    repeat_penalty: float = field(Kind.FLOAT, "Repeat Penalty", 0.0, advanced=True, info=ZERO_UNSET)
    tfs_z: float = field(Kind.FLOAT, "TFS Z", 0.0, advanced=True, info=ZERO_UNSET)
    top_k: int = field(Kind.INT, "Top K", 0, advanced=True, info=ZERO_UNSET)
    top_p: float = field(Kind.FLOAT, "Top P", 0.0, advanced=True, info=ZERO_UNSET)
    mirostat: str = field(Kind.DROPDOWN, "Mirostat", "Disabled", advanced=True, options=tuple(_MIROSTAT))
    mirostat_eta: float = field(Kind.FLOAT, "Mirostat Eta", 0.0, advanced=True, info=ZERO_UNSET)
    mirostat_tau: float = field(Kind.FLOAT, "Mirostat Tau", 0.0, advanced=True, info=ZERO_UNSET)
    stop_tokens: str = field(Kind.TEXT, "Stop Tokens", advanced=True, info="Separated by commas.")
    timeout: int = field(Kind.INT, "Timeout", 0, advanced=True, info="Seconds of silence; 0: the server's setting.")

    def options(self) -> Options:
        """How the model is to be asked; options that are zero or empty are not sent."""
        given: dict[str, Any] = {name: getattr(self, name) for name in _OLLAMA_OPTIONS}
        given["mirostat"] = _MIROSTAT.get(self.mirostat, 0)
        given["stop"] = [token.strip() for token in self.stop_tokens.split(",") if token.strip()]
        given["format"] = _ollama_format(self.format)
        return Options(
            temperature=self.temperature,
            max_tokens=positive(self.max_tokens),
            extra={name: value for name, value in given.items() if value},
            timeout=positive(self.timeout),
        )

    def instructions(self) -> str:
        """The system message, else the field that only Ollama's node has."""
        return super().instructions() or self.system

    @output("data_output", "JSON", aliases=("build_data_output",))
    async def build_data_output(self) -> Data:
        """The answer parsed as JSON. Raises `ComponentError` when it is none."""
        parsed = _parse_answer((await self.text_response()).text)
        return Data(parsed) if isinstance(parsed, dict) else Data({"results": parsed})

    @output("dataframe_output", "Table", aliases=("build_dataframe_output",))
    async def build_dataframe_output(self) -> Table:
        """The answer parsed as JSON, as rows. Raises `ComponentError` when it is none."""
        parsed = _parse_answer((await self.text_response()).text)
        rows = parsed if isinstance(parsed, list) else [parsed]
        return Table(row if isinstance(row, dict) else {"value": row} for row in rows)


def _ollama_format(value: Any) -> Any:
    """`json`, a JSON schema, or the schema that rows of a table (name, type, description, multiple) stand for."""
    if not isinstance(value, (list, tuple)):
        return value
    properties: dict[str, Any] = {}
    for row in value:
        if not isinstance(row, dict) or not row.get("name"):
            continue
        kind = _SCHEMA_TYPES.get(str(row.get("type", "str")).lower(), "string")
        schema: dict[str, Any] = {"type": kind}
        if row.get("multiple") in (True, "True", "true"):
            schema = {"type": "array", "items": schema}
        if row.get("description"):
            schema["description"] = row["description"]
        properties[str(row["name"])] = schema
    return {"type": "object", "properties": properties, "required": list(properties)} if properties else None


def _parse_answer(text: str) -> Any:
    fenced = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return msgspec.json.decode(fenced)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ComponentError(f"The model's answer is not JSON: {text[:200]!r}") from None
