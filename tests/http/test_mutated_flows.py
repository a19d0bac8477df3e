"""Exported flows with something wrong in them: whatever it is, the answer is no fault of the server's own."""

import copy
import json
import random
from uuid import uuid4

import anyio
import pytest

from tests.flows import edge, flow, node
from tests.serving import ROOT

pytestmark = pytest.mark.anyio

WRONG = (
    *(None, True, 0, -1, 1e308, "", "x" * 20_000, "\0", "😀", "œ{œ", "{{{", "NaN", [], {}, [[]], [None]),
    *({"": None}, {"id": 1}, {"value": {"value": 1}}, [1] * 500, json.loads("[" * 60 + "]" * 60)),
)


def documents():
    for file in sorted((ROOT / "examples" / "flows").glob("*.json")):
        yield json.loads(file.read_text())["data"]
    inner = flow([node("Inner-1", "CombineText", text1="a", text2="b")], [])
    proxy = {"proxy": {"id": "Inner-1", "field": "text1"}, "type": "str", "value": "a"}
    group = node("Group-1", "GroupNode", fields={"text1_Inner-1": proxy})
    group["data"]["node"]["flow"] = inner
    wires = [
        edge("ChatInput-1.message", "Group-1.text1_Inner-1"),
        edge("Group-1.Inner-1_combined_text", "ChatOutput-1.input_value"),
    ]
    for wire, side, key in ((wires[0], "targetHandle", "field"), (wires[1], "sourceHandle", "name")):
        wire["data"][side]["proxy"] = {"id": "Inner-1", key: "text1" if key == "field" else "combined_text"}
    yield flow([node("ChatInput-1", "ChatInput"), group, node("ChatOutput-1", "ChatOutput")], wires)["data"]


def places(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def spoiled(data, chance):
    """A copy with one to four things left out, replaced, doubled or in each other's place."""
    data = copy.deepcopy(data)
    for _ in range(chance.randint(1, 4)):
        # Few of the places lie near the top, and those decide the shape of the graph.
        found = [path for path in places(data) if len(path) <= chance.choice((3, 5, 12))]
        if not found:
            continue
        *parents, key = chance.choice(found)
        holder = at(data, parents)
        match chance.choice(("leave out", "replace", "replace", "double", "exchange")):
            case "leave out":
                del holder[key]
            case "replace":
                holder[key] = copy.deepcopy(chance.choice(WRONG))
            case "double" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _:
                holder[key] = copy.deepcopy(at(data, chance.choice(found))) if holder is not data else holder[key]
    return data


@pytest.mark.parametrize("seed", range(12))
async def test_no_spoiled_flow_is_a_fault_of_the_servers_own(client, seed):
    chance = random.Random(seed)
    for document in documents():
        data = spoiled(document, chance)
        with anyio.fail_after(30):
            stored = await client.post("/api/v1/flows/", json={"name": str(uuid4()), "data": data})
            assert stored.status_code in (201, 422), (data, stored.text)
            if stored.status_code == 422:
                continue
            id_ = stored.json()["id"]
            for path, body in (
                (f"/api/v1/run/{id_}", {"input_value": "hi", "output_type": "debug"}),
                (f"/api/v1/run/{id_}?stream=true", {"input_value": "hi"}),
                (f"/api/v1/build/{id_}/flow?event_delivery=direct", {"inputs": {"input_value": "hi"}}),
                ("/api/v2/workflows", {"flow_id": id_, "input_value": "hi"}),
                ("/api/v1/flows/download/", [id_]),
            ):
                answer = await client.post(path, json=body)
                told = answer.status_code < 500 or "Error running graph" in answer.text
                assert told, (path, answer.text, data)
                assert b"Internal Server Error" not in answer.content, (path, data)
