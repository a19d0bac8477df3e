from __future__ import annotations

import json
from typing import Any

import pytest

from langflow_lite.flow import decode_data
from langflow_lite.loading import UnreadableFlow, read_flows
from tests.flows import node

ID = "5f0c1c0e-2d55-4b0e-9c41-7a5b1d3f0aff"
DATA = {"nodes": [node("ChatInput-1", "ChatInput")], "edges": []}


def read(document: Any, name: str = "file") -> list[Any]:
    return read_flows(json.dumps(document).encode(), name)


def test_an_exported_flow_is_read_with_all_its_keys():
    [found] = read({"id": ID, "name": "A", "endpoint_name": "a", "tags": ["x"], "data": DATA, "mcp_enabled": True})
    assert (found.id, found.name, found.endpoint_name, found.tags) == (ID, "A", "a", ["x"])
    assert decode_data(found.data) == DATA
    assert found.extra == {"mcp_enabled": True}


def test_data_is_kept_to_the_letter():
    text = b'{"name": "A", "data": {"nodes": [], "edges": [], "big": 123456789012345678901234567890, "x": 1.10}}'
    [found] = read_flows(text, "file")
    assert bytes(found.data) == b'{"nodes": [], "edges": [], "big": 123456789012345678901234567890, "x": 1.10}'


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ([{"name": "A", "data": DATA}, {"name": "B", "data": DATA}], ["A", "B"]),
        ({"flows": [{"name": "A", "data": DATA}, {"name": "B", "data": DATA}]}, ["A", "B"]),
        (DATA, ["file"]),
        ({"data": DATA}, ["file"]),
        ({"name": 7, "endpoint_name": ["x"], "tags": "t", "id": "not-a-uuid", "data": DATA}, ["file"]),
        ([], []),
    ],
    ids=["list", "flows", "bare graph", "nameless", "keys of the wrong kind", "empty list"],
)
def test_documents_of_every_form_are_read(document: Any, names: list[str]):
    assert [found.name for found in read(document)] == names


def test_a_byte_order_mark_does_not_matter():
    assert read_flows(b"\xef\xbb\xbf" + json.dumps({"name": "A", "data": DATA}).encode(), "file")[0].name == "A"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "this is not JSON"),
        (b"{", "this is not JSON"),
        (b'{"name": "\xff", "data": {}}', "this is not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'"text"', "not an object"),
        (b"7", "not an object"),
        (b"[7]", "not an object"),
        (b'{"flows": 7}', "this is not JSON"),
        (b'{"name": "A"}', "no `data`"),
        (b'{"data": null}', "no `data`"),
        (b'{"data": {"nodes": [{"id": "n"}, {"id": "n"}], "edges": []}}', "more than once: n"),
    ],
)
def test_what_is_not_a_flow_is_refused_with_the_reason(raw: bytes, reason: str):
    with pytest.raises(UnreadableFlow, match=reason):
        read_flows(raw, "file")


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{\n  "name": "A",\n  "data" {}\n}', "line 3, column 10"),
        (b'{"name": oops}', "line 1, column 10"),
        (b'{\n  "name": "A",\n', "it ends in the middle (line 3, column 1)"),
        (b" \n", "it is empty"),
    ],
)
def test_the_place_of_what_is_wrong_is_told_as_an_editor_counts(raw: bytes, place: str):
    with pytest.raises(UnreadableFlow) as caught:
        read_flows(raw, "file")
    assert place in caught.value.message
