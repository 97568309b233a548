"""Small tools for every program, and the spine that the other `pepperpy.infra` wheels share."""

from . import redaction, wrapping
from ._addresses import is_valid_email, is_valid_url
from ._batching import Batching
from ._blocks import BothFaces
from ._clock import Clock, FakeClock
from ._closers import arun_closers, register_closer, run_closers
from ._deadline import DeadlineExceededError, deadline
from ._durations import InvalidDurationError, to_seconds
from ._errors import (
    InfraError,
    InvalidArgumentError,
    MissingExtraError,
    UtilsError,
    passes_through,
    require_extra,
)
from ._files import get_file_extension, get_file_mime_type, get_file_size
from ._forks import AfterFork, register_after_fork
from ._ids import HashAlgorithmError, generate_id, generate_timestamp, hash_string
from ._inspection import Inspectable, inspectables, register_inspectable
from ._json import JSONFileError, JSONValueError, load_json, save_json
from ._lock import ForkSafeLock
from ._loops import running_loop
from ._nearest import did_you_mean, nearest
from ._objects import dict_to_object, object_to_dict
from ._replace import replace_file
from ._retry import InvalidRetryError, RetryAttempt, RetryBudget, async_retry, retry
from ._shape import ObjectConversionError, UnsafeKeyError
from ._signals import Signal, emit, listening, subscribe
from ._text import slugify, truncate_string
from ._weakly import Weakly

__all__ = [
    "AfterFork",
    "Batching",
    "BothFaces",
    "Clock",
    "DeadlineExceededError",
    "FakeClock",
    "ForkSafeLock",
    "HashAlgorithmError",
    "InfraError",
    "Inspectable",
    "InvalidArgumentError",
    "InvalidDurationError",
    "InvalidRetryError",
    "JSONFileError",
    "JSONValueError",
    "MissingExtraError",
    "ObjectConversionError",
    "RetryAttempt",
    "RetryBudget",
    "Signal",
    "UnsafeKeyError",
    "UtilsError",
    "Weakly",
    "arun_closers",
    "async_retry",
    "deadline",
    "dict_to_object",
    "did_you_mean",
    "emit",
    "generate_id",
    "generate_timestamp",
    "get_file_extension",
    "get_file_mime_type",
    "get_file_size",
    "hash_string",
    "inspectables",
    "is_valid_email",
    "is_valid_url",
    "listening",
    "load_json",
    "nearest",
    "object_to_dict",
    "passes_through",
    "redaction",
    "register_after_fork",
    "register_closer",
    "register_inspectable",
    "replace_file",
    "require_extra",
    "retry",
    "run_closers",
    "running_loop",
    "save_json",
    "slugify",
    "subscribe",
    "to_seconds",
    "truncate_string",
    "wrapping",
]
