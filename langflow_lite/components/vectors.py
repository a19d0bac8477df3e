"""Vector stores: FAISS, Chroma and Local DB nodes, answered by the server's own store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.shaping import records_in
from langflow_lite.context import Found, Passage, RunContext, Vectors
from langflow_lite.ids import new_id
from langflow_lite.values import Data, Table, to_json, to_text

if TYPE_CHECKING:
    from langflow_lite.models.base import Embeddings

__all__ = [
    "ChromaComponent",
    "FAISSComponent",
    "LocalDBComponent",
    "VectorStoreComponent",
    "model_id",
    "passage_key",
    "vectors_of",
]

_AT_ONCE = 256


def vectors_of(ctx: RunContext) -> Vectors:
    """The run's vector store; raises `ValueError` when it has none."""
    if ctx.vectors is None:
        raise ValueError("this run has no vector store")
    return ctx.vectors


def model_id(embeddings: Embeddings) -> str:
    """The name under which a collection remembers its embedding model."""
    return f"{embeddings.provider}/{embeddings.model}"


def passage_key(record: Mapping[str, Any]) -> str:
    """A name for a record that is the same for equal records."""
    return hashlib.sha256(to_json({key: record[key] for key in sorted(record)})).hexdigest()


class VectorStoreComponent(Component):
    """Ingests what is connected, then searches. Subclasses say under which name their passages are kept."""

    product: ClassVar[str] = ""

    ingest_data: Any = field(
        Kind.HANDLE,
        "Ingest Data",
        is_list=True,
        input_types=("Data", "JSON", "DataFrame", "Table", "Message"),
        aliases=("inputs",),
        info="Records to add before the search; those that are there already are left out.",
    )
    search_query: str = field(
        Kind.QUERY, "Search Query", tool_mode=True, aliases=("search_input", "input_value"), info="What to look for."
    )
    number_of_results: int = field(Kind.INT, "Number of Results", 10, advanced=True)
    should_cache_vector_store: bool = field(
        Kind.BOOL, "Cache Vector Store", True, advanced=True, info="Without effect: the store is kept on disk."
    )

    @output("search_results", "Search Results", types=("Data", "JSON"))
    async def search_documents(self) -> list[Data]:
        """A record per passage found, the most similar first; none for an empty query."""
        store, embeddings = vectors_of(self.ctx), await self._embeddings()
        added = await self._ingest(store, embeddings)
        query = self.search_query.strip()
        found: Sequence[Found] = ()
        if query:
            vector = await embeddings.embed_query(query)
            found = await store.search(self._collection(), model_id(embeddings), vector)
        records = [Data(passage.data) for passage in self._wanted(found)]
        note = f"answered by this server's own store, not by {self.product}"
        self.log(f"{len(records)} results, {added} records added; {note}", "Local store")
        self.status = f"{len(records)} results ({note})" if query else f"{added} records added ({note})"
        return records

    @output("dataframe", "Table")
    async def as_dataframe(self) -> Table:
        """The passages found as rows."""
        return Table(record.data for record in await self.search_documents())

    def _collection(self) -> str:
        raise NotImplementedError

    async def _embeddings(self) -> Embeddings:
        raise NotImplementedError

    def _keeps_duplicates(self) -> bool:
        return False

    def _text_of(self, record: Mapping[str, Any]) -> str:
        return to_text(record.get("text", "")) or to_json(record).decode()

    def _wanted(self, found: Sequence[Found]) -> Sequence[Found]:
        return found[: max(0, self.number_of_results)]

    async def _ingest(self, store: Vectors, embeddings: Embeddings) -> int:
        records = [_plain(record) for record in records_in(self.ingest_data)]
        keys = [new_id() if self._keeps_duplicates() else passage_key(record) for record in records]
        known = await store.known(self._collection(), keys)
        new = {key: record for key, record in zip(keys, records, strict=True) if key not in known}
        added = 0
        items = list(new.items())
        for start in range(0, len(items), _AT_ONCE):
            batch = items[start : start + _AT_ONCE]
            texts = [self._text_of(record) for _, record in batch]
            vectors = await embeddings.embed_documents(texts)
            passages = [Passage(key, record, vector) for (key, record), vector in zip(batch, vectors, strict=True)]
            added += await store.add(self._collection(), model_id(embeddings), passages)
        return added


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in record.items()}


class _WithEmbeddingInput(VectorStoreComponent):
    embedding: Any = field(
        Kind.HANDLE, "Embedding", input_types=("Embeddings",), info="Empty: the server's default model."
    )

    async def _embeddings(self) -> Embeddings:
        # Calling a provider needs the HTTP client, which takes a while to import.
        from langflow_lite.models.embeddings_resolve import EmbeddingWish, open_embeddings

        return await open_embeddings(self.ctx, EmbeddingWish(model=self.embedding))


class FAISSComponent(_WithEmbeddingInput):
    """Keeps records to be found by their meaning, in an index of this server."""

    name = "FAISS"
    aliases = ("FaissVectorStoreComponent",)
    display_name = "FAISS"
    category = "FAISS"
    icon = "FAISS"
    product = "FAISS"

    number_of_results: int = field(Kind.INT, "Number of Results", 4, advanced=True)
    index_name: str = field(Kind.STR, "Index Name", "langflow_index", info="The name of the index.")
    persist_directory: str = field(
        Kind.STR, "Persist Directory", info="A part of the index's name; no directory is read."
    )
    allow_dangerous_deserialization: bool = field(
        Kind.BOOL, "Allow Dangerous Deserialization", True, advanced=True, info="Without effect: nothing is unpickled."
    )

    def _collection(self) -> str:
        return f"faiss:{self.persist_directory.strip()}:{self.index_name.strip()}"


class ChromaComponent(_WithEmbeddingInput):
    """Keeps records to be found by their meaning, in a collection of this server."""

    name = "Chroma"
    aliases = ("Chroma DB", "ChromaVectorStoreComponent")
    display_name = "Chroma DB"
    category = "chroma"
    icon = "Chroma"
    product = "Chroma"

    collection_name: str = field(Kind.STR, "Collection Name", "langflow")
    persist_directory: str = field(
        Kind.STR, "Persist Directory", info="A part of the collection's name; no directory is read."
    )
    allow_duplicates: bool = field(Kind.BOOL, "Allow Duplicates", advanced=True, info="Add equal records again.")
    search_type: str = field(
        Kind.DROPDOWN,
        "Search Type",
        "Similarity",
        options=("Similarity", "MMR"),
        advanced=True,
        info="Both search by similarity.",
    )
    limit: int = field(Kind.INT, "Limit", advanced=True, info="Without effect: equal records are always found out.")
    chroma_server_host: str = field(
        Kind.STR, "Server Host", advanced=True, info="Not supported: remote servers are not called."
    )
    chroma_server_http_port: int = field(Kind.INT, "Server HTTP Port", advanced=True)
    chroma_server_grpc_port: int = field(Kind.INT, "Server gRPC Port", advanced=True)
    chroma_server_ssl_enabled: bool = field(Kind.BOOL, "Server SSL Enabled", advanced=True)
    chroma_server_cors_allow_origins: str = field(Kind.STR, "Server CORS Allow Origins", advanced=True)

    def _collection(self) -> str:
        if self.chroma_server_host.strip():
            raise ValueError(
                "Remote Chroma servers are not called: empty the Server Host field to keep the collection on this server"
            )
        return f"chroma:{self.persist_directory.strip()}:{self.collection_name.strip()}"

    def _keeps_duplicates(self) -> bool:
        return self.allow_duplicates


class LocalDBComponent(_WithEmbeddingInput):
    """Keeps records to be found by their meaning, on this server."""

    name = "LocalDB"
    aliases = ("Local DB",)
    display_name = "Local DB"
    category = "vectorstores"
    icon = "database"
    product = "Chroma"
    legacy = True

    mode: str = field(Kind.TAB, "Mode", "Ingest", options=("Ingest", "Retrieve"))
    collection_name: str = field(Kind.STR, "Collection Name", "langflow")
    existing_collections: str = field(Kind.DROPDOWN, "Existing Collections", info="The collection to retrieve from.")
    persist_directory: str = field(
        Kind.STR, "Persist Directory", info="A part of the collection's name; no directory is read."
    )
    allow_duplicates: bool = field(Kind.BOOL, "Allow Duplicates", advanced=True)
    search_type: str = field(Kind.DROPDOWN, "Search Type", "Similarity", options=("Similarity", "MMR"), advanced=True)
    limit: int = field(Kind.INT, "Limit", advanced=True, info="Without effect.")

    def _collection(self) -> str:
        chosen = self.existing_collections if self.mode == "Retrieve" else ""
        return f"chroma:{self.persist_directory.strip()}:{(chosen or self.collection_name).strip()}"

    def _keeps_duplicates(self) -> bool:
        return self.allow_duplicates
