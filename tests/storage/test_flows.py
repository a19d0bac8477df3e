from uuid import uuid4

import msgspec
import pytest

from langflow_lite.errors import Conflict, FlowLocked, FlowNotFound, NotFound, NotUnique
from langflow_lite.flow import Flow, flow_version
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.messages import MessageTable
from langflow_lite.storage.meta import Meta
from langflow_lite.values import Message

pytestmark = pytest.mark.anyio

DATA = msgspec.Raw(b'{ "nodes": [], "edges": [], "unknown": {"b": 1.50, "a": "\xc3\xa9"} }')


def flow(name="echo", **fields):
    return Flow(**{"id": f"id-{name}-{fields.get('endpoint_name')}", "name": name, "data": DATA, **fields})


async def reloaded(flows):
    fresh = FlowStore(flows._database)
    await fresh.load()
    return fresh


async def test_a_flow_survives_a_restart_with_its_data_verbatim(flows, folders, database):
    meta = Meta(database)
    await meta.load()
    given = flow(
        description="d",
        icon="i",
        icon_bg_color="#FF0000",
        gradient="g",
        is_component=True,
        webhook=True,
        endpoint_name="echo",
        tags=["a", "b"],
        locked=True,
        extra={"mcp_enabled": True, "later": {"x": [1]}},
    )
    stored = await flows.create(given)
    assert bytes(stored.data) == bytes(DATA)
    assert stored.version == flow_version(DATA)
    assert stored.folder_id == folders.default.id
    assert stored.user_id == meta.user_id
    assert stored.updated_at >= given.updated_at
    assert flows.get(stored.id) is stored
    again = (await reloaded(flows)).get("echo")
    assert msgspec.json.encode(again) == msgspec.json.encode(stored)


async def test_a_flow_is_found_by_id_and_by_endpoint_name_only(flows):
    stored = await flows.create(flow("Basic", endpoint_name="basic"))
    assert flows.get("basic") is flows.get(stored.id) is flows.get_by_id(stored.id)
    with pytest.raises(FlowNotFound, match=r"^Flow identifier Basic not found$"):
        flows.get("Basic")
    with pytest.raises(FlowNotFound, match=r"^Flow not found$"):
        flows.get_by_id("basic")


async def test_an_id_is_found_in_any_spelling(flows):
    stored = await flows.create(flow("f", id=str(uuid4())))
    for spelling in (stored.id.upper(), stored.id.replace("-", ""), f"{{{stored.id}}}", f"urn:uuid:{stored.id}"):
        assert flows.get(spelling).id == stored.id


async def test_taken_names_get_the_next_free_number(flows):
    stored = [await flows.create(flow(id=str(n), endpoint_name="echo")) for n in range(4)]
    assert [s.name for s in stored] == ["echo", "echo (1)", "echo (2)", "echo (3)"]
    assert [s.endpoint_name for s in stored] == ["echo", "echo-1", "echo-2", "echo-3"]
    await flows.delete(["1"])
    again = await flows.create(flow(id="4"))
    assert (again.name, again.endpoint_name) == ("echo (1)", None)
    nested = await flows.create(flow("echo (1)", id="5"))
    assert nested.name == "echo (1) (1)"


async def test_an_empty_endpoint_name_is_none(flows):
    first = await flows.create(flow(id="1", endpoint_name=""))
    second = await flows.create(flow(id="2", endpoint_name=""))
    assert first.endpoint_name is second.endpoint_name is None


async def test_many_flows_are_created_all_or_none(flows):
    with pytest.raises(Conflict, match="id twice"):
        await flows.create_many([flow("a", id="once"), flow("b", id="twice"), flow("c", id="twice")])
    assert flows.list() == []
    stored = await flows.create_many([flow("a", id="1"), flow("a", id="2")])
    assert [s.name for s in stored] == ["a", "a (1)"]
    assert [s.id for s in (await reloaded(flows)).list()] == ["1", "2"]


async def test_an_unknown_folder_becomes_the_default_one(flows, folders):
    other = await folders.create("other")
    assert (await flows.create(flow("a", folder_id=other.id))).folder_id == other.id
    assert (await flows.create(flow("b", folder_id="nowhere"))).folder_id == folders.default.id


async def test_an_update_changes_only_what_it_names(flows):
    stored = await flows.create(flow(endpoint_name="echo", extra={"a": 1, "b": 2}))
    changed = await flows.update(
        stored.id, {"name": "new", "endpoint_name": "new-endpoint", "locked": True, "extra": {"b": 3}}
    )
    assert (changed.name, changed.endpoint_name, changed.locked) == ("new", "new-endpoint", True)
    assert changed.extra == {"a": 1, "b": 3}
    assert bytes(changed.data) == bytes(DATA)
    assert changed.updated_at > stored.updated_at
    assert flows.get("new-endpoint") is changed
    with pytest.raises(FlowNotFound):
        flows.get("echo")
    assert (stored.name, stored.endpoint_name) == ("echo", "echo")
    assert msgspec.json.encode((await reloaded(flows)).get(stored.id)) == msgspec.json.encode(changed)


async def test_an_update_may_not_take_the_name_or_endpoint_of_another_flow(flows):
    await flows.create(flow("a", endpoint_name="a"))
    second = await flows.create(flow("b", endpoint_name="b"))
    with pytest.raises(NotUnique, match="Endpoint name"):
        await flows.update(second.id, {"endpoint_name": "a", "description": "changed"})
    with pytest.raises(NotUnique, match="Name must"):
        await flows.update(second.id, {"name": "a"})
    assert flows.get("b") is second
    assert second.description is None


async def test_a_locked_flow_can_be_unlocked_and_moved_and_nothing_else(flows):
    locked = await flows.create(flow("a", locked=True, data=msgspec.Raw(b'{"nodes": []}')))
    for change in ({"name": "b"}, {"locked": False, "name": "b"}, {"data": msgspec.Raw(b"{}")}, {"tags": ["x"]}):
        with pytest.raises(FlowLocked):
            await flows.update(locked.id, change)
    same = {"name": "a", "data": msgspec.Raw(b'{ "nodes": [] }'), "folder_id": None}
    assert (await flows.update(locked.id, same)).locked
    assert not (await flows.update(locked.id, {"locked": False})).locked
    assert (await flows.update(locked.id, {"locked": True, "name": "b"})).name == "b"
    assert await flows.delete([locked.id]) == [locked.id]


async def test_updating_what_is_not_there_or_not_changeable(flows):
    with pytest.raises(FlowNotFound):
        await flows.update("nowhere", {"name": "x"})
    with pytest.raises(ValueError, match="user_id"):
        await flows.update("nowhere", {"user_id": "x"})


async def test_every_saved_version_stays_readable(flows):
    stored = await flows.create(flow())
    second = await flows.update(stored.id, {"data": msgspec.Raw(b'{"nodes": [1]}')})
    third = await flows.update(stored.id, {"data": None})
    assert third.data is None
    assert len({stored.version, second.version, third.version}) == 3
    assert await flows.get_version(stored.id, stored.version) == bytes(DATA)
    assert await flows.get_version(stored.id, second.version) == b'{"nodes": [1]}'
    assert await flows.get_version(stored.id, third.version) == b"null"
    with pytest.raises(NotFound, match="no version 0000"):
        await flows.get_version(stored.id, "0000")


async def test_the_same_data_in_another_spelling_is_the_same_version_and_comes_back_as_last_spelled(flows):
    stored = await flows.create(flow(data=msgspec.Raw(b'{"a":1,"b":2}')))
    changed = await flows.update(stored.id, {"data": msgspec.Raw(b'{"b": 2, "a": 1}')})
    assert changed.version == stored.version
    assert bytes((await reloaded(flows)).get(stored.id).data) == b'{"b": 2, "a": 1}'


async def test_listeners_hear_of_updates_and_deletions_once_memory_is_up_to_date(flows):
    heard = []
    flows.on_change(lambda flow_id: heard.append((flow_id, [f.name for f in flows.list()])))
    stored = await flows.create(flow())
    await flows.update(stored.id, {"name": "new"})
    await flows.delete([stored.id])
    assert heard == [(stored.id, ["new"]), (stored.id, [])]


async def test_deleting_takes_versions_and_messages_along_and_passes_over_unknown_ids(flows, database):
    kept, gone = await flows.create_many([flow("kept"), flow("gone", endpoint_name="gone")])
    messages = MessageTable(database)
    for owner in (kept, gone):
        await messages.store(Message(text="hi", session_id="s", flow_id=owner.id)).wait()
    assert await flows.delete([gone.id, "nowhere", gone.id]) == [gone.id]
    with pytest.raises(FlowNotFound):
        flows.get("gone")
    with pytest.raises(NotFound):
        await flows.get_version(gone.id, gone.version)
    assert [m.flow_id for m in await messages.list()] == [kept.id]
    assert [f.id for f in (await reloaded(flows)).list()] == [kept.id]


async def test_lists_are_filtered_and_in_the_order_of_creation(flows, folders):
    other = await folders.create("other")
    await flows.create_many(
        [flow("z"), flow("component", is_component=True), flow("a", folder_id=other.id)],
    )
    await flows.create_examples([flow("example")])
    names = {
        "all": [f.name for f in flows.list()],
        "folder": [f.name for f in flows.list(folder_id=other.id)],
        "components": [f.name for f in flows.list(components_only=True)],
        "examples": [f.name for f in flows.list(examples=True)],
        "own": [f.name for f in flows.list(examples=False)],
    }
    assert names == {
        "all": ["z", "component", "a", "example"],
        "folder": ["a"],
        "components": ["component"],
        "examples": ["example"],
        "own": ["z", "component", "a"],
    }


async def test_examples_are_loaded_once_in_the_life_of_a_database(flows, database):
    meta = Meta(database)
    assert not await meta.examples_loaded()
    (example,) = await flows.create_examples([flow("example")])
    assert example.user_id is None
    assert await meta.examples_loaded()
    await flows.delete([example.id])
    assert await flows.create_examples([flow("example")]) == []
    assert flows.list() == []
