"""CSV to Data, JSON to Data and Mock Data."""

from __future__ import annotations

import csv
import io
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.documents import decode_text
from langflow_lite.components.files import paths_in
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.lenient_json import read_json
from langflow_lite.errors import NotFound
from langflow_lite.values import Data, Message, Table

__all__ = ["CSVToDataComponent", "JSONToDataComponent", "MockDataGeneratorComponent"]

_MOCK_ROWS = 50
_NAMES = ("Ada", "Blaise", "Carl", "Dorothy", "Edsger", "Frances", "Grace")
_CITIES = ("Lisbon", "Nairobi", "Osaka", "Quito", "Turin")


class _FromFile(Component):
    async def _source(self, file: Any, path: str, text: str) -> str:
        """The text of the one source that is given; raises `ValueError` when there is none or more than one."""
        paths = [*paths_in(file), *paths_in(path)]
        if len(paths) + bool(text.strip()) != 1:
            raise ValueError("Please provide exactly one of: a file, a path, or the text itself.")
        if not paths:
            return text
        try:
            return decode_text(await self.ctx.files.read(paths[0]))
        except NotFound as error:
            raise ValueError(f"File not found: {paths[0]}. Upload it to this server first") from error


class CSVToDataComponent(_FromFile):
    """Turns CSV into a list of records."""

    name = "CSVtoData"
    aliases = ("CSV to Data", "Load CSV")
    display_name = "Load CSV"
    category = "data_source"
    icon = "file-spreadsheet"
    legacy = True

    csv_file: Any = field(Kind.FILE, "CSV File", fileTypes=["csv"], info="A file that was uploaded to this server.")
    csv_path: str = field(Kind.TEXT, "CSV File Path", info="The path of such a file.")
    csv_string: str = field(Kind.MULTILINE, "CSV String", info="The CSV itself.")
    text_key: str = field(Kind.TEXT, "Text Key", "text", info="The column that is the text of the records.")

    @output("data_list", "Data List", types=("Data", "JSON"))
    async def load_csv_to_data(self) -> list[Data]:
        """A record of texts per row; raises `ValueError` for what is not well-formed CSV."""
        text = await self._source(self.csv_file, self.csv_path, self.csv_string)
        try:
            rows = list(csv.DictReader(io.StringIO(text), restkey="more"))
        except csv.Error as error:
            raise ValueError(f"The CSV is not well formed: {error}") from error
        records = [Data(row, text_key=self.text_key) for row in rows]
        self.status = records
        return records


class JSONToDataComponent(_FromFile):
    """Turns JSON into records."""

    name = "JSONtoData"
    aliases = ("JSON to Data", "Load JSON")
    display_name = "Load JSON"
    category = "data_source"
    icon = "braces"
    legacy = True

    json_file: Any = field(Kind.FILE, "JSON File", fileTypes=["json"], info="A file that was uploaded to this server.")
    json_path: str = field(Kind.TEXT, "JSON File Path", info="The path of such a file.")
    json_string: str = field(Kind.MULTILINE, "JSON String", info="The JSON itself; small mistakes in it are mended.")

    @output("data", "Data", types=("Data", "JSON"))
    async def convert_json_to_data(self) -> Data | list[Data]:
        """A record for an object, a list of records for a list."""
        value = read_json(await self._source(self.json_file, self.json_path, self.json_string))
        if isinstance(value, list):
            result: Data | list[Data] = [
                Data(item) if isinstance(item, dict) else Data({"value": item}) for item in value
            ]
        else:
            result = Data(value if isinstance(value, dict) else {"value": value})
        self.status = result
        return result


class MockDataGeneratorComponent(Component):
    """Gives sample data to try a flow with; always the same."""

    name = "MockDataGenerator"
    aliases = ("Mock Data",)
    display_name = "Mock Data"
    category = "data_source"
    icon = "database"

    @output("dataframe_output", "Table")
    async def generate_dataframe_output(self) -> Table:
        """Fifty rows about made-up customers."""
        table = Table(_mock_row(index) for index in range(_MOCK_ROWS))
        self.status = table
        return table

    @output("message_output", "Message")
    async def generate_message_output(self) -> Message:
        """A sample text."""
        text = "This is sample text: two sentences that say nothing in particular. They are here to try a flow with."
        self.status = text
        return Message(text=text)

    @output("data_output", "JSON")
    async def generate_data_output(self) -> Data:
        """A sample record with the first rows under `records`."""
        data = Data({"name": "sample", "records": [_mock_row(index) for index in range(3)]})
        self.status = data
        return data


def _mock_row(index: int) -> dict[str, Any]:
    name = _NAMES[index % len(_NAMES)]
    return {
        "customer_id": f"C{index + 1:03}",
        "name": name,
        "email": f"{name.lower()}{index + 1}@example.com",
        "age": 21 + index * 7 % 50,
        "city": _CITIES[index % len(_CITIES)],
        "orders": index * 3 % 11,
        "active": index % 4 != 0,
    }
