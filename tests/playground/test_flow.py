"""A flow on the page: its graph, the chat, and a run that is watched, stopped and found again."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.flows import edge, flow, node
from tests.playground.support import (
    MESSAGE,
    TEXT,
    asking_flow,
    at,
    chat_flow,
    expect_ended,
    numbers,
    say,
    stored,
    wire_to,
    words,
)
from tests.serving import ROOT, running_server

ECHO = ROOT / "examples" / "flows" / "echo_chat.json"


def test_a_flow_is_opened_and_answers(open_page, keep):
    page = open_page()
    page.get_by_role("link", name="Router and Loop", exact=True).click()
    expect(page.locator(".vertex")).to_have_count(9)
    say(page, "apples, pears, plums")
    expect_ended(page)
    expect(page.locator(".message.machine li")).to_have_text(["apples", "pears", "plums"])
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(7)
    expect(page.locator('.vertex[data-state="inactive"]')).to_have_count(2)
    expect(page.locator('.vertex[data-id="ParserComponent-b7Qf3"] .badge')).to_contain_text("3×")
    keep(page, "answered")


def test_the_answer_grows_and_vertices_change_while_the_flow_runs(open_page, server, standin, keep):
    page = open_page(f"#/flows/{stored(server, chat_flow())}")
    say(page, "count")
    answer = page.locator(".message.machine .text")
    expect(answer).to_have_text(words(20))
    state = {
        name: page.locator(f'.vertex[data-id="{id_}"]')
        for name, id_ in (("input", "ChatInput-in001"), ("model", "OpenAIModel-mod01"), ("output", "ChatOutput-out01"))
    }
    expect(state["input"]).to_have_attribute("data-state", "done")
    expect(state["model"]).to_have_attribute("data-state", "running")
    expect(state["output"]).to_have_attribute("data-state", "pending")
    expect(page.locator(".message.partial")).to_have_count(1)
    expect(page.locator(".status .state")).to_have_text("Running")
    keep(page, "running")
    standin.release()
    expect_ended(page)
    expect(answer).to_have_text(words(40))
    expect(page.locator(".message.partial")).to_have_count(0)
    expect(page.locator('.vertex[data-state="done"] .badge')).to_have_text([re.compile(r"^<?\d[\d.]* m?s$")] * 3)
    assert numbers(page) == list(range(1, numbers(page)[-1] + 1))


def test_stop_ends_the_job_and_the_call_to_the_model(open_page, server, standin, keep):
    standin.reset()
    page = open_page(f"#/flows/{stored(server, chat_flow('slow-20-3000'))}")
    say(page, "count for ever")
    expect(page.locator(".message.machine .text")).to_have_text(re.compile(r"w3"))
    page.get_by_role("button", name="Stop", exact=True).press("Enter")
    expect_ended(page, "Stopped")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    assert standin.wait_for_hangup()
    expect(page.locator(".message.partial")).to_have_count(0)
    expect(page.locator('.vertex[data-state="stopped"]')).to_have_count(1)
    expect(page.locator('.vertex[data-state="skipped"]')).to_have_count(1)
    job = page.locator(".status .about a").get_attribute("href").rpartition("/")[2]
    assert server.request("GET", f"/api/v2/workflows?job_id={job}")[1]["status"] == "cancelled"
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    keep(page, "stopped")


def test_a_reload_in_the_middle_of_a_run_loses_nothing(open_page, server, standin):
    page = open_page(f"#/flows/{stored(server, chat_flow())}")
    say(page, "count")
    expect(page.locator(".message.machine .text")).to_have_text(words(20))
    page.reload()
    expect(page.locator(".status .state")).to_have_text("Running")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(page.locator(".message.user .text")).to_have_text("count")
    standin.release()
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text(words(40))
    expect(page.locator(".message")).to_have_count(2)
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(3)
    assert numbers(page) == list(range(1, numbers(page)[-1] + 1))
    page.reload()
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text(words(40))
    expect(page.locator('.vertex[data-state="done"]')).to_have_count(3)


def test_a_run_that_another_tab_started_is_found(open_page, server, standin):
    flow_id = stored(server, chat_flow())
    body = {"flow_id": flow_id, "background": True, "input_value": "elsewhere", "session_id": "another"}
    assert server.request("POST", "/api/v2/workflows", body)[0] == 200
    page = open_page(f"#/flows/{flow_id}")
    expect(page.get_by_label("Session", exact=True)).to_have_value("another")
    expect(page.locator(".message.machine .text")).to_have_text(words(20))
    standin.release()
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text(words(40))


def test_a_run_that_waits_for_a_person_is_found_and_can_be_answered(open_page, server):
    flow_id = stored(server, asking_flow())
    body = {"flow_id": flow_id, "background": True, "input_value": "Ship it?", "session_id": "another"}
    job_id = server.request("POST", "/api/v2/workflows", body)[1]["job_id"]
    page = open_page(f"#/jobs/{job_id}")
    expect(page.locator(".facts .state")).to_have_text("Suspended")
    page.goto(f"{server.url}/#/flows/{flow_id}")
    expect(page.get_by_label("Session", exact=True)).to_have_value("another")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text("Ship it?")


def test_a_connection_that_breaks_is_taken_up_again(open_page, server, standin):
    flow_id = stored(server, chat_flow())
    with wire_to(server) as wire:
        page = open_page(f"#/flows/{flow_id}", at=wire.server)
        say(page, "count")
        expect(page.locator(".message.machine .text")).to_have_text(words(20))
        wire.cut()
        expect(page.get_by_text("connection lost")).to_be_visible()
        standin.release()
        wire.up = True
        expect_ended(page)
        expect(page.get_by_text("connection lost")).to_have_count(0)
        expect(page.locator(".message.machine .text")).to_have_text(words(40))
        assert numbers(page) == list(range(1, numbers(page)[-1] + 1))


def test_a_job_whose_server_died_is_told_to_have_failed(open_page, standin, tmp_path):
    variables = {"OPENAI_BASE_URL": f"{standin.url}/v1", "OPENAI_API_KEY": "sk-test"}
    with running_server(tmp_path / "data", **variables) as server:
        page = open_page(f"#/flows/{stored(server, chat_flow('slow-20-3000'))}", at=server)
        say(page, "count")
        expect(page.locator(".message.machine .text")).to_have_text(re.compile(r"w2"))
        server.process.kill()
        server.process.wait()
        expect(page.get_by_text("connection lost")).to_be_visible()
        with running_server(tmp_path / "data", "--port", server.url.rpartition(":")[2], **variables):
            expect_ended(page, "Failed")
            expect(page.locator(".status .failure")).to_have_text("the server ended while the job ran")
            expect(page.locator(".message.partial")).to_have_count(0)


def test_sessions_are_kept_apart(open_page, server):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt'))}")
    sessions = page.get_by_label("Session", exact=True)
    expect(sessions).to_have_value(re.compile("^Session "))
    first = sessions.input_value()
    say(page, "one")
    expect(page.locator(".message.machine .text")).to_have_text("ANSWER[one]")
    page.get_by_role("button", name="New session").click()
    expect(page.locator(".message")).to_have_count(0)
    expect(page.get_by_text("Say something to the flow.")).to_be_visible()
    say(page, "two")
    expect(page.locator(".message.machine .text")).to_have_text("ANSWER[two]")
    sessions.select_option(first)
    expect(page.locator(".message .text")).to_have_text(["one", "ANSWER[one]"])
    page.reload()
    expect(page.locator(".message .text")).to_have_text(["one", "ANSWER[one]"])
    expect(sessions.locator("option")).to_have_count(2)


def test_files_go_to_the_flow(open_page, server, standin, tmp_path, keep):
    standin.reset()
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt'))}")
    (tmp_path / "notes.txt").write_text("the secret is 4711")
    (tmp_path / "other.txt").write_text("nothing")
    page.get_by_label("Files", exact=True).set_input_files([tmp_path / "notes.txt", tmp_path / "other.txt"])
    expect(page.locator(".composer .chip")).to_have_text([re.compile("notes.txt"), re.compile("other.txt")])
    page.get_by_role("button", name="Remove other.txt").click()
    expect(page.locator(".composer .chip")).to_have_count(1)
    say(page, "what is it?")
    expect_ended(page)
    expect(page.locator(".composer .chip")).to_have_count(0)
    assert "the secret is 4711" in str(standin.calls[-1].body)
    keep(page, "file")
    with page.expect_download() as download:
        page.locator(".message.user").get_by_role("button", name="notes.txt").click()
    assert download.value.path().read_text() == "the secret is 4711"


def test_a_file_is_dropped_on_the_chat(open_page, server):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt'))}")
    dropped = page.evaluate_handle(
        "() => { const data = new DataTransfer(); data.items.add(new File(['x'], 'dropped.txt')); return data; }"
    )
    page.locator(".chat").dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.locator(".composer .chip")).to_contain_text("dropped.txt")


def test_a_failing_vertex_shows_why(open_page, server, keep):
    page = open_page(f"#/flows/{stored(server, chat_flow('denied'))}")
    say(page, "hello")
    expect_ended(page, "Failed")
    broken = page.locator('.vertex[data-id="OpenAIModel-mod01"]')
    expect(broken).to_have_attribute("data-state", "failed")
    expect(broken.locator(".fault")).to_contain_text("Incorrect API key")
    expect(page.locator(".status .failure")).to_contain_text("Incorrect API key")
    expect(page.locator(".message.error")).to_contain_text("Incorrect API key")
    expect(page.locator('.vertex[data-id="ChatOutput-out01"]')).to_have_attribute("data-state", "skipped")
    broken.click()
    expect(page.locator(".inspector")).to_contain_text("Incorrect API key")
    keep(page, "failed")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".inspector")).to_be_hidden()


def test_a_flow_that_cannot_start_says_so(open_page, server):
    document = flow([node("Nowhere-aaaa1", "NoSuchComponent", outputs=[MESSAGE])], [], name="Unknown")
    page = open_page(f"#/flows/{stored(server, document)}")
    expect(page.get_by_role("tab", name="Check")).to_have_class("warn")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".toast.error")).to_contain_text("NoSuchComponent")
    page.get_by_role("button", name="Run").click(trial=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Run").scroll_into_view_if_needed()
    page.get_by_role("button", name="Run").click(trial=True)
    page.get_by_role("link", name="Flows", exact=True).click()
    expect(page.locator(".toast")).to_have_count(0)


def test_the_steps_of_an_agent_are_shown(open_page, server, keep):
    document = flow(
        [
            at(node("ChatInput-in001", "ChatInput", outputs=[MESSAGE], display_name="Chat Input", input_value=""), 0),
            at(node("CalculatorComponent-cal01", "CalculatorComponent", outputs=[{"name": "component_as_tool", "display_name": "Toolset", "types": ["Tool"]}], display_name="Calculator", tool_mode=True, expression=""), 0, 400),
            at(node("Agent-age01", "Agent", outputs=[{"name": "response", "display_name": "Response", "types": ["Message"]}], display_name="Agent", agent_llm="OpenAI", model_name="gpt", input_value="", fields={"tools": {"type": "other", "name": "tools", "display_name": "Tools", "input_types": ["Tool"], "list": True, "show": True, "value": ""}}), 450),
            at(node("ChatOutput-out01", "ChatOutput", outputs=[MESSAGE], display_name="Chat Output", input_value=""), 900),
        ],
        [
            edge("ChatInput-in001.message", "Agent-age01.input_value"),
            edge("CalculatorComponent-cal01.component_as_tool", "Agent-age01.tools"),
            edge("Agent-age01.response", "ChatOutput-out01.input_value"),
        ],
        name="Agent",
    )  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    say(page, 'CALL evaluate_expression {"expression": "6*7"}')
    expect_ended(page)
    step = page.locator(".message.machine .step.done")
    expect(step).to_have_count(1)
    expect(step.locator("summary")).to_contain_text("evaluate_expression")
    step.locator("summary").click()
    expect(step.locator("pre")).to_have_text([re.compile(r"6\*7"), re.compile("42")])
    expect(page.locator(".message.machine .text")).to_contain_text("TOOLS[")
    keep(page, "agent")


def test_a_flow_with_a_text_input_takes_a_text(open_page, server):
    document = flow(
        [
            at(node("TextInput-in001", "TextInput", outputs=[{**TEXT, "name": "text"}], display_name="Text Input", input_value=""), 0),
            at(node("TextOutput-out01", "TextOutput", outputs=[{**TEXT, "name": "text"}], display_name="Text Output", input_value=""), 450),
        ],
        [edge("TextInput-in001.text", "TextOutput-out01.input_value")],
        name="Text",
    )  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    expect(page.get_by_role("button", name="Attach files")).to_have_count(0)
    say(page, "a text")
    expect_ended(page)
    expect(page.locator(".outputs")).to_contain_text("a text")


def test_a_flow_with_a_webhook_takes_its_payload(open_page, server):
    document = flow(
        [
            at(node("Webhook-in001", "Webhook", outputs=[{"name": "output_data", "types": ["Data"]}], display_name="Webhook", data=""), 0),
            at(node("ChatOutput-out01", "ChatOutput", outputs=[MESSAGE], display_name="Chat Output", input_value="", data_template="{name}"), 450),
        ],
        [edge("Webhook-in001.output_data", "ChatOutput-out01.input_value")],
        name="Hook",
    )  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    expect(page.get_by_placeholder("Payload of the webhook")).to_be_visible()
    say(page, '{"name": "from the hook"}')
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_contain_text("from the hook")


def test_a_flow_without_an_input_is_run(open_page, server):
    document = flow(
        [
            at(node("Prompt-pro01", "Prompt", outputs=[{"name": "prompt", "types": ["Message"]}], fields={"template": {"type": "prompt", "name": "template", "value": "Nothing is needed.", "show": True}}), 0),
            at(node("ChatOutput-out01", "ChatOutput", outputs=[MESSAGE], input_value=""), 450),
        ],
        [edge("Prompt-pro01.prompt", "ChatOutput-out01.input_value")],
        name="No input",
    )  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    expect(page.get_by_label("Message", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Run").click()
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text("Nothing is needed.")


@pytest.mark.parametrize(
    ("item", "name", "begins"),
    [("SVG", "router-loop.svg", "<svg"), ("Mermaid", "router-loop.mmd", "%% Router and Loop\nflowchart")],
)
def test_the_graph_is_downloaded_as_a_picture(open_page, server, item, name, begins):
    flows = {found["endpoint_name"]: found["id"] for found in server.request("GET", "/api/v1/flows/")[1]}
    page = open_page(f"#/flows/{flows['router-loop']}")
    page.locator(".menu summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Graph ({item})").click()
    assert download.value.suggested_filename == name
    assert download.value.path().read_text().startswith(begins)
    expect(page.locator(".menu .items")).to_be_hidden()


def test_a_long_run_stays_light(open_page, server):
    """20,000 tokens: what the page does for each does not grow with the text."""
    page = open_page(f"#/flows/{stored(server, chat_flow('words-20000'))}")
    measured = page.context.new_cdp_session(page)
    measured.send("Performance.enable")
    say(page, "count")
    expect(page.locator(".status .state")).to_have_text("Completed", timeout=30_000)
    assert page.locator(".message.machine .text").text_content() == words(20000)
    assert numbers(page)[-1] > 20000
    spent = {metric["name"]: metric["value"] for metric in measured.send("Performance.getMetrics")["metrics"]}
    # Seconds of the main thread; drawing at every token takes six.
    assert spent["TaskDuration"] < 4, spent


def test_a_flow_that_asks_a_person_goes_on_with_the_answer(open_page, server, keep):
    branches = [
        {"name": f"branch_{name}", "display_name": name.title(), "types": ["Message"]} for name in ("approve", "reject")
    ]
    document = flow(
        [
            at(node("ChatInput-in001", "ChatInput", outputs=[MESSAGE], display_name="Chat Input", input_value=""), 0),
            at(node("HumanInput-hum01", "HumanInput", outputs=branches, display_name="Review", decisions=["Approve", "Reject"], prompt=""), 450),
            at(node("ChatOutput-yes01", "ChatOutput", outputs=[MESSAGE], display_name="Yes", input_value=""), 900),
            at(node("ChatOutput-no001", "ChatOutput", outputs=[MESSAGE], display_name="No", input_value=""), 900, 400),
        ],
        [
            edge("ChatInput-in001.message", "HumanInput-hum01.prompt"),
            edge("HumanInput-hum01.branch_approve", "ChatOutput-yes01.input_value"),
            edge("HumanInput-hum01.branch_reject", "ChatOutput-no001.input_value"),
        ],
        name="Review",
    )  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    say(page, "Ship it?")
    expect(page.locator(".status .state")).to_have_text("Suspended")
    expect(page.locator(".decision")).to_contain_text("Ship it?")
    keep(page, "asked")
    page.reload()
    page.locator(".decision").get_by_role("button", name="Reject").click()
    expect_ended(page)
    expect(page.locator(".decision")).to_have_count(0)
    expect(page.locator('.vertex[data-id="ChatOutput-yes01"]')).to_have_attribute("data-state", "inactive")
    expect(page.locator('.vertex[data-id="ChatOutput-no001"]')).to_have_attribute("data-state", "done")


def test_the_newest_session_and_the_end_of_it_are_shown(open_page, server):
    _, flow = server.request(
        "POST", "/api/v1/flows/", {**json.loads(ECHO.read_text()), "name": "History", "endpoint_name": None}
    )
    for number in range(101):
        said = {"input_value": f"number {number}", "session_id": "long"}
        server.request("POST", f"/api/v1/run/{flow['id']}", {**said, "session_id": "old"} if number == 0 else said)
    page = open_page(f"#/flows/{flow['id']}")
    expect(page.get_by_label("Session", exact=True)).to_have_value("long")
    expect(page.locator(".message .text").last).to_have_text("number 100")
    expect(page.locator(".message .text")).to_have_count(200)
