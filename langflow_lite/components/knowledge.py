"""Knowledge bases and the memory base: texts of this server, found by their meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, coerce, field
from langflow_lite.components.shaping import records_in
from langflow_lite.components.splitting import split_recursively
from langflow_lite.components.vectors import model_id, vectors_of
from langflow_lite.context import Found, Passage
from langflow_lite.values import Data, Message, Table, stored_time, to_json, to_text, utc_now

if TYPE_CHECKING:
    from langflow_lite.models.base import Embeddings

__all__ = ["KnowledgeComponent", "MemoryBaseComponent"]

_PREFIX = "knowledge:"
_AT_ONCE = 256
_REMEMBERED = 2000


async def _open(component: Component, model: str = "") -> Embeddings:
    """The embedding model of that id, the server's default one for an empty id."""
    # Calling a provider needs the HTTP client, which takes a while to import.
    from langflow_lite.models.embeddings_resolve import EmbeddingWish, open_embeddings

    provider, _, name = model.partition("/")
    key = getattr(component, "api_key", "")
    return await open_embeddings(component.ctx, EmbeddingWish(provider=provider, model_name=name, api_key=key))


class KnowledgeComponent(Component):
    """Adds texts to a knowledge base of this server, or finds those that a question is about."""

    name = "Knowledge"
    aliases = (
        "KnowledgeBase",
        "KnowledgeRetrieval",
        "KnowledgeIngestion",
        "Knowledge Base",
        "Knowledge Retrieval",
        "Knowledge Ingestion",
    )
    display_name = "Knowledge"
    category = "files_and_knowledge"
    icon = "database"

    mode: str = field(
        Kind.TAB, "Mode", "", options=("Ingest", "Retrieve"), info="Empty: Ingest when a table is connected."
    )
    knowledge_base: Any = field(Kind.DROPDOWN, "Knowledge", info="The name of the knowledge base.")
    search_query: str = field(
        Kind.TEXT, "Search Query", tool_mode=True, info="What to look for; empty: the first texts."
    )
    top_k: int = field(Kind.INT, "Top K Results", 5, advanced=True)
    include_metadata: bool = field(Kind.BOOL, "Include Metadata", True, advanced=True)
    include_embeddings: bool = field(Kind.BOOL, "Include Embeddings", advanced=True)
    metadata_filter: str = field(
        Kind.TEXT, "Metadata Filter", advanced=True, info="A JSON object of keys and values that the texts must have."
    )
    input_df: Any = field(
        Kind.HANDLE, "Input", input_types=("Data", "JSON", "DataFrame", "Table", "Message"), info="The rows to add."
    )
    column_config: list[dict[str, Any]] = field(
        Kind.TABLE,
        "Column Configuration",
        ({"column_name": "text", "vectorize": True, "identifier": True},),
        advanced=True,
        info="Rows of column_name, vectorize (searched by) and identifier (what makes a row the same).",
    )
    chunk_size: int = field(
        Kind.INT, "Chunk Size", 1000, advanced=True, info="Most characters of a text that is searched."
    )
    allow_duplicates: bool = field(Kind.BOOL, "Allow Duplicates", advanced=True, info="Add rows again that are there.")
    metadata_json: str = field(Kind.STR, "Metadata", advanced=True, info="A JSON object that is kept with every row.")
    api_key: str = field(Kind.SECRET, "API Key", advanced=True, info="A key for the embedding model.")

    @output("retrieve_data", "Results")
    async def retrieve_data(self) -> Any:
        """A row per text found: `content`, `_score` when there is a query, and the other columns."""
        return await self._result()

    @output("dataframe_output", "Ingestion Info", types=("Data", "JSON"))
    async def build_kb_info(self) -> Any:
        """What was added."""
        return await self._result()

    async def _result(self) -> Data | Table:
        name = await self._name()
        # Both outputs give the mode's result, and what is added must not be added twice.
        known = self.__dict__.get("_done")
        if known is None:
            known = self.__dict__["_done"] = await (self._ingest(name) if self._ingests() else self._retrieve(name))
        result: Data | Table = known
        self.status = result
        return result

    def _ingests(self) -> bool:
        if self.mode:
            return self.mode == "Ingest"
        return self.node.type == "KnowledgeIngestion" or self.input_df is not None

    async def _name(self) -> str:
        name = to_text(self.knowledge_base).strip()
        if name:
            return name
        names = [found.removeprefix(_PREFIX) for found in await vectors_of(self.ctx).names(_PREFIX)]
        if len(names) == 1 and not self._ingests():
            return names[0]
        there = f"there are {', '.join(map(repr, names))}" if names else "and there is none yet: add texts to one first"
        raise ValueError(f"No knowledge base is selected, {there}")

    async def _retrieve(self, name: str) -> Table:
        store = vectors_of(self.ctx)
        about = await store.describe(_PREFIX + name)
        if about is None:
            raise ValueError(f"Metadata not found for knowledge base: {name}. Ensure it has been indexed.")
        query = self.search_query.strip()
        wanted = _json_object(self.metadata_filter, "metadata filter")
        if query:
            embeddings = await _open(self, about.model)
            found: Sequence[Found] = await store.search(
                _PREFIX + name, model_id(embeddings), await embeddings.embed_query(query)
            )
        else:
            found = await store.first(_PREFIX + name, self.top_k if not wanted else about.size)
        matching = [passage for passage in found if _has(passage.data, wanted)]
        return Table(self._row(passage, scored=bool(query)) for passage in matching[: max(0, self.top_k)])

    def _row(self, passage: Found, *, scored: bool) -> dict[str, Any]:
        row: dict[str, Any] = {"content": passage.data.get("content", "")}
        if scored:
            row["_score"] = passage.score
        if self.include_metadata:
            row |= {key: value for key, value in passage.data.get("metadata", {}).items() if key not in row}
        if self.include_embeddings:
            row["_embeddings"] = list(passage.vector)
        return row

    async def _ingest(self, name: str) -> Data:
        rows = list(records_in(self.input_df))
        config = [row for row in self.column_config if str(row.get("column_name") or "").strip()]
        columns = {key for row in rows for key in row}
        for row in config:
            if rows and row["column_name"] not in columns:
                raise ValueError(
                    f"Column '{row['column_name']}' not found in DataFrame. Available columns: {sorted(columns)}"
                )
        searched = [row["column_name"] for row in config if coerce(Kind.BOOL, row.get("vectorize"))]
        naming = [row["column_name"] for row in config if coerce(Kind.BOOL, row.get("identifier"))]
        if not searched:
            raise ValueError("No column is marked to be vectorized in the column configuration")
        tag = _json_object(self.metadata_json, "metadata")
        texts, skipped = await self._new_texts(name, rows, searched, naming, tag)
        created = await self._add(name, texts)
        return Data(
            {
                "kb_id": hashlib.sha256(name.encode()).hexdigest()[:32],
                "kb_name": name,
                "rows": len(rows),
                "chunks_created": created,
                "skipped": skipped,
                "column_metadata": {
                    "total_columns": len(columns),
                    "vectorized_columns": searched,
                    "identifier_columns": naming,
                },
                "path": f"knowledge/{name}",
                "config_columns": len(config),
                "timestamp": stored_time(utc_now()),
            }
        )

    async def _new_texts(
        self, name: str, rows: list[dict[str, Any]], searched: list[str], naming: list[str], tag: Mapping[str, Any]
    ) -> tuple[dict[str, dict[str, Any]], int]:
        """Records by key of what is not there yet, and how many rows are."""
        found: dict[str, dict[str, Any]] = {}
        parts: dict[str, list[str]] = {}
        for number, row in enumerate(rows):
            text = " ".join(to_text(row[column]) for column in searched if row.get(column) is not None)
            identity = "".join(to_text(row.get(column)) for column in naming) or text
            id_ = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
            if self.allow_duplicates:
                id_ = f"{id_}.{number}.{stored_time(utc_now())}"
            metadata = {key: value for key, value in row.items() if key not in searched} | dict(tag) | {"_id": id_}
            chunks = split_recursively(text, size=self.chunk_size, overlap=0) if self.chunk_size > 0 else [text]
            parts[id_] = [f"{id_}:{part}" for part in range(len(chunks))]
            found |= {
                key: {"content": chunk, "metadata": metadata} for key, chunk in zip(parts[id_], chunks, strict=True)
            }
        known = await vectors_of(self.ctx).known(_PREFIX + name, [keys[0] for keys in parts.values() if keys])
        there = [id_ for id_, keys in parts.items() if keys and keys[0] in known]
        for id_ in there:
            for key in parts[id_]:
                del found[key]
        return found, len(there)

    async def _add(self, name: str, records: Mapping[str, dict[str, Any]]) -> int:
        store = vectors_of(self.ctx)
        about = await store.describe(_PREFIX + name)
        embeddings = await _open(self, about.model if about is not None else "")
        items = list(records.items())
        added = 0
        for start in range(0, len(items), _AT_ONCE):
            batch = items[start : start + _AT_ONCE]
            vectors = await embeddings.embed_documents([record["content"] for _, record in batch])
            passages = [Passage(key, record, vector) for (key, record), vector in zip(batch, vectors, strict=True)]
            added += await store.add(_PREFIX + name, model_id(embeddings), passages)
        return added


def _json_object(text: str, what: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ValueError(f"The {what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"The {what} must be a JSON object")
    return value


def _has(record: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    metadata = record.get("metadata", {})
    return all(key in metadata and to_json(metadata[key]) == to_json(value) for key, value in wanted.items())


class MemoryBaseComponent(Component):
    """Finds earlier messages of this flow by their meaning."""

    name = "MemoryBase"
    aliases = ("Memory Base",)
    display_name = "Memory Base"
    category = "files_and_knowledge"
    icon = "brain"

    memory_base: Any = field(Kind.DROPDOWN, "Memory Base", info="A name; every one means the messages of this flow.")
    search_query: str = field(Kind.TEXT, "Search Query", tool_mode=True, info="What the messages are to be about.")
    top_k: int = field(Kind.INT, "Top K Results", 5, advanced=True)
    filter_by_session: bool = field(
        Kind.BOOL, "Filter by Session", True, advanced=True, info="Only this session's messages."
    )
    include_metadata: bool = field(Kind.BOOL, "Include Metadata", True, advanced=True)

    @output("retrieve_data", "Results", tool_name="retrieve_memory")
    async def retrieve_memory(self) -> Table:
        """A row per message, the most similar first: `content`, `_score`, and who said it when.

        Raises `ValueError` without a memory base, or without a session where only its messages are wanted.
        """
        if not to_text(self.memory_base).strip():
            raise ValueError("No Memory Base is selected.")
        ctx = self.ctx
        if self.filter_by_session and not ctx.session_id:
            raise ValueError("The session filter needs a session: run the flow with a session id, or turn it off.")
        query = self.search_query.strip()
        if not query:
            return Table()
        messages = [m for m in await ctx.messages.of_flow(ctx.flow_id, limit=_REMEMBERED) if m.text.strip() and m.id]
        embeddings = await _open(self)
        collection = f"messages:{ctx.flow_id}:{model_id(embeddings)}"
        await self._index(collection, embeddings, messages)
        found = await vectors_of(ctx).search(collection, model_id(embeddings), await embeddings.embed_query(query))
        by_id = {message.id: message for message in messages}
        rows = []
        for passage in found:
            message = by_id.get(passage.key)
            if message is None or (self.filter_by_session and message.session_id != ctx.session_id):
                continue
            rows.append(self._row(message, passage.score))
        table = Table(rows[: max(0, self.top_k)])
        self.status = table
        return table

    async def _index(self, collection: str, embeddings: Embeddings, messages: list[Message]) -> None:
        store = vectors_of(self.ctx)
        known = await store.known(collection, [str(message.id) for message in messages])
        new = [message for message in messages if message.id not in known]
        for start in range(0, len(new), _AT_ONCE):
            batch = new[start : start + _AT_ONCE]
            vectors = await embeddings.embed_documents([message.text for message in batch])
            # The text is in the messages already; here only where it is found matters.
            passages = [Passage(str(m.id), {}, vector) for m, vector in zip(batch, vectors, strict=True)]
            await store.add(collection, model_id(embeddings), passages)

    def _row(self, message: Message, score: float) -> dict[str, Any]:
        row: dict[str, Any] = {"content": message.text, "_score": score}
        if self.include_metadata:
            row |= {
                "sender": message.sender,
                "sender_name": message.sender_name,
                "session_id": message.session_id,
                "timestamp": stored_time(message.timestamp),
                "message_id": message.id,
            }
        return row
