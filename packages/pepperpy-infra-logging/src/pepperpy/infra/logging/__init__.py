"""Logging: the standard library's loggers with fields, JSON, whole lines and no secrets."""

from ._capture import CapturedLog, CapturedLogs, capture_logs
from ._configure import configure_logging, initialize_logging, shutdown_logging
from ._context import log_context
from ._errors import (
    InvalidFormatError,
    InvalidLevelError,
    InvalidOptionError,
    LogFileError,
    LoggingError,
)
from ._levels import LogLevel, log_level, set_log_level
from ._logger import BoundLogger, InfraLogger, bind, get_logger

__all__ = [
    "BoundLogger",
    "CapturedLog",
    "CapturedLogs",
    "InfraLogger",
    "InvalidFormatError",
    "InvalidLevelError",
    "InvalidOptionError",
    "LogFileError",
    "LogLevel",
    "LoggingError",
    "bind",
    "capture_logs",
    "configure_logging",
    "get_logger",
    "initialize_logging",
    "log_context",
    "log_level",
    "set_log_level",
    "shutdown_logging",
]
