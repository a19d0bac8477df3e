"""What users' components can import: the modules of Langflow's releases, and the names in them.

Names moved between modules from release to release and never changed their meaning, so every module has them all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from langflow_lite.compat.bases import (
    LCEmbeddingsModel,
    LCModelComponent,
    LCToolComponent,
    LCVectorStoreComponent,
    check_cached_vector_store,
    vector_store_connection,
)
from langflow_lite.compat.component import Component, CustomComponent
from langflow_lite.compat.inputs import INPUT_CLASSES, Output, RangeSpec, dotdict
from langflow_lite.compat.langchain import Chat, Vectors
from langflow_lite.compat.values import Data, DataFrame, Message
from langflow_lite.values import Properties, Source, to_json, to_text

__all__ = ["MODULES", "NAMES", "WITHOUT_IMPORT"]

MODULES = (
    "base",
    "base.data",
    "base.data.utils",
    "base.embeddings",
    "base.embeddings.model",
    "base.io",
    "base.io.chat",
    "base.io.text",
    "base.langchain_utilities",
    "base.langchain_utilities.model",
    "base.models",
    "base.models.model",
    "base.vectorstores",
    "base.vectorstores.model",
    "base.vectorstores.vector_store_connection_decorator",
    "custom",
    "custom.custom_component",
    "custom.custom_component.component",
    "custom.custom_component.custom_component",
    "custom.customs",
    "field_typing",
    "field_typing.constants",
    "field_typing.range_spec",
    "helpers",
    "helpers.data",
    "inputs",
    "inputs.inputs",
    "interface",
    "interface.custom",
    "interface.custom.custom_component",
    "io",
    "log",
    "log.logger",
    "logging",
    "logging.logger",
    "schema",
    "schema.content_block",
    "schema.content_types",
    "schema.data",
    "schema.dataframe",
    "schema.dotdict",
    "schema.message",
    "schema.properties",
    "schema.schema",
    "schema.table",
    "template",
    "template.field",
    "template.field.base",
    "utils",
    "utils.constants",
)
"""Below `langflow` and `lfx`."""


class _Logger:
    """A logger with the methods of loguru and of Langflow's own, asynchronous ones included."""

    def __init__(self) -> None:
        self._log = logging.getLogger("langflow_lite.custom")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        plain = {"success": "info", "trace": "debug"}.get(name, name)
        if plain in ("debug", "info", "warning", "error", "critical", "exception"):
            method: Callable[..., Any] = getattr(self._log, plain)
            return lambda message="", *arguments, **_named: method("%s", _filled(message, arguments))
        if name.startswith("a"):
            same = getattr(self, name[1:])

            async def call(*arguments: Any, **named: Any) -> None:
                same(*arguments, **named)

            return call
        raise AttributeError(f"the logger has no {name!r}")

    def opt(self, **_options: Any) -> _Logger:
        """This logger."""
        return self

    def bind(self, **_fields: Any) -> _Logger:
        """This logger."""
        return self


def _filled(message: Any, arguments: tuple[Any, ...]) -> str:
    text = str(message)
    if not arguments:
        return text
    try:
        return text % arguments
    except (TypeError, ValueError):
        return text.format(*arguments) if "{" in text else f"{text} {arguments}"


class _Missing:
    """Stands for a value that was not set."""

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


def _marker(name: str) -> type:
    return type(name, (), {"__doc__": f"The type {name}, for annotations."})


def data_to_text(template: str, data: Any, sep: str = "\n") -> str:
    """The records as text, each by the template."""
    records = data if isinstance(data, list) else [data]
    return sep.join(_by_template(template, record) for record in records)


def data_to_text_list(template: str, data: Any) -> tuple[list[str], list[Any]]:
    """The records as texts by the template, and the records."""
    records = data if isinstance(data, list) else [data]
    return [_by_template(template, record) for record in records], records


def _by_template(template: str, record: Any) -> str:
    fields: Mapping[str, Any] = record.data if isinstance(record, Data) else {"text": to_text(record)}
    text = template
    for key, value in {**fields, "data": fields}.items():
        text = text.replace("{" + key + "}", value if isinstance(value, str) else to_json(value).decode())
    return text


def safe_convert(data: Any, *, clean_data: bool = False) -> str:
    """Any value as text."""
    return to_text(data.get_text() if isinstance(data, Message) else data, clean=clean_data)


def docs_to_data(documents: Iterable[Any]) -> list[Data]:
    """Records from documents of LangChain."""
    return [Data(data={**document.metadata, "text": document.page_content}) for document in documents]


class _Schema:
    """A schema that the editor shows; in a run only its fields are read."""

    def __init__(self, *values: Any, **fields: Any) -> None:
        self.values = values
        self.__dict__.update(fields)


class EditMode:
    """How the editor edits a table."""

    MODAL = "modal"
    POPOVER = "popover"
    INLINE = "inline"


class FormatterType:
    """How the editor shows a cell."""

    date = "date"
    text = "text"
    number = "number"
    json = "json"
    boolean = "boolean"


class ChatComponent(Component):
    """Base of components that speak in a chat."""


class TextComponent(Component):
    """Base of components that show a text."""


_MARKERS = [
    "BaseChatMemory",
    "BaseLoader",
    "BaseMemory",
    "BaseOutputParser",
    "BasePromptTemplate",
    "BaseRetriever",
    "Callable",
    "Chain",
    "ChatPromptTemplate",
    "Code",
    "Document",
    "NestedDict",
    "Object",
    "Prompt",
    "Retriever",
    "Text",
    "TextSplitter",
    "Tool",
    "VectorStore",
    "AgentExecutor",
    "BaseDocumentCompressor",
    "BaseChatMessageHistory",
    "BaseTool",
]

NAMES: dict[str, Any] = {
    **{name: _marker(name) for name in _MARKERS},
    **INPUT_CLASSES,
    **dict.fromkeys(("BaseChatModel", "BaseLanguageModel", "BaseLLM", "LanguageModel"), Chat),
    "Embeddings": Vectors,
    "InputTypes": Any,
    "Component": Component,
    "CustomComponent": CustomComponent,
    "ChatComponent": ChatComponent,
    "TextComponent": TextComponent,
    "LCEmbeddingsModel": LCEmbeddingsModel,
    "LCModelComponent": LCModelComponent,
    "LCToolComponent": LCToolComponent,
    "LCVectorStoreComponent": LCVectorStoreComponent,
    "check_cached_vector_store": check_cached_vector_store,
    "vector_store_connection": vector_store_connection,
    "Output": Output,
    "UNDEFINED": _Missing(),
    "RangeSpec": RangeSpec,
    "Data": Data,
    "JSON": Data,
    "Record": Data,
    "DataFrame": DataFrame,
    "Table": DataFrame,
    "Message": Message,
    "dotdict": dotdict,
    "Properties": Properties,
    "Source": Source,
    "Column": _Schema,
    "TableSchema": _Schema,
    "ContentBlock": _Schema,
    "TextContent": _Schema,
    "ToolContent": _Schema,
    "EditMode": EditMode,
    "FormatterType": FormatterType,
    "MESSAGE_SENDER_AI": "Machine",
    "MESSAGE_SENDER_USER": "User",
    "MESSAGE_SENDER_NAME_AI": "AI",
    "MESSAGE_SENDER_NAME_USER": "User",
    "TEXT_FILE_TYPES": [
        *(
            "csv",
            "json",
            "pdf",
            "txt",
            "md",
            "mdx",
            "yaml",
            "yml",
            "xml",
            "html",
            "htm",
            "docx",
            "py",
            "sh",
            "sql",
            "js",
        ),
        *("ts", "tsx"),
    ],
    "IMG_FILE_TYPES": ["jpg", "jpeg", "png", "bmp", "image"],
    "logger": _Logger(),
    "data_to_text": data_to_text,
    "data_to_text_list": data_to_text_list,
    "safe_convert": safe_convert,
    "docs_to_data": docs_to_data,
}

WITHOUT_IMPORT = {
    name: NAMES[name]
    for name in (
        *(name for name in INPUT_CLASSES if name != "Input"),
        *("Output", "Data", "JSON", "DataFrame", "Table", "Message", "Component", "CustomComponent"),
    )
}
"""What a user's source can use without importing it."""
