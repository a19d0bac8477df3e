from __future__ import annotations

import base64
import errno
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.abc
import pytest

from langflow_lite.errors import SettingsError, StorageBusy, StorageFull
from langflow_lite.job import Job, JobResult, JobStatus
from langflow_lite.jobs import callbacks as callbacks_module
from langflow_lite.jobs.callbacks import Callbacks, signature, signing_key
from langflow_lite.models.outbound import OutboundClients
from langflow_lite.settings import Settings
from langflow_lite.storage.jobs import JobTable
from langflow_lite.values import utc_now
from tests.jobs.support import new_job

pytestmark = pytest.mark.anyio
KEY = b"a key"


@dataclass
class Receiver:
    """A receiver of callbacks on a real socket, which answers with these statuses in order, the last one for ever."""

    url: str
    statuses: list[int]
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    async def received(self, count: int) -> None:
        while len(self.requests) < count:
            await self._changed.wait()

    async def answer(self, stream: anyio.abc.SocketStream) -> None:
        async with stream:
            head, _, body = (await stream.receive()).partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")[1:]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            while len(body) < int(headers["content-length"]):
                body += await stream.receive()
            self.requests.append((headers, body))
            self._changed.set()
            self._changed = anyio.Event()
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            extra = "Location: http://127.0.0.1:1/\r\n" if 300 <= status < 400 else ""
            await stream.send(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{extra}Connection: close\r\n\r\n".encode())


@asynccontextmanager
async def receiver(*statuses: int) -> AsyncIterator[Receiver]:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        receiver = Receiver(f"http://127.0.0.1:{port}/told", list(statuses))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, receiver.answer)
            yield receiver
            tasks.cancel_scope.cancel()


@pytest.fixture
async def outbound() -> AsyncIterator[OutboundClients]:
    async with OutboundClients(Settings(environ={})) as clients:
        yield clients


Make = Callable[..., Callbacks]


@pytest.fixture
def callbacks(table: JobTable, outbound: OutboundClients) -> Make:
    async def key() -> bytes:
        return KEY

    def make(*delays: float) -> Callbacks:
        return Callbacks(table, outbound, lambda job: {"job_id": job.id, "status": job.status}, key, delays=delays)

    return make


async def ended(table: JobTable, url: str) -> Job:
    """A job that has ended and is to be told."""
    job = await table.insert(new_job(callback_url=url))
    job.status, job.result, job.finished_at = JobStatus.COMPLETED, JobResult(), utc_now()
    job.callback_state = "pending"
    await table.finish(job, 1, [b"{}"])
    return job


async def state_of(table: JobTable, job: Job) -> str:
    """The callback's state, once it is settled."""
    with anyio.fail_after(30):
        while (state := (await table.get(job.id)).callback_state) == "pending":
            await anyio.sleep(0.005)
    assert state is not None
    return state


async def test_the_final_object_is_posted_with_a_signature_that_verifies(table: JobTable, callbacks: Make):
    async with receiver(204) as told, callbacks() as calls:
        job = await ended(table, told.url)
        calls.notify(job)
        assert await state_of(table, job) == "delivered"
    [(headers, body)] = told.requests
    assert json.loads(body) == {"job_id": job.id, "status": "completed"}
    assert headers["webhook-id"] == job.id
    assert abs(int(headers["webhook-timestamp"]) - utc_now().timestamp()) < 60
    signed = f"{job.id}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


async def test_a_refusing_receiver_is_asked_again_under_the_same_id(table: JobTable, callbacks: Make):
    async with receiver(500, 302, 429, 200) as told, callbacks(0, 0, 0) as calls:
        job = await ended(table, told.url)
        calls.notify(job)
        assert await state_of(table, job) == "delivered"
    assert [headers["webhook-id"] for headers, _ in told.requests] == [job.id] * 4


async def test_a_receiver_that_goes_on_refusing_is_given_up(table: JobTable, callbacks: Make):
    async with receiver(500) as told, callbacks(0, 0) as calls:
        job = await ended(table, told.url)
        calls.notify(job)
        assert await state_of(table, job) == "failed"
    assert len(told.requests) == 3


async def test_a_receiver_that_is_gone_is_not_asked_again(table: JobTable, callbacks: Make):
    async with receiver(410) as told, callbacks(0, 0) as calls:
        job = await ended(table, told.url)
        calls.notify(job)
        assert await state_of(table, job) == "failed"
    assert len(told.requests) == 1


async def test_a_receiver_that_does_not_listen_is_tried_again(table: JobTable, callbacks: Make):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        async with callbacks(0) as calls:
            job = await ended(table, url)
            calls.notify(job)
            assert await state_of(table, job) == "failed"


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[fd00::1]/"])
async def test_private_addresses_are_refused_without_a_second_try(table: JobTable, callbacks: Make, url: str):
    async with callbacks(3600) as calls:
        job = await ended(table, url)
        calls.notify(job)
        assert await state_of(table, job) == "failed"


async def test_what_was_not_delivered_is_told_by_the_next_start(table: JobTable, callbacks: Make):
    async with receiver(500, 200) as told:
        job = await ended(table, told.url)
        async with callbacks(3600):
            await told.received(1)
        assert (await table.get(job.id)).callback_state == "pending"
        async with callbacks():
            assert await state_of(table, job) == "delivered"
        async with callbacks():
            assert len(told.requests) == 2


async def test_a_shortage_here_is_not_held_against_the_receiver(
    table: JobTable, outbound: OutboundClients, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(callbacks_module, "_FIRST_PAUSE", 0)
    troubles: list[Exception] = [OSError(errno.EMFILE, "Too many open files"), RuntimeError("can't start new thread")]
    unstored: list[Exception] = [StorageBusy("locked"), StorageFull("full")]
    set_state = table.set_callback_state

    async def key() -> bytes:
        if troubles:
            raise troubles.pop()
        return KEY

    async def set_callback_state(job_id: str, state: str) -> None:
        if unstored:
            raise unstored.pop()
        await set_state(job_id, state)

    monkeypatch.setattr(table, "set_callback_state", set_callback_state)
    async with receiver(204) as told, Callbacks(table, outbound, lambda job: {}, key, delays=()) as calls:
        job = await ended(table, told.url)
        calls.notify(job)
        assert await state_of(table, job) == "delivered"
    assert len(told.requests) == 1
    assert not troubles
    assert not unstored


async def test_jobs_without_a_callback_are_told_to_nobody(table: JobTable, callbacks: Make):
    async with callbacks() as calls:
        calls.notify(await table.insert(new_job()))
        assert await table.with_callback_due() == []


def test_secrets_are_read_as_the_specification_writes_them():
    assert signing_key("whsec_" + base64.b64encode(b"bytes").decode()) == b"bytes"
    assert signing_key("any text") == b"any text"
    assert signing_key("", b"one") != signing_key("", b"two")
    with pytest.raises(SettingsError, match="LANGFLOW_CALLBACK_SECRET"):
        signing_key("whsec_not base64!")


def test_the_signature_is_that_of_the_specification():
    # The example of the Standard Webhooks specification's reference libraries.
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
