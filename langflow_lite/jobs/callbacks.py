"""Callbacks: telling an ended job to the address that its request named."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import anyio
import anyio.abc

from langflow_lite.context import Outbound
from langflow_lite.errors import JobNotFound, OutboundRefused, SettingsError
from langflow_lite.job import Job
from langflow_lite.values import to_json

__all__ = ["CallbackStore", "Callbacks", "signature", "signing_key", "spelled"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

DELAYS = (5.0, 20.0, 80.0, 320.0, 1280.0, 3600.0, 3600.0)
"""Seconds between the attempts, in order; a tenth more or less at random, so that receivers that were down are not
flooded at once."""

_AT_ONCE = 16
_ANSWER_SECONDS = 15.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 300.0
_GONE = 410
_PREFIX = "whsec_"
_DERIVED = b"langflow_lite callbacks"


class CallbackStore(Protocol):
    """Where it is kept who has still to be told."""

    async def get(self, job_id: str) -> Job:
        """The job as it is stored; raises `JobNotFound`."""

    async def with_callback_due(self) -> Sequence[str]:
        """Ids of ended jobs whose callback was neither delivered nor given up, oldest first."""

    async def set_callback_state(self, job_id: str, state: str) -> None:
        """Record how telling the callback ended: "delivered" or "failed"."""


class Callbacks:
    """Posts ended jobs, signed, until the receiver answers with a 2xx status; an async context manager.

    The request follows the Standard Webhooks specification 1.0: `webhook-id` is the job's id, the same in every
    attempt; `webhook-timestamp` and `webhook-signature` are made anew for each. The body is `describe(job)`. A receiver
    that answers 410, or whose address must not be called, is not asked again; the others are, after each of `delays`.
    What is not delivered when the process ends is begun again by the next one. `key` makes the signing key when one is
    first needed.
    """

    def __init__(
        self,
        store: CallbackStore,
        outbound: Outbound,
        describe: Callable[[Job], Mapping[str, Any]],
        key: Callable[[], Awaitable[bytes]],
        *,
        delays: Sequence[float] = DELAYS,
    ) -> None:
        self._store = store
        self._outbound = outbound
        self._describe = describe
        self._make_key = key
        self._key: bytes | None = None
        self._delays = delays
        self._turns = anyio.CapacityLimiter(_AT_ONCE)
        self._stack = AsyncExitStack()
        self._tasks: anyio.abc.TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        for job_id in await self._store.with_callback_due():
            self._tasks.start_soon(self._tell, job_id)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        tasks, self._tasks = self._tasks, None
        if tasks is not None:
            tasks.cancel_scope.cancel()
        return await self._stack.__aexit__(kind, error, trace)

    def notify(self, job: Job) -> None:
        """Tell this job, if somebody asked for it. During a shutdown it is left to the next start."""
        if job.callback_state == "pending" and self._tasks is not None:
            self._tasks.start_soon(self._tell, job.id)

    async def _tell(self, job_id: str) -> None:
        # A job that was deleted meanwhile is nobody's concern any more.
        with suppress(JobNotFound):
            state = await self._deliver(job_id)
            await self._at_last(job_id, partial(self._store.set_callback_state, job_id, state))

    async def _deliver(self, job_id: str) -> str:
        for delay in (*self._delays, None):
            status, problem = await self._at_last(job_id, partial(self._attempt, job_id))
            if problem is None:
                return "delivered"
            if status == _GONE or status is None or delay is None:
                logger.warning("the callback of job %s is given up: %s", job_id, problem)
                return "failed"
            logger.info("the callback of job %s is tried again: %s", job_id, problem)
            await anyio.sleep(delay * random.uniform(0.9, 1.1))  # noqa: S311
        raise AssertionError("the last delay is None")

    async def _at_last(self, job_id: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do what only this server's own troubles can prevent, which are not the receiver's fault and pass.

        When the process ends first the callback is still due, so the next start tells it; receivers know it by its id.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                return await work()
            except JobNotFound:
                raise
            except Exception as error:
                logger.error("the callback of job %s has to wait: %s: %s", job_id, type(error).__name__, error)
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _attempt(self, job_id: str) -> tuple[int | None, str | None]:
        async with self._turns:
            return await self._post(*await self._request(job_id))

    async def _request(self, job_id: str) -> tuple[str, bytes, dict[str, str]]:
        """Address, body and headers of an attempt that is made now."""
        job = await self._store.get(job_id)
        key = self._key = self._key or await self._make_key()
        assert job.callback_url is not None
        body = to_json(self._describe(job))
        seconds = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": job_id,
            "webhook-timestamp": seconds,
            "webhook-signature": signature(key, job_id, seconds, body),
        }
        return job.callback_url, body, headers

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int | None, str | None]:
        """The status, 0 when there was no answer and None when there must be none; and what went wrong."""
        try:
            with anyio.fail_after(_ANSWER_SECONDS):
                client = self._outbound.client()
                # Closed unread: nothing of the answer but its status matters, however long it is.
                async with client.stream("POST", url, content=body, headers=headers) as answer:
                    status = answer.status_code
        except OutboundRefused as error:
            return None, error.message
        except TimeoutError:
            return 0, f"no answer within {_ANSWER_SECONDS:g} s"
        except Exception as error:
            return 0, f"{type(error).__name__}: {error}"
        return status, None if 200 <= status < 300 else f"status {status}"


def signature(key: bytes, message_id: str, seconds: str, body: bytes) -> str:
    """The value of `webhook-signature` (Standard Webhooks 1.0, symmetric signatures)."""
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def spelled(key: bytes) -> str:
    """A signing key as a secret: `whsec_` and base64."""
    return _PREFIX + base64.b64encode(key).decode()


def signing_key(secret: str, server_key: bytes = b"") -> bytes:
    """The key that a secret stands for: what `whsec_` and base64 spell, else its own bytes.

    Without a secret it is derived from the key of the server. Raises `SettingsError`.
    """
    if not secret:
        return hmac.digest(server_key, _DERIVED, "sha256")
    if not secret.startswith(_PREFIX):
        return secret.encode("utf-8", "surrogateescape")
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise SettingsError(f"LANGFLOW_CALLBACK_SECRET: what follows {_PREFIX} is not base64") from error
