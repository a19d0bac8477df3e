"""Older components that change or choose records: update, select, filter, merge, alter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.shaping import compare, records_in, texts_in
from langflow_lite.values import Data, Message, Table, to_text

__all__ = [
    "AlterMetadataComponent",
    "CreateDataComponent",
    "DataFilterComponent",
    "DataToDataFrameComponent",
    "DynamicCreateDataComponent",
    "ExtractDataKeyComponent",
    "FilterDataComponent",
    "MergeDataComponent",
    "SelectDataComponent",
    "UpdateDataComponent",
]


def _given(extras: Mapping[str, Any]) -> dict[str, Any]:
    """The pairs that the numbered fields of a component hold, a record standing for its text."""
    found: dict[str, Any] = {}
    for name, value in extras.items():
        if not (name.startswith("field_") and name.endswith("_key")):
            continue
        pairs = value.data if isinstance(value, Data) else value
        if isinstance(pairs, Mapping):
            found.update({key: item.get_text() if isinstance(item, Data) else item for key, item in pairs.items()})
    return found


def _check_text_key(record: Mapping[str, Any], key: str) -> None:
    if key not in record:
        raise ValueError(f"Text Key: '{key}' not found in the Data keys: {', '.join(record)}")


class CreateDataComponent(Component):
    """Makes a record from pairs of keys and values."""

    name = "CreateData"
    aliases = ("Create Data",)
    display_name = "Create Data"
    category = "processing"
    icon = "ListFilter"
    legacy = True

    number_of_fields: int = field(Kind.INT, "Number of Fields", 1, info="How many fields an editor shows.")
    text_key: str = field(Kind.TEXT, "Text Key", advanced=True, info="The key that is the record's text.")
    text_key_validator: bool = field(
        Kind.BOOL, "Text Key Validator", advanced=True, info="Fail when that key is absent."
    )

    @output("data", "Data")
    async def build_data(self) -> Data:
        """The record."""
        record = _given(self.extras)
        if self.text_key_validator:
            _check_text_key(record, self.text_key)
        data = Data(record, text_key=self.text_key or "text")
        self.status = data
        return data


class DynamicCreateDataComponent(Component):
    """Makes a record from the fields of a form."""

    name = "DynamicCreateData"
    aliases = ("Dynamic Create Data",)
    display_name = "Dynamic Create Data"
    category = "processing"
    icon = "ListFilter"

    form_fields: list[dict[str, Any]] = field(
        Kind.TABLE,
        "Input Configuration",
        info="A row per field: field_name, field_type and further settings of an editor.",
    )
    include_metadata: bool = field(Kind.BOOL, "Include Metadata", advanced=True, info="Without effect.")

    @output("form_data", "Data")
    async def process_form(self) -> Data:
        """The record."""
        data = Data(self._values())
        self.status = data
        return data

    @output("message", "Message")
    async def get_message(self) -> Message:
        """The record as lines of name and value."""
        text = "\n".join(f"{name}: {to_text(value)}" for name, value in self._values().items())
        self.status = text
        return Message(text=text)

    def _values(self) -> dict[str, Any]:
        found = {}
        for row in self.form_fields:
            name = str(row.get("field_name") or "").strip()
            value = self.extras.get(f"dynamic_{name}")
            if isinstance(value, (Message, Data)):
                value = value.text if isinstance(value, Message) else value.data
            if name:
                found[name] = value
        return found


class UpdateDataComponent(Component):
    """Changes or adds keys of a record, or of each record of a list."""

    name = "UpdateData"
    aliases = ("Update Data",)
    display_name = "Update Data"
    category = "processing"
    icon = "FolderSync"
    legacy = True

    old_data: Any = field(Kind.DATA, "Data", is_list=True, info="The record or records to change.")
    number_of_fields: int = field(Kind.INT, "Number of Fields", info="How many fields an editor shows.")
    text_key: str = field(Kind.TEXT, "Text Key", advanced=True, info="The key that is the record's text.")
    text_key_validator: bool = field(
        Kind.BOOL, "Text Key Validator", advanced=True, info="Fail when that key is absent."
    )

    @output("data", "Data", types=("Data", "JSON"))
    async def build_data(self) -> Data | list[Data]:
        """The changed record; a list when there are several. Raises `ValueError` without one."""
        changes = _given(self.extras)
        updated = []
        for record in records_in(self.old_data):
            merged = {**record, **changes}
            if self.text_key_validator:
                _check_text_key(merged, self.text_key)
            updated.append(Data(merged, text_key=self.text_key or "text"))
        if not updated:
            raise ValueError("There is nothing to update: connect a record.")
        result = updated[0] if len(updated) == 1 else updated
        self.status = result
        return result


class SelectDataComponent(Component):
    """Chooses one record of a list by its place."""

    name = "SelectData"
    aliases = ("Select Data",)
    display_name = "Select Data"
    category = "processing"
    icon = "prototypes"
    legacy = True

    data_list: Any = field(Kind.DATA, "Data List", is_list=True, info="The records to choose from.")
    data_index: int = field(Kind.INT, "Data Index", info="The place, counted from 0.")

    @output("selected_data", "Selected Data")
    async def select_data(self) -> Data:
        """The record at this place; raises `ValueError` when the list is shorter."""
        records = list(records_in(self.data_list))
        if not 0 <= self.data_index < len(records):
            raise ValueError(f"Selected index {self.data_index} is out of range: there are {len(records)} records")
        data = Data(records[self.data_index])
        self.status = data
        return data


class FilterDataComponent(Component):
    """Keeps chosen keys of a record."""

    name = "FilterData"
    aliases = ("Filter Data",)
    display_name = "Filter Data"
    category = "processing"
    icon = "filter"
    legacy = True

    data: Any = field(Kind.DATA, "Data", info="The record to filter.")
    filter_criteria: Any = field(Kind.TEXT, "Filter Criteria", is_list=True, info="The keys to keep.")

    @output("filtered_data", "Filtered Data")
    async def filter_data(self) -> Data:
        """The record with these keys only; raises `ValueError` without one."""
        record = next(records_in(self.data), None)
        if record is None:
            raise ValueError("There is nothing to filter: connect a record.")
        keys = texts_in(self.filter_criteria)
        data = Data({key: value for key, value in record.items() if key in keys})
        self.status = data
        return data


class DataFilterComponent(Component):
    """Keeps the records whose key compares with a value."""

    name = "FilterDataValues"
    aliases = ("Filter Values",)
    display_name = "Filter Values"
    category = "processing"
    icon = "filter"
    legacy = True

    input_data: Any = field(Kind.DATA, "Input Data", is_list=True, info="The records to filter.")
    filter_key: str = field(Kind.TEXT, "Filter Key", info="The key to look at.")
    filter_value: str = field(Kind.TEXT, "Filter Value", info="What its value is compared with.")
    operator: str = field(
        Kind.DROPDOWN,
        "Comparison Operator",
        "equals",
        options=("equals", "not equals", "contains", "starts with", "ends with"),
    )

    @output("filtered_data", "Filtered Data", types=("Data", "JSON"))
    async def filter_data(self) -> list[Data]:
        """The records that match; those without the key do not. All of them when there is no value to compare with."""
        if not self.filter_key.strip():
            raise ValueError("Filter key is required.")
        kept = [
            Data(record)
            for record in records_in(self.input_data)
            if not self.filter_value
            or (self.filter_key in record and compare(str(record[self.filter_key]), self.operator, self.filter_value))
        ]
        self.status = kept
        return kept


class ExtractDataKeyComponent(Component):
    """Takes one key out of a record, or out of each record of a list."""

    name = "ExtractaKey"
    aliases = ("Extract Key",)
    display_name = "Extract Key"
    category = "processing"
    icon = "key"
    legacy = True

    data_input: Any = field(Kind.DATA, "Data Input", info="The record or records.")
    key: str = field(Kind.STR, "Key to Extract", info="The key to take out.")

    @output("extracted_data", "Extracted Data", types=("Data", "JSON"))
    async def extract_key(self) -> Data | list[Data]:
        """A record with this key only; `error` when it is absent, nothing for such records of a list."""
        result: Data | list[Data]
        if isinstance(self.data_input, (list, tuple)):
            result = [
                Data({self.key: record[self.key]}) for record in records_in(self.data_input) if self.key in record
            ]
        else:
            record = next(records_in(self.data_input), {})
            if self.key in record:
                result = Data({self.key: record[self.key]})
            else:
                self.status = f"Key '{self.key}' not found in Data object."
                return Data({"error": self.status})
        self.status = result
        return result


class MergeDataComponent(Component):
    """Combines several records into one table."""

    name = "MergeDataComponent"
    aliases = ("Combine Data", "Merge Data")
    display_name = "Combine Data"
    category = "processing"
    icon = "merge"
    legacy = True

    data_inputs: Any = field(Kind.DATA, "Data Inputs", is_list=True, required=True, info="The records to combine.")
    operation: str = field(
        Kind.DROPDOWN, "Operation Type", "Concatenate", options=("Concatenate", "Append", "Merge", "Join")
    )

    @output("combined_data", "DataFrame", aliases=("merged_data",))
    async def combine_data(self) -> Table:
        """The combined records; empty for fewer than two."""
        records = list(records_in(self.data_inputs))
        table = Table(self._combined(records)) if len(records) >= 2 else Table()
        self.status = table
        return table

    def _combined(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.operation == "Append":
            return records
        row: dict[str, Any] = {}
        for number, record in enumerate(records, 1):
            for key, value in record.items():
                if self.operation == "Join":
                    row[key if number == 1 else f"{key}_doc{number}"] = value
                elif key not in row:
                    row[key] = value
                elif self.operation == "Merge" and isinstance(value, str):
                    row[key] = [*(row[key] if isinstance(row[key], list) else [row[key]]), value]
                elif self.operation == "Concatenate" and isinstance(row[key], str) and isinstance(value, str):
                    row[key] = f"{row[key]}\n{value}"
                else:
                    row[key] = value
        return [row]


class DataToDataFrameComponent(Component):
    """Turns records into the rows of a table."""

    name = "DataToDataFrame"
    aliases = ("Data → DataFrame", "Data to DataFrame")
    display_name = "Data to DataFrame"
    category = "processing"
    icon = "table"
    legacy = True

    data_list: Any = field(Kind.DATA, "Data or Data List", is_list=True, info="The records.")

    @output("dataframe", "DataFrame")
    async def build_dataframe(self) -> Table:
        """A row per record."""
        items = self.data_list if isinstance(self.data_list, (list, tuple)) else [self.data_list]
        wrong = next((item for item in items if not isinstance(item, Data)), None)
        if wrong is not None:
            raise TypeError(f"All items must be Data objects, got {type(wrong).__name__}")
        table = Table(item.data for item in items)
        self.status = table
        return table


class AlterMetadataComponent(Component):
    """Adds keys to records, or removes some."""

    name = "AlterMetadata"
    aliases = ("Alter Metadata",)
    display_name = "Alter Metadata"
    category = "processing"
    icon = "merge"
    legacy = True

    input_value: Any = field(
        Kind.HANDLE, "Input", is_list=True, input_types=("Message", "Data", "JSON"), info="The records or messages."
    )
    text_in: str = field(Kind.TEXT, "User Text", advanced=True, info="A text that becomes one more record.")
    metadata: dict[str, Any] = field(Kind.NESTED_DICT, "Metadata", required=True, info="Keys and values to set.")
    remove_fields: Any = field(Kind.TEXT, "Fields to Remove", is_list=True, info="Keys to remove.")

    @output("data", "Data", types=("Data", "JSON"))
    async def process_output(self) -> list[Data]:
        """The changed records."""
        removed = texts_in(self.remove_fields)
        records = list(records_in(self.input_value))
        if self.text_in:
            records.insert(0, {"text": self.text_in})
        changed = [
            Data({key: value for key, value in {**record, **self.metadata}.items() if key not in removed})
            for record in records
        ]
        self.status = changed
        return changed

    @output("dataframe", "DataFrame")
    async def as_dataframe(self) -> Table:
        """The changed records as rows."""
        return Table(record.data for record in await self.process_output())
