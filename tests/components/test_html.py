from __future__ import annotations

import pytest

from langflow_lite.components.html import html_to_markdown, html_to_text, read_page

PAGE = """<!DOCTYPE html>
<html lang="de">
<head>
  <title> T </title>
  <meta name="Description" content="About">
  <base href="/docs/">
  <style>p{}</style>
</head>
<body>
  <!-- c -->
  <p>One <b>two</b>
  three</p>
  <script>x</script>
  <template>hidden</template>
  <ul><li>a<li>b</ul>
  <a href="x#part">1</a><a href="x">2</a><a href="mailto:a@b">3</a><a href="//other/y">4</a><a href="http://[bad">5</a>
  &copy;&nbsp;&lt;x&gt;
</body>
</html>
"""


def test_indentation_is_no_text_and_neither_is_what_is_not_shown() -> None:
    page = read_page(PAGE, "http://site/page")
    assert page.text == "\n\n T \n\n\n\n\n\n\nOne two\n  three\n\n\nab\n12345\n  ©\xa0<x>\n\n\n"
    assert (page.title, page.description, page.language) == ("T", "About", "de")
    assert html_to_text(PAGE) == "T One two three a b 1 2 3 4 5 ©\xa0<x>"


def test_links_are_absolute_and_each_is_named_once() -> None:
    assert read_page(PAGE, "http://site/page").links == ["http://site/docs/x", "http://other/y"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("<div>unclosed <b>bold", "unclosed bold"),
        ("<p>a<p>b", "ab"),
        ("", ""),
        ("a</b></div>c", "ac"),
        ("<script>never closed", ""),
        ("x &unknown; &#120; &#x110000;", "x &unknown; x \ufffd"),
    ],
)
def test_broken_pages_are_read_as_far_as_they_go(html: str, text: str) -> None:
    assert read_page(html).text == text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>A <i>b</i></h2><p>c</p>", "## A *b*\n\nc"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "* a\n\n  * b\n\n* c"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<pre>x\n  y</pre>", "```\nx\n  y\n```"),
        ("<p>use <code>f()</code><br>now</p>", "use `f()`\nnow"),
        ('<img src="i.png" alt="An i">', "![An i](i.png)"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "| a | b |\n| 1 | 2 |"),
        ("<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
        ("</li></ul></a>x", "x"),
    ],
)
def test_pages_become_markdown(html: str, markdown: str) -> None:
    assert html_to_markdown(html) == markdown
