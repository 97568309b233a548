"""How the values of a series become one: the decisions, without lists that others write to.

A state is never changed, only replaced, so whoever holds one can compare it with a later one.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

from ._histogram import ExponentialHistogram
from ._numbers import LIMIT, clean
from ._types import MetricType


class Kind(Protocol):
    """What is done with reported values."""

    nothing: Any
    """The state of a series to which nothing was reported."""

    def plus(self, state: Any, values: list[Any]) -> tuple[Any, int]:
        """The state after *values*, and how many of them were of no use.  Never raises."""
        ...

    def since(self, state: Any, earlier: Any) -> Any:
        """What came after *earlier*; `nothing` if nothing came."""
        ...

    def number(self, state: Any) -> float:
        """The state as one number."""
        ...


class Counting:
    """A sum that never goes down."""

    nothing = 0

    def plus(self, state: float, values: list[Any]) -> tuple[float, int]:
        try:
            # Mostly each of them is 1, and to count those takes a sixth of the time of a sum.
            if values.count(1) == len(values):
                return state + len(values), 0
            total = sum(values, state)
            if type(total) in _PLAIN and total <= LIMIT and min(values) >= 0:
                return total, 0
        except Exception:  # noqa: BLE001, S110 - any object can be reported: looked at one by one
            pass
        return self._one_by_one(state, values)

    def _one_by_one(self, state: float, values: list[Any]) -> tuple[float, int]:
        used = 0
        for value in clean(values, least=0):
            if state + value <= LIMIT:
                state += value
                used += 1
        return state, len(values) - used

    def since(self, state: float, earlier: float) -> float:
        return state - earlier

    def number(self, state: float) -> float:
        return state


class Reading(NamedTuple):
    """The state of a gauge."""

    value: float
    writes: int


class Gauging:
    """The last value."""

    nothing = Reading(0, 0)

    def plus(self, state: Reading, values: list[Any]) -> tuple[Reading, int]:
        useful = clean(values)
        dropped = len(values) - len(useful)
        return (
            (Reading(useful[-1], state.writes + len(useful)), dropped)
            if useful
            else (state, dropped)
        )

    def since(self, state: Reading, earlier: Reading) -> Reading:
        return state if state.writes != earlier.writes else self.nothing

    def number(self, state: Reading) -> float:
        return state.value


class Measuring:
    """A distribution."""

    nothing = ExponentialHistogram()

    def plus(
        self, state: ExponentialHistogram, values: list[Any]
    ) -> tuple[ExponentialHistogram, int]:
        try:
            # An odd value shows in the sum, or fails to be compared or to have a logarithm.
            total = sum(values, 0.0)
            if type(total) is float and -LIMIT <= total <= LIMIT:
                return state.plus(values, total), 0
        except Exception:  # noqa: BLE001, S110 - as above
            pass
        useful = clean(values)
        return state.plus(useful, sum(useful)), len(values) - len(useful)

    def since(
        self, state: ExponentialHistogram, earlier: ExponentialHistogram
    ) -> ExponentialHistogram:
        return state.since(earlier)

    def number(self, state: ExponentialHistogram) -> float:
        return state.sum


_PLAIN = frozenset({int, float})

COUNTING: Final = Counting()
GAUGING: Final = Gauging()
MEASURING: Final = Measuring()


def kind_of(type_: MetricType) -> Kind:
    """What is done with values of this type."""
    if type_ is MetricType.COUNTER:
        return COUNTING
    return GAUGING if type_ is MetricType.GAUGE else MEASURING
