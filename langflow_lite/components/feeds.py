"""Reading RSS and Atom feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree import ElementTree

__all__ = ["Article", "parse_xml", "read_feed"]


@dataclass(frozen=True, slots=True)
class Article:
    """An entry of a feed; `summary` may hold HTML."""

    title: str
    link: str
    published: str
    summary: str


def parse_xml(content: bytes) -> ElementTree.Element:
    """The root of an XML document; raises `ValueError` for what is not well formed or declares entities.

    External entities are never loaded and the parser bounds how far internal ones expand; feeds need none at all.
    """
    # Slow to import, and most flows read no XML.
    from xml.etree import ElementTree

    if b"<!ENTITY" in content.upper():
        raise ValueError("the XML declares entities, which is refused")
    try:
        return ElementTree.fromstring(content)  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ValueError(f"this is not well-formed XML: {error}") from error


def read_feed(content: bytes) -> list[Article]:
    """The articles of an RSS 0.9-2.0 or Atom feed, in its order; raises `ValueError` when it is not XML."""
    root = parse_xml(content)
    return [_article(item) for item in root.iter() if _local(item) in ("item", "entry")]


def _article(item: ElementTree.Element) -> Article:
    texts: dict[str, str] = {}
    link = ""
    for child in item:
        name = _local(child)
        text = "".join(child.itertext()).strip()
        if name == "link":
            link = link or text or child.get("href", "")
        elif text:
            texts.setdefault(name, text)
    return Article(
        title=texts.get("title", ""),
        link=link,
        published=texts.get("pubDate") or texts.get("published") or texts.get("updated") or texts.get("date", ""),
        summary=texts.get("description") or texts.get("summary") or texts.get("content", ""),
    )


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
