"""Sampling: of lines that come in masses, the first ones and then every so many pass."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from pepperpy.infra.utils import to_seconds

from ._errors import InvalidOptionError
from ._levels import parse_level

if TYPE_CHECKING:
    import logging
    from datetime import timedelta

KINDS_LIMIT: Final = 4096
_LONG: Final = 200

# Logger, level, and template or the hash of a long one.
Kind: TypeAlias = "tuple[str, int, str | int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Which of many similar lines are written: those of one logger, level and message template.

    What is left out is counted, and told by the field ``sampled_out`` of the next line that passes.

    Raises:
        InvalidOptionError: If a number is out of its bounds.
        InvalidLevelError: If there is no such level.

    Examples:
        >>> Sampling(first=5, then_every=0, per=60).first
        5
    """

    first: int = 10
    """So many similar lines pass in each interval."""
    then_every: int = 100
    """And then every so manyth; 0 lets none of the rest pass."""
    per: float | timedelta = 1.0
    """The interval: seconds, or a `timedelta`."""
    below: int | str = "WARNING"
    """Lines of this level and above always pass."""

    def __post_init__(self) -> None:
        for name, least in (("first", 1), ("then_every", 0)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise _wrong(f"{name} of sampling must be a whole number >= {least}", value)
        if not 0 < to_seconds(self.per) < math.inf:
            raise _wrong("per of sampling must be positive seconds, or a timedelta", self.per)
        parse_level(self.below)


def _wrong(rule: str, value: object) -> InvalidOptionError:
    return InvalidOptionError(f"{rule}; got {value!r}", option="sampling")


class Sampler:
    """Decides line by line; whoever uses it brings the time and the lock.

    It remembers a limited number of kinds of lines.  The one that was seen longest ago is forgotten
    first; what had been left out of it then stands in *forgotten*.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._first, self._every = sampling.first, sampling.then_every
        self._per, self._below = to_seconds(sampling.per), parse_level(sampling.below)
        self._counts: OrderedDict[Kind, _Count] = OrderedDict()
        self.forgotten: list[tuple[Kind, int]] = []

    def kind_of(self, record: logging.LogRecord) -> Kind | None:
        """What a record is similar by; None if it passes anyway."""
        name, level, msg = record.name, record.levelno, record.msg
        # An object as message has no template: that would be its text, which differs each time.
        if type(name) is not str or type(level) is not int or type(msg) is not str:
            return None
        if level >= self._below:
            return None
        # Programs format messages themselves, and those can be long: they are not kept.
        return name, level, msg if len(msg) <= _LONG else hash(msg)

    def admit(self, kind: Kind, now: float) -> int | None:
        """How many were left out since the last one that passed; None if this one is left out."""
        count = self._counts.get(kind)
        if count is None:
            count = self._counts[kind] = _Count(now)
            self._forget_oldest()
        else:
            self._counts.move_to_end(kind)
            if now - count.since >= self._per:
                count.since, count.seen = now, 0
        count.seen += 1
        beyond = count.seen - self._first
        if beyond <= 0 or (self._every and beyond % self._every == 0):
            left_out, count.left_out = count.left_out, 0
            return left_out
        count.left_out += 1
        return None

    def take_all(self) -> list[tuple[Kind, int]]:
        """What was left out and not yet told, by kind; nothing is left out after that."""
        rest = [(kind, count.left_out) for kind, count in self._counts.items() if count.left_out]
        rest, self.forgotten = self.forgotten + rest, []
        for count in self._counts.values():
            count.left_out = 0
        return rest

    def _forget_oldest(self) -> None:
        if len(self._counts) > KINDS_LIMIT:
            kind, count = self._counts.popitem(last=False)
            if count.left_out:
                self.forgotten.append((kind, count.left_out))


class _Count:
    """How often one kind of line was seen in its interval."""

    __slots__ = ("left_out", "seen", "since")

    def __init__(self, now: float) -> None:
        self.since = now
        self.seen = 0
        self.left_out = 0
