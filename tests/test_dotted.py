import pytest

from langflow_lite.dotted import dotted_text, read_inputs
from langflow_lite.errors import InvalidRequest
from langflow_lite.graph import compile_graph
from tests.flows import flow, node


@pytest.fixture
def graph():
    nodes = [node("ChatInput-a", "ChatInput"), node("TextInput-t", "TextInput"), node("ChatOutput-z", "ChatOutput")]
    return compile_graph(flow(nodes, []))


def test_the_documented_inputs_are_a_tweak_and_a_session(graph):
    inputs = {
        "ChatInput-a.input_type": "chat",
        "ChatInput-a.input_value": "what is 2+2",
        "ChatInput-a.session_id": "session-123",
        "OpenSearchComponent-xyz.opensearch_url": "https://opensearch:9200",
        "LLMComponent-123.temperature": 0.7,
        "LLMComponent-123.max_tokens": 100,
    }
    found = read_inputs(graph, inputs)
    assert found.session_id == "session-123"
    assert found.tweaks == {
        "ChatInput-a": {"input_value": "what is 2+2"},
        "OpenSearchComponent-xyz": {"opensearch_url": "https://opensearch:9200"},
        "LLMComponent-123": {"temperature": 0.7, "max_tokens": 100},
    }


def test_only_the_first_dot_divides(graph):
    assert read_inputs(graph, {"Prompt-p.a.b": 1}).tweaks == {"Prompt-p": {"a.b": 1}}


def test_the_session_of_a_component_that_is_no_input_is_a_parameter(graph):
    found = read_inputs(graph, {"ChatOutput-z.session_id": "s", "ChatOutput-z.input_type": "x"})
    assert found == ({"ChatOutput-z": {"session_id": "s", "input_type": "x"}}, None)


def test_keys_without_a_dot_are_tweaks_as_they_are(graph):
    given = {"input_value": "hi", "ChatOutput-z": {"sender": "AI"}}
    assert read_inputs(graph, given) == (given, None)


def test_an_empty_session_is_none_at_all(graph):
    assert read_inputs(graph, {"ChatInput-a.session_id": "", "TextInput-t.session_id": "s"}).session_id == "s"


def test_the_callers_words_are_left_as_they_are(graph):
    given = {"Prompt-p": {"x": 1}, "ChatInput-a.input_value": "hi"}
    before = {"Prompt-p": {"x": 1}, "ChatInput-a.input_value": "hi"}
    read_inputs(graph, given)
    assert given == before


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ({"ChatInput-a.session_id": 7}, "ChatInput-a.session_id"),
        ({"ChatInput-a.session_id": "s", "TextInput-t.session_id": "t"}, "TextInput-t.session_id"),
        ({"Prompt-p": 1, "Prompt-p.x": 2}, "Prompt-p.x"),
        ({"Prompt-p.x": 2, "Prompt-p": {"x": 1}}, "Prompt-p.x"),
    ],
    ids=["session no text", "two sessions", "value and parameter", "parameter and object"],
)
def test_contradictions_are_refused_with_their_place(graph, inputs, place):
    with pytest.raises(InvalidRequest) as refused:
        read_inputs(graph, inputs)
    assert [problem.loc for problem in refused.value.problems] == [("body", "inputs", place)]


def test_the_text_is_the_first_input_value_that_is_one():
    assert dotted_text({"A.x": "no", "B.input_value": 3, "C.input_value": "yes", "input_value": "late"}) == "yes"
    assert dotted_text({"input_value": "alone"}) == "alone"
    assert dotted_text({"A.other_input_value": "no"}) is None
