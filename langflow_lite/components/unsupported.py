"""Component types of Langflow that have no native counterpart: why, and what a user can do instead."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

__all__ = ["Unsupported", "explain_unsupported"]


class Unsupported(NamedTuple):
    """Why a type cannot run here and what to do about it.

    `reason` is one of `needs_package`, `external_service`, `user_code_untrusted` and `unknown_type`.
    """

    reason: str
    suggestion: str


_REPLACE = "replace it by "
_LOCAL_STORE = _REPLACE + "a Chroma, FAISS or Knowledge component"
# The first pattern that matches counts.
_STOCK = (
    ("AstraDBGraph*", "needs_package", _LOCAL_STORE),
    ("GraphRAG*", "needs_package", _LOCAL_STORE),
    ("AstraDB*", "external_service", _LOCAL_STORE),
    ("HCD*", "external_service", _LOCAL_STORE),
    ("Composio*", "external_service", _REPLACE + "an MCP Tools component and an MCP server for that service"),
    ("Gmail*", "external_service", _REPLACE + "an MCP Tools component and an MCP server for Gmail"),
    ("You[Tt]ube*", "external_service", _REPLACE + "a Web Search component"),
    ("Google*Embeddings*", "external_service", _REPLACE + "an Embedding Model component"),
    ("GoogleGenerativeAI*", "external_service", _REPLACE + "a Language Model component with another provider"),
    ("Google*", "external_service", _REPLACE + "a Web Search component"),
    ("BingSearch*", "external_service", _REPLACE + "a Web Search component"),
    ("ExaSearch*", "external_service", _REPLACE + "a Web Search component"),
    ("ScrapeGraph*", "external_service", _REPLACE + "a URL or an API Request component"),
    ("Firecrawl*", "external_service", _REPLACE + "a URL or an API Request component"),
    ("Notion*", "external_service", _REPLACE + "an API Request component"),
    ("SQLAgent*", "needs_package", _REPLACE + "an Agent with a SQL Database component as its tool"),
    ("CSVAgent*", "needs_package", _REPLACE + "an Agent with a Read File component as its tool"),
    ("*Crew*", "needs_package", _REPLACE + "an Agent component"),
    ("SequentialTask*", "needs_package", _REPLACE + "an Agent component"),
    ("HierarchicalTask*", "needs_package", _REPLACE + "an Agent component"),
    ("OpenDsStarAgent*", "needs_package", _REPLACE + "an Agent component"),
    ("Docling*", "needs_package", _REPLACE + "a Read File component"),
    ("Pinecone*", "external_service", _LOCAL_STORE),
    ("Qdrant*", "external_service", _LOCAL_STORE),
    ("Weaviate*", "external_service", _LOCAL_STORE),
    ("Milvus*", "external_service", _LOCAL_STORE),
    ("pgvector*", "external_service", _LOCAL_STORE),
    ("PGVector*", "external_service", _LOCAL_STORE),
    ("Cassandra*", "external_service", _LOCAL_STORE),
    ("Clickhouse", "external_service", _LOCAL_STORE),
    ("Couchbase*", "external_service", _LOCAL_STORE),
    ("Elasticsearch*", "external_service", _LOCAL_STORE),
    ("MongoDBAtlas*", "external_service", _LOCAL_STORE),
    ("MongoVector*", "external_service", _LOCAL_STORE),
    ("OpenSearch*", "external_service", _LOCAL_STORE),
    ("Redis", "external_service", _LOCAL_STORE),
    ("RedisVectorStore*", "external_service", _LOCAL_STORE),
    ("SupabaseVectorStore*", "external_service", _LOCAL_STORE),
    ("Upstash*", "external_service", _LOCAL_STORE),
    ("Vectara*", "external_service", _LOCAL_STORE),
)


def explain_unsupported(type_name: str, metadata: Mapping[str, Any] | None = None) -> Unsupported:
    """Why no component runs nodes of this type, from its name and the node's `metadata`; never from its code."""
    module = (metadata or {}).get("module")
    own = f"put a Component subclass named {type_name!r} into a folder listed in LANGFLOW_COMPONENTS_PATH"
    if type_name == "CustomComponent" or (isinstance(module, str) and module.startswith("custom_components")):
        return Unsupported("user_code_untrusted", own)
    for pattern, reason, suggestion in _STOCK:
        if fnmatchcase(type_name, pattern):
            return Unsupported(reason, f"{suggestion}, or {own}")
    return Unsupported("unknown_type", own)
