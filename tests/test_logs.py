from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

from langflow_lite.logs import LineFormatter, configure_logging


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx2", "httpcore2", "aiosqlite", "asyncio")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_a_record_is_time_level_and_message_on_standard_error(capsys: pytest.CaptureFixture[str]):
    configure_logging("info")
    logging.getLogger("langflow_lite.x").info("started %s", "well")
    logging.getLogger("langflow_lite.x").debug("unseen")
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO started well\n", err)


def test_a_record_stays_one_line_with_its_traceback(capsys: pytest.CaptureFixture[str]):
    configure_logging("info")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("langflow_lite.x").exception("failed\r\n2026-01-01T00:00:00.000Z INFO forged")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "ValueError: two\\nlines" in err


def test_libraries_that_log_addresses_are_heard_only_when_debugging(capsys: pytest.CaptureFixture[str]):
    configure_logging("info")
    logging.getLogger("httpx2").info("GET https://provider.example/?key=secret")
    assert capsys.readouterr().err == ""


def test_the_formatter_adds_no_colour_and_no_logger_name():
    record = logging.LogRecord("some.logger", logging.WARNING, "file", 1, "message", None, None)
    assert LineFormatter().format(record).endswith("Z WARNING message")
