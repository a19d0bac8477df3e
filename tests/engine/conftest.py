from __future__ import annotations

from typing import Any

import anyio
import pytest

from langflow_lite.components.base import Component, LoopingComponent, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.context import RunContext
from langflow_lite.engine.executor import Shared
from langflow_lite.engine.frozen import FrozenCache
from langflow_lite.engine.plan import Plan
from langflow_lite.engine.run import RunOutcome, run_plan
from langflow_lite.graph import compile_graph
from langflow_lite.job import RunRequest
from langflow_lite.overrides import resolve_overrides
from langflow_lite.settings import Settings
from langflow_lite.values import Data, Message, Table


class Text(Component):
    """Joins its texts."""

    name = "Text"
    text: str = field(Kind.TEXT, "Text")
    text2: str = field(Kind.TEXT, "Text 2", "-")
    texts: list[str] = field(Kind.TEXT, "Texts", is_list=True)
    number: int = field(Kind.INT, "Number")
    key: str = field(Kind.SECRET, "Key")
    options: dict[str, Any] = field(Kind.DICT, "Options")
    session_id: str = field(Kind.TEXT, "Session")
    calls: int = 0

    @output("out", "Out")
    async def join(self) -> Message:
        type(self).calls += 1
        return Message(text=f"{self.node.id}({','.join([self.text, self.text2, *self.texts])})")


class Blocking(Component):
    """Says its text from a worker thread."""

    name = "Blocking"
    text: str = field(Kind.TEXT, "Text")

    @output("out", "Out")
    def say(self) -> Message:
        return Message(text=f"thread {self.text}")


class Gate(Component):
    """Waits until the event of its name is set, then sets the one it opens."""

    name = "Gate"
    waits: str = field(Kind.TEXT, "Waits")
    opens: str = field(Kind.TEXT, "Opens")
    text: str = field(Kind.TEXT, "Text")
    events: dict[str, anyio.Event] = {}
    cancelled: list[str] = []

    @output("out", "Out")
    async def passing(self) -> Message:
        if self.opens:
            self.events.setdefault(self.opens, anyio.Event()).set()
        if self.waits:
            try:
                await self.events.setdefault(self.waits, anyio.Event()).wait()
            except anyio.get_cancelled_exc_class():
                self.cancelled.append(self.node.id)
                raise
        return Message(text=f"{self.node.id}:{self.text}")


class Router(Component):
    """Sends its text to yes or no."""

    name = "Router"
    text: str = field(Kind.TEXT, "Text")
    yes: bool = field(Kind.BOOL, "Yes", True)

    @output("yes_out", "Yes")
    async def when_yes(self) -> Message | None:
        return self._choose("yes_out", self.yes)

    @output("no_out", "No")
    async def when_no(self) -> Message | None:
        return self._choose("no_out", not self.yes)

    def _choose(self, name: str, chosen: bool) -> Message | None:
        if chosen:
            return Message(text=self.text)
        self.stop(name)
        return None


class Fails(Component):
    """Raises what it is told to."""

    name = "Fails"
    text: str = field(Kind.TEXT, "Text")
    how: str = field(Kind.TEXT, "How", "error")

    @output("out", "Out")
    async def fail(self) -> Message:
        if self.how == "exit":
            raise SystemExit(3)
        if self.how == "group":
            raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])
        raise ValueError("it broke")


class Rows(Component):
    """A table of rows."""

    name = "Rows"
    count: int = field(Kind.INT, "Count", 3)

    @output("out", "Out")
    async def rows(self) -> Table:
        return Table([{"text": f"row {n}"} for n in range(self.count)])


class Many(Component):
    """One value of each sort."""

    name = "Many"

    @output("data", "Data")
    async def data(self) -> Data:
        return Data({"a": 1})

    @output("table", "Table")
    async def table(self) -> Table:
        return Table([{"x": 1}])

    @output("list", "List")
    async def items(self) -> list[Data]:
        return [Data({"b": 2})]

    @output("plain", "Plain", types=("int",))
    async def plain(self) -> int:
        return 7

    @output("nothing", "Nothing", types=("Message",))
    async def nothing(self) -> None:
        return None


class Needy(Component):
    """Needs an edge."""

    name = "Needy"
    data: Any = field(Kind.HANDLE, "Source", required=True)

    @output("out", "Out")
    async def take(self) -> Message:
        return Message(text=str(self.data))


class Echo(Component):
    """Stands for a chat output."""

    name = "ChatOutput"
    input_value: Any = field(Kind.HANDLE, "Input")
    session_id: str = field(Kind.TEXT, "Session")

    @output("message", "Message")
    async def message_response(self) -> Message:
        text = self.input_value.text if isinstance(self.input_value, Message) else str(self.input_value)
        message = Message(text=text, sender="Machine", session_id=self.session_id, id="m1")
        message.properties.source = self.node.source_of("input_value") or message.properties.source
        return message


class Ask(Component):
    """Stands for a chat input."""

    name = "ChatInput"
    input_value: str = field(Kind.MULTILINE, "Text")
    session_id: str = field(Kind.TEXT, "Session")
    seen: list[tuple[str, str]] = []

    @output("message", "Message")
    async def message_response(self) -> Message:
        self.seen.append((self.input_value, self.session_id))
        return Message(text=self.input_value, sender="User", session_id=self.session_id)


class Each(LoopingComponent):
    """Runs its body for each row."""

    name = "LoopComponent"
    data: Any = field(Kind.DATA, "Data", is_list=True)

    @output("item", "Item", allows_loop=True, types=("Data",))
    def items(self) -> list[Any]:
        return list(self.data)

    @output("done", "Done", types=("Table",))
    def collect(self, results: list[Any]) -> Table:
        return Table(
            [{"text": result.text if isinstance(result, Message) else result.get_text()} for result in results]
        )


class FakeRegistry:
    components = {cls.name: cls for cls in (Text, Blocking, Gate, Router, Fails, Rows, Many, Needy, Echo, Ask, Each)}

    def resolve(self, type_: str, metadata: Any = None) -> type[Component] | None:
        return self.components.get(type_)

    def explain(self, type_: str, metadata: Any = None) -> tuple[str, str]:
        return "unknown_type", f"remove {type_}"


class FakeMessages:
    def __init__(self) -> None:
        self.stored: list[Message] = []
        self.flushed = 0

    def store(self, message: Message) -> None:
        self.stored.append(message)

    async def history(self, **_: Any) -> list[Message]:
        return list(self.stored)

    async def flush(self) -> None:
        self.flushed += 1


class FakeVariables:
    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    async def get(self, name: str, *, secret: bool = True) -> str | None:
        if not secret and name.endswith("_KEY") and name in self.values:
            raise ValueError("a credential can be used in secret fields only")
        return self.values.get(name)


class Bench:
    """Runs flows of the components above and keeps what happened."""

    def __init__(self) -> None:
        self.messages = FakeMessages()
        self.variables: dict[str, str] = {}
        self.events: list[tuple[str, Any]] = []
        self.settings = Settings(environ={})
        self.shared = Shared(FrozenCache(), anyio.CapacityLimiter(4))

    def plan(self, document: dict[str, Any]) -> Plan:
        return Plan.of(compile_graph(document), FakeRegistry())

    async def run(
        self, document: dict[str, Any] | Plan, *, listen: bool = False, flow_id: str = "flow-1", **request: Any
    ) -> RunOutcome:
        plan = document if isinstance(document, Plan) else self.plan(document)
        asked = RunRequest(**request)
        overrides = resolve_overrides(
            plan.graph,
            tweaks=asked.tweaks,
            input_value=asked.input_value,
            input_type=asked.input_type,
            session_id=asked.session_id,
        )
        ctx = RunContext(
            run_id="run-1",
            flow_id=flow_id,
            flow_name="Test",
            session_id=asked.session_id or flow_id,
            settings=self.settings,
            variables=FakeVariables(self.variables),
            messages=self.messages,
            files=None,
            outbound=None,
            streaming=listen,
            emit=(lambda name, data: self.events.append((str(name), data))) if listen else None,
        )
        return await run_plan(plan, ctx, asked, overrides, self.shared)


@pytest.fixture
def bench() -> Bench:
    Text.calls = 0
    Gate.events = {}
    Gate.cancelled = []
    Ask.seen = []
    return Bench()


def texts(outcome: RunOutcome) -> dict[str, str]:
    """The text of every vertex that ran."""
    return {
        id_: value.text
        for id_, result in outcome.results.items()
        for value in result.outputs.values()
        if isinstance(value, Message)
    }
