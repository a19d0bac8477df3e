from __future__ import annotations

import bz2
import gzip
import io
import sys
import tarfile
import zipfile
from typing import Any

import pytest

from langflow_lite.components.documents import Document, decode_text, documents_in, read_rows, read_text, suffix_of


def pdf(text: str) -> bytes:
    """A PDF of one page, written by hand."""
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R "
        "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    out = "%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        f"{out}xref\n0 5\n0000000000 65535 f \n{table}trailer << /Size 5 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    ).encode()


def docx(*paragraphs: str) -> bytes:
    import docx as package

    document = package.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def xlsx(*rows: list[Any]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, content in files.items():
            target.writestr(
                name.replace("__", "/", 1) if name.startswith("d__") else name.replace("_dot_", "."), content
            )
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.txt", "caf\u00e9".encode(), "caf\u00e9"),
        ("a.txt", b"caf\xe9 \x80", "caf\u00e9 \u20ac"),
        ("a.txt", "caf\u00e9".encode("utf-16"), "caf\u00e9"),
        ("a.md", b"\xef\xbb\xbf# T", "# T"),
        ("a.json", b'{ "a": [1, 2.50] }', '{"a":[1,2.5]}'),
        ("a.yaml", b"a: 1\nb:\n  - x\n", "a: 1\nb:\n  - x\n"),
        ("a.xml", b"<a><b>1</b></a>", "<a><b>1</b></a>"),
        ("a.html", b"<p>hi</p>", "<p>hi</p>"),
        ("A.CSV", b"a,b\n1,2\n", "a,b\n1,2\n"),
    ],
)
def test_text_of_many_kinds_is_read(name: str, content: bytes, text: str) -> None:
    assert read_text(Document(name, content)) == text


def test_office_documents_are_read() -> None:
    assert read_text(Document("a.pdf", pdf("About fish"))) == "About fish"
    assert read_text(Document("a.docx", docx("One", "Two"))) == "One\n\nTwo"
    book = xlsx(["name", "n"], ["cod", 3], [None, None], ["eel", None])
    assert read_text(Document("a.xlsx", book)) == "name,n\ncod,3\neel,"
    assert read_rows(Document("a.xlsx", book)) == [{"name": "cod", "n": 3}, {"name": "eel", "n": None}]


@pytest.mark.parametrize(
    ("name", "module", "kind"), [("a.pdf", "pypdf", "PDF"), ("a.docx", "docx", "Word"), ("a.xlsx", "openpyxl", "Excel")]
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str, module: str, kind: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=rf"{kind} files need .*pip install 'langflow-lite\[files\]'"):
        read_text(Document(name, b""))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.json", "not well-formed JSON"),
        ("a.xml", "not well-formed XML"),
        ("a.pdf", "cannot be read as PDF"),
        ("a.docx", "cannot be read as Word"),
        ("a.xlsx", "cannot be read as Excel"),
        ("a.zip", "cannot be unpacked"),
        ("a.tar", "cannot be unpacked"),
        ("a.txt.gz", "cannot be unpacked"),
        ("a.txt.bz2", "cannot be unpacked"),
    ],
)
def test_a_damaged_file_is_an_error_saying_so(name: str, problem: str) -> None:
    document = Document(name, b"{broken")
    with pytest.raises(ValueError, match=problem):
        read_text(document) if suffix_of(name) not in ("zip", "tar", "gz", "bz2") else list(documents_in(document))


def test_an_encoding_that_does_not_fit_is_an_error() -> None:
    assert decode_text(b"\xe9", "latin-1") == "\u00e9"
    with pytest.raises(ValueError, match="cannot be read as ascii"):
        decode_text(b"\xe9", "ascii")
    with pytest.raises(ValueError, match="cannot be read as nonsense"):
        decode_text(b"x", "nonsense")


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.csv", b"a,b,\n1,x,\n2.5,,\n,1_0,y\n", [
            {"a": 1, "b": "x", "column_3": None}, {"a": 2.5, "b": None, "column_3": None},
            {"a": None, "b": "1_0", "column_3": "y"},
        ]),
        ("a.csv", b'a\n"x, ""y"""\ntrue\nnan\n', [{"a": 'x, "y"'}, {"a": True}, {"a": "nan"}]),
        ("a.csv", b"", []),
        ("a.tsv", b"a\tb\n1\t2\n", [{"a": 1, "b": 2}]),
        ("a.json", b'[{"a": 1}, 2]', [{"a": 1}, {"value": 2}]),
        ("a.json", b'{"a": 1}', [{"a": 1}]),
    ],
)  # fmt: skip
def test_rows_are_read_with_numbers_as_numbers(name: str, content: bytes, rows: list[dict[str, Any]]) -> None:
    assert read_rows(Document(name, content)) == rows


def test_a_text_has_no_rows() -> None:
    with pytest.raises(ValueError, match=r"a \.txt file has no rows"):
        read_rows(Document("a.txt", b"x"))


def test_bundles_are_unpacked_without_what_is_hidden_or_unknown() -> None:
    bundle = archive(
        a_dot_txt=b"A", d__b_txt=b"skip: no suffix", _dot_hidden_dot_txt=b"no", __MACOSX=b"no", x_dot_exe=b"no"
    )
    assert list(documents_in(Document("x.zip", bundle))) == [("a.txt", b"A")]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("../up/a.txt")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"A"))
        link = tarfile.TarInfo("passwd.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert [content for _, content in documents_in(Document("x.tgz", out.getvalue()))] in ([], [b"A"])
    assert list(documents_in(Document("d/a.txt.gz", gzip.compress(b"A")))) == [("a.txt", b"A")]
    assert list(documents_in(Document("a.csv.bz2", bz2.compress(b"A")))) == [("a.csv", b"A")]


def test_a_bundle_that_grows_too_large_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.txt", b"\0" * (51 * 2**20))
    with pytest.raises(ValueError, match=r"a\.txt is too large once unpacked"):
        list(documents_in(Document("x.zip", out.getvalue())))


def test_a_bundle_of_too_many_files_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for number in range(501):
            target.writestr(f"{number}.txt", b"")
    with pytest.raises(ValueError, match="more than 500 files"):
        list(documents_in(Document("x.zip", out.getvalue())))
