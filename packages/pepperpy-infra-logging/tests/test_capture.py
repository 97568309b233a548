from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from logging.handlers import BufferingHandler
from typing import Any

import pytest

from pepperpy.infra.logging import (
    bind,
    capture_logs,
    get_logger,
    log_context,
    set_log_level,
    shutdown_logging,
)

Lines = Callable[[], list[dict[str, Any]]]


def test_shows_level_logger_message_fields_context_and_error() -> None:
    error = ValueError("x")
    with capture_logs() as logs, log_context(request="r"):
        bind(get_logger("capture"), a=1).error("hello %s", "ann", b=2, exc_info=error)

    (line,) = logs
    assert (line.level, line.logger, line.message) == ("ERROR", "capture", "hello ann")
    assert (line.fields, line.context, line.error) == ({"a": 1, "b": 2}, {"request": "r"}, error)
    assert line.record.funcName == "test_shows_level_logger_message_fields_context_and_error"
    assert logs.messages == ["hello ann"]


def test_sees_every_level_whatever_the_loggers_are_set_to() -> None:
    log, plain = get_logger("capture.levels"), logging.getLogger("capture.plain")
    set_log_level("CRITICAL", "capture.levels")
    log.debug("before")
    with capture_logs() as logs:
        log.debug("a")
        log.bind(x=1).info("b")
        plain.debug("c")
        if log.isEnabledFor(5):
            log.log(5, "d")
    log.debug("after")
    set_log_level(None, "capture.levels")

    assert logs.messages == ["a", "b", "c", "d"]


def test_plain_loggers_stay_plain_inside_and_after() -> None:
    plain, converted = logging.getLogger("capture.stays"), logging.getLogger("capture.becomes")

    with capture_logs() as logs:
        with pytest.raises(TypeError, match="user"):
            plain.warning("x", user=1)  # type: ignore[call-arg]
        plain.debug("seen")
        get_logger("capture.becomes").info("x", user=1)

    assert logs.messages == ["seen", "x"]
    assert type(plain) is logging.Logger
    assert type(logging.root) in {logging.RootLogger, type(get_logger())}
    assert converted is get_logger("capture.becomes")
    converted.warning("still one of ours", user=1)  # type: ignore[call-arg]


def test_handlers_of_plain_loggers_get_what_they_would_have_got() -> None:
    got: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            got.append(record.getMessage())

    plain, handler = logging.getLogger("capture.plain.handlers"), Keeping()
    plain.addHandler(handler)
    plain.setLevel("WARNING")
    with capture_logs() as logs, capture_logs():
        plain.info("too low")
        plain.warning("high enough")
    plain.removeHandler(handler)

    assert logs.messages == ["too low", "high enough"]
    assert got == ["high enough"]


def test_plain_logger_that_is_new_is_seen_too() -> None:
    with capture_logs() as logs:
        logging.getLogger("capture.new").warning("x %s", 1, extra={"user": "ann"})

    assert (logs[0].message, logs[0].fields) == ("x 1", {"user": "ann"})


@pytest.mark.parametrize("then", ["the block ends", "it becomes one of ours"])
def test_plain_logger_in_the_midst_of_a_line_may_change_its_class(then: str) -> None:
    class Meanwhile:
        def __str__(self) -> str:
            if then == "the block ends":
                block.__exit__(None, None, None)
            else:
                get_logger(plain.name)
            return "x"

    plain, handler = logging.getLogger(f"midst.{then}"), BufferingHandler(9)
    plain.addHandler(handler)
    block = capture_logs()
    logs = block.__enter__()

    plain.warning(Meanwhile())

    if then != "the block ends":
        block.__exit__(None, None, None)
    plain.removeHandler(handler)
    assert logs.messages == ["x"]
    assert len(handler.buffer) == 1


def test_least_level_and_logger_can_be_chosen() -> None:
    with capture_logs("warning", "capture.some") as logs:
        get_logger("capture.some").info("too low")
        get_logger("capture.other").warning("elsewhere")
        get_logger("capture.something").warning("elsewhere")
        get_logger("capture.some.child").warning("yes")
        get_logger("capture.some").error("yes")

    assert logs.messages == ["yes", "yes"]


def test_handlers_receive_what_they_would_have_received(lines: Lines) -> None:
    set_log_level("INFO")
    log = get_logger("capture.handlers")
    with capture_logs() as logs:
        log.debug("off")
        log.info("on")
        log.bind(a=1).debug("off")
    log.debug("off")
    log.info("on")

    assert [line["message"] for line in lines()] == ["on", "on"]
    assert logs.messages == ["off", "on", "off"]


def test_needs_no_configuration_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shutdown_logging()

    with capture_logs() as logs:
        get_logger("capture").info("x")

    assert logs.messages == ["x"]
    assert capsys.readouterr() == ("", "")
    assert logging.root.handlers == []


def test_sees_all_threads_and_nests() -> None:
    with capture_logs() as outer:
        with capture_logs() as inner:
            thread = threading.Thread(target=lambda: get_logger("capture").info("thread"))
            thread.start()
            thread.join()
        get_logger("capture").info("outer")

    assert (inner.messages, outer.messages) == (["thread"], ["thread", "outer"])


def test_disabled_loggers_stay_silent() -> None:
    log = get_logger("capture.disabled")
    log.disabled = True
    with capture_logs() as logs:
        log.error("x")

    assert logs == []


def test_each_use_begins_empty() -> None:
    capture = capture_logs()
    with capture as first:
        get_logger("capture").info("x")
    with capture as second:
        pass

    assert (len(first), len(second)) == (1, 0)


def test_repr_shows_no_secret() -> None:
    with capture_logs() as logs:
        get_logger("capture").info("password=hunter2", token="hunter2", user="ann")

    assert repr(logs) == "[<INFO capture: password=*** {'token': '***', 'user': 'ann'}>]"
    assert logs[0].fields["token"] == "hunter2"
