"""The figures of several processes as one: exact, and never less."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.telemetry import ExponentialHistogram, MetricType
from pepperpy.infra.telemetry._reading import Figure
from pepperpy.infra.telemetry._tags import OVERFLOW
from pepperpy.infra.telemetry._totals import Totals

COUNTER, GAUGE, HISTOGRAM = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM


def totals(otherwise="each", rules=None, max_series: int = 100, max_names: int = 100) -> Totals:
    made = Totals(max_series=max_series, max_names=max_names)
    made.rules, made.otherwise = rules or {}, otherwise
    return made


def counted(value: float, name: str = "n", *tags: str) -> list[Figure]:
    return [Figure(name, COUNTER, tags, value)]


AMOUNTS = st.one_of(
    st.integers(0, 2**50), st.floats(0, 1e15, allow_nan=False), st.floats(0, 1, allow_nan=False)
)


class TestSums:
    @given(st.lists(st.lists(AMOUNTS, min_size=1, max_size=4), min_size=1, max_size=5), st.data())
    def test_a_total_never_goes_down_whoever_ends_and_whenever(
        self, workers: list[list[float]], data: st.DataObject
    ) -> None:
        whole = totals()
        states = [0 for _ in workers]
        ended: set[int] = set()
        before = -math.inf
        for _ in range(12):
            who = data.draw(st.integers(0, len(workers) - 1))
            if who not in ended:
                if workers[who]:
                    states[who] += workers[who].pop()
                else:
                    ended.add(who)
                    whole.keep(whole.part(counted(states[who])))
            living = [
                (str(i), whole.part(counted(state)))
                for i, state in enumerate(states)
                if i not in ended
            ]
            (found,) = whole.figures(living)

            assert found.value >= before
            before = found.value
            exact = sum(map(Fraction, states))
            assert math.isclose(found.value, float(exact), rel_tol=2**-52)

    def test_moving_from_the_living_to_the_ended_changes_no_digit(self) -> None:
        # 0.1 + 0.2 + 0.3 depends on the order if each sum is rounded.
        whole = totals()
        parts = [(str(n), whole.part(counted(value))) for n, value in enumerate((0.1, 0.2, 0.3))]
        seen = {next(whole.figures(parts)).value}
        for turn in range(3):
            whole.keep(parts[turn][1])
            seen.add(next(whole.figures(parts[turn + 1 :])).value)

        assert seen == {math.fsum([0.1, 0.2, 0.3])}

    def test_whole_numbers_stay_whole(self) -> None:
        whole = totals()
        whole.keep(whole.part(counted(2**70)))

        (found,) = whole.figures([("1", whole.part(counted(1)))])

        assert found.value == 2**70 + 1

    def test_distributions_are_put_together_and_their_sum_is_exact(self) -> None:
        values = [[0.1, 5.0], [0.2], [0.3, 0.0]]
        whole = totals()
        parts = [
            whole.part([Figure("h", HISTOGRAM, (), ExponentialHistogram.of(each))])
            for each in values
        ]
        whole.keep(parts[0])
        whole.keep(parts[2])

        (found,) = whole.figures([("1", parts[1])])

        expected = ExponentialHistogram.of([0.1, 5.0, 0.2, 0.3, 0.0])
        assert found.value.positive == expected.positive
        assert (found.value.count, found.value.zero_count, found.value.max) == (5, 1, 5.0)
        assert found.value.sum == math.fsum([5.1, 0.2, 0.3])


class TestGauges:
    @pytest.mark.parametrize(("rule", "value"), [("sum", 7), ("max", 4), ("min", 3)])
    def test_a_rule_makes_one_of_those_of_the_living(self, rule: str, value: float) -> None:
        whole = totals(rules={"g": rule})
        parts = [
            (pid, whole.part([Figure("g", GAUGE, ("a", "b"), value)]))
            for pid, value in (("7", 3), ("8", 4))
        ]
        whole.keep(whole.part([Figure("g", GAUGE, ("a", "b"), 1000)]))

        assert list(whole.figures(parts)) == [Figure("g", GAUGE, ("a", "b"), value)]

    def test_else_each_process_has_its_own(self) -> None:
        whole = totals()
        parts = [
            (pid, whole.part([Figure("g", GAUGE, ("q", "mail"), value)]))
            for pid, value in (("7", 3), ("8", 4))
        ]

        assert list(whole.figures(parts)) == [
            Figure("g", GAUGE, ("process.pid", "q", "7", "mail"), 3),
            Figure("g", GAUGE, ("process.pid", "q", "8", "mail"), 4),
        ]


class TestLimits:
    def test_series_beyond_the_limit_are_counted_as_one_and_totals_stay_right(self) -> None:
        whole = totals(max_series=2)
        for worker in range(5):
            whole.keep(whole.part(counted(1, "n", "worker", str(worker))))

        found = {figure.tags: figure.value for figure in whole.figures([])}

        assert found == {("worker", "0"): 1, ("worker", "1"): 1, OVERFLOW: 3}

    def test_names_beyond_the_limit_are_counted_as_one(self) -> None:
        whole = totals(max_names=2)
        for name in "abcd":
            whole.keep(whole.part(counted(1, name)))

        found = {figure.name: figure.value for figure in whole.figures([])}

        assert found == {"a": 1, "b": 1, "pepperpy.telemetry.overflow": 2}
