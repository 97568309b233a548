"""Repetitions: a line that comes again and again is told once, with how often it came."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import to_seconds

from ._errors import InvalidOptionError
from ._exceptions import name_of
from ._json import encode, stamp
from ._record import told_of
from ._values import safe_text

if TYPE_CHECKING:
    import logging

    from ._clean import Cleaner

RUNS_LIMIT: Final = 256
LONGEST: Final = 16_384  # bytes; what is longer is no repetition
USUAL_WINDOW: Final = 5.0


def window_of(given: Any) -> float | None:
    """What the option ``repeats`` stands for, in seconds.

    Raises:
        InvalidOptionError: If it is no duration.
    """
    if given is None or given is False:
        return None
    seconds = USUAL_WINDOW if given is True else to_seconds(given)
    if 0 < seconds < math.inf:
        return seconds
    raise InvalidOptionError(
        f"repeats must be True, False, positive seconds, or a timedelta; got {given!r}",
        option="repeats",
    )


class Seen:
    """What a line would show, apart from its time: two that are equal are repetitions.

    Made of what is shown and not of the objects themselves, whose `__eq__` and `__hash__` may do
    anything, and whose secrets are none of our memory's business.
    """

    __slots__ = ("at", "fields", "key", "logger", "message", "record")

    def __init__(self, record: logging.LogRecord, cleaner: Cleaner) -> None:
        self.record = record
        self.logger = record.name
        self.at = stamp(record.created)
        self.message = cleaner.message(record)
        self.fields: dict[str, Any] = {}
        cleaner.fill(self.fields, record)
        error = record.exc_info[1] if record.exc_info else None
        told = None
        if error is not None:
            told = [cleaner.redact_text(text) for text in (name_of(error), safe_text(error))]
        self.key = encode([record.levelno, self.message, self.fields, told])


class Repeats:
    """Decides line by line; whoever uses it brings the time and the lock.

    For each logger it remembers the last line, for as long as *window* seconds; of the loggers,
    those that were heard last.
    """

    def __init__(self, window: float) -> None:
        self.window = window
        self._runs: OrderedDict[str, _Run] = OrderedDict()

    def take(self, seen: Seen, now: float) -> tuple[list[logging.LogRecord], bool]:
        """What is to be told before the line, and whether the line itself passes now."""
        run = self._runs.get(seen.logger)
        if run is not None and run.key == seen.key and now - run.since < self.window:
            run.hold(seen)
            self._runs.move_to_end(seen.logger)
            return [], False
        told = [] if run is None else run.told()
        if len(seen.key) <= LONGEST:
            self._runs[seen.logger] = _Run(seen.key, now)
            self._runs.move_to_end(seen.logger)
            if len(self._runs) > RUNS_LIMIT:
                told += self._runs.popitem(last=False)[1].told()
        elif run is not None:
            del self._runs[seen.logger]
        return told, True

    def take_due(self, now: float) -> list[logging.LogRecord]:
        """What has to be told because its window is over."""
        over = [name for name, run in self._runs.items() if now - run.since >= self.window]
        return [record for name in over for record in self._runs.pop(name).told()]

    def take_all(self) -> list[logging.LogRecord]:
        """All that is held back."""
        runs, self._runs = self._runs, OrderedDict()
        return [record for run in runs.values() for record in run.told()]

    @property
    def next_due(self) -> float | None:
        """When the next window ends in which something is held back."""
        return min(
            (run.since + self.window for run in self._runs.values() if run.count), default=None
        )

    @property
    def held(self) -> int:
        """How many lines are held back."""
        return sum(run.count for run in self._runs.values())


class _Run:
    """A line that was written, and its repetitions that were not."""

    __slots__ = ("count", "first", "key", "last", "since")

    first: Seen
    last: Seen

    def __init__(self, key: bytes, now: float) -> None:
        self.key = key
        self.since = now
        self.count = 0

    def hold(self, seen: Seen) -> None:
        """Count one more."""
        # What is kept has no error any more: its frames would keep all their variables alive.
        seen.record = told_of(seen.record, "", {})
        if not self.count:
            self.first = seen
        self.last = seen
        self.count += 1

    def told(self) -> list[logging.LogRecord]:
        """One record for all that is held back."""
        if not self.count:
            return []
        first, last = self.first, self.last
        times = "1 time" if self.count == 1 else f"{self.count} times"
        added = {"repeated": self.count, "first_at": first.at, "last_at": last.at}
        message = f"repeated {times}: {first.message}"
        return [told_of(last.record, message, {**first.fields, **added})]
