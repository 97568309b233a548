"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import assert_type

from pepperpy.infra.logging import (
    BoundLogger,
    CapturedLog,
    CapturedLogs,
    InfraLogger,
    InvalidLevelError,
    LogLevel,
    QueuePolicy,
    Sampling,
    bind,
    capture_logs,
    configure_logging,
    get_logger,
    initialize_logging,
    log_context,
    log_level,
    set_log_level,
    shutdown_logging,
)
from pepperpy.infra.utils.redaction import Redactor


def configuring() -> None:
    configure_logging()
    configure_logging("INFO", "%(message)s", "app.log", False)
    configure_logging(level=LogLevel.DEBUG, log_file=Path("app.log"), format="json")
    configure_logging(file_format="json", levels={"urllib3": "WARNING", "app": 10}, redact=["cpf"])
    configure_logging(redact=Redactor(names=["cpf"]), capture_warnings=True)
    configure_logging(sampling=Sampling(first=5, per=timedelta(seconds=1)), repeats=5.0)
    configure_logging(sampling={"first": 5}, repeats=timedelta(seconds=5))
    initialize_logging({"level": "INFO"}, console=False)
    initialize_logging(sampling=True, repeats=True)
    shutdown_logging()


def queueing_and_rotating() -> None:
    policy = QueuePolicy(max_lines=10, max_size="1 MiB", overflow="drop_below", level="ERROR")
    assert_type(policy.max_lines, int)
    configure_logging(log_file="app.log", queue=policy, rotation="100 MB", retention=5)
    configure_logging(queue={"timeout": 0.5}, rotation=timedelta(days=1), retention="30 days")
    configure_logging(queue=QueuePolicy(timeout=timedelta(seconds=1)), rotation=10_000_000)


def logging_lines() -> None:
    log = assert_type(get_logger(__name__), InfraLogger)
    plain: logging.Logger = log
    log.info("hello %s", "ann", user="ann", extra={"n": 1}, stacklevel=2)
    log.exception("failed", order=7)  # noqa: LOG004
    log.log("INFO", "x", exc_info=True)
    assert_type(log.bind(a=1), BoundLogger)
    assert_type(bind(plain, a=1).unbind("a"), BoundLogger)


def levels() -> None:
    set_log_level("DEBUG")
    set_log_level(None, "app")
    set_log_level("DEBUG", "app", duration=300)
    set_log_level("DEBUG", duration=timedelta(minutes=5))
    with log_level(LogLevel.DEBUG, "app"):
        pass
    try:
        set_log_level("loud")
    except InvalidLevelError as error:
        assert_type(error.code, str)


@log_context(job="nightly")
def decorated(number: int) -> str:
    return str(number)


@log_context(job="nightly")
async def decorated_too(number: int) -> str:
    return str(number)


async def contexts() -> None:
    assert_type(decorated(1), str)
    assert_type(await decorated_too(1), str)
    with log_context(request_id="r") as block:
        assert_type(block, log_context)
    with log_context(request_id="r"):
        pass
    async with log_context(request_id="r"), log_level("DEBUG"):
        pass


def testing() -> None:
    with capture_logs("INFO", "app") as logs:
        assert_type(logs, CapturedLogs)
    assert_type(logs[0], CapturedLog)
    assert_type(logs[0].fields, Mapping[str, object])
    assert_type(logs.messages, list[str])
