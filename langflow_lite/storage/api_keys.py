"""ApiKeyStore: who may call. Only hashes of keys are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Sequence
from datetime import datetime

import msgspec

from langflow_lite.errors import NotFound
from langflow_lite.ids import new_id
from langflow_lite.storage.columns import from_micros, to_micros
from langflow_lite.storage.database import Database
from langflow_lite.values import utc_now

__all__ = ["ApiKey", "ApiKeyStore"]

_PREFIX = "sk-"
_RANDOM_BYTES = 32
_SHOWN = len(_PREFIX) + 4
_USAGE_INTERVAL = 10.0
_BUCKET = 4


class ApiKey(msgspec.Struct, kw_only=True):
    """An API key without the key: `masked` is its beginning and stars. Times are aware."""

    id: str
    name: str | None
    masked: str
    created_at: datetime
    expires_at: datetime | None = None
    is_active: bool = True
    last_used_at: datetime | None = None
    total_uses: int = 0


class ApiKeyStore:
    """API keys, in memory for checking; call `load` once before. Every key may do everything.

    `given` is a further key that is accepted without being stored, as long as this store lives.
    """

    def __init__(self, database: Database, given: str = "") -> None:
        self._database = database
        self._given = ApiKey(id="", name="LANGFLOW_API_KEY", masked="", created_at=utc_now()) if given else None
        self._given_hash = _hash(given)
        self._by_id: dict[str, ApiKey] = {}
        self._buckets: dict[bytes, list[tuple[bytes, ApiKey]]] = {}
        self._used: dict[str, ApiKey] = {}
        self._next_save = 0.0

    async def load(self) -> None:
        """Read all keys into memory."""
        for row in await self._database.fetch_all(
            "SELECT hash, id, name, hint, created_at, expires_at, is_active, last_used_at, total_uses "
            "FROM api_keys ORDER BY seq"
        ):
            key = ApiKey(
                id=row[1],
                name=row[2],
                masked=_masked(row[3]),
                created_at=from_micros(row[4]),
                expires_at=_moment(row[5]),
                is_active=bool(row[6]),
                last_used_at=_moment(row[7]),
                total_uses=row[8],
            )
            self._keep(bytes(row[0]), key)

    @property
    def has_usable(self) -> bool:
        """Whether there is a key that would be accepted now."""
        now = utc_now()
        return self._given is not None or any(_is_usable(key, now) for key in self._by_id.values())

    def list(self) -> Sequence[ApiKey]:
        """All stored keys, oldest first."""
        return list(self._by_id.values())

    def verify(self, plaintext: str) -> ApiKey | None:
        """The record of this key, None when it does not exist, is inactive or has expired. Counts the use."""
        digest = _hash(plaintext)
        if self._given is not None and hmac.compare_digest(self._given_hash, digest):
            return self._given
        # Only the bucket is found by ordinary comparison; what decides takes the same time for every wrong key.
        bucket = self._buckets.get(digest[:_BUCKET], ())
        found = next((key for known, key in bucket if hmac.compare_digest(known, digest)), None)
        now = utc_now()
        if found is None or not _is_usable(found, now):
            return None
        found.total_uses += 1
        found.last_used_at = now
        self._used[found.id] = found
        if time.monotonic() >= self._next_save:
            self.save_usage()
        return found

    async def create(self, name: str | None = None, *, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
        """Make a key. Returns its record and, this once, the key itself: `sk-` and 43 random characters."""
        plaintext = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        digest = _hash(plaintext)
        hint = plaintext[:_SHOWN]
        key = ApiKey(id=new_id(), name=name, masked=_masked(hint), created_at=utc_now(), expires_at=expires_at)
        row = (key.id, name, digest, hint, to_micros(key.created_at), expires_at and to_micros(expires_at))

        def unit(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO api_keys (id, name, hash, hint, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)", row
            )

        def after(_: None) -> None:
            self._keep(digest, key)

        await self._database.writer.commit(unit, after)
        return key, plaintext

    async def delete(self, key_id: str) -> None:
        """Delete a key: it is refused from now on. Raises `NotFound`."""

        def unit(connection: sqlite3.Connection) -> None:
            if not connection.execute("DELETE FROM api_keys WHERE id = ?", (key_id,)).rowcount:
                raise NotFound("API Key not found")

        def after(_: None) -> None:
            del self._by_id[key_id]
            for bucket in self._buckets.values():
                bucket[:] = [entry for entry in bucket if entry[1].id != key_id]

        await self._database.writer.commit(unit, after)

    def save_usage(self) -> None:
        """Hand over the counts of uses that are not stored yet; happens by itself at most every ten seconds."""
        used, self._used = self._used, {}
        self._next_save = time.monotonic() + _USAGE_INTERVAL
        rows = [(key.total_uses, to_micros(key.last_used_at), key.id) for key in used.values() if key.last_used_at]
        if rows:
            self._database.writer.append(
                lambda c: c.executemany("UPDATE api_keys SET total_uses = ?, last_used_at = ? WHERE id = ?", rows)
            )

    def _keep(self, digest: bytes, key: ApiKey) -> None:
        self._by_id[key.id] = key
        self._buckets.setdefault(digest[:_BUCKET], []).append((digest, key))


def _hash(plaintext: str) -> bytes:
    return hashlib.sha256(plaintext.encode("utf-8", "surrogatepass")).digest()


def _masked(hint: str) -> str:
    return hint + "*" * 8


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _is_usable(key: ApiKey, now: datetime) -> bool:
    return key.is_active and (key.expires_at is None or now < key.expires_at)
