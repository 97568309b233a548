"""When a log file is set aside, under which name, and for how long it is kept."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from ._amounts import size_of, span_of
from ._errors import InvalidOptionError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = 4 * 86_400  # the first one after the epoch, where weeks are counted from
_NAMED = {"hourly": 3600.0, "daily": 86_400.0, "weekly": 7 * 86_400.0}
_STAMP = "%Y-%m-%dT%H-%M-%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The limits of a log file, and of those that were set aside."""

    text: str
    max_size: float = inf
    period: float | None = None
    keep: int | None = None
    keep_for: float | None = None

    def ends_after(self, moment: float) -> float:
        """When the period ends that *moment* is in.

        Periods are counted from a Monday at midnight UTC.  So all processes agree on them without
        talking, and a restart changes nothing.
        """
        if self.period is None:
            return inf
        return moment - (moment - _MONDAY) % self.period + self.period


def rotation_of(rotation: Any, retention: Any, log_file: object) -> Rotation | None:
    """What ``rotation=`` and ``retention=`` stand for."""
    if rotation is None:
        if retention is not None:
            raise _wrong(
                "retention", "left out without rotation, which makes what is kept", retention
            )
        return None
    if log_file is None:
        raise InvalidOptionError("rotation needs a log_file, and there is none", option="rotation")
    limits = {**_limit(rotation), **_keeping(retention)}
    return Rotation(text=str(rotation), **limits)


def _limit(rotation: Any) -> dict[str, Any]:
    named = _NAMED.get(rotation.strip().lower()) if isinstance(rotation, str) else None
    period = named or span_of(rotation)
    if period is not None and period >= 1:
        return {"period": period}
    size = size_of(rotation)
    if size is None:
        raise _wrong(
            "rotation",
            "a size ('100 MB', '1 GiB', or bytes), a time of at least a second "
            "('1 day', '12 h', or a timedelta), or 'hourly', 'daily', 'weekly'",
            rotation,
        )
    return {"max_size": size}


def _keeping(retention: Any) -> dict[str, Any]:
    if retention is None:
        return {}
    files = int(retention) if _is_digits(retention) else retention
    if isinstance(files, int) and not isinstance(files, bool) and files >= 1:
        return {"keep": files}
    span = span_of(retention)
    if span is None:
        raise _wrong(
            "retention",
            "a number of files from 1 on, or a time ('30 days', a timedelta)",
            retention,
        )
    return {"keep_for": span}


def _is_digits(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10


def _wrong(option: str, wanted: str, value: object) -> InvalidOptionError:
    return InvalidOptionError(f"{option} must be {wanted}; got {value!r}", option=option)


class Shelf:
    """The files that were set aside for one log file, in its folder.

    ``app.log`` becomes ``app.2026-01-31T12-00-00.000000Z.log``, so names sort by time.
    """

    def __init__(self, path: str) -> None:
        self._folder, name = os.path.split(path)
        self._stem, self._suffix = os.path.splitext(name)
        self._is_ours = re.compile(
            rf"{re.escape(self._stem)}\.(\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{{6}}Z)"
            rf"{re.escape(self._suffix)}",
            re.ASCII,
        ).fullmatch

    def stamps(self) -> list[str]:
        """The times in the names, oldest first."""
        found = (self._is_ours(name) for name in os.listdir(self._folder))
        return sorted(each[1] for each in found if each and _moment(each[1]) is not None)

    def new_place(self, now: float) -> str:
        """An empty file with a name that is later than all others, to be replaced."""
        moment = _EPOCH + timedelta(seconds=now)
        # Also if the clock was set back, or counts in coarser steps.
        last = max(filter(None, map(_moment, self.stamps()[-1:])), default=_EPOCH)
        moment = max(moment, last + timedelta(microseconds=1))
        place = self._place(moment.strftime(_STAMP))
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return place

    def prune(self, rotation: Rotation, now: float) -> None:
        """Delete what need not be kept."""
        if rotation.keep is None and rotation.keep_for is None:
            return
        stamps = self.stamps()
        doomed = stamps[: -rotation.keep] if rotation.keep is not None else []
        if rotation.keep_for is not None:
            oldest = _EPOCH + timedelta(seconds=max(0.0, now - rotation.keep_for))
            doomed = [stamp for stamp in stamps if stamp < oldest.strftime(_STAMP)]
        for stamp in doomed:
            with suppress(FileNotFoundError):  # another process was quicker
                os.unlink(self._place(stamp))

    def _place(self, stamp: str) -> str:
        return os.path.join(self._folder, f"{self._stem}.{stamp}{self._suffix}")


def _moment(stamp: str) -> datetime | None:
    day, _, clock = stamp.removesuffix("Z").partition("T")
    try:
        return datetime.fromisoformat(f"{day}T{clock.replace('-', ':')}+00:00")
    except ValueError:  # of our form, but no date
        return None
