"""The API keys area: /api/v1/api_key."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from starlette.responses import Response

from langflow_lite.errors import BadRequest, InvalidRequest, NotFound, Problem
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.wire import Detail
from langflow_lite.storage.api_keys import ApiKey
from langflow_lite.values import result_time, to_json, utc_now

__all__ = ["ENDPOINTS"]


class ApiKeyIn(msgspec.Struct):
    """A key to make; `expires_at` needs an offset, without it the key never expires."""

    name: str | None = None
    expires_at: datetime | None = None


class ApiKeyOut(msgspec.Struct, kw_only=True):
    """A key as the API shows it; `api_key` is whole when it is made and masked ever after."""

    id: str
    name: str | None
    api_key: str
    is_active: bool
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    total_uses: int
    user_id: str


class ApiKeyList(msgspec.Struct):
    """All keys, masked."""

    total_count: int
    user_id: str
    api_keys: list[ApiKeyOut]


async def create_key(call: Call) -> Response:
    """Make a key. This answer alone shows it, so nothing may keep a copy."""
    expires_at: datetime | None = call.body.expires_at
    if expires_at is not None:
        expires_at = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
        if expires_at <= utc_now():
            raise InvalidRequest(
                Problem("value_error", ("body", "expires_at"), "The time of expiry has passed already")
            )
    record, key = await call.runtime.api_keys.create(call.body.name, expires_at=expires_at)
    shown = _shown(record, call.runtime.user_id, key)
    return Response(to_json(shown), media_type="application/json", headers={"cache-control": "no-store"})


async def list_keys(call: Call) -> ApiKeyList:
    """List all keys, masked."""
    user_id = call.runtime.user_id
    keys = [_shown(record, user_id, record.masked) for record in call.runtime.api_keys.list()]
    return ApiKeyList(len(keys), user_id, keys)


async def delete_key(call: Call) -> Detail:
    """Delete a key; from now on it is refused."""
    try:
        await call.runtime.api_keys.delete(call.params["api_key_id"])
    except NotFound as error:
        # The status that clients know (contract: *Delete a key*).
        raise BadRequest(error.message) from None
    return Detail("API Key deleted")


def _shown(record: ApiKey, user_id: str, key: str) -> ApiKeyOut:
    return ApiKeyOut(
        id=record.id,
        name=record.name,
        api_key=key,
        is_active=record.is_active,
        created_at=result_time(record.created_at),
        expires_at=_time(record.expires_at),
        last_used_at=_time(record.last_used_at),
        total_uses=record.total_uses,
        user_id=user_id,
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else result_time(moment)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/api_key/",
        handler=list_keys,
        summary="List API keys",
        tag="API keys",
        response=ApiKeyList,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/api_key/",
        handler=create_key,
        summary="Create an API key",
        tag="API keys",
        body=ApiKeyIn,
        needs_body=True,
        response=ApiKeyOut,
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/api_key/{api_key_id:uuid}",
        handler=delete_key,
        summary="Delete an API key",
        tag="API keys",
        response=Detail,
        errors=(BadRequest,),
    ),
)
