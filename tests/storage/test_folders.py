from uuid import UUID

import pytest

from langflow_lite.errors import Conflict, FlowNotFound, NotFound
from langflow_lite.flow import Flow
from langflow_lite.storage.folders import FolderStore

pytestmark = pytest.mark.anyio


async def reloaded(folders, flows):
    fresh = FolderStore(folders._database, flows)
    await fresh.load()
    return fresh


async def test_the_default_folder_is_always_there_and_first(folders):
    await folders.create("A")
    first = folders.list()[0]
    assert first is folders.default
    assert first.name == "My Projects"
    assert first.description == "Manage your own projects. Download and upload folders."
    assert first.parent_id is None
    assert UUID(first.id).version == 4
    with pytest.raises(Conflict, match="cannot be deleted"):
        await folders.delete(first.id)


async def test_a_folder_is_created_with_a_free_name_and_kept(folders, flows):
    first = await folders.create("d", description="string")
    second = await folders.create("d", parent_id=first.id)
    assert (first.name, second.name) == ("d", "d (1)")
    assert UUID(second.id).version == 7
    assert folders.get(second.id) == second
    assert (await reloaded(folders, flows)).list() == folders.list()


async def test_flows_are_moved_in_on_creation_and_update(folders, flows):
    stored = await flows.create(Flow(id="f", name="f"))
    assert stored.folder_id == folders.default.id
    first = await folders.create("first", flow_ids=["f", "nowhere"])
    assert flows.get("f").folder_id == first.id
    second = await folders.create("second")
    await folders.update(second.id, {}, flow_ids=["f"])
    assert flows.get("f").folder_id == second.id
    assert [f.id for f in flows.list(folder_id=second.id)] == ["f"]


async def test_an_update_changes_only_what_it_names(folders, flows):
    folder = await folders.create("d", description="string")
    changed = await folders.update(folder.id, {"description": "changed"})
    assert (changed.name, changed.description) == ("d", "changed")
    assert folders.get(folder.id) == changed
    assert (await reloaded(folders, flows)).get(folder.id) == changed


async def test_an_update_may_not_take_anothers_name_or_an_impossible_parent(folders):
    outer = await folders.create("outer")
    inner = await folders.create("inner", parent_id=outer.id)
    with pytest.raises(Conflict, match="must be unique"):
        await folders.update(inner.id, {"name": "outer"})
    with pytest.raises(Conflict, match="inside itself"):
        await folders.update(outer.id, {"parent_id": inner.id})
    with pytest.raises(NotFound, match="Parent"):
        await folders.update(inner.id, {"parent_id": "nowhere"})
    with pytest.raises(NotFound, match="Project not found"):
        await folders.update("nowhere", {"name": "x"})
    assert [f.name for f in folders.list()] == ["My Projects", "outer", "inner"]


async def test_an_unknown_parent_of_a_new_folder_is_passed_over(folders, flows):
    assert (await folders.create("x", parent_id="nowhere")).parent_id is None
    assert [f.parent_id for f in (await reloaded(folders, flows)).list()] == [None, None]


async def test_deleting_a_folder_takes_its_flows_along_and_lifts_folders_inside_it(folders, flows):
    heard = []
    flows.on_change(heard.append)
    outer = await folders.create("outer")
    inner = await folders.create("inner", parent_id=outer.id)
    await flows.create(Flow(id="gone", name="gone", folder_id=outer.id))
    await flows.create(Flow(id="kept", name="kept"))
    assert await folders.delete(outer.id) == ["gone"]
    with pytest.raises(NotFound):
        folders.get(outer.id)
    with pytest.raises(FlowNotFound):
        flows.get("gone")
    assert flows.get("kept").name == "kept"
    assert heard == ["gone"]
    assert folders.get(inner.id).parent_id is None
    assert (await reloaded(folders, flows)).list() == folders.list()
    with pytest.raises(NotFound):
        await folders.delete(outer.id)
