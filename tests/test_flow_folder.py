"""The flows of a folder: as a start loads them, and as a running server keeps up with them."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream

from langflow_lite import flow_folder
from langflow_lite.errors import StorageFull
from langflow_lite.flow_folder import FlowFolder, Loaded, load_flows
from langflow_lite.settings import Settings
from langflow_lite.storage.database import Database
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.meta import Meta
from tests.flows import flow, node

ID = "5f0c1c0e-2d55-4b0e-9c41-7a5b1d3f0aff"


class Place:
    """A database and a folder of flows, loaded as a start does it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self.flows = FlowStore(database)
        self.meta = Meta(database)

    async def load(self, *, examples: bool = False) -> Loaded:
        settings = Settings(load_flows_path=self.folder, load_examples=examples, environ={})
        return await load_flows(settings, self.flows, self.meta, FlowFolder(self.folder, self.flows))

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


class Watched:
    """A folder that is watched; `told` waits for the next line of the log."""

    def __init__(self, place: Place, lines: MemoryObjectReceiveStream[str]) -> None:
        self.place = place
        self._lines = lines

    async def told(self) -> str:
        with anyio.fail_after(30):
            return await self._lines.receive()

    def told_nothing(self) -> bool:
        return self._lines.statistics().current_buffer_used == 0


@asynccontextmanager
async def watching(place: Place) -> AsyncIterator[Watched]:
    send, receive = anyio.create_memory_object_stream[str](100)

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            send.send_nowait(f"{record.levelname} {record.getMessage()}")

    listener = Listener()
    logger = logging.getLogger("langflow_lite.flow_folder")
    logger.setLevel(logging.INFO)
    logger.addHandler(listener)
    try:
        folder = FlowFolder(place.folder, place.flows)
        await folder.refresh()
        async with send, receive, anyio.create_task_group() as tasks:
            tasks.start_soon(folder.watch)
            yield Watched(place, receive)
            tasks.cancel_scope.cancel()
    finally:
        logger.removeHandler(listener)
        logger.setLevel(logging.NOTSET)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_folder, "LOOK_SECONDS", 0.01)


@pytest.mark.anyio
@pytest.mark.usefixtures("quickly")
async def test_new_and_changed_files_are_loaded_while_it_watches(place: Place):
    place.write("a.json", name="A", description="first")
    async with watching(place) as watched:
        place.write("b.json", name="B")
        assert (await watched.told()).startswith("INFO Flow 'B' (")
        place.write("a.json", name="A", description="second")
        line = await watched.told()
        assert "INFO Flow 'A' (" in line
        assert f"updated from {place.folder / 'a.json'}" in line
        assert place.stored() == [("A", None, "second"), ("B", None, None)]


@pytest.mark.anyio
@pytest.mark.usefixtures("quickly")
async def test_new_data_is_a_new_version_for_the_runs_to_come(place: Place):
    place.write("a.json", id=ID)
    async with watching(place) as watched:
        first = place.flows.get_by_id(ID)
        (place.folder / "a.json").write_text(json.dumps({"id": ID, "data": {"nodes": [], "edges": []}}))
        await watched.told()
        assert place.flows.get_by_id(ID).version != first.version
        assert await place.flows.get_version(ID, first.version) == bytes(first.data or b"")


@pytest.mark.anyio
@pytest.mark.usefixtures("quickly")
async def test_a_broken_file_is_one_warning_and_keeps_what_there_was(place: Place):
    place.write("a.json", id=ID, name="A")
    async with watching(place) as watched:
        path = place.folder / "a.json"
        path.write_text('{\n  "name": "A",\n  "data": {')
        line = await watched.told()
        assert line.startswith(f"WARNING {path} was not loaded: this is not JSON: it ends in the middle (line 3")
        assert line.endswith("; its flow stays as it was")
        place.write("c.json", name="C")
        assert "'C'" in await watched.told()
        assert [name for name, *_ in place.stored()] == ["A", "C"]
        place.write("a.json", id=ID, name="A2")
        assert "'A2'" in await watched.told()


@pytest.mark.anyio
@pytest.mark.usefixtures("quickly")
async def test_a_file_that_is_replaced_as_editors_do_is_loaded(place: Place):
    place.write("a.json", id=ID, description="first")
    async with watching(place) as watched:
        place.write("a.json.new", id=ID, description="second")
        (place.folder / "a.json.new").replace(place.folder / "a.json")
        assert f"({ID}) updated from {place.folder / 'a.json'}" in await watched.told()
        assert place.flows.get_by_id(ID).description == "second"


@pytest.mark.anyio
@pytest.mark.usefixtures("quickly")
async def test_a_deleted_file_leaves_its_flow_and_the_log_says_so(place: Place):
    place.write("a.json", id=ID)
    async with watching(place) as watched:
        (place.folder / "a.json").unlink()
        assert await watched.told() == (
            f"WARNING {place.folder / 'a.json'} is gone; its flow stays until it is deleted over the API"
        )
        assert place.flows.get_by_id(ID)
        await place.flows.delete([ID])
        place.write("a.json", id=ID)
        assert "loaded from" in await watched.told()
        assert watched.told_nothing()


@pytest.mark.anyio
async def test_what_is_written_as_it_was_changes_nothing(place: Place):
    place.write("a.json", id=ID)
    folder = FlowFolder(place.folder, place.flows)
    assert len(await folder.refresh()) == 1
    place.write("a.json", id=ID)
    assert await folder.refresh() == []


@pytest.mark.anyio
async def test_a_file_that_is_away_for_one_look_is_not_missed(place: Place):
    place.write("a.json", id=ID)
    folder = FlowFolder(place.folder, place.flows)
    await folder.refresh()
    (place.folder / "a.json").rename(place.folder / "a.json~")
    assert await folder.refresh() == []
    (place.folder / "a.json~").rename(place.folder / "a.json")
    assert await folder.refresh() == []
    (place.folder / "a.json").unlink()
    assert await folder.refresh() == []
    assert len(await folder.refresh()) == 1
    assert await folder.refresh() == []


@pytest.mark.anyio
async def test_a_file_that_is_half_written_for_one_look_is_no_warning(place: Place):
    folder = FlowFolder(place.folder, place.flows)
    path = place.folder / "a.json"
    path.write_text("{")
    assert await folder.refresh(again=True) == []
    path.write_text('{"name":')
    assert await folder.refresh(again=True) == []
    assert len(await folder.refresh(again=True)) == 1
    assert await folder.refresh(again=True) == []
    place.write("a.json", id=ID)
    assert [change.flow for change in await folder.refresh(again=True)] == [place.flows.get_by_id(ID)]


@pytest.mark.anyio
async def test_a_folder_that_comes_later_is_loaded_and_one_that_goes_takes_nothing(place: Place):
    place.folder.rmdir()
    folder = FlowFolder(place.folder, place.flows)
    assert [change.flow for change in await folder.refresh()] == [None]
    assert await folder.refresh() == []
    place.folder.mkdir()
    place.write("a.json", id=ID)
    assert [change.flow for change in await folder.refresh()] == [place.flows.get_by_id(ID)]
    (place.folder / "a.json").unlink()
    place.folder.rmdir()
    assert "there is no such folder" in (await folder.refresh())[0].text
    assert place.flows.get_by_id(ID)


@pytest.mark.anyio
async def test_a_flow_that_could_not_be_stored_is_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch):
    place.write("a.json", id=ID)
    folder = FlowFolder(place.folder, place.flows)

    async def full(_: Any) -> Any:
        raise StorageFull("there is no room")

    with monkeypatch.context() as patch:
        patch.setattr(place.flows, "create", full)
        assert "there is no room" in (await folder.refresh())[0].text
    assert [change.flow for change in await folder.refresh()] == [place.flows.get_by_id(ID)]
