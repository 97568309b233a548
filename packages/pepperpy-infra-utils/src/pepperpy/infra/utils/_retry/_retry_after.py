"""When the server says that one should come again."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_NAMES = ("Retry-After", "retry-after", b"Retry-After", b"retry-after")
ATTRIBUTES = ("retry_after", "headers", "response")
"""Where an error may carry it."""


def retry_after(error: BaseException, now: float) -> float | None:
    """Seconds that *error* asks to wait, never negative; `None` if it does not ask.

    Looks at ``error.retry_after`` and at the ``Retry-After`` header of ``error`` or
    ``error.response``: seconds or a date.  What makes no sense is ignored.

    Args:
        error: Anything; it may be as hostile as it likes.
        now: The clock's time, for dates.

    Examples:
        >>> error = OSError("busy")
        >>> error.headers = {"retry-after": "120"}
        >>> retry_after(error, now=0.0)
        120.0
    """
    try:
        for value in _candidates(error):
            seconds = _in_seconds(value, now)
            if seconds is not None:
                return max(0.0, seconds)
    except Exception:  # noqa: BLE001 - foreign objects, and their errors must not mask the real one
        return None
    return None


def _candidates(error: BaseException) -> Iterator[object]:
    yield getattr(error, "retry_after", None)
    yield from _header(getattr(error, "headers", None))
    yield from _header(getattr(getattr(error, "response", None), "headers", None))


def _header(headers: Any) -> Iterator[object]:
    if headers is None:
        return
    for name in _NAMES:
        yield headers.get(name)
    if isinstance(headers, dict):
        for key, value in cast("dict[object, object]", headers).items():
            if isinstance(key, (str, bytes)) and key.lower() in _NAMES:
                yield value


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
