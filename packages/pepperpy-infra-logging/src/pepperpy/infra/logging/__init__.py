"""Logging: the standard library's loggers with fields, JSON, whole lines and no secrets."""

from ._capture import CapturedLog, CapturedLogs, capture_logs
from ._configure import configure_logging, shutdown_logging
from ._context import log_context
from ._errors import (
    InvalidFormatError,
    InvalidLevelError,
    InvalidOptionError,
    LogFileError,
    LoggingError,
)
from ._initialize import initialize_logging
from ._levels import LogLevel, log_level, set_log_level
from ._logger import BoundLogger, InfraLogger, bind, get_logger
from ._queue_policy import QueuePolicy
from ._sampling import Sampling

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
    "QueuePolicy",
    "Sampling",
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
