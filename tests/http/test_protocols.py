"""The events of a workflow told in other ways: without the graph's state, and as AG-UI."""

import json

import pytest

from tests.flows import edge, flow, node

from .jobs import CHAT_INPUT, CHAT_OUTPUT, ECHO, MODELLED, TEXT, WORKFLOWS, gated_server, new_flow, sse

pytestmark = pytest.mark.anyio

BROKEN = flow(
    [CHAT_INPUT, node("Parse-p", "JSONCleaner", json_str=""), CHAT_OUTPUT],
    [edge("ChatInput-a.message", "Parse-p.json_str"), edge("Parse-p.output", "ChatOutput-z.input_value")],
)


async def streamed(settings, document, **body):
    async with gated_server(settings) as (client, _, _):
        flow_id = await new_flow(client, document)
        answer = await client.post(WORKFLOWS, json={"flow_id": flow_id, "mode": "stream", "session_id": "s1", **body})
    assert answer.status_code == 200, answer.text
    return [(number, json.loads(data)) for number, data in sse(answer.content)]


async def test_a_stream_without_the_graphs_state_has_no_vertices_and_no_sources(settings):
    frames = await streamed(settings, MODELLED, input_value=TEXT, expose_graph_state=False)
    names = [event["event"] for _, event in frames]
    assert list(dict.fromkeys(names)) == ["build_start", "add_message", "token", "output", "end"]
    assert "LanguageModelComponent-m" not in json.dumps([e for _, e in frames if e["event"] == "add_message"])
    numbers = [number for number, _ in frames]
    assert numbers == sorted(set(numbers))


class TestAgUi:
    async def test_a_message_that_grows(self, settings):
        frames = await streamed(settings, MODELLED, input_value=TEXT, stream_protocol="agui")
        events = [event for _, event in frames]
        assert list(dict.fromkeys(event["type"] for event in events)) == [
            "RUN_STARTED",
            "TEXT_MESSAGE_START",
            "TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_END",
            "RUN_FINISHED",
        ]
        assert events[0]["threadId"] == events[-1]["threadId"] == "s1"
        assert events[0]["runId"] == events[-1]["runId"]
        deltas = [event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"]
        assert ("".join(deltas), len(deltas) > 2) == (TEXT, True)
        assert len({event["messageId"] for event in events if "messageId" in event}) == 1
        assert [event["type"] for event in events].count("TEXT_MESSAGE_END") == 1
        numbers = [number for number, _ in frames]
        assert numbers == sorted(numbers)

    async def test_a_whole_message_is_one_delta_and_the_users_own_is_not_told(self, settings):
        frames = await streamed(settings, ECHO, input_value="hi", stream_protocol="agui")
        assert [event.get("delta", event["type"]) for _, event in frames] == [
            *("RUN_STARTED", "TEXT_MESSAGE_START", "hi", "TEXT_MESSAGE_END", "RUN_FINISHED")
        ]

    async def test_a_failure_is_the_last_event(self, settings):
        frames = await streamed(settings, BROKEN, input_value="no json", stream_protocol="agui")
        types = [event["type"] for _, event in frames]
        assert (types[0], types[-1], types.count("RUN_ERROR")) == ("RUN_STARTED", "RUN_ERROR", 1)
        assert "RUN_FINISHED" not in types
        assert frames[-1][1]["message"]

    @pytest.mark.parametrize("body", [{"mode": "stream", "stream_protocol": "telepathy"}, {"stream_protocol": "agui"}])
    async def test_an_unknown_protocol_or_one_without_a_stream_is_422(self, client, body):
        flow_id = await new_flow(client, ECHO)
        answer = await client.post(WORKFLOWS, json={"flow_id": flow_id, **body})
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "stream_protocol"])
