"""Human Input: the flow waits until a person has chosen which way it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from langflow_lite.components.base import Component, Output, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.errors import ComponentError
from langflow_lite.values import Message, utc_now

__all__ = ["HumanInputComponent"]

_BRANCH = "branch_"
_FALLBACK = "fallback"
_SECONDS = {"Minutes": 60, "Hours": 3600, "Days": 86400}


class HumanInputComponent(Component):
    """Pauses the flow until a person has decided, and goes the way that was chosen."""

    name = "HumanInput"
    aliases = ("Human Input",)
    display_name = "Human Input"
    category = "flow_controls"
    icon = "HumanInput"
    pauses = True

    prompt: str = field(Kind.MULTILINE, "Input", info="What the person is shown.")
    decisions: Any = field(
        Kind.MULTISELECT,
        "User Choices",
        ("Approve", "Reject"),
        list=True,
        required=True,
        info="What can be chosen; each choice is an output.",
        _input_type="ActionPickerInput",
        type="actionPicker",
    )
    timeout: Any = field(
        Kind.DICT,
        "Timeout",
        {"value": 3, "unit": "Days"},
        advanced=True,
        show=False,
        info="A decision that comes later than this goes the fallback way, if there is one. 0: never too late.",
        options=tuple(_SECONDS),
        _input_type="DurationInput",
        type="duration",
    )
    enable_fallback: bool = field(
        Kind.BOOL, "Enable Fallback", advanced=True, info="Have a way for decisions that come too late."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._taken: str | None = None

    @output("branch_approve", "Approve", types=("Message",))
    async def route_branch(self) -> Message:
        """The text the person was shown, on the way that was chosen; the others are stopped."""
        if not self.node.feeds_anything:
            self.status = "Skipped: nothing is connected with the choices."
            return Message(text=self.prompt)
        if self._taken is None:
            self._taken = await self._decision()
        self.stop(*(f"{_BRANCH}{action}" for action in self._allowed() if action != self._taken))
        self.status = self.prompt
        return Message(text=self.prompt)

    @output("branch_reject", "Reject", types=("Message",))
    async def route_reject(self) -> Message:
        """The same on the second of the default ways."""
        return await self.route_branch()

    @classmethod
    def find_output(cls, name: str | None, method: str | None = None, types: Iterable[str] = ()) -> Output | None:
        """There is an output for each choice, however many a flow has."""
        if name is not None and name.startswith(_BRANCH):
            label = name.removeprefix(_BRANCH).replace("_", " ").title()
            return Output(name, label, "route_branch", ("Message",), is_async=True)
        return super().find_output(name, method, types)

    def _options(self) -> dict[str, str]:
        """Label by id; of labels with one id the first counts."""
        options: dict[str, str] = {}
        for label in self.decisions or ():
            text = str(label.get("name", "") if isinstance(label, Mapping) else label).strip()
            if text:
                options.setdefault(text.lower().replace(" ", "_"), text)
        return options

    def _allowed(self) -> list[str]:
        return [*self._options(), *([_FALLBACK] if self.enable_fallback else [])]

    def _seconds(self) -> float:
        value = self.timeout.get("value") or 0
        try:
            return max(0.0, float(value)) * _SECONDS.get(self.timeout.get("unit", "Days"), _SECONDS["Days"])
        except (TypeError, ValueError):
            raise ComponentError(f"the timeout {str(value)[:80]!r} is not a number") from None

    async def _decision(self) -> str | None:
        if self.ctx.decide is None:
            raise ComponentError("only a background job can wait for a person")
        if not self._options():
            raise ComponentError("there is nothing to choose from: add a choice to User Choices")
        seconds = self._seconds()
        asked = monotonic()
        decision = await self.ctx.decide(
            {
                "request_id": f"{self.node.id}:{self.ctx.run_id}",
                "kind": "node_input",
                "prompt": self.prompt,
                "options": [{"action_id": action, "label": label} for action, label in self._options().items()],
                "allowed_decisions": self._allowed(),
                "timeout_seconds": int(seconds),
                "fallback_action": _FALLBACK if self.enable_fallback else None,
                "paused_at": utc_now().isoformat(),
            }
        )
        if self.enable_fallback and 0 < seconds < monotonic() - asked:
            return _FALLBACK
        return str(decision["action_id"])
