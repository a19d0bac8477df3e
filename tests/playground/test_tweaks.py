"""Changing fields for the runs of the page."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.flows import edge, flow, node
from tests.playground.support import MESSAGE, at, chat_flow, expect_ended, say, stored


def open_tweaks(page):
    page.get_by_role("tab", name="Tweaks").click()
    return page.get_by_role("tabpanel", name="Tweaks")


def test_a_tweak_changes_the_answer_and_the_snippet_but_not_the_flow(open_page, server, standin, keep):
    standin.reset()
    flow_id = stored(server, chat_flow("gpt", temperature=0.1, system_message="Be brief."))
    page = open_page(f"#/flows/{flow_id}")
    panel = open_tweaks(page)
    panel.get_by_label("model_name").fill("words-3")
    panel.get_by_label("temperature").fill("0.7")
    expect(page.get_by_role("tab", name="Tweaks (2)")).to_be_visible()
    keep(page, "changed")
    page.get_by_role("tab", name="Code").click()
    expect(page.locator(".snippets code")).to_contain_text('"temperature": 0.7')
    page.get_by_role("tab", name="Chat").click()
    say(page, "hello")
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text("w0 w1 w2")
    assert (standin.calls[-1].body["model"], standin.calls[-1].body["temperature"]) == ("words-3", 0.7)
    page.reload()
    expect(page.get_by_role("tab", name="Tweaks (2)")).to_be_visible()
    panel = open_tweaks(page)
    panel.get_by_label("temperature").fill("0.1")
    expect(page.get_by_role("tab", name="Tweaks (1)")).to_be_visible()
    panel.get_by_role("button", name="Undo all changes").click()
    expect(panel.get_by_label("model_name")).to_have_value("gpt")
    expect(page.get_by_role("tab", name="Tweaks", exact=True)).to_be_visible()


def test_a_number_that_is_none_is_not_sent(open_page, server):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt', max_tokens=10))}")
    field = open_tweaks(page).get_by_label("max_tokens")
    field.fill("20")
    expect(page.get_by_role("tab", name="Tweaks (1)")).to_be_visible()
    field.fill("20.5")
    page.get_by_role("tab", name="Code").click()
    expect(page.locator(".snippets code")).to_contain_text('"max_tokens": 20\n')
    open_tweaks(page)
    field.fill("")
    expect(page.get_by_role("tab", name="Tweaks", exact=True)).to_be_visible()


def test_a_model_field_is_changed_by_name(open_page, server, standin):
    standin.reset()
    model = {
        "type": "model", "name": "model", "display_name": "Language Model", "show": True, "input_types": ["LanguageModel"],
        "value": [{"name": "gpt-4o", "provider": "OpenAI", "icon": "OpenAI", "metadata": {}}],
        "options": [{"name": "gpt-4o", "provider": "OpenAI"}, {"name": "claude", "provider": "Anthropic"}],
    }  # fmt: skip
    document = flow(
        [
            at(node("ChatInput-in001", "ChatInput", outputs=[MESSAGE], input_value=""), 0),
            at(node("LanguageModelComponent-mod01", "LanguageModelComponent", outputs=[{"name": "text_output", "types": ["Message"]}], input_value="", fields={"model": model}), 450),
            at(node("ChatOutput-out01", "ChatOutput", outputs=[MESSAGE], input_value=""), 900),
        ],
        [edge("ChatInput-in001.message", "LanguageModelComponent-mod01.input_value"), edge("LanguageModelComponent-mod01.text_output", "ChatOutput-out01.input_value")],
        name="Model field",
    )  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    field = open_tweaks(page).get_by_label("Language Model")
    expect(field).to_have_value("gpt-4o")
    field.fill("words-2")
    page.get_by_role("tab", name="Chat").click()
    say(page, "hello")
    expect_ended(page)
    expect(page.locator(".message.machine .text")).to_have_text("w0 w1")
    assert (standin.calls[-1].path, standin.calls[-1].body["model"]) == ("/v1/chat/completions", "words-2")


def test_only_fields_that_nothing_else_fills_are_offered(open_page, server):
    document = chat_flow("gpt")
    secret = {
        "type": "str",
        "name": "api_key",
        "display_name": "Key",
        "password": True,
        "value": "OPENAI_API_KEY",
        "load_from_db": True,
        "show": True,
    }
    document["data"]["nodes"][1]["data"]["node"]["template"] |= {
        "api_key": secret,
        "stop": {"type": "str", "name": "stop", "display_name": "Stop words", "list": True, "value": ["a"], "show": True},
        "kind": {"type": "str", "name": "kind", "display_name": "Kind", "options": ["x", "y"], "value": "x", "show": True},
        "seed": {"type": "int", "name": "seed", "display_name": "Seed", "value": 1, "show": True, "advanced": True},
        "hidden": {"type": "str", "name": "hidden", "display_name": "Hidden", "value": "", "show": False},
    }  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    panel = open_tweaks(page)
    expect(panel.locator("label > span:first-child")).to_have_text(
        ["model_name", "stream", "Key", "Stop words", "Kind"]
    )
    expect(panel.get_by_label("Key")).to_have_attribute("placeholder", "from OPENAI_API_KEY")
    panel.get_by_label("Key").fill("sk-typed")
    panel.get_by_label("Stop words").fill("one\ntwo")
    panel.get_by_label("Kind").select_option("y")
    panel.get_by_label("stream").uncheck()
    panel.get_by_text("Advanced").click()
    panel.get_by_label("Seed").fill("2")
    page.get_by_role("tab", name="Code").click()
    body = page.locator(".snippets code").inner_text().partition("-d '")[2].rstrip("'")
    assert json.loads(body)["tweaks"] == {
        "OpenAIModel-mod01": {"api_key": "sk-typed", "stop": ["one", "two"], "kind": "y", "stream": False, "seed": 2}
    }
    # A secret is nowhere but in the field.
    assert "sk-typed" not in page.evaluate("JSON.stringify({ ...sessionStorage, ...localStorage })")


def test_a_large_flow_makes_its_fields_when_they_are_opened(open_page, server):
    nodes = [
        at(node(f"Prompt-n{i:04}", "Prompt", display_name=f"Prompt {i}", template=f"text {i}", other="x"), 400 * i)
        for i in range(300)
    ]
    page = open_page(f"#/flows/{stored(server, flow(nodes, [], name='Many fields'))}")
    panel = open_tweaks(page)
    expect(panel.locator("details.node")).to_have_count(300)
    expect(panel.locator("input")).to_have_count(0)
    panel.get_by_text("Prompt 7", exact=True).click()
    expect(panel.get_by_label("template")).to_have_value("text 7")
