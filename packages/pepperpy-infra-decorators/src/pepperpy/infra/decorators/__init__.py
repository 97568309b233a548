"""Decorators for what many functions need: timing, call logs, deprecation, memory, checks."""

from pepperpy.infra.utils import async_retry, retry

from ._calls import log_calls
from ._deprecated import deprecated
from ._errors import (
    DecoratorsError,
    InvalidArgumentsError,
    InvalidOptionError,
    InvalidTargetError,
)
from ._exceptions import async_log_exceptions, log_exceptions
from ._memoize import async_memoize, memoize
from ._timed import async_timed, timed
from ._validate import validate_arguments

__all__ = [
    "DecoratorsError",
    "InvalidArgumentsError",
    "InvalidOptionError",
    "InvalidTargetError",
    "async_log_exceptions",
    "async_memoize",
    "async_retry",
    "async_timed",
    "deprecated",
    "log_calls",
    "log_exceptions",
    "memoize",
    "retry",
    "timed",
    "validate_arguments",
]
