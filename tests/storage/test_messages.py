import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from langflow_lite.errors import StorageBusy
from langflow_lite.storage.messages import MessageOrder, MessageSession, MessageTable
from langflow_lite.values import Message, Properties, Source

pytestmark = pytest.mark.anyio

NOON = datetime(2025, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def table(database):
    return MessageTable(database)


@pytest.fixture
def session(table):
    return MessageSession(table)


def message(text, **fields):
    return Message(text=text, **{"session_id": "s", "flow_id": "f", "sender": "User", "sender_name": "User", **fields})


def texts(messages):
    return [m.text for m in messages]


async def test_a_message_comes_back_as_it_was_stored(table):
    given = message(
        "one\x00two é",
        context_id="c",
        files=["f/a.png"],
        timestamp=NOON,
        run_id="r",
        error=True,
        edit=True,
        properties=Properties(text_color="red", source=Source(id="a", source="gpt"), usage={"total_tokens": 3}),
        category="error",
        content_blocks=[{"title": "Error", "contents": [{"n": 1}]}],
        duration=1.5,
        session_metadata={"graph_run_id": "x"},
    )
    await table.store(given).wait()
    assert given.id is not None
    assert await table.list() == [given]


async def test_a_bare_message_comes_back_too(table):
    given = Message()
    await table.store(given).wait()
    assert await table.list() == [given]


async def test_storing_again_replaces_in_place_and_later_changes_of_the_object_do_not(table):
    first = message("first")
    tickets = [table.store(first), table.store(message("second"))]
    first.text = "changed"
    tickets.append(table.store(first))
    first.text = "never stored"
    for ticket in tickets:
        await ticket.wait()
    assert texts(await table.history(session_id="s")) == ["changed", "second"]


async def test_a_run_sees_its_own_messages_and_only_flush_is_waited_for(session):
    session.store(message("one"))
    session.store(message("two"))
    assert texts(await session.history(session_id="s")) == ["one", "two"]
    await session.flush()
    await session.flush()


async def test_a_message_that_could_not_be_stored_is_told_at_flush(session, path, table):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        session.store(message("lost"))
        with pytest.raises(StorageBusy):
            await session.history(session_id="s")
        with pytest.raises(StorageBusy):
            await session.flush()
        other.execute("ROLLBACK")
    session.store(message("kept"))
    await session.flush()
    assert texts(await table.list()) == ["kept"]


async def test_history_is_the_newest_in_the_order_stored_without_errors_whatever_the_clock_says(session):
    for n in range(5):
        session.store(message(str(n), timestamp=NOON - timedelta(hours=n), error=n == 3))
    assert texts(await session.history(session_id="s", limit=3)) == ["1", "2", "4"]
    assert await session.history(session_id="s", limit=0) == []
    assert await session.history(session_id="s", limit=-1) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["plain", "machine", "named", "context", "elsewhere"]),
        ({"flow_id": "f"}, ["plain", "machine", "named", "context"]),
        ({"sender": "Machine"}, ["machine"]),
        ({"sender_name": "Ann"}, ["named"]),
        ({"context_id": "c"}, ["context"]),
        ({"context_id": ""}, ["plain", "machine", "named", "elsewhere"]),
        ({"sender": "User", "sender_name": "User", "flow_id": "g"}, ["elsewhere"]),
    ],
    ids=str,
)
async def test_history_narrows_by_every_filter_given(session, filters, expected):
    session.store(message("plain"))
    session.store(message("machine", sender="Machine", sender_name="AI"))
    session.store(message("named", sender_name="Ann"))
    session.store(message("context", context_id="c"))
    session.store(message("elsewhere", flow_id="g"))
    session.store(message("another session", session_id="t"))
    assert texts(await session.history(session_id="s", **filters)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["b", "a", "c", "d"]),
        ({"flow_id": "f"}, ["b", "a", "c"]),
        ({"session_id": "s"}, ["b", "a", "d"]),
        ({"flow_id": "f", "session_id": "s"}, ["b", "a"]),
        ({"sender": "Machine"}, ["a"]),
        ({"sender_name": "AI", "session_id": "s"}, ["a"]),
        ({"sender": "nobody"}, []),
        ({"order_by": MessageOrder.TEXT}, ["a", "b", "c", "d"]),
        ({"order_by": MessageOrder.TEXT, "descending": True}, ["d", "c", "b", "a"]),
        ({"order_by": MessageOrder.TIMESTAMP, "descending": True, "limit": 2}, ["d", "c"]),
        ({"limit": 2}, ["c", "d"]),
        ({"limit": 2, "session_id": "s", "order_by": MessageOrder.TEXT}, ["a", "d"]),
        ({"limit": 2, "offset": 1}, ["a", "c"]),
        ({"offset": 3}, ["b"]),
        ({"offset": 9}, []),
    ],
    ids=str,
)
async def test_lists_are_filtered_ordered_and_limited(table, filters, expected):
    for n, given in enumerate(
        [
            message("b", error=True),
            message("a", sender="Machine", sender_name="AI"),
            message("c", session_id="t"),
            message("d", flow_id="g"),
        ]
    ):
        given.timestamp = NOON + timedelta(seconds=n)
        await table.store(given).wait()
    assert texts(await table.list(**filters)) == expected


async def test_the_newest_are_those_stored_last_even_if_the_clock_goes_back(table):
    for n, text in enumerate("abc"):
        given = message(text)
        given.timestamp = NOON - timedelta(hours=n)
        await table.store(given).wait()
    assert texts(await table.list(limit=2)) == ["c", "b"]
    assert texts(await table.history(session_id="s", limit=2)) == ["b", "c"]


@pytest.mark.parametrize("order_by", MessageOrder)
@pytest.mark.parametrize("descending", [False, True])
async def test_every_order_is_a_query_that_runs(table, order_by, descending):
    for text in ("a", "b"):
        await table.store(message(text)).wait()
    found = await table.list(order_by=order_by, descending=descending)
    keys = [(getattr(m, order_by.value), m.text) for m in found]
    by_id = order_by is MessageOrder.ID
    assert [k[0] for k in keys] == sorted((k[0] for k in keys), reverse=descending)
    assert by_id or texts(found) == (["b", "a"] if descending else ["a", "b"])


async def test_lookups_by_session_and_by_flow_use_an_index(database):
    from langflow_lite.storage import messages

    for lookup in ((True, False), (False, True), (True, True)):
        sql = messages._LISTS[lookup, False, MessageOrder.TIMESTAMP, False]
        params = {"flow_id": "f", "session_id": "s", "sender": None, "sender_name": None, "limit": 1}
        plan = await database.fetch_all("EXPLAIN QUERY PLAN " + sql, params)
        assert any("USING INDEX" in row[3] for row in plan)


async def test_lone_surrogates_do_not_stop_a_message(session):
    session.store(message("a\ud800b", properties=Properties(icon="\udfff"), files=["\ud800"]))
    (stored,) = await session.history(session_id="s")
    assert stored.text == "a\ufffdb"
    assert stored.properties.icon == "\ufffd"
    assert stored.files == ["\ufffd"]
    msgspec.json.encode(stored)
