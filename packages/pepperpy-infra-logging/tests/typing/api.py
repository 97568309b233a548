"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

from pepperpy.infra.logging import (
    BoundLogger,
    CapturedLog,
    CapturedLogs,
    InfraLogger,
    InvalidLevelError,
    LogLevel,
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
    initialize_logging({"level": "INFO"}, console=False)
    shutdown_logging()


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
    with log_level(LogLevel.DEBUG, "app"):
        pass
    try:
        set_log_level("loud")
    except InvalidLevelError as error:
        assert_type(error.code, str)


async def contexts() -> None:
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
