import json
import logging
import sqlite3
import threading
import urllib.error
import urllib.request

import anyio
import anyio.to_thread
import pytest

from langflow_lite.app import create_app
from langflow_lite.components.registry import Registry
from langflow_lite.errors import StorageError, StorageFull
from langflow_lite.storage import database as database_module
from langflow_lite.storage import writer as writer_module
from tests.http.conftest import running, serving

pytestmark = pytest.mark.anyio


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


async def ask(port, path="/health"):
    return await anyio.to_thread.run_sync(get, port, path)


def fsync_fails(connection):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    raise error


async def test_a_server_that_works_says_ok_and_nothing_else(settings):
    async with serving(settings) as port:
        assert await ask(port) == (200, {"status": "ok"})
        assert await ask(port, "/health_check") == (200, {"status": "ok", "chat": "ok", "db": "ok"})


async def test_components_are_loaded_behind_the_start_without_being_asked_for(make_settings, monkeypatch):
    loaded = anyio.Event()
    loading = Registry.loading

    def until_all_are_there(self):
        yield from loading(self)
        loaded.set()

    monkeypatch.setattr(Registry, "loading", until_all_are_there)
    with anyio.fail_after(30):
        async with running(make_settings()):
            await loaded.wait()


async def test_a_writer_that_refuses_is_named(settings):
    app = create_app(settings)
    async with serving(settings, app=app) as port:
        with pytest.raises(StorageError):
            await app.state.runtime.database.writer.commit(fsync_fails)
        status, body = await ask(port)
        assert (status, body["status"]) == (503, "nok")
        assert "did not confirm a write" in body["detail"]["db"]
        status, body = await ask(port, "/health_check")
        assert (status, body["status"], body["chat"], body["db"]) == (503, "nok", "ok", "STORAGE_FAILED")
        assert "did not confirm a write" in body["detail"]["db"]


async def test_a_write_that_the_disk_does_not_answer_is_named_until_it_does(settings, monkeypatch):
    monkeypatch.setattr(writer_module, "_STALLED_SECONDS", 0.0)
    app = create_app(settings)
    begun, answer = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        answer.wait(60)

    async with serving(settings, app=app) as port:
        ticket = app.state.runtime.database.writer.enqueue(slow)
        await anyio.to_thread.run_sync(begun.wait)
        status, body = await ask(port)
        assert status == 503
        assert "waiting for the disk" in body["detail"]["db"]
        answer.set()
        await ticket.wait()
        assert await ask(port) == (200, {"status": "ok"})


async def test_a_full_disk_is_told_by_the_check_until_there_is_room_again(settings, monkeypatch):
    def full(connection):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    app = create_app(settings)
    async with serving(settings, app=app) as port:
        with monkeypatch.context() as patch:
            patch.setattr(database_module, "_touch", full)
            assert (await ask(port, "/health_check"))[0] == 200
            with pytest.raises(StorageFull):
                await app.state.runtime.database.writer.commit(full)
            assert await ask(port) == (200, {"status": "ok"})
            assert (await ask(port, "/api/v1/flows/"))[0] == 200
            for _ in range(2):
                status, body = await ask(port, "/health_check")
                assert (status, body["status"], body["db"]) == (503, "nok", "STORAGE_FULL")
                assert "Free some disk space" in body["detail"]["db"]
        assert await ask(port, "/health_check") == (200, {"status": "ok", "chat": "ok", "db": "ok"})


async def test_a_unit_that_breaks_a_rule_is_no_trouble_of_the_disk(app, client):
    def twice(connection):
        connection.execute("INSERT INTO meta (key, value) VALUES ('user_id', 'again')")

    with pytest.raises(sqlite3.IntegrityError):
        await app.state.runtime.database.writer.commit(twice)
    assert app.state.runtime.database.writer.trouble is None


async def test_jobs_that_cannot_be_run_are_named(client, runtime):
    await runtime.jobs.drain(0)
    answer = await client.get("/health")
    assert answer.status_code == 503
    assert answer.json() == {"status": "nok", "detail": {"jobs": "The server is shutting down."}}
    assert (await client.get("/health_check")).json()["chat"] == "JOBS_STOPPED"


async def test_a_server_whose_tasks_have_died_is_named(settings, caplog, monkeypatch):
    def crash(*_):
        raise RuntimeError

    app = create_app(settings)
    with anyio.fail_after(30):
        async with serving(settings, app=app) as port:
            monkeypatch.setattr(app.state.runtime.database.writer, "_gather", crash)
            app.state.runtime.database.writer.append(lambda _: None)
            while "RuntimeError" not in app.state.failure:
                await anyio.lowlevel.checkpoint()
            status, body = await ask(port)
            assert status == 503
            assert "has failed (RuntimeError)" in body["detail"]
            assert (await ask(port, "/api/v1/flows/"))[0] == 503
    assert any(record.levelno == logging.CRITICAL for record in caplog.records)
