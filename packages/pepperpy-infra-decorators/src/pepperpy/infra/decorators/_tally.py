"""How long the calls of one function took: exact figures, collected without a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pepperpy.infra.utils import ForkSafeLock, register_inspectable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT = 255
"""So many durations wait in the journal before they are added up."""


class _Figures(NamedTuple):
    calls: int = 0
    total: float = 0.0
    minimum: float = float("inf")
    maximum: float = 0.0
    last: float = 0.0

    def plus(self, seconds: Sequence[float]) -> _Figures:
        if not seconds:
            return self
        return _Figures(
            self.calls + len(seconds),
            self.total + sum(seconds),
            min(self.minimum, *seconds),
            max(self.maximum, *seconds),
            seconds[-1],
        )


class Tally:
    """The durations of one function's calls; found through `inspectables`.

    A call appends to the journal, which is one atomic step.  What is there is added up now and then,
    under the lock, and before each reading.
    """

    def __init__(self, name: str) -> None:
        self.idle: bool = True
        """Whether nobody has ever asked for the figures."""
        self.journal: list[float] = []
        self._errors = 0
        self._figures = _Figures()
        self._folding = False
        self._lock = ForkSafeLock()
        self._name = name
        register_inspectable(self)

    def count_error(self) -> None:
        """One more call has failed."""
        with self._lock:
            self._errors += 1

    def fold(self) -> None:
        """Add up what is in the journal."""
        with self._lock:
            if self._folding:  # we interrupt ourselves, in a signal handler
                return
            self._folding = True
            try:
                count = len(self.journal)
                figures = self._figures.plus(self.journal[:count])
                # Between these two no signal handler runs: a duration is in one of both, once.
                del self.journal[:count]
                self._figures = figures
            finally:
                self._folding = False

    def inspect(self) -> Mapping[str, object]:
        """The figures of all calls that were measured; from the first look on, that is every call."""
        self.idle = False
        with self._lock:
            if not self._folding:
                self.fold()
            figures, errors = self._figures.plus(self.journal[:]), self._errors
        facts: dict[str, object] = {"count": figures.calls, "errors": errors}
        if figures.calls:
            facts |= {
                "total": figures.total,
                "min": figures.minimum,
                "max": figures.maximum,
                "last": figures.last,
            }
        return {"kind": "timed", "name": self._name, "state": "ok", "facts": facts}
