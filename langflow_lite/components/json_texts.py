"""JSON Cleaner, Parse JSON, Regex Extractor, Output Parser and Get Environment Variable."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.jq import run_jq
from langflow_lite.components.lenient_json import read_json
from langflow_lite.components.regexes import InvalidRegex, find_all
from langflow_lite.components.shaping import records_in
from langflow_lite.values import Data, Message

__all__ = [
    "GetEnvVarComponent",
    "JSONCleanerComponent",
    "OutputParserComponent",
    "ParseJSONDataComponent",
    "RegexExtractorComponent",
]


class JSONCleanerComponent(Component):
    """Cuts JSON out of a text and mends it."""

    name = "JSONCleaner"
    aliases = ("JSON Cleaner",)
    display_name = "JSON Cleaner"
    category = "processing"
    icon = "braces"
    legacy = True

    json_str: str = field(Kind.TEXT, "JSON String", required=True, info="A text with a JSON object in it.")
    remove_control_chars: bool = field(Kind.BOOL, "Remove Control Characters", info="Leave them out of the text.")
    normalize_unicode: bool = field(Kind.BOOL, "Normalize Unicode", info="Bring the text into Unicode's composed form.")
    validate_json: bool = field(Kind.BOOL, "Validate JSON", info="Fail unless the text is well formed as it stands.")

    @output("output", "Cleaned JSON String")
    def clean_json(self) -> Message:
        """The object as well-formed JSON, in ASCII; raises `ValueError` when there is none."""
        start, end = self.json_str.find("{"), self.json_str.rfind("}")
        if start < 0 or end < start:
            raise ValueError("Invalid JSON string: Missing '{' or '}'")
        text = self.json_str[start : end + 1]
        if self.remove_control_chars:
            text = "".join(char for char in text if unicodedata.category(char) != "Cc")
        if self.normalize_unicode:
            text = unicodedata.normalize("NFC", text)
        if self.validate_json:
            try:
                msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
                raise ValueError(f"Error cleaning JSON string: {error}") from error
        cleaned = json.dumps(read_json(text))
        self.status = cleaned
        return Message(text=cleaned)


class ParseJSONDataComponent(Component):
    """Picks values out of JSON with a jq expression."""

    name = "ParseJSONData"
    aliases = ("Parse JSON",)
    display_name = "Parse JSON"
    category = "processing"
    icon = "braces"
    legacy = True

    input_value: Any = field(
        Kind.HANDLE,
        "Input",
        required=True,
        input_types=("Message", "Data", "JSON"),
        info="Text with JSON, or a record.",
    )
    query: str = field(Kind.TEXT, "JQ Query", required=True, info="A jq expression, such as .items[] | .name.")

    @output("filtered_data", "Filtered Data", types=("Data", "JSON"))
    def filter_data(self) -> list[Data]:
        """A record per result; what is no object is under `text`."""
        items = self.input_value if isinstance(self.input_value, (list, tuple)) else [self.input_value]
        values = [
            read_json(item.text if isinstance(item, Message) else item)
            if isinstance(item, (Message, str))
            else next(records_in(item), {})
            for item in items
        ]
        results = run_jq(self.query, values if len(values) > 1 else values[0] if values else None)
        records = [Data(result) if isinstance(result, dict) else Data({"text": str(result)}) for result in results]
        self.status = records
        return records


class RegexExtractorComponent(Component):
    """Finds all matches of a regular expression in a text."""

    name = "RegexExtractorComponent"
    aliases = ("Regex Extractor",)
    display_name = "Regex Extractor"
    category = "processing"
    icon = "regex"
    legacy = True

    input_text: str = field(Kind.TEXT, "Input Text", required=True, info="The text to search.")
    pattern: str = field(Kind.TEXT, "Regex Pattern", required=True, info="The regular expression.")

    @output("data", "Data", types=("Data", "JSON"))
    async def extract_matches(self) -> list[Data]:
        """A record with `match` per match; `error` for a pattern that is not valid."""
        if not self.pattern or not self.input_text:
            return []
        try:
            matches = await find_all(self.pattern, self.input_text)
        except InvalidRegex as error:
            self.status = f"Invalid regex pattern: {error}"
            return [Data({"error": self.status})]
        records = [Data({"match": match}) for match in matches if match]
        self.status = records
        return records

    @output("text", "Message")
    async def get_matches_text(self) -> Message:
        """The matches, one a line."""
        records = await self.extract_matches()
        lines = [str(record.data.get("error") or record.data.get("match")) for record in records]
        text = "\n".join(lines) or "No matches found"
        self.status = text
        return Message(text=text)


class OutputParserComponent(Component):
    """Gives the words that ask a model for a comma-separated list."""

    name = "OutputParser"
    aliases = ("Output Parser",)
    display_name = "Output Parser"
    category = "processing"
    icon = "type"
    legacy = True

    parser_type: str = field(Kind.DROPDOWN, "Parser", "CSV", options=("CSV",))

    @output("format_instructions", "Format Instructions")
    async def format_instructions(self) -> Message:
        """The instruction for the prompt."""
        text = "Answer with a list of values separated by commas, like this: `foo, bar, baz` or `foo,bar,baz`"
        self.status = text
        return Message(text=text)

    @output("output_parser", "Output Parser", types=("OutputParser",))
    async def build_parser(self) -> Any:
        """Not available: parser objects belong to LangChain."""
        raise ValueError(
            "Output parser objects are not supported: connect the format instructions to the prompt instead"
        )


class GetEnvVarComponent(Component):
    """Gives the value of a variable that the operator lets flows read."""

    name = "GetEnvVar"
    aliases = ("Get Environment Variable",)
    display_name = "Get Environment Variable"
    category = "utilities"
    icon = "code"
    legacy = True

    env_var_name: str = field(Kind.STR, "Environment Variable Name", info="The name of the variable.")

    @output("env_var_value", "Environment Variable Value")
    async def process_inputs(self) -> Message:
        """The variable's value; raises `ValueError` for one that is not set or that flows may not read."""
        name = self.env_var_name.strip()
        if not name:
            raise ValueError("Environment variable name not provided")
        value = await self.ctx.variables.get(name, secret=False)
        if value is None:
            raise ValueError(
                f"Environment variable {name} is not set, or flows may not read it: "
                "list it in LANGFLOW_VARIABLES_TO_GET_FROM_ENVIRONMENT"
            )
        return Message(text=value)
