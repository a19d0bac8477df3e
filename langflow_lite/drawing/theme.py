"""The colours of a drawn flow, on a light and on a dark ground."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DARK", "LIGHT", "NOTE_TINTS", "TYPE_TINTS", "type_tint"]

LIGHT: Mapping[str, str] = {
    "ground": "#f5f6f8",
    "box": "#ffffff",
    "line": "#d3d8e0",
    "text": "#1a2230",
    "muted": "#647084",
    "warning": "#c2410c",
    "slate": "#64748b",
    "indigo": "#4f46e5",
    "rose": "#e11d48",
    "pink": "#db2777",
    "cyan": "#0891b2",
    "violet": "#9333ea",
    "emerald": "#059669",
    "amber": "#d97706",
    "blue": "#2563eb",
    "lime": "#65a30d",
}

DARK: Mapping[str, str] = {
    "ground": "#0e1116",
    "box": "#181d26",
    "line": "#323a48",
    "text": "#e8ecf2",
    "muted": "#97a3b6",
    "warning": "#fb923c",
    "slate": "#94a3b8",
    "indigo": "#818cf8",
    "rose": "#fb7185",
    "pink": "#f472b6",
    "cyan": "#22d3ee",
    "violet": "#c084fc",
    "emerald": "#34d399",
    "amber": "#fbbf24",
    "blue": "#60a5fa",
    "lime": "#a3e635",
}

TYPE_TINTS: Mapping[str, str] = {
    "Message": "indigo",
    "Text": "indigo",
    "str": "indigo",
    "Data": "rose",
    "JSON": "rose",
    "DataFrame": "pink",
    "Table": "pink",
    "Tool": "cyan",
    "LanguageModel": "violet",
    "BaseLanguageModel": "violet",
    "Embeddings": "emerald",
    "Retriever": "emerald",
    "VectorStore": "emerald",
    "Memory": "amber",
    "Prompt": "blue",
}
"""The tint of what travels along an edge, by the type that its source declares."""

NOTE_TINTS = ("amber", "neutral", "rose", "blue", "indigo", "lime", "emerald", "cyan", "pink", "violet", "transparent")
"""The colours a note may name; the first is the editor's own when it names none."""


def type_tint(type_: str) -> str:
    """The tint of a type; slate for those that have none of their own."""
    return TYPE_TINTS.get(type_, "slate")
