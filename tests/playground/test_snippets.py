"""The code that the page shows is run as it is shown, and answers as the page does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.flows import edge, flow, node
from tests.playground.support import TEXT, at, chat_flow, say, stored
from tests.serving import Server, clean_environment, run_command, running_server

LANGUAGES = {"curl": ("sh", ["sh"]), "Python": ("py", [sys.executable]), "JavaScript": ("mjs", ["node"])}
TRICKY = """it's "quoted" \\n $HOME `whoami` 100% ünï 日本 😀
and a second line </script> ' " \\"""


def code(page: Page, language: str, call: str) -> str:
    page.get_by_role("tab", name="Code").click()
    page.get_by_label("Language", exact=True).select_option(language)
    page.get_by_label("Kind of call").select_option(call)
    shown = page.locator(".snippets code")
    # What the page does by itself is done once the session is known.
    expect(shown).to_contain_text("session_id")
    return shown.inner_text()


def run(tmp_path: Path, language: str, text: str, **variables: str) -> str:
    suffix, command = LANGUAGES[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / f"snippet.{suffix}").write_text(text)
    done = subprocess.run(
        [*command, f"snippet.{suffix}"], cwd=tmp_path, env=clean_environment(**variables), capture_output=True, text=True, timeout=30, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_snippet_answers_as_the_page_does(open_page, server, tmp_path, language):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt', name='Tricky'))}")
    page.get_by_label("Message", exact=True).fill(TRICKY)
    for call in ("wait", "stream", "job"):
        expect_answer(server, f"ANSWER[{TRICKY}]", run(tmp_path, language, code(page, language, call)), language, call)


def expect_answer(server: Server, answer: str, said: str, language: str, call: str) -> None:
    if call == "job" and language == "curl":
        job_id = json.loads(said)["job_id"]
        events = subprocess.run(
            ["curl", "-sN", f"{server.url}/api/v2/workflows/{job_id}/events"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        frames = [json.loads(line[5:]) for line in events.stdout.splitlines() if line.startswith("data:")]
        assert answer in [frame["data"].get("text") for frame in frames if frame["event"] == "add_message"]
    elif call == "stream" and language == "curl":
        events = [json.loads(line) for line in said.splitlines() if line]
        assert "".join(event["data"]["chunk"] for event in events if event["event"] == "token") == answer
        assert events[-1]["event"] == "end"
    elif language == "curl":
        assert json.loads(said)["outputs"][0]["outputs"][0]["results"]["message"]["text"] == answer
    else:
        assert answer in said


def test_files_and_tweaks_are_part_of_the_call(open_page, server, standin, tmp_path):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt', temperature=0.1))}")
    (tmp_path / "it's a file.txt").write_text("the secret is 4711")
    page.get_by_label("Files", exact=True).set_input_files(tmp_path / "it's a file.txt")
    expect(page.locator(".composer .chip button")).to_have_count(1)
    page.get_by_role("tab", name="Tweaks").click()
    page.get_by_label("temperature").fill("0.9")
    for call in ("wait", "job"):
        standin.reset()
        run(tmp_path, "Python", code(page, "Python", call))
        assert "the secret is 4711" in str(standin.calls[-1].body)
        assert standin.calls[-1].body["temperature"] == 0.9


def test_a_flow_that_answers_no_chat_shows_all_its_outputs(open_page, server, tmp_path):
    document = flow(
        [
            at(node("TextInput-in001", "TextInput", outputs=[{**TEXT, "name": "text"}], input_value=""), 0),
            at(node("TextOutput-out01", "TextOutput", outputs=[{**TEXT, "name": "text"}], input_value=""), 450),
        ],
        [edge("TextInput-in001.text", "TextOutput-out01.input_value")],
        name="Text",
    )  # fmt: skip
    page = open_page(f"#/flows/{stored(server, document)}")
    assert "Hello!" in run(tmp_path, "Python", code(page, "Python", "wait"))


def test_the_key_is_named_and_not_shown(open_page, tmp_path):
    data = tmp_path / "data"
    key = re.search(r"sk-\S+", run_command("api-key", "--data-dir", data, cwd=tmp_path).stdout)[0]
    with running_server(data, LANGFLOW_AUTO_LOGIN="false") as server:
        page = open_page(at=server)
        page.get_by_label("API key", exact=True).fill(key)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Echo Chat", exact=True).click()
        say(page, "hello")
        expect(page.locator(".message.machine .text")).to_have_text("hello")
        for language in LANGUAGES:
            for call in ("wait", "job") if language == "Python" else ("wait",):
                text = code(page, language, call)
                assert key not in text
                assert "hello" in run(tmp_path, language, text, LANGFLOW_API_KEY=key)


def test_the_code_is_right_before_the_sessions_are_known(open_page, server, tmp_path):
    page = open_page("#/flows")
    held = []
    sessions = "**/monitor/messages/sessions?*"
    page.route(sessions, lambda route: held.append(route))
    with page.expect_request(sessions):
        page.evaluate("hash => location.hash = hash", f"#/flows/{stored(server, chat_flow('gpt'))}")
    page.get_by_role("tab", name="Code").click()
    page.get_by_label("Language", exact=True).select_option("Python")
    shown = page.locator(".snippets code")
    expect(shown).to_contain_text("import json")
    assert "ANSWER[Hello!]" in run(tmp_path, "Python", shown.inner_text())
    held.pop().continue_()
    expect(shown).to_contain_text("session_id")


@pytest.mark.parametrize("secure", [True, False])
def test_a_snippet_is_copied(open_page, server, secure):
    page = open_page(f"#/flows/{stored(server, chat_flow('gpt'))}", permissions=["clipboard-read", "clipboard-write"])
    if not secure:
        # As it is over plain HTTP on another machine.
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    text = code(page, "Python", "wait")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.evaluate("delete navigator.clipboard")
    assert page.evaluate("navigator.clipboard.readText()").strip() == text.strip()
