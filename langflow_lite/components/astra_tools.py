"""Tools that look records up in Astra DB by their fields: in a collection, or in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from langflow_lite.components.astra_api import AstraAPI
from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.tools import Tool
from langflow_lite.values import Data, to_json

if TYPE_CHECKING:
    from langflow_lite.models.base import Embeddings

__all__ = ["AstraDBCQLToolComponent", "AstraDBToolComponent"]

_QUERY = "search_query"
_LISTS = frozenset({"$in", "$nin", "$all"})
_DATES = ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%Y/%m/%d")


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One argument of the tool: the field it is compared with, and how."""

    name: str
    field: str
    description: str = ""
    required: bool = False
    operator: str = "$eq"
    timestamp: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any], field_key: str) -> _Parameter:
        """From a row of the node's table of parameters."""
        name = str(row.get("name") or "")
        field = str(row.get(field_key) or name)
        return cls(
            name,
            f"metadata.{field}" if _is_true(row.get("metadata")) else field,
            str(row.get("description") or ""),
            _is_true(row.get("mandatory")),
            str(row.get("operator") or "$eq"),
            _is_true(row.get("is_timestamp")),
        )

    def condition(self, value: Any) -> Any:
        """What the field has to be, for a value that is no date."""
        if self.operator == "$exists":
            return True
        return value.split(",") if self.operator in _LISTS and isinstance(value, str) else value


class _AstraTool(Component):
    """Base of the two tools."""

    category = "datastax"
    icon = "AstraDB"
    variables: ClassVar[tuple[str, ...]] = ("ASTRA_DB_APPLICATION_TOKEN", "ASTRA_DB_API_ENDPOINT")

    tool_name: str = field(Kind.STR, "Tool Name", required=True, info="The name by which a model calls it.")
    tool_description: str = field(Kind.STR, "Tool Description", required=True, info="When a model should use it.")
    keyspace: str = field(Kind.STR, "Keyspace", "default_keyspace", advanced=True, aliases=("namespace",))
    token: str = field(
        Kind.SECRET, "Astra DB Application Token", load_from_db=True, info="Empty: ASTRA_DB_APPLICATION_TOKEN."
    )
    api_endpoint: str = field(Kind.SECRET, "API Endpoint", load_from_db=True, info="Empty: ASTRA_DB_API_ENDPOINT.")
    static_filters: dict[str, Any] = field(
        Kind.DICT, "Static Filters", advanced=True, info="Fields and values a record must have, whatever a model asks."
    )
    number_of_results: int = field(Kind.INT, "Number of Results", 5, advanced=True)

    @output("api_run_model", "JSON", types=("Data", "JSON"), aliases=("run_model",))
    async def run_model(self) -> list[Data]:
        """The records that the static filters leave. Raises `FetchFailed` and `ValueError`."""
        found = [Data(record) for record in await self._found({})]
        self.status = found
        return found

    @output("api_build_tool", "Tool", types=("Tool",), aliases=("build_tool",))
    async def build_tool(self) -> Tool:
        """A tool whose arguments are the parameters, all of them texts."""
        described = {parameter.name: parameter.description for parameter in self._parameters()}
        required = [parameter.name for parameter in self._parameters() if parameter.required]
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: {"type": "string", "description": text} for name, text in described.items()},
        }
        if required:
            schema["required"] = required
        return Tool(self.tool_name, self.tool_description, schema, self._found, source=self.node.id)

    def _parameters(self) -> Iterator[_Parameter]:
        raise NotImplementedError

    async def _found(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        raise NotImplementedError

    def _conditions(self, arguments: Mapping[str, Any]) -> Iterator[tuple[_Parameter, Any]]:
        for parameter in self._parameters():
            value = arguments.get(parameter.name)
            if value is not None and parameter.name != _QUERY:
                yield parameter, value

    async def _api(self) -> AstraAPI:
        token = await self._given("Application Token", self.token, self.variables[0])
        endpoint = await self._given("API Endpoint", self.api_endpoint, self.variables[1])
        return AstraAPI(self.ctx, token, endpoint, self.keyspace)

    async def _given(self, title: str, text: str, variable: str) -> str:
        found = text.strip() or await self.ctx.variables.get(variable)
        if not found:
            raise ValueError(f"The {title} of Astra DB is required: fill the field, or set the variable {variable}")
        return found


class AstraDBToolComponent(_AstraTool):
    """Makes a tool of a collection in Astra DB: records are looked up by their fields, or by their meaning."""

    name = "AstraDBToolComponent"
    aliases = ("AstraDBTool", "Astra DB Tool")
    display_name = "Astra DB Tool"

    collection_name: str = field(Kind.STR, "Collection Name", required=True)
    projection_attributes: str = field(
        Kind.STR, "Projection Attributes", "*", advanced=True, info="Comma-separated; one with ! is left out."
    )
    tools_params_v2: list[dict[str, Any]] = field(
        Kind.TABLE, "Tools Parameters", info="What a model can ask for: name, field, description, operator ..."
    )
    tool_params: dict[str, Any] = field(
        Kind.DICT, "Tool Params", advanced=True, info="Fields and their descriptions; one with ! is required."
    )
    use_search_query: bool = field(Kind.BOOL, "Semantic Search", info="Let a model search by meaning.")
    use_vectorize: bool = field(Kind.BOOL, "Use Astra DB Vectorize", info="Astra DB embeds what is searched for.")
    embedding: Any = field(Kind.HANDLE, "Embedding Model", input_types=("Embeddings",))
    semantic_search_instruction: str = field(
        Kind.STR, "Semantic Search Instruction", "Search query to find relevant documents.", advanced=True
    )

    def _parameters(self) -> Iterator[_Parameter]:
        for name, text in self.tool_params.items():
            plain = name.removeprefix("!")
            yield _Parameter(plain, plain, str(text or ""), required=plain != name)
        if not self.tool_params:
            yield from (_Parameter.of(row, "attribute_name") for row in self.tools_params_v2 if row.get("name"))
        if self.use_search_query:
            yield _Parameter(_QUERY, "", self.semantic_search_instruction, required=True)

    async def _found(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted: dict[str, Any] = dict(self.static_filters)
        for parameter, value in self._conditions(arguments):
            condition = {"$date": _moment(value)} if parameter.timestamp else parameter.condition(value)
            given = wanted.get(parameter.field)
            wanted[parameter.field] = {**(given if isinstance(given, dict) else {}), parameter.operator: condition}
        body: dict[str, Any] = {"filter": wanted, "options": {"limit": min(max(1, self.number_of_results), 1000)}}
        if projection := self._projection():
            body["projection"] = projection
        if (query := str(arguments.get(_QUERY) or "").strip()) and self.use_search_query:
            body["sort"] = await self._nearness(query)
        answer = await (await self._api()).command(self.collection_name, "find", body)
        documents = (answer.get("data") or {}).get("documents") or []
        return [document for document in documents if isinstance(document, dict)]

    def _projection(self) -> dict[str, bool]:
        names = [name.strip() for name in self.projection_attributes.split(",") if name.strip()]
        if names in ([], ["*"]):
            return {}
        return {"$vector": False, **{name.removeprefix("!"): not name.startswith("!") for name in names}}

    async def _nearness(self, query: str) -> dict[str, Any]:
        if self.use_vectorize:
            return {"$vectorize": query}
        if not self.embedding:
            raise ValueError("Connect an embedding model, or turn on Use Astra DB Vectorize")
        model: Embeddings = self.embedding
        return {"$vector": list(await model.embed_query(query))}


class AstraDBCQLToolComponent(_AstraTool):
    """Makes a tool of a table in Astra DB: rows are looked up by their keys and indexed columns."""

    name = "AstraDBCQLToolComponent"
    aliases = ("AstraDBCQLTool", "Astra DB CQL")
    display_name = "Astra DB CQL"

    table_name: str = field(Kind.STR, "Table Name", required=True)
    projection_fields: str = field(Kind.STR, "Projection Fields", "*", advanced=True, info="Comma-separated.")
    tools_params: list[dict[str, Any]] = field(
        Kind.TABLE, "Tools Parameters", info="What a model can ask for: name, column, description, operator ..."
    )
    partition_keys: dict[str, Any] = field(Kind.DICT, "Partition Keys", advanced=True, info="Columns and descriptions.")
    clustering_keys: dict[str, Any] = field(
        Kind.DICT, "Clustering Keys", advanced=True, info="Columns and descriptions; one with ! is required."
    )

    def _parameters(self) -> Iterator[_Parameter]:
        for row in self.tools_params:
            parameter = _Parameter.of(row, "field_name")
            if parameter.name and parameter.field not in self.static_filters:
                yield parameter
        for keys, required in ((self.partition_keys, True), (self.clustering_keys, False)):
            for name, text in keys.items():
                plain = name.removeprefix("!")
                if plain not in self.static_filters:
                    yield _Parameter(plain, plain, str(text or ""), required or plain != name)

    async def _found(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        where: dict[str, Any] = {name: {"$eq": value} for name, value in self.static_filters.items()}
        for parameter, value in self._conditions(arguments):
            if parameter.timestamp:
                condition: Any = datetime.fromtimestamp(_moment(value) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            else:
                condition = parameter.condition(value)
            where[parameter.field] = {**where.get(parameter.field, {}), parameter.operator: condition}
        params = {"page-size": max(1, self.number_of_results), "where": to_json(where).decode()}
        columns = self.projection_fields.replace(" ", "")
        if columns not in ("", "*"):
            params["fields"] = columns
        return await (await self._api()).rows(self.table_name, params)


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _moment(value: Any) -> int:
    """A date as milliseconds since 1970; without a zone it is one of UTC. Raises `ValueError`."""
    text = str(value).strip()
    for read in (datetime.fromisoformat, *(lambda text, form=form: datetime.strptime(text, form) for form in _DATES)):
        try:
            found = read(text)
        except ValueError:
            continue
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    raise ValueError(f"{text[:40]!r} is not a date; write it as 2024-03-21 or 2024-03-21T15:30:00Z")
