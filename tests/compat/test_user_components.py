from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.components.io import TextOutputComponent
from langflow_lite.errors import ComponentError, ComponentsUnsupported, StorageError
from langflow_lite.shortage import Shortage
from langflow_lite.values import Data, Message, Table
from tests.compat.sources import DATA, OLD, SHOUT
from tests.components.workbench import Workbench, workbench
from tests.flows import edge, flow, node

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Workbench]:
    async with workbench(tmp_path / "data") as bench:
        yield bench


def custom(code: str, type_: str = "Mine", *, field: str = "input_value", output: str = "out", **values: Any) -> Any:
    """ChatInput, a node with this code, ChatOutput."""
    mine = node("Mine-1", type_, fields={"code": {"type": "code", "value": code}}, **{field: "", **values})
    nodes = [node("ChatInput-1", "ChatInput"), mine, node("ChatOutput-1", "ChatOutput")]
    edges = [edge("ChatInput-1.message", f"Mine-1.{field}"), edge(f"Mine-1.{output}", "ChatOutput-1.input_value")]
    return flow(nodes, edges, name="Custom")


def component(
    body: str, *, inputs: str = "MessageTextInput(name='input_value')", head: str = "", returns: str = "Message"
) -> str:
    """A component with one output whose method has this body."""
    lines = "\n".join(f"        {line}" for line in body.strip().splitlines())
    return f"""
from langflow.custom import Component
from langflow.io import *
from langflow.schema import Data
from langflow.schema.message import Message
{head}

class Mine(Component):
    inputs = [{inputs}]
    outputs = [Output(name="out", display_name="Out", method="work")]

    async def work(self) -> {returns}:
{lines}
"""


async def ask(bench: Workbench, document: Any, text: str = "hello there", **options: Any) -> str:
    for entry in document["data"]["nodes"]:
        if entry["id"] == "Mine-1":
            bench.runtime.trusted.add(entry["data"]["node"]["template"]["code"]["value"])
    return await bench.ask(document, text, **options)


async def test_code_that_is_not_trusted_never_runs_and_the_command_is_named(bench: Workbench) -> None:
    with pytest.raises(ComponentsUnsupported) as raised:
        await bench.ask(custom("raise SystemExit", "Shout"), "x")
    [entry] = raised.value.components
    assert (entry["reason"], entry["id"]) == ("user_code_untrusted", "Mine-1")
    assert "langflow-lite trust FLOW.json" in entry["suggestion"]


async def test_a_component_with_a_plain_method(bench: Workbench) -> None:
    document = custom(SHOUT, "Shout", field="text", output="louder")
    assert await ask(bench, document, "hello", follow=True) == "HELLO!!"
    [entry] = bench.told("log")[:1]
    assert entry["message"] == "2 times"


async def test_a_component_with_asynchronous_methods_and_records(bench: Workbench) -> None:
    assert '"words": [' in await ask(bench, custom(DATA, "Words", output="record"))
    assert await ask(bench, custom(DATA, "Words", output="rows")) == "| word |\n| :--- |\n| hello |\n| there |\n| end |"


async def test_a_component_of_the_older_sort(bench: Workbench) -> None:
    document = custom(OLD, "CustomComponent", field="first", output="text", second="!")
    assert await ask(bench, document, "a") == "a!"


async def test_the_same_graph_runs_once_its_code_is_trusted_and_no_more_when_it_is_not(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("langflow_lite.engine.plans._TRUST_SECONDS", 0)
    stored = await bench.store(custom(SHOUT, "Shout", field="text", output="louder"))
    with pytest.raises(ComponentsUnsupported):
        await bench.ask(stored, "a")
    hash_ = bench.runtime.trusted.add(SHOUT)
    assert await bench.ask(stored, "a") == "A!!"
    (bench.runtime.trusted.folder / f"{hash_}.py").unlink()
    with pytest.raises(ComponentsUnsupported):
        await bench.ask(stored, "a")


async def test_code_that_differs_by_one_character_is_not_trusted(bench: Workbench) -> None:
    bench.runtime.trusted.add(SHOUT)
    with pytest.raises(ComponentsUnsupported):
        await bench.ask(custom(SHOUT.replace('"!"', '"?"'), "Shout", field="text", output="louder"), "a")


async def test_line_ends_of_windows_are_the_same_code(bench: Workbench) -> None:
    bench.runtime.trusted.add(SHOUT)
    document = custom(SHOUT.replace("\n", "\r\n"), "Shout", field="text", output="louder")
    assert await bench.ask(document, "a") == "A!!"


async def test_a_trusted_file_that_was_changed_is_refused(bench: Workbench) -> None:
    hash_ = bench.runtime.trusted.add(SHOUT)
    (bench.runtime.trusted.folder / f"{hash_}.py").write_text("raise SystemExit")
    with pytest.raises(ComponentsUnsupported) as raised:
        await bench.ask(custom(SHOUT, "Shout", field="text", output="louder"), "a")
    assert "was changed since" in raised.value.components[0]["suggestion"]


@pytest.mark.parametrize(
    ("broken", "number", "status"),
    [
        ("os.listdir", errno.EMFILE, 503),
        ("os.listdir", errno.EIO, 500),
        ("pathlib.Path.read_bytes", errno.EMFILE, 503),
        ("pathlib.Path.read_bytes", errno.EACCES, 500),
        ("langflow_lite.compat.loader.compile", errno.ENOMEM, 503),
    ],
)
async def test_trusted_code_that_cannot_be_read_for_now_runs_later(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, broken: str, number: int, status: int
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    stored = await bench.store(custom(SHOUT, "Shout", field="text", output="louder"))
    bench.runtime.trusted.add(SHOUT)
    with monkeypatch.context() as patch:
        patch.setattr(broken, fail, raising=False)
        with pytest.raises((Shortage, StorageError)) as caught:
            await bench.ask(stored, "a")
    assert caught.value.status == status
    assert await bench.ask(stored, "a") == "A!!"


async def test_edited_code_of_a_known_type_runs_only_when_trusted(bench: Workbench) -> None:
    code = component("return Message(text='mine')")
    document = custom(code, "TextOutput")
    document["data"]["edges"][1]["data"]["sourceHandle"]["name"] = "text"
    assert await bench.ask(document, "theirs") == "theirs"
    document["data"]["edges"][1]["data"]["sourceHandle"]["name"] = "out"
    assert await ask(bench, document, "theirs") == "mine"
    assert TextOutputComponent is bench.runtime.registry.resolve("TextOutput")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def broken(:", "line 1: SyntaxError"),
        (component("pass", head="import no_such_package"), "it imports no_such_package, which is not installed here"),
        (
            component("pass", head="from langflow.services.database import x"),
            "langflow.services.database is not offered",
        ),
        (component("pass", head="from langflow.schema import Nonsense"), "langflow.schema has no 'Nonsense'"),
        (component("pass", head="raise SystemExit(3)"), "SystemExit"),
        ("x = 1", "defines no component"),
        (component("pass").replace('method="work"', 'method="play"'), "Mine has no method 'play'"),
        (component("pass", inputs="StrInput(name='a'), StrInput(name='a')"), "two inputs named 'a'"),
        (component("pass", inputs="StrInput(name='out')"), "an input and an output named 'out'"),
    ],
)
async def test_trusted_code_that_cannot_be_used_is_told_with_its_reason(bench: Workbench, code: str, said: str) -> None:
    with pytest.raises(ComponentsUnsupported) as raised:
        await ask(bench, custom(code))
    assert said in raised.value.components[0]["suggestion"]


async def test_an_error_of_the_code_is_the_component_s_error(bench: Workbench) -> None:
    with pytest.raises(ComponentError, match="no luck") as raised:
        await ask(bench, custom(component("raise ValueError('no luck')")))
    assert raised.value.component_id == "Mine-1"
    with pytest.raises(ComponentError, match="Mine object has no attribute 'nothing'"):
        await ask(bench, custom(component("return self.nothing")))


async def test_imports_inside_a_method_are_answered_too(bench: Workbench) -> None:
    body = "import lfx.schema.data\nfrom langflow.schema.message import Message as M\nreturn M(text=lfx.schema.data.Data(text='x').text)"
    assert await ask(bench, custom(component(body))) == "x"


async def test_nothing_of_langflow_is_seen_by_other_modules(bench: Workbench) -> None:
    await ask(bench, custom(component("return Message(text='x')")))
    import sys

    assert not [name for name in sys.modules if name.partition(".")[0] in ("langflow", "lfx")]


async def test_what_a_component_may_know_of_its_run(bench: Workbench) -> None:
    body = """
assert self.graph.session_id == self.session_id == "s"
assert self.graph.flow_id == self.flow_id and self.graph.flow_name == self.flow_name
self.update_ctx({"seen": [self.input_value]})
assert self.ctx.seen == self.graph.context["seen"] == ["hello there"]
assert self.is_connected_to_chat_output() and self.is_connected_to_chat_input()
assert self.get_langchain_callbacks() == []
self.set(input_value="changed")
return Message(text=self.input_value + " " + str(self._attributes["input_value"]))
"""
    assert await ask(bench, custom(component(body)), session_id="s") == "changed changed"


async def test_a_component_can_send_a_message_of_its_own(bench: Workbench) -> None:
    body = "sent = await self.send_message(Message(text='on the way', sender='Machine', sender_name='Me'))\nreturn sent"
    assert await ask(bench, custom(component(body)), follow=True, session_id="s") == "on the way"
    assert "on the way" in [message["text"] for message in bench.told("add_message")]


@pytest.mark.parametrize(
    ("body", "returns", "expected"),
    [
        ("return 'text'", "Message", Message),
        ("return {'a': 1}", "Data", Data),
        ("return [Data(text='a'), Data(text='b')]", "list[Data]", list),
        ("return [{'a': 1}]", "DataFrame", Table),
        ("return DataFrame({'a': [1, 2]})", "DataFrame", Table),
        ("return Message(text='m').to_data()", "Data", Data),
        ("return 3", "int", int),
    ],
)
async def test_what_a_method_returns_becomes_what_its_output_declares(
    bench: Workbench, body: str, returns: str, expected: type
) -> None:
    document = custom(component(body, returns=returns))
    code = document["data"]["nodes"][1]["data"]["node"]["template"]["code"]["value"]
    bench.runtime.trusted.add(code)
    outcome = await bench.run(document, input_value="x")
    value = outcome.results["Mine-1"].outputs["out"]
    assert type(value) is expected


async def test_an_output_can_be_stopped(bench: Workbench) -> None:
    code = """
class Gate(Component):
    inputs = [MessageTextInput(name="input_value"), BoolInput(name="open", value=False)]
    outputs = [Output(name="yes", method="yes"), Output(name="no", method="no")]

    def yes(self) -> Message:
        self.stop("no" if self.open else "yes")
        return Message(text="yes")

    def no(self) -> Message:
        return Message(text="no")
"""
    document = custom(code, "Gate", output="yes")
    document["data"]["nodes"].append(node("ChatOutput-2", "ChatOutput"))
    document["data"]["edges"].append(edge("Mine-1.no", "ChatOutput-2.input_value"))
    assert await ask(bench, document) == "no"


async def test_an_input_may_have_a_name_that_this_server_uses_itself(bench: Workbench) -> None:
    inputs = "MessageTextInput(name='input_value'), StrInput(name='usage', value='a'), StrInput(name='model_name')"
    document = custom(component("return Message(text=self.usage + self.model_name)", inputs=inputs), model_name="b")
    assert await ask(bench, document) == "ab"


async def test_every_run_gets_an_object_of_its_own(bench: Workbench) -> None:
    body = "self.items.append(self.input_value)\nreturn Message(text=str(self.items))"
    inputs = "MessageTextInput(name='input_value'), StrInput(name='items', is_list=True, value=[])"
    stored = await bench.store(custom(component(body, inputs=inputs)))
    bench.runtime.trusted.add(component(body, inputs=inputs))
    assert [await bench.ask(stored, text) for text in "ab"] == ["['a']", "['b']"]
