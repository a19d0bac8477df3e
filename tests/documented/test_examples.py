"""Every example of the documentation, word for word but for the ids, against a server on a socket."""

import json
import os
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.documented.clients import patient

EXAMPLES = tomllib.loads(Path(__file__).with_name("examples.toml").read_text())["example"]
BY_LANGUAGE = {
    language: [pytest.param(e, id=e["name"]) for e in EXAMPLES if language in e]
    for language in ("curl", "python", "typescript")
}
# An id that the examples invent.
INVENTED = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def request_of(command, files):
    """Method, URL and the rest of what a curl command sends."""
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    method, url, headers, content, parts = "GET", None, {}, None, None
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(":")
            headers[name.lower()] = value.strip()
        elif word == "-d":
            content = next(words)
        elif word == "-F":
            name, _, value = next(words).partition("=@")
            filename, _, kind = value.partition(";type=")
            parts = {name: (filename, files[filename], kind or "application/octet-stream")}
            # curl adds the boundary; a header without one would be of no use.
            headers.pop("content-type", None)
        elif word == "--output":
            next(words)
        elif not word.startswith("-"):
            url = word
    return method, url, {"headers": headers, "content": content, "files": parts}


def check_shape(documented, value, place=""):
    """Every documented key is there, with a value of the documented type; null stands for any."""
    if documented is None or value is None:
        return
    if isinstance(documented, dict):
        assert isinstance(value, dict), place
        for key, item in documented.items():
            assert key in value, f"{place}/{key}"
            check_shape(item, value[key], f"{place}/{key}")
    elif isinstance(documented, list):
        assert isinstance(value, list), place
        assert value or not documented, place
        for index, item in enumerate(value if documented else ()):
            check_shape(documented[0], item, f"{place}/{index}")
    elif isinstance(documented, (int, float)) and not isinstance(documented, bool):
        assert isinstance(value, (int, float)), place
    else:
        assert type(value) is type(documented), place


def adapted(example, world):
    text = example.get("curl") or example.get("python") or example["typescript"]
    if "webhook" in example["name"]:
        text = text.replace("$FLOW_ID", "$HOOK_ID")
    if "update folder" in example["name"]:
        text = text.replace(f'"parent_id": "{INVENTED}"', '"parent_id": null')
    return world.filled(text)


@pytest.mark.parametrize("example", BY_LANGUAGE["curl"])
def test_a_curl_example_gives_what_is_documented(world, example):
    method, url, options = request_of(adapted(example, world), world.files)
    with world.client.stream(method, url, **options) as answer:
        kind = answer.headers.get("content-type", "").partition(";")[0]
        # The log goes on for ever.
        content = next(answer.iter_lines()).encode() if "logs-stream" in url else answer.read()
    assert answer.status_code in example["status"], content
    if example["status"] == [204]:
        assert content == b""
    if "media_type" in example:
        assert kind == example["media_type"]
    if "answer" in example:
        check_shape(json.loads(example["answer"]), json.loads(content))
    if "events" in example:
        found = dict.fromkeys(json.loads(line)["event"] for line in content.splitlines() if line)
        assert [name for name in found if name in example["events"]] == example["events"]


@patient
@pytest.mark.parametrize("example", BY_LANGUAGE["python"])
def test_a_python_example_gives_what_is_documented(world, example, python, tmp_path):
    script = tmp_path / "example.py"
    setting = """
import json, os
LANGFLOW_SERVER_URL = os.getenv("LANGFLOW_SERVER_URL")
LANGFLOW_API_KEY = os.getenv("LANGFLOW_API_KEY")
"""
    text = adapted(example, world).replace("print(response.json())", "print(json.dumps(response.json()))")
    script.write_text(setting + text)
    check_shape(json.loads(example["answer"]), json.loads(output_of(world, python, script)))


@patient
@pytest.mark.parametrize("example", BY_LANGUAGE["typescript"])
def test_a_typescript_example_gives_what_is_documented(world, example, node_modules, worker_id):
    script = node_modules / f"example-{worker_id}.mjs"
    setting = """
const LANGFLOW_SERVER_URL = process.env.LANGFLOW_SERVER_URL;
const LANGFLOW_API_KEY = process.env.LANGFLOW_API_KEY;
"""
    text = adapted(example, world).replace("console.log(response.data)", "console.log(JSON.stringify(response.data))")
    script.write_text(setting + text)
    check_shape(json.loads(example["answer"]), json.loads(output_of(world, "node", script)))


def output_of(world, *command):
    environment = {"LANGFLOW_SERVER_URL": world.url, "LANGFLOW_API_KEY": world.names["$LANGFLOW_API_KEY"]}
    result = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
