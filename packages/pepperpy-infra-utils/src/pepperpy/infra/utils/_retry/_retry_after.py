"""When the server says that one should come again."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECONDS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_NAMES = ("Retry-After", "retry-after", b"Retry-After", b"retry-after")
ATTRIBUTES = ("retry_after", "headers", "response")
"""Where an error may carry it."""

# Of the error itself, of a response object, and of the response that botocore keeps as a dict.
_HEADERS: tuple[Callable[[Any], Any], ...] = (
    lambda error: error.headers,
    lambda error: error.response.headers,
    lambda error: error.response["ResponseMetadata"]["HTTPHeaders"],
)


def retry_after(error: BaseException, now: float) -> float | None:
    """Seconds that *error* asks to wait, more than 0; `None` if it does not ask.

    Looks at ``error.retry_after`` and at the ``Retry-After`` header of ``error`` or
    ``error.response``: seconds or a date.  What makes no sense is ignored, and so is "now": it
    would have a server that is in trouble called in a hot loop.

    Args:
        error: Anything; it may be as hostile as it likes.
        now: The clock's time, for dates.

    Examples:
        >>> error = OSError("busy")
        >>> error.retry_after = "7"
        >>> retry_after(error, 0.0)
        7.0
    """
    for value in _candidates(error):
        seconds = _tried(_in_seconds, value, now)
        if seconds is not None:
            return seconds if seconds > 0 else None
    return None


def _tried(function: Callable[..., Any], *args: object) -> Any:
    """The answer of *function*; `None` if it raises, which must not end the search."""
    try:
        return function(*args)
    except Exception:  # noqa: BLE001 - foreign objects
        return None


def _candidates(error: BaseException) -> Iterator[object]:
    yield _tried(getattr, error, "retry_after", None)
    for place in _HEADERS:
        headers = _tried(place, error)
        if headers is None:
            continue
        for name in _NAMES:
            yield _tried(_item, headers, name)
        if isinstance(headers, dict):
            for key, value in cast("dict[object, object]", headers).items():
                if isinstance(key, (str, bytes)) and key.lower() in _NAMES:
                    yield value


def _item(headers: Any, name: object) -> object:
    return headers.get(name)


def _in_seconds(value: object, now: float) -> float | None:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        value = moment.timestamp() - now
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _parsed(text: str) -> float | datetime | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    # A server's text, and the parser's ways to refuse one have changed with Python's versions.
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
