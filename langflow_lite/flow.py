"""Flow: the stored document, as users exported it, and its content hash."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from langflow_lite.values import utc_now

__all__ = ["Flow", "decode_data", "flow_version"]

_canonical = msgspec.json.Encoder(order="deterministic")


class Flow(msgspec.Struct, kw_only=True):
    """A stored flow (contract: *Flow*). `data` is the caller's JSON text, kept verbatim; None when there is none.

    `version` is the content hash of `data`. `extra` holds the further keys that later releases of Langflow export
    (`mcp_enabled`, `action_name`, `access_type`, ...), so that they survive a round trip.
    """

    id: str
    name: str
    description: str | None = None
    icon: str | None = None
    icon_bg_color: str | None = None
    gradient: str | None = None
    data: msgspec.Raw | None = None
    version: str = ""
    is_component: bool = False
    updated_at: datetime = msgspec.field(default_factory=utc_now)
    webhook: bool = False
    endpoint_name: str | None = None
    tags: list[str] | None = None
    locked: bool = False
    user_id: str | None = None
    folder_id: str | None = None
    extra: dict[str, Any] = {}


def decode_data(data: msgspec.Raw | bytes | None) -> dict[str, Any]:
    """The graph part of a flow as plain dicts; an empty dict for a flow without data."""
    if data is None:
        return {}
    decoded = msgspec.json.decode(data)
    return decoded if isinstance(decoded, dict) else {}


def flow_version(data: msgspec.Raw | bytes | None) -> str:
    """SHA-256, in hex, of the data in canonical form: equal for texts that differ in key order or white space only."""
    canonical = _canonical.encode(None if data is None else msgspec.json.decode(data))
    return hashlib.sha256(canonical).hexdigest()
