"""Who is calling: what clients of a server with users ask at their start, answered for the one user there is."""

from __future__ import annotations

from typing import Any

import msgspec

from langflow_lite.errors import Forbidden, Unauthorized
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.wire import USER_NAME

__all__ = ["ENDPOINTS"]

_NO_PASSWORDS = "There are no users and passwords here: send an API key in the x-api-key header or as bearer token"


class Tokens(msgspec.Struct):
    """Tokens of a login: empty, because local callers need none (an empty bearer token counts as none)."""

    access_token: str = ""
    refresh_token: str = ""
    token_type: str = "bearer"  # noqa: S105


class User(msgspec.Struct, kw_only=True):
    """The one user."""

    id: str
    username: str = USER_NAME
    profile_image: None = None
    store_api_key: None = None
    is_active: bool = True
    is_superuser: bool = True
    create_at: None = None
    updated_at: None = None
    last_login_at: None = None
    optins: dict[str, bool] = {}


class Users(msgspec.Struct):
    """All users: the one."""

    total_count: int
    users: list[User]


class Session(msgspec.Struct):
    """Whether the caller may use the API, and as whom."""

    authenticated: bool
    user: User | None = None
    store_api_key: None = None


class Done(msgspec.Struct):
    """That it is done."""

    message: str


class AutoLoginDisabled(Forbidden):
    """403: callers need a key here."""

    code = "AUTO_LOGIN_DISABLED"

    @property
    def detail(self) -> dict[str, Any]:
        """Object with the flag that clients look for."""
        return {"message": self.message, "auto_login": False}


class StoreState(msgspec.Struct):
    """That there is no store."""

    enabled: bool = False


class StoreKey(msgspec.Struct):
    """That there is no key of a store."""

    has_api_key: bool = False
    is_valid: bool = False


class StoreContent(msgspec.Struct):
    """Nothing."""

    count: int = 0
    authorized: bool = False
    results: list[Any] = []


async def auto_login(call: Call) -> Tokens:
    """Whether local callers are let in without a key; no token is issued in either case."""
    settings = call.runtime.settings
    if not (settings.is_loopback and settings.auto_login):
        raise AutoLoginDisabled("Auto login is disabled: " + _NO_PASSWORDS[0].lower() + _NO_PASSWORDS[1:])
    return Tokens()


async def log_in(call: Call) -> Tokens:
    """Refused: no password exists that could be right."""
    raise Unauthorized(_NO_PASSWORDS)


async def log_out(call: Call) -> Done:
    """Nothing to do: there are no cookies and no sessions."""
    return Done("Logout successful")


async def session(call: Call) -> Session:
    """Whether this request may use the API."""
    if not call.scope.get("langflow_lite.authenticated"):
        return Session(authenticated=False)
    return Session(authenticated=True, user=User(id=call.runtime.user_id))


async def whoami(call: Call) -> User:
    """The one user."""
    return User(id=call.runtime.user_id)


async def list_users(call: Call) -> Users:
    """All users."""
    return Users(1, [User(id=call.runtime.user_id)])


async def store_state(call: Call) -> StoreState:
    """There is no store."""
    return StoreState()


async def store_key(call: Call) -> StoreKey:
    """There is no store."""
    return StoreKey()


async def store_content(call: Call) -> StoreContent:
    """There is no store."""
    return StoreContent()


async def store_tags(call: Call) -> list[str]:
    """There is no store."""
    return []


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/auto_login",
        handler=auto_login,
        summary="Whether a key is needed",
        tag="Session",
        response=Tokens,
        errors=(AutoLoginDisabled,),
        public=True,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/login",
        handler=log_in,
        summary="Log in with a password, which nobody has",
        tag="Session",
        response=Tokens,
        errors=(Unauthorized,),
        public=True,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/refresh",
        handler=log_in,
        summary="Renew a login, which nobody has",
        tag="Session",
        response=Tokens,
        errors=(Unauthorized,),
        public=True,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/logout",
        handler=log_out,
        summary="Log out",
        tag="Session",
        response=Done,
        public=True,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/session",
        handler=session,
        summary="Whether the caller may use the API",
        tag="Session",
        response=Session,
        public=True,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/users/whoami",
        handler=whoami,
        summary="The user",
        tag="Session",
        response=User,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/users/",
        handler=list_users,
        summary="List users",
        tag="Session",
        response=Users,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/store/check/",
        handler=store_state,
        summary="Whether there is a store",
        tag="Store",
        response=StoreState,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/store/check/api_key",
        handler=store_key,
        summary="Whether there is a key of a store",
        tag="Store",
        response=StoreKey,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/store/components/",
        handler=store_content,
        summary="List the store",
        tag="Store",
        response=StoreContent,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/store/tags",
        handler=store_tags,
        summary="List the tags of the store",
        tag="Store",
        response=list[str],
    ),
)
