"""Reading HTML with the standard library: text, Markdown, links and what a page says about itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

__all__ = ["Page", "html_to_markdown", "html_to_text", "read_page"]

_SILENT = frozenset({"script", "style", "template"})
_ASCII_SPACE = " \t\n\r\f"
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "dd", "div", "dl", "dt", "fieldset", "figure", "footer"}
    | {"form", "header", "html", "li", "main", "nav", "ol", "p", "section", "table", "tbody", "tfoot", "thead", "ul"}
)
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_SPACE = re.compile(r"\s+")
_MANY_NEWLINES = re.compile(r"\n{3,}")

Attributes = list[tuple[str, str | None]]


@dataclass(slots=True)
class Page:
    """A page's text and head: `links` are absolute addresses without fragments, in order, each once."""

    text: str = ""
    title: str = ""
    description: str = ""
    language: str = ""
    links: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.pieces: list[str] = []
        self._title: list[str] = []
        self._base = base
        self._links: dict[str, None] = {}
        self._silent = 0
        self._in_title = False
        self._started = False

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        values = dict(attrs)
        self._started = True
        if tag in _SILENT:
            self._silent += 1
        elif tag == "title":
            self._in_title = True
        elif tag == "html":
            self.page.language = values.get("lang") or ""
        elif tag == "meta" and (values.get("name") or "").lower() == "description":
            self.page.description = values.get("content") or ""
        elif tag == "base" and values.get("href"):
            self._base = _joined(self._base, values["href"] or "") or self._base
        elif tag == "a" and values.get("href"):
            link = _joined(self._base, values["href"] or "")
            if link:
                self._links[link] = None

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._title.append(data)
        if self._silent:
            return
        if not data.strip(_ASCII_SPACE):
            # What stands before the first tag is not of the page, and indentation says nothing.
            if self._started:
                self.pieces.append("\n" if "\n" in data else " ")
        else:
            self.pieces.append(data)

    def finish(self, html: str) -> Page:
        self.feed(html)
        self.close()
        self.page.text = "".join(self.pieces)
        self.page.title = "".join(self._title).strip()
        self.page.links = list(self._links)
        return self.page


def read_page(html: str, base: str = "") -> Page:
    """Everything about a page in one pass; `base` is its address, for relative links."""
    return _Reader(base).finish(html)


def _joined(base: str, href: str) -> str | None:
    try:
        link = urldefrag(urljoin(base, href.strip())).url
    except ValueError:
        return None
    return link if link.startswith(("http://", "https://")) else None


def html_to_text(html: str) -> str:
    """The text without tags, its pieces trimmed and joined by one space."""
    reader = _Reader("")
    reader.finish(html)
    return " ".join(piece for part in reader.pieces if (piece := part.strip()))


class _Markdown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._silent = 0
        self._pre = 0
        self._lists: list[int | None] = []
        self._hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        values = dict(attrs)
        if tag in _SILENT or tag == "title":
            self._silent += 1
        elif tag in _HEADINGS:
            self.out.append(f"\n\n{_HEADINGS[tag]} ")
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
            self.out.append("\n" if len(self._lists) > 1 else "\n\n")
        elif tag == "li":
            self._item()
        elif tag == "br":
            self.out.append("\n")
        elif tag == "hr":
            self.out.append("\n\n---\n\n")
        elif tag in ("b", "strong"):
            self.out.append("**")
        elif tag in ("i", "em"):
            self.out.append("*")
        elif tag == "code" and not self._pre:
            self.out.append("`")
        elif tag == "pre":
            self._pre += 1
            self.out.append("\n\n```\n")
        elif tag in ("td", "th"):
            self.out.append("| ")
        elif tag == "a":
            self._hrefs.append(values.get("href") or "")
            self.out.append("[")
        elif tag == "img":
            self.out.append(f"![{values.get('alt') or ''}]({values.get('src') or ''})")
        elif tag == "tr":
            self.out.append("\n")
        elif tag in _BLOCKS:
            self.out.append("\n\n")

    def _item(self) -> None:
        indent = "  " * max(0, len(self._lists) - 1)
        number = self._lists[-1] if self._lists else None
        if number is None:
            self.out.append(f"\n{indent}* ")
        else:
            self._lists[-1] = number + 1
            self.out.append(f"\n{indent}{number + 1}. ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT or tag == "title":
            self._silent = max(0, self._silent - 1)
        elif tag in ("b", "strong"):
            self.out.append("**")
        elif tag in ("i", "em"):
            self.out.append("*")
        elif tag == "code" and not self._pre:
            self.out.append("`")
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
            self.out.append("\n```\n\n")
        elif tag == "a" and self._hrefs:
            self.out.append(f"]({self._hrefs.pop()})")
        elif tag in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
            self.out.append("\n")
        elif tag in ("td", "th"):
            self.out.append(" ")
        elif tag == "tr":
            self.out.append("|")
        elif tag in _HEADINGS or (tag in _BLOCKS and tag != "li"):
            self.out.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._pre:
            self.out.append(data)
            return
        text = _SPACE.sub(" ", data)
        if text.strip() or (self.out and not self.out[-1].endswith(("\n", " "))):
            self.out.append(text.lstrip() if self.out and self.out[-1].endswith("\n") else text)


def html_to_markdown(html: str) -> str:
    """The page's body as Markdown: headings, lists, links, images, emphasis, code and table rows."""
    parser = _Markdown()
    parser.feed(html)
    parser.close()
    lines = "\n".join(line.rstrip() for line in "".join(parser.out).split("\n"))
    return _MANY_NEWLINES.sub("\n\n", lines).strip()
