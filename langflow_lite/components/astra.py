"""Astra DB: a vector store behind its Data API, or the server's own store in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langflow_lite.components.astra_api import AstraAPI
from langflow_lite.components.base import output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.shaping import records_in
from langflow_lite.components.vectors import VectorStoreComponent, passage_key, vectors_of
from langflow_lite.context import Found
from langflow_lite.values import Data, to_text

if TYPE_CHECKING:
    from langflow_lite.models.base import Embeddings

__all__ = ["AstraDBComponent"]

# The Data API takes no more documents at once.
_AT_ONCE = 100


class AstraDBComponent(VectorStoreComponent):
    """Keeps records to be found by their meaning, in Astra DB or, without its address, in this server's own store."""

    name = "AstraDB"
    aliases = ("Astra DB", "AstraVectorStoreComponent", "AstraDBVectorStoreComponent", "AstraDBSearch")
    display_name = "Astra DB"
    category = "datastax"
    icon = "AstraDB"
    product = "Astra DB"

    number_of_results: int = field(Kind.INT, "Number of Search Results", 4, advanced=True)
    token: str = field(
        Kind.SECRET, "Astra DB Application Token", load_from_db=True, info="Empty: this server's own store is used."
    )
    api_endpoint: str = field(
        Kind.DROPDOWN, "Astra DB API Endpoint", combobox=True, info="Empty: this server's own store is used."
    )
    environment: str = field(Kind.DROPDOWN, "Environment", "prod", advanced=True)
    database_name: str = field(Kind.DROPDOWN, "Database")
    keyspace: str = field(Kind.DROPDOWN, "Keyspace", advanced=True, aliases=("namespace",))
    collection_name: str = field(Kind.DROPDOWN, "Collection", info="The name of the collection.")
    embedding_model: Any = field(
        Kind.MODEL,
        "Embedding Model",
        input_types=("Embeddings",),
        aliases=("embedding",),
        info="Empty: Astra DB's own embedding, or in this server's store the server's default.",
    )
    embedding_choice: str = field(Kind.DROPDOWN, "Embedding Model or Astra Vectorize", "Embedding Model", show=False)
    api_key: str = field(Kind.SECRET, "API Key", advanced=True, info="A key for the embedding model.")
    content_field: str = field(
        Kind.STR, "Content Field", advanced=True, info="The key that holds the text; empty: text."
    )
    deletion_field: str = field(Kind.STR, "Deletion Field", advanced=True)
    search_method: str = field(
        Kind.DROPDOWN, "Search Method", "Vector Search", advanced=True, info="Always by vectors."
    )
    search_type: str = field(Kind.DROPDOWN, "Search Type", "Similarity", advanced=True, info="Always by similarity.")
    search_score_threshold: float = field(
        Kind.FLOAT, "Search Score Threshold", advanced=True, info="Least similarity, 0 to 1."
    )
    advanced_search_filter: dict[str, Any] = field(
        Kind.NESTED_DICT,
        "Search Metadata Filter",
        advanced=True,
        aliases=("search_filter",),
        info="Keys and values a record must have.",
    )
    reranker: str = field(Kind.DROPDOWN, "Reranker", show=False)
    lexical_terms: str = field(Kind.QUERY, "Lexical Terms", advanced=True, info="Without effect.")
    autodetect_collection: bool = field(Kind.BOOL, "Autodetect Collection", True, advanced=True)
    ignore_invalid_documents: bool = field(Kind.BOOL, "Ignore Invalid Documents", advanced=True)
    astradb_vectorstore_kwargs: dict[str, Any] = field(Kind.NESTED_DICT, "AstraDBVectorStore Parameters", advanced=True)
    setup_mode: str = field(Kind.DROPDOWN, "Setup Mode", "Sync", show=False)
    metric: str = field(Kind.DROPDOWN, "Metric", show=False)
    pre_delete_collection: bool = field(Kind.BOOL, "Pre Delete Collection", show=False)
    batch_size: int = field(Kind.INT, "Batch Size", show=False)
    bulk_insert_batch_concurrency: int = field(Kind.INT, "Bulk Insert Batch Concurrency", show=False)
    bulk_insert_overwrite_concurrency: int = field(Kind.INT, "Bulk Insert Overwrite Concurrency", show=False)
    bulk_delete_concurrency: int = field(Kind.INT, "Bulk Delete Concurrency", show=False)
    metadata_indexing_include: Any = field(Kind.STR, "Metadata Indexing Include", is_list=True, show=False)
    metadata_indexing_exclude: Any = field(Kind.STR, "Metadata Indexing Exclude", is_list=True, show=False)
    collection_indexing_policy: str = field(Kind.STR, "Collection Indexing Policy", show=False)

    @output("search_results", "Search Results", types=("Data", "JSON"))
    async def search_documents(self) -> list[Data]:
        """A record per passage found, the most similar first; none for an empty query.

        Raises `ValueError` for a collection that is configured at Astra DB without being named and that this server
        knows nothing of: answering from an empty store would be silently wrong.
        """
        if self.token and self.api_endpoint and self.collection_name.strip():
            return await self._search_remotely()
        connected = next(records_in(self.ingest_data), None) is not None
        elsewhere = self.token and self.api_endpoint and not connected
        if elsewhere and await vectors_of(self.ctx).describe(self._collection()) is None:
            raise ValueError(
                "The node names no collection of Astra DB, and this server's own store has none for it: choose a "
                "collection, or ingest the documents here first"
            )
        return await super().search_documents()

    async def _search_remotely(self) -> list[Data]:
        embeddings = await self._embeddings() if self.embedding_model else None
        added = 0
        records = [dict(record) for record in records_in(self.ingest_data)]
        for start in range(0, len(records), _AT_ONCE):
            added += await self._insert(records[start : start + _AT_ONCE], embeddings)
        found: list[Data] = []
        if query := self.search_query.strip():
            near: dict[str, Any] = {"$vectorize": query}
            if embeddings is not None:
                near = {"$vector": list(await embeddings.embed_query(query))}
            answer = await self._command(
                "find",
                {
                    "sort": near,
                    "filter": {_metadata(key): value for key, value in self.advanced_search_filter.items()},
                    "projection": {"$vector": False},
                    "options": {"limit": min(max(1, self.number_of_results), 1000), "includeSimilarity": True},
                },
            )
            documents = (answer.get("data") or {}).get("documents") or []
            found = [
                Data(self._record(document))
                for document in documents
                if float(document.get("$similarity") or 0) >= self.search_score_threshold
            ]
        self.log(f"{len(found)} results, {added} records added", "Astra DB")
        self.status = f"{len(found)} results" if query else f"{added} records added"
        return found

    async def _insert(self, records: list[dict[str, Any]], embeddings: Embeddings | None) -> int:
        texts = [self._text_of(record) for record in records]
        vectors = await embeddings.embed_documents(texts) if embeddings is not None else [None] * len(texts)
        documents = []
        for record, text, vector in zip(records, texts, vectors, strict=True):
            metadata = {key: value for key, value in record.items() if key != (self.content_field or "text")}
            content: dict[str, Any] = {"$vectorize": text}
            if vector is not None:
                content = {self.content_field or "content": text, "$vector": list(vector)}
            documents.append({"_id": passage_key(record), **content, "metadata": metadata})
        answer = await self._command("insertMany", {"documents": documents, "options": {"ordered": False}})
        return len((answer.get("status") or {}).get("insertedIds") or ())

    async def _command(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        return await AstraAPI(self.ctx, self.token, self.api_endpoint, self.keyspace).command(
            self.collection_name, name, body
        )

    def _record(self, document: Mapping[str, Any]) -> dict[str, Any]:
        texts = (self.content_field, "content", "$vectorize", "text", "page_content")
        text = next((document[key] for key in texts if key and key in document), "")
        metadata = document.get("metadata")
        if not isinstance(metadata, Mapping):
            metadata = {key: value for key, value in document.items() if key[0] not in "_$" and key not in texts}
        return {"text": to_text(text), **metadata}

    def _collection(self) -> str:
        return f"astra:{self.keyspace.strip()}:{self.collection_name.strip()}"

    async def _embeddings(self) -> Embeddings:
        # Calling a provider needs the HTTP client, which takes a while to import.
        from langflow_lite.models.embeddings_resolve import EmbeddingWish, open_embeddings

        return await open_embeddings(self.ctx, EmbeddingWish(model=self.embedding_model, api_key=self.api_key))

    def _text_of(self, record: Mapping[str, Any]) -> str:
        return to_text(record[self.content_field]) if self.content_field in record else super()._text_of(record)

    def _wanted(self, found: Sequence[Found]) -> Sequence[Found]:
        wanted = self.advanced_search_filter
        kept = [
            passage
            for passage in found
            if passage.score >= self.search_score_threshold
            and all(passage.data.get(key) == value for key, value in wanted.items())
        ]
        return super()._wanted(kept)


def _metadata(key: str) -> str:
    return key if key[:1] == "$" or "." in key else f"metadata.{key}"
