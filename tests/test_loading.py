from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.flow import decode_data
from langflow_lite.loading import Loaded, UnreadableFlow, load_flows, read_flows
from langflow_lite.settings import Settings
from langflow_lite.storage.database import Database
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.meta import Meta
from tests.flows import flow, node

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


class Place:
    """A database and a folder of flows, loaded as a start does it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self.flows = FlowStore(database)
        self.meta = Meta(database)

    async def load(self, *, examples: bool = False) -> Loaded:
        settings = Settings(load_flows_path=self.folder, load_examples=examples, environ={})
        return await load_flows(settings, self.flows, self.meta)

    def write(self, file: str, **keys: Any) -> None:
        (self.folder / file).write_text(json.dumps(flow([node("ChatInput-1", "ChatInput")], [], **keys)))

    def stored(self) -> list[tuple[str, str | None, str | None]]:
        return [(found.name, found.endpoint_name, found.description) for found in self.flows.list()]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    folder = tmp_path / "flows"
    folder.mkdir()
    async with Database(tmp_path / "langflow_lite.db") as database:
        place = Place(database, folder)
        await place.flows.load()
        await place.meta.load()
        yield place


@pytest.mark.anyio
async def test_examples_come_once_in_the_life_of_a_database(place: Place):
    assert [found.endpoint_name for found in (await place.load(examples=True)).examples] == [
        "echo",
        "prompt-chain",
        "router-loop",
    ]
    await place.flows.delete([place.flows.get("echo").id])
    assert (await place.load(examples=True)).examples == ()
    assert len(place.flows.list()) == 2


@pytest.mark.anyio
@pytest.mark.parametrize("keys", [{"id": ID}, {"endpoint_name": "a"}, {"name": "A"}], ids=["id", "endpoint", "name"])
async def test_a_file_replaces_the_flow_it_came_from(place: Place, keys: dict[str, str]):
    place.write("a.json", description="first", **keys)
    [first] = (await place.load()).flows
    place.write("a.json", description="second", **keys)
    [second] = (await place.load()).flows
    assert (second.id, second.description) == (first.id, "second")
    assert len(place.flows.list()) == 1


@pytest.mark.anyio
async def test_a_file_that_did_not_change_writes_nothing(place: Place):
    place.write("a.json", id=ID)
    [first] = (await place.load()).flows
    [second] = (await place.load()).flows
    assert second is first


@pytest.mark.anyio
async def test_new_data_makes_a_new_version_and_keeps_the_old_one(place: Place):
    place.write("a.json", id=ID)
    [first] = (await place.load()).flows
    (place.folder / "a.json").write_text(json.dumps({"id": ID, "data": {"nodes": [], "edges": []}}))
    [second] = (await place.load()).flows
    assert second.version != first.version
    assert await place.flows.get_version(ID, first.version) == bytes(first.data or b"")


@pytest.mark.anyio
async def test_two_files_of_one_name_stay_two_flows_start_after_start(place: Place):
    place.write("a.json", id=ID, name="Same", endpoint_name="same")
    place.write("b.json", id=ID.replace("ff", "fe"), name="Same", endpoint_name="same", description="b")
    for _ in range(3):
        assert (await place.load()).warnings == ()
        assert len(place.flows.list()) == 2
    assert {found.id for found in place.flows.list()} == {ID, ID.replace("ff", "fe")}


@pytest.mark.anyio
async def test_a_broken_file_is_named_and_the_others_are_loaded(place: Place, caplog: pytest.LogCaptureFixture):
    place.write("good.json", name="Good")
    (place.folder / "bad.json").write_text("[")
    (place.folder / "notes.txt").write_text("[")
    loaded = await place.load()
    assert [found.name for found in loaded.flows] == ["Good"]
    [warning] = loaded.warnings
    assert str(place.folder / "bad.json") in warning
    assert [record.getMessage() for record in caplog.records] == [warning]


@pytest.mark.anyio
async def test_a_missing_folder_is_a_warning(place: Place):
    place.folder = place.folder / "none"
    [warning] = (await place.load()).warnings
    assert str(place.folder) in warning
    assert "LANGFLOW_LOAD_FLOWS_PATH" in warning
