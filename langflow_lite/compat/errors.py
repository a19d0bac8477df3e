"""Why the code that came with a flow is not run."""

from __future__ import annotations

from langflow_lite.errors import LangflowError

__all__ = ["CodeUntrusted", "CustomCodeError"]


class CustomCodeError(LangflowError):
    """Trusted code cannot be used: it does not compile, imports what is not here, or defines no component."""

    status = 422
    code = "CUSTOM_CODE_UNUSABLE"


class CodeUntrusted(CustomCodeError):
    """The operator has not trusted exactly this code."""

    def __init__(self, hash_: str) -> None:
        super().__init__(
            "its code came with the flow; look at it and trust it with `langflow-lite trust FLOW.json` "
            f"(SHA-256 {hash_})"
        )
