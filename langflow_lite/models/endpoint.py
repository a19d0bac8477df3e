"""Endpoint: everything a protocol needs to know to call one model of one provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from langflow_lite.models.base import Options

if TYPE_CHECKING:
    import httpx2

__all__ = ["Endpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model is and how to ask it.

    `base_url` has no trailing slash. `client` is None for models that call nothing. `timeout` is in seconds of silence.
    `hint` is a sentence for the user that is added when the address does not answer.
    """

    provider: str
    model: str
    base_url: str = ""
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Options = field(default_factory=Options)
    client: httpx2.AsyncClient | None = None
    timeout: float = 700.0
    hint: str = ""
